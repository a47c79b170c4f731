"""`tenon backup` under load, and what a restored host does: nothing that it does not know of makes a second object at the sink."""

import json
import os
import shutil
import sqlite3
import stat
import subprocess
import threading
import unittest

from rig import BIN, Rig, harness


class Backup(Rig):
    def tenon(self, *arguments, code=0, **more):
        done = subprocess.run([os.path.join(BIN, "tenon"), *arguments], capture_output=True, text=True, timeout=60, env={"PATH": os.environ["PATH"]}, cwd=self.folder,
                              **more)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        self.stderr = done.stderr
        return done.stdout

    def backup(self, name="copy.db", code=0):
        return self.tenon("backup", name, "--data", self.data, "--json", code=code)

    def restored(self, search_is_blind=False):
        """Backed up, gone on, restored, and the shop sends everything again; the number of objects that were made of twelve customers."""
        self.remote.post("/_sandbox/customers", {"count": 20, "first_id": 1})
        self.start()
        for customer in range(1, 6):
            self.post(self.thin(customer), f"msg_{customer}")
        self.drained(5)
        # Under load: events come in while it is copied.
        self.tenon("pause", "bigcommerce-gorgias", "--data", self.data)
        for customer in range(6, 9):
            self.post(self.thin(customer), f"msg_{customer}")
        said = json.loads(self.backup())
        self.tenon("resume", "bigcommerce-gorgias", "--data", self.data)
        for customer in range(9, 13):
            self.post(self.thin(customer), f"msg_{customer}")
        self.drained(12)
        copy = os.path.join(self.folder, "copy.db")
        self.assertEqual(said, {"file": "copy.db", "bytes": os.path.getsize(copy)})
        self.assertEqual(stat.S_IMODE(os.stat(copy).st_mode), 0o600)
        self.host.kill()
        shutil.rmtree(self.data)
        os.mkdir(self.data, 0o700)
        shutil.move(copy, os.path.join(self.data, "journal.db"))
        if search_is_blind:
            self.remote.put("/_sandbox/switches", {"api": "gorgias", "search_lag_ms": 3_600_000, "unique": False})
        self.start()
        # It was paused then, so it is now. Three waited at that moment, and were delivered since; they run again.
        self.tenon("resume", "bigcommerce-gorgias", "--data", self.data)
        self.assertEqual(self.drained(8), {"delivered": 8})
        # Four came in behind it; the shop sends them again, and what it had sent before too.
        answers = [self.post(self.thin(customer), f"msg_{customer}")[1] for customer in range(1, 13)]
        self.assertEqual([b'"duplicate":true' in answer for answer in answers], [True] * 8 + [False] * 4)
        self.post(self.thin(1), "msg_1_again")
        self.drained(13)
        self.assertEqual([row[0] for row in harness.read_store(self.data, "SELECT what FROM audit WHERE what = 'restored'")], ["restored"])

        return len(self.effects("customer.created"))

    def test_what_a_restored_host_does_not_know_makes_no_second_object(self):
        self.assertEqual(self.restored(), 12)

    def test_and_would_be_seen_if_it_did(self):
        self.assertGreater(self.restored(search_is_blind=True), 12)

    def test_copies_under_load_are_sound(self):
        self.start()
        self.tenon("pause", "bigcommerce-gorgias", "--data", self.data)
        stop = threading.Event()
        sent = []

        def send():
            while not stop.is_set():
                self.assertEqual(self.post(self.thin(len(sent)), f"msg_{len(sent)}")[0], 200)
                sent.append(1)

        sender = threading.Thread(target=send)
        sender.start()
        try:
            for turn in range(5):
                before = len(sent)
                self.backup(f"copy{turn}.db")
                store = sqlite3.connect(os.path.join(self.folder, f"copy{turn}.db"))
                self.assertEqual(store.execute("PRAGMA integrity_check").fetchall(), [("ok",)])
                self.assertGreaterEqual(store.execute("SELECT count(*) FROM event").fetchone()[0], before)
                self.assertEqual(store.execute("SELECT count(*) FROM event").fetchone(), store.execute("SELECT count(*) FROM pending").fetchone())
                store.close()
        finally:
            stop.set()
            sender.join()

    def test_what_is_no_place_is_refused_and_nothing_is_left(self):
        self.start()
        self.host.stop()
        self.backup()
        before = sorted(os.listdir(self.folder))
        for name in (".", "no/where.db", "/dev/full", os.path.join(self.data, "journal.db"), "copy.db/x"):
            self.backup(name, code=1)
            self.assertIn("file_failed", self.stderr)
        self.tenon("backup", "--data", self.data, code=2)
        self.tenon("backup", "x" * 5000, "--data", self.data, code=1)
        self.tenon("backup", "x.db", "--data", "nowhere", code=1)
        self.assertIn("store_missing", self.stderr)
        # A name that would draw on the terminal.
        shown = self.tenon("backup", "\x1b[2J.db", "--data", self.data)
        self.assertNotIn("\x1b", shown)
        os.remove(os.path.join(self.folder, "\x1b[2J.db"))
        self.assertEqual(sorted(os.listdir(self.folder)), before)
        # A pipe that nobody reads to the end is the reader's loss only.
        with open("/dev/full", "w", encoding="utf-8") as full:
            subprocess.run([os.path.join(BIN, "tenon"), "backup", "full.db", "--data", self.data], stdout=full, stderr=subprocess.DEVNULL, cwd=self.folder, timeout=60)
        self.assertTrue(os.path.exists(os.path.join(self.folder, "full.db")))


if __name__ == "__main__":
    unittest.main()
