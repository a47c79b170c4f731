#!/usr/bin/env python3
"""Kills the host at each of six points of a token's refresh, again and again. Needs a build with them: `cmake --preset faults`.

With grace at the provider no death may need a login. Without, only one between the provider's commit and ours may, with the events kept;
that it does is the control: a rig that kills nobody would not see it.
"""

import base64
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request

import load
from load import harness

PIPELINE = os.path.join(load.ROOT, "pipelines", "oauth", "customers.yaml")
HEADER = "token-refresh-header-secret"
#: Between the provider's commit and ours: single use without grace cannot be saved there.
WINDOW = {"oauth.request_sent", "oauth.answered", "oauth.before_commit"}
EVENTS = 3


def points_of_the_source():
    with open(os.path.join(load.ROOT, "core", "auth", "refresh.cpp"), encoding="utf-8") as source:
        return re.findall(r'TENON_CRASH_POINT\("(oauth\.[a-z_]+)"\)', source.read())


class Rig:
    """One point, many deaths, one store."""

    def __init__(self, options, grace):
        self.options = options
        self.grace = grace
        self.folder = tempfile.mkdtemp(prefix="tenon-refresh-")
        self.data = os.path.join(self.folder, "data")
        self.sandbox = harness.Sandbox(options.bin, "--webhook-secret", HEADER, "--bigcommerce-budget", "0", "--gorgias-budget", "0",
                                       log=os.path.join(self.folder, "sandbox.log"))
        self.remote = self.sandbox.client
        self.env = {
            "PATH": os.environ["PATH"], "BIGCOMMERCE_STORE_HASH": "abc123", "BIGCOMMERCE_API_KEY": "bc-token",
            "BIGCOMMERCE_CLIENT_SECRET": "bc-test-client-secret", "BIGCOMMERCE_WEBHOOK_SECRET": HEADER, "BIGCOMMERCE_BASE_URL": self.sandbox.url,
            "GORGIAS_DOMAIN": "fault", "GORGIAS_BASE_URL": self.sandbox.url, "GORGIAS_CLIENT_ID": "sandbox-client",
            "GORGIAS_CLIENT_SECRET": "sandbox-client-secret", "TENON_TOKEN_KEY": base64.b64encode(b"k" * 32).decode()}
        self.remote.put("/_sandbox/oauth", {"grace": 3600 if grace else 0})
        self.sent = 0
        self.host = None

    def tenon(self, *words):
        return subprocess.run([os.path.join(self.options.bin, "tenon"), *words], capture_output=True, text=True, timeout=60, env=self.env, check=False)

    def login(self):
        process = subprocess.Popen([os.path.join(self.options.bin, "tenon"), "auth", "login", "desk", "--data", self.data, "--plugin-dir",
                                    self.options.plugins, PIPELINE], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=self.env)
        urllib.request.urlopen(process.stdout.readline().strip()).read()
        process.stdout.close()
        if process.wait(30) != 0:
            raise harness.HarnessError("no login")

    def start(self, **env):
        self.host = harness.Tenon(self.options.bin, self.options.plugins, [PIPELINE], self.data, env={**self.env, **env},
                                  log=os.path.join(self.folder, "tenon.log"))

    def send(self):
        first = self.sent + 1
        self.sent += EVENTS
        self.remote.post("/_sandbox/customers", {"count": EVENTS, "first_id": first})
        self.remote.post("/_sandbox/send", {"url": self.host.url + "/in/store", "resend_after_ms": 100, "deliveries": [
            {"id": f"msg_{n}", "scope": "store/customer/created", "customer_id": n} for n in range(first, self.sent + 1)]})

    def ended(self):
        return harness.read_store(self.data, "SELECT count(*) FROM ended")[0][0]

    def needs_login(self):
        told = self.tenon("auth", "status", "--json", "--data", self.data, "--plugin-dir", self.options.plugins, PIPELINE)
        return json.loads(told.stdout)["tokens"][0]["needs_reauth"]

    def die_at(self, point):
        """One death there and the life after it; True if that needed a login."""
        self.remote.put("/_sandbox/oauth", {"expire": True})
        self.start(TENON_CRASH_AT=point)
        self.send()
        deadline = time.monotonic() + 30
        while self.host.alive():
            if time.monotonic() > deadline:
                raise harness.HarnessError(f"{point} was never passed\n{self.host.tail()}")
            time.sleep(0.01)
        self.host.kill()
        self.remote.put("/_sandbox/oauth", {"expire": True})
        self.start()
        # What was not acknowledged comes again; the port is another one.
        self.remote.post("/_sandbox/send", {"url": self.host.url + "/in/store", "deliveries": [
            {"id": f"msg_{n}", "scope": "store/customer/created", "customer_id": n} for n in range(self.sent - EVENTS + 1, self.sent + 1)]})
        manual = harness.wait_until(lambda: "done" if self.ended() >= self.sent else "login" if self.needs_login() else None, "an end", 60) == "login"
        if manual:
            if self.ended() >= self.sent:
                raise harness.HarnessError("events ended although there was no token")
            self.login()
            self.tenon("resume", "gorgias-oauth", "--data", self.data)
            harness.wait_until(lambda: self.ended() >= self.sent, "the events after a login", 60)
        self.host.stop()
        return manual

    def verdict(self):
        made = [e["external_id"] for e in self.sandbox.all_effects() if e["kind"] == "customer.created"]
        wanted = {f"bigcommerce_{n}" for n in range(1, self.sent + 1)}
        return set(made) == wanted and len(made) == len(wanted)

    def close(self):
        for process in (self.host, self.sandbox):
            if process and process.alive():
                process.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


def main():
    parser = load.arguments(__doc__, build="build-faults")
    parser.add_argument("--times", type=int, default=50, help="deaths at each point, with and without grace")
    options = parser.parse_args()
    points = points_of_the_source()
    good = len(points) == 6
    manual_in_window = 0
    for grace in (True, False):
        for point in points:
            rig = Rig(options, grace)
            try:
                rig.login()
                manual = sum(rig.die_at(point) for _ in range(options.times))
                whole = rig.verdict()
            finally:
                rig.close()
            allowed = not grace and point in WINDOW
            manual_in_window += manual if allowed else 0
            fine = whole and (allowed or manual == 0)
            good = good and fine
            print(f"grace {'yes' if grace else 'no':3} {point:22} deaths {options.times} logins {manual} events {rig.sent} "
                  f"{'each once' if whole else 'LOST OR TWICE'}{'' if fine else '  RED'}", flush=True)
    if manual_in_window == 0:
        print("THE CONTROL IS GREEN: no death fell between the provider's commit and ours")
    return 0 if good and manual_in_window > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
