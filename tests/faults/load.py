"""A sandbox, a host and a stream of webhooks between them: what the scripts here put their faults into."""

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import harness  # noqa: E402
from ledger import Ledger  # noqa: E402

ROOT = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
SECRETS = {"token": "fault-shop-token", "client": "fault-client-secret-0123456789", "header": "fault-header-secret-0123456789",
           "key": "fault-desk-key"}
# Promises that the rig breaks, at the sandbox or on the way; the host itself is whole, and all that it took must end.
BROKEN_HERE = {"twins", "untold", "restart", "deaf"}
PIPELINE = os.path.join(ROOT, "pipelines", "bigcommerce-gorgias.yaml")


def arguments(about, build="build"):
    """The options that all scripts share."""
    parser = argparse.ArgumentParser(description=about.splitlines()[0])
    parser.add_argument("--bin", default=os.path.join(ROOT, build, "bin"))
    parser.add_argument("--plugins", default=os.path.join(ROOT, build, "lib", "tenon"))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rate", type=int, default=200, help="webhooks a second")
    parser.add_argument("--break", dest="break_", default="", help="a promise to break on purpose: of the host (tenon-breakable is it then), or one of the rig's own")
    parser.add_argument("--expect-red", action="store_true", help="succeed only if the check is red: the positive control")
    return parser


class Load:
    def __init__(self, options, name, pipelines=(PIPELINE,), sandbox_arguments=()):
        self.options = options
        self.folder = tempfile.mkdtemp(prefix=f"tenon-{name}-")
        self.data = os.path.join(self.folder, "data")
        self.pipelines = list(pipelines)
        self.sandbox = harness.Sandbox(
            options.bin, "--seed", str(options.seed), "--access-token", SECRETS["token"], "--client-secret", SECRETS["client"],
            "--webhook-secret", SECRETS["header"], "--gorgias-email", "fault@example.com", "--gorgias-key", SECRETS["key"], "--gorgias-token",
            SECRETS["key"], "--bigcommerce-budget", "1000000/30", "--gorgias-budget", "1000000/20", *sandbox_arguments,
            log=os.path.join(self.folder, "sandbox.log"))
        self.client = self.sandbox.client
        self.ledger = Ledger(self.folder, self.sandbox)
        self.env = {
            "BIGCOMMERCE_STORE_HASH": "abc123", "BIGCOMMERCE_API_KEY": SECRETS["token"], "BIGCOMMERCE_CLIENT_SECRET": SECRETS["client"],
            "BIGCOMMERCE_WEBHOOK_SECRET": SECRETS["header"], "BIGCOMMERCE_BASE_URL": self.sandbox.url, "GORGIAS_DOMAIN": "fault",
            "GORGIAS_EMAIL": "fault@example.com", "GORGIAS_API_KEY": SECRETS["key"], "GORGIAS_BASE_URL": self.sandbox.url}
        self.lossy = bool(options.break_) and options.break_ not in BROKEN_HERE
        if self.lossy:
            self.env["TENON_BREAK"] = options.break_
        # A second create of one customer is made, and the ledger shows it: no refusal of the desk hides what the host sends twice.
        self.client.put("/_sandbox/switches", {"api": "gorgias", "unique": False,
                                               "search_lag_ms": 3_600_000 if options.break_ == "twins" else 0})
        self.host = None
        self.port = 0
        self.starts = []
        self.batches = []
        self.next_customer = 1000

    def start(self, env=None, extra=(), bin_=None, pipelines=None):
        """Raises HarnessError if the host ends before it is ready."""
        began = time.monotonic()
        self.host = harness.Tenon(bin_ or self.options.bin, self.options.plugins, pipelines or self.pipelines, self.data,
                                  env={**self.env, **(env or {})}, listen=f"127.0.0.1:{self.port}", extra=extra,
                                  log=os.path.join(self.folder, "tenon.log"))
        self.starts.append(time.monotonic() - began)
        self.port = self.host.port
        return self.host

    def send(self, count, updates=0, rate=None):
        """New customers, and among them some that were sent before and changed since."""
        old = [self.next_customer - 1 - n for n in range(min(updates, self.next_customer - 1000))]
        self.client.post("/_sandbox/customers", {"count": count, "first_id": self.next_customer})
        deliveries = [{"id": f"msg_{n}", "scope": "store/customer/created", "customer_id": n}
                      for n in range(self.next_customer, self.next_customer + count)]
        if old:
            self.client.post("/_sandbox/customers", {"customers": [
                {"id": n, "email": f"changed{n}@example.com", "first_name": "Changed", "last_name": f"In {len(self.batches)}"} for n in old]})
            for place, n in enumerate(old if self.options.break_ != "untold" else ()):
                deliveries.insert(2 * place, {"id": f"upd_{n}_{len(self.batches)}", "scope": "store/customer/updated", "customer_id": n})
        self.next_customer += count
        return self.deliver(deliveries, rate)

    def deliver(self, deliveries, rate=None):
        batch = self.client.post("/_sandbox/send", {
            "url": f"http://127.0.0.1:{self.port}/in/store", "deliveries": deliveries, "rate": rate or self.options.rate, "concurrency": 16,
            "resend_after_ms": 200})["batch"]
        self.batches.append(batch)
        return batch

    def wait_answered(self, limit=120):
        for batch in self.batches:
            harness.wait_until(lambda b=batch: self.client.get(f"/_sandbox/deliveries?batch={b}&summary=1")["summary"]["pending"] == 0,
                               f"the answers of batch {batch}", limit)

    def answered(self):
        return all(self.client.get(f"/_sandbox/deliveries?batch={batch}&summary=1")["summary"]["pending"] == 0 for batch in self.batches)

    def wait_drained(self, limit=180):
        harness.wait_until(lambda: self.backlog() == 0, "the backlog to drain", limit)

    def backlog(self):
        return harness.read_store(self.data, "SELECT count(*) FROM pending")[0][0]

    def settle_down(self, limit=180):
        """All answered and, unless promises are broken on purpose, all ended; then the ledgers are compared."""
        self.wait_answered(limit)
        if self.lossy:
            time.sleep(3)  # what was never journalled never ends: wait for the rest only
        else:
            self.wait_drained(limit)
        return self.verdict()

    def verdict(self):
        for batch in self.batches:
            self.ledger.note_batch(batch)
        self.client.put("/_sandbox/switches", {"api": "gorgias", "search_lag_ms": 0})
        drained = not self.lossy
        return self.ledger.check(self.data, drained, *((self.shop(), self.desk()) if drained else ()))

    def shop(self):
        """Email and name of each customer as the shipped pipeline maps them."""
        found, page = {}, 1
        while True:
            rows = self.read(f"/stores/abc123/v3/customers?limit=250&page={page}", {"X-Auth-Token": SECRETS["token"]})["data"]
            found.update({str(row["id"]): (row["email"].lower(), " ".join(f"{row['first_name']} {row['last_name']}".split())) for row in rows})
            if not rows:
                return found
            page += 1

    def desk(self):
        """The same as it arrived. Of twins the newest: the ledger counts them by their creates."""
        found, cursor = {}, ""
        while cursor is not None:
            page = self.read(f"/api/customers?limit=100&order_by=created_datetime:asc&cursor={urllib.parse.quote(cursor)}",
                             {"Authorization": f"Bearer {SECRETS['key']}"})
            found.update({row["external_id"].rsplit("_", 1)[-1]: (row["email"], row["name"]) for row in page["data"] if row["external_id"]})
            cursor = page["meta"]["next_cursor"]
        return found

    def read(self, path, headers):
        status, _, answer = self.client.raw("GET", path, headers=headers)
        if status != 200:
            raise harness.HarnessError(f"GET {path} answered {status}: {answer[:400]!r}")
        return json.loads(answer)

    def close(self, keep):
        for process in (self.host, self.sandbox):
            if process and process.alive():
                process.kill()
        self.ledger.close()
        if keep:
            print(f"the files are in {self.folder}", file=sys.stderr)
        else:
            shutil.rmtree(self.folder, ignore_errors=True)


def try_rig(options, rig, run):
    """Whether the bar was met. The rig is closed; its files stay if the outcome is not the one that is asked for."""
    good = False
    try:
        good = run()
    except harness.HarnessError as error:
        # A control of the rig's own is red by the figures that it is about, not because something did not come to pass; and a host that
        # never came up has broken no promise.
        if options.expect_red and (options.break_ in BROKEN_HERE or not rig.starts):
            raise
        print(f"\n{error}", file=sys.stderr)
    finally:
        rig.close(keep=good == options.expect_red)
    return good


def conclude(options, good):
    """The exit code; of a control, the other way round."""
    if options.expect_red:
        print("the control is red, as it must be" if not good else "THE CONTROL IS GREEN: this rig proves nothing")
        good = not good
    return 0 if good else 1
