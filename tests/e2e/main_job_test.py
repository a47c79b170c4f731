"""The shipped pipelines, from the webhook to the remote's record, over real HTTP."""

import unittest

from rig import Rig, harness


CLIENT = "e2e-blueprint-key-0123456789"


class CustomerToDesk(Rig):
    def test_a_customer_is_created_once_and_then_updated(self):
        self.remote.post("/_sandbox/customers", {"customers": [
            {"id": 32, "email": "Ann@Example.com", "first_name": "Ann", "last_name": "Lee"}]})
        self.start()
        self.assertEqual(self.post(self.thin(32), "msg_1")[0], 200)
        self.assertEqual(self.drained(1), {"delivered": 1})
        status, answer = self.post(self.thin(32), "msg_1")
        self.assertEqual(status, 200)
        self.assertIn(b'"duplicate":true', answer.replace(b" ", b""))
        self.assertEqual(self.post(self.thin(32, "store/customer/updated"), "msg_2")[0], 200)
        harness.wait_until(lambda: len(self.effects("customer.updated")) + self.drained(2).get("skipped", 0) >= 1, "the second event")
        created = self.effects("customer.created")
        self.assertEqual([(e["external_id"], e["email"]) for e in created], [("bigcommerce_32", "ann@example.com")])

    def test_forged_unknown_and_stale_requests_leave_no_event(self):
        self.start()
        self.assertEqual(self.post(self.thin(1), "msg_1", secret="another-secret-0123456789")[0], 401)
        self.assertEqual(self.post(self.thin(1), "msg_1", header_secret="wrong")[0], 401)
        self.assertEqual(self.post(self.thin(1), "msg_1", header_secret=None)[0], 401)
        self.assertEqual(self.post(self.thin(1), "msg_1", timestamp=1_600_000_000)[0], 401)
        self.assertEqual(self.post(self.thin(1), "msg_1", path="/in/nobody")[0], 404)
        self.assertEqual(self.client.raw("GET", "/in/store")[0], 405)
        self.assertEqual(harness.read_store(self.data, "SELECT count(*) FROM event")[0][0], 0)

    def test_an_event_type_that_nobody_wants_is_answered_and_makes_no_event(self):
        self.start()
        self.assertEqual(self.post(self.thin(1, "store/customer/deleted"), "msg_1")[0], 200)
        self.assertEqual(harness.read_store(self.data, "SELECT count(*) FROM event")[0][0], 0)

    def test_a_malformed_body_is_answered_and_kept_as_a_dead_letter(self):
        self.start()
        self.assertEqual(self.post(b'{"scope":', "msg_1")[0], 200)
        self.assertEqual(harness.read_store(self.data, "SELECT end FROM ended"), [("rejected",)])

    def test_a_customer_gone_meanwhile_is_skipped(self):
        self.start()
        self.post(self.thin(404404), "msg_1")
        self.assertEqual(self.drained(1), {"skipped": 1})
        self.assertEqual(harness.read_store(self.data, "SELECT reason FROM ended"), [("gone",)])

    def test_a_busy_desk_is_asked_again(self):
        self.remote.post("/_sandbox/customers", {"count": 1, "first_id": 7})
        self.remote.put("/_sandbox/switches", {"api": "gorgias", "fail": {"status": 503, "count": 2}})
        self.start()
        self.post(self.thin(7), "msg_1")
        self.assertEqual(self.drained(1), {"delivered": 1})
        self.assertEqual(harness.read_store(self.data, "SELECT count(*) FROM attempt WHERE outcome = 'retry'")[0][0], 2)
        self.assertEqual(len(self.effects("customer.created")), 1)

    def test_an_answer_lost_after_the_create_makes_no_second_customer(self):
        self.remote.post("/_sandbox/customers", {"count": 1, "first_id": 8})
        self.start()
        self.remote.put("/_sandbox/switches", {"api": "gorgias", "reset": {"count": 2, "after_effect": True}})
        self.post(self.thin(8), "msg_1")
        self.assertEqual(self.drained(1), {"delivered": 1})
        self.assertEqual(len(self.effects("customer.created")), 1)

    def test_what_was_acknowledged_survives_a_kill(self):
        self.remote.post("/_sandbox/customers", {"count": 20, "first_id": 100})
        self.remote.put("/_sandbox/switches", {"api": "bigcommerce", "latency_ms": 300})
        self.start()
        for customer in range(100, 120):
            self.assertEqual(self.post(self.thin(customer), f"msg_{customer}")[0], 200)
        self.host.kill()
        self.remote.put("/_sandbox/switches", {"api": "bigcommerce", "latency_ms": 0})
        self.start()
        self.assertEqual(self.drained(20), {"delivered": 20})
        self.assertEqual(len(self.effects("customer.created")), 20)

    def test_sigterm_ends_cleanly_and_leaves_the_rest_journalled(self):
        self.remote.post("/_sandbox/customers", {"count": 5, "first_id": 1})
        self.remote.put("/_sandbox/switches", {"api": "gorgias", "fail": {"status": 503, "rate": 1.0}})
        self.start()
        for customer in range(1, 6):
            self.assertEqual(self.post(self.thin(customer), f"msg_{customer}")[0], 200)
        self.assertEqual(self.host.stop(), 0)
        self.remote.put("/_sandbox/switches", {"api": "gorgias", "fail": {"status": 503, "rate": 0.0}})
        self.start()
        self.assertEqual(self.drained(5), {"delivered": 5})


class Blueprint(Rig):
    pipeline = "blueprint.yaml"
    connection = "blueprint_store"

    def setUp(self):
        super().setUp()
        self.env = {"BIGCOMMERCE_API_KEY": CLIENT, "GORGIAS_API_KEY": "e2e-key", "GORGIAS_BASE_URL": self.sandbox.url + "/v1"}

    def test_the_record_arrives_with_the_other_prefix(self):
        self.start()
        body = {"type": "bigcommerce.created", "timestamp": "2026-11-24T10:00:00Z",
                "data": {"id": "bigcommerce_12908", "status": "created", "email": "ann@example.com", "name": "Ann Lee", "amount": 69.80}}
        self.assertEqual(self.post(body, "msg_1", secret=CLIENT, header_secret=None)[0], 200)
        self.assertEqual(self.drained(1), {"delivered": 1})
        self.assertEqual([e["id"] for e in self.effects("record.created")], ["gorgias_12908"])



if __name__ == "__main__":
    unittest.main()
