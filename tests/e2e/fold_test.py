"""A burst for one customer: one fetch and one write, and what `events show` tells of it."""

import json
import os
import sqlite3
import subprocess

from rig import BIN, Rig

PIPELINE = "bigcommerce-gorgias"


class Fold(Rig):
    def tenon(self, *arguments):
        done = subprocess.run([os.path.join(BIN, "tenon"), *arguments, "--data", self.data], capture_output=True, text=True, timeout=60, cwd=self.folder)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_what_waited_is_one_run_and_its_record_names_all(self):
        self.remote.post("/_sandbox/customers", {"count": 1, "first_id": 101})
        self.start()
        self.tenon("pause", PIPELINE)
        scopes = ["created", "updated", "updated", "created", "updated"]
        for n, scope in enumerate(scopes):
            status, _ = self.post(self.thin(101, f"store/customer/{scope}"), f"msg_{n}")
            self.assertEqual(status, 200)
        self.tenon("resume", PIPELINE)
        self.assertEqual(self.drained(len(scopes)), {"delivered": 1, "superseded": 4})
        self.assertEqual(len(self.effects("customer.created")), 1)
        self.assertEqual(self.effects("customer.updated"), [])
        fetched = [each for each in self.sandbox.all_requests() if "/v3/customers" in each["path"]]
        self.assertEqual(len(fetched), 1)
        newest = self.tenon("events", "show", "msg_4")
        self.assertIn("folded, stands for 4: msg_0, msg_1, msg_2, msg_3 (", newest)
        self.assertIn("superseded, folded into msg_4, which is newer and comes to the same", self.tenon("events", "show", "msg_0"))

    def test_a_thousand_names_are_told_on_a_line_and_kept_all(self):
        self.start()
        self.host.stop()
        names = "stands for 999: " + ", ".join(f"msg_{n:024}" for n in range(999))
        store = sqlite3.connect(os.path.join(self.data, "journal.db"))
        store.execute(f"INSERT INTO event VALUES(1, 'msg', 'store', '{PIPELINE}', 'store/customer/created', '1', '{{}}', NULL, NULL, 1, 'live', 1, '{{}}')")
        store.execute("INSERT INTO ended VALUES(1, 'delivered', '', 1, 1)")
        store.execute("INSERT INTO attempt VALUES(1048577, '', 0, 1, 1, 'folded', '', ?, '', '', '')", (names,))
        store.commit()
        store.close()
        line = next(each for each in self.tenon("events", "show", "1").splitlines() if "stands for 999: " in each)
        self.assertLess(len(line), 360)
        shown = line.count("msg_")
        self.assertIn(f", and {999 - shown} more (--json names them)", line)
        self.assertEqual(json.loads(self.tenon("events", "show", "1", "--json"))["attempts_made"][0]["reason"], names)
