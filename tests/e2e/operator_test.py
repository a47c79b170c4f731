"""What an operator does with a running and a stopped host: status, pause, hold, resume, dead retry."""

import json
import os
import signal
import subprocess
import unittest

from rig import BIN, ROOT, Rig, harness


class Operator(Rig):
    def tenon(self, *arguments, code=0):
        done = subprocess.run([os.path.join(BIN, "tenon"), *arguments, "--data", self.data], capture_output=True, text=True, timeout=60,
                              env={**self.env, "PATH": os.environ["PATH"]}, cwd=self.folder)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        self.stderr = done.stderr
        return done.stdout

    def status(self, code=0):
        return json.loads(self.tenon("status", "--json", code=code))

    def pipeline_state(self, code=0):
        return {p["name"]: p["state"] for p in self.status(code)["pipelines"]}["bigcommerce-gorgias"]

    def customers(self, count, first=1):
        self.remote.post("/_sandbox/customers", {"count": count, "first_id": first})

    def test_a_pause_outlives_a_kill(self):
        self.customers(3)
        self.start()
        self.assertIn("paused", self.tenon("pause", "bigcommerce-gorgias"))
        self.post(self.thin(1), "msg_1")
        self.host.kill()
        self.assertEqual(self.pipeline_state(), "paused")
        self.assertIn("no host runs", self.stderr)
        self.start()
        self.post(self.thin(2), "msg_2")
        self.assertEqual(self.pipeline_state(), "paused")
        self.assertEqual(self.status()["waiting"], 2)
        self.assertEqual(self.effects("customer.created"), [])
        self.tenon("resume", "bigcommerce-gorgias")
        self.assertEqual(self.drained(2), {"delivered": 2})
        self.assertEqual(len(self.effects("customer.created")), 2)
        self.tenon("pause", "nobody", code=1)

    def test_a_hold_after_401_is_ended_by_resume_and_all_arrive_once(self):
        self.customers(10)
        self.remote.put("/_sandbox/switches", {"api": "gorgias", "fail": {"status": 401, "rate": 1.0}})
        self.start()
        self.post(self.thin(1), "msg_1")
        harness.wait_until(lambda: harness.read_store(self.data, "SELECT mode FROM pipeline_state") == [("held",)], "the hold")
        for customer in range(2, 11):
            self.post(self.thin(customer), f"msg_{customer}")
        self.assertEqual(self.pipeline_state(code=1), "held")
        self.host.kill()
        self.start()
        self.assertEqual(self.pipeline_state(code=1), "held")
        self.remote.put("/_sandbox/switches", {"api": "gorgias", "fail": {"status": 401, "rate": 0.0}})
        self.tenon("resume", "bigcommerce-gorgias")
        self.assertEqual(self.drained(10), {"delivered": 10})
        self.assertEqual(len(self.effects("customer.created")), 10)
        with open(os.path.join(self.folder, "tenon.log"), encoding="utf-8") as log:
            self.assertEqual(log.read().count("pipeline_held"), 1)

    def test_dead_letters_are_retried_each_once(self):
        count = 600
        self.customers(count)
        self.customers(1, first=5000)
        self.start()
        # One that arrives first, so that the account's budget is known: injected answers do not tell it.
        self.post(self.thin(5000), "msg_first")
        self.assertEqual(self.drained(1), {"delivered": 1})
        self.remote.put("/_sandbox/switches", {"api": "gorgias", "fail": {"status": 400, "rate": 1.0}})
        for customer in range(1, count + 1):
            self.post(self.thin(customer), f"msg_{customer}")
        self.assertEqual(self.drained(count + 1), {"delivered": 1, "rejected": count})
        self.post(b"[]", "msg_bad")
        groups = json.loads(self.tenon("dead", "list", "--group-by", "status", "--json"))["groups"]
        self.assertEqual({g["name"]: g["count"] for g in groups}, {"400": count, "-": 1})
        self.remote.put("/_sandbox/switches", {"api": "gorgias", "fail": {"status": 400, "rate": 0.0}})
        self.assertIn("1 queued again", self.tenon("dead", "retry", "msg_7"))
        self.host.kill()
        # On the files of a stopped host, and what is left on the running one.
        self.assertIn("2 queued again", self.tenon("dead", "retry", "msg_8", "msg_9"))
        self.start()
        done = json.loads(self.tenon("dead", "retry", "--all", "--json"))
        self.assertEqual(done["retried"], count - 3)
        self.assertEqual([r["error"] for r in done["refused"]], ["malformed_event"])
        harness.wait_until(lambda: self.status()["waiting"] == 0, "all to end", 60)
        self.assertEqual(len(self.effects("customer.created")), count + 1)
        self.assertEqual(self.status()["dead"], 1)
        self.assertIn("requeued", self.tenon("events", "show", "msg_7"))
        self.tenon("dead", "retry", "msg_7", code=1)
        self.tenon("dead", "retry", code=2)

    def test_a_retry_on_a_running_host_is_cancelled_and_goes_on(self):
        count = 300
        self.customers(count + 1)
        self.start()
        self.post(self.thin(count + 1), "msg_first")
        self.drained(1)
        self.remote.put("/_sandbox/switches", {"api": "gorgias", "fail": {"status": 400, "rate": 1.0}})
        for customer in range(1, count + 1):
            self.post(self.thin(customer), f"msg_{customer}")
        self.assertEqual(self.drained(count + 1), {"delivered": 1, "rejected": count})
        self.remote.put("/_sandbox/switches", {"api": "gorgias", "fail": {"status": 400, "rate": 0.0}})
        requeued = lambda: harness.read_store(self.data, "SELECT seq FROM audit WHERE what = 'requeued' ORDER BY id")
        for text in (True, False):
            before = len(requeued())
            verb = subprocess.Popen([os.path.join(BIN, "tenon"), "dead", "retry", "--all", "--data", self.data, *([] if text else ["--json"])], cwd=self.folder,
                                    stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={"PATH": os.environ["PATH"]})
            self.addCleanup(verb.kill)
            harness.wait_until(lambda b=before: len(requeued()) >= b + 8, "the retry to begin")
            verb.send_signal(signal.SIGINT)
            said, complaint = verb.communicate(timeout=60)
            self.assertEqual(verb.returncode, 130, said + complaint)
            retried = len(requeued()) - before
            left = count - before - retried
            self.assertGreater(left, 0, "the retry was over before it was cancelled")
            if text:
                self.assertEqual(said, f"{retried} queued again, {left} left as they were: Ctrl-C\n")
            else:
                self.assertEqual({name: json.loads(said)[name] for name in ("retried", "interrupted", "left")},
                                 {"retried": retried, "interrupted": True, "left": left})
            harness.wait_until(lambda: self.status()["waiting"] == 0, "all to end", 60)
            # Those that were queued ran, the oldest first; the others are as they were.
            ends = dict(harness.read_store(self.data, "SELECT end, count(*) FROM ended GROUP BY end"))
            self.assertEqual(ends, {"delivered": 1 + before + retried, "rejected": left})
            self.assertEqual(len(self.effects("customer.created")), 1 + before + retried)
            oldest = harness.read_store(self.data, "SELECT min(seq) FROM ended WHERE end = 'rejected'")[0][0]
            self.assertTrue(all(seq < oldest for (seq,) in requeued()))
        self.assertEqual(json.loads(self.tenon("dead", "retry", "--all", "--json"))["retried"], left)
        harness.wait_until(lambda: self.status()["waiting"] == 0, "all to end", 60)
        self.assertEqual(len(self.effects("customer.created")), count + 1, "each once")

    def test_a_retry_takes_what_it_is_told_and_no_more(self):
        self.customers(6)
        self.start()
        self.post(self.thin(6), "msg_first")
        self.drained(1)
        self.remote.put("/_sandbox/switches", {"api": "gorgias", "fail": {"status": 400, "rate": 1.0}})
        for customer in range(1, 6):
            self.post(self.thin(customer), f"msg_{customer}")
        self.drained(6)
        self.remote.put("/_sandbox/switches", {"api": "gorgias", "fail": {"status": 400, "rate": 0.0}})
        retried = lambda *which: json.loads(self.tenon("dead", "retry", "--json", *which))["retried"]
        self.assertEqual(retried("--until", "2020-01-01"), 0)
        self.assertEqual(retried("--reason", "HTTP 503"), 0)
        self.assertEqual(retried("--connection", "nobody"), 0)
        self.assertEqual(retried("--where", "$number(event.keys.customer) > 3"), 2)
        self.assertEqual(retried("--key", "2", "--reason", "HTTP 400", "--since", "1h"), 1)
        self.assertEqual(self.drained(6), {"delivered": 4, "rejected": 2})
        for wrong in (["--where", "evnt.key"], ["--where", "event.key"], ["--since", "soon"], ["--since", "x" * 1024], ["--all", "msg_1"], ["--until", "\x1b[2J"]):
            self.tenon("dead", "retry", *wrong, code=2)
            self.assertNotIn("\x1b", self.stderr)
        self.assertEqual(retried("--key", "a\nb\x1b"), 0)
        self.tenon("dead", "retry", "--key", "k" * 100_000, code=2)
        self.assertEqual(self.status()["dead"], 2)
        self.assertEqual(retried("--all"), 2)

    def test_a_dead_letter_holds_up_its_key_until_it_is_skipped(self):
        with open(os.path.join(ROOT, "pipelines", self.pipeline), encoding="utf-8") as file:
            text = file.read()
        path = os.path.join(self.folder, "blocking.yaml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text + "\ndelivery: { on_exhausted: block_key }\n")
        self.customers(2)
        self.start(path)
        self.remote.put("/_sandbox/switches", {"api": "gorgias", "fail": {"status": 400, "rate": 1.0}})
        self.post(self.thin(1), "msg_1")
        self.assertEqual(self.drained(1), {"rejected": 1})
        self.remote.put("/_sandbox/switches", {"api": "gorgias", "fail": {"status": 400, "rate": 0.0}})
        self.post(self.thin(1), "msg_2")
        self.post(self.thin(2), "msg_3")
        self.assertEqual(self.drained(2), {"rejected": 1, "delivered": 1})
        # The next process knows it from the store.
        self.host.kill()
        self.start(path)
        self.post(self.thin(2), "msg_4")
        self.drained(3)
        status = self.status()
        self.assertEqual((status["waiting"], status["pipelines"][0]["blocked_lanes"]), (1, 1))
        self.assertIn("1 skipped", self.tenon("dead", "skip", "msg_1"))
        self.drained(4)
        self.assertIn("delivered", self.tenon("events", "show", "msg_2"))
        self.assertIn("skipped by an operator", self.tenon("events", "show", "msg_1"))
        self.assertEqual(self.status()["pipelines"][0]["blocked_lanes"], 0)
        self.tenon("dead", "skip", "msg_1", code=1)
        self.tenon("dead", "skip", code=2)
        with open(os.path.join(self.folder, "tenon.log"), encoding="utf-8") as log:
            self.assertEqual(log.read().count("key_blocked"), 1)

    def test_a_stopped_host_is_read_from_its_files(self):
        self.customers(1)
        self.start()
        self.post(self.thin(1), "msg_1")
        self.drained(1)
        self.host.stop()
        store = os.path.join(self.data, "journal.db")
        with open(store, "rb") as file:
            before = file.read()
        self.assertIn("msg_1", self.tenon("events", "list"))
        self.assertIn("no host runs", self.stderr)
        self.assertIn("delivered", self.tenon("events", "show", "msg_1"))
        self.assertFalse(self.status()["host_runs"])
        self.tenon("events", "list", "--since", "1h", "--until", "2020-01-01")
        self.tenon("events", "list", "--since", "yesterday", code=2)
        with open(store, "rb") as file:
            self.assertEqual(file.read(), before)
        with open(store, "wb") as file:
            file.write(b"nonsense")
        self.tenon("events", "list", code=1)
        self.assertIn("store_corrupt", self.stderr)


if __name__ == "__main__":
    unittest.main()
