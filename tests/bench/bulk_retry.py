#!/usr/bin/env python3
"""Live events at 500/s beside the retry of 100,000 dead letters: from received to ended in the journal, and without the retry in the same run.

With a sink that answers at once, and with one that takes 50 ms, as APIs do. Rounds alternate: the retry is interrupted while nothing but live
events runs, and goes on with the rest. The bar: a p99 at most half as much again. It is held against the median of the rounds' ratios, each of a pair
measured one after the other, so that what else the machine does falls on both sides; an uneven number of rounds is best. A case that misses it
is measured once more, with as many rounds, and counts as missed only if it misses again. Exit code 1 if one does.

`--break no_room` retries by a verb that leaves live events no room: batches of 200, one behind the other, as the API takes them; one round.
Must end with 1.
"""

import os
import signal
import statistics
import subprocess
import sys
import threading

import bench
from bench import harness


def percentile(values, part):
    """Of times in whole milliseconds, which stand for what lies half of one to both sides (as of grouped data)."""
    values = sorted(values)
    rank = part * len(values)
    at = values[min(int(rank), len(values) - 1)]
    below, same = sum(value < at for value in values), values.count(at)
    return max(at - 0.5 + (rank - below) / same, 0.0)


BAR = 1.5


class Greedy:
    """A retry that leaves nobody room; stops like the verb."""

    def __init__(self, control):
        self._asked = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(control,), daemon=True)
        self._thread.start()

    def _run(self, control):
        after = 0
        while not self._asked.is_set():
            page = control.get(f"/v1/dead?order=oldest&limit=200&after={after}")
            if not page["events"]:
                return
            after = page["events"][-1]["seq"]
            control.post("/v1/dead/retry", {"seqs": [event["seq"] for event in page["events"]]})

    def send_signal(self, _):
        self._asked.set()

    def wait(self, limit):
        self._thread.join(limit)


class BulkRetry(bench.Bench):
    def __init__(self, options):
        super().__init__(options)
        self.missed = []

    def dead(self):
        return self.host.control().get("/v1/status")["dead"]

    def live(self):
        """Of events at 500/s: from received to ended, and until the answer, in milliseconds."""
        last = harness.read_store(self.data, "SELECT max(seq) FROM event")[0][0]
        acked = self.load(self.options.latency_events, rate=500, connections=32)
        harness.wait_until(lambda: harness.read_store(self.data, "SELECT count(*) FROM pending WHERE seq > ?", (last,)) == [(0,)], "live events to end", 60)
        took = [row[0] for row in harness.read_store(
            self.data, "SELECT ended_ms - received_ms FROM ended JOIN event USING (seq) WHERE seq > ?", (last,))]
        return {"p50": percentile(took, 0.5), "p99": percentile(took, 0.99), "ack_p99": acked["p99_ms"]}

    def beside_a_retry(self):
        """Also: so many were retried meanwhile, per second."""
        before = self.dead()
        if self.options.break_:
            verb = Greedy(self.host.control())
        else:
            verb = subprocess.Popen([os.path.join(self.options.bin, "tenon"), "dead", "retry", "--all", "--data", self.data],
                                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        harness.wait_until(lambda: self.dead() < before, "the retry to begin", 60)
        figures = self.live()
        after = self.dead()
        if after == 0 and not self.options.break_:
            raise harness.HarnessError("the retry was over before the live events were: the figure would be of neither; take more dead letters")
        verb.send_signal(signal.SIGINT)
        verb.wait(60)
        self.drain()
        return {**figures, "retried": (before - after) * 500 / self.options.latency_events}

    def kill_all(self):
        """All of so many events become dead letters."""
        self.sandbox.client.put("/_sandbox/switches", {"api": "records", "latency_ms": 0, "fail": {"status": 422, "rate": 1.0}})
        missing = self.options.events - self.dead()
        self.load(missing, connections=64)
        self.drain()
        self.sandbox.client.put("/_sandbox/switches", {"api": "records", "fail": {"status": 422, "rate": 0.0}})
        assert self.dead() == self.options.events

    def cases(self):
        return [(f"the sink takes {ms} ms" if ms else "the sink answers at once", ms) for ms in map(int, self.options.latencies.split(","))]

    def ratio(self, name, latency):
        """The median of the rounds."""
        self.kill_all()
        self.sandbox.client.put("/_sandbox/switches", {"api": "records", "latency_ms": latency})
        rounds = [(self.live(), self.beside_a_retry()) for _ in range(1 if self.options.break_ else self.options.rounds)]
        ratios = [beside["p99"] / calm["p99"] for calm, beside in rounds]
        calm, beside = ({name: statistics.median(figures[side][name] for figures in rounds) for name in ("p50", "p99", "ack_p99")} for side in (0, 1))
        print(f"{name:26} undisturbed p50 {calm['p50']:.1f} p99 {calm['p99']:.1f} ms, beside the retry p50 {beside['p50']:.1f} p99 {beside['p99']:.1f} ms: "
              f"ratio median {statistics.median(ratios):.2f} of {' '.join(f'{ratio:.2f}' for ratio in ratios)}; "
              f"ack p99 {calm['ack_p99']:.2f} and {beside['ack_p99']:.2f} ms; {statistics.median(beside['retried'] for _, beside in rounds):.0f} retried/s", flush=True)
        return statistics.median(ratios)

    def run(self):
        self.load(10, connections=1)
        self.drain()
        for name, latency in self.cases():
            if self.ratio(name, latency) > BAR and self.ratio(name + ", again", latency) > BAR:
                self.missed.append(name)
        for name in self.missed:
            print(f"missed: {name}: more than {BAR} times the p99 without a retry", flush=True)


def main():
    parser = bench.arguments(__doc__, events=100_000)
    parser.add_argument("--latency-events", type=int, default=10_000)
    parser.add_argument("--latencies", default="0,50", help="of the sink, in milliseconds")
    parser.add_argument("--break", dest="break_", choices=["no_room"], help="be what must miss the bar")
    retry = BulkRetry(parser.parse_args())
    bench.run(retry)
    return 1 if retry.missed else 0


if __name__ == "__main__":
    sys.exit(main())
