"""`tenon forget` on a running and a stopped host: nothing of a key is left in any file; and what the retention options do."""

import json
import os
import subprocess
import unittest

from rig import BIN, PLUGINS, ROOT, Rig, harness


class Forget(Rig):
    def tenon(self, *arguments, code=0):
        done = subprocess.run([os.path.join(BIN, "tenon"), *arguments, "--data", self.data], capture_output=True, text=True, timeout=60,
                              env={**self.env, "PATH": os.environ["PATH"]}, cwd=self.folder)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        self.stderr = done.stderr
        return done.stdout

    def files_with(self, text):
        found = []
        for name in os.listdir(self.data):
            path = os.path.join(self.data, name)
            if os.path.isfile(path):
                with open(path, "rb") as file:
                    if text.encode() in file.read():
                        found.append(name)
        return found

    def deliver(self, *customers):
        for customer in customers:
            self.post(self.thin(customer), f"msg_{customer}")
        self.drained(len(customers))

    def test_on_a_running_host(self):
        self.remote.post("/_sandbox/customers", {"count": 5, "first_id": 71})
        self.start()
        self.deliver(71, 72, 73)
        self.assertNotEqual(self.files_with("customer72@example.com"), [])
        done = json.loads(self.tenon("forget", "--key", "72", "--json"))
        self.assertEqual(done, {"events": 1, "waiting": 0, "identities": 2, "scrubbed": True})
        self.assertEqual(self.files_with("customer72@example.com"), [])
        self.assertEqual(self.files_with("bigcommerce_72"), [])
        self.assertNotEqual(self.files_with("customer73@example.com"), [])
        self.tenon("events", "show", "msg_72", code=1)
        # Said again by the shop it is known; a new event of the key finds the one object at the sink.
        self.assertIn(b'"duplicate":true', self.post(self.thin(72), "msg_72")[1])
        self.post(self.thin(72), "msg_72_again")
        self.assertEqual(self.drained(3), {"delivered": 3})
        self.assertEqual(len(self.effects("customer.created")), 3)
        audit = harness.read_store(self.data, "SELECT subject FROM audit WHERE what = 'forgotten'")
        self.assertEqual(len(audit), 1)
        self.assertIn("key sha256:", audit[0][0])

    def test_what_waits_goes_when_it_has_ended(self):
        self.remote.post("/_sandbox/customers", {"count": 3, "first_id": 71})
        self.start()
        self.tenon("pause", "bigcommerce-gorgias")
        self.post(self.thin(71), "msg_71")
        self.assertEqual(json.loads(self.tenon("forget", "--key", "71", "--json"))["waiting"], 1)
        self.tenon("resume", "bigcommerce-gorgias")
        self.drained(1)
        # The next start's first turn of retention.
        self.host.stop()
        self.start()
        harness.wait_until(lambda: harness.read_store(self.data, "SELECT count(*) FROM event") == [(0,)], "the event to go")

    def test_on_a_stopped_host_and_what_is_refused(self):
        self.remote.post("/_sandbox/customers", {"count": 3, "first_id": 71})
        self.start()
        self.deliver(71, 72)
        self.tenon("forget", code=2)
        self.tenon("forget", "--key", "", code=2)
        self.tenon("forget", "--key", "k" * 100_000, code=2)
        self.tenon("forget", "--key", "71", "--nonsense", code=2)
        self.assertIn("0 events", self.tenon("forget", "--key", "a\nb\x1b[2J"))
        self.assertIn("0 events", self.tenon("forget", "--key", "71", "--connection", "nobody"))
        self.host.kill()
        self.assertIn("1 events and 2 identities forgotten", self.tenon("forget", "--key", "71", "--connection", "store", "--pipeline", "bigcommerce-gorgias"))
        self.assertIn("no host runs", self.stderr)
        self.assertEqual(self.files_with("customer71@example.com"), [])
        self.assertNotEqual(self.files_with("customer72@example.com"), [])
        os.rename(os.path.join(self.data, "journal.db"), os.path.join(self.folder, "away"))
        self.tenon("forget", "--key", "72", code=1)
        self.assertIn("no_host", self.stderr)

    def test_retention_is_the_operators(self):
        for wrong in (["--retention", "7"], ["--retention", "0s"], ["--retention-size", "5"], ["--retention-size", "0MiB"], ["--retention-size", "99999999999TiB"]):
            self.tenon("run", *wrong, "x.yaml", code=2)
        shown = self.tenon("run", "--print-config", "--retention-size", "20GiB")
        self.assertIn("20GiB", shown)
        self.assertIn("7d", shown)
        self.remote.post("/_sandbox/customers", {"count": 3, "first_id": 71})
        self.start()
        self.deliver(71)
        self.host.stop()
        self.host = harness.Tenon(BIN, PLUGINS, [os.path.join(ROOT, "pipelines", self.pipeline)], self.data, env=self.env,
                                  extra=["--retention", "1ms"], log=os.path.join(self.folder, "tenon.log"))
        harness.wait_until(lambda: harness.read_store(self.data, "SELECT count(*) FROM event") == [(0,)], "the event to go")


if __name__ == "__main__":
    unittest.main()
