#!/usr/bin/env python3
"""Live events at 500/s beside the retry of 100,000 dead letters: from the webhook to its effect at the sink, and without the retry in the same run.

With a sink that answers at once, and with one that takes 50 ms, as APIs do. Aim: a p99 at most half as much again.
"""

import os
import subprocess
import threading

import bench
from bench import harness


class BulkRetry(bench.Bench):
    def dead(self):
        return self.host.control().get("/v1/status")["dead"]

    def beside_a_retry(self):
        """Latencies, and how many of the dead letters were still to come when the live events had ended."""
        verb = threading.Thread(target=lambda: subprocess.run(
            [os.path.join(self.options.bin, "tenon"), "dead", "retry", "--all", "--data", self.data], check=True, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, timeout=900))
        verb.start()
        harness.wait_until(lambda: self.dead() < self.options.events, "the retry to begin", 60)
        figures = self.latency()
        verb.join()
        return figures

    def kill_all(self):
        """All of so many events become dead letters."""
        self.sandbox.client.put("/_sandbox/switches", {"api": "records", "latency_ms": 0, "fail": {"status": 422, "rate": 1.0}})
        self.load(self.options.events, connections=64)
        self.drain()
        self.sandbox.client.put("/_sandbox/switches", {"api": "records", "fail": {"status": 422, "rate": 0.0}})
        assert self.dead() == self.options.events

    def run(self):
        self.load(10, connections=1)
        self.drain()
        for name, latency in (("the sink answers at once", 0), ("the sink takes 50 ms", 50)):
            self.kill_all()
            self.sandbox.client.put("/_sandbox/switches", {"api": "records", "latency_ms": latency})
            calm, beside = self.latency(), self.beside_a_retry()
            ratio = beside["e2e_p99_ms"] / max(calm["e2e_p99_ms"], 1)
            print(f"{name:24} end to end, undisturbed p50 {calm['e2e_p50_ms']} p99 {calm['e2e_p99_ms']} ms, beside the retry p50 {beside['e2e_p50_ms']} "
                  f"p99 {beside['e2e_p99_ms']} ms: ratio {ratio:.2f}; ack p99 {calm['ack_p99_ms']:.2f} and {beside['ack_p99_ms']:.2f} ms")


if __name__ == "__main__":
    parser = bench.arguments(__doc__, events=100_000)
    parser.add_argument("--latency-events", type=int, default=5_000)
    bench.run(BulkRetry(parser.parse_args()))
