#!/usr/bin/env python3
"""Acknowledgements over TLS beside plain ones, over kept connections and over new ones. Prints figures only.

Both hosts run at once and are measured in turns. Each event ends skipped: delivery costs next to nothing.
"""

import json
import os
import shutil
import statistics
import subprocess
import tempfile

from bench import HERE, ROOT, SECRET, arguments, cpu_seconds, run

import harness
import wire


class Bench:
    def __init__(self, options):
        self.options = options
        self.folder = tempfile.mkdtemp(prefix="tenon-tls-", dir=options.folder or None)
        self.first = 0
        certificate, key = wire.make_certificate(self.folder)
        env = {"BIGCOMMERCE_API_KEY": SECRET, "GORGIAS_API_KEY": "bench-key", "GORGIAS_BASE_URL": "http://127.0.0.1:9/v1"}
        self.hosts = {name: harness.Tenon(options.bin, options.plugins, [os.path.join(HERE, "strangers.yaml")], os.path.join(self.folder, name), env=env,
                                          extra=extra, log=os.path.join(self.folder, "tenon.log"))
                      for name, extra in (("plain", ()), ("tls", ("--tls-cert", certificate, "--tls-key", key)))}

    def load(self, name, events, *arguments):
        host = self.hosts[name]
        first, self.first = self.first, self.first + events
        cpu = cpu_seconds(host.pid)
        done = subprocess.run([os.path.join(self.options.bin, "tenon-load"), "--port", str(host.port), "--secret", SECRET, "--events", str(events), "--first",
                               str(first), *(("--tls",) if name == "tls" else ()), *arguments], capture_output=True, text=True, timeout=600, check=True)
        harness.wait_until(lambda: host.control().get("/v1/status")["waiting"] == 0, "the backlog to drain", 120)
        figures = json.loads(done.stdout)
        if figures["acked"] != events:
            raise harness.HarnessError(f"{name}: not all were acknowledged: {figures}")
        return figures["per_second"], (cpu_seconds(host.pid) - cpu) * 1e6 / events

    def compare(self, what, events, *arguments):
        rounds = {name: [] for name in self.hosts}
        for _ in range(self.options.rounds):
            for name in self.hosts:
                rounds[name].append(self.load(name, events, *arguments))
        medians = {name: [statistics.median(r[i] for r in rounds[name]) for i in (0, 1)] for name in rounds}
        for name, (rate, cpu) in medians.items():
            print(f"{what + ', ' + name:44} median {rate:9.0f} a second   range {min(r[0] for r in rounds[name]):.0f} .. {max(r[0] for r in rounds[name]):.0f}"
                  f"   CPU {cpu:.0f} µs each")
        ratios = [tls[0] / plain[0] for tls, plain in zip(rounds["tls"], rounds["plain"])]
        print(f"{'  TLS beside plain':44} median {statistics.median(ratios):9.2f}   range {min(ratios):.2f} .. {max(ratios):.2f}")

    def run(self):
        for name in self.hosts:
            self.load(name, 1000)
        self.compare("acknowledgements, kept connections", self.options.events)
        self.compare("acknowledgements, a new connection each", self.options.events // 5, "--fresh")

    def close(self):
        for host in self.hosts.values():
            host.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


if __name__ == "__main__":
    run(Bench(arguments(__doc__, events=20_000).parse_args()))
