"""No secret is written anywhere: a distinct canary in every credential and header, remotes that say them back in every form, then a search
through everything that the host wrote or answers. The control turns the redaction off and must find some."""

import base64
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
import unittest
import urllib.parse

from rig import BIN, PLUGINS, ROOT, Rig, harness, sign

# With characters that JSON, URLs and base64 each write in their own way, but for what the shop does not admit.
TOKEN = "canary-token-0123456789abcd"
CLIENT = 'canary-client/+"q"\\=0123456789'
HEADER = "canary-header-0123456789abcdef"
KEY = 'canary-key/+"q"\\=0123456789'
# Of the sender: the host does not know them, and has no business keeping them.
SENT = {"Authorization": "Bearer canary-authorization-01", "Cookie": "session=canary-cookie-0123456", "X-Api-Key": "canary-api-key-012345",
        "Proxy-Authorization": "Basic canary-proxy-0123456", "X-Forwarded-Authorization": "canary-forwarded-01234"}
SENT_CANARIES = re.findall(r"canary-[a-z]+-[a-z0-9-]+", " ".join(SENT.values()))


def forms(secret):
    """Every way in which a remote may say a secret back."""
    yield secret
    yield urllib.parse.quote(secret, safe="")
    yield re.sub("%..", lambda m: m[0].lower(), urllib.parse.quote(secret, safe=""))
    yield json.dumps(secret)[1:-1]
    for offset in range(3):  # the part of base64 that no neighbour changes
        encoded = base64.b64encode(b"u" * offset + secret.encode()).decode()
        yield encoded[offset + 1 if offset else 0:-4]
        yield base64.urlsafe_b64encode(b"u" * offset + secret.encode()).decode()[offset + 1 if offset else 0:-4]


def echo(secrets):
    """An error body that repeats all of them."""
    said = {"plain": [], "url": [], "base64": []}
    for secret in secrets:
        said["plain"].append(secret)
        said["url"].append("https://x.example/?q=" + urllib.parse.quote(secret, safe=""))
        said["base64"] += [base64.b64encode(b"u" * n + secret.encode() + b"z").decode() for n in range(3)]
    return json.dumps({"error": {"msg": "not accepted", "seen": said}}) + " ".join(secrets)


class Canary(Rig):
    broken = None

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="tenon-canary-")
        self.addCleanup(self.clean_up)
        self.data = os.path.join(self.folder, "data")
        self.host = self.client = None
        self.sandbox = harness.Sandbox(
            BIN, "--access-token", TOKEN, "--client-secret", CLIENT, "--webhook-secret", HEADER, "--gorgias-email", "e2e@example.com",
            "--gorgias-key", KEY, log=os.path.join(self.folder, "sandbox.txt"))
        self.remote = self.sandbox.client
        self.env = {
            "BIGCOMMERCE_STORE_HASH": "abc123", "BIGCOMMERCE_API_KEY": TOKEN, "BIGCOMMERCE_CLIENT_SECRET": CLIENT,
            "BIGCOMMERCE_WEBHOOK_SECRET": HEADER, "BIGCOMMERCE_BASE_URL": self.sandbox.url, "GORGIAS_DOMAIN": "e2e",
            "GORGIAS_EMAIL": "e2e@example.com", "GORGIAS_API_KEY": KEY, "GORGIAS_BASE_URL": self.sandbox.url}
        if self.broken:
            self.env["TENON_BREAK"] = self.broken

    def send(self, body, identifier, secret=CLIENT, header=HEADER):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        now = str(int(time.time()))
        headers = {"Content-Type": "application/json", "webhook-id": identifier, "webhook-timestamp": now,
                   "webhook-signature": sign(secret, identifier, now, data), "x-tenon-webhook-secret": header, **SENT}
        return self.client.raw("POST", "/in/store", data, headers)[0]

    def ask(self, *arguments):
        done = subprocess.run([os.path.join(BIN, "tenon"), *arguments, "--data", self.data], capture_output=True, timeout=60)
        return done.stdout + done.stderr

    def run_job(self):
        """Deliveries, refusals, failures whose answers say every secret back, dead letters; returns what the host answers of them."""
        self.remote.post("/_sandbox/customers", {"count": 4, "first_id": 1})
        shop = desk = echo([TOKEN, CLIENT, HEADER, KEY])  # each also those that belong to the other
        self.start()
        self.assertEqual(self.send(self.thin(1), "msg_1"), 200)
        self.drained(1)
        self.remote.put("/_sandbox/switches", {"api": "gorgias", "fail": {"status": 400, "count": 1, "body": desk}})
        self.assertEqual(self.send(self.thin(2), "msg_2"), 200)
        self.drained(2)
        self.remote.put("/_sandbox/switches", {"api": "bigcommerce", "fail": {"status": 503, "count": 2, "body": shop}})
        self.assertEqual(self.send(self.thin(3), "msg_3"), 200)
        self.drained(3)
        self.remote.put("/_sandbox/switches", {"api": "bigcommerce", "fail": {"status": 401, "count": 1, "body": shop}})
        self.assertEqual(self.send(self.thin(4), "msg_4"), 200)
        self.assertEqual(self.send(b'{"scope":', "msg_5"), 200)
        self.assertEqual(self.send(self.thin(4), "msg_6", secret="another-secret-0123456789"), 401)
        self.assertEqual(self.send(self.thin(4), "msg_7", header="canary-forged-header-0123456"), 401)
        harness.wait_until(lambda: len(harness.read_store(self.data, "SELECT 1 FROM attempt WHERE outcome <> 'delivered'")) >= 4, "the failures")
        answers = {}
        listed = json.loads(self.ask("events", "list", "--json", "--limit", "100"))["events"]
        self.assertGreaterEqual(len(listed), 4)
        for event in listed:
            for form in ((), ("--json",)):
                answers[f"events show {event['seq']} {form}"] = self.ask("events", "show", str(event["seq"]), *form)
        for event in json.loads(self.ask("dead", "list", "--json"))["events"]:
            answers[f"dead show {event['seq']}"] = self.ask("dead", "show", str(event["seq"]), "--json")
        control = self.host.control()
        for path in ("/v1/status", "/v1/events", "/v1/dead"):
            answers[path] = control.raw("GET", path)[2]
        control.close()
        return answers

    def written(self):
        """Every file below the test's folder but the pretend remote's own."""
        files = {}
        for folder, _, names in os.walk(self.folder):
            for name in names:
                path = os.path.join(folder, name)
                if name != "sandbox.txt" and os.path.isfile(path):
                    with open(path, "rb") as file:
                        files[os.path.relpath(path, self.folder)] = file.read()
        return files

    @staticmethod
    def found_in(texts):
        hits = set()
        for secret in (TOKEN, CLIENT, HEADER, KEY, *SENT_CANARIES, "canary-forged-header-0123456"):
            for form in forms(secret):
                hits |= {(where, secret[:16]) for where, text in texts.items() if form.encode() in text}
        return hits


class NothingIsWritten(Canary):
    def test_of_a_job_with_failures(self):
        answers = self.run_job()
        self.assertEqual(self.found_in(answers), set())
        self.assertEqual(self.found_in(self.written()), set(), "while it runs: the log, the journal and its write-ahead log")
        self.assertTrue(any(b"[redacted]" in text for text in answers.values()), "the bodies were kept, without the secrets")
        self.assertEqual(self.host.stop(), 0)
        self.assertEqual(self.found_in(self.written()), set())

    def test_by_a_crash(self):
        with open(os.path.join(BIN, "tenon"), "rb") as binary:
            content = binary.read()
            if b"__asan_init" in content or b"__tsan_init" in content:
                self.skipTest("the sanitizer takes the signal itself and leaves memory readable for its own report")
        for number in (signal.SIGSEGV, signal.SIGABRT):
            self.start()
            with open(f"/proc/{self.host.pid}/limits", encoding="utf-8") as file:
                limits = dict(re.split(r"\s{2,}", line)[:2] for line in file.readlines()[1:])
            self.assertEqual(limits["Max core file size"], "0")
            before = set(os.listdir(os.getcwd()))
            self.host.process.send_signal(number)
            self.assertEqual(self.host.process.wait(20), -number)
            self.assertEqual([n for n in set(os.listdir(os.getcwd())) - before if n.startswith("core")], [])
            self.assertEqual(self.found_in(self.written()), set())

    def test_by_check_of_a_file_that_holds_them(self):
        path = os.path.join(self.folder, "pipeline.yaml")
        with open(os.path.join(ROOT, "pipelines", self.pipeline), encoding="utf-8") as shipped:
            text = shipped.read()
        self.assertIn('"${GORGIAS_API_KEY}"', text)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text.replace('"${GORGIAS_API_KEY}"', "canary-literal-0123456789"))
        for form in ((), ("--json",)):
            done = subprocess.run([os.path.join(BIN, "tenon"), "check", "--plugin-dir", PLUGINS, *form, path], capture_output=True, timeout=60,
                                  env={**self.env, "PATH": os.environ["PATH"]})
            self.assertEqual(done.returncode, 2)
            self.assertNotIn(b"canary-literal", done.stdout + done.stderr)


class TheControl(Canary):
    """Without the redaction the same search finds them: else it would show nothing."""
    broken = "show_secrets"

    def test_finds_what_was_said_back(self):
        answers = self.run_job()
        for secret in (TOKEN, CLIENT, HEADER, KEY):
            self.assertIn(secret[:16], {hit for _, hit in self.found_in(answers)})
        self.assertTrue(any("journal" in where for where, _ in self.found_in(self.written())))


if __name__ == "__main__":
    unittest.main()
