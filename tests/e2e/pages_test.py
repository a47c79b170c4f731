"""Every block of shell in README.md and docs/ is pasted as it stands, or says why it is not.

A page is one shell in a network of its own, so that the ports that it names are free. What a reader leaves running, a `console` block, goes on
in the background once it says that it is ready."""

import os
import re
import shutil
import signal
import subprocess
import tempfile
import unittest

from rig import BIN, ROOT

SHELLS = ("sh", "bash", "shell", "console", "zsh", "fish")
COMMANDS = ("tenon", "build/bin/", "make", "curl", "cmake", "cp ", "install", "$ ", "docker", "npm", "sqlite3")
# The test of the command line pastes these, on a host that has events.
ELSEWHERE = ("docs/command-line.md",)
# What a page takes for granted, each in a shell of its own.
RUNNING = {"docs/admin-api.md": "tenon run pipelines/blueprint.yaml"}
KEYS = {"BIGCOMMERCE_STORE_HASH": "abc123", "BIGCOMMERCE_API_KEY": "a-key-of-sixteen-bytes-or-more", "BIGCOMMERCE_WEBHOOK_SECRET": "a-secret-of-sixteen-bytes",
        "BIGCOMMERCE_CLIENT_SECRET": "another-of-sixteen-bytes", "GORGIAS_DOMAIN": "acme", "GORGIAS_EMAIL": "a@example.com", "GORGIAS_API_KEY": "a-gorgias-key-0123"}


def pages():
    found = ["README.md"]
    for folder, _, names in os.walk(os.path.join(ROOT, "docs")):
        found += [os.path.relpath(os.path.join(folder, name), ROOT) for name in sorted(names) if name.endswith(".md")]
    return [page for page in found if page not in ELSEWHERE]


def blocks(text):
    """[(what stands behind the fence, content)]"""
    return re.findall(r"^```([^\n]*)\n(.*?)^```", text, re.S | re.M)


def faults(text):
    """What is wrong with how a page marks its blocks."""
    found = []
    for info, content in blocks(text):
        language, _, mark = info.partition(" ")
        first = content.split("\n", 1)[0]
        if language in SHELLS and mark != "runnable" and not re.match(r"skip: \S", mark):
            found.append("neither runnable nor skipped with a reason: " + first)
        if language == "" and first.startswith(COMMANDS):
            found.append("commands that are not marked as such: " + first)
    return found


def script_of(text, page):
    """The page's runnable blocks as one script."""
    lines = ["set -eo pipefail", "ip link set lo up",
             "start() { bash -c \"exec $1\" > started.log 2>&1 & until grep -q ^ready started.log; do kill -0 $! || { cat started.log; exit 1; }; sleep 0.05; done; }"]
    if page in RUNNING:
        lines.append(f"start '{RUNNING[page]}'")
    count = 0
    for info, content in blocks(text):
        if info == "sh runnable":
            lines.append(content)
            count += 1
        elif info == "console runnable":
            lines += [f"start '{line[2:]}'" for line in content.split("\n") if line.startswith("$ ")]
            count += 1
    return "\n".join(lines), count


class Pages(unittest.TestCase):
    def test_each_block_is_run_or_says_why_not(self):
        count = 0
        for page in pages():
            with open(os.path.join(ROOT, page), encoding="utf-8") as file:
                text = file.read()
            count += len(blocks(text))
            self.assertEqual(faults(text), [], page)
        self.assertGreater(count, 20)
        # The control.
        self.assertEqual(len(faults("```sh\ntenon\n```\n```sh skip:\nx\n```\n```\ncurl x\n```\n```sh runnable\nx\n```\n```yaml\nx: 1\n```\n")), 3)

    def paste(self, script):
        folder = tempfile.mkdtemp(prefix="tenon-pages-")
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        os.mkdir(os.path.join(folder, "build"))
        os.symlink(BIN, os.path.join(folder, "build", "bin"))
        for name in ("pipelines", "sdk"):
            os.symlink(os.path.join(ROOT, name), os.path.join(folder, name))
        shutil.copy(os.path.join(ROOT, ".env.example"), folder)
        process = subprocess.Popen(["unshare", "--user", "--map-root-user", "--net", "bash", "-c", script], cwd=folder, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
                                   env={**KEYS, "PATH": BIN + ":" + os.environ["PATH"], "HOME": folder, "LANG": "C.UTF-8"})
        try:
            # Not until the end of the stream: what was left running holds it.
            code = process.wait(timeout=120)
        finally:
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        output = process.stdout.read()
        process.stdout.close()
        return code, output

    def test_the_runnable_ones_work_as_they_stand(self):
        if subprocess.run(["unshare", "--user", "--map-root-user", "--net", "true"], capture_output=True, check=False).returncode != 0:
            self.skipTest("no network of its own can be had here")
        self.assertNotEqual(self.paste("set -e\nfalse")[0], 0, "the control")
        total = 0
        for page in pages():
            with open(os.path.join(ROOT, page), encoding="utf-8") as file:
                script, count = script_of(file.read(), page)
            total += count
            if count == 0:
                continue
            with self.subTest(page=page):
                code, output = self.paste(script)
                self.assertEqual(code, 0, output)
        self.assertGreater(total, 10)


if __name__ == "__main__":
    unittest.main()
