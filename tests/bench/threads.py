#!/usr/bin/env python3
"""Delivery threads: two pipelines with an account each and a mapping that costs, on one thread and on two. Prints figures and their ratio.

The events come in while the pipelines are paused; what is measured is how fast they are delivered then. Host and sink share this machine.
"""

import os
import shutil
import statistics
import subprocess
import tempfile
import time

from bench import SECRET, arguments, cpu_seconds

import harness

TEXT = """tenon: 1
name: {name}
connections:
  store-{name}: {{ connector: bigcommerce, client_secret: "${{BIGCOMMERCE_API_KEY}}", verify: {{ signature: required }} }}
  desk-{name}: {{ connector: gorgias, api_key: "${{GORGIAS_API_KEY}}", base_url: "{base}" }}
trigger: {{ connection: store-{name}, events: [bigcommerce.created] }}
mapping:
  id: ${{{{ $string(event.data.id) }}}}
  email: ${{{{ $lowercase(event.data.email) }}}}
  name: ${{{{ $string($sum([1..{work}].($ * 2))) }}}}
action: {{ connection: desk-{name}, operation: post_record }}
"""
# Two names of one sink are two accounts to the host.
NAMES = {"one": "127.0.0.1", "two": "localhost"}


class Bench:
    def __init__(self, options):
        self.options = options
        self.folder = tempfile.mkdtemp(prefix="tenon-threads-", dir=options.folder or None)
        self.sandbox = harness.Sandbox(options.bin, "--gorgias-token", "bench-key", "--no-request-log", log=os.path.join(self.folder, "sandbox.log"))
        self.sandbox.client.put("/_sandbox/switches", {"api": "records", "budget": {"limit": 1_000_000, "window_s": 20}})
        port = self.sandbox.url.rsplit(":", 1)[1]
        self.files = []
        self.next = 0  # the sink takes no record twice
        for name, address in NAMES.items():
            self.files.append(os.path.join(self.folder, f"{name}.yaml"))
            with open(self.files[-1], "w", encoding="utf-8") as out:
                out.write(TEXT.format(name=name, base=f"http://{address}:{port}/v1", work=options.work))

    def round(self, threads):
        host = harness.Tenon(self.options.bin, self.options.plugins, self.files, tempfile.mkdtemp(dir=self.folder),
                             env={"BIGCOMMERCE_API_KEY": SECRET, "GORGIAS_API_KEY": "bench-key"}, extra=["--threads", str(threads)],
                             log=os.path.join(self.folder, "tenon.log"))
        try:
            control = host.control()
            for name in NAMES:
                control.post(f"/v1/pipelines/{name}/pause")
                subprocess.run([os.path.join(self.options.bin, "tenon-load"), "--port", str(host.port), "--secret", SECRET, "--path", f"/in/store-{name}",
                                "--events", str(self.options.events // len(NAMES)), "--first", str(self.next)], check=True, stdout=subprocess.DEVNULL, timeout=600)
                self.next += self.options.events
            cpu, started = cpu_seconds(host.pid), time.monotonic()
            for name in NAMES:
                control.post(f"/v1/pipelines/{name}/resume")
            harness.wait_until(lambda: control.get("/v1/status")["waiting"] == 0, "the backlog to drain", 600, interval=0.02)
            seconds, cpu = time.monotonic() - started, cpu_seconds(host.pid) - cpu
            ends = dict(harness.read_store(host.data, "SELECT end, count(*) FROM ended GROUP BY end"))
            if ends != {"delivered": self.options.events}:
                raise harness.HarnessError(f"events ended otherwise than delivered: {ends}")
            return self.options.events / seconds, cpu / seconds
        finally:
            host.kill()

    def run(self):
        figures = {threads: [] for threads in (1, 2)}
        for _ in range(self.options.rounds):
            for threads, rounds in figures.items():
                rounds.append(self.round(threads))
        for threads, rounds in figures.items():
            print(f"{threads} thread{'s' if threads > 1 else ' '}: delivered/s median {statistics.median(r[0] for r in rounds):8.0f}   "
                  f"cores used {statistics.median(r[1] for r in rounds):.2f}   ({len(rounds)} rounds of {self.options.events})")
        print(f"ratio, median of the rounds' own: {statistics.median(two[0] / one[0] for one, two in zip(figures[1], figures[2])):.2f}")

    def close(self):
        self.sandbox.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


def main():
    parser = arguments(__doc__, events=4000)
    parser.add_argument("--work", type=int, default=500, help="length of the sequence that each mapping adds up")
    bench = Bench(parser.parse_args())
    try:
        bench.run()
    finally:
        bench.close()


if __name__ == "__main__":
    main()
