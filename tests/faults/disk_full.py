#!/usr/bin/env python3
"""The disk of the journal runs full: events get 503 before it is, what was accepted is delivered without anybody freeing space, and it goes on.

Case `tmpfs`: an 8 MiB disk (needs mount, else skipped), a sink that does not answer until events are refused; less than the low-water mark is left
then. Case `limit`: the same, on a disk with room, of a host whose files may not grow past RLIMIT_FSIZE; that is lifted once all has ended. `--break
no_low_water` accepts until nothing fits any more, and must be red.
"""

import os
import resource
import subprocess
import sys

import load
from load import harness

MOST = 12000
FILE_LIMIT = 2 * 1024 * 1024
AT_ONCE = 128  # events that a pipeline runs at once


class Rig(load.Load):
    def __init__(self, options):
        super().__init__(options, "full")
        self.mounted = False

    def mount(self):
        os.mkdir(self.data)
        ran = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tenon-faults", self.data], capture_output=True, text=True, check=False)
        self.mounted = ran.returncode == 0
        return self.mounted

    def fill(self):
        """Sends until events are refused for want of room; the sender then holds its breath."""
        self.client.put("/_sandbox/switches", {"api": "gorgias", "hang": True})
        self.client.post("/_sandbox/customers", {"count": MOST, "first_id": self.next_customer})
        batch = self.deliver([{"id": f"msg_{n}", "scope": "store/customer/created", "customer_id": n}
                              for n in range(self.next_customer, self.next_customer + MOST)], rate=100000)
        seen = []

        def nothing_more_is_taken():
            summary = self.client.get(f"/_sandbox/deliveries?batch={batch}&summary=1")["summary"]
            seen.append(summary["answered"])
            return summary["resent_busy"] and len(seen) > 3 and seen[-1] == seen[-4]
        harness.wait_until(nothing_more_is_taken, "refusals for want of room", 60, interval=0.3)
        if "store_full" not in repr(self.host.control().get("/v1/status")):
            raise harness.HarnessError("no event was refused as store_full")
        self.client.post("/_sandbox/pause", {"batch": batch})
        self.left, self.waiting = self.space_left(), self.backlog()
        self.client.put("/_sandbox/switches", {"api": "gorgias", "hang": False})
        return batch

    def space_left(self):
        info = os.statvfs(self.data)
        return info.f_bavail * info.f_frsize

    def on_a_small_disk(self):
        if not self.mount():
            print("skipped: nothing may be mounted here")
            return not self.options.expect_red
        self.start()
        batch = self.fill()
        low_water = self.low_water()
        self.wait_drained(20 if self.options.break_ else 120)
        print(f"refused with {self.left // 1024} KiB left, the low-water mark being {low_water // 1024} KiB; "
              f"all that was accepted has ended with {self.space_left() // 1024} KiB left", flush=True)
        subprocess.run(["mount", "-o", "remount,size=64m", self.data], check=True)
        self.client.post("/_sandbox/resume", {"batch": batch})
        return self.end() and self.left < low_water

    def low_water(self):
        """A quarter of a small disk, and 1 KiB for each event that waits (docs/store.md)."""
        info = os.statvfs(self.data)
        return info.f_blocks * info.f_frsize // 4 + self.waiting * 1024

    def room_left(self):
        """Of the limit: what the database may still grow by, what stands in the log counted as copied back."""
        return FILE_LIMIT - harness.read_store(self.data, "PRAGMA page_count")[0][0] * 4096

    def at_a_limit(self):
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_LIMIT, before[1]))
        try:
            self.start()
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        batch = self.fill()
        left, low_water = self.room_left(), FILE_LIMIT // 4 + self.waiting * 1024
        if not self.host.alive():
            raise harness.HarnessError(f"the host ended at its limit\n{self.host.tail()}")
        made = self.client.get("/_sandbox/stats")["desk_customers"]
        if made > AT_ONCE:
            raise harness.HarnessError(f"{made} were made at the sink while it did not answer: more than are under way")
        self.wait_drained(20 if self.options.break_ else 120)
        made = self.client.get("/_sandbox/stats")["desk_customers"]
        print(f"accepted {self.waiting}, refused with {left // 1024} KiB left of {FILE_LIMIT // 1024}, the low-water mark being {low_water // 1024} KiB; "
              f"all of it has ended with {self.room_left() // 1024} KiB left, {made} made", flush=True)
        self.host.kill()
        self.start()
        self.client.post("/_sandbox/resume", {"batch": batch})
        return self.end() and 0 < left < low_water

    def end(self):
        self.wait_answered(180)
        self.wait_drained(180)
        verdict = self.verdict()
        code = self.host.stop()
        print(f"{verdict}; last exit {code}", flush=True)
        return verdict.good and verdict.acked == MOST and code == 0

    def close(self, keep):
        if self.host and self.host.alive():
            self.host.kill()
        if self.mounted:
            subprocess.run(["umount", self.data], check=False)
        super().close(keep)


def main():
    parser = load.arguments(__doc__)
    parser.add_argument("--cycles", type=int, default=3)
    parser.add_argument("--cases", default="tmpfs,limit")
    options = parser.parse_args()
    good = True
    for number in range(options.cycles):
        for case in options.cases.split(","):
            options.seed += 1
            rig = Rig(options)
            print(f"cycle {number + 1}, {case}: ", end="", flush=True)
            good = load.try_rig(options, rig, rig.at_a_limit if case == "limit" else rig.on_a_small_disk) and good
    return load.conclude(options, good)


if __name__ == "__main__":
    sys.exit(main())
