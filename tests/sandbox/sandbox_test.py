"""What the sandbox does when it is asked rightly: both APIs, the switches, the log."""

import http.client
import os
import re
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import unittest

from rig import BIN, DESK, RECORDS, ROOT, SHOP, STORE, Rig, harness


class Shop(Rig):
    def test_customers_are_found_by_id_email_and_date(self):
        self.client.post("/_sandbox/customers", {"count": 120, "first_id": 1})
        self.client.post("/_sandbox/customers", {"customers": [{"id": 500, "email": "Ann@Example.com", "first_name": "Ann", "last_name": "Lee",
                                                                "date_modified": "2030-01-01T00:00:00Z"}]})
        status, headers, page = self.shop("GET", "/v3/customers?limit=50&page=2")
        self.assertEqual((status, len(page["data"])), (200, 50))
        self.assertEqual(page["meta"]["pagination"], {"total": 121, "count": 50, "per_page": 50, "current_page": 2, "total_pages": 3, "links": {
            "previous": "?page=1&limit=50", "current": "?page=2&limit=50", "next": "?page=3&limit=50"}})
        self.assertEqual(headers["x-rate-limit-requests-quota"], "1000000")
        _, _, page = self.shop("GET", "/v3/customers?id:in=7,500,7,9999")
        self.assertEqual([c["id"] for c in page["data"]], [7, 500])
        self.assertNotIn("addresses", page["data"][0])
        _, _, page = self.shop("GET", "/v3/customers?email:in=ann%40example.com&include=addresses,formfields")
        self.assertEqual([(c["id"], c["addresses"], c["form_fields"]) for c in page["data"]], [(500, [], [])])
        _, _, page = self.shop("GET", "/v3/customers?date_modified:min=2029-12-31T23:00:00&sort=date_modified:desc")
        self.assertEqual([c["id"] for c in page["data"]], [500])

    def test_a_deleted_customer_is_an_empty_list(self):
        self.client.post("/_sandbox/customers", {"count": 1, "first_id": 7})
        self.client.json("DELETE", "/_sandbox/customers/7")
        status, _, page = self.shop("GET", "/v3/customers?id:in=7")
        self.assertEqual((status, page["data"], page["meta"]["pagination"]["total"]), (200, [], 0))

    def test_customers_can_be_written(self):
        status, _, made = self.shop("POST", "/v3/customers", [{"email": "ann@example.com", "first_name": "Ann", "last_name": "Lee"}])
        self.assertEqual((status, made["data"][0]["email"]), (200, "ann@example.com"))
        customer = made["data"][0]["id"]
        self.shop("PUT", "/v3/customers", [{"id": customer, "last_name": "Li"}])
        self.assertEqual(self.shop("GET", f"/v3/customers?id:in={customer}")[2]["data"][0]["last_name"], "Li")
        self.assertEqual(self.shop("DELETE", f"/v3/customers?id:in={customer}")[0], 204)
        self.assertEqual([e["kind"] for e in self.effects()], ["shop.customer.created", "shop.customer.updated", "shop.customer.deleted"])

    def test_hooks_live_and_die(self):
        _, _, made = self.shop("POST", "/v3/hooks", {"scope": "store/customer/*", "destination": "https://example.com/in", "headers": {"a": "b"}})
        hook = made["data"]
        self.assertEqual((hook["is_active"], hook["headers"]), (True, {"a": "b"}))
        path = f"/v3/hooks/{hook['id']}"
        self.assertEqual(self.shop("PUT", path, {"is_active": False})[2]["data"]["is_active"], False)
        self.assertEqual(len(self.shop("GET", "/v3/hooks?is_active=false")[2]["data"]), 1)
        self.assertEqual(self.shop("GET", "/v3/hooks?is_active=true")[2]["data"], [])
        status, _, gone = self.shop("DELETE", path)
        self.assertEqual((status, gone["data"]["id"]), (200, hook["id"]))
        self.assertEqual(self.shop("GET", path)[0], 404)

    def test_orders_and_the_clock(self):
        self.assertEqual(self.shop("GET", "/v2/orders")[0], 204)
        self.client.post("/_sandbox/orders", {"count": 60, "first_id": 100})
        self.assertEqual(len(self.shop("GET", "/v2/orders")[2]), 50)
        self.assertEqual([o["id"] for o in self.shop("GET", "/v2/orders?min_id=158&sort=id:desc")[2]], [159, 158])
        self.assertEqual(self.shop("GET", "/v2/orders/101")[2]["customer_id"], 0)
        self.assertAlmostEqual(self.shop("GET", "/v2/time")[2]["time"], time.time(), delta=5)

    def test_the_quota_is_a_window(self):
        self.client.put("/_sandbox/switches", {"api": "bigcommerce", "budget": {"limit": 3, "window_s": 60}})
        left = [self.shop("GET", "/v2/time")[1]["x-rate-limit-requests-left"] for _ in range(3)]
        self.assertEqual(left, ["2", "1", "0"])
        status, headers, _ = self.shop("GET", "/v2/time")
        self.assertEqual(status, 429)
        self.assertLessEqual(int(headers["x-rate-limit-time-reset-ms"]), 60000)
        self.assertEqual((headers["x-rate-limit-requests-quota"], headers["x-rate-limit-time-window-ms"]), ("3", "60000"))


class Desk(Rig):
    def test_a_customer_from_birth_to_death(self):
        status, headers, made = self.desk("POST", "/customers", {"external_id": "bc_1", "email": "Ann@Example.com", "firstname": "Ann", "lastname": "Lee",
                                                                 "language": "en", "timezone": "Europe/Berlin"})
        self.assertEqual((status, made["email"], made["name"]), (201, "ann@example.com", "Ann Lee"))
        self.assertEqual([(c["type"], c["address"], c["preferred"]) for c in made["channels"]], [("email", "ann@example.com", True)])
        self.assertRegex(headers["x-gorgias-account-api-call-limit"], r"^\d+/\d+$")
        path = f"/customers/{made['id']}"
        for query in ("email=ANN@example.com", "external_id=bc_1", "name=ann%20lee", "channel_type=email&channel_address=ann@example.com"):
            found = self.desk("GET", f"/customers?{query}")[2]
            self.assertEqual([c["id"] for c in found["data"]], [made["id"]], query)
            self.assertNotIn("channels", found["data"][0])
        self.assertEqual(self.desk("GET", "/customers?external_id=bc_2")[2]["data"], [])
        status, _, changed = self.desk("PUT", path, {"note": "vip", "channels": [{"type": "phone", "address": "+4930123456"}]})
        self.assertEqual((status, changed["note"], changed["external_id"]), (202, "vip", "bc_1"))
        # Channels are replaced; the customer's own email stays one of them.
        self.assertEqual([c["type"] for c in changed["channels"]], ["phone", "email"])
        self.assertEqual(self.desk("GET", path)[2], changed)
        self.assertEqual(self.desk("DELETE", path)[::2], (204, ""))
        self.assertEqual(self.desk("GET", path)[0], 404)
        self.assertEqual(self.desk("POST", "/customers", {"email": "ann@example.com"})[0], 201)
        self.assertEqual([e["kind"] for e in self.effects()], ["customer.created", "customer.updated", "customer.deleted", "customer.created"])

    def test_older_data_is_ignored_in_silence(self):
        customer = self.desk("POST", "/customers", {"email": "ann@example.com"})[2]["id"]
        for version, value in (("2026-01-02T00:00:00Z", "new"), ("2026-01-01T00:00:00Z", "old")):
            self.assertEqual(self.desk("PUT", f"/customers/{customer}/data", {"data": {"is": value}, "version": version})[::2], (202, ""))
        self.assertEqual(self.desk("GET", f"/customers/{customer}")[2]["data"], {"is": "new"})
        self.assertEqual(len(self.effects("customer.data")), 1)

    def test_pages_follow_cursors(self):
        made = [self.desk("POST", "/customers", {"external_id": f"n{n}"})[2]["id"] for n in range(25)]
        for order, wanted in (("created_datetime:asc", made), ("updated_datetime:desc", made[::-1])):
            seen, cursor = [], ""
            while cursor is not None:
                page = self.desk("GET", f"/customers?limit=10&order_by={order}&cursor={cursor}")[2]
                self.assertEqual(page["object"], "list")
                seen += [c["id"] for c in page["data"]]
                cursor = page["meta"]["next_cursor"]
            self.assertEqual(seen, wanted)
        self.assertEqual(self.desk("DELETE", "/customers", {"ids": made[:5]})[0], 204)
        self.assertEqual(len(self.desk("GET", "/customers")[2]["data"]), 20)

    def test_the_bucket_leaks(self):
        self.client.put("/_sandbox/switches", {"api": "gorgias", "budget": {"limit": 2, "window_s": 100}})
        self.assertEqual([self.desk("GET", "/account")[1]["x-gorgias-account-api-call-limit"] for _ in range(2)], ["1/2", "2/2"])
        status, headers, _ = self.desk("GET", "/account")
        self.assertEqual((status, headers["x-gorgias-account-api-call-limit"]), (429, "2/2"))
        self.assertLessEqual(int(headers["retry-after"]), 50)
        self.client.put("/_sandbox/switches", {"api": "gorgias", "budget": {"limit": 0}})
        self.assertEqual(self.desk("GET", "/account")[0], 200)


class Records(Rig):
    def test_a_record_is_made_once_per_key(self):
        body = {"id": "gorgias_1", "status": "created", "email": "ann@example.com", "name": "Ann", "amount": 69.5}
        first = self.record("POST", "", body, Idempotency_Key="k")
        again = self.record("POST", "", body, Idempotency_Key="k")
        self.assertEqual((first[0], first[2]["amount"]), (201, 69.5))
        self.assertEqual((again[0], again[1].get("idempotent-replayed"), again[2]), (201, "true", first[2]))
        self.assertNotIn("idempotent-replayed", first[1])
        effects = self.effects()
        self.assertEqual([(e["kind"], e["id"], e["email"], e["idempotency_key"], e["status"]) for e in effects],
                         [("record.created", "gorgias_1", "ann@example.com", "k", 201)])
        self.assertAlmostEqual(effects[0]["at_ms"], time.time() * 1000, delta=5000)

    def test_a_refused_request_does_not_use_up_its_key(self):
        self.assertEqual(self.record("POST", "", {"id": ""}, Idempotency_Key="k")[0], 400)
        self.assertEqual(self.record("POST", "", {"id": "one"}, Idempotency_Key="k")[0], 201)

    def test_reading_and_changing(self):
        for n in range(3):
            self.record("POST", "", {"id": f"r/{n}", "amount": "12.30"})
        self.assertEqual([r["id"] for r in self.record("GET", "?id=r/1")[2]["data"]], ["r/1"])
        self.assertEqual(self.record("GET", "?id=none")[2]["data"], [])
        self.assertEqual(self.record("PUT", "/r%2F1", {"id": "r/1", "name": "Ann"})[2]["amount"], "12.30")
        self.assertEqual(self.record("GET", "/r%2F1")[2]["name"], "Ann")
        page = self.record("GET", "?limit=2")[2]
        self.assertEqual([r["id"] for r in self.record("GET", f"?limit=2&cursor={page['meta']['next_cursor']}")[2]["data"]], ["r/2"])


class Switches(Rig):
    def switch(self, api="records", **wanted):
        return self.client.put("/_sandbox/switches", {"api": api, **wanted})[api]

    def injected(self):
        return self.client.get("/_sandbox/stats")["injected"]

    def test_failures_are_counted_exactly(self):
        self.switch(fail={"status": 503, "count": 2, "retry_after": 7, "body": "down"})
        got = [self.record("GET") for _ in range(3)]
        self.assertEqual([g[0] for g in got], [503, 503, 200])
        self.assertEqual((got[0][1]["retry-after"], got[0][1]["x-sandbox-injected"]), ("7", "true"))
        self.switch(fail={"status": 500, "rate": 0.3})
        failed = sum(self.record("GET")[0] == 500 for _ in range(200))
        self.assertTrue(30 < failed < 90, failed)
        self.assertEqual(self.injected(), failed + 2)
        self.assertIsNone(self.switch(fail={"status": 503, "rate": 0.0})["fail"])
        self.assertEqual(self.record("GET")[0], 200)
        self.assertEqual(self.shop("GET", "/v2/time")[0], 200, "another API was hit")

    def test_a_failure_after_the_effect_has_the_effect(self):
        self.switch(fail={"status": 502, "count": 1, "after_effect": True})
        self.assertEqual(self.record("GET")[0], 200)
        self.assertEqual(self.record("POST", "", {"id": "one"}, Idempotency_Key="k")[0], 502)
        self.assertEqual(len(self.effects("record.created")), 1)
        status, headers, _ = self.record("POST", "", {"id": "one"}, Idempotency_Key="k")
        self.assertEqual((status, headers["idempotent-replayed"]), (201, "true"))

    def test_resets_before_and_after_the_effect(self):
        for after, made in ((False, 0), (True, 1)):
            self.switch(reset={"count": 1, "after_effect": after, "method": "POST"})
            with self.assertRaises((ConnectionResetError, http.client.RemoteDisconnected)):
                self.record("POST", "", {"id": "one"})
            self.assertEqual(len(self.effects()), made)
        self.assertEqual(self.injected(), 2)

    def test_latency_and_a_client_that_does_not_wait(self):
        self.switch(latency_ms=60)
        began = time.monotonic()
        self.record("GET")
        self.assertGreater(time.monotonic() - began, 0.055)
        host, port = self.sandbox.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as impatient:
            impatient.sendall(b"GET /v1/records HTTP/1.1\r\nHost: x\r\nAuthorization: " + RECORDS["Authorization"].encode() + b"\r\n\r\n")
            harness.wait_until(lambda: self.client.get("/_sandbox/stats")["in_flight"] == 1, "the request to be in flight", 5)
        harness.wait_until(lambda: self.client.get("/_sandbox/stats")["unreached"] == 1, "the answer to reach nobody", 5)
        rows = self.sandbox.all_requests()
        self.assertEqual([(r["path"], r["status"], r["answered"]) for r in rows], [("/v1/records", 200, True), ("/v1/records", 200, False)])

    def test_what_hangs_is_closed_when_the_switch_is_off(self):
        self.switch(hang=True)
        failed = []

        def ask():
            try:
                harness.Client(self.sandbox.url).raw("GET", "/v1/records", None, RECORDS)
            except (http.client.RemoteDisconnected, ConnectionResetError) as error:
                failed.append(error)

        asking = threading.Thread(target=ask)
        asking.start()
        harness.wait_until(lambda: self.client.get("/_sandbox/stats")["in_flight"] == 1, "the request to hang", 5)
        self.switch(hang=False)
        asking.join(5)
        self.assertEqual(len(failed), 1)
        self.assertEqual(self.client.get("/_sandbox/stats")["in_flight"], 0)

    def test_a_create_that_hangs_took_effect(self):
        self.switch("gorgias", hang={"count": 1, "method": "POST", "after_effect": True})
        host, port = self.sandbox.url.removeprefix("http://").split(":")
        body = b'{"email":"ann@example.com"}'
        head = f"POST /api/customers HTTP/1.1\r\nHost: x\r\nAuthorization: {DESK['Authorization']}\r\nContent-Type: application/json\r\n"
        with socket.create_connection((host, int(port))) as patient:
            patient.sendall(head.encode() + b"Content-Length: %d\r\n\r\n" % len(body) + body)
            harness.wait_until(lambda: self.client.get("/_sandbox/stats")["in_flight"] == 1, "the request to hang", 5)
            self.assertEqual(self.desk("GET", "/customers?email=ann@example.com")[2]["data"][0]["email"], "ann@example.com")
            self.assertEqual(self.desk("POST", "/customers", {"email": "ben@example.com"})[0], 201)

    def test_a_search_that_lags_and_an_email_of_two(self):
        self.switch("gorgias", search_lag_ms=3_600_000)
        self.assertEqual(self.desk("POST", "/customers", {"email": "ann@example.com"})[0], 201)
        self.assertEqual(self.desk("GET", "/customers?email=ann@example.com")[2]["data"], [])
        self.assertEqual(self.desk("POST", "/customers", {"email": "ann@example.com"})[0], 409)
        self.switch("gorgias", search_lag_ms=0, unique=False)
        self.assertEqual(self.desk("POST", "/customers", {"email": "ann@example.com"})[0], 201)
        self.assertEqual(len(self.desk("GET", "/customers?email=ann@example.com")[2]["data"]), 2)

    def test_what_is_not_understood_changes_nothing(self):
        before = self.client.get("/_sandbox/switches")
        for wrong in ({"api": "shop"}, {}, {"api": "records", "latency": 1}, {"api": "records", "latency_ms": -1}, {"api": "records", "hang": 1},
                      {"api": "records", "fail": {"rate": 2}}, {"api": "records", "fail": {"odds": 1}}, {"api": "records", "fail": 1},
                      {"api": "records", "reset": {"count": -1}}, {"api": "records", "unique": False}, {"api": "gorgias", "search_lag_ms": -1}, {"api": "records", "latency_ms": 5, "budget": {"limit": -1}}):
            self.assertEqual(self.ask("PUT", "/_sandbox/switches", wrong)[0], 400, wrong)
        self.assertEqual(self.ask("PUT", "/_sandbox/switches", "nonsense")[0], 400)
        self.assertEqual(self.client.get("/_sandbox/switches"), before)

    def test_hostile_bytes_are_refused_and_the_sandbox_lives_on(self):
        host, port = self.sandbox.url.removeprefix("http://").split(":")
        for data in (b"\0\0\0\0\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"POST /v1/records HTTP/1.1\r\nContent-Length: x\r\n\r\n",
                     b"GET /" + b"a" * 70000 + b" HTTP/1.1\r\n\r\n", b"POST /_sandbox/send HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n"):
            with socket.create_connection((host, int(port)), timeout=5) as wild:
                wild.sendall(data)
                self.assertRegex(wild.recv(64), rb"^HTTP/1\.1 4\d\d ")
        self.assertEqual(self.ask("POST", "/v1/records", b'{"id":"\xff"}', RECORDS)[0], 400)
        deep = "[" * 400000 + "]" * 400000
        for path, headers in (("/v1/records", RECORDS), ("/api/customers", DESK), (STORE + "/v3/customers", SHOP), ("/_sandbox/customers", {})):
            self.assertEqual(self.ask("POST", path, deep, headers)[0], 400)
        self.assertEqual(self.ask("GET", "/_sandbox/effects?since=-1")[0], 200)
        self.assertEqual(self.ask("GET", "/nothing")[0], 404)


class Keys(Rig):
    def test_log_effects_and_reset(self):
        self.shop("GET", "/v2/time?a=b")
        self.ask("GET", STORE + "/v3/customers", None, {})
        self.record("POST", "", {"id": "one"})
        rows = self.client.get("/_sandbox/requests")["requests"]
        self.assertEqual([(r["method"], r["path"], r["status"], r["answered"], r["injected"]) for r in rows], [
            ("GET", f"{STORE}/v2/time?a=b", 200, True, False), ("GET", f"{STORE}/v3/customers", 401, True, False),
            ("POST", "/v1/records", 201, True, False)])
        page = self.client.get("/_sandbox/effects")
        self.assertEqual((len(page["effects"]), page["next"]), (1, 1))
        self.assertEqual(self.client.get("/_sandbox/effects?since=999999"), {"effects": [], "next": 1})
        stats = self.client.get("/_sandbox/stats")
        self.assertEqual((stats["requests"], stats["refused"], stats["records"], stats["in_flight"]), (3, 1, 1, 0))
        self.client.post("/_sandbox/reset")
        self.assertEqual(self.client.get("/_sandbox/effects"), {"effects": [], "next": 0})
        self.assertEqual(self.record("GET", "?id=one")[2]["data"], [])
        self.assertIn("/_sandbox/send", self.ask("GET", "/_sandbox/help")[2])
        self.assertEqual(self.ask("GET", f"{STORE}/v2/time", None, SHOP)[0], 200)


class Docs(Rig):
    def test_the_examples_work_as_pasted(self):
        if not shutil.which("curl"):
            self.skipTest("no curl")
        with open(os.path.join(ROOT, "docs", "sandbox.md"), encoding="utf-8") as page:
            examples = "".join(re.findall(r"```sh runnable\n(.*?)```", page.read(), re.S))
        # Its own sandbox, with the defaults that the page names; only the port differs.
        sandbox = harness.Sandbox(BIN)
        self.addCleanup(sandbox.kill)
        script = examples.replace("http://127.0.0.1:8081", sandbox.url)
        with tempfile.TemporaryDirectory() as folder:  # it writes files
            done = subprocess.run(["bash", "-euo", "pipefail", "-c", script], capture_output=True, text=True, timeout=30, cwd=folder)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("HTTP/1.1 409", done.stdout)
        self.assertIn('"kind":"record.created"', done.stdout)
        self.assertEqual(done.stdout.count('"kind":"'), 2)
        self.assertIn('"batch":1', done.stdout)


if __name__ == "__main__":
    unittest.main()
