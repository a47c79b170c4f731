"""The shop's webhooks: signed, paced, sent again until answered."""

import base64
import hashlib
import hmac
import http.server
import json
import socket
import threading
import time
import unittest

from rig import CLIENT_SECRET, HEADER_SECRET, Rig, harness


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


if __name__ == "__main__":
    unittest.main()
