#!/usr/bin/env python3
"""The n-th system call of a sort fails, for n = 1, 2, 3 …: nothing acknowledged is lost, and after a failed sync nothing of it or later is
answered 200 and the host ends.

strace injects the error. All runs use one store, one after the other; a run in which nothing failed ends its sort. `--break ack_early` is the
control. Needs strace.
"""

import os
import re
import signal
import subprocess
import sys

import load
from load import harness

SORTS = [("pwrite64", "EIO"), ("pwrite64", "ENOSPC"), ("fdatasync", "EIO"), ("ftruncate", "EIO"), ("openat", "EIO")]
EVENTS = 30


class Rig(load.Load):
    def __init__(self, options):
        super().__init__(options, "io")
        self.wrapper = os.path.join(self.folder, "bin")
        self.trace = os.path.join(self.folder, "trace")
        os.mkdir(self.wrapper)
        self.bad = []

    def wrap(self, call, error, when):
        also = ",write,writev,sendto,sendmsg" if call == "fdatasync" else ""
        path = os.path.join(self.wrapper, "tenon")
        with open(path, "w", encoding="ascii") as script:
            script.write(f"#!/bin/sh\nexec strace -f -qq -ttt --seccomp-bpf -s 12 -o {self.trace} -e trace={call}{also},exit_group "
                         f"-e inject={call}:error={error}:when={when} {os.path.join(self.options.bin, 'tenon')} \"$@\"\n")
        os.chmod(path, 0o755)

    def one(self, call, error, when):
        """Whether the fault struck."""
        self.wrap(call, error, when)
        try:
            self.start(bin_=self.wrapper)
        except harness.HarnessError as failed:
            code = failed.code
            if code not in (1, 2, 127):  # 2: definitions or plugins cannot be read; 127: the loader itself did not find a library
                raise
        else:
            code = self.work()
            if code not in (0, 1):
                self.bad.append(f"{call} {error} {when}: ended with {code}")
        return self.read_trace(call, error, when)

    def work(self):
        batch = self.send(EVENTS, rate=400)
        host = int(self.host.ready.rsplit("pid=", 1)[1])
        try:
            harness.wait_until(lambda: not self.host.alive() or
                               self.client.get(f"/_sandbox/deliveries?batch={batch}&summary=1")["summary"]["pending"] == 0, "answers", 10)
        except harness.HarnessError:
            pass  # what is left is sent again to the next host
        if self.host.alive():
            os.kill(host, signal.SIGTERM)
        try:
            return self.host.process.wait(15)
        except subprocess.TimeoutExpired:
            os.kill(host, signal.SIGKILL)
            self.host.process.wait()
            self.bad.append("did not end within 15 s")
            return 0

    def read_trace(self, call, error, when):
        struck, refused = None, False
        with open(self.trace, encoding="utf-8", errors="replace") as lines:
            for line in lines:
                found = re.match(r"\d+ +(\d+\.\d+) ", line)
                if not found:
                    continue
                at = float(found.group(1))
                if struck is None:
                    struck = at if "(INJECTED)" in line else None
                elif call == "fdatasync" and "HTTP/1.1 503" in line:
                    refused = True
                # Answers leave in the order of the commits: those of the one before may still be on their way.
                elif call == "fdatasync" and "HTTP/1.1 200" in line and refused:
                    self.bad.append(f"{call} {error} {when}: a 200 after it")
                elif call == "fdatasync" and "exit_group" in line and at - struck > 1:
                    self.bad.append(f"{call} {error} {when}: ended {at - struck:.1f} s later")
        return struck is not None

    def run(self):
        self.start()
        self.send(EVENTS)
        self.settle_down()
        self.host.stop()
        for call, error in self.options.sorts:
            struck = missed = 0
            for when in range(1, self.options.count + 1):
                if self.one(call, error, when):
                    struck, missed = struck + 1, 0
                else:
                    missed += 1
                if missed == 3:
                    break
            print(f"{call} {error}: {struck} struck, up to n = {when}", flush=True)
            if struck == 0:
                self.bad.append(f"{call} {error} never struck")
        self.start()
        verdict = self.settle_down()
        code = self.host.stop()
        print(f"{verdict}; last exit {code}; {self.bad or 'each run ended as it must'}")
        return verdict.good and code == 0 and not self.bad


def main():
    parser = load.arguments(__doc__)
    parser.add_argument("--count", type=int, default=100, help="the largest n")
    parser.add_argument("--sorts", type=lambda text: [tuple(s.split(":")) for s in text.split(",")], default=SORTS, help="as pwrite64:EIO,fdatasync:EIO")
    options = parser.parse_args()
    rig = Rig(options)
    return load.conclude(options, load.try_rig(options, rig, rig.run))


if __name__ == "__main__":
    sys.exit(main())
