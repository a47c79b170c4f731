"""What an operator types: check, run, events, dead, version, and what goes wrong."""

import hashlib
import json
import os
import resource
import subprocess
import unittest

from rig import BIN, PLUGINS, ROOT, Rig, harness


class CommandLine(Rig):
    def tenon(self, *arguments, code=0):
        done = subprocess.run([os.path.join(BIN, "tenon"), *arguments], capture_output=True, text=True, timeout=60,
                              env={**self.env, "PATH": os.environ["PATH"]}, cwd=self.folder)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as out:
            out.write(text)
        return path

    def test_check_accepts_what_is_shipped(self):
        self.env["BIGCOMMERCE_API_KEY"] = "e2e-blueprint-key-0123456789"
        for name in sorted(os.listdir(os.path.join(ROOT, "pipelines"))):
            if name.endswith(".yaml"):
                self.tenon("check", "--plugin-dir", PLUGINS, os.path.join(ROOT, "pipelines", name))

    def test_check_names_the_place_and_the_nearest_name(self):
        with open(os.path.join(ROOT, "pipelines", "bigcommerce-gorgias.yaml"), encoding="utf-8") as shipped:
            text = shipped.read()
        path = self.write("bad.yaml", text.replace("trigger:", "triger:"))
        done = subprocess.run([os.path.join(BIN, "tenon"), "check", "--plugin-dir", PLUGINS, path], capture_output=True, text=True,
                              env={**self.env, "PATH": os.environ["PATH"]}, timeout=60)
        self.assertEqual(done.returncode, 2)
        self.assertRegex(done.stdout + done.stderr, r"bad\.yaml:\d+:1: error: .*triger.*trigger")

    def test_check_ends_with_2_on_warnings_only_if_strict(self):
        with open(os.path.join(ROOT, "pipelines", "bigcommerce-gorgias.yaml"), encoding="utf-8") as shipped:
            text = shipped.read()
        path = self.write("warned.yaml", text.replace("customer.first_name", "customer.frist_name"))
        told = json.loads(self.tenon("check", "--json", "--plugin-dir", PLUGINS, path))["diagnostics"]
        self.assertEqual([(d["severity"], d["code"]) for d in told], [("warning", "unknown_field")])
        self.tenon("check", "--strict", "--plugin-dir", PLUGINS, path, code=2)

    def test_a_bad_file_touches_no_data(self):
        self.start()
        self.host.stop()
        store = os.path.join(self.data, "journal.db")
        before = self.digest(store)
        path = self.write("bad.yaml", "tenon: 1\nname: x\nnonsense: true\n")
        self.tenon("run", "--data", self.data, "--plugin-dir", PLUGINS, "--listen", "127.0.0.1:0", path, code=2)
        self.assertEqual(self.digest(store), before)
        self.assertFalse(os.path.exists(os.path.join(self.folder, "fresh")))
        self.tenon("run", "--data", os.path.join(self.folder, "fresh"), "--plugin-dir", PLUGINS, path, code=2)
        self.assertFalse(os.path.exists(os.path.join(self.folder, "fresh")))

    def test_a_folder_of_pipelines_runs_as_one_host(self):
        self.env["BIGCOMMERCE_API_KEY"] = "e2e-blueprint-key-0123456789"
        out = self.tenon("check", "--plugin-dir", PLUGINS, os.path.join(ROOT, "pipelines"))
        self.assertIn("2 pipeline(s), 4 connection(s)", out)

    def refused(self, *files):
        """`tenon run` on these: exit 2 and a line that names the first; returns what it said."""
        done = subprocess.run([os.path.join(BIN, "tenon"), "run", "--data", self.data, "--plugin-dir", PLUGINS, "--listen", "127.0.0.1:0", *files],
                              capture_output=True, text=True, errors="replace", timeout=60, env={**self.env, "PATH": os.environ["PATH"]}, cwd=self.folder)
        self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
        self.assertIn(os.path.basename(files[0]), done.stderr)
        self.assertIn(": error: ", done.stderr)
        return done.stderr

    def test_forty_bad_files_at_a_restart_touch_no_byte_of_a_backlog(self):
        self.remote.put("/_sandbox/switches", {"api": "gorgias", "fail": {"status": 503, "rate": 1.0}})
        self.start()
        for customer in range(1, 4):
            self.assertEqual(self.post(self.thin(customer), f"msg_{customer}")[0], 200)
        self.host.stop()
        before = {name: self.digest(os.path.join(self.data, name)) for name in sorted(os.listdir(self.data))}
        self.assertIn("journal.db", before)
        folder = os.path.join(ROOT, "tests", "diagnostics")
        bad = [name for name in sorted(os.listdir(folder)) if name.endswith(".yaml") and not name.startswith(("good_", "warn_"))]
        self.assertGreaterEqual(len(bad), 40)
        for name in bad[:: len(bad) // 40][:40]:
            self.refused(os.path.join(folder, name))
            now = {each: self.digest(os.path.join(self.data, each)) for each in sorted(os.listdir(self.data))}
            self.assertEqual(now, before, name)

    def test_hostile_files_are_refused_soon_and_within_memory(self):
        aliases = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n" + "".join(f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 12))
        cases = {
            "bomb.yaml": aliases, "cycle.yaml": "&x\n- *x\n", "merge.yaml": "a: &a {b: c}\nd: {<<: *a}\n", "tag.yaml": "a: !!python/object:os.system x\n",
            "deep.yaml": "[" * 100_000, "deep_map.yaml": "{a: " * 100_000, "twice.yaml": "tenon: 1\ntenon: 1\n", "tab.yaml": "a:\n\tb: c\n",
            "nul.yaml": "a: b\x00c\n", "bom.yaml": "\ufefftenon: 1\n", "bell.yaml": "a: b\x07c\n", "cr.yaml": "a: b\rc: d\n", "large.yaml": "# " + "x" * 100_000_000}
        for name, text in cases.items():
            said = self.refused(self.write(name, text))
            self.assertLess(len(said), 100_000, name)
            if name != "large.yaml":
                self.assertRegex(said, name.replace(".", r"\.") + r":\d+:\d+: error: ")
        with open(os.path.join(BIN, "tenon"), "rb") as binary:
            # Its allocator keeps what was freed: 256 MiB by itself.
            kept = 256 * 1024 if b"__asan_init" in binary.read() else 0
        self.assertLess(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, 512 * 1024 + kept)

    @staticmethod
    def digest(path):
        with open(path, "rb") as file:
            return hashlib.sha256(file.read()).hexdigest()

    def test_a_second_host_on_one_store_is_refused(self):
        self.start()
        done = subprocess.run([os.path.join(BIN, "tenon"), "run", "--listen", "127.0.0.1:0", "--data", self.data, "--plugin-dir", PLUGINS,
                               os.path.join(ROOT, "pipelines", self.pipeline)], capture_output=True, text=True, timeout=10,
                              env={**self.env, "PATH": os.environ["PATH"]})
        self.assertEqual(done.returncode, 1)
        self.assertIn("store_locked", done.stdout + done.stderr)

    def test_events_and_dead_letters_can_be_listed_and_shown(self):
        self.remote.post("/_sandbox/customers", {"count": 1, "first_id": 32})
        self.start()
        self.post(self.thin(32), "msg_1")
        self.post(b"[]", "msg_2")
        self.drained(2)
        self.assertIn("msg_1", self.tenon("events", "list", "--data", self.data))
        listed = json.loads(self.tenon("events", "list", "--data", self.data, "--json", "--state", "delivered"))
        self.assertEqual([e["id"] for e in listed["events"]], ["msg_1"])
        shown = self.tenon("events", "show", "--data", self.data, "msg_1")
        self.assertIn("delivered", shown)
        self.assertIn("/api/customers", shown)
        for secret in self.env.values():
            if "secret" in secret or "token" in secret or "key" in secret:
                self.assertNotIn(secret, shown)
        dead = json.loads(self.tenon("dead", "list", "--data", self.data, "--json"))
        self.assertEqual(len(dead["events"]), 1)
        self.tenon("dead", "show", "--data", self.data, str(dead["events"][0]["seq"]))
        self.tenon("events", "show", "--data", self.data, "nothing", code=1)

    def test_a_pinned_plugin_must_be_the_one(self):
        shipped = os.path.join(ROOT, "pipelines", self.pipeline)
        digests = {name: self.digest(os.path.join(PLUGINS, name + ".so")) for name in ("bigcommerce", "gorgias")}
        pins = [word for name, digest in digests.items() for word in ("--pin", f"{name}=sha256:{digest}")]
        self.tenon("check", "--plugin-dir", PLUGINS, *pins, shipped)
        wrong = ["--pin", "gorgias=sha256:" + "0" * 64]
        done = subprocess.run([os.path.join(BIN, "tenon"), "check", "--plugin-dir", PLUGINS, *wrong, shipped], capture_output=True, text=True,
                              env={**self.env, "PATH": os.environ["PATH"]}, timeout=60, cwd=self.folder)
        self.assertEqual(done.returncode, 2)
        self.assertIn("plugin_pin_mismatch", done.stderr)
        self.assertIn("sha256:" + digests["gorgias"], done.stderr)
        self.tenon("check", "--plugin-dir", PLUGINS, "--pin", "gorgias=0123", shipped, code=2)
        self.tenon("check", "--plugin-dir", PLUGINS, "--pin", "nobody=sha256:" + "0" * 64, shipped, code=2)

    def test_an_env_file_that_others_read_is_refused(self):
        shipped = os.path.join(ROOT, "pipelines", self.pipeline)
        path = self.write("keys.env", "".join(f"{name}={value}\n" for name, value in self.env.items()))
        self.env = {}
        os.chmod(path, 0o644)
        done = subprocess.run([os.path.join(BIN, "tenon"), "check", "--plugin-dir", PLUGINS, "--env-file", path, shipped], capture_output=True,
                              text=True, env={"PATH": os.environ["PATH"]}, timeout=60)
        self.assertEqual(done.returncode, 2)
        self.assertIn(f"secret_exposed: {path}", done.stderr)
        self.assertIn(f"chmod 600 {path}", done.stderr)
        os.chmod(path, 0o600)
        self.tenon("check", "--plugin-dir", PLUGINS, "--env-file", path, shipped)

    def test_the_log_is_json_or_text_and_its_level_changes_while_it_runs(self):
        log = os.path.join(self.folder, "lines.log")
        self.host = harness.Tenon(BIN, PLUGINS, [os.path.join(ROOT, "pipelines", self.pipeline)], self.data, env=self.env, log=log,
                                  extra=["--log-format", "json", "--log-level", "error"])
        self.client = harness.Client(self.host.url)
        self.assertEqual(self.tenon("log-level", "--data", self.data).strip(), "error")
        self.assertEqual(self.post(self.thin(1), "msg_1", secret="another-secret-0123456789")[0], 401)
        self.assertEqual(json.loads(self.tenon("log-level", "debug", "--data", self.data, "--json")), {"level": "debug"})
        self.assertEqual(self.post(self.thin(1), "msg_2%0a", secret="another-secret-0123456789")[0] // 100, 4)
        for number in range(20):
            self.assertEqual(self.post(self.thin(1), f"msg_{number}", secret="another-secret-0123456789")[0], 401)
        self.tenon("log-level", "loud", "--data", self.data, code=2)
        self.host.stop()
        with open(log, encoding="utf-8") as file:
            lines = [json.loads(line) for line in file.read().splitlines()]
        refused = [line for line in lines if line.get("code") == "webhook_refused"]
        self.assertGreaterEqual(len(refused), 1, lines)
        self.assertLess(len(refused), 5, "repeats are counted, not written")
        self.assertTrue(any(line.get("repeats", 0) >= 18 for line in refused), refused)
        self.assertTrue(all({"time", "level", "message"} <= line.keys() for line in lines))

    def test_commands_say_when_no_host_runs(self):
        done = subprocess.run([os.path.join(BIN, "tenon"), "events", "list", "--data", self.data], capture_output=True, text=True, timeout=10)
        self.assertEqual(done.returncode, 1)
        self.assertIn("no host", done.stderr)

    def test_bad_arguments_are_bad_input(self):
        self.tenon("run", code=2)
        self.tenon("nonsense", code=2)
        self.assertIn("tenon ", self.tenon("version"))
        self.assertIn("version", json.loads(self.tenon("version", "--json")))

    def test_health_and_readiness(self):
        self.start()
        admin = harness.Client(self.host.admin_url)
        self.assertEqual(admin.raw("GET", "/healthz")[0], 200)
        self.assertEqual(admin.raw("GET", "/readyz")[0], 200)
        self.assertEqual(admin.raw("GET", "/v1/events")[0], 404)
        mode = os.stat(os.path.join(self.data, "control.sock")).st_mode & 0o777
        self.assertEqual(mode, 0o600)


if __name__ == "__main__":
    unittest.main()
