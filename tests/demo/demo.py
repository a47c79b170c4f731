#!/usr/bin/env python3
"""The main job, end to end, with a crash in the middle: `make demo`.

A pretend shop sends signed webhooks; the host fetches each customer, maps it and writes it to a pretend Gorgias, over real
HTTP, with real plugins and a real journal. Some answers fail, some requests are forged, some customers are gone, and
the host is killed once. The table at the end must be exact, or the demo exits with 1.
"""

import argparse
import os
import random
import shutil
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import harness  # noqa: E402

CUSTOMERS, RESENDS, DELETED, FORGED = 900, 100, 20, 50
FAIL_RATE = 0.01
RATE = 250
ROOT = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))


class Bar:
    """A progress bar on a terminal; a line now and then elsewhere."""

    def __init__(self, total):
        self.total, self.started, self.shown = total, time.monotonic(), 0.0
        self.terminal = sys.stdout.isatty()

    def show(self, done, note=""):
        now = time.monotonic()
        if now - self.shown < (0.1 if self.terminal else 5.0) and done < self.total:
            return
        self.shown = now
        passed = max(now - self.started, 0.001)
        rate = done / passed
        left = (self.total - done) / rate if rate > 0 else 0
        width = 32
        full = min(width, int(width * done / self.total))
        text = f"[{'#' * full}{'.' * (width - full)}] {done}/{self.total}  {rate:5.0f}/s  {left:3.0f} s left  {note}"
        print(("\r" + text.ljust(100)) if self.terminal else text, end="" if self.terminal else "\n", flush=True)

    def end(self):
        if self.terminal:
            print("\r" + " " * 100 + "\r", end="", flush=True)


def plan(seed):
    """The deliveries in sending order: (id, scope, customer, forged). A resend stands after its original."""
    rng = random.Random(seed)
    first = 1000
    alive = list(range(first, first + CUSTOMERS))
    gone = list(range(first + CUSTOMERS, first + CUSTOMERS + DELETED))
    originals = [{"id": f"msg_{seed}_{customer}", "scope": "store/customer/created", "customer_id": customer} for customer in alive + gone]
    rng.shuffle(originals)
    forged = [{"id": f"msg_{seed}_forged_{n}", "scope": "store/customer/updated", "customer_id": rng.choice(alive), "forged": True}
              for n in range(FORGED)]
    order = originals + forged
    rng.shuffle(order)
    resent = rng.sample([d for d in order if not d.get("forged") and d["customer_id"] in set(alive)], RESENDS)
    for delivery in resent:
        order.insert(rng.randint(order.index(delivery) + 1, len(order)), dict(delivery))
    return order, first, gone


def percentile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * share))] if values else 0.0


class Demo:
    def __init__(self, options):
        self.options = options
        self.folder = tempfile.mkdtemp(prefix="tenon-demo-")
        self.data = os.path.join(self.folder, "data")
        self.order, self.first, self.gone = plan(options.seed)
        self.sandbox = harness.Sandbox(
            options.bin, "--seed", str(options.seed), "--access-token", "demo-shop-token", "--client-secret", "demo-client-secret-0123456789",
            "--webhook-secret", "demo-header-secret-0123456789", "--gorgias-email", "demo@example.com", "--gorgias-key", "demo-desk-key",
            "--bigcommerce-budget", "1000000/30", "--gorgias-budget", "1000000/20", log=os.path.join(self.folder, "sandbox.log"))
        self.client = self.sandbox.client
        self.env = {
            "BIGCOMMERCE_STORE_HASH": "abc123", "BIGCOMMERCE_API_KEY": "demo-shop-token",
            "BIGCOMMERCE_CLIENT_SECRET": "demo-client-secret-0123456789", "BIGCOMMERCE_WEBHOOK_SECRET": "demo-header-secret-0123456789",
            "BIGCOMMERCE_BASE_URL": self.sandbox.url, "GORGIAS_DOMAIN": "demo", "GORGIAS_EMAIL": "demo@example.com",
            "GORGIAS_API_KEY": "demo-desk-key", "GORGIAS_BASE_URL": self.sandbox.url}
        self.port = 0
        self.host = self.start_host()
        self.port = self.host.port

    def start_host(self):
        return harness.Tenon(self.options.bin, self.options.plugins, [os.path.join(ROOT, "pipelines", "bigcommerce-gorgias.yaml")], self.data,
                             env=self.env, listen=f"127.0.0.1:{self.port}", log=os.path.join(self.folder, "tenon.log"))

    def failures(self, rate):
        self.client.put("/_sandbox/switches", {"api": "gorgias", "fail": {"status": 503, "rate": rate}})

    def injected(self):
        return self.client.get("/_sandbox/stats")["injected"]

    def retried(self):
        return harness.read_store(self.data, "SELECT count(*) FROM attempt WHERE outcome = 'retry'")[0][0]

    def unended(self):
        return harness.read_store(self.data, "SELECT count(*) FROM pending")[0][0]

    def summary(self, batch):
        return self.client.get(f"/_sandbox/deliveries?batch={batch}&summary=1")["summary"]

    def run(self):
        seeded = self.client.post("/_sandbox/customers", {"count": CUSTOMERS + DELETED, "first_id": self.first})
        assert seeded is not None
        for customer in self.gone:
            self.client.json("DELETE", f"/_sandbox/customers/{customer}")
        total = len(self.order)
        print(f"tenon demo: {total} requests to {self.host.url}, seed {self.options.seed}")
        print(f"  sandbox {self.sandbox.url}; rate limits raised to 1,000,000 per window at both APIs; {FAIL_RATE:.0%} of the Gorgias answers fail with 503")
        bar = Bar(total)
        self.failures(FAIL_RATE)
        half = total // 2
        first = self.client.post("/_sandbox/send", {"url": f"{self.host.url}/in/store", "deliveries": self.order[:half], "rate": RATE,
                                                    "concurrency": 32, "resend_after_ms": 1000})["batch"]
        harness.wait_until(lambda: self.show(bar, 0, first, "first half") >= half, "the first half to be answered", 120)
        # No more failures until those injected are on record: a kill between an answer and its commit would lose the count.
        self.failures(0)
        harness.wait_until(lambda: self.retried() == self.injected(), "the injected failures to be settled", 60)
        second = self.client.post("/_sandbox/send", {"url": f"{self.host.url}/in/store", "deliveries": self.order[half:], "rate": RATE,
                                                     "concurrency": 32, "resend_after_ms": 1000})["batch"]
        target = half + (total - half) // 3
        harness.wait_until(lambda: self.show(bar, half, second, "under load") >= target, "load before the kill", 120)
        self.host.kill()
        committed = {row[0] for row in harness.read_store(self.data, "SELECT delivery_id FROM dedupe")}
        before = self.client.get(f"/_sandbox/deliveries?batch={second}")["deliveries"]
        self.host = self.start_host()
        self.failures(FAIL_RATE)
        harness.wait_until(lambda: self.show(bar, half, second, "after the kill") >= total, "all to be answered", 180)
        self.failures(0)
        harness.wait_until(lambda: self.unended() == 0, "the backlog to drain", 120)
        bar.end()
        return self.report([first, second], committed, before)

    def show(self, bar, base, batch, note):
        done = base + self.summary(batch)["answered"]
        bar.show(done, note)
        return done

    def report(self, batches, committed, before):
        deliveries = [d for batch in batches for d in self.client.get(f"/_sandbox/deliveries?batch={batch}")["deliveries"]]
        ends = dict(harness.read_store(self.data, "SELECT end, count(*) FROM ended GROUP BY end"))
        reasons = dict(harness.read_store(self.data, "SELECT reason, count(*) FROM ended WHERE end = 'skipped' GROUP BY reason"))
        known = {row[0] for row in harness.read_store(self.data, "SELECT delivery_id FROM dedupe")}
        effects = self.sandbox.all_effects()
        created = [e["external_id"] for e in effects if e["kind"] == "customer.created"]
        refused = sum(1 for d in deliveries if d["status"] == 401)
        duplicates = sum(1 for d in deliveries if d.get("duplicate"))
        acked = [d for d in deliveries if d["status"] == 200]
        lost = sum(1 for d in acked if d["id"] not in known)
        # A delivery that the kill left unanswered although it was committed is answered as a duplicate when it comes again.
        answered_before = {d["id"] for d in before if d["status"] == 200}
        unanswered = [d for d in deliveries if d["unanswered"] > 0]
        seen, committed_resends = set(), 0
        for delivery in deliveries:
            if delivery["unanswered"] > 0 and not delivery.get("forged") and delivery["id"] in committed and \
                    delivery["id"] not in answered_before and delivery["id"] not in seen:
                committed_resends += 1
            seen.add(delivery["id"])
        retried, injected = self.retried(), self.injected()
        arrived = {d["id"].rsplit("_", 1)[1]: d["first_sent_ms"] for d in reversed(deliveries) if not d.get("forged")}
        latencies = [e["at_ms"] - arrived[e["external_id"].rsplit("_", 1)[1]] for e in effects if e["kind"] == "customer.created"]
        acks = [d["ack_ms"] for d in acked if d["attempts"] == 1]
        rows = [
            ("requests", len(deliveries), CUSTOMERS + RESENDS + DELETED + FORGED),
            ("resent because unanswered", sum(d["unanswered"] for d in unanswered), None),
            ("refused", refused, FORGED),
            ("duplicates", duplicates, RESENDS + committed_resends),
            ("delivered", ends.get("delivered", 0), CUSTOMERS),
            ("retried", retried, injected),
            ("skipped (gone)", reasons.get("gone", 0), DELETED),
            ("lost", lost, 0),
            ("customers in Gorgias", len(set(created)), CUSTOMERS),
            ("  of these created twice", len(created) - len(set(created)), 0),
        ]
        good = True
        print(f"{'':28}{'found':>8}{'expected':>10}")
        for name, found, expected in rows:
            fits = expected is None or found == expected
            good = good and fits
            print(f"{name:28}{found:>8}{'' if expected is None else expected:>10}{'' if fits else '   WRONG'}")
        print(f"{'ack p50 / p99':28}{percentile(acks, .5):>8.1f} /{percentile(acks, .99):>6.1f} ms")
        print(f"{'end to end p50 / p99':28}{percentile(latencies, .5):>8.0f} /{percentile(latencies, .99):>6.0f} ms")
        print("the host was killed with SIGKILL once, under load, and started again")
        return good and set(ends) <= {"delivered", "skipped"}

    def look_around(self):
        print(f"""
Look around (the demo's files stay in {self.folder}):
  sqlite3 {self.data}/journal.db "SELECT id, type, end, reason, attempts FROM event JOIN ended USING (seq) ORDER BY attempts DESC LIMIT 5"
  less {self.folder}/tenon.log

Go on with a real account: copy .env.example to .env, fill it in, then
  build/bin/tenon check pipelines/bigcommerce-gorgias.yaml
  build/bin/tenon run --listen 127.0.0.1:8080 pipelines/bigcommerce-gorgias.yaml""")

    def close(self, keep):
        for process in (self.host, self.sandbox):
            try:
                process.stop()
            except harness.HarnessError as error:
                print(error, file=sys.stderr)
        if not keep:
            shutil.rmtree(self.folder, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", default=os.path.join(ROOT, "build", "bin"))
    parser.add_argument("--plugins", default=os.path.join(ROOT, "build", "lib", "tenon"))
    parser.add_argument("--seed", type=int, default=int(time.time()) % 100000)
    parser.add_argument("--clean", action="store_true", help="remove the demo's files at the end")
    options = parser.parse_args()
    demo = Demo(options)
    good = False
    try:
        good = demo.run()
        if good and not options.clean:
            demo.look_around()
    except harness.HarnessError as error:
        print(f"\n{error}\n--- tenon.log\n{demo.host.tail()}", file=sys.stderr)
    finally:
        demo.close(keep=not (good and options.clean))
    if not good:
        print(f"NOT EXACT; the files are in {demo.folder}", file=sys.stderr)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
