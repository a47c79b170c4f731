"""What was promised (A), what happened (B), and the one comparison of the two that every script here uses.

Ledger A: each delivery that was answered 200, one line of a file that is synced before it counts. Ledger B: what the sandbox did. What was
promised must be in B or in the store (waiting, or ended with a reason), and no object may be made twice. Once all has ended, the desk must also
say of each promised customer what the shop says: an update that was acknowledged and never arrived leaves it stale.
"""

import collections
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import harness  # noqa: E402


class Ledger:
    def __init__(self, folder, sandbox):
        self.sandbox = sandbox
        self.promised = set()
        self.seen_effects = 0
        self.created = collections.Counter()
        self._a = open(os.path.join(folder, "ledger-a"), "a", encoding="utf-8")
        self._b = open(os.path.join(folder, "ledger-b"), "a", encoding="utf-8")

    def note_promise(self, identifier):
        if identifier in self.promised:
            return
        self._a.write(identifier + "\n")
        self._a.flush()
        os.fsync(self._a.fileno())
        self.promised.add(identifier)

    def note_batch(self, batch):
        """The sandbox's own note of its deliveries: it is another process, which no fault here ends."""
        fresh = [d["id"] for d in self.sandbox.client.get(f"/_sandbox/deliveries?batch={batch}")["deliveries"]
                 if d["status"] == 200 and d["id"] not in self.promised]
        self._a.write("".join(identifier + "\n" for identifier in fresh))
        self._a.flush()
        os.fsync(self._a.fileno())
        self.promised.update(fresh)

    def note_effects(self):
        while True:
            page = self.sandbox.client.get(f"/_sandbox/effects?since={self.seen_effects}")
            for effect in page["effects"]:
                self._b.write(repr(effect) + "\n")
                if effect["kind"].endswith(".created"):
                    self.created[(effect["kind"], effect.get("external_id") or effect.get("id"))] += 1
            if not page["effects"]:
                self._b.flush()
                return
            self.seen_effects = page["next"]

    def close(self):
        self._a.close()
        self._b.close()

    def check(self, data, drained=True, shop=None, desk=None):
        """Compares both ledgers and the store. `drained`: everything must have ended, each created customer be at the sandbox.

        `shop` and `desk`: (email, name) of each customer by number, as the desk should have it and as it has it.
        """
        self.note_effects()
        verdict = Verdict()
        verdict.acked = len(self.promised)
        rows = harness.read_store(data, "SELECT e.id, d.end, p.seq FROM event e LEFT JOIN ended d USING (seq) LEFT JOIN pending p USING (seq)")
        ends, waiting = collections.defaultdict(set), set()
        for identifier, end, pending in rows:
            name = identifier.split("#")[0]
            if end:
                ends[name].add(end)
            if pending is not None:
                waiting.add(name)
        verdict.lost_ids = sorted(i for i in self.promised if i not in ends and i not in waiting)
        verdict.waiting = len(waiting)
        verdict.ends = dict(collections.Counter(end for _, end, _ in rows if end))
        customers = {external for kind, external in self.created if kind == "customer.created"}
        if drained:
            verdict.without_effect_ids = sorted(i for i in self.promised if not ends.get(i, {"rejected"}) & {"rejected", "exhausted"} and
                                                f"bigcommerce_{customer_of(i)}" not in customers)
            verdict.compared, verdict.stale_ids = self.compare(ends, shop or {}, desk or {})
        verdict.customers = len(customers)
        verdict.twice_ids = sorted(str(key) for key, count in self.created.items() if count > 1)
        verdict.integrity = harness.read_store(data, "PRAGMA integrity_check")[0][0]
        verdict.drained = drained
        return verdict


    def compare(self, ends, shop, desk):
        """How many promised customers were compared, and which of them the desk has otherwise than the shop, or not at all.

        A dead letter may leave one behind.
        """
        promised = {customer_of(identifier) for identifier in self.promised}
        behind = {customer_of(identifier) for identifier in self.promised if ends.get(identifier, set()) & {"rejected", "exhausted"}}
        compared = sorted((promised - behind) & shop.keys())
        return len(compared), [number for number in compared if not same_customer(shop[number], desk.get(number))]


def same_customer(ours, theirs):
    """Rigs that change the pipeline put its version before the name: which of them an event ran under is not the ledger's business."""
    return theirs is not None and ours[0] == theirs[0] and ours[1] == re.sub(r"^v\d+ ", "", theirs[1])


def customer_of(identifier):
    """Deliveries of the rig are called <word>_<customer>[_<more>]."""
    found = re.match(r"[a-z]+_(\d+)", identifier)
    return found.group(1) if found else identifier


class Verdict:
    acked = waiting = customers = compared = 0
    integrity = "not looked at"
    drained = True

    def __init__(self):
        self.lost_ids, self.without_effect_ids, self.twice_ids, self.stale_ids, self.ends = [], [], [], [], {}

    @property
    def lost(self):
        """Stale ones too: what was acknowledged of them is nowhere."""
        return len(self.lost_ids) + len(self.stale_ids)

    @property
    def twice(self):
        return len(self.twice_ids)

    @property
    def good(self):
        return not (self.lost or self.without_effect_ids or self.twice_ids or (self.drained and self.waiting)) and self.integrity == "ok"

    def __str__(self):
        text = (f"acknowledged {self.acked}, lost {self.lost}, stale {len(self.stale_ids)} of {self.compared}, without an effect "
                f"{len(self.without_effect_ids)}, customers {self.customers}, made twice {self.twice}, waiting {self.waiting}, "
                f"ends {self.ends}, integrity {self.integrity}")
        for name in ("lost_ids", "stale_ids", "without_effect_ids", "twice_ids"):
            if getattr(self, name):
                text += f"\n  {name}: {getattr(self, name)[:5]}"
        return text
