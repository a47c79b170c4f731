"""`tenon replay`: stored events run once more on the running host, and a dry run that tells what that would change."""

import json
import os
import re
import sqlite3
import subprocess
import unittest

from progress_test import FILL, Terminal
from rig import BIN, ROOT, Rig, harness

NAME = "bigcommerce-gorgias"


class Replay(Rig):
    def tenon(self, *arguments, code=0):
        done = subprocess.run([os.path.join(BIN, "tenon"), *arguments, "--data", self.data], capture_output=True, text=True, timeout=120,
                              env={**self.env, "PATH": os.environ["PATH"]}, cwd=self.folder, stdin=subprocess.DEVNULL)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        self.stderr = done.stderr
        return done.stdout

    def replay(self, *arguments, code=0):
        return json.loads(self.tenon("replay", NAME, "--from", "1h", "--json", *arguments, code=code))

    def definition(self, *changes):
        """A copy of the shipped pipeline, changed."""
        with open(os.path.join(ROOT, "pipelines", self.pipeline), encoding="utf-8") as file:
            text = file.read()
        for before, after in changes:
            self.assertIn(before, text)
            text = text.replace(before, after)
        path = os.path.join(self.folder, "new.yaml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def deliver(self, count):
        self.remote.post("/_sandbox/customers", {"count": count, "first_id": 71})
        self.start()
        for customer in range(71, 71 + count):
            self.post(self.thin(customer), f"msg_{customer}")
        self.assertEqual(self.drained(count), {"delivered": count})

    def quiet(self):
        harness.wait_until(lambda: json.loads(self.tenon("status", "--json"))["waiting"] == 0, "all to end")

    def writes(self):
        """Requests to the desk that may have had an effect."""
        return [r for r in self.sandbox.all_requests() if r["method"] != "GET" and not r["path"].startswith("/_sandbox")]

    def test_what_was_delivered_takes_effect_once(self):
        self.deliver(5)
        done = self.replay("--yes")
        self.assertEqual((done["replayed"], done["refused"], done["left"], done["gone"]), (5, [], 0, 0))
        self.quiet()
        self.assertEqual(len(self.effects("customer.created")), 5)
        # The shop's objects have not changed since: nothing is written at all.
        self.assertEqual(len(self.writes()), 5)
        shown = self.tenon("events", "show", "msg_71")
        self.assertRegex(shown, r"replayed +\(delivered\)")
        self.assertIn("unchanged: this version was applied already", shown)
        self.assertEqual(self.replay("--yes", "--force")["replayed"], 5)
        self.quiet()
        self.assertEqual(len(self.effects("customer.created")), 5)
        self.assertEqual(len(self.writes()), 10)
        shown = self.tenon("events", "show", "msg_71")
        self.assertIn("forced: also over newer state", shown)
        self.assertIn("forced, though unchanged", shown)
        self.assertIn("5 queued again", self.tenon("replay", NAME, "--from", "1h", "--yes"))

    def test_a_dry_run_tells_the_differences_and_writes_nothing(self):
        self.deliver(5)
        before = len(self.writes())
        file = self.definition(("email: ${{ $lowercase(customer.email) }}", "email: ${{ $uppercase(customer.email) }}"))
        done = self.replay("--dry-run", "--with", file)
        self.assertEqual((done["events"], done["unchanged"], done["left"]), (5, 0, 0), done)
        self.assertEqual([(g["text"], g["events"]) for g in done["groups"]], [('main: "email": another string', 5), ], done)
        self.assertEqual(done["groups"][0]["example"]["id"], "msg_71")
        self.assertIn("customer71@example.com", done["groups"][0]["example"]["before"])
        self.assertIn("CUSTOMER71@EXAMPLE.COM", done["groups"][0]["example"]["after"])
        text = self.tenon("replay", NAME, "--from", "1h", "--dry-run", "--with", file)
        self.assertIn('5 events: main: "email": another string', text)
        file = self.definition(("trigger:\n", "trigger:\n  when: ${{ $number(event.keys.customer) > 72 }}\n"))
        done = self.replay("--dry-run", "--with", file)
        self.assertEqual([(g["events"], g["after"]) for g in done["groups"]], [(2, "skipped (trigger.when is false)")], done)
        self.assertEqual(len(self.writes()), before)
        # Without another file: then and now. The shop has changed since.
        self.remote.post("/_sandbox/customers", {"customers": [{"id": 71, "email": "new71@example.com", "first_name": "New", "last_name": "Name"}]})
        done = self.replay("--dry-run")
        self.assertEqual(done["events"], 5)
        told = {g["text"]: g["events"] for g in done["groups"]}
        self.assertEqual(told["main: was sent -> skipped (unchanged: this version was applied already)"], 4, told)
        self.assertEqual(told['main: "name": another string'], 1, told)
        self.assertIn({"action": "main", "what": "would update", "events": 1}, done["would"])
        self.assertEqual(len(self.writes()), before, "a dry run writes nothing")
        # What the file says is wrong is told as by `tenon check`.
        with open(file, "a", encoding="utf-8") as out:
            out.write("nonsense: 1\n")
        self.tenon("replay", NAME, "--from", "1h", "--dry-run", "--with", file, code=2)
        self.assertRegex(self.stderr, r"new\.yaml:\d+:1: error: .*nonsense")
        # The same file, applied, then replayed: the writes that were not sent are.
        file = self.definition(("email: ${{ $lowercase(customer.email) }}", "email: new.${{ $lowercase(customer.email) }}"))
        self.tenon("replay", NAME, "--from", "1h", "--with", file, "--yes", code=2)
        self.assertIn("tenon apply", self.stderr)

    def test_what_is_wrong_is_said(self):
        self.deliver(2)
        self.tenon("replay", "bigcommerce-gorgia", "--from", "1h", "--yes", code=1)
        self.assertIn("did you mean `bigcommerce-gorgias`?", self.stderr)
        self.tenon("replay", os.path.join(ROOT, "pipelines", self.pipeline), "--from", "1h", "--yes", code=1)
        self.assertIn("not its file", self.stderr)
        self.tenon("replay", NAME, code=2)
        self.tenon("replay", NAME, "--from", "yesterday", code=2)
        self.assertIn("--from: 'yesterday' is no time", self.stderr)
        self.tenon("replay", NAME, "--from", "1h", "--to", "2h", code=2)
        self.assertIn("is not before --to", self.stderr)
        self.tenon("replay", NAME, "--from", "2h", "--to", "1h", "--yes", code=1)
        self.assertIn("no_events", self.stderr)
        self.tenon("replay", NAME, "--from", "1h", code=2)
        self.assertIn("say --yes", self.stderr)
        # What retention or a forget took is told.
        self.tenon("forget", "--key", "71")
        self.assertEqual(self.replay("--yes")["gone"], 1)
        self.assertIn("up to 1 event of that time", self.stderr)
        self.quiet()
        self.tenon("pause", NAME)
        self.post(self.thin(71), "msg_waits")
        self.tenon("replay", NAME, "--from", "1h", "--yes", code=1)
        self.assertIn("not_running", self.stderr)
        self.assertIn("1 event of that time has not ended", self.stderr)
        self.assertEqual(self.replay("--dry-run")["open"], 1, "a look needs nobody to run")
        self.host.stop()
        self.tenon("replay", NAME, "--from", "1h", "--yes", code=1)
        self.assertIn("no_host", self.stderr)

    def test_ctrl_c_asks_for_no_more(self):
        count = 100_000
        self.start()
        self.host.stop()
        store = sqlite3.connect(os.path.join(self.data, "journal.db"), isolation_level=None)
        store.execute("BEGIN")
        store.execute(FILL, {"count": count})
        store.execute("INSERT INTO ended(seq, end, reason, attempts, ended_ms) SELECT seq, 'delivered', '', 1, received_ms FROM event")
        store.execute("COMMIT")
        store.close()
        self.start()
        terminal = Terminal("replay", NAME, "--from", "1h", "--yes", "--json", "--data", self.data, cwd=self.folder)
        bar = terminal.interrupt_at_bar()
        code, out = terminal.end()
        self.assertIsNotNone(bar, terminal.said)
        self.assertEqual(code, 130)
        done = json.loads(out)
        self.assertTrue(done["interrupted"])
        self.assertGreater(done["replayed"], 0)
        self.assertEqual(done["replayed"] + done["left"], count)
        self.assertEqual(harness.read_store(self.data, "SELECT count(*), count(DISTINCT seq) FROM audit WHERE what = 'replayed'"), [(done["replayed"],) * 2])
        self.assertLessEqual(harness.read_store(self.data, "SELECT count(*) FROM pending")[0][0], 2000)

    def test_a_person_is_asked(self):
        self.deliver(1)
        for answer, code in (("n", 1), ("y", 0)):
            terminal = Terminal("replay", NAME, "--from", "1h", "--data", self.data, cwd=self.folder)
            while "[y/N]" not in terminal.said and terminal.read():
                pass
            self.assertRegex(terminal.said, re.compile(rf"Run 1 event of {NAME}, received from .* again\?"))
            os.write(terminal.near, f"{answer}\n".encode())
            ended, out = terminal.end()
            self.assertEqual(ended, code, terminal.said)
            self.assertEqual(out, "1 queued again\n" if answer == "y" else "")


if __name__ == "__main__":
    unittest.main()
