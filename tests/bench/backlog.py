#!/usr/bin/env python3
"""Resident memory with 1,000 events waiting for a sink that does not answer, and with a million; then how soon a start over them is ready.

Each event has a key of its own. With `--tried` all of them were dead letters that somebody retried at once, so that they wait as what was tried
does: each of a lane of its own that rests. Fails where it is more than 32 MiB more.
"""

import os
import subprocess
import sys
import threading
import time

import bench
from bench import harness, resident_mib


class Most:
    """The most that was resident while it was looked at."""

    def __init__(self, host):
        self.mib, self.ended = resident_mib(host.pid), threading.Event()
        self.thread = threading.Thread(target=self.watch, args=(host.pid,))

    def watch(self, pid):
        while not self.ended.wait(0.2):
            self.mib = max(self.mib, resident_mib(pid))

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()


class Backlog(bench.Bench):
    AIM_MIB = 32

    def switch(self, **switches):
        self.sandbox.client.put("/_sandbox/switches", {"api": "records", **switches})

    def load_in_parts(self, left):
        while left > 0:  # so that no part outlasts its time limit
            part = min(left, 100_000)
            self.load(part, connections=64)
            left -= part

    def start_again(self):
        """Seconds until it is ready."""
        self.host.kill()
        started = time.monotonic()
        self.host = harness.Tenon(self.options.bin, self.options.plugins, [os.path.join(bench.HERE, "records.yaml")], self.data, env=self.env,
                                  log=os.path.join(self.folder, "tenon.log"))
        return time.monotonic() - started

    def never_tried(self):
        """What was resident with few, and the most with many."""
        self.switch(hang=True)
        self.load(1000, connections=16)
        harness.wait_until(lambda: self.waiting() >= 1000, "the first to wait", 60)
        few = resident_mib(self.host.pid)
        started = time.monotonic()
        with Most(self.host) as most:
            self.load_in_parts(self.options.events - 1000)
        print(f"{self.options.events / (time.monotonic() - started):,.0f} acks/s meanwhile")
        return few, most.mib

    def retry(self, *which):
        subprocess.run([os.path.join(self.options.bin, "tenon"), "dead", "retry", *which, "--data", self.data], check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)

    def tried(self):
        """The same."""
        self.load(10, connections=1)  # whose answers tell the account's limit
        self.drain()
        self.switch(fail={"status": 422, "rate": 1.0})
        self.load_in_parts(self.options.events)
        self.drain()
        self.switch(fail={"status": 422, "rate": 0.0}, hang=True)
        self.start_again()
        dead = [str(row[0]) for row in harness.read_store(self.data, "SELECT seq FROM ended WHERE end = 'rejected' LIMIT 1000")]
        self.retry(*dead)
        harness.wait_until(lambda: self.waiting() >= 1000, "the first to wait", 60)
        few = resident_mib(self.host.pid)
        started = time.monotonic()
        with Most(self.host) as most:
            self.retry("--all")
            # Until each of them was looked at and let go of.
            harness.wait_until(lambda: self.waiting() >= self.options.events, "all to wait", 60)
            time.sleep(5)
        print(f"{self.options.events / (time.monotonic() - started):,.0f} retried/s meanwhile")
        return few, most.mib

    def run(self):
        idle = resident_mib(self.host.pid)
        few, many = self.tried() if self.options.tried else self.never_tried()
        waiting = self.waiting()
        print(f"resident idle {idle:.1f} MiB, with 1,000 waiting {few:.1f} MiB, at most {many:.1f} MiB until {waiting:,} waited")
        ready = self.start_again()
        with Most(self.host) as again:
            time.sleep(20)
        print(f"ready {ready:.2f} s after a kill, over {waiting:,} waiting; at most {again.mib:.1f} MiB in 20 s")
        more = max(many, again.mib) - few
        print(f"more by {more:.1f} MiB (at most {self.AIM_MIB})")
        self.missed = more > self.AIM_MIB


if __name__ == "__main__":
    parser = bench.arguments(__doc__, events=1_000_000)
    parser.add_argument("--tried", action="store_true", help="they are dead letters that were retried")
    case = Backlog(parser.parse_args())
    bench.run(case)
    sys.exit(1 if case.missed else 0)
