#!/usr/bin/env python3
"""Pipelines swapped again and again while the sink is down: no acknowledged event is lost, no customer made twice, no reload hangs.

Events come in all the time. In each round the pipeline changes (every fifth time its lanes too, every seventh it is taken away and comes back),
while the sink hangs, answers 503, or works, in turns. With --break ack_early the host acknowledges before the commit and is killed in between:
the check must be red.
"""

import argparse
import collections
import os
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import harness  # noqa: E402

ROOT = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
SECRETS = {"token": "reload-token", "client": "reload-client-secret-0123456789", "header": "reload-header-secret-0123456789"}
SINKS = ({"hang": True}, {"hang": False, "fail": {"status": 503, "rate": 1.0}}, {"hang": False, "fail": {"status": 503, "rate": 0.0}})


class Rig:
    def __init__(self, options):
        self.options = options
        self.folder = tempfile.mkdtemp(prefix="tenon-reload-")
        self.data = os.path.join(self.folder, "data")
        self.pipelines = os.path.join(self.folder, "pipelines")
        os.mkdir(self.pipelines)
        with open(os.path.join(ROOT, "pipelines", "bigcommerce-gorgias.yaml"), encoding="utf-8") as source:
            text = source.read()
        self.text = text[:text.index("\ntests:")] + "\n"
        # Keeps the folder from being empty while the first is away.
        self.write("other.yaml", self.text.replace("name: bigcommerce-gorgias", "name: other").replace("  store:", "  second:")
                   .replace("connection: store", "connection: second"))
        self.write("first.yaml", self.text)
        self.sandbox = harness.Sandbox(
            options.bin, "--access-token", SECRETS["token"], "--client-secret", SECRETS["client"], "--webhook-secret", SECRETS["header"],
            "--gorgias-email", "reload@example.com", "--gorgias-key", "reload-desk-key", "--bigcommerce-budget", "1000000/30", "--gorgias-budget",
            "1000000/20", log=os.path.join(self.folder, "sandbox.log"))
        self.client = self.sandbox.client
        self.env = {
            "BIGCOMMERCE_STORE_HASH": "abc123", "BIGCOMMERCE_API_KEY": SECRETS["token"], "BIGCOMMERCE_CLIENT_SECRET": SECRETS["client"],
            "BIGCOMMERCE_WEBHOOK_SECRET": SECRETS["header"], "BIGCOMMERCE_BASE_URL": self.sandbox.url, "GORGIAS_DOMAIN": "reload",
            "GORGIAS_EMAIL": "reload@example.com", "GORGIAS_API_KEY": "reload-desk-key", "GORGIAS_BASE_URL": self.sandbox.url}
        if options.break_:
            self.env["TENON_BREAK"] = options.break_
        self.host = None
        self.start("127.0.0.1:0")
        self.next_customer = 1000
        self.took = []

    def start(self, listen):
        self.host = harness.Tenon(self.options.bin, self.options.plugins, [self.pipelines], self.data, env=self.env, listen=listen,
                                  log=os.path.join(self.folder, "tenon.log"))

    def write(self, name, text):
        path = os.path.join(self.pipelines, name)
        with open(path + ".new", "w", encoding="utf-8") as out:
            out.write(text)
        os.replace(path + ".new", path)

    def send(self, count):
        self.client.post("/_sandbox/customers", {"count": count, "first_id": self.next_customer})
        deliveries = [{"id": f"msg_{n}", "scope": "store/customer/created", "customer_id": n} for n in range(self.next_customer, self.next_customer + count)]
        self.next_customer += count
        return self.client.post("/_sandbox/send", {"url": f"{self.host.url}/in/store", "deliveries": deliveries, "rate": self.options.rate,
                                                   "concurrency": 16, "resend_after_ms": 200})["batch"]

    def apply(self):
        began = time.monotonic()
        ran = subprocess.run([os.path.join(self.options.bin, "tenon"), "apply", "--data", self.data], capture_output=True, text=True, timeout=60, check=False)
        self.took.append(time.monotonic() - began)
        if ran.returncode != 0:
            raise harness.HarnessError(f"tenon apply ended with {ran.returncode}: {ran.stderr}")

    def round(self, number):
        self.client.put("/_sandbox/switches", {"api": "gorgias", **SINKS[number % len(SINKS)]})
        batch = self.send(self.options.events)
        version = self.text.replace("  name: ${{ $trim(", f"  name: ${{{{ 'v{number} ' & $trim(")
        if number % 5 == 4:
            version += f"delivery: {{ order_by: \"${{{{ event.key & '{number}' }}}}\" }}\n"
        if number % 7 == 6:
            os.remove(os.path.join(self.pipelines, "first.yaml"))
            self.apply()
        self.write("first.yaml", version)
        self.apply()
        if self.options.break_:
            self.host.kill()
            self.start(f"127.0.0.1:{self.host.port}")
        return batch

    def run(self):
        batches = []
        for number in range(self.options.rounds):
            batches.append(self.round(number))
            print(f"\rround {number + 1}/{self.options.rounds}", end="", flush=True)
        print()
        self.client.put("/_sandbox/switches", {"api": "gorgias", **SINKS[-1]})
        for batch in batches:
            harness.wait_until(lambda b=batch: self.client.get(f"/_sandbox/deliveries?batch={b}&summary=1")["summary"]["pending"] == 0,
                               f"the answers of batch {batch}", 600, interval=0.2)
        with_open = [] if self.options.break_ else [0]
        if with_open:
            harness.wait_until(lambda: harness.read_store(self.data, "SELECT count(*) FROM pending")[0][0] == 0, "the backlog to drain", 900, interval=0.2)
        return self.check(batches, self.host.stop())

    def check(self, batches, code):
        acked = {d["id"] for batch in batches for d in self.client.get(f"/_sandbox/deliveries?batch={batch}")["deliveries"] if d["status"] == 200}
        created = collections.Counter(e["external_id"] for e in self.sandbox.all_effects() if e["kind"] == "customer.created")
        stored = {row[0] for row in harness.read_store(self.data, "SELECT delivery_id FROM dedupe")}
        ends = dict(harness.read_store(self.data, "SELECT end, count(*) FROM ended GROUP BY end"))
        lost = len(acked - stored) if self.options.break_ else len(acked) - sum(ends.get(end, 0) for end in ("delivered", "skipped"))
        twice = sum(1 for count in created.values() if count > 1)
        print(f"{len(self.took)} reloads, the slowest {max(self.took):.2f} s; acknowledged {len(acked)}, lost {lost}, customers {len(created)}, "
              f"made twice {twice}, ends {ends}, last exit {code}")
        return lost == 0 and twice == 0 and code == 0 and (self.options.break_ or len(created) == len(acked))

    def close(self):
        for process in (self.host, self.sandbox):
            if process and process.alive():
                process.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", default=os.path.join(ROOT, "build", "bin"))
    parser.add_argument("--plugins", default=os.path.join(ROOT, "build", "lib", "tenon"))
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--events", type=int, default=20, help="of each round")
    parser.add_argument("--rate", type=int, default=200)
    parser.add_argument("--break", dest="break_", default="", help="the host's TENON_BREAK")
    parser.add_argument("--expect-red", action="store_true")
    options = parser.parse_args()
    rig = Rig(options)
    try:
        good = rig.run()
    finally:
        rig.close()
    sys.exit(good == options.expect_red)


if __name__ == "__main__":
    main()
