"""A client that sends exactly the bytes it is told, by TCP or TLS, and reads what comes back; and certificates to speak TLS with."""

import contextlib
import os
import socket
import ssl
import subprocess


class Answer:
    """One HTTP answer. `status` 0: none came. `closed`: the host ended the connection behind it."""

    def __init__(self, status=0, head="", body=b"", closed=False):
        self.status, self.head, self.body, self.closed = status, head, body, closed

    def header(self, name):
        for line in self.head.split("\r\n")[1:]:
            key, _, value = line.partition(":")
            if key.lower() == name.lower():
                return value.strip()
        return None

    def __repr__(self):
        return f"{self.status}{' close' if self.closed else ''} {self.body[:120]!r}"


def trusting(*certificates):
    """A context that believes these PEM files only."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    for certificate in certificates:
        context.load_verify_locations(certificate)
    return context


class Wire:
    """One connection. `first` is sent before TLS begins. `receive_buffer` in bytes, for a peer that reads slowly."""

    def __init__(self, port, context=None, first=b"", timeout=20.0, receive_buffer=None, source=None):
        self.socket = socket.socket()
        self.socket.settimeout(timeout)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        if source:
            self.socket.bind((source, 0))
        try:
            self.socket.connect(("127.0.0.1", port))
            if first:
                self.socket.sendall(first)
            if context:
                self.socket = context.wrap_socket(self.socket)
        except OSError:
            self.socket.close()
            raise
        self._got = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, data):
        """False once the host has ended the connection."""
        try:
            self.socket.sendall(data)
            return True
        except OSError:
            return False

    def _fill(self):
        try:
            got = self.socket.recv(65536)
        except (ConnectionError, ssl.SSLError):
            return False
        self._got += got
        return bool(got)

    def read(self, is_head=False):
        """The next answer; an interim one (100) is one too."""
        while b"\r\n\r\n" not in self._got:
            if not self._fill():
                return Answer(closed=True)
        head, _, self._got = self._got.partition(b"\r\n\r\n")
        answer = Answer(int(head.split(b" ", 2)[1]), head.decode("latin-1"))
        size = int(answer.header("content-length") or 0) if not is_head else 0
        while len(self._got) < size and self._fill():
            pass
        answer.body, self._got = self._got[:size], self._got[size:]
        if answer.header("connection") == "close":
            answer.closed = self.at_end()
        return answer

    def at_end(self):
        """True if the host ends the connection without another byte."""
        return not self._got and not self._fill() and not self._got

    def close(self):
        with contextlib.suppress(OSError):
            self.socket.close()


def make_certificate(folder, name="server", key="ec", days=30):
    """A self-signed pair for localhost; returns the paths (certificate, key). `key`: ec, rsa, or a curve's name."""
    certificate, private = os.path.join(folder, f"{name}.pem"), os.path.join(folder, f"{name}.key")
    kind = ["rsa:2048"] if key == "rsa" else ["ec", "-pkeyopt", f"ec_paramgen_curve:{'P-256' if key == 'ec' else key}"]
    subprocess.run(["openssl", "req", "-x509", "-nodes", "-newkey", *kind, "-keyout", private, "-out", certificate, "-days", str(days), "-subj",
                    f"/CN={name}", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"], check=True, capture_output=True)
    return certificate, private
