"""Plugins that attack their host, in the real process: whatever they do, what was acknowledged is delivered or in quarantine once the host
was started again, and one line says which plugin it was, and at what."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import harness  # noqa: E402

BIN = os.environ["TENON_BIN"]
ZOO = os.environ["TENON_ZOO"]
PIPELINE = """
tenon: 1
name: evil
connections:
  zoo: { connector: evil, token: "${ZOO_TOKEN}", verify: none, i_understand_unauthenticated: true }
trigger: { connection: zoo, events: [thing] }
actions:
  note: { connection: zoo, operation: post_note, mapping: { do: "${{ event.data.do }}" } }
"""


class Host:
    """A host that may die at any time, also before it is ready."""

    def __init__(self, folder, data, number, env):
        self.out = os.path.join(folder, f"out.{number}")
        self.err = os.path.join(folder, f"err.{number}")
        with open(self.out, "wb") as out, open(self.err, "wb") as err:
            self.process = subprocess.Popen(
                [os.path.join(BIN, "tenon"), "run", "--listen", "127.0.0.1:0", "--data", data, "--plugin-dir", os.path.join(folder, "plugins"),
                 os.path.join(folder, "evil.yaml")], stdin=subprocess.DEVNULL, stdout=out, stderr=err, cwd=folder,
                env={"PATH": os.environ["PATH"], "ZOO_TOKEN": "zoo-token-0123456789", **env})

    def text(self, path):
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def url(self):
        """Where it listens, or nothing: it has died."""
        def said():
            if self.process.poll() is not None:
                return "dead"
            found = re.match(r"ready ingress=(\S+)", self.text(self.out))
            return found and found[1]
        return harness.wait_until(said, "the host to be ready")

    def dead(self):
        return self.process.poll() is not None


class Evil(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="tenon-evil-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.data = os.path.join(self.folder, "data")
        plugins = os.path.join(self.folder, "plugins")
        os.mkdir(plugins, 0o755)
        shutil.copy(os.path.join(ZOO, "evil.so"), plugins)
        with open(os.path.join(self.folder, "evil.yaml"), "w", encoding="utf-8") as file:
            file.write(PIPELINE)
        self.hosts = []
        self.env = {}
        self.addCleanup(self.end)

    def end(self):
        for host in self.hosts:
            if not host.dead():
                host.process.kill()
            host.process.wait()

    def start(self):
        self.hosts.append(Host(self.folder, self.data, len(self.hosts), self.env))
        return self.hosts[-1]

    def post(self, url, key, what):
        """True if it was acknowledged."""
        client = harness.Client(url)
        try:
            return client.raw("POST", "/in/zoo", json.dumps({"key": key, "do": what}).encode(), {"Content-Type": "application/json"})[0] == 200
        except OSError:
            return False
        finally:
            client.close()

    def ends(self):
        return dict(harness.read_store(self.data, "SELECT key, coalesce(end, '') FROM event LEFT JOIN ended USING (seq)"))

    def send_all(self, host, what):
        """Good ones around a bad one; those that were acknowledged."""
        url = host.url()
        names = [("good1", "good"), ("good2", "good"), ("bad", what), ("good3", "good"), ("good4", "good")]
        return [key for key, do in names if self.post(url, key, do)]

    def ended(self, keys):
        def all_ended():
            ends = self.ends()
            return ends if all(ends.get(key) for key in keys) else None
        return harness.wait_until(all_ended, "all to end", 60)

    def dies_three_times(self, what, how):
        host = self.start()
        acknowledged = self.send_all(host, what)
        # It may die of it before the answer is out.
        self.assertIn("bad", self.ends())
        deaths = 0
        while deaths < 5:
            harness.wait_until(lambda: self.hosts[-1].dead() or self.ends().get("bad"), "an end of the host or of the event", 60)
            if not self.hosts[-1].dead():
                break
            deaths += 1
            self.assertNotEqual(self.hosts[-1].process.returncode, 0, "a supervisor must see that something was wrong")
            log = self.hosts[-1].text(self.hosts[-1].err)
            if what != "loop":
                lines = [line for line in log.splitlines() if "error plugin_crashed: " in line]
                self.assertEqual(len(lines), 1, log)
                self.assertIn('doing="evil deliver"', lines[0])
                self.assertIn(f'how="{how}"', lines[0])
            else:
                lines = [line for line in log.splitlines() if "executor_stuck" in line]
                self.assertEqual(len(lines), 1, log)
                self.assertIn('doing="evil deliver"', lines[0])
            self.start()
        self.assertEqual(deaths, 3)
        ends = self.ended(acknowledged)
        self.assertEqual(ends.pop("bad"), "rejected")
        self.assertEqual({ends[key] for key in acknowledged if key != "bad"}, {"delivered"})
        reason = harness.read_store(self.data, "SELECT reason FROM ended WHERE end = 'rejected'")[0][0]
        self.assertRegex(reason, "^crash_suspect: the host ended 3 times while it ran: .* in evil deliver")
        self.assertIn("crash_suspect", self.hosts[-1].text(self.hosts[-1].err))
        # The host that left it alone serves.
        url = self.hosts[-1].url()
        self.assertTrue(self.post(url, "later", "good"))
        self.assertEqual(self.ended(["later"])["later"], "delivered")

    def test_segfault(self):
        self.dies_three_times("segfault", "SIGSEGV")

    def test_abort(self):
        self.dies_three_times("abort", "SIGABRT")

    def test_stack_overflow(self):
        self.dies_three_times("overflow", "SIGSEGV")

    def test_an_exception_where_none_may_pass(self):
        self.dies_three_times("terminate", "SIGABRT")

    def test_exit(self):
        self.dies_three_times("exit", "exit")

    def test_exit_without_handlers(self):
        self.dies_three_times("_exit", "_exit")

    def test_closed_descriptors(self):
        with open(os.path.join(BIN, "tenon"), "rb") as program:
            if b"__tsan_init" in program.read():
                self.skipTest("it tells each close as the race with other threads that it is, and until the plugin is back those run into it")
        self.dies_three_times("close", "close")

    def test_a_loop_is_ended_by_the_watchdog(self):
        self.env = {"TENON_WATCHDOG_MS": "4000"}
        self.dies_three_times("loop", "stuck")

    def lives(self, what):
        host = self.start()
        acknowledged = self.send_all(host, what)
        self.assertEqual(len(acknowledged), 5)
        ends = self.ended(acknowledged)
        self.assertFalse(host.dead())
        return host, ends

    def test_a_fork_leaves_one_host(self):
        for what in ("fork", "rawfork"):
            with self.subTest(what=what):
                shutil.rmtree(self.data, ignore_errors=True)
                host, ends = self.lives(what)
                self.assertEqual(set(ends.values()), {"delivered"})
                said = harness.wait_until(lambda: "plugin_crashed" in host.text(host.err) and host.text(host.err), "the copy's end")
                self.assertIn('a plugin made a copy of the process; the copy was ended, the host goes on doing="evil deliver"', said)
                # The copy tells first and ends then.
                harness.wait_until(lambda: not subprocess.run(["pgrep", "-P", str(host.process.pid)], capture_output=True, check=False).stdout,
                                   "the copy to be gone")
                attempts = harness.read_store(self.data, "SELECT count(*) FROM attempt")[0][0]
                self.assertEqual(attempts, 5, "the copy did nothing")
                host.process.terminate()
                self.assertEqual(host.process.wait(timeout=30), 0)

    def test_what_is_printed_is_not_the_hosts_word(self):
        host, ends = self.lives("print")
        self.assertEqual(set(ends.values()), {"delivered"})
        self.assertEqual(len(host.text(host.out).splitlines()), 1)
        self.assertIn("evil.test", host.text(host.err))

    def test_blocked_signals_do_not_keep_it_alive(self):
        host, ends = self.lives("mask")
        self.assertEqual(set(ends.values()), {"delivered"})
        host.process.send_signal(signal.SIGTERM)
        self.assertEqual(host.process.wait(timeout=30), 0)

    def test_an_exception_is_an_outcome(self):
        _, ends = self.lives("throw")
        self.assertEqual(ends.pop("bad"), "rejected")
        self.assertEqual(set(ends.values()), {"delivered"})
        self.assertEqual(harness.read_store(self.data, "SELECT reason FROM ended WHERE end = 'rejected'"), [("deliver threw: not in the mood",)])

    def test_a_host_that_was_killed_counts_nothing(self):
        """The next start says where it was, and tries again."""
        host = self.start()
        self.send_all(host, "kill")
        # It may die of it before the answer is out.
        self.assertIn("bad", self.ends())
        for _ in range(4):
            harness.wait_until(self.hosts[-1].dead, "the end", 60)
            self.start()
        self.assertEqual(self.ends()["bad"], "")
        self.assertIn('the last run ended inside of a plugin or mapping doing="evil deliver"', self.hosts[1].text(self.hosts[1].err))


if __name__ == "__main__":
    unittest.main()
