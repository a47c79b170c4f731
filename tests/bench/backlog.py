#!/usr/bin/env python3
"""Resident memory with 1,000 events waiting for a sink that does not answer, and with a million; then how soon a start over them is ready.

Each event has a key of its own. Aim: 32 MiB more at most. Prints figures only.
"""

import os
import threading
import time

import bench
from bench import harness, resident_mib


class Backlog(bench.Bench):
    AIM_MIB = 32

    def run(self):
        self.sandbox.client.put("/_sandbox/switches", {"api": "records", "hang": True})
        idle = resident_mib(self.host.pid)
        self.load(1000, connections=16)
        harness.wait_until(lambda: self.waiting() >= 1000, "the first to wait", 60)
        few = resident_mib(self.host.pid)
        most, ended = [few], threading.Event()

        def watch():
            while not ended.wait(0.2):
                most.append(resident_mib(self.host.pid))

        watcher = threading.Thread(target=watch)
        watcher.start()
        started = time.monotonic()
        left = self.options.events - 1000
        while left > 0:  # in parts, so that no part outlasts its time limit
            part = min(left, 100_000)
            self.load(part, connections=64)
            left -= part
        seconds = time.monotonic() - started
        ended.set()
        watcher.join()
        waiting = self.waiting()
        many = resident_mib(self.host.pid)
        most.append(many)
        print(f"resident idle {idle:.1f} MiB, with 1,000 waiting {few:.1f} MiB, with {waiting:,} waiting {many:.1f} MiB (at most {max(most):.1f} MiB on the way)")
        print(f"more by {max(most) - few:.1f} MiB (aim: at most {self.AIM_MIB}); {self.options.events / seconds:,.0f} acks/s meanwhile")
        self.host.kill()
        started = time.monotonic()
        self.host = harness.Tenon(self.options.bin, self.options.plugins, [os.path.join(bench.HERE, "records.yaml")], self.data, env=self.env,
                                  log=os.path.join(self.folder, "tenon.log"))
        print(f"ready {time.monotonic() - started:.2f} s after a kill, over {waiting:,} waiting")


if __name__ == "__main__":
    bench.run(Backlog(bench.arguments(__doc__, events=1_000_000).parse_args()))
