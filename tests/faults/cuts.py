#!/usr/bin/env python3
"""Each create is spoiled once on its way through a proxy, at another byte each: cut or reset in request or answer, late, slow, followed by junk.

Both shipped pipelines. Each event must end delivered, each spoiled attempt be of a known cause, nothing be made twice, and junk behind an
answer belong to nobody. The control, `--break deaf`, makes a sink that neither finds nor recognises what it made: it must be red.
"""

import collections
import os
import random
import re
import sys

import load
import proxy
from load import harness

CAUSES = {"none", "ambiguous", "not_sent", "remote_error", "conflict", "throttled"}
BLUEPRINT = os.path.join(load.ROOT, "pipelines", "blueprint.yaml")


def faults(count, rng):
    """One for each event: the cuts and resets at evenly spread bytes, and some of the others."""
    plan = []
    for number in range(count):
        for side in ("request", "answer"):
            plan.append(proxy.Fault(side, ("reset", "close")[number % 2], int(number * 700 / count)))
    for how in ("delay", "drip", "extra"):
        plan += [proxy.Fault("answer", how, 0)] * max(1, count // 20)
    rng.shuffle(plan)
    return plan


class Rig(load.Load):
    def __init__(self, options, blueprint):
        super().__init__(options, "cuts", [BLUEPRINT if blueprint else load.PIPELINE])
        self.blueprint = blueprint
        self.proxy = proxy.Proxy(self.sandbox.url)
        self.rng = random.Random(options.seed)
        if options.break_ == "deaf":
            self.proxy.deaf = self.deafen
        self.env["GORGIAS_BASE_URL"] = self.proxy.url + ("/v1" if blueprint else "")
        if blueprint:
            self.env["BIGCOMMERCE_API_KEY"] = load.SECRETS["client"]  # of this pipeline it is the key of the signature

    def deafen(self, request, answer):
        """Same lengths: searches find nothing, a new address or id each time."""
        if answer is not None and request.startswith(b"GET") and b'"data":[' in answer:
            head, _ = answer.split(b"\r\n\r\n", 1)
            body = b'{"data":[],"meta":{"next_cursor":null,"prev_cursor":null,"total_resources":0}}'
            return re.sub(rb"(?i)content-length: *\d+", b"Content-Length: %d" % len(body), head) + b"\r\n\r\n" + body
        if answer is None and request.startswith(b"POST"):
            letters = bytes(self.rng.choice(b"abcdefghijklmnopqrstuvwxyz") for _ in range(6))
            return re.sub(rb'"[^"@]{6}([^"@]*@)', lambda found: b'"' + letters + found.group(1), request)
        return answer if answer is not None else request

    def deliveries(self, count):
        first = self.next_customer
        self.next_customer += count
        if not self.blueprint:
            self.client.post("/_sandbox/customers", {"count": count, "first_id": first})
            return [{"id": f"msg_{n}", "scope": "store/customer/created", "customer_id": n} for n in range(first, first + count)]
        return [{"id": f"msg_{n}", "type": "bigcommerce.created", "data": {
            "id": f"bigcommerce_{n}", "status": "active", "email": f"c{n}@example.com", "name": "Ann Lee"}} for n in range(first, first + count)]

    def run(self):
        self.start()
        plan = faults(self.options.count, self.rng)
        # Two of three go through unharmed, so that the breaker sees a sink that works.
        wanted = self.deliveries(3 * len(plan))
        prefix = "gorgias" if self.blueprint else "bigcommerce"
        self.proxy.faults = {f"{prefix}_{1000 + 3 * n}": fault for n, fault in enumerate(plan)}
        batch = self.client.post("/_sandbox/send", {
            "url": f"{self.host.url}/in/{'blueprint_store' if self.blueprint else 'store'}", "deliveries": wanted, "rate": self.options.rate,
            "concurrency": 16, "resend_after_ms": 200})["batch"]
        self.batches.append(batch)
        self.wait_answered()
        try:
            self.wait_drained(self.options.limit)
        except harness.HarnessError as error:
            print(error)
        return self.judge(plan, len(wanted))

    def judge(self, plan, count):
        for batch in self.batches:
            self.ledger.note_batch(batch)
        self.ledger.note_effects()
        made = collections.Counter(name for (kind, name), n in self.ledger.created.items() for _ in range(n))
        twice = [name for name, n in made.items() if n > 1]
        causes = collections.Counter(cause or "none" for (cause,) in harness.read_store(self.data, "SELECT cause FROM attempt"))
        ends = dict(harness.read_store(self.data, "SELECT end, count(*) FROM ended GROUP BY end"))
        junk = harness.read_store(self.data, "SELECT count(*) FROM identity WHERE sink_id = '666666'")[0][0]
        odd = set(causes) - CAUSES
        code = self.host.stop()
        print(f"{'blueprint' if self.blueprint else 'bigcommerce-gorgias'}: {sum(self.proxy.struck.values())} of {len(plan)} struck "
              f"{dict(self.proxy.struck)}; {count} events, made {len(made)}, twice {len(twice)}, ends {ends}, causes {dict(causes)}, "
              f"taken from junk {junk}; exit {code}", flush=True)
        if self.options.break_:
            return not twice  # red for the one reason that the control is about
        return (not twice and not odd and not junk and not self.proxy.faults and len(made) == count and len(self.ledger.promised) == count
                and ends == {"delivered": count} and code == 0)

    def close(self, keep):
        super().close(keep)
        self.proxy.close()


def main():
    parser = load.arguments(__doc__)
    parser.add_argument("--count", type=int, default=200, help="offsets, of request and of answer")
    parser.add_argument("--limit", type=float, default=300, help="seconds until all must have ended")
    parser.add_argument("--cases", default="upsert,blueprint")
    options = parser.parse_args()
    good = True
    for case in options.cases.split(","):
        rig = Rig(options, case == "blueprint")
        good = load.try_rig(options, rig, rig.run) and good
    return load.conclude(options, good)


if __name__ == "__main__":
    sys.exit(main())
