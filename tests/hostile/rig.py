"""A host for the port's tests: the hook connector behind it, and what its store holds."""

import base64
import hashlib
import hmac
import os
import shutil
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import harness  # noqa: E402
import wire  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.normpath(os.path.join(HERE, "..", ".."))
BIN = os.environ.get("TENON_BIN", os.path.join(ROOT, "build", "bin"))
HOOK = os.environ.get("TENON_HOOK", os.path.join(ROOT, "build", "lib", "hook"))


def secret_of(text):
    return "whsec_" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


SECRET, OLD_SECRET, OTHER_SECRET, RETIRED_SECRET = (secret_of(name) for name in ("current", "old", "other", "retired"))
DIGEST_KEY = "digest-key-0123456789-0123456789"
BODY = b'{"n":1,"text":"hello"}'


def key_of(secret):
    return base64.b64decode(secret[len("whsec_"):])


def mac(key, identifier, timestamp, body):
    return hmac.new(key, b"%s.%s.%s" % (identifier, timestamp, body), hashlib.sha256).digest()


def sign(identifier, timestamp, body, secret=SECRET):
    """`v1,…` of Standard Webhooks 1.0.0, over bytes."""
    return b"v1," + base64.b64encode(mac(key_of(secret), identifier, timestamp, body))


def request(body=BODY, headers=(), path=b"/in/signed", method=b"POST", content_type=b"application/json", length=None, version=b"HTTP/1.1"):
    lines = [b"%s %s %s" % (method, path, version), b"Host: a"]
    if content_type is not None:
        lines.append(b"Content-Type: " + content_type)
    if length is not False:
        lines.append(b"Content-Length: %d" % (len(body) if length is None else length))
    lines += headers
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


class Host:
    """A running host; `tls` makes it speak HTTPS. `connections`: those that have a pipeline; None: all."""

    def __init__(self, tls=False, connections=("signed", "other", "digest", "open"), unverified=False, extra=()):
        self.folder = tempfile.mkdtemp(prefix="tenon-hostile-")
        self.data = os.path.join(self.folder, "data")
        with open(os.path.join(HERE, "hook.yaml"), encoding="utf-8") as source:
            text = source.read()
        if unverified:
            # The positive control: what should be signed is not looked at.
            text = text.replace('secret: "${SECRET}", verify: { signature: { mode: required, old: ["${OLD_SECRET}"] } }',
                                "verify: none, i_understand_unauthenticated: true")
        self.pipelines = []
        for name in connections:
            self.pipelines.append(os.path.join(self.folder, f"{name}.yaml"))
            with open(self.pipelines[-1], "w", encoding="utf-8") as out:
                out.write(text.replace("NAME", name))
        self.context = None
        extra = list(extra)
        if tls:
            certificate, key = wire.make_certificate(self.folder)
            extra += ["--tls-cert", certificate, "--tls-key", key]
            self.context = wire.trusting(certificate)
        environment = {"SECRET": SECRET, "OLD_SECRET": OLD_SECRET, "OTHER_SECRET": OTHER_SECRET, "DIGEST_KEY": DIGEST_KEY}
        self.log = os.path.join(self.folder, "tenon.log")
        self.process = harness.Tenon(BIN, HOOK, self.pipelines, self.data, env=environment, extra=extra, log=self.log)

    @property
    def port(self):
        return self.process.port

    def connect(self, **options):
        return wire.Wire(self.port, self.context, **options)

    def exchange(self, data, **options):
        with self.connect(**options) as client:
            client.send(data)
            return client.read()

    def rows(self, where="1"):
        return harness.read_store(self.data, f"SELECT count(*) FROM event WHERE {where}")[0][0]

    def close(self):
        """Ends it as an operator would; true if it ended well."""
        try:
            return self.process.alive() and self.process.stop() == 0
        finally:
            if self.process.alive():
                self.process.kill()
            shutil.rmtree(self.folder, ignore_errors=True)


def now():
    return b"%d" % int(time.time())


__all__ = ["unittest", "harness", "wire"]
