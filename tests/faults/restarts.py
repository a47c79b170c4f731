#!/usr/bin/env python3
"""Starts with broken files over a backlog, and stops under load.

Case `config`: each broken pipeline of tests/diagnostics ends the start with 2 and a line, and no byte of the store changes. Case `stop`:
SIGTERM under load, in every third stop with requests that hang at the sink; the host ends within 10 s, nothing is lost or made twice, and
senders see 2xx, 503 or a refused connection only. The control is `--break ack_early`, killed in place of stopped.
"""

import glob
import hashlib
import os
import random
import re
import signal
import subprocess
import sys
import time

import load
from load import harness


# How the sink hangs in every third stop, in turns: it answers nothing, or makes what it is asked for and never says so.
HANGS = (True, {"method": "POST", "after_effect": True})


class Rig(load.Load):
    def __init__(self, options, name):
        super().__init__(options, name)
        self.rng = random.Random(options.seed)

    def run_with(self, file):
        """Exit code and words of a start that should fail; a host that gets up is ended."""
        env = {"PATH": os.environ.get("PATH", ""), "HOME": self.folder, **self.env}
        ran = subprocess.Popen([os.path.join(self.options.bin, "tenon"), "run", "--listen", "127.0.0.1:0", "--data", self.data, "--plugin-dir",
                                self.options.plugins, file], env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        try:
            words, _ = ran.communicate(timeout=10)
        except subprocess.TimeoutExpired:
            ran.terminate()
            words, _ = ran.communicate()
            return None, words
        return ran.returncode, words

    def digest(self):
        digest = hashlib.sha256()
        for suffix in ("", "-wal"):
            path = os.path.join(self.data, "journal.db" + suffix)
            if os.path.exists(path):
                with open(path, "rb") as file:
                    digest.update(suffix.encode() + file.read())
        return digest.hexdigest()

    def broken_files(self):
        files = []
        for expected in sorted(glob.glob(os.path.join(load.ROOT, "tests", "diagnostics", "*.expected"))):
            with open(expected, encoding="utf-8", errors="replace") as text:
                if re.search(r":\d+:\d+: error: ", text.read()) and os.path.exists(expected[:-9] + ".yaml"):
                    files.append(expected[:-9] + ".yaml")
        self.rng.shuffle(files)
        return files[:self.options.files]

    def configs(self):
        self.start()
        self.client.put("/_sandbox/switches", {"api": "gorgias", "hang": True})
        self.send(40)
        self.wait_answered()
        self.host.kill()
        waiting = harness.read_store(self.data, "SELECT count(*) FROM pending")[0][0]
        before = self.digest()
        bad = []
        files = self.broken_files()
        for file in files:
            code, words = self.run_with(file)
            if code != 2 or not re.search(re.escape(os.path.basename(file)) + r":\d+:\d+: ", words) or self.digest() != before:
                bad.append(f"{os.path.basename(file)}: {code} {words[:200]!r}{'' if self.digest() == before else ', the store changed'}")
        self.client.put("/_sandbox/switches", {"api": "gorgias", "hang": False})
        self.start()
        changed = self.digest() != before
        verdict = self.settle_down()
        code = self.host.stop()
        print(f"{len(files)} broken files over {waiting} waiting events, wrong {len(bad)} {bad[:3]}; a whole file changed the store: {changed}; "
              f"{verdict}; exit {code}", flush=True)
        return not bad and len(files) == self.options.files and waiting == 40 and changed and verdict.good and code == 0

    def stops(self):
        took, hung = [], []
        for number in range(self.options.stops):
            self.start()
            hangs = number % 3 == 2 and not self.lossy
            if hangs:
                self.client.put("/_sandbox/switches", {"api": "gorgias", "hang": HANGS[number // 3 % 2]})
            self.send(60)
            time.sleep(self.rng.uniform(0, 0.3))
            if hangs:
                harness.wait_until(lambda: self.client.get("/_sandbox/stats")["apis"]["gorgias"]["in_flight"], "a request that hangs")
            if self.lossy:
                self.host.kill()
                continue
            began = time.monotonic()
            self.host.process.send_signal(signal.SIGTERM)
            code = self.host.process.wait(30)
            (hung if hangs else took).append(time.monotonic() - began)
            self.client.put("/_sandbox/switches", {"api": "gorgias", "hang": False})
            if code != 0:
                raise harness.HarnessError(f"ended with {code}\n{self.host.tail()}")
        self.start()
        verdict = self.settle_down()
        self.host.stop()
        summaries = [self.client.get(f"/_sandbox/deliveries?batch={batch}&summary=1")["summary"] for batch in self.batches]
        odd = sum(s["refused"] + s["given_up"] + s["resent_faulty"] for s in summaries)
        print(f"{self.options.stops} stops under load, the slowest {max(took, default=0):.2f} s; of them {len(hung)} with requests hanging at the sink, "
              f"the slowest {max(hung, default=0):.2f} s; answers: {sum(s['answered'] for s in summaries)} of 200, "
              f"{sum(s['resent_busy'] for s in summaries)} of 503, "
              f"{sum(s['resent_unanswered'] for s in summaries)} refused or unanswered, {odd} other; {verdict}", flush=True)
        return verdict.good and odd == 0 and max(took + hung, default=0) <= 10


def main():
    parser = load.arguments(__doc__)
    parser.add_argument("--files", type=int, default=40)
    parser.add_argument("--stops", type=int, default=100)
    parser.add_argument("--cases", default="config,stop")
    options = parser.parse_args()
    good = True
    for case in options.cases.split(","):
        rig = Rig(options, case)
        good = load.try_rig(options, rig, rig.configs if case == "config" else rig.stops) and good
    return load.conclude(options, good)


if __name__ == "__main__":
    sys.exit(main())
