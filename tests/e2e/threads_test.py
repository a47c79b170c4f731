"""Two delivery threads in the real binary: two desks, each with a pipeline of its own."""

import json
import os
import re
import subprocess
import unittest

import rig

import harness

EVENTS = 150

BOTH = """tenon: 1
name: both
connections:
  store3: { connector: bigcommerce, store_hash: abc123, client_secret: "${BIGCOMMERCE_CLIENT_SECRET}", webhook_secret: "${BIGCOMMERCE_WEBHOOK_SECRET}" }
  desk: { connector: gorgias, domain: "${GORGIAS_DOMAIN}", email: "${GORGIAS_EMAIL}", api_key: "${GORGIAS_API_KEY}", base_url: "${GORGIAS_BASE_URL:-}" }
  desk2: { connector: gorgias, domain: "${GORGIAS_DOMAIN_2}", email: "${GORGIAS_EMAIL_2}", api_key: "${GORGIAS_API_KEY_2}", base_url: "${GORGIAS_BASE_URL_2:-}" }
trigger: { connection: store3, events: [store/customer/created] }
actions:
  one: { connection: desk, operation: upsert_customer, mapping: { external_id: "both_${{ event.keys.customer }}" } }
  two: { connection: desk2, operation: upsert_customer, mapping: { external_id: "both_${{ event.keys.customer }}" } }
"""


class Threads(rig.Rig):
    def setUp(self):
        super().setUp()
        self.desks = [self.sandbox, self.other_sandbox()]
        with open(os.path.join(rig.ROOT, "pipelines", "bigcommerce-gorgias.yaml"), encoding="utf-8") as source:
            text = source.read()
        self.text = text[:text.index("\ntests:")] + "\n"
        self.first = self.write("first.yaml", self.text)
        self.second = self.write("second.yaml", self.of_second(self.text.replace("name: bigcommerce-gorgias", "name: second")))
        self.env.update({name + "_2": value for name, value in self.env.items()})
        self.env["BIGCOMMERCE_STORE_HASH_2"] = "def456"
        self.env["GORGIAS_DOMAIN_2"] = "e2e-2"
        self.env["BIGCOMMERCE_BASE_URL_2"] = self.env["GORGIAS_BASE_URL_2"] = self.desks[1].url

    def other_sandbox(self):
        sandbox = harness.Sandbox(
            rig.BIN, "--access-token", "e2e-token", "--client-secret", rig.CLIENT_SECRET, "--webhook-secret", rig.HEADER_SECRET, "--gorgias-email",
            "e2e@example.com", "--gorgias-key", "e2e-key", "--store-hash", "def456", "--bigcommerce-budget", "1000000/30", "--gorgias-budget", "1000000/20",
            log=os.path.join(self.folder, "sandbox-2.log"))
        self.addCleanup(sandbox.kill)
        self.addCleanup(sandbox.client.close)
        return sandbox

    @staticmethod
    def of_second(text):
        """With connections and variables of its own."""
        text = re.sub(r"\$\{([A-Z_]+)", r"${\1_2", text)
        return text.replace("  store:", "  store2:").replace("  desk:", "  desk2:").replace("connection: store", "connection: store2").replace(
            "connection: desk", "connection: desk2")

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as out:
            out.write(text)
        return path

    def start(self, *paths):
        self.host = harness.Tenon(rig.BIN, rig.PLUGINS, paths or [self.first, self.second], self.data, env=self.env, extra=["--threads", "2"],
                                  log=os.path.join(self.folder, "tenon.log"))

    def send(self, which, first):
        desk = self.desks[which]
        desk.client.post("/_sandbox/customers", {"count": EVENTS, "first_id": first})
        path = ("/in/store", "/in/store2")[which]
        return desk.client.post("/_sandbox/send", {"url": f"{self.host.url}{path}", "concurrency": 8, "deliveries": [
            {"id": f"msg_{which}_{n}", "scope": "store/customer/created", "customer_id": n} for n in range(first, first + EVENTS)]})["batch"]

    def accepted(self, which, batch):
        harness.wait_until(lambda: self.desks[which].client.get(f"/_sandbox/deliveries?batch={batch}&summary=1")["summary"]["pending"] == 0,
                           "the events to come in", 60)

    def log(self):
        with open(os.path.join(self.folder, "tenon.log"), encoding="utf-8") as lines:
            return lines.read()

    def delivery_threads(self):
        names = []
        for task in os.listdir(f"/proc/{self.host.pid}/task"):
            with open(f"/proc/{self.host.pid}/task/{task}/comm", encoding="ascii") as name:
                names.append(name.read().strip())
        return sorted(name for name in names if "deliv" in name)

    def test_each_desk_gets_its_customers_once_over_a_kill(self):
        for desk in self.desks:
            desk.client.put("/_sandbox/switches", {"api": "gorgias", "latency_ms": 300})
        self.start()
        self.assertRegex(self.log(), r'pipeline=bigcommerce-gorgias thread=1')
        self.assertRegex(self.log(), r'pipeline=second thread=2')
        self.assertEqual(self.delivery_threads(), ["tenon-delivery", "tenon-delivr-2"])
        for which, batch in [(which, self.send(which, 1000)) for which in (0, 1)]:
            self.accepted(which, batch)
        self.host.kill()
        backlog = dict(harness.read_store(self.data, "SELECT pipeline, count(*) FROM pending GROUP BY pipeline"))
        self.assertEqual(sorted(backlog), ["bigcommerce-gorgias", "second"], "both had events under way")
        for desk in self.desks:
            desk.client.put("/_sandbox/switches", {"api": "gorgias", "latency_ms": 0})
        self.start()
        self.drained(2 * EVENTS)
        for desk in self.desks:
            created = [effect for effect in desk.all_effects() if effect["kind"] == "customer.created"]
            self.assertEqual(len(created), EVENTS)
        self.assertEqual(dict(harness.read_store(self.data, "SELECT pipeline, count(*) FROM ended JOIN event USING (seq) WHERE end = 'delivered' GROUP BY pipeline")),
                         {"bigcommerce-gorgias": EVENTS, "second": EVENTS})

    def test_a_reload_that_binds_two_threads_is_refused_by_name(self):
        self.start()
        both = self.write("both.yaml", BOTH)
        ran = subprocess.run([os.path.join(rig.BIN, "tenon"), "apply", "--data", self.data, both], capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(ran.returncode, 2, ran.stdout + ran.stderr)
        self.assertIn("needs_restart", ran.stderr)
        self.assertIn("pipeline bigcommerce-gorgias and pipeline second ask one account now", ran.stderr)
        # What runs goes on, and a restart takes it.
        self.accepted(1, self.send(1, 5000))
        self.drained(EVENTS)
        self.host.stop()
        self.start(self.first, self.second, both)
        control = self.host.control()
        self.assertEqual(sorted(p["name"] for p in control.get("/v1/status")["pipelines"]), ["bigcommerce-gorgias", "both", "second"])
        control.close()

    def test_a_wrong_number_is_refused(self):
        for number in ("0", "17", "two"):
            ran = subprocess.run([os.path.join(rig.BIN, "tenon"), "run", "--threads", number, self.first], capture_output=True, text=True, timeout=60, check=False)
            self.assertEqual(ran.returncode, 2, ran.stderr)
            self.assertIn("expected a whole number from 1 to 16", ran.stderr)


if __name__ == "__main__":
    unittest.main()
