"""Connections by OAuth 2.0 with the real binary: login, events across expiries and restarts, a hold and its end."""

import base64
import glob
import json
import os
import re
import subprocess
import unittest
import urllib.error
import urllib.parse
import urllib.request

from rig import BIN, PLUGINS, ROOT, Rig, harness

KEY = base64.b64encode(b"k" * 32).decode()
PIPELINE = os.path.join(ROOT, "pipelines", "oauth", "customers.yaml")


class OAuth(Rig):
    pipeline = "oauth/customers.yaml"

    def setUp(self):
        super().setUp()
        self.env.update({"GORGIAS_CLIENT_ID": "sandbox-client", "GORGIAS_CLIENT_SECRET": "sandbox-client-secret", "TENON_TOKEN_KEY": KEY})
        del self.env["GORGIAS_API_KEY"]
        self.remote.post("/_sandbox/customers", {"count": 200, "first_id": 1})

    def tenon(self, *arguments, code=0, env=None):
        """(stdout, stderr) of a verb that ends by itself."""
        done = subprocess.run([os.path.join(BIN, "tenon"), *arguments], capture_output=True, text=True, timeout=60,
                              env={"PATH": os.environ["PATH"], "HOME": self.folder, **self.env, **(env or {})})
        self.assertEqual(done.returncode, code, " ".join(arguments) + "\n" + done.stdout + done.stderr)
        return done.stdout, done.stderr

    def auth(self, verb, *arguments, **other):
        return self.tenon("auth", verb, *arguments, "--data", self.data, "--plugin-dir", PLUGINS, PIPELINE, **other)

    def begin_login(self, *arguments):
        """A login that waits, and the address that it prints."""
        process = subprocess.Popen([os.path.join(BIN, "tenon"), "auth", "login", "desk", *arguments, "--data", self.data, "--plugin-dir", PLUGINS,
                                    PIPELINE], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                   env={"PATH": os.environ["PATH"], "HOME": self.folder, **self.env})
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.kill)
        return process, process.stdout.readline().strip()

    def login(self):
        process, url = self.begin_login()
        with urllib.request.urlopen(url) as page:
            self.assertIn(b"tenon has the tokens of desk", page.read())
        self.assertEqual(process.wait(30), 0)

    def status(self, code=0):
        return json.loads(self.auth("status", "--json", code=code)[0])["tokens"][0]

    def send(self, first, last):
        for i in range(first, last + 1):
            self.assertEqual(self.post(self.thin(i), f"msg_{i}")[0], 200)

    def held(self):
        return [p for p in json.loads(self.tenon("status", "--json", "--data", self.data, code=1)[0])["pipelines"] if p["state"] == "held"]

    def test_login_deliver_across_expiries_and_a_restart(self):
        self.assertEqual(self.status(code=1)["state"], "none")
        self.remote.put("/_sandbox/oauth", {"expires_in": 1})
        self.login()
        harness.wait_until(lambda: self.status()["state"] == "expired", "the first token to expire")
        self.remote.put("/_sandbox/oauth", {"expires_in": 3600})
        self.start()
        self.send(1, 20)
        self.drained(20)
        self.assertEqual(self.status()["version"], 2)
        self.remote.put("/_sandbox/oauth", {"expire": True})  # a 401 to all at once
        self.host.stop()
        self.start()
        self.send(21, 60)
        self.drained(60)
        self.assertEqual(len(self.effects("customer.created")), 60)
        status = self.status()
        self.assertEqual((status["state"], status["version"], status["needs_reauth"]), ("valid", 3, False))
        shown = self.remote.get("/_sandbox/oauth")
        self.assertEqual((shown["refreshes"], shown["reuses"]), (2, 0))
        ends = {end for (end,) in harness.read_store(self.data, "SELECT DISTINCT end FROM ended")}
        self.assertEqual(len(ends), 1, ends)

    def test_a_connection_is_named_by_a_word_and_files_by_theirs(self):
        with open(PIPELINE, encoding="utf-8") as file:
            text = file.read()
        text = text[:text.index("\ntests:")] + "\n"
        second = text.replace("name: gorgias-oauth", "name: second").replace("  desk:", "  later:").replace("connection: desk", "connection: later")
        folder = os.path.join(self.folder, "pipelines")
        os.mkdir(folder)
        for name, content in (("first.yaml", text), ("second.yaml", second)):
            with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
                file.write(content)
        with open(os.path.join(self.folder, "tenon.yaml"), "w", encoding="utf-8") as file:
            file.write("tenon: 1\npipelines: [pipelines]\n")
        first = os.path.join(folder, "first.yaml")

        def told(*words, code=1):
            done = subprocess.run([os.path.join(BIN, "tenon"), "auth", "status", "--json", "--data", self.data, "--plugin-dir", PLUGINS, *words],
                                  capture_output=True, text=True, timeout=60, cwd=self.folder, env={"PATH": os.environ["PATH"], **self.env})
            self.assertEqual(done.returncode, code, f"{words}\n{done.stdout}{done.stderr}")
            self.stderr = done.stderr
            return [one["connection"] for one in json.loads(done.stdout)["tokens"]] if code != 2 else []
        self.assertEqual(told(), ["desk", "later"], "the files of tenon.yaml")
        self.assertEqual(told("later"), ["later"], "of these")
        self.assertEqual(told("--connection", "desk"), ["desk"])
        self.assertEqual(told("desk", "--connection", "desk"), ["desk"])
        self.assertEqual(told("pipelines"), ["desk", "later"], "a folder that is there")
        self.assertEqual(told(first), ["desk"])
        self.assertEqual(told(first, "pipelines/second.yaml"), ["desk", "later"])
        self.assertEqual(told("later", first, "pipelines/second.yaml"), ["later"])
        self.assertEqual(told(first, "pipelines/second.yaml", "later"), ["later"], "in any order")
        told("latr", code=2)
        self.assertIn("no connection is called `latr`; did you mean `later`?", self.stderr)
        told("later", first, code=2)
        self.assertIn("no connection is called `later`", self.stderr)
        told("store", code=2)
        self.assertIn("connection store has no `oauth2:`", self.stderr)
        for words in (("desk", "later"), ("desk", "--connection", "later"), (first, "desk", "later")):
            told(*words, code=2)
            self.assertIn("`desk`", self.stderr)
            self.assertIn("`later`", self.stderr)
        told("no/such", code=2)
        self.assertIn("no/such", self.stderr)
        self.assertNotIn("no connection is called", self.stderr)
        told("nothing.yml", code=2)
        self.assertNotIn("no connection is called", self.stderr)
        # What is there is a file, whatever a connection is called; the option says that the connection is meant.
        os.rename(first, os.path.join(self.folder, "later"))
        self.assertEqual(told("later"), ["desk"])
        self.assertEqual(told("--connection", "later"), ["later"])

    def test_a_refused_login_and_a_hold_that_a_login_ends(self):
        self.login()
        self.start()
        self.send(1, 3)
        self.drained(3)
        self.remote.put("/_sandbox/oauth", {"revoke": True})
        self.send(4, 10)
        harness.wait_until(lambda: json.loads(subprocess.run(
            [os.path.join(BIN, "tenon"), "status", "--json", "--data", self.data], capture_output=True, text=True, timeout=60,
            env=self.env).stdout)["pipelines"][0]["state"] == "held", "a hold")
        self.assertIn("desk: needs_reauth", self.held()[0]["reason"])
        status = self.status(code=1)
        self.assertEqual((status["state"], status["needs_reauth"]), ("needs_reauth", True))
        self.assertEqual(harness.read_store(self.data, "SELECT count(*) FROM ended")[0][0], 3, "no event ended")
        self.login()
        self.tenon("resume", "gorgias-oauth", "--data", self.data)
        self.drained(10)
        self.assertEqual(len(self.effects("customer.created")), 10)
        with open(os.path.join(self.folder, "tenon.log"), encoding="utf-8") as file:
            log = file.read()
        self.assertEqual(len(re.findall(r"pipeline_held", log)), 1)
        self.assertEqual(len(re.findall(r"has no token to send", log)), 1)

    def test_a_refused_reload_leaves_the_tokens_as_they_were(self):
        folder = os.path.join(self.folder, "pipelines")
        os.mkdir(folder)
        with open(PIPELINE, encoding="utf-8") as file:
            text = file.read()
        text = text[:text.index("\ntests:")] + "\n"
        secret = os.path.join(self.folder, "secret")
        with open(secret, "w", encoding="utf-8") as file:
            file.write("of nobody")
        os.chmod(secret, 0o600)
        wrong = text.replace('client_secret: "${GORGIAS_CLIENT_SECRET}"', f'client_secret: "${{file:{secret}}}"')
        second = text.replace("name: gorgias-oauth", "name: second").replace("  store:", "  shop:").replace("connection: store", "connection: shop").replace(
            "  desk:", "  later:").replace("connection: desk", "connection: later")
        self.assertNotIn(wrong, (text, second))

        def write(name, content):
            with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
                file.write(content)
        write("first.yaml", text)
        self.login()
        self.start(folder)
        self.send(1, 3)
        self.drained(3)
        # The one connection has another secret, the other one a file of tokens that nobody can read.
        write("first.yaml", wrong)
        write("second.yaml", second)
        with open(os.path.join(self.data, "tokens", "later"), "wb") as file:
            file.write(b"damaged")
        said = self.tenon("apply", "--data", self.data, code=2)[1]
        self.assertIn("later", said)
        self.remote.put("/_sandbox/oauth", {"expire": True})
        self.send(4, 10)
        self.drained(10)
        self.assertEqual(self.remote.get("/_sandbox/oauth")["refreshes"], 1, "by the secret that runs")
        # The control: once the other secret runs, no token is renewed.
        os.remove(os.path.join(folder, "second.yaml"))
        self.tenon("apply", "--data", self.data)
        self.remote.put("/_sandbox/oauth", {"expire": True})
        self.send(11, 11)
        harness.wait_until(lambda: "held" in self.tenon_status(), "a hold")

    def tenon_status(self):
        return subprocess.run([os.path.join(BIN, "tenon"), "status", "--data", self.data], capture_output=True, text=True, timeout=60, env=self.env,
                              check=False).stdout

    def test_no_token_is_written_anywhere_in_the_clear(self):
        self.login()
        self.start()
        self.remote.put("/_sandbox/oauth", {"expire": True})
        self.send(1, 3)
        self.drained(3)
        self.host.stop()
        looked = 0
        for path in glob.glob(self.folder + "/**", recursive=True) + glob.glob(self.folder + "/**/.*", recursive=True):
            if not os.path.isfile(path) or path.endswith("sandbox.log"):
                continue
            looked += 1
            with open(path, "rb") as file:
                data = file.read()
            for secret in (b"access_", b"refresh_", b"sandbox-client-secret", KEY.encode()):
                # The journal's own words are left: names of columns and members that begin so.
                found = re.findall(re.escape(secret) + (rb"\d+_[0-9a-f]{24}" if secret.endswith(b"_") else b""), data)
                self.assertEqual(found, [], path)
        self.assertGreaterEqual(looked, 3)
        tokens = os.path.join(self.data, "tokens", "desk")
        self.assertEqual((os.stat(tokens).st_mode & 0o777, os.stat(os.path.dirname(tokens)).st_mode & 0o777), (0o600, 0o700))

    def test_keys_and_files_are_refused_by_name_before_anything_runs(self):
        def refused(code, env=None):
            done = subprocess.run([os.path.join(BIN, "tenon"), "run", "--listen", "127.0.0.1:0", "--data", self.data, "--plugin-dir", PLUGINS, PIPELINE],
                                  capture_output=True, text=True, timeout=60, env={**self.env, **(env or {})})
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn(code, done.stderr)
            self.assertFalse(os.path.exists(os.path.join(self.data, "journal.db")), "the data directory was touched")
        refused("no key", {"TENON_TOKEN_KEY": ""})
        refused("32 bytes", {"TENON_TOKEN_KEY": "secret"})
        self.login()
        refused("another key", {"TENON_TOKEN_KEY": base64.b64encode(b"x" * 32).decode()})
        path = os.path.join(self.data, "tokens", "desk")
        with open(path, "rb") as file:
            good = file.read()
        for bad, said in ((good[:-1], "cut off"), (good[:40], "damaged"), (good.replace(b" 1 ", b" 2 ", 1), "format 2"), (b"", "no file of tokens")):
            with open(path, "wb") as file:
                file.write(bad)
            if said != "damaged":
                refused(said)
            else:
                refused("cut off")
            with open(path, "rb") as file:
                self.assertEqual(file.read(), bad, "it was left untouched")

    def test_the_key_may_come_from_a_file(self):
        def key_file(name, content, mode=0o600):
            path = os.path.join(self.folder, name)
            with open(path, "wb") as file:
                file.write(content)
            os.chmod(path, mode)
            return "--token-key-file", path
        right = key_file("right.key", KEY.encode() + b"\n")
        self.env["TENON_TOKEN_KEY"] = base64.b64encode(b"v" * 32).decode()  # the file wins
        process, url = self.begin_login(*right)
        with urllib.request.urlopen(url):
            pass
        self.assertEqual(process.wait(30), 0, process.stderr.read())
        path = os.path.join(self.data, "tokens", "desk")
        with open(path, "rb") as file:
            logged_in = file.read()
        other = base64.b64encode(b"x" * 32)
        for words, said in ((key_file("wrong.key", other), "was encrypted with another key"), ((), "was encrypted with another key"),
                            (key_file("short.key", b"secret"), "short.key: expected 32 bytes"), (key_file("open.key", KEY.encode(), 0o644), "chmod 600"),
                            (("--token-key-file", os.path.join(self.folder, "none.key")), "none.key")):
            with self.subTest(words=words):
                for verb in (("auth", "status"), ("auth", "login", "desk", "--timeout", "1s"), ("run", "--listen", "127.0.0.1:0")):
                    told = self.tenon(*verb, *words, "--data", self.data, "--plugin-dir", PLUGINS, PIPELINE, code=2)
                    self.assertIn(said, told[1])
                    self.assertNotIn(other.decode(), told[1])
                    self.assertEqual(told[0], "")
                with open(path, "rb") as file:
                    self.assertEqual(file.read(), logged_in, "it was left untouched")
                self.assertEqual(os.listdir(self.data), ["tokens"], "the data directory was touched")
        # The host reads them with it, and writes what it renews.
        self.start(extra=right)
        self.remote.put("/_sandbox/oauth", {"expire": True})
        self.send(1, 3)
        self.drained(3)
        self.assertEqual(len(self.effects("customer.created")), 3)
        status = json.loads(self.auth("status", "--json", *right)[0])["tokens"][0]
        self.assertEqual((status["state"], status["version"]), ("valid", 2))

    def test_what_a_login_refuses(self):
        for words, said in ((["dsk"], "did you mean `desk`?"), (["store"], "has no `oauth2:`")):
            self.assertIn(said, self.auth("login", *words, code=2)[1])
        self.assertIn("within 1s", self.auth("login", "desk", "--timeout", "1s", code=1)[1])
        self.remote.put("/_sandbox/oauth", {"refuse": "access_denied"})
        process, url = self.begin_login()
        with self.assertRaises(urllib.error.HTTPError):
            urllib.request.urlopen(url)
        self.assertEqual(process.wait(30), 1)
        self.assertIn("access_denied", process.stderr.read())
        self.remote.put("/_sandbox/oauth", {"refuse": None})
        # A stranger's request does not end it.
        process, url = self.begin_login()
        here = urllib.parse.unquote(re.search(r"redirect_uri=([^&]+)", url).group(1))
        for other in ("?code=abc&state=wrong", "?code=abc", "x"):
            with self.assertRaises(urllib.error.HTTPError):
                urllib.request.urlopen(here + other)
        with urllib.request.urlopen(url):
            pass
        self.assertEqual(process.wait(30), 0)
        self.assertEqual(self.status()["version"], 1)


if __name__ == "__main__":
    unittest.main()
