"""Webhooks signed by the npm packages `standardwebhooks` and `svix` verify, and what is changed in them does not.

PUBLISHED is a folder where both are installed (`npm install standardwebhooks svix`); without it the test says that it is skipped."""

import json
import os
import subprocess

import cases
import rig
from rig import unittest

FOLDER = os.environ.get("PUBLISHED")


@unittest.skipUnless(FOLDER, "PUBLISHED names no folder with the npm packages standardwebhooks and svix")
class Published(unittest.TestCase):
    def test_they_verify(self):
        signed = subprocess.run(["node", os.path.join(rig.HERE, "published.mjs"), rig.SECRET], check=True, capture_output=True, text=True,
                                env={**os.environ, "PUBLISHED_FROM": os.path.join(os.path.abspath(FOLDER), "x.js")}).stdout.splitlines()
        self.assertEqual(len(signed), 6)
        host = rig.Host()
        try:
            for line in signed:
                sent = json.loads(line)
                body = sent["body"].encode()
                lines = cases.headers(sent["id"].encode(), str(sent["timestamp"]).encode(), sent["signature"].encode())
                self.assertEqual(host.exchange(rig.request(body + b" ", lines)).status, 401, sent["by"])
                answer = host.exchange(rig.request(body, lines))
                self.assertEqual((answer.status, answer.body), (200, b'{"accepted":1}'), sent["by"])
            self.assertEqual(host.rows(), 6)
        finally:
            self.assertTrue(host.close())


if __name__ == "__main__":
    unittest.main()
