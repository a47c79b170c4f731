#!/usr/bin/env python3
"""kill -9 under load, again and again, on one store. Nothing acknowledged may be lost, no customer made twice or left as it was.

Ledger A is the shop's: which deliveries were answered 200. Ledger B is the sandbox's log of effects. Each kill is told by where it
hit: in accept (sent, unanswered), in flight (a request at the sandbox without answer), before settle (an effect whose
event has no end in the store). Each start must be over within 2 s. Three controls must be red: `--break ack_early` acknowledges before the
commit; `twins` is a sink whose search finds nothing, so that a create in doubt is made again; `untold` are changes that no webhook tells of.
"""

import collections
import random
import sys
import time

import load
from load import harness


class Rig(load.Load):
    def __init__(self, options):
        super().__init__(options, "kill")
        self.rng = random.Random(options.seed)
        self.client.put("/_sandbox/switches", {"api": "gorgias", "latency_ms": 40})
        self.hits = collections.Counter()

    def unreached(self):
        """Answers of the sandbox whose asker was gone, once it has noticed all of them."""
        def settled():
            stats = self.client.get("/_sandbox/stats")
            return stats if stats["in_flight"] == 0 else None
        return harness.wait_until(settled, "the sandbox to finish its answers", 10)["unreached"]

    def count_hits(self, batch, unreached_before):
        """Where the kill struck, from the three ledgers as they stand right after it."""
        deliveries = self.client.get(f"/_sandbox/deliveries?batch={batch}")["deliveries"]
        in_accept = any(d["attempts"] > 0 and not d["status"] for d in deliveries)
        in_flight = self.unreached() > unreached_before
        unended = {row[0] for row in harness.read_store(
            self.data, "SELECT key FROM event JOIN pending USING (seq) WHERE type = 'store/customer/created'")}
        self.ledger.note_effects()
        effects = {external.rsplit("_", 1)[-1] for _, external in self.ledger.created}
        self.hits["in accept"] += in_accept
        self.hits["in flight"] += in_flight
        self.hits["before settle"] += bool(unended & effects)

    def run(self):
        for round_number in range(self.options.rounds):
            host = self.start()
            pause = self.rng.uniform(0.05, 1.5)
            count = max(20, int(pause * self.options.rate))
            batch = self.send(count, updates=count // 2)
            time.sleep(pause)
            unreached_before = self.client.get("/_sandbox/stats")["unreached"]
            host.kill()
            self.count_hits(batch, unreached_before)
            print(f"\rround {round_number + 1}/{self.options.rounds}  {dict(self.hits)}", end="", flush=True)
        print()
        self.start()
        verdict = self.settle_down()
        code = self.host.stop()
        print(f"{verdict}\nkills in accept {self.hits['in accept']}, in flight {self.hits['in flight']}, before settle "
              f"{self.hits['before settle']}; slowest start {max(self.starts):.2f} s; last exit {code}; seed {self.options.seed}")
        enough = self.options.rounds < 50 or all(self.hits[name] >= 5 for name in ("in accept", "in flight", "before settle"))
        if not enough:
            print("too few kills of one sort: this run proves less than it should")
        if self.options.break_ == "twins":
            return not verdict.twice  # red for the one reason that the control is about
        if self.options.break_ == "untold":
            return not verdict.stale_ids
        slow = max(self.starts) > self.options.start_limit
        if slow:
            print(f"a start took longer than {self.options.start_limit:.1f} s")
        return verdict.good and code == 0 and enough and not slow


def main():
    parser = load.arguments(__doc__)
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--start-limit", type=float, default=2.0, help="seconds a start may take")
    options = parser.parse_args()
    rig = Rig(options)
    return load.conclude(options, load.try_rig(options, rig, rig.run))


if __name__ == "__main__":
    sys.exit(main())
