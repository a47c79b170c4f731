"""Every case of cases.py by TCP and by TLS: status, close, and what the store holds afterwards."""

import select
import time

import cases
import rig
from rig import unittest


def run(host, case):
    """Returns what is wrong with this case's answer, or nothing."""
    identifier, what, build, statuses, close, _ = case
    data = build()
    with host.connect() as client:
        client.send(data)
        answer = client.read()
        if answer.status not in statuses:
            return f"{identifier} {what}: expected {statuses}, got {answer!r}"
        if close and not answer.closed:
            return f"{identifier} {what}: the connection did not close behind {answer.status}"
        if close is False:
            # It serves on: the same connection takes a request that is right.
            client.send(cases.signed())
            again = client.read()
            if again.status != 200:
                return f"{identifier} {what}: the next request on the connection got {again!r}"
    return None


class Cases:
    """Mixed into a test for each transport."""

    tls = False

    @classmethod
    def setUpClass(cls):
        cls.host = rig.Host(tls=cls.tls)

    @classmethod
    def tearDownClass(cls):
        if not cls.host.close():
            raise AssertionError("the host did not end well")

    def check_group(self, name):
        faults = []
        for case in cases.GROUPS[name]:
            before = self.host.rows()
            fault = run(self.host, case)
            if fault:
                faults.append(fault)
                continue
            _, what, _, _, close, rows = case
            served_on = 1 if close is False else 0
            got = self.host.rows() - before - served_on
            if rows is not None and got != rows:
                faults.append(f"{case[0]} {what}: expected {rows} rows, got {got}")
        self.assertEqual(faults, [])

    def test_control(self):
        self.check_group("control")

    def test_signature(self):
        self.check_group("signature")

    def test_timestamp(self):
        self.check_group("timestamp")

    def test_framing(self):
        self.check_group("framing")

    def test_limits(self):
        self.check_group("limits")

    def test_content(self):
        self.check_group("content")

    def test_replay(self):
        """A050 to A053."""
        identifier, stamp = cases.fresh(), rig.now()
        before = self.host.rows()

        def send(body, timestamp):
            return self.host.exchange(rig.request(body, cases.headers(identifier, timestamp, rig.sign(identifier, timestamp, body))))

        first = send(rig.BODY, stamp)
        self.assertEqual((first.status, first.body), (200, b'{"accepted":1}'))
        exact = send(rig.BODY, stamp)
        self.assertEqual((exact.status, exact.body), (200, b'{"duplicate":true}'), "A050: exact replay")
        repeated = send(rig.BODY, b"%d" % (int(stamp) - 1))
        self.assertEqual((repeated.status, repeated.body), (200, b'{"duplicate":true}'), "A051: the same delivery sent again")
        self.assertEqual(self.host.rows() - before, 1)
        other = send(b'{"n":2}', stamp)
        self.assertEqual((other.status, other.body), (200, b'{"accepted":1}'), "A052: same id, other body")
        self.assertEqual(self.host.rows() - before, 2)
        audited = rig.harness.read_store(self.host.data, "SELECT what, connection FROM audit WHERE subject = ?", [identifier.decode()])
        self.assertEqual(audited, [("id_reused", "signed")])
        late = send(rig.BODY, b"%d" % (int(stamp) - 600))
        self.assertEqual(late.status, 401, "A053: replay after the window")
        self.assertEqual(self.host.rows() - before, 2)

    def test_all_refusals_look_the_same(self):
        # The host adds nothing but the date: whoever guesses learns nothing from an answer.
        def shape(answer):
            return [line for line in answer.head.split("\r\n") if not line.startswith("Date:")], answer.body
        shapes = {repr(shape(self.host.exchange(build()))) for _, _, build, statuses, _, _ in cases.SIGNATURE + cases.TIMESTAMP if statuses == (401,)}
        self.assertEqual(len(shapes), 1, shapes)


class ByTcp(Cases, unittest.TestCase):
    pass


class ByTls(Cases, unittest.TestCase):
    tls = True


class Slow(unittest.TestCase):
    """A104 to A107, all waits at once: 10 s for a head, 20 s for a body, 15 s idle."""

    def check(self, tls):
        host = rig.Host(tls=tls)
        try:
            began = time.monotonic()
            whole = cases.signed()
            middle = len(whole) - 10
            head, body, rate = host.connect(timeout=40), host.connect(timeout=40), host.connect(timeout=40)
            head.send(whole[:20])
            body.send(whole[:middle])
            large = cases.signed(b'{"a":"' + b"x" * 100_000 + b'"}')
            rate.send(large[:1000])
            reader = host.connect(timeout=40, receive_buffer=1)
            reader.send(cases.signed())
            idle = [host.connect(timeout=40) for _ in range(50)]
            self.assertEqual(reader.read().status, 200, "A106: a slow reader gets its answer")
            # A byte now and then must not put a deadline off.
            for client, data in ((head, whole[20:]), (body, whole[middle:])):
                client.socket.settimeout(2)
                for i in range(2):
                    client.send(data[i:i + 1])
            answers = {}
            for name, client in (("rate", rate), ("head", head), ("body", body)):
                client.socket.settimeout(40)
                answers[name] = client.read()
                answers[name + "_after"] = time.monotonic() - began
            for name in ("head", "body", "rate"):
                self.assertEqual((answers[name].status, answers[name].closed), (408, True), name)
            self.assertGreater(answers["head_after"], 9)
            self.assertLess(answers["head_after"], 16)
            self.assertLess(answers["body_after"], 30)
            for client in idle:
                self.assertTrue(client.at_end(), "idle connections are closed")
                client.close()
            for client in (head, body, rate, reader):
                client.close()
            self.assertEqual(host.exchange(cases.signed()).status, 200)
            self.assertEqual(host.rows(), 2)
        finally:
            self.assertTrue(host.close())

    def test_by_tcp(self):
        self.check(False)

    def test_by_tls(self):
        self.check(True)

    def test_a_handshake_that_does_not_go_on_is_ended(self):
        host = rig.Host(tls=True)
        try:
            with rig.wire.Wire(host.port, timeout=40) as silent:
                began = time.monotonic()
                self.assertTrue(silent.at_end())
                self.assertLess(time.monotonic() - began, 16)
        finally:
            self.assertTrue(host.close())


class Caps(unittest.TestCase):
    def test_connections(self):
        host = rig.Host()
        try:
            # 1,024 connections of loopback; for one on top, the oldest that has brought nothing goes.
            clients = [host.connect() for _ in range(1024)]
            clients[0].send(cases.signed())
            self.assertEqual(clients[0].read().status, 200, "those that are in are served")
            for extra in range(1, 6):
                self.assertEqual(host.exchange(cases.signed()).status, 200, extra)
            self.assertTrue(clients[1].at_end())
            clients[0].send(cases.signed())
            self.assertEqual(clients[0].read().status, 200, "who has brought something stays")
            for client in clients:
                client.close()
        finally:
            self.assertTrue(host.close())

    def test_bytes_in_flight(self):
        host = rig.Host()
        try:
            # 70 bodies of a whole MiB, all but for their last byte: only 64 MiB are held, so some must be refused.
            holders = [host.connect() for _ in range(70)]
            big = cases.signed(b'{"a":"' + b"x" * (cases.MIB - 8) + b'"}')
            for holder in holders:
                holder.send(big[:-1])
            # The host has read them all once it has refused one; until then some lie in the kernel's buffers.
            early, _, _ = select.select([holder.socket for holder in holders], [], [], 15)
            self.assertTrue(early, "none was refused")
            answers = []
            for holder in holders:
                holder.send(big[-1:])
                answers.append(holder.read())
            refused = [answer for answer in answers if answer.status != 200]
            self.assertGreaterEqual(len(refused), 1)
            self.assertLess(len(refused), 70)
            for answer in refused:
                self.assertEqual((answer.status, answer.closed), (503, True))
                self.assertTrue(answer.header("retry-after"))
            for holder in holders:
                holder.close()
            rig.harness.wait_until(lambda: host.exchange(cases.signed()).status == 200, "room")
        finally:
            self.assertTrue(host.close())

    def test_a_connection_serves_a_hundred_requests(self):
        host = rig.Host()
        try:
            with host.connect() as client:
                for i in range(100):
                    client.send(cases.signed())
                    answer = client.read()
                    self.assertEqual((answer.status, answer.closed), (200, i == 99), i)
        finally:
            self.assertTrue(host.close())


class Control(unittest.TestCase):
    """The positive control: with verification switched off in the pipeline file, the table must be red."""

    def test_a_host_that_does_not_verify_is_noticed(self):
        host = rig.Host(unverified=True)
        try:
            before = host.rows()
            faults = [fault for fault in (run(host, case) for case in cases.SIGNATURE if case[0] in ("A006", "A023", "A026", "A033")) if fault]
            self.assertEqual(len(faults), 4)
            self.assertGreater(host.rows(), before)
        finally:
            host.close()


if __name__ == "__main__":
    unittest.main()
