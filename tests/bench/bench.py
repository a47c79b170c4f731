#!/usr/bin/env python3
"""Bench A: full signed events, operation `call`, one POST each; load, host and sink share this machine. Prints figures only.

Medians over the rounds are quoted; machines are shared and noisy, so compare figures of one run.
"""

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import harness  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.normpath(os.path.join(HERE, "..", ".."))
SECRET = "bench-secret-0123456789abcdef"
TICKS = os.sysconf("SC_CLK_TCK")


def resident_mib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return int(re.search(r"VmRSS:\s+(\d+)", status.read()).group(1)) / 1024


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


class Bench:
    def __init__(self, options):
        self.options = options
        self.folder = tempfile.mkdtemp(prefix="tenon-bench-", dir=options.folder or None)
        self.sandbox = harness.Sandbox(options.bin, "--gorgias-token", "bench-key", "--gorgias-budget", "1000000/20", "--bigcommerce-budget", "1000000/30",
                                       "--no-request-log", log=os.path.join(self.folder, "sandbox.log"))
        self.sandbox.client.put("/_sandbox/switches", {"api": "records", "budget": {"limit": 1_000_000, "window_s": 20}})
        self.env = env = {"BIGCOMMERCE_API_KEY": SECRET, "GORGIAS_API_KEY": "bench-key", "GORGIAS_BASE_URL": self.sandbox.url + "/v1"}
        self.data = os.path.join(self.folder, "data")
        self.host = harness.Tenon(options.bin, options.plugins, [os.path.join(HERE, "records.yaml")], self.data, env=env,
                                  log=os.path.join(self.folder, "tenon.log"))
        self.first = 0

    def load(self, events, **flags):
        command = [os.path.join(self.options.bin, "tenon-load"), "--port", str(self.host.port), "--secret", SECRET, "--events", str(events),
                   "--first", str(self.first)]
        for name, value in flags.items():
            command += [f"--{name.replace('_', '-')}", str(value)]
        self.first += events
        done = subprocess.run(command, capture_output=True, text=True, timeout=600)
        if done.returncode != 0:
            raise harness.HarnessError(f"tenon-load failed: {done.stderr}")
        return json.loads(done.stdout)

    def waiting(self):
        return self.host.control().get("/v1/status")["waiting"]

    def drain(self):
        harness.wait_until(lambda: self.waiting() == 0, "the backlog to drain", 600, interval=0.05)

    def throughput(self):
        started, cpu = time.monotonic(), cpu_seconds(self.host.pid)
        acked = self.load(self.options.events, connections=64)
        self.drain()
        seconds = time.monotonic() - started
        spent = cpu_seconds(self.host.pid) - cpu
        return {"acks_per_s": acked["per_second"], "delivered_per_s": self.options.events / seconds, "cpu_s_per_10k": spent * 10_000 / self.options.events,
                "refused": acked["refused"]}

    def latency(self, **flags):
        sent_file = os.path.join(self.folder, "sent")
        first = self.first
        effects_before = self.sandbox.client.get("/_sandbox/effects?since=999999999")["next"]
        acked = self.load(self.options.latency_events, rate=500, connections=32, sent_file=sent_file, **flags)
        self.drain()
        with open(sent_file, encoding="ascii") as file:
            sent = [int(line) for line in file]
        took, since = [], effects_before
        while True:
            page = self.sandbox.client.get(f"/_sandbox/effects?since={since}")
            if not page["effects"]:
                break
            since = page["next"]
            for effect in page["effects"]:
                number = int(effect["id"].rsplit("_", 1)[1]) - first
                if 0 <= number < len(sent):
                    took.append(effect["at_ms"] - sent[number])
        took.sort()
        end = {"e2e_p50_ms": took[len(took) // 2], "e2e_p99_ms": took[int(len(took) * 0.99)]} if took else {}
        return {"ack_p50_ms": acked["p50_ms"], "ack_p99_ms": acked["p99_ms"], "refused": acked["refused"], **end}

    def under(self, name, switches):
        """Ack latency at 500/s while the sink misbehaves."""
        self.sandbox.client.put("/_sandbox/switches", {"api": "records", **switches})
        acked = self.load(self.options.latency_events, rate=500, connections=32)
        self.sandbox.client.put("/_sandbox/switches", {"api": "records", "latency_ms": 0, "hang": False, "fail": {"status": 503, "rate": 0.0}})
        print(f"{name:44} ack p50 {acked['p50_ms']:7.2f} ms   p99 {acked['p99_ms']:7.2f} ms   refused {acked['refused']}")

    def with_big_bodies(self):
        """Ack latency at 500/s while 1 MiB events come in beside them."""
        big = threading.Thread(target=lambda: subprocess.run(
            [os.path.join(self.options.bin, "tenon-load"), "--port", str(self.host.port), "--secret", SECRET, "--events", "40", "--first", "90000000",
             "--rate", "5", "--connections", "2", "--body-bytes", str(1024 * 1024 - 64)], capture_output=True, timeout=300, check=False))
        big.start()
        acked = self.load(self.options.latency_events, rate=500, connections=32)
        big.join()
        print(f"{'with five 1 MiB events a second':44} ack p50 {acked['p50_ms']:7.2f} ms   p99 {acked['p99_ms']:7.2f} ms   refused {acked['refused']}")

    def must_be_delivered(self):
        ends = dict(harness.read_store(self.data, "SELECT end, count(*) FROM ended GROUP BY end"))
        if set(ends) != {"delivered"}:
            raise harness.HarnessError(f"events ended otherwise than delivered: {ends}")

    def with_an_endless_expression(self):
        """Ack latency at 500/s while every mapping runs into its step limit, on a host of its own."""
        folder = os.path.join(self.folder, "endless")
        os.mkdir(folder)
        with open(os.path.join(HERE, "records.yaml"), encoding="utf-8") as file:
            text = file.read().replace("name: ${{ $trim(event.data.name) }}", "name: ${{ ($f := function($x) { $f($x + 1) }; $f(0)) }}")
        pipeline = os.path.join(folder, "endless.yaml")
        with open(pipeline, "w", encoding="utf-8") as file:
            file.write(text)
        self.host.kill()
        self.host = harness.Tenon(self.options.bin, self.options.plugins, [pipeline], os.path.join(folder, "data"), env=self.env,
                                  log=os.path.join(folder, "tenon.log"))
        acked = self.load(self.options.latency_events, rate=500, connections=32)
        print(f"{'500/s, every expression runs to its limit':44} ack p50 {acked['p50_ms']:7.2f} ms   p99 {acked['p99_ms']:7.2f} ms   refused {acked['refused']}")

    def run(self):
        idle = resident_mib(self.host.pid)
        self.load(10, connections=1)
        self.drain()
        self.must_be_delivered()  # a figure for events that end otherwise would mean nothing
        print(f"resident idle                                {idle:.1f} MiB")
        rounds = [self.throughput() for _ in range(self.options.rounds)]
        for name in ("acks_per_s", "delivered_per_s", "cpu_s_per_10k"):
            values = [r[name] for r in rounds]
            print(f"{name:44} median {statistics.median(values):9.2f}   range {min(values):.2f} .. {max(values):.2f}   ({len(values)} rounds of {self.options.events})")
        self.must_be_delivered()
        print(f"resident after {self.first} events                {resident_mib(self.host.pid):.1f} MiB")
        calm = self.latency()
        print(f"{'500/s':44} ack p50 {calm['ack_p50_ms']:7.2f} ms   p99 {calm['ack_p99_ms']:7.2f} ms   "
              f"end to end p50 {calm.get('e2e_p50_ms', 0)} ms p99 {calm.get('e2e_p99_ms', 0)} ms   refused {calm['refused']}")
        self.under("500/s, the sink takes 2 s", {"latency_ms": 2000})
        self.under("500/s, the sink answers 503", {"fail": {"status": 503, "rate": 1.0}})
        self.under("500/s, the sink hangs", {"hang": True})
        self.with_big_bodies()
        self.with_an_endless_expression()

    def close(self):
        self.host.kill()
        self.sandbox.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


def arguments(description, events):
    """What every bench takes."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("--bin", default=os.path.join(ROOT, "build", "bin"))
    parser.add_argument("--plugins", default=os.path.join(ROOT, "build", "lib", "tenon"))
    parser.add_argument("--events", type=int, default=events)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", default="", help="where the stores go; default: the system's temporary folder")
    return parser


def run(bench):
    try:
        bench.run()
    finally:
        bench.close()


if __name__ == "__main__":
    parser = arguments(__doc__, events=30_000)
    parser.add_argument("--latency-events", type=int, default=5_000)
    run(Bench(parser.parse_args()))
