"""What takes long, through a terminal: it is shown how far it is, and Ctrl-C stops it at a good place. And without one: nothing is drawn."""

import errno
import json
import os
import pty
import re
import select
import sqlite3
import subprocess
import unittest

from rig import BIN, Rig, harness

FILL = """
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :count)
INSERT INTO event(seq, id, connection, pipeline, type, key, keys, received_ms, class, thin, data)
SELECT i, 'msg_' || i, 'store', 'bigcommerce-gorgias', 'store/customer/created', 'customer:' || i, '{}', CAST(strftime('%s', 'now') AS INTEGER) * 1000 - 200000 + i, 'live', 0, '{"id":' || i || '}' FROM n
"""
BAR = re.compile(r"\r\x1b\[K(?P<what>[a-z ]+) \[[#-]{24}\] [0-9,]+ of [0-9,]+, [0-9,]+/(s|min), [0-9]+ (s|min|h) left")


class Terminal:
    """A verb with a terminal for stderr; stdout is a pipe."""

    def __init__(self, *arguments, cwd):
        self.said = ""
        self.near, far = pty.openpty()
        # A session whose terminal this is: Ctrl-C comes as a signal, as it does to a person.
        self.process = subprocess.Popen(["setsid", "--ctty", "--wait", os.path.join(BIN, "tenon"), *arguments], stdin=far, stdout=subprocess.PIPE, stderr=far,
                                        cwd=cwd, env={"PATH": os.environ["PATH"], "TERM": "xterm"})
        os.close(far)

    def read(self):
        """False at the end."""
        try:
            if select.select([self.near], [], [], 0.1)[0]:
                piece = os.read(self.near, 65536).decode()
                self.said += piece
                return piece != ""
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            return False
        return True

    def interrupt_at_bar(self):
        """Ctrl-C as soon as the bar is there; gives the match, or nothing: it ended before."""
        while self.read():
            found = BAR.search(self.said)
            if found:
                os.write(self.near, b"\x03")
                return found
        return None

    def end(self):
        while self.read():
            pass
        out = self.process.stdout.read().decode()
        self.process.stdout.close()
        os.close(self.near)
        return self.process.wait(timeout=60), out


class Progress(Rig):
    def fill(self, count, dead):
        """A stopped host's store."""
        self.start()
        self.host.stop()
        store = sqlite3.connect(os.path.join(self.data, "journal.db"), isolation_level=None)
        store.execute("BEGIN")
        store.execute(FILL, {"count": count})
        store.execute("INSERT INTO ended(seq, end, reason, attempts, ended_ms) SELECT seq, ?, 'why', 1, received_ms FROM event",
                      ("rejected" if dead else "delivered",))
        store.execute("COMMIT")
        store.close()

    def counts(self):
        return tuple(harness.read_store(self.data, f"SELECT count(*) FROM {table}")[0][0] for table in ("pending", "ended"))

    def test_a_bulk_retry_is_shown_and_cancelled(self):
        count = 100_000
        self.fill(count, True)
        terminal = Terminal("dead", "retry", "--all", "--json", "--data", self.data, cwd=self.folder)
        bar = terminal.interrupt_at_bar()
        code, out = terminal.end()
        self.assertIsNotNone(bar, terminal.said)
        self.assertEqual(bar["what"], "dead letters")
        self.assertEqual(code, 130)
        done = json.loads(out)
        self.assertTrue(done["interrupted"])
        self.assertGreater(done["retried"], 0)
        self.assertEqual(done["retried"] + done["left"], count)
        # What was retried stays, each once; the rest is as it was.
        self.assertEqual(self.counts(), (done["retried"], done["left"]))
        self.assertEqual(harness.read_store(self.data, "SELECT count(*), count(DISTINCT seq) FROM audit WHERE what = 'requeued'"), [(done["retried"],) * 2])

    def test_a_long_list_is_shown_and_cancelled(self):
        self.fill(100_000, False)
        # Slow on purpose: some thousand steps for each event.
        terminal = Terminal("events", "list", "--where", "$sum([1..1500].($ * 2)) < 0", "--data", self.data, cwd=self.folder)
        bar = terminal.interrupt_at_bar()
        code, out = terminal.end()
        self.assertIsNotNone(bar, terminal.said)
        self.assertEqual(bar["what"], "events")
        self.assertEqual((code, out), (130, ""))
        self.assertRegex(terminal.said, r"looked at \d+ events until Ctrl-C; go on with --after \d+")

    def test_nothing_is_drawn_where_nobody_looks(self):
        self.fill(20_000, True)
        done = subprocess.run([os.path.join(BIN, "tenon"), "dead", "retry", "--all", "--data", self.data], capture_output=True, text=True, timeout=120,
                              cwd=self.folder, check=True)
        self.assertEqual(done.stdout, "20000 queued again\n")
        self.assertNotIn("\r", done.stderr)
        self.assertEqual(self.counts(), (20_000, 0))

    def test_where_on_a_stopped_and_on_a_running_host(self):
        self.fill(5000, False)

        def listed(*arguments, code=0):
            done = subprocess.run([os.path.join(BIN, "tenon"), "events", "list", "--data", self.data, *arguments], capture_output=True, text=True,
                                  timeout=60, cwd=self.folder, check=False)
            self.assertEqual(done.returncode, code, done.stderr)
            self.stderr = done.stderr
            return done.stdout

        for runs in (False, True):
            if runs:
                self.start()
            found = json.loads(listed("--json", "--where", "event.data.id % 1000 = 7 and state = 'delivered'"))
            self.assertEqual([e["seq"] for e in found["events"]], [4007, 3007, 2007, 1007, 7])
            self.assertEqual(found["looked"], 5000)
            self.assertNotIn("data", found["events"][0])
            page = json.loads(listed("--json", "--limit", "2", "--where", "event.data.id % 1000 = 7"))
            self.assertEqual(([e["seq"] for e in page["events"]], page["next_before"]), ([4007, 3007], 3007))
            self.assertEqual(json.loads(listed("--json", "--limit", "1", "--after", "3007", "--where", "event.data.id % 1000 = 7"))["events"][0]["seq"], 2007)
            few = json.loads(listed("--json", "--look", "100", "--where", "event.data.id = 7"))
            self.assertEqual((few["events"], few["next_before"]), ([], 5001 - few["looked"]), "a bound to the nearest turn of the journal")
            self.assertLess(few["looked"], 3000)
            listed("--where", "evnt.data.id = 7", code=2)
            self.assertIn("did you mean `event`?\n  evnt.data.id = 7\n  ^~~~", self.stderr)
            self.assertEqual(len(listed("--where", "$number(event.key) = 1", "--limit", "5").splitlines()), 0)
            self.assertIn("could not be evaluated for 5000 events", self.stderr)
            self.assertEqual(len(listed("--key", "customer:9").splitlines()), 1)


if __name__ == "__main__":
    unittest.main()
