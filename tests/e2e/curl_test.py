"""`show --curl`: its lines, pasted into shells, send what was recorded and do nothing else."""

import http.server
import json
import os
import sqlite3
import subprocess
import threading
import unittest

from rig import BIN, Rig

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

    def test_what_the_record_does_not_hold_is_said(self):
        self.record([{"method": "POST", "url": self.url, "request_body": "x" * 10 + "… (the whole has 9000 bytes)", "elapsed_ms": 1}, {"left_out": 4}])
        self.assertIn("# the record holds the start of this body only\n", self.show("dead", "show", "1", "--curl"))
        self.assertIn("4 more that were not kept", self.show("dead", "show", "1"))


if __name__ == "__main__":
    unittest.main()
