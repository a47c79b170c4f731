"""What the sandbox does when it is asked rightly: both APIs, the switches, and the shop's webhooks."""

import base64
import hashlib
import hmac
import http.client
import http.server
import json
import os
import re
import shutil
import socket
import subprocess
import threading
import time
import unittest

from rig import BIN, CLIENT_SECRET, DESK, HEADER_SECRET, RECORDS, ROOT, SHOP, STORE, Rig, harness


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

    def test_what_is_not_understood_changes_nothing(self):
        before = self.client.get("/_sandbox/switches")
        for wrong in ({"api": "shop"}, {}, {"api": "records", "latency": 1}, {"api": "records", "latency_ms": -1}, {"api": "records", "hang": 1},
                      {"api": "records", "fail": {"rate": 2}}, {"api": "records", "fail": {"odds": 1}}, {"api": "records", "fail": 1},
                      {"api": "records", "reset": {"count": -1}}, {"api": "records", "latency_ms": 5, "budget": {"limit": -1}}):
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


class Receiver(http.server.ThreadingHTTPServer):
    """A host's ingress in miniature: verifies each delivery, and answers as `answers` says."""

    daemon_threads = True

    def __init__(self, port=0):
        self.seen, self.answers, self.lock = [], [], threading.Lock()
        super().__init__(("127.0.0.1", port), Handler)
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self):
        self.shutdown()
        self.server_close()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        name, stamp = self.headers["webhook-id"], self.headers["webhook-timestamp"]
        mac = hmac.new(CLIENT_SECRET.encode(), f"{name}.{stamp}.".encode() + body, hashlib.sha256).digest()
        good = self.headers["webhook-signature"] == "v1," + base64.b64encode(mac).decode() and abs(int(stamp) - time.time()) < 60
        good_header = self.headers["x-tenon-webhook-secret"] == HEADER_SECRET
        with self.server.lock:
            known = any(row["id"] == name for row in self.server.seen)
            self.server.seen.append({"id": name, "good": good, "header": good_header, "body": body, "path": self.path})
            status = self.server.answers.pop(0) if self.server.answers else 200 if good and good_header else 401
        if status == 0:
            self.close_connection = True
            return
        answer = json.dumps({"duplicate": True} if known and status == 200 else {}).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)


class Sending(Rig):
    def receiver(self, port=0):
        receiver = Receiver(port)
        self.addCleanup(receiver.stop)
        return receiver

    def send(self, receiver, deliveries, **more):
        url = f"http://127.0.0.1:{receiver.server_port}/in/store"
        return self.client.post("/_sandbox/send", {"url": url, "deliveries": deliveries, "resend_after_ms": 20, **more})["batch"]

    def done(self, batch):
        def summary():
            found = self.client.get(f"/_sandbox/deliveries?batch={batch}&summary=1")["summary"]
            return found if found["pending"] == 0 else None
        harness.wait_until(summary, "all deliveries to be answered", 10)
        return self.client.get(f"/_sandbox/deliveries?batch={batch}")

    @staticmethod
    def thin(number, **more):
        return {"id": f"msg_{number}", "scope": "store/customer/created", "customer_id": number, **more}

    def test_the_signature_of_the_documented_vector(self):
        # https://github.com/standard-webhooks/standard-webhooks: HMAC-SHA256 over id.timestamp.body; the key here is raw.
        body = ('{"scope":"store/customer/updated","store_id":"1025646","data":{"type":"customer","id":32},'
                '"hash":"8768ab15aa86c6d73c7e4c3efbaee072110ad1d2","created_at":1561481571,"producer":"stores/abc123"}')
        mac = hmac.new(b"bc-test-client-secret", b"msg_2LJB7S1kF0.1700000000." + body.encode(), hashlib.sha256).digest()
        self.assertEqual(base64.b64encode(mac).decode(), "0xLJvhBm15LMbGQOWKOUFEDz8halv42PrYDe3lENS3c=")

    def test_thin_and_full_deliveries_are_signed(self):
        receiver = self.receiver()
        batch = self.send(receiver, [self.thin(1), {"id": "msg_2", "type": "bigcommerce.created", "data": {"id": "bigcommerce_1", "amount": 1.5}},
                                     {"id": "msg_3", "body": "{not json"}, self.thin(4, scope="store/order/statusUpdated", data={"type": "order", "id": 5})])
        report = self.done(batch)
        self.assertEqual([(d["status"], d["attempts"], d["duplicate"]) for d in report["deliveries"]], [(200, 1, False)] * 4)
        seen = {row["id"]: row for row in receiver.seen}
        self.assertTrue(all(row["good"] and row["header"] and row["path"] == "/in/store" for row in receiver.seen))
        thin = json.loads(seen["msg_1"]["body"])
        self.assertEqual({k: thin[k] for k in ("scope", "store_id", "data", "producer")}, {
            "scope": "store/customer/created", "store_id": "1025646", "data": {"type": "customer", "id": 1}, "producer": "stores/abc123"})
        self.assertRegex(thin["hash"], "^[0-9a-f]{40}$")
        full = json.loads(seen["msg_2"]["body"])
        self.assertEqual((full["type"], full["data"]), ("bigcommerce.created", {"id": "bigcommerce_1", "amount": 1.5}))
        self.assertEqual(seen["msg_3"]["body"], b"{not json")
        self.assertEqual(json.loads(seen["msg_4"]["body"])["data"], {"type": "order", "id": 5})

    def test_a_forged_delivery_is_refused_for_good(self):
        receiver = self.receiver()
        report = self.done(self.send(receiver, [self.thin(1, forged=True), self.thin(2)]))
        self.assertEqual([(d["status"], d["attempts"], d["forged"]) for d in report["deliveries"]], [(401, 1, True), (200, 1, False)])
        self.assertEqual((report["summary"]["answered"], report["summary"]["refused"]), (2, 1))
        forged = next(row for row in receiver.seen if row["id"] == "msg_1")
        self.assertEqual((forged["good"], forged["header"]), (False, False))

    def test_what_got_no_answer_is_sent_again_with_the_same_body(self):
        receiver = self.receiver()
        receiver.answers = [0, 503, 500]
        report = self.done(self.send(receiver, [self.thin(1)]))
        delivery = report["deliveries"][0]
        self.assertEqual([delivery[k] for k in ("status", "attempts", "unanswered", "busy", "duplicate")], [200, 4, 1, 2, True])
        self.assertEqual(len({row["body"] for row in receiver.seen}), 1)
        self.assertTrue(all(row["good"] for row in receiver.seen))
        # The same id in a later batch is the same event, word for word.
        self.done(self.send(receiver, [self.thin(1)]))
        self.assertEqual(len({row["body"] for row in receiver.seen}), 1)

    def test_a_host_that_is_down_is_tried_until_it_is_up(self):
        receiver = Receiver()
        port = receiver.server_port
        receiver.stop()
        batch = self.send(receiver, [self.thin(n) for n in range(5)], concurrency=2)
        harness.wait_until(lambda: self.client.get(f"/_sandbox/deliveries?batch={batch}")["summary"]["resent_unanswered"] >= 10, "some attempts", 10)
        self.receiver(port)
        report = self.done(batch)
        self.assertEqual([d["status"] for d in report["deliveries"]], [200] * 5)
        self.assertTrue(all(d["unanswered"] >= 1 and d["attempts"] == d["unanswered"] + 1 for d in report["deliveries"]))

    def test_giving_up_and_timing_out(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
            batch = self.client.post("/_sandbox/send", {"url": url, "deliveries": [self.thin(1)], "timeout_ms": 30, "resend_after_ms": 5, "give_up": 2})["batch"]
            report = self.done(batch)
        self.assertEqual((report["deliveries"][0]["attempts"], report["deliveries"][0]["status"], report["summary"]["given_up"]), (2, 0, 1))

    def test_pace_pause_and_resume(self):
        receiver = self.receiver()
        began = time.monotonic()
        self.done(self.send(receiver, [self.thin(n) for n in range(40)], rate=200))
        self.assertGreater(time.monotonic() - began, 0.18)
        batch = self.send(receiver, [self.thin(n) for n in range(100, 120)], rate=20)
        self.client.post("/_sandbox/pause", {"batch": batch})
        summary = self.client.get(f"/_sandbox/deliveries?batch={batch}&summary=1")["summary"]
        self.assertTrue(summary["paused"] and summary["sent"] < 20)
        rest = self.client.get(f"/_sandbox/deliveries?batch={batch}&since=18")["deliveries"]
        self.assertEqual([d["id"] for d in rest], ["msg_118", "msg_119"])
        self.client.post("/_sandbox/resume", {"batch": batch})
        self.assertFalse(self.client.get(f"/_sandbox/deliveries?batch={batch}&summary=1")["summary"]["paused"])

    def test_active_hooks_hear_of_changes(self):
        receiver = self.receiver()
        url = f"http://127.0.0.1:{receiver.server_port}/in/store"
        self.shop("POST", "/v3/hooks", {"scope": "store/customer/*", "destination": url, "headers": {"x-tenon-webhook-secret": HEADER_SECRET}})
        self.client.post("/_sandbox/customers", {"count": 1, "first_id": 7})
        self.client.post("/_sandbox/customers", {"count": 1, "first_id": 8, "notify": True})
        self.shop("PUT", "/v3/customers", [{"id": 8, "first_name": "Ann"}])
        harness.wait_until(lambda: len(receiver.seen) >= 2, "two callbacks", 5)
        self.assertEqual(sorted((json.loads(r["body"])["scope"], json.loads(r["body"])["data"]["id"], r["good"], r["header"]) for r in receiver.seen),
                         [("store/customer/created", 8, True, True), ("store/customer/updated", 8, True, True)])

    def test_only_this_machine_is_sent_to(self):
        for url in ("http://example.com/", "https://127.0.0.1/", "http://127.0.0.1.example.com/", "http://127.0.0.1:99999/", "127.0.0.1", 5,
                    "http://127.0.0.1/a b", "http://127.0.0.1/\r\nx: y"):
            self.assertEqual(self.ask("POST", "/_sandbox/send", {"url": url, "deliveries": []})[0], 400, url)
        good = "http://127.0.0.1:1/"
        for wrong in ([{}], [{"id": "a\r\nb", "body": ""}], [{"id": "a"}], [{"id": 1, "body": ""}], {}, None):
            self.assertEqual(self.ask("POST", "/_sandbox/send", {"url": good, "deliveries": wrong})[0], 400, wrong)
        self.assertEqual(self.ask("GET", "/_sandbox/deliveries?batch=99")[0], 404)
        self.assertEqual(self.ask("POST", "/_sandbox/pause", {"batch": 99})[0], 404)


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
            examples = "".join(re.findall(r"```sh\n(.*?)```", page.read(), re.S))
        # Its own sandbox, with the defaults that the page names; only the port differs.
        sandbox = harness.Sandbox(BIN)
        self.addCleanup(sandbox.kill)
        script = examples.replace("http://127.0.0.1:8081", sandbox.url)
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", script], capture_output=True, text=True, timeout=30)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("HTTP/1.1 409", done.stdout)
        self.assertIn('"kind":"record.created"', done.stdout)
        self.assertEqual(done.stdout.count('"kind":"'), 2)
        self.assertIn('"batch":1', done.stdout)


if __name__ == "__main__":
    unittest.main()
