"""tenon eval and tenon explain: one shot, by a pipe, and at a real terminal."""

import fcntl
import json
import os
import pathlib
import pty
import re
import select
import signal
import struct
import subprocess
import tempfile
import termios
import time
import unittest

TENON = os.path.join(os.environ["TENON_BIN"], "tenon")
PLUGINS = os.environ["TENON_PLUGINS"]
PIPELINES = pathlib.Path(__file__).resolve().parents[2] / "pipelines"


class Eval(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.order = self.folder / "order.json"
        self.order.write_text('{"order": {"id": 250, "total": 69.80, "customer": {"email": "Ann@Example.com", "emoji": "é"}}}')

    def tenon(self, *arguments, code=0, stdin=""):
        done = subprocess.run([TENON, *map(str, arguments)], capture_output=True, text=True, input=stdin, env={}, timeout=60)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done

    def test_one_shot(self):
        self.assertEqual(self.tenon("eval", "order.total", "--event", self.order).stdout, "69.80\n")
        self.assertEqual(self.tenon("eval", "--event", "-", "$sum(a)", stdin='{"a":[1,2]}').stdout, "3\n")
        missing = self.tenon("eval", "order.none", "--event", self.order)
        self.assertEqual((missing.stdout, missing.stderr), ("", "missing\n"))
        typed = json.loads(self.tenon("eval", "--json", "order.customer", "--event", self.order).stdout)
        self.assertEqual(typed["type"], "object")

    def test_errors_have_a_caret(self):
        wrong = self.tenon("eval", "$lowercas(order.id)", "--event", self.order, code=2).stderr
        self.assertIn("did you mean `$lowercase`?\n  $lowercas(order.id)\n  ^~~~~~~~~\n", wrong)
        failed = self.tenon("eval", "'é' & (1 + order.customer.email)", "--event", self.order, code=1).stderr
        self.assertIn("T2002", failed)
        self.assertRegex(failed, r"\n {2}'é' & \(1 \+ order\.customer\.email\)\n {11}\^")
        self.tenon("eval", "1", "--event", self.folder / "none.json", code=2)
        self.assertIn("order.json", self.tenon("eval", "1", "--event", self.broken(), code=2).stderr)

    def broken(self):
        self.order.write_text("{")
        return self.order

    def test_in_a_pipelines_scope(self):
        customer = self.folder / "customer.json"
        customer.write_text('{"id": 7, "email": "X@Y.z"}')
        file = PIPELINES / "bigcommerce-gorgias.yaml"
        got = self.tenon("eval", "--plugin-dir", PLUGINS, "--pipeline", file, "--fetch", f"customer={customer}",
                         "$lowercase(customer.email) & event.keys.customer")
        self.assertEqual(got.stdout, '"x@y.z12908"\n')
        self.tenon("eval", "--plugin-dir", PLUGINS, "--pipeline", file, "--fetch", f"custmer={customer}", "1", code=2)
        got = self.tenon("eval", "--plugin-dir", PLUGINS, "--sample", "store/customer/created", "customer.last_name")
        self.assertEqual(got.stdout, '"Lee"\n')

    def test_lines_by_a_pipe(self):
        got = self.tenon("eval", "--event", self.order, stdin="$x := order.id\n$x + 1\n1 +\n:quit\n99\n").stdout
        self.assertIn("251  a number\n", got)
        self.assertIn("error: ", got)
        self.assertNotIn("99", got)

    def test_explain(self):
        customer = self.folder / "customer.json"
        customer.write_text('{"id": 7, "first_name": "Ann"}')
        file = PIPELINES / "bigcommerce-gorgias.yaml"
        arguments = ["explain", "--plugin-dir", PLUGINS, file, "--fetch", f"customer={customer}"]
        shown = self.tenon(*arguments).stdout
        self.assertIn('external_id = "bigcommerce_7"', shown)
        self.assertIn("why: customer has no `email`", shown)
        told = json.loads(self.tenon(*arguments, "--json", "email").stdout)
        [field] = told["actions"][0]["fields"]
        self.assertEqual(field["field"], "email")
        self.assertIn("$lowercase(customer.email)", file.read_text().splitlines()[field["line"] - 1])
        self.tenon(*arguments, "emial", code=2)

    # At a terminal.

    def start(self, *arguments):
        child, terminal = pty.fork()
        if child == 0:
            os.chdir(self.folder)
            os.execve(TENON, [TENON, "eval", *map(str, arguments)],
                      {"TERM": "xterm", "HOME": str(self.folder), "LC_ALL": "C.UTF-8"})
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        self.child, self.terminal, self.said = child, terminal, ""
        self.addCleanup(self.end, child, terminal)
        self.wait_for("> ")

    def end(self, child, terminal):
        os.close(terminal)
        if child == self.child:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)

    def wait_for(self, mark):
        """All that was written until the mark, without escape sequences."""
        end = time.monotonic() + 20
        while True:
            plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[()][A-Z0-9]|\x1b[=>]", "", self.said)
            at = plain.find(mark)
            if at >= 0:
                self.said = plain[at + len(mark):]
                return plain[:at + len(mark)]
            ready, _, _ = select.select([self.terminal], [], [], max(0, end - time.monotonic()))
            self.assertTrue(ready, f"{mark!r} never came; after {self.said!r}")
            self.said += os.read(self.terminal, 65536).decode(errors="replace")

    def type(self, text):
        os.write(self.terminal, text.encode())

    def test_a_prompt_completes_paths_and_functions(self):
        self.start("--event", self.order)
        self.type("ord\t.cust\t.em\t\t")
        self.assertIn("email", self.wait_for("emoji"))
        self.type("ail\n")
        self.wait_for('"Ann@Example.com"')
        self.wait_for("a string")
        self.type("$lowerc\torder.customer.emai\t)\n")
        self.wait_for('"ann@example.com"')

    def test_a_prompt_edits_shows_errors_and_remembers(self):
        self.start("--event", self.order)
        self.type("order.id + 2\x7f3\n")
        self.wait_for("253")
        self.wait_for("> ")
        self.type("order.id +\n")
        self.wait_for("^")
        self.wait_for("> ")
        self.type("\x1b[A\x1b[A\n")
        self.wait_for("253")
        self.wait_for("> ")
        self.type("'é' & order.customer.emoji\n")
        self.wait_for('"éé"')
        self.wait_for("> ")
        self.type("\x04")
        os.waitpid(self.child, 0)
        self.start("--event", self.order)
        self.type("\x1b[A\n")
        self.wait_for('"éé"')

    def test_what_a_payload_holds_cannot_draw_on_the_terminal(self):
        self.order.write_text('{"a": "\\u001b[2Jx\\u009b", "b\\u001b[1m": 1}')
        self.start("--event", self.order)
        self.type("$\n")
        self.wait_for("an object of 2")
        got = self.tenon("eval", "--color", "never", "$", "--event", self.order).stdout
        self.assertNotIn("\x1b", got)
        self.assertNotIn("\x9b", got)


if __name__ == "__main__":
    unittest.main()
