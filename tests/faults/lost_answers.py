#!/usr/bin/env python3
"""A sink that does each create and never says so: some connections are reset, some requests time out. Its search shows a new object late.

1,000 events in four turns, with a search lag from 0 to 60 s. Of each turn 20 requests time out, or --hanging of them; a plugin waits 60 s, and 128
may wait at once, so that a turn takes about a minute for each 128. Each must end delivered and be made once. The control, `--break twins`, makes a
sink that neither finds what is new nor refuses a second one of an email, against what its plugin says of it: it must be red.
"""

import collections
import sys

import load
from load import harness

LAGS_MS = (0, 5_000, 20_000, 60_000)


class Rig(load.Load):
    timed_out = 0

    def turn(self, lag_ms, count):
        twins = self.options.break_ == "twins"
        lost = {"method": "POST", "after_effect": True}
        self.client.put("/_sandbox/switches", {
            "api": "gorgias", "search_lag_ms": lag_ms, "unique": not twins, "hang": not twins and {"count": self.options.hanging, **lost},
            "reset": {"count": count, **lost}})
        self.send(count)
        self.wait_answered()
        self.wait_drained(self.options.limit)
        left = self.client.get("/_sandbox/switches")["gorgias"]["hang"] or {"count": 0}
        self.timed_out += 0 if twins else self.options.hanging - left["count"]

    def run(self):
        twins = self.options.break_ == "twins"
        self.start()
        lags = LAGS_MS[-1:] if twins else LAGS_MS
        count = self.options.events // len(LAGS_MS)
        for lag in lags:
            self.turn(lag, count)
        for batch in self.batches:
            self.ledger.note_batch(batch)
        self.ledger.note_effects()
        made = collections.Counter(name for (kind, name), n in self.ledger.created.items() for _ in range(n))
        twice = [name for name, n in made.items() if n > 1]
        ends = dict(harness.read_store(self.data, "SELECT end, count(*) FROM ended GROUP BY end"))
        causes = dict(harness.read_store(self.data, "SELECT cause, count(*) FROM attempt GROUP BY cause"))
        lost = self.client.get("/_sandbox/stats")["apis"]["gorgias"]["injected"]
        code = self.host.stop()
        print(f"{count * len(lags)} events, search lag {'/'.join(str(lag // 1000) for lag in lags)} s: answers lost {lost}, "
              f"{self.timed_out} of them by a timeout, made {len(made)}, "
              f"twice {len(twice)}, ends {ends}, causes {causes}; exit {code}", flush=True)
        return (not twice and ends == {"delivered": count * len(lags)} and len(made) == count * len(lags) and lost >= count * len(lags)
                and self.timed_out == min(self.options.hanging, count) * len(lags) and code == 0)


def main():
    parser = load.arguments(__doc__)
    parser.add_argument("--events", type=int, default=1000)
    parser.add_argument("--hanging", type=int, default=20, help="requests of each turn that time out; the connections of the others are reset")
    parser.add_argument("--limit", type=float, default=300, help="seconds until all of a turn must have ended")
    options = parser.parse_args()
    rig = Rig(options, "lost-answers")
    return load.conclude(options, load.try_rig(options, rig, rig.run))


if __name__ == "__main__":
    sys.exit(main())
