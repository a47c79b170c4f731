#!/usr/bin/env python3
"""Resident memory with 1,000 events waiting for a sink that does not answer, and with a million; then how soon a start over them is ready.

Each event has a key of its own. With `--tried` the sink refuses them and `classify:` makes that no end: all of them were tried once or more, and
each rests in a lane of its own until its next try. Fails where it is more than 32 MiB more.
"""

import os
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
    pipeline = os.path.join(bench.HERE, "records.yaml")

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
        self.host = harness.Tenon(self.options.bin, self.options.plugins, [self.pipeline], self.data, env=self.env,
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

    def tried(self):
        """The same."""
        with open(self.pipeline, encoding="utf-8") as file:
            text = file.read()
        self.pipeline = os.path.join(self.folder, "tried.yaml")
        with open(self.pipeline, "w", encoding="utf-8") as file:
            file.write(text + "classify: [{ status: 422, as: retry }]\n")
        self.start_again()
        self.load(10, connections=1)  # whose answers tell the account's limit
        self.drain()
        self.switch(fail={"status": 422, "rate": 1.0})
        self.load(1000, connections=16)
        harness.wait_until(lambda: self.retrying() >= 1000, "the first to be tried", 60)
        few = resident_mib(self.host.pid)
        with Most(self.host) as most:
            self.load_in_parts(self.options.events - 1000)
            harness.wait_until(lambda: self.retrying() >= self.options.events, "all to be tried", 1800, interval=1)
        return few, most.mib

    def retrying(self):
        return sum(pipeline["retrying"] for pipeline in self.host.control().get("/v1/status")["pipelines"])

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
    parser.add_argument("--tried", action="store_true", help="they were tried before")
    case = Backlog(parser.parse_args())
    bench.run(case)
    sys.exit(1 if case.missed else 0)
