"""Starts the real binaries on loopback and speaks to them; shared by the demo, the end-to-end tests and the fault rig."""

import http.client
import json
import os
import signal
import socket
import sqlite3
import subprocess
import threading
import time
import urllib.parse


class HarnessError(Exception):
    """A process did not do what it was started for; the text holds its last output, `code` how it ended if it did."""

    code = None


def wait_until(check, what, limit=30.0, interval=0.02):
    """Polls `check` until it gives something true; returns that. Raises HarnessError after `limit` seconds."""
    deadline = time.monotonic() + limit
    while True:
        got = check()
        if got:
            return got
        if time.monotonic() > deadline:
            raise HarnessError(f"waited {limit:.0f} s for {what}")
        time.sleep(interval)


class Process:
    """A child whose first line on stdout begins with `ready`."""

    def __init__(self, arguments, env=None, log=None, ready_limit=30.0):
        self.arguments = [str(a) for a in arguments]
        self._log = open(log, "ab") if log else subprocess.DEVNULL
        self.process = subprocess.Popen(
            self.arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self._log, env=env)
        self.log_path = log
        self.ready = self._read_ready(ready_limit)
        self._drainer = threading.Thread(target=self._drain, daemon=True)
        self._drainer.start()

    def _read_ready(self, limit):
        timer = threading.Timer(limit, self.process.kill)
        timer.start()
        line = self.process.stdout.readline().decode(errors="replace").strip()
        timer.cancel()
        if not line.startswith("ready"):
            try:
                code = self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                code = None
            self.process.stdout.close()
            error = HarnessError(f"{self.arguments[0]} did not become ready: {line!r}\n{self.tail()}")
            error.code = code
            raise error
        return line

    def _drain(self):
        for _ in self.process.stdout:
            pass

    def tail(self, size=4000):
        if not self.log_path or not os.path.exists(self.log_path):
            return ""
        with open(self.log_path, "rb") as log:
            log.seek(0, os.SEEK_END)
            log.seek(max(0, log.tell() - size))
            return log.read().decode(errors="replace")

    @property
    def pid(self):
        return self.process.pid

    def alive(self):
        return self.process.poll() is None

    def kill(self):
        """SIGKILL, and the process is gone when this returns."""
        self.process.kill()
        self.process.wait()
        self._close()

    def _close(self):
        self._drainer.join()
        self.process.stdout.close()
        if self._log is not subprocess.DEVNULL:
            self._log.close()

    def stop(self, limit=15.0):
        """SIGTERM; returns the exit code. Kills and raises HarnessError if it does not end."""
        if self.alive():
            self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(limit)
            self._close()
            return code
        except subprocess.TimeoutExpired:
            self.kill()
            raise HarnessError(f"{self.arguments[0]} did not end within {limit} s\n{self.tail()}") from None


class Client:
    """One keep-alive HTTP connection that speaks JSON."""

    def __init__(self, base):
        self.base = base
        url = urllib.parse.urlsplit(base)
        self._make = lambda: http.client.HTTPConnection(url.hostname, url.port, timeout=30)
        self._connection = None

    def raw(self, method, path, body=None, headers=None):
        """Returns (status, headers, body bytes)."""
        if self._connection is None:
            self._connection = self._make()
        try:
            self._connection.request(method, path, body, headers or {})
            answer = self._connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        except Exception:
            self._connection.close()
            self._connection = None
            raise

    def close(self):
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def json(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        status, _, answer = self.raw(method, path, data, {"Content-Type": "application/json"} if data else {})
        if status >= 300:
            raise HarnessError(f"{method} {path} answered {status}: {answer[:400]!r}")
        return json.loads(answer) if answer else None

    def get(self, path):
        return self.json("GET", path)

    def post(self, path, body=None):
        return self.json("POST", path, body if body is not None else {})

    def put(self, path, body):
        return self.json("PUT", path, body)


class UnixClient(Client):
    """The same over the host's control socket."""

    def __init__(self, path):
        super().__init__("http://localhost")

        def make():
            connection = http.client.HTTPConnection("localhost", timeout=30)
            connection.sock = socket.socket(socket.AF_UNIX)
            connection.sock.settimeout(30)
            connection.sock.connect(str(path))
            return connection

        self._make = make


class Sandbox(Process):
    """The pretend APIs."""

    def __init__(self, binaries, *arguments, log=None):
        super().__init__([os.path.join(binaries, "tenon-sandbox"), "--listen", "127.0.0.1:0", *arguments], log=log)
        self.url = self.ready.split()[1]
        self.client = Client(self.url)

    def all_effects(self):
        effects, since = [], 0
        while True:
            page = self.client.get(f"/_sandbox/effects?since={since}")
            effects += page["effects"]
            if not page["effects"]:
                return effects
            since = page["next"]

    def all_requests(self):
        requests, since = [], 0
        while True:
            page = self.client.get(f"/_sandbox/requests?since={since}")
            requests += page["requests"]
            if not page["requests"]:
                return requests
            since = page["next"]


def host_program(environment):
    """What to start as a host: what users run, or where a promise of it is to be broken its twin that can (CMakeLists.txt beside this)."""
    return "tenon-breakable" if environment.get("TENON_BREAK") else "tenon"


class Tenon(Process):
    """A host. `ready` names where it listens."""

    def __init__(self, binaries, plugins, pipelines, data, env=None, listen="127.0.0.1:0", extra=(), log=None):
        self.data = str(data)
        environment = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "HOME": os.environ.get("HOME", "/")}
        environment.update({k: v for k, v in os.environ.items() if k.startswith(("ASAN_", "TSAN_", "UBSAN_", "LSAN_"))})
        environment.update(env or {})
        arguments = [os.path.join(binaries, host_program(environment)), "run", "--listen", listen, "--admin", "127.0.0.1:0",
                     "--data", self.data, "--plugin-dir", plugins, *extra, *pipelines]
        super().__init__(arguments, env=environment, log=log)
        words = dict(word.split("=", 1) for word in self.ready.split() if "=" in word)
        self.url = words["ingress"]
        self.admin_url = words["admin"]

    @property
    def port(self):
        return urllib.parse.urlsplit(self.url).port

    def control(self):
        return UnixClient(os.path.join(self.data, "control.sock"))


def read_store(data, query, parameters=()):
    """Rows of a read-only query on a store, running or not."""
    connection = sqlite3.connect(f"file:{os.path.join(data, 'journal.db')}?mode=ro", uri=True, timeout=10)
    try:
        return connection.execute(query, parameters).fetchall()
    finally:
        connection.close()
