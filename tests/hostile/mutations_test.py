"""Seeded random mutations of every group of cases, by TCP and TLS: the host lives, and its store holds only what was signed.

MUTATIONS (default 150) is how many of each group and transport, SEED the seed. `make proof` runs 10,000."""

import contextlib
import json
import os
import random

import cases
import rig
from rig import unittest

COUNT = int(os.environ.get("MUTATIONS", "150"))
SEED = int(os.environ.get("SEED", "20261125"))
PIECES = [b"\r\n", b"\n", b"\r", b"\r\n\r\n", b"\0", b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n", b"Expect: 100-continue\r\n", b": ", b" ", b"\t",
          b"0\r\n\r\n", b"ffffffffffffffff\r\n", b"webhook-id: msg_2\r\n", b"webhook-timestamp: 1\r\n", b"v1,", b"[[[[", b"\xff", b"HTTP/1.0", b"PROXY TCP4 ",
          b"POST /in/signed HTTP/1.1\r\nHost: a\r\n\r\n", b"\x16\x03\x01\x02\x00", b"-1", b"_", b"99999999999999999999"]


def mutated(data, chance):
    data = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(data) + 1) if chance.random() < 0.7 else chance.randrange(min(len(data), 600) + 1)
        kind = chance.randrange(7)
        if kind == 0 and at < len(data):
            data[at] = chance.randrange(256)
        elif kind == 1 and at < len(data):
            data[at] ^= 1 << chance.randrange(8)
        elif kind == 2:
            del data[at:at + chance.randint(1, 8)]
        elif kind == 3:
            data[at:at] = chance.choice(PIECES)
        elif kind == 4:
            start = chance.randrange(len(data) + 1)
            data[at:at] = data[start:start + chance.randint(1, 60)]
        elif kind == 5:
            lines = bytes(data).split(b"\r\n")
            lines.insert(chance.randrange(len(lines)), chance.choice(lines))
            data = bytearray(b"\r\n".join(lines))
        elif chance.random() < 0.2:
            del data[at:]
    return bytes(data)


def compact(data):
    """The connector's JSON comes without white space between its tokens; what is no JSON comes as it was."""
    try:
        return json.dumps(json.loads(data), separators=(",", ":")).encode()
    except (ValueError, RecursionError):
        return data


class Signed:
    """Remembers what was signed by a secret that holds, while the cases build their requests."""

    def __init__(self):
        self.webhooks, self.digests = set(), set()
        self._mac = rig.mac

    def __enter__(self):
        good = {rig.key_of(rig.SECRET), rig.key_of(rig.OLD_SECRET)}

        def mac(key, identifier, timestamp, body):
            if key in good:
                self.webhooks.add((identifier, compact(bytes(body))))
            return self._mac(key, identifier, timestamp, body)

        rig.mac = cases.mac = mac
        return self

    def __exit__(self, *_):
        rig.mac = cases.mac = self._mac

    def foreign_rows(self, host):
        """Rows whose bytes nobody signed."""
        foreign = []
        for identifier, connection, data in rig.harness.read_store(host.data, "SELECT id, connection, data FROM event"):
            data = data if isinstance(data, bytes) else data.encode()
            if connection == "signed" and (identifier.encode(), compact(data)) in self.webhooks:
                continue
            if connection == "digest" and data.startswith(b'{"digest":'):
                continue
            foreign.append((connection, identifier, data[:100]))
        return foreign


def throw(host, data):
    """Sends the bytes, says that no more come, and reads to the end. True if anything was answered."""
    try:
        client = host.connect(timeout=30)
    except OSError:
        return False
    with client:
        client.send(data)
        with contextlib.suppress(OSError):
            client.socket.shutdown(rig.wire.socket.SHUT_WR)
        answered = False
        with contextlib.suppress(OSError):
            while client.socket.recv(65536):
                answered = True
        return answered


def run(host, group, count):
    """Returns (what was signed, how many were answered)."""
    chance = random.Random(f"{SEED} {group}")
    table = cases.GROUPS[group]
    answered = 0
    with Signed() as signed:
        for i in range(count):
            # Large inputs are thrown now and then only: they cost more than they find.
            data = table[i % len(table)][2]()
            if len(data) > 200_000 and i >= len(table):
                data = table[0][2]()
            answered += throw(host, mutated(data, chance))
        signed_once = cases.signed()
        control = host.exchange(signed_once)
        if control.status != 200:
            raise AssertionError(f"after {count} mutations of {group}: {control!r}")
    return signed, answered


class Mutations(unittest.TestCase):
    def check(self, tls):
        for group in cases.GROUPS:
            with self.subTest(group=group):
                host = rig.Host(tls=tls, connections=("signed", "digest"))
                try:
                    signed, answered = run(host, group, COUNT)
                    self.assertEqual(signed.foreign_rows(host), [])
                    self.assertGreater(answered, COUNT // 4)
                finally:
                    self.assertTrue(host.close(), "the host lives and ends well")

    def test_by_tcp(self):
        self.check(False)

    def test_by_tls(self):
        self.check(True)

    def test_a_host_that_does_not_verify_is_noticed(self):
        host = rig.Host(connections=("signed", "digest"), unverified=True)
        try:
            signed, _ = run(host, "signature", 150)
            self.assertNotEqual(signed.foreign_rows(host), [])
        finally:
            host.close()


if __name__ == "__main__":
    unittest.main()
