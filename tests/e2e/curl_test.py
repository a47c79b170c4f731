"""`show --curl`: its lines, pasted into shells, send what was recorded and do nothing else."""

import base64
import http.client
import http.server
import json
import os
import re
import sqlite3
import subprocess
import threading
import unittest
import urllib.parse

from rig import BIN, CLIENT_SECRET, HEADER_SECRET, Rig, harness

# The key looks otherwise in a URL, in a shell's line and in Basic auth; of letters that an address may have.
API_KEY = "gk+0123456789'abcdef"
SHOP_TOKEN = "bt0123456789abcdef"

HOSTILE = [
    "plain", '{"name":"it\'s"}', "$(touch pwned)", "`touch pwned`", '"; touch pwned; "', "'; touch pwned; '", "\\", "\\\\n\\'", "!!", "a!b'!'c",
    "line\nline\r\n\ttab", "\x1b]0;pwned\x07\x1b[2J", "nul\x00behind", "%s%n%%", "-n", "--data @/etc/passwd", "@/etc/passwd", "a=b&c=d", "\u202eevil", "\u0085",
    "\U0001f600 na\u00efve", " ", "\n", "ends\n", "#comment", "~", "*", "{a,b}[1-3]", "$HOME ${HOME}", "'" * 50, "\x7f", "\\012", "012\x012", "$'\\n'",
]


class Recorder(http.server.BaseHTTPRequestHandler):
    def take(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.seen.append((self.command, self.path, dict(self.headers.items()), body))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_PATCH = take

    def log_message(self, *_):
        pass


class Passing(Recorder):
    """Records what comes, and passes it on to the sandbox."""

    def take(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.seen.append((self.command, self.path, dict(self.headers.items()), body))
        there = http.client.HTTPConnection(self.server.sandbox.removeprefix("http://"), timeout=30)
        there.request(self.command, self.path, body, {name: value for name, value in self.headers.items() if name.lower() not in ("host", "content-length")})
        answer = there.getresponse()
        answered = answer.read()
        there.close()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("content-length", "transfer-encoding", "connection", "server", "date"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(answered)))
        self.end_headers()
        self.wfile.write(answered)

    do_GET = do_POST = do_PUT = take


def readings(text):
    """The text as it is, and what can be read out of it: percent and backslash escapes, base64."""
    texts = [text, urllib.parse.unquote_plus(text), urllib.parse.unquote(text), re.sub(r"\\([0-7]{3})", lambda m: chr(int(m.group(1), 8)), text), text.replace("\\", "")]
    for word in re.findall(r"[A-Za-z0-9+/_-]{8,}", text):
        for skipped in range(4):  # it may begin within a longer word
            piece = word[skipped:].replace("-", "+").replace("_", "/")
            texts.append(base64.b64decode(piece[:len(piece) // 4 * 4]).decode("latin-1"))
    return texts


class Curl(Rig):
    def setUp(self):
        super().setUp()
        self.remote_server = http.server.HTTPServer(("127.0.0.1", 0), Recorder)
        self.remote_server.seen = []
        threading.Thread(target=self.remote_server.serve_forever, daemon=True).start()
        self.addCleanup(self.remote_server.server_close)
        self.addCleanup(self.remote_server.shutdown)
        self.url = f"http://127.0.0.1:{self.remote_server.server_address[1]}"

    def record(self, exchanges):
        """A stopped host's store with one event of which that was said."""
        self.start()
        self.host.stop()
        store = sqlite3.connect(os.path.join(self.data, "journal.db"))
        store.execute("INSERT INTO event VALUES(1, 'msg_1', 'store', 'bigcommerce-gorgias', 'store/customer/created', '1', '{}', NULL, NULL, 1, 'live', 1, '{}')")
        store.execute("INSERT INTO ended VALUES(1, 'rejected', 'HTTP 400', 1, 1)")
        store.execute("INSERT INTO attempt VALUES(1048577, 'main', 1, 1, 2, 'rejected', 'invalid', 'HTTP 400', '', ?, 'v')", (json.dumps(exchanges),))
        store.commit()
        store.close()

    def show(self, *arguments):
        done = subprocess.run([os.path.join(BIN, "tenon"), *arguments, "--data", self.data], capture_output=True, text=True, timeout=60, cwd=self.folder)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_pasted_lines_send_what_was_recorded(self):
        exchanges = [{"method": "POST", "url": f"{self.url}/a/../b?x=[1]&y={{2}}", "request_headers": {"X-Note": "it's $(touch pwned) `id` !!", "Authorization": "[redacted]"},
                      "request_body": body, "status": 400, "response_headers": {}, "response_body": "no", "sent": "yes", "elapsed_ms": 1} for body in HOSTILE]
        exchanges.append({"method": "GET", "url": f"{self.url}/read", "request_headers": {"X-Tab": "a\tb"}, "elapsed_ms": 1})
        self.record(exchanges)
        said = json.loads(self.show("dead", "show", "1", "--curl", "--json"))["attempts_made"][0]["conversation"]
        lines = [exchange["curl"] for exchange in said]
        text = self.show("events", "show", "1", "--curl")
        self.assertIn("rejected (invalid), HTTP 400", text)
        self.assertIn("class       live", text)
        for line in lines:
            self.assertIn("      " + line + "\n", text)
            self.assertFalse(any(ord(c) < 32 or 127 <= ord(c) < 160 or c == "\u202e" for c in line), line)
        # As a script, and as somebody types it: an interactive shell has more that could expand.
        for shell in (["sh"], ["bash"], ["bash", "--norc", "--noprofile", "-i"]):
            self.remote_server.seen.clear()
            home = os.path.join(self.folder, "home")
            os.makedirs(home, exist_ok=True)
            subprocess.run(shell, input="\n".join(lines) + "\n", capture_output=True, text=True, timeout=120, cwd=home,
                           env={"PATH": os.environ["PATH"], "HOME": home}, start_new_session=True)
            self.assertEqual(len(self.remote_server.seen), len(lines), shell)
            for (method, path, headers, body), wanted in zip(self.remote_server.seen, exchanges):
                self.assertEqual(method, wanted["method"])
                self.assertEqual(self.url + path, wanted["url"])
                self.assertEqual(body, wanted.get("request_body", "").encode())
                for name, value in wanted["request_headers"].items():
                    self.assertEqual(headers[name], value)
                self.assertNotIn("Content-Type", headers)
            self.assertEqual([name for name in os.listdir(home) if "pwned" in name], [], shell)

    def test_a_real_dead_letter_tells_no_secret(self):
        self.remote.close()
        self.sandbox.kill()
        self.sandbox = harness.Sandbox(BIN, "--access-token", SHOP_TOKEN, "--client-secret", CLIENT_SECRET, "--webhook-secret", HEADER_SECRET,
                                       "--gorgias-email", "e2e@example.com", "--gorgias-key", API_KEY, log=os.path.join(self.folder, "sandbox.log"))
        self.remote = self.sandbox.client
        passing = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Passing)
        passing.seen, passing.sandbox = [], self.sandbox.url
        threading.Thread(target=passing.serve_forever, daemon=True).start()
        self.addCleanup(passing.server_close)
        self.addCleanup(passing.shutdown)
        url = f"http://127.0.0.1:{passing.server_address[1]}"
        self.env.update({"BIGCOMMERCE_API_KEY": SHOP_TOKEN, "GORGIAS_API_KEY": API_KEY, "BIGCOMMERCE_BASE_URL": url, "GORGIAS_BASE_URL": url})
        # Somebody put the one key into an address, by which the desk is searched, and the other token into a name.
        self.remote.post("/_sandbox/customers", {"customers": [{"id": 7, "email": f"{API_KEY}@example.com", "first_name": "O'Neil", "last_name": SHOP_TOKEN}]})
        self.remote.put("/_sandbox/switches", {"api": "gorgias", "fail": {"status": 422, "rate": 1.0, "method": "POST", "body": json.dumps({"error": API_KEY})}})
        self.start()
        self.post(self.thin(7), "msg_7")
        self.assertEqual(self.drained(1), {"rejected": 1})
        # The control: what was really sent carried them, in each of these ways.
        sent = list(passing.seen)
        fetch, post = [one for one in sent if "/stores/" in one[1]][0], [one for one in sent if one[0] == "POST"][0]
        basic = "Basic " + base64.b64encode(f"e2e@example.com:{API_KEY}".encode()).decode()
        self.assertEqual({name.lower(): value for name, value in fetch[2].items()}["x-auth-token"], SHOP_TOKEN)
        self.assertEqual({name.lower(): value for name, value in post[2].items()}["authorization"], basic)
        self.assertTrue([path for _, path, _, _ in sent if API_KEY in urllib.parse.unquote(path) and API_KEY not in path], "percent-encoded in a query")
        self.assertEqual(json.loads(post[3])["name"], f"O'Neil {SHOP_TOKEN}")
        self.assertIn(API_KEY.encode(), post[3])
        for text in (basic, post[3].decode(), *(path for _, path, _, _ in sent if "%2B" in path)):
            self.assertTrue(any(secret in each for each in readings(text) for secret in (API_KEY, SHOP_TOKEN)), "the search below would find it: " + text)
        text = self.show("dead", "show", "msg_7", "--curl")
        lines = [line.strip() for line in text.splitlines() if " --globoff " in line]
        self.assertEqual(len(lines), len(sent), text)
        said = json.loads(self.show("dead", "show", "msg_7", "--curl", "--json"))
        conversation = [one for attempt in said["attempts_made"] for one in attempt["conversation"]]
        self.assertEqual(sorted(lines), sorted(one["curl"] for one in conversation))
        # Beside what was said there is what the shop has of its customer, as the mapping saw it: data, not a credential that was used.
        for secret in (API_KEY, SHOP_TOKEN, CLIENT_SECRET, HEADER_SECRET):
            for each in readings("\n".join(line for line in text.splitlines() if not line.startswith("    fetched: "))) + readings(json.dumps(conversation)):
                self.assertNotIn(secret, each)
        # They run: the same requests, with a mark for each secret, and the remotes refuse them.
        passing.seen.clear()
        subprocess.run(["bash", "-e"], input="\n".join(lines) + "\n", capture_output=True, text=True, timeout=60, cwd=self.folder, check=True)
        self.assertEqual([one[0] for one in passing.seen], [one[0] for one in sent])
        for (_, path, headers, body), (_, wanted, _, _) in zip(passing.seen, sent):
            self.assertEqual(urllib.parse.urlsplit(path).path, urllib.parse.urlsplit(wanted).path)
            for each in readings(path + json.dumps(headers) + body.decode()):
                self.assertFalse(API_KEY in each or SHOP_TOKEN in each, each)
        self.assertEqual(json.loads([one for one in passing.seen if one[0] == "POST"][0][3])["name"], "O'Neil [redacted]")

    def test_what_the_record_does_not_hold_is_said(self):
        self.record([{"method": "POST", "url": self.url, "request_body": "x" * 10 + "… (the whole has 9000 bytes)", "elapsed_ms": 1}, {"left_out": 4}])
        self.assertIn("# the record holds the start of this body only\n", self.show("dead", "show", "1", "--curl"))
        self.assertIn("4 more that were not kept", self.show("dead", "show", "1"))


if __name__ == "__main__":
    unittest.main()
