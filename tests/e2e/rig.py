"""A sandbox and a host for one test class."""

import base64
import hashlib
import hmac
import json
import os
import shutil
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import harness  # noqa: E402

ROOT = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
BIN = os.environ.get("TENON_BIN", os.path.join(ROOT, "build", "bin"))
PLUGINS = os.environ.get("TENON_PLUGINS", os.path.join(ROOT, "build", "lib", "tenon"))
CLIENT_SECRET = "e2e-client-secret-0123456789"
HEADER_SECRET = "e2e-header-secret-0123456789"


def sign(secret, identifier, timestamp, body):
    """A Standard Webhooks v1 signature with a raw key (standardwebhooks.com, spec 1.0.0)."""
    text = f"{identifier}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(secret.encode(), text, hashlib.sha256).digest()).decode()


class Rig(unittest.TestCase):
    pipeline = "bigcommerce-gorgias.yaml"
    connection = "store"

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="tenon-e2e-")
        self.addCleanup(self.clean_up)
        self.data = os.path.join(self.folder, "data")
        self.host = None
        self.client = None
        self.sandbox = harness.Sandbox(
            BIN, "--access-token", "e2e-token", "--client-secret", CLIENT_SECRET, "--webhook-secret", HEADER_SECRET, "--gorgias-email",
            "e2e@example.com", "--gorgias-key", "e2e-key", "--gorgias-token", "e2e-key", "--bigcommerce-budget", "1000000/30", "--gorgias-budget", "1000000/20",
            log=os.path.join(self.folder, "sandbox.log"))
        self.remote = self.sandbox.client
        self.env = {
            "BIGCOMMERCE_STORE_HASH": "abc123", "BIGCOMMERCE_API_KEY": "e2e-token", "BIGCOMMERCE_CLIENT_SECRET": CLIENT_SECRET,
            "BIGCOMMERCE_WEBHOOK_SECRET": HEADER_SECRET, "BIGCOMMERCE_BASE_URL": self.sandbox.url, "GORGIAS_DOMAIN": "e2e",
            "GORGIAS_EMAIL": "e2e@example.com", "GORGIAS_API_KEY": "e2e-key", "GORGIAS_BASE_URL": self.sandbox.url}

    def clean_up(self):
        for client in (self.client, self.remote):
            if client:
                client.close()
        for process in (self.host, self.sandbox):
            if process and process.alive():
                process.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self, pipeline=None, extra=()):
        self.host = harness.Tenon(BIN, PLUGINS, [pipeline or os.path.join(ROOT, "pipelines", self.pipeline)], self.data, env=self.env, extra=extra,
                                  log=os.path.join(self.folder, "tenon.log"))
        if self.client:
            self.client.close()
        self.client = harness.Client(self.host.url)
        return self.host

    def post(self, body, identifier, secret=CLIENT_SECRET, header_secret=HEADER_SECRET, timestamp=None, path=None):
        """Sends one webhook as the shop would; returns (status, answer)."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        now = str(int(timestamp if timestamp is not None else time.time()))
        headers = {"Content-Type": "application/json", "webhook-id": identifier, "webhook-timestamp": now,
                   "webhook-signature": sign(secret, identifier, now, data)}
        if header_secret is not None:
            headers["x-tenon-webhook-secret"] = header_secret
        status, _, answer = self.client.raw("POST", path or f"/in/{self.connection}", data, headers)
        return status, answer

    def thin(self, customer, scope="store/customer/created"):
        return {"scope": scope, "store_id": "1025646", "data": {"type": "customer", "id": customer},
                "hash": "dd70c0976e06b67aaf671e73f49dcb79230ebf9d", "created_at": 1561479335, "producer": "stores/abc123"}

    def drained(self, count):
        """Waits until `count` events have ended; returns {end: number}."""
        def ends():
            rows = dict(harness.read_store(self.data, "SELECT end, count(*) FROM ended GROUP BY end"))
            return rows if sum(rows.values()) >= count else None
        return harness.wait_until(ends, f"{count} events to end", 30)

    def effects(self, kind):
        return [e for e in self.sandbox.all_effects() if e["kind"] == kind]
