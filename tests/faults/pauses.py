#!/usr/bin/env python3
"""The host is stopped (SIGSTOP) while creates are under way, and goes on later, as a machine that was suspended does.

In short rounds for some seconds; in long ones for longer than any request may take, so that when it goes on each request under way is
past its time though its answer lies there. Nothing acknowledged may be lost, nothing made twice, and no round may end the host. The control,
`--break twins`, is a sink whose search finds nothing: a create that was given up is made again, so at least one long round must be red.
"""

import random
import signal
import sys
import time

import load
from load import harness

LATENCY_MS = 1500


class Rig(load.Load):
    under_way = 0

    def __init__(self, options):
        super().__init__(options, "pauses")
        self.rng = random.Random(options.seed)
        self.client.put("/_sandbox/switches", {"api": "gorgias", "latency_ms": LATENCY_MS})

    def pause(self, seconds):
        """Stops the host once some creates are made and not answered yet."""
        self.ledger.note_effects()
        made = len(self.ledger.created)
        self.send(100, updates=50)

        def creating():
            self.ledger.note_effects()
            return len(self.ledger.created) > made
        harness.wait_until(creating, "a create at the desk", 30)
        self.host.process.send_signal(signal.SIGSTOP)
        try:
            self.under_way += self.client.get("/_sandbox/stats")["in_flight"] > 0
            time.sleep(seconds)
        finally:
            self.host.process.send_signal(signal.SIGCONT)
        self.wait_answered()
        self.wait_drained(self.options.limit)

    def run(self):
        self.start()
        for _ in range(self.options.rounds):
            self.pause(self.rng.uniform(2, 5))
        for _ in range(self.options.long):
            self.pause(65)
        for batch in self.batches:
            self.ledger.note_batch(batch)
        verdict = self.settle_down(self.options.limit)
        causes = dict(harness.read_store(self.data, "SELECT cause, count(*) FROM attempt GROUP BY cause"))
        code = self.host.stop()
        rounds = self.options.rounds + self.options.long
        print(f"{verdict}\n{rounds} pauses, {self.options.long} of them beyond every time limit; creates under way in {self.under_way}; "
              f"causes {causes}; exit {code}", flush=True)
        if self.options.break_ == "twins":
            return not verdict.twice  # red for the one reason that the control is about
        given_up = sum(count for cause, count in causes.items() if cause in ("ambiguous", "remote_error"))
        if self.options.long and not given_up:
            print("no request was given up: this run proves less than it should")
            return False
        return verdict.good and code == 0 and self.under_way == rounds


def main():
    parser = load.arguments(__doc__)
    parser.add_argument("--rounds", type=int, default=10, help="pauses of some seconds")
    parser.add_argument("--long", type=int, default=2, help="pauses of 65 s")
    parser.add_argument("--limit", type=float, default=300, help="seconds until all of a round must have ended")
    options = parser.parse_args()
    rig = Rig(options)
    return load.conclude(options, load.try_rig(options, rig, rig.run))


if __name__ == "__main__":
    sys.exit(main())
