"""Where webhooks come in: TLS and its reload, proxies that say for whom they speak, sockets from a service manager."""

import contextlib
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
import unittest
import warnings

import rig

import harness
import wire


def post(body, headers=(), path="/in/blueprint_store"):
    lines = [f"POST {path} HTTP/1.1", "Host: a", "Content-Type: application/json", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class PortRig(rig.Rig):
    pipeline = "blueprint.yaml"

    def setUp(self):
        super().setUp()
        self.env["BIGCOMMERCE_API_KEY"] = rig.CLIENT_SECRET
        self.log = os.path.join(self.folder, "tenon.log")
        self.sent = 0

    def begin(self, *extra):
        self.host = harness.Tenon(rig.BIN, rig.PLUGINS, [os.path.join(rig.ROOT, "pipelines", self.pipeline)], self.data, env=self.env,
                                  extra=extra, log=self.log)
        return self.host

    def signed(self, *headers):
        self.sent += 1
        identifier, now = f"port-{self.sent}", str(int(time.time()))
        body = json.dumps({"type": "bigcommerce.created", "timestamp": now, "data": {
            "id": f"bigcommerce_{self.sent}", "status": "new", "email": "a@example.com", "name": "Ann", "amount": 1}}).encode()
        return post(body, [f"webhook-id: {identifier}", f"webhook-timestamp: {now}",
                           f"webhook-signature: {rig.sign(rig.CLIENT_SECRET, identifier, now, body)}", *headers])

    def logged(self):
        with open(self.log, encoding="utf-8", errors="replace") as log:
            return log.read()

    def remotes(self):
        """Who was refused for an unsigned request, by the log's words, in order."""
        return [word.split("=", 1)[1].strip('"') for line in self.logged().splitlines() if "webhook_refused" in line
                for word in line.split() if word.startswith("remote=")]


class Tls(PortRig):
    def setUp(self):
        super().setUp()
        self.certificate, self.key = wire.make_certificate(self.folder)

    def begin_tls(self):
        host = self.begin("--tls-cert", self.certificate, "--tls-key", self.key)
        self.assertTrue(host.url.startswith("https://"), host.url)
        return host

    def test_a_signed_webhook_is_taken_by_tls_1_2_and_1_3(self):
        host = self.begin_tls()
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            context = wire.trusting(self.certificate)
            context.minimum_version = context.maximum_version = version
            context.set_alpn_protocols(["h2", "http/1.1"])
            with wire.Wire(host.port, context) as client:
                self.assertEqual(client.socket.selected_alpn_protocol(), "http/1.1")
                for _ in range(3):
                    self.assertTrue(client.send(self.signed()))
                    self.assertEqual(client.read().status, 200)
        self.drained(6)

    def test_an_rsa_pair_and_a_chain_serve_too(self):
        self.certificate, self.key = wire.make_certificate(self.folder, "rsa", "rsa")
        other, _ = wire.make_certificate(self.folder, "other")
        with open(self.certificate, "a", encoding="ascii") as chain, open(other, encoding="ascii") as more:
            chain.write(more.read())
        host = self.begin_tls()
        with wire.Wire(host.port, wire.trusting(self.certificate)) as client:
            client.send(self.signed())
            self.assertEqual(client.read().status, 200)

    def test_older_versions_other_protocols_and_plain_http_are_refused(self):
        host = self.begin_tls()
        old = wire.trusting(self.certificate)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            old.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
            old.maximum_version = ssl.TLSVersion.TLSv1_1
        old.set_ciphers("ALL:@SECLEVEL=0")
        only_h2 = wire.trusting(self.certificate)
        only_h2.set_alpn_protocols(["h2"])
        for context in (old, only_h2):
            with self.assertRaises(OSError):
                wire.Wire(host.port, context).close()
        with wire.Wire(host.port) as plain:
            plain.send(self.signed())
            self.assertEqual(plain.read().status, 0)
        with wire.Wire(host.port, wire.trusting(self.certificate)) as client:
            client.send(self.signed())
            self.assertEqual(client.read().status, 200, "the next one is served all the same")

    def test_sighup_changes_the_certificate_and_drops_nobody(self):
        host = self.begin_tls()
        first, (second, second_key) = self.certificate, wire.make_certificate(self.folder, "second")
        first_copy = os.path.join(self.folder, "first-copy.pem")
        with open(first, "rb") as source, open(first_copy, "wb") as copy:
            copy.write(source.read())
        with wire.Wire(host.port, wire.trusting(first_copy)) as old:
            old.send(self.signed())
            self.assertEqual(old.read().status, 200)
            half = self.signed()
            old.send(half[:100])
            os.replace(second, self.certificate)
            os.replace(second_key, self.key)
            host.process.send_signal(signal.SIGHUP)
            harness.wait_until(lambda: "certificate reloaded" in self.logged(), "the reload")
            with wire.Wire(host.port, wire.trusting(self.certificate)) as new:
                new.send(self.signed())
                self.assertEqual(new.read().status, 200)
            with self.assertRaises(ssl.SSLError):
                wire.Wire(host.port, wire.trusting(first_copy)).close()
            old.send(half[100:])
            self.assertEqual(old.read().status, 200, "a request that began before the reload")
        self.drained(3)

    def test_a_bad_pair_at_reload_keeps_the_old_one(self):
        host = self.begin_tls()
        _, other_key = wire.make_certificate(self.folder, "other")
        os.replace(other_key, self.key)
        host.process.send_signal(signal.SIGHUP)
        harness.wait_until(lambda: "tls_certificate" in self.logged(), "the line that says so")
        lines = [line for line in self.logged().splitlines() if "tls_certificate" in line]
        self.assertEqual(len(lines), 1, lines)
        self.assertIn("is not the key of the certificate", lines[0])
        with wire.Wire(host.port, wire.trusting(self.certificate)) as client:
            client.send(self.signed())
            self.assertEqual(client.read().status, 200)

    def test_pairs_that_do_not_work_are_told_at_the_start(self):
        def told(*extra):
            ran = subprocess.run([os.path.join(rig.BIN, "tenon"), "run", "--listen", "127.0.0.1:0", "--data", self.data, "--plugin-dir", rig.PLUGINS,
                                  *extra, os.path.join(rig.ROOT, "pipelines", self.pipeline)], env={**self.env, "PATH": os.environ["PATH"]},
                                 capture_output=True, timeout=30, check=False)
            self.assertEqual(ran.returncode, 2, ran.stderr)
            self.assertNotIn(b"PRIVATE KEY", ran.stderr)
            return ran.stderr.decode()

        small, small_key = os.path.join(self.folder, "small.pem"), os.path.join(self.folder, "small.key")
        subprocess.run(["openssl", "req", "-x509", "-nodes", "-newkey", "rsa:1024", "-keyout", small_key, "-out", small, "-subj", "/CN=a"],
                       check=True, capture_output=True)
        encrypted = os.path.join(self.folder, "encrypted.key")
        subprocess.run(["openssl", "pkey", "-in", self.key, "-aes128", "-passout", "pass:x", "-out", encrypted], check=True, capture_output=True)
        broken = os.path.join(self.folder, "broken.pem")
        with open(self.certificate, encoding="ascii") as good, open(broken, "w", encoding="ascii") as out:
            text = good.read()
            out.write(text + text[:len(text) // 2])
        self.assertIn("--tls-cert needs --tls-key", told("--tls-cert", self.certificate))
        self.assertIn("No such file", told("--tls-cert", "/nonexistent.pem", "--tls-key", self.key))
        self.assertIn("expected a certificate", told("--tls-cert", self.key, "--tls-key", self.key))
        self.assertIn("expected a private key", told("--tls-cert", self.certificate, "--tls-key", self.certificate))
        self.assertIn("encrypted", told("--tls-cert", self.certificate, "--tls-key", encrypted))
        self.assertIn("chain is broken", told("--tls-cert", broken, "--tls-key", self.key))
        self.assertRegex(told("--tls-cert", small, "--tls-key", small_key), "weak|at least 2048")
        self.assertIn("--trusted-proxy", told("--trusted-proxy", "10.0.0.0/33"))
        self.assertFalse(os.path.exists(self.data), "told before the data directory is touched")


class Told(PortRig):
    """What the port tells of itself."""

    def port_counts(self):
        with contextlib.closing(self.host.control()) as control:
            return control.get("/v1/status")["port"]

    def test_status_counts_connections(self):
        host = self.begin()
        with wire.Wire(host.port) as client:
            client.send(self.signed())
            self.assertEqual(client.read().status, 200)
            port = self.port_counts()
            self.assertEqual((port["connections"], port["most"], port["refused"], port["gave_way"]), (1, 1024, 0, 0))
            self.assertEqual(port["listeners"], [{"url": host.url, "connections": 1}])
            shown = subprocess.run([os.path.join(rig.BIN, "tenon"), "status", "--data", self.data], capture_output=True, text=True, check=True).stdout
            self.assertIn(f"port: 1 of at most 1024 connections open ({host.url} 1), 0 refused by a cap, 0 gave way", shown)

    def test_refused_connections_are_counted(self):
        host = self.begin("--trusted-proxy", "127.0.0.1")
        clients = [wire.Wire(host.port, first=b"PROXY TCP4 192.0.2.1 127.0.0.1 1 2\r\n") for _ in range(65)]
        try:
            harness.wait_until(lambda: self.port_counts()["refused"] == 1, "the one too many")
        finally:
            for client in clients:
                client.close()

    def test_not_ready_while_it_drains(self):
        host = self.begin()
        admin = harness.Client(host.admin_url)
        self.addCleanup(admin.close)
        self.assertEqual(admin.raw("GET", "/readyz")[0], 200)
        with wire.Wire(host.port) as client:
            whole = self.signed()
            client.send(whole[:-10])
            harness.wait_until(lambda: self.port_counts()["bytes_in_flight"] > 0, "the half of a request")
            host.process.send_signal(signal.SIGTERM)
            status, body = harness.wait_until(lambda: (lambda got: got[0] == 503 and (got[0], got[2]))(admin.raw("GET", "/readyz")), "the change")
            self.assertEqual((status, json.loads(body)), (503, {"status": "not_ready", "reason": "draining"}))
            client.send(whole[-10:])
            self.assertEqual(client.read().status, 200)
        self.assertEqual(host.stop(), 0)


class Proxies(PortRig):
    V2 = b"\r\n\r\n\0\r\nQUIT\n"

    def unsigned(self, port, first=b"", *headers):
        with wire.Wire(port, first=first) as client:
            client.send(post(b"{}", headers))
            return client.read()

    def test_a_trusted_proxy_is_believed(self):
        host = self.begin("--trusted-proxy", "127.0.0.1", "--trusted-proxy", "10.0.0.0/8")
        self.assertEqual(self.unsigned(host.port, b"", "X-Forwarded-For: 6.6.6.6, 192.0.2.1, 10.1.2.3").status, 401)
        self.host.stop()
        self.assertEqual(self.remotes(), ["192.0.2.1"])

    def test_a_stranger_is_not_believed(self):
        host = self.begin("--trusted-proxy", "10.0.0.0/8")
        self.assertEqual(self.unsigned(host.port, b"", "X-Forwarded-For: 192.0.2.1").status, 401)
        header = self.unsigned(host.port, b"PROXY TCP4 192.0.2.2 10.0.0.1 1 2\r\n")
        self.assertEqual((header.status, header.closed), (400, True))
        self.host.stop()
        self.assertEqual(set(self.remotes()), {"127.0.0.1"})

    def test_broken_headers_end_the_connection(self):
        host = self.begin("--trusted-proxy", "127.0.0.1")
        for first in (b"PROXY TCP4 192.0.2.2 10.0.0.1 1\r\n", b"PROXY TCP4 192.0.2.2 10.0.0.1 1 99999\r\n", b"PROXY TCP4 1.2.3 1.2.3.4 1 2\r\n",
                      b"PROXY TCP4 2001:db8::2 ::1 1 2\r\n", b"PROXY TCP4  192.0.2.2 10.0.0.1 1 2\r\n", b"PROXY TCP4 192.0.2.2 10.0.0.1 1 2\n",
                      b"PROXY " + b"A" * 200, self.V2 + b"\x31\x11\0\x0c" + b"a" * 12, self.V2 + b"\x21\x11\0\4abcd", self.V2 + b"\x21\x11\xff\xff"):
            answer = self.unsigned(host.port, first)
            self.assertEqual((answer.status, answer.closed), (0, True), first)

    def test_before_tls_and_split_at_every_byte(self):
        certificate, key = wire.make_certificate(self.folder)
        host = self.begin("--trusted-proxy", "127.0.0.1", "--tls-cert", certificate, "--tls-key", key)
        line = b"PROXY TCP4 192.0.2.2 10.0.0.1 1 2\r\n"
        with wire.Wire(host.port, wire.trusting(certificate), first=line) as client:
            client.send(self.signed())
            self.assertEqual(client.read().status, 200)
        client = socket.create_connection(("127.0.0.1", host.port))
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in line:
            client.sendall(bytes([byte]))
        with wire.trusting(certificate).wrap_socket(client) as secure:
            secure.sendall(self.signed())
            self.assertTrue(secure.recv(100).startswith(b"HTTP/1.1 200"))

    def test_connections_are_capped_per_real_client(self):
        host = self.begin("--trusted-proxy", "127.0.0.1")
        clients = []
        try:
            # One household has a whole /64.
            for i in range(64):
                client = wire.Wire(host.port, first=b"PROXY TCP6 2001:db8:0:1::%x ::1 1 2\r\n" % (i + 1))
                client.send(self.signed())
                self.assertEqual(client.read().status, 200)
                clients.append(client)
            with wire.Wire(host.port, first=b"PROXY TCP6 2001:db8:0:1::ffff ::1 1 2\r\n") as more:
                more.send(self.signed())
                self.assertEqual(more.read().status, 0)
            with wire.Wire(host.port, first=b"PROXY TCP6 2001:db8:0:2::1 ::1 1 2\r\n") as other:
                other.send(self.signed())
                self.assertEqual(other.read().status, 200)
            with wire.Wire(host.port) as forwarded:
                forwarded.send(self.signed("X-Forwarded-For: 2001:db8:0:1::abcd"))
                self.assertEqual(forwarded.read().status, 503, "its requests count as connections")
            clients.pop().close()
            def served():
                with wire.Wire(host.port, first=b"PROXY TCP6 2001:db8:0:1::ffff ::1 1 2\r\n") as again:
                    again.send(self.signed())
                    return again.read().status == 200
            harness.wait_until(served, "the place that became free")
        finally:
            for client in clients:
                client.close()


class Sockets(PortRig):
    """As systemd starts it: LISTEN_FDS from 3 on, LISTEN_PID the process itself, NOTIFY_SOCKET a datagram socket."""

    def activate(self, names, extra=()):
        sockets = [socket.create_server(("127.0.0.1", 0)) for _ in names]
        notify = os.path.join(self.folder, "notify")
        manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        manager.bind(notify)
        manager.settimeout(20)
        self.addCleanup(manager.close)
        # The manager's part, in a few lines: descriptors from 3 on, and the variables of sd_listen_fds(3).
        starter = ("import os,sys\n"
                   "numbers=[int(n) for n in sys.argv[1].split(',')]\n"
                   "copies=[os.dup(n) for n in numbers]\n"
                   "high=[]\n"
                   "import fcntl\n"
                   "for c in copies: high.append(fcntl.fcntl(c, fcntl.F_DUPFD, 50)); os.close(c)\n"
                   "for i,h in enumerate(high): os.dup2(h, 3+i); os.set_inheritable(3+i, True); os.close(h)\n"
                   "os.environ['LISTEN_PID']=str(os.getpid())\n"
                   "os.execv(sys.argv[2], sys.argv[2:])\n")
        environment = {**self.env, "PATH": os.environ["PATH"], "NOTIFY_SOCKET": notify, "LISTEN_FDS": str(len(names)), "LISTEN_FDNAMES": ":".join(names)}
        with open(self.log, "ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-c", starter, ",".join(str(s.fileno()) for s in sockets), os.path.join(rig.BIN, "tenon"), "run", "--data", self.data,
                 "--plugin-dir", rig.PLUGINS, *extra, os.path.join(rig.ROOT, "pipelines", self.pipeline)],
                env=environment, stdout=subprocess.PIPE, stderr=log, pass_fds=[s.fileno() for s in sockets])
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        ports = [s.getsockname()[1] for s in sockets]
        for each in sockets:
            each.close()
        return process, manager, ports

    def test_passed_sockets_are_served_and_the_manager_is_told(self):
        certificate, key = wire.make_certificate(self.folder)
        process, manager, ports = self.activate(["https", "http", "admin"], ["--tls-cert", certificate, "--tls-key", key])
        self.assertEqual(manager.recv(100), b"READY=1")
        ready = process.stdout.readline().decode()
        self.assertIn(f"ingress=https://127.0.0.1:{ports[0]},http://127.0.0.1:{ports[1]} ", ready)
        self.assertIn(f"admin=http://127.0.0.1:{ports[2]} ", ready)
        for port, context in ((ports[0], wire.trusting(certificate)), (ports[1], None)):
            with wire.Wire(port, context) as client:
                client.send(self.signed())
                self.assertEqual(client.read().status, 200)
        with wire.Wire(ports[2]) as health:
            health.send(b"GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n")
            self.assertEqual(health.read().status, 200)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(manager.recv(100), b"STOPPING=1")
        self.assertEqual(process.wait(20), 0)

    def test_what_came_before_the_host_was_up_is_answered(self):
        listener = socket.create_server(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        with wire.Wire(port) as early:
            early.send(self.signed())
            real, socket.create_server = socket.create_server, lambda *_: listener
            try:
                self.activate(["tenon.socket"])
            finally:
                socket.create_server = real
            self.assertEqual(early.read().status, 200)

    def test_variables_of_another_process_are_not_ours(self):
        self.env.update(LISTEN_FDS="1", LISTEN_PID="1")
        host = self.begin()
        with wire.Wire(host.port) as client:
            client.send(self.signed())
            self.assertEqual(client.read().status, 200)


if __name__ == "__main__":
    unittest.main()
