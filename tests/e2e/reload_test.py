"""Pipelines swapped while the host runs: `tenon apply` and SIGHUP, against the real binary."""

import base64
import json
import os
import re
import signal
import subprocess
import unittest

import rig

import harness


class Reload(rig.Rig):
    def setUp(self):
        super().setUp()
        self.pipelines = os.path.join(self.folder, "pipelines")
        os.mkdir(self.pipelines)
        with open(os.path.join(rig.ROOT, "pipelines", "bigcommerce-gorgias.yaml"), encoding="utf-8") as source:
            text = source.read()
        self.text = text[:text.index("\ntests:")] + "\n"
        self.first = self.write("first.yaml", self.text)
        self.next = 1
        self.start(self.pipelines)

    def write(self, name, text):
        path = os.path.join(self.pipelines, name)
        with open(path + ".new", "w", encoding="utf-8") as out:
            out.write(text)
        os.replace(path + ".new", path)
        return path

    def other(self):
        """The same pipeline with a connection of its own."""
        return self.text.replace("name: bigcommerce-gorgias", "name: other").replace("  store:", "  second:").replace("connection: store", "connection: second")

    def named(self, prefix):
        """A version of its own: what it writes tells which."""
        return self.text.replace("  name: ${{ $trim(", f"  name: ${{{{ '{prefix}' & $trim(")

    def apply(self, *arguments, code=0):
        ran = subprocess.run([os.path.join(rig.BIN, "tenon"), "apply", "--data", self.data, *arguments], capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(ran.returncode, code, ran.stderr + ran.stdout)
        return ran

    def control(self, path):
        client = self.host.control()
        try:
            return client.get(path)
        finally:
            client.close()

    def versions(self):
        return {p["name"]: p.get("version") for p in self.control("/v1/status")["pipelines"]}

    def customers(self, count):
        first, self.next = self.next, self.next + count
        self.remote.post("/_sandbox/customers", {"count": count, "first_id": first})
        return range(first, first + count)

    def send(self, customers, **options):
        return self.remote.post("/_sandbox/send", {"url": f"{self.host.url}/in/store", "concurrency": 8, "resend_after_ms": 200, "deliveries": [
            {"id": f"msg_{n}", "scope": "store/customer/created", "customer_id": n} for n in customers], **options})["batch"]

    def accepted(self, batch):
        def answered():
            summary = self.remote.get(f"/_sandbox/deliveries?batch={batch}&summary=1")["summary"]
            return summary["pending"] == 0
        harness.wait_until(answered, "all webhooks to be answered")

    def idle(self):
        harness.wait_until(lambda: self.control("/v1/status")["waiting"] == 0, "the backlog to drain", 60)

    def created(self):
        return self.effects("customer.created")

    def event(self, customer):
        status, answer = self.post(self.thin(customer), f"event-{customer}")
        self.assertEqual(status, 200, answer)

    def test_under_load_nothing_is_lost_and_nothing_done_twice(self):
        self.remote.put("/_sandbox/switches", {"api": "gorgias", "latency_ms": 20})
        customers = self.customers(120)
        batch = self.send(customers, rate=200)
        seen = set()
        for n in range(8):
            self.write("first.yaml", self.named(f"v{n} "))
            answer = json.loads(self.apply("--json").stdout)
            self.assertEqual([p["change"] for p in answer["pipelines"]], ["changed"])
            seen.add(self.versions()["bigcommerce-gorgias"])
        self.assertEqual(len(seen), 8)
        self.accepted(batch)
        self.idle()
        ends = dict(harness.read_store(self.data, "SELECT end, count(*) FROM ended GROUP BY end"))
        self.assertEqual(ends, {"delivered": 120})
        self.assertEqual(len(self.created()), 120)
        last = self.customers(1)[0]
        self.event(last)
        self.idle()
        attempts = self.control(f"/v1/events/event-{last}")["attempts_made"]
        self.assertEqual([a["version"] for a in attempts], [self.versions()["bigcommerce-gorgias"]])
        ran_under = {row[0] for row in harness.read_store(self.data, "SELECT DISTINCT version FROM attempts")}
        self.assertGreater(len(ran_under), 1, "some under one version, some under another")
        account = base64.b64encode(b"e2e@example.com:e2e-key").decode()
        _, _, found = self.remote.raw("GET", f"/api/customers?external_id=bigcommerce_{last}", None, {"Authorization": f"Basic {account}"})
        self.assertTrue(json.loads(found)["data"][0]["name"].startswith("v7 "), found)

    def test_a_bad_file_leaves_the_old_one(self):
        before = self.versions()
        self.write("first.yaml", self.text.replace("customer.email", "custmer.email"))
        refused = self.apply(code=2)
        self.assertRegex(refused.stderr, r"first\.yaml:\d+:\d+: error: .*custmer")
        told = json.loads(self.apply("--json", code=2).stdout)
        self.assertEqual(told["error"], "reload_refused")
        self.host.process.send_signal(signal.SIGHUP)
        log = os.path.join(self.folder, "tenon.log")

        def logged():
            with open(log, encoding="utf-8") as lines:
                return re.search(r"reload_refused: .*custmer", lines.read())
        harness.wait_until(logged, "the line that says so")
        self.assertEqual(self.versions(), before)
        self.event(self.customers(1)[0])
        self.idle()
        self.assertEqual(len(self.created()), 1)

    def test_only_what_changed_is_swapped_and_a_plan_changes_nothing(self):
        self.write("second.yaml", self.other())
        plan = self.apply("--plan").stdout
        self.assertIn("other: added", plan)
        self.assertIn("bigcommerce-gorgias: unchanged", plan)
        self.assertEqual(list(self.versions()), ["bigcommerce-gorgias"])
        self.apply()
        before = self.versions()
        self.assertEqual(sorted(before), ["bigcommerce-gorgias", "other"])
        self.write("second.yaml", "# a comment\n" + self.other())
        self.assertEqual({p["change"] for p in json.loads(self.apply("--json").stdout)["pipelines"]}, {"unchanged"})
        self.write("second.yaml", self.other().replace("$lowercase(customer.email)", "$uppercase(customer.email)"))
        self.host.process.send_signal(signal.SIGHUP)
        harness.wait_until(lambda: self.versions()["other"] != before["other"], "the reload at SIGHUP")
        self.assertEqual(self.versions()["bigcommerce-gorgias"], before["bigcommerce-gorgias"])
        with open(os.path.join(self.folder, "tenon.log"), encoding="utf-8") as log:
            swapped = re.findall(r"pipeline applied.*pipeline=(\S+)", log.read())
        self.assertEqual(swapped, ["other", "other"], "added, then changed; the first one was never touched")

    def test_a_plan_tells_what_becomes_of_work_in_flight(self):
        self.remote.put("/_sandbox/switches", {"api": "gorgias", "hang": True})
        customers = self.customers(3)
        for customer in customers:
            self.assertEqual(self.post(self.thin(customer), f"one-{customer}")[0], 200)
        harness.wait_until(lambda: self.control("/v1/status")["running_events"] == 3, "three events under way")
        for customer in customers:  # later, or the two would be one write
            self.assertEqual(self.post(self.thin(customer, scope="store/customer/updated"), f"two-{customer}")[0], 200)
        self.write("first.yaml", self.named("v1 "))
        plan = self.apply("--plan").stdout
        self.assertIn("3 under way end under the old version; 3 waiting, and what is tried again, run under the new one", plan)
        self.assertNotIn("order_by", plan)
        self.write("first.yaml", self.named("v1 ") + "delivery: { order_by: \"${{ event.key & 'x' }}\" }\n")
        self.assertIn("in the lanes of the new order_by, once nothing is under way", self.apply("--plan").stdout)
        self.write("second.yaml", self.other())
        os.remove(self.first)
        self.assertIn("3 under way end; 3 waiting are kept until a pipeline of that name comes back", self.apply("--plan").stdout)
        self.remote.put("/_sandbox/switches", {"api": "gorgias", "hang": False})
        self.idle()
        self.assertEqual(len(self.created()), 3)

    def test_a_removed_connection_answers_503_and_an_unknown_one_404(self):
        self.write("second.yaml", self.other())
        self.apply()
        customer = self.customers(1)[0]
        self.assertEqual(self.post(self.thin(customer), "before", path="/in/second")[0], 200)
        os.remove(os.path.join(self.pipelines, "second.yaml"))
        self.assertIn("other: removed", self.apply().stdout)
        status, headers, answer = self.client.raw("POST", "/in/second", b"{}", {"Content-Type": "application/json"})
        self.assertEqual((status, json.loads(answer)["error"]), (503, "connection_removed"))
        self.assertTrue(int(headers["Retry-After"]) > 0)
        self.assertEqual(self.client.raw("POST", "/in/third", b"{}", {"Content-Type": "application/json"})[0], 404)
        self.event(customer)
        self.write("second.yaml", self.other())
        self.apply()
        self.assertEqual(self.post(self.thin(customer), "after", path="/in/second")[0], 200)
        self.idle()
        self.assertEqual(len(self.created()), 1, "one customer, whoever wrote it")

    def test_what_waits_for_a_removed_pipeline_is_delivered_when_it_comes_back(self):
        self.write("second.yaml", self.other())
        self.apply()
        self.remote.put("/_sandbox/switches", {"api": "gorgias", "fail": {"status": 503, "rate": 1.0}})
        customers = self.customers(5)
        for customer in customers:
            self.assertEqual(self.post(self.thin(customer), f"w{customer}", path="/in/second")[0], 200)
        os.remove(os.path.join(self.pipelines, "second.yaml"))
        self.apply()
        # What was under way ends; were the sink well by then, it would end delivered.
        status = harness.wait_until(lambda: (lambda now: now["running_events"] == 0 and now)(self.control("/v1/status")), "what was under way")
        state = {p["name"]: p for p in status["pipelines"]}["other"]
        self.assertEqual((state["state"], state["waiting"]), ("not_defined", 5))
        self.remote.put("/_sandbox/switches", {"api": "gorgias", "fail": {"status": 503, "rate": 0.0}})
        self.write("second.yaml", self.other())
        self.assertIn("5 from before are delivered", self.apply().stdout)
        self.idle()
        self.assertEqual(len(self.created()), 5)

    def test_while_the_sink_is_down(self):
        self.remote.put("/_sandbox/switches", {"api": "gorgias", "hang": True})
        self.accepted(self.send(self.customers(30)))
        for n in range(5):
            self.write("first.yaml", self.named(f"v{n} ") + (f"delivery: {{ order_by: '${{{{ event.key & \"{n}\" }}}}' }}\n" if n in (2, 3) else ""))
            self.apply()
        self.remote.put("/_sandbox/switches", {"api": "gorgias", "hang": False})
        self.idle()
        self.assertEqual(dict(harness.read_store(self.data, "SELECT end, count(*) FROM ended GROUP BY end")), {"delivered": 30})
        self.assertEqual(len(self.created()), 30)

    def test_a_secret_changed_in_the_env_file_holds_after_a_reload(self):
        self.host.stop()
        env_file = os.path.join(self.folder, "host.env")

        def secret(value):
            with open(env_file, "w", encoding="utf-8") as out:
                out.write(f"BIGCOMMERCE_WEBHOOK_SECRET={value}\n")
            os.chmod(env_file, 0o600)
        secret(rig.HEADER_SECRET)
        env = {name: value for name, value in self.env.items() if name != "BIGCOMMERCE_WEBHOOK_SECRET"}
        self.host = harness.Tenon(rig.BIN, rig.PLUGINS, [self.pipelines], self.data, env=env, extra=["--env-file", env_file],
                                  log=os.path.join(self.folder, "tenon.log"))
        self.client = harness.Client(self.host.url)
        customer = self.customers(1)[0]
        fresh = "another-header-secret-0123456789"
        self.assertEqual(self.post(self.thin(customer), "a")[0], 200)
        self.assertEqual(self.post(self.thin(customer), "b", header_secret=fresh)[0], 401)
        secret(fresh)
        changed = json.loads(self.apply("--json").stdout)["pipelines"][0]
        self.assertEqual((changed["change"], changed["connections"], changed["version"]), ("changed", ["store"], changed["was"]))
        self.assertEqual(self.post(self.thin(customer), "c")[0], 401)
        self.assertEqual(self.post(self.thin(customer), "d", header_secret=fresh)[0], 200)
        self.idle()

    def test_without_a_host(self):
        self.assertEqual(self.host.stop(), 0)
        self.assertIn("no host answers", self.apply(code=1).stderr)


if __name__ == "__main__":
    unittest.main()
