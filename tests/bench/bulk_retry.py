#!/usr/bin/env python3
"""Live events at 500/s beside the retry of 100,000 dead letters: from the webhook to its end in the journal, and without the retry in the same run.

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

    def live(self):
        """Of events at 500/s: from received to ended, and until the answer, in milliseconds."""
        last = harness.read_store(self.data, "SELECT max(seq) FROM event")[0][0]
        acked = self.load(self.options.latency_events, rate=500, connections=32)
        still = self.waiting()
        self.drain()
        took = sorted(row[0] for row in harness.read_store(
            self.data, "SELECT ended_ms - received_ms FROM ended JOIN event USING (seq) WHERE seq > ?", (last,)))
        return {"p50": took[len(took) // 2], "p99": took[int(len(took) * 0.99)], "ack_p99": acked["p99_ms"], "still": still}

    def beside_a_retry(self):
        verb = threading.Thread(target=lambda: subprocess.run(
            [os.path.join(self.options.bin, "tenon"), "dead", "retry", "--all", "--data", self.data], check=True, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, timeout=900))
        verb.start()
        harness.wait_until(lambda: self.dead() < self.options.events, "the retry to begin", 60)
        figures = self.live()
        verb.join()
        return figures

    def kill_all(self):
        """All of so many events become dead letters."""
        self.sandbox.client.put("/_sandbox/switches", {"api": "records", "latency_ms": 0, "fail": {"status": 422, "rate": 1.0}})
        self.load(self.options.events, connections=64)
        self.drain()
        self.sandbox.client.put("/_sandbox/switches", {"api": "records", "fail": {"status": 422, "rate": 0.0}})
        assert self.dead() == self.options.events

    def cases(self):
        return [(f"the sink takes {ms} ms" if ms else "the sink answers at once", ms) for ms in map(int, self.options.latencies.split(","))]

    def run(self):
        self.load(10, connections=1)
        self.drain()
        for name, latency in self.cases():
            self.kill_all()
            self.sandbox.client.put("/_sandbox/switches", {"api": "records", "latency_ms": latency})
            calm, beside = self.live(), self.beside_a_retry()
            print(f"{name:26} undisturbed p50 {calm['p50']} p99 {calm['p99']} ms, beside the retry p50 {beside['p50']} p99 {beside['p99']} ms: "
                  f"ratio {beside['p99'] / max(calm['p99'], 1):.2f}; ack p99 {calm['ack_p99']:.2f} and {beside['ack_p99']:.2f} ms; "
                  f"{beside['still']} still to come at the end")


if __name__ == "__main__":
    parser = bench.arguments(__doc__, events=100_000)
    parser.add_argument("--latency-events", type=int, default=5_000)
    parser.add_argument("--latencies", default="0,50", help="of the sink, in milliseconds")
    bench.run(BulkRetry(parser.parse_args()))
