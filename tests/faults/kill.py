#!/usr/bin/env python3
"""kill -9 under load, again and again, on one store. Nothing acknowledged may be lost, no customer made twice.

Ledger A is the shop's: which deliveries were answered 200. Ledger B is the sandbox's log of effects. Each kill is told by where it
hit: in accept (sent, unanswered), in flight (a request at the sandbox without answer), before settle (an effect whose
event has no end in the store). `--break ack_early` acknowledges before the commit, and must make this red.
"""

import argparse
import collections
import os
import random
import shutil
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import harness  # noqa: E402

ROOT = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
SECRETS = {"token": "kill-shop-token", "client": "kill-client-secret-0123456789", "header": "kill-header-secret-0123456789"}


class Rig:
    def __init__(self, options):
        self.options = options
        self.rng = random.Random(options.seed)
        self.folder = tempfile.mkdtemp(prefix="tenon-kill-")
        self.data = os.path.join(self.folder, "data")
        self.sandbox = harness.Sandbox(
            options.bin, "--seed", str(options.seed), "--access-token", SECRETS["token"], "--client-secret", SECRETS["client"],
            "--webhook-secret", SECRETS["header"], "--gorgias-email", "kill@example.com", "--gorgias-key", "kill-desk-key",
            "--bigcommerce-budget", "1000000/30", "--gorgias-budget", "1000000/20", log=os.path.join(self.folder, "sandbox.log"))
        self.client = self.sandbox.client
        self.client.put("/_sandbox/switches", {"api": "gorgias", "latency_ms": 40})
        self.env = {
            "BIGCOMMERCE_STORE_HASH": "abc123", "BIGCOMMERCE_API_KEY": SECRETS["token"], "BIGCOMMERCE_CLIENT_SECRET": SECRETS["client"],
            "BIGCOMMERCE_WEBHOOK_SECRET": SECRETS["header"], "BIGCOMMERCE_BASE_URL": self.sandbox.url, "GORGIAS_DOMAIN": "kill",
            "GORGIAS_EMAIL": "kill@example.com", "GORGIAS_API_KEY": "kill-desk-key", "GORGIAS_BASE_URL": self.sandbox.url}
        if options.break_:
            self.env["TENON_BREAK"] = options.break_
        self.port = 0
        self.starts = []
        self.hits = collections.Counter()
        self.next_customer = 1000

    def start(self):
        began = time.monotonic()
        host = harness.Tenon(self.options.bin, self.options.plugins, [os.path.join(ROOT, "pipelines", "bigcommerce-gorgias.yaml")], self.data,
                             env=self.env, listen=f"127.0.0.1:{self.port}", log=os.path.join(self.folder, "tenon.log"))
        self.starts.append(time.monotonic() - began)
        self.port = host.port
        return host

    def send(self, host, count):
        self.client.post("/_sandbox/customers", {"count": count, "first_id": self.next_customer})
        deliveries = [{"id": f"msg_{n}", "scope": "store/customer/created", "customer_id": n}
                      for n in range(self.next_customer, self.next_customer + count)]
        self.next_customer += count
        return self.client.post("/_sandbox/send", {"url": f"{host.url}/in/store", "deliveries": deliveries, "rate": self.options.rate,
                                                   "concurrency": 16, "resend_after_ms": 200})["batch"]

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
        unended = {row[0] for row in harness.read_store(self.data, "SELECT key FROM event JOIN pending USING (seq)")}
        effects = {e["external_id"].rsplit("_", 1)[-1] for e in self.sandbox.all_effects() if e["kind"] == "customer.created"}
        self.hits["in accept"] += in_accept
        self.hits["in flight"] += in_flight
        self.hits["before settle"] += bool(unended & effects)

    def run(self):
        batches = []
        for round_number in range(self.options.rounds):
            host = self.start()
            pause = self.rng.uniform(0.05, 1.5)
            batches.append(self.send(host, max(20, int(pause * self.options.rate * 1.5))))
            time.sleep(pause)
            unreached_before = self.client.get("/_sandbox/stats")["unreached"]
            host.kill()
            self.count_hits(batches[-1], unreached_before)
            print(f"\rround {round_number + 1}/{self.options.rounds}  {dict(self.hits)}", end="", flush=True)
        print()
        host = self.start()
        for batch in batches:
            harness.wait_until(lambda b=batch: self.client.get(f"/_sandbox/deliveries?batch={b}&summary=1")["summary"]["pending"] == 0,
                               f"the answers of batch {batch}", 120)
        if self.options.break_:
            time.sleep(3)  # events that were never journalled never end: wait for the rest only
        else:
            harness.wait_until(lambda: harness.read_store(self.data, "SELECT count(*) FROM pending")[0][0] == 0,
                               "the backlog to drain", 180)
        code = host.stop()
        return self.check(batches, code)

    def check(self, batches, code):
        acked = {d["id"] for batch in batches for d in self.client.get(f"/_sandbox/deliveries?batch={batch}")["deliveries"] if d["status"] == 200}
        stored = {row[0] for row in harness.read_store(self.data, "SELECT delivery_id FROM dedupe")}
        created = collections.Counter(e["external_id"] for e in self.sandbox.all_effects() if e["kind"] == "customer.created")
        ends = dict(harness.read_store(self.data, "SELECT end, count(*) FROM ended GROUP BY end"))
        integrity = harness.read_store(self.data, "PRAGMA integrity_check")[0][0]
        lost = len(acked - stored)
        twice = sum(1 for count in created.values() if count > 1)
        missing = len(acked) - sum(1 for external in created if f"msg_{external.rsplit('_', 1)[-1]}" in acked)
        slowest = max(self.starts)
        print(f"acknowledged {len(acked)}, lost {lost}, without a customer {missing}, customers {len(created)}, made twice {twice}, ends {ends}")
        print(f"kills in accept {self.hits['in accept']}, in flight {self.hits['in flight']}, before settle {self.hits['before settle']}; "
              f"integrity {integrity}; slowest start {slowest:.2f} s; last exit {code}; seed {self.options.seed}")
        enough = self.options.rounds < 50 or all(self.hits[name] >= 5 for name in ("in accept", "in flight", "before settle"))
        if not enough:
            print("too few kills of one sort: this run proves less than it should")
        return lost == 0 and twice == 0 and missing == 0 and integrity == "ok" and code == 0 and enough


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", default=os.path.join(ROOT, "build", "bin"))
    parser.add_argument("--plugins", default=os.path.join(ROOT, "build", "lib", "tenon"))
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--rate", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--break", dest="break_", default="")
    parser.add_argument("--expect-red", action="store_true", help="succeed only if something was lost: the positive control")
    options = parser.parse_args()
    rig = Rig(options)
    good = False
    try:
        good = rig.run()
    except harness.HarnessError as error:
        print(f"\n{error}", file=sys.stderr)
    finally:
        rig.sandbox.kill()
    if options.expect_red:
        print("the control is red, as it must be" if not good else "THE CONTROL IS GREEN: this rig proves nothing")
        good = not good
    if good:
        shutil.rmtree(rig.folder, ignore_errors=True)
    else:
        print(f"the files are in {rig.folder}", file=sys.stderr)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
