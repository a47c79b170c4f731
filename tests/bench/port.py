#!/usr/bin/env python3
"""Valid webhooks at 500/s over TLS while strangers strain the port; each figure beside the undisturbed one of the same run.

slow   2,000 connections that send heads and bodies in drips, stop shortly before a body's end, never read, never finish a handshake.
flood  256 connections that send unsigned 1 MiB bodies as fast as they are taken.

Strangers come straight from addresses of their own, and as clients of the same trusted proxy. Beside them valid traffic comes over kept
connections (the figures), and over a new connection each (`fresh`). Ends with 1 if a bar is missed. The positive controls: with
--break no_limits --expect-missed memory is missed in each case, with --break no_eviction --expect-missed the slow ones take the places, and
so do floods that want more than there are (--flood-connections 2500), by the rate of new connections.
"""

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time

from bench import HERE, ROOT, SECRET, cpu_seconds, resident_mib

import harness
import wire

RATE, FRESH_RATE = 500, 20
P99_MS, MEMORY_MIB, FLOOD_MEMORY_MIB, RATE_SHARE = 200, 64, 96, 0.8


class Rig:
    def __init__(self, options):
        self.options = options
        self.folder = tempfile.mkdtemp(prefix="tenon-port-", dir=options.folder or None)
        self.first = 0
        self.host = None
        self.missed = []

    def begin(self):
        """A host of its own for each case: memory that an earlier case left behind would be counted to a later one."""
        data = tempfile.mkdtemp(dir=self.folder)
        certificate, key = wire.make_certificate(self.folder)
        env = {"BIGCOMMERCE_API_KEY": SECRET, "GORGIAS_API_KEY": "bench-key", "GORGIAS_BASE_URL": "http://127.0.0.1:9/v1"}
        if self.options.broken:
            env["TENON_BREAK"] = self.options.broken
        self.host = harness.Tenon(self.options.bin, self.options.plugins, [os.path.join(HERE, "strangers.yaml")], data, env=env,
                                  extra=["--tls-cert", certificate, "--tls-key", key, "--trusted-proxy", "127.0.0.200/29"],
                                  log=os.path.join(self.folder, "tenon.log"))

    def started(self, tool, *arguments):
        return subprocess.Popen([os.path.join(self.options.bin, tool), "--port", str(self.host.port), "--tls", *map(str, arguments)],
                                stdout=subprocess.PIPE, text=True)

    def valid(self, rate, seconds, *arguments):
        events = int(rate * seconds)
        first, self.first = self.first, self.first + events
        return self.started("tenon-load", "--secret", SECRET, "--events", events, "--first", first, "--rate", rate, *arguments)

    def measure(self, seconds, proxied, strangers=()):
        """One period; `strangers`: arguments of tenon-strain, or none."""
        ours = ("--source", "127.0.0.200", "--proxy-for", "203.0.113.7") if proxied else ()
        strain = None
        if strangers:
            theirs = ("--proxied", "--source", "127.0.0.200") if proxied else ()
            strain = self.started("tenon-strain", *strangers, *theirs, "--seconds", seconds + 4)
            time.sleep(3)  # they shall be there when the first valid event comes
        most, over = [resident_mib(self.host.pid)], threading.Event()

        def watch():
            while not over.wait(0.05):
                most[0] = max(most[0], resident_mib(self.host.pid))

        watcher = threading.Thread(target=watch)
        watcher.start()
        cpu = cpu_seconds(self.host.pid)
        loads = [self.valid(RATE, seconds, "--connections", 32, *ours), self.valid(FRESH_RATE, seconds, "--connections", 16, "--fresh", *ours)]
        figures, fresh = (json.loads(load.communicate(timeout=seconds * 10 + 60)[0]) for load in loads)
        cpu = cpu_seconds(self.host.pid) - cpu
        over.set()
        watcher.join()
        figures.update(fresh=fresh, resident=most[0], cpu=cpu / figures["seconds"],
                       strain=json.loads(strain.communicate(timeout=120)[0]) if strain else None)
        return figures

    def case(self, name, proxied, seconds, strangers, bars):
        self.begin()
        try:
            idle = resident_mib(self.host.pid)
            calm = self.measure(self.options.calm_seconds, proxied)
            strained = self.measure(seconds, proxied, strangers)
        finally:
            self.host.kill()
        print(f"\n{name}, {'clients of one trusted proxy' if proxied else 'from other addresses'}")
        for label, got in (("undisturbed", calm), ("strained", strained)):
            print(f"  {label:12} {got['per_second']:4.0f}/s   ack p50 {got['p50_ms']:7.2f} p99 {got['p99_ms']:7.2f} max {got['max_ms']:7.1f} ms   "
                  f"refused {got['refused']} lost {got['lost']}   fresh: {got['fresh']['per_second']:.0f}/s p99 {got['fresh']['p99_ms']:.1f} ms, "
                  f"refused {got['fresh']['refused']} lost {got['fresh']['lost']}   resident idle +{got['resident'] - idle:.1f} MiB   CPU {got['cpu']:.2f}")
        print(f"  strangers: {strained['strain']}")
        share = strained["per_second"] / calm["per_second"]
        fresh_share = strained["fresh"]["per_second"] / calm["fresh"]["per_second"]
        print(f"  ratios: rate {share:.2f}, fresh {fresh_share:.2f}, p50 x{strained['p50_ms'] / calm['p50_ms']:.1f}, p99 x{strained['p99_ms'] / calm['p99_ms']:.1f}")
        checks = {"p99": (strained["p99_ms"], "<", P99_MS), "fresh p99": (strained["fresh"]["p99_ms"], "<", P99_MS),
                  "memory": (strained["resident"] - idle, "<", MEMORY_MIB), "flood memory": (strained["resident"] - idle, "<", FLOOD_MEMORY_MIB),
                  "rate": (share, ">=", RATE_SHARE), "fresh rate": (fresh_share, ">=", RATE_SHARE)}
        for bar in bars:
            value, relation, limit = checks[bar]
            met = value < limit if relation == "<" else value >= limit
            print(f"  {bar:12} {value:8.2f} {relation} {limit}   {'met' if met else 'MISSED'}")
            if not met:
                self.missed.append(f"{name}{' (proxied)' if proxied else ''}: {bar}")

    def run(self):
        for proxied in (False, True):
            if "slow" in self.options.cases:
                self.case("2,000 slow connections", proxied, self.options.seconds,
                          ("--mode", "slow", "--connections", 2000, "--addresses", 40), ("p99", "fresh p99", "memory", "rate", "fresh rate"))
            if "flood" in self.options.cases:
                connections = self.options.flood_connections
                self.case(f"{connections} connections flood 1 MiB bodies", proxied, self.options.flood_seconds,
                          ("--mode", "flood", "--connections", connections, "--addresses", -(-connections // 32)), ("flood memory", "rate", "fresh rate"))
        print(f"\n{'every bar met' if not self.missed else 'missed: ' + '; '.join(self.missed)}")
        return bool(self.missed)

    def close(self):
        if self.host and self.host.alive():
            self.host.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", default=os.path.join(ROOT, "build", "bin"))
    parser.add_argument("--plugins", default=os.path.join(ROOT, "build", "lib", "tenon"))
    parser.add_argument("--seconds", type=float, default=60, help="of the slow strangers")
    parser.add_argument("--flood-seconds", type=float, default=20)
    parser.add_argument("--flood-connections", type=int, default=256, help="more than 1,024 want all places")
    parser.add_argument("--calm-seconds", type=float, default=10)
    parser.add_argument("--cases", nargs="+", default=["slow", "flood"], choices=["slow", "flood"])
    parser.add_argument("--folder", default="", help="where the stores go; default: the system's temporary folder")
    parser.add_argument("--break", dest="broken", default="", help="a promise to break on purpose, by tenon-breakable: no_limits, no_eviction")
    parser.add_argument("--expect-missed", action="store_true", help="a positive control: end with 1 if no bar is missed")
    options = parser.parse_args()
    rig = Rig(options)
    try:
        missed = rig.run()
    finally:
        with contextlib.suppress(OSError):
            rig.close()
    sys.exit(missed != options.expect_missed)


if __name__ == "__main__":
    main()
