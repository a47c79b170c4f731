"""A sandbox for one test class, and requests to it."""

import base64
import json
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import harness  # noqa: E402

ROOT = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
BIN = os.environ.get("TENON_BIN", os.path.join(ROOT, "build", "bin"))
TOKEN, KEY, BEARER, EMAIL = "test-shop-token", "test-desk-key", "test-desk-token", "agent@example.com"
CLIENT_SECRET, HEADER_SECRET = "test-client-secret-0123456789", "test-header-secret-0123456789"
SHOP = {"X-Auth-Token": TOKEN}
DESK = {"Authorization": "Basic " + base64.b64encode(f"{EMAIL}:{KEY}".encode()).decode()}
RECORDS = {"Authorization": f"Bearer {BEARER}"}
STORE = "/stores/abc123"


class Rig(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.sandbox = harness.Sandbox(
            BIN, "--access-token", TOKEN, "--client-secret", CLIENT_SECRET, "--webhook-secret", HEADER_SECRET, "--gorgias-email", EMAIL,
            "--gorgias-key", KEY, "--gorgias-token", BEARER, "--bigcommerce-budget", "0", "--gorgias-budget", "0")
        cls.client = cls.sandbox.client
        cls.addClassCleanup(cls.sandbox.kill)

    def setUp(self):
        self.client.post("/_sandbox/reset")

    def ask(self, method, path, body=None, headers=None):
        """(status, headers with lower-case names, body: JSON if it is JSON, else text)."""
        headers = dict(headers or {})
        data = body
        if body is not None and not isinstance(body, (bytes, str)):
            data = json.dumps(body)
            headers.setdefault("Content-Type", "application/json")
        status, got, answer = self.client.raw(method, path, data.encode() if isinstance(data, str) else data, headers)
        got = {name.lower(): value for name, value in got.items()}
        text = answer.decode()
        return status, got, json.loads(text) if got.get("content-type") == "application/json" else text

    def shop(self, method, path, body=None):
        return self.ask(method, STORE + path, body, SHOP)

    def desk(self, method, path, body=None):
        return self.ask(method, "/api" + path, body, DESK)

    def record(self, method, path="", body=None, **headers):
        return self.ask(method, "/v1/records" + path, body, {**RECORDS, **{k.replace("_", "-"): v for k, v in headers.items()}})

    def effects(self, kind=None):
        return [e for e in self.sandbox.all_effects() if kind in (None, e["kind"])]
