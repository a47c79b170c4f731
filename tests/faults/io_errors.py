#!/usr/bin/env python3
"""The n-th system call of a sort fails, for n = 1, 2, 3 …: nothing acknowledged is lost, and after a failed sync of its journal a running host
answers no 200 to what was not committed before, syncs nothing more and ends with 1 within 1 s.

strace injects the error. All runs use one store, one after the other; three runs in which nothing failed end their sort. Two controls must be
red: `--break ack_early`, and `--break deaf`, where the call is left out and the host told that it went well: it goes on as one that does not look
at what a sync says. Needs strace.
"""

import os
import signal
import subprocess
import sys
import time

import load
import strikes
from load import harness

# The only fsync of a running host is of the file of budgets, which it can do without: it goes on.
SORTS = [("pwrite64", "EIO"), ("pwrite64", "ENOSPC"), ("fdatasync", "EIO"), ("fsync", "EIO"), ("ftruncate", "EIO"), ("openat", "EIO")]
# Each event makes more of these: the n that is asked for must be reached. The others are made by starts, stops and the copying back of the log.
BY_LOAD = ("pwrite64", "fdatasync")
EVENTS = 30
MOST_BATCHES = 10


class Rig(load.Load):
    def __init__(self, options):
        super().__init__(options, "io")
        self.wrapper = os.path.join(self.folder, "bin")
        self.trace = os.path.join(self.folder, "trace")
        os.mkdir(self.wrapper)
        self.bad = []
        self.stopped_at = None

    def one(self, call, error, when):
        """The strike, and whether a running host was struck."""
        strikes.wrap(self.wrapper, self.options.bin, self.trace, call, error, when, self.options.break_ == "deaf", call in strikes.SYNCS,
                     harness.host_program(self.env))
        said_before = os.path.getsize(self.host.log_path)
        self.stopped_at = None
        try:
            self.start(bin_=self.wrapper)
        except harness.HarnessError as failed:
            code = failed.code
            if code not in (1, 2, 127):  # 2: definitions or plugins cannot be read; 127: the loader itself did not find a library
                raise
        else:
            code = self.work(call)
        strike = strikes.Strike(self.trace)
        running = strike.running(self.stopped_at)
        wrong = []
        if running and call in strikes.SYNCS:
            wrong = self.after_a_sync(strike, code, said_before)
        elif strike.ready_at is not None and code not in (0, 1):
            wrong = [f"ended with {code}"]
        self.bad += [f"{call} {error} {when}: {text}" for text in wrong]
        return strike, running

    def after_a_sync(self, strike, code, said_before):
        if not strike.of_the_journal():
            return [] if code == 0 else [f"ended with {code} for {strike.file}"]
        with open(self.host.log_path, "rb") as log:
            log.seek(said_before)
            said = b"store_failed" in log.read()
        return strike.wrong(code) + ([] if said else ["did not say store_failed"])

    def work(self, call):
        host = int(self.host.ready.rsplit("pid=", 1)[1])
        for _ in range(MOST_BATCHES if call in BY_LOAD else 1):
            batch = self.send(EVENTS, rate=400)
            # What is left is sent again to the next host.
            self.wait(lambda b=batch: not self.client.get(f"/_sandbox/deliveries?batch={b}&summary=1")["summary"]["pending"], 10)
            strike = strikes.Strike(self.trace)
            if not self.host.alive() or strike.at is not None:
                break
        if strike.at is not None and strike.of_the_journal():
            self.wait(lambda: False, 2 * strikes.END_LIMIT)  # a host that should end by itself must not be stopped before
        if self.host.alive():
            self.stopped_at = time.time()
            os.kill(host, signal.SIGTERM)
        try:
            return self.host.process.wait(15)
        except subprocess.TimeoutExpired:
            os.kill(host, signal.SIGKILL)
            self.host.process.wait()
            self.bad.append("did not end within 15 s")
            return 0

    def wait(self, check, limit):
        try:
            harness.wait_until(lambda: not self.host.alive() or check(), "the host", limit)
        except harness.HarnessError:
            pass

    def run(self):
        self.start()
        self.send(EVENTS)
        self.settle_down()
        self.host.stop()
        for call, error in self.options.sorts:
            struck = struck_running = missed = highest = 0
            for when in range(1, self.options.count + 1):
                strike, running = self.one(call, error, when)
                struck_running += running
                if strike.at is not None:
                    struck, missed, highest = struck + 1, 0, when
                else:
                    missed += 1
                if missed == 3:
                    break
            why = "" if call in BY_LOAD or highest == self.options.count else ": one run makes no more, load or not"
            print(f"{call} {error}: {struck} struck, {struck_running} of them a running host; n up to {highest} of {self.options.count}{why}", flush=True)
            if struck == 0:
                self.bad.append(f"{call} {error} never struck")
            elif call in BY_LOAD and highest < self.options.count:
                self.bad.append(f"{call} {error}: n = {self.options.count} was not reached under load")
        self.start()
        verdict = self.settle_down()
        code = self.host.stop()
        print(f"{verdict}; last exit {code}; {f'{len(self.bad)} wrong: {self.bad[:10]}' if self.bad else 'each run ended as it must'}")
        if self.options.break_ == "deaf":
            return not self.bad  # red for the one reason that the control is about
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
