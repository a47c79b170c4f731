#!/usr/bin/env python3
"""Bench B: thin events; fetch, find and create by the shipped connectors against tenon-sandbox. Prints figures only.

The pipeline is paused while the events come in, so what is measured is delivery: calls to both APIs a second, and the host's CPU per call.
Host and sandbox share this machine.
"""

import os
import shutil
import statistics
import tempfile
import time

from bench import ROOT, arguments, cpu_seconds, run

import harness

TOKEN, CLIENT, HEADER = "calls-token", "calls-client-secret-0123456789", "calls-header-secret-0123456789"
PIPELINE = "bigcommerce-gorgias"


class Bench:
    def __init__(self, options):
        self.options = options
        self.folder = tempfile.mkdtemp(prefix="tenon-calls-", dir=options.folder or None)
        self.sandbox = harness.Sandbox(options.bin, "--access-token", TOKEN, "--client-secret", CLIENT, "--webhook-secret", HEADER, "--gorgias-email",
                                       "calls@example.com", "--gorgias-key", "calls-key", "--bigcommerce-budget", "1000000/1", "--gorgias-budget",
                                       "1000000/1", "--no-request-log", log=os.path.join(self.folder, "sandbox.log"))
        self.client = self.sandbox.client
        self.data = os.path.join(self.folder, "data")
        self.host = harness.Tenon(options.bin, options.plugins, [os.path.join(ROOT, "pipelines", f"{PIPELINE}.yaml")], self.data, env={
            "BIGCOMMERCE_STORE_HASH": "abc123", "BIGCOMMERCE_API_KEY": TOKEN, "BIGCOMMERCE_CLIENT_SECRET": CLIENT,
            "BIGCOMMERCE_WEBHOOK_SECRET": HEADER, "BIGCOMMERCE_BASE_URL": self.sandbox.url, "GORGIAS_DOMAIN": "calls",
            "GORGIAS_EMAIL": "calls@example.com", "GORGIAS_API_KEY": "calls-key", "GORGIAS_BASE_URL": self.sandbox.url},
            log=os.path.join(self.folder, "tenon.log"))
        self.first = 1000

    def round(self):
        events = self.options.events
        self.host.control().post(f"/v1/pipelines/{PIPELINE}/pause")
        self.client.post("/_sandbox/customers", {"count": events, "first_id": self.first})
        deliveries = [{"id": f"msg_{n}", "scope": "store/customer/created", "customer_id": n} for n in range(self.first, self.first + events)]
        self.first += events
        batch = self.client.post("/_sandbox/send", {"url": f"{self.host.url}/in/store", "deliveries": deliveries, "concurrency": 32})["batch"]
        harness.wait_until(lambda: self.client.get(f"/_sandbox/deliveries?batch={batch}&summary=1")["summary"]["pending"] == 0, "the events to come in", 120)
        before = self.requests()
        cpu, started = cpu_seconds(self.host.pid), time.monotonic()
        self.host.control().post(f"/v1/pipelines/{PIPELINE}/resume")
        harness.wait_until(lambda: self.host.control().get("/v1/status")["waiting"] == 0, "the backlog to drain", 300, interval=0.02)
        seconds, cpu = time.monotonic() - started, cpu_seconds(self.host.pid) - cpu
        calls = self.requests() - before
        return {"events a second": events / seconds, "calls a second": calls / seconds, "calls per event": calls / events,
                "CPU per call, µs": cpu * 1e6 / calls, "CPU per event, µs": cpu * 1e6 / events}

    def requests(self):
        return sum(api["requests"] for name, api in self.client.get("/_sandbox/stats")["apis"].items() if name in ("bigcommerce", "gorgias"))

    def run(self):
        self.round()  # connections are made, budgets learnt
        rounds = [self.round() for _ in range(self.options.rounds)]
        ends = dict(harness.read_store(self.data, "SELECT end, count(*) FROM ended GROUP BY end"))
        if ends != {"delivered": self.options.events * (self.options.rounds + 1)}:
            raise harness.HarnessError(f"events ended otherwise than delivered: {ends}")
        print(f"bench B: thin event, fetch + find + create ({self.options.rounds} rounds of {self.options.events})")
        for name in rounds[0]:
            values = [r[name] for r in rounds]
            print(f"{name:44} median {statistics.median(values):9.2f}   range {min(values):.2f} .. {max(values):.2f}")

    def close(self):
        self.host.kill()
        self.sandbox.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


if __name__ == "__main__":
    run(Bench(arguments(__doc__, events=3000).parse_args()))
