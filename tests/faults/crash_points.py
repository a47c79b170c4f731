#!/usr/bin/env python3
"""Kills the host at each TENON_CRASH_POINT of core/, again and again, under load. Needs a build with them: `cmake --preset faults`.

The list is read from the source, so that none is forgotten; one that is never reached is an error. After each death the host starts again
over what is there; at the end nothing acknowledged may be lost and nothing made twice. `--break ack_early` acknowledges before the commit
and must be red; it wants the target tenon-breakable of the same build.
"""

import glob
import os
import random
import re
import shutil
import subprocess
import sys
import time

import load
from load import harness

POINT = re.compile(r'TENON_CRASH_POINT\(\s*"([a-z0-9_.]+)"\s*\)')
EVENTS = 24

# A second action, of shape call, beside the customer of the shipped pipeline.
CALLS = """
actions:
  customer: { connection: desk, operation: upsert_customer, mapping: {
    external_id: "bigcommerce_${{ customer.id }}", email: "${{ $lowercase(customer.email) }}",
    name: "${{ $trim(customer.first_name & ' ' & customer.last_name) }}" } }
  note:
    connection: book
    operation: post_record
    when: "${{ event.type = 'store/customer/created' }}"
    mapping: { id: "note_${{ event.id }}" }
"""


def points_of_the_source():
    found = []
    for path in sorted(glob.glob(os.path.join(load.ROOT, "core", "**", "*.?pp"), recursive=True)):
        with open(path, encoding="utf-8") as source:
            found += [name for name in POINT.findall(source.read()) if not name.startswith("oauth.")]  # token_refresh.py
    twice = {name for name in found if found.count(name) > 1}
    if twice:
        sys.exit(f"the same name at two places: {sorted(twice)}")
    return found


def pipeline_text():
    with open(load.PIPELINE, encoding="utf-8") as source:
        text = source.read()
    text = text[:text.index("\nmapping:")] + "\n" + CALLS
    return text.replace("\ntrigger:", "  book: { connector: gorgias, api_key: \"${GORGIAS_API_KEY}\", base_url: \"${GORGIAS_BASE_URL:-}/v1\" }\n\ntrigger:")


class PointRig(load.Load):
    """One point, many deaths, one store."""

    def __init__(self, options, point):
        super().__init__(options, "crash")
        self.point = point
        self.rng = random.Random(f"{options.seed} {point}")
        self.folder_of_pipelines = os.path.join(self.folder, "pipelines")
        os.mkdir(self.folder_of_pipelines)
        self.pipelines = [self.folder_of_pipelines]
        self.write(pipeline_text())
        self.versions = 0

    def write(self, text):
        path = os.path.join(self.folder_of_pipelines, "fault.yaml")
        with open(path + ".new", "w", encoding="utf-8") as out:
            out.write(text)
        os.replace(path + ".new", path)

    def begin(self, pass_number=1):
        """Starts a host that will die; false if it has done so before it was ready."""
        try:
            self.start({"TENON_CRASH_AT": f"{self.point}:{pass_number}"})
            return True
        except harness.HarnessError as error:
            if error.code != -9:
                raise
            return False

    def died(self, limit=30):
        try:
            code = self.host.process.wait(limit)
        except subprocess.TimeoutExpired:
            raise harness.HarnessError(f"{self.point} was never reached") from None
        if code != -9:
            raise harness.HarnessError(f"{self.point}: the host ended with {code}\n{self.host.tail()}")
        self.host.kill()

    def outlives_its_work(self):
        harness.wait_until(lambda: not self.host.alive() or (self.answered() and self.backlog() == 0), "a death or an end of the work", 60)
        return self.host.alive()

    # --- how a point is reached

    def in_work(self):
        up = self.begin(self.rng.randint(1, EVENTS // 2))
        for _ in range(5):
            self.send(EVENTS, updates=EVENTS)
            # What waited since the last death may have brought the changes along: then there was less to do than was sent.
            if not up or not self.outlives_its_work():
                break
        if up:
            self.died()

    def once_in_work(self):
        up = self.begin()
        self.send(EVENTS, updates=EVENTS)
        if up:
            self.died()

    def in_start(self):
        if self.begin():
            raise harness.HarnessError(f"{self.point} was never reached")

    def in_first_start(self):
        self.settle_down()
        if self.host:
            self.host.stop()
        # What was promised before stands in the old store: compared here, and a new one begins.
        if os.path.exists(os.path.join(self.data, "journal.db")):
            self.seen = self.verdict()
            if not self.seen.good:
                raise harness.HarnessError(str(self.seen))
            shutil.rmtree(self.data)
            self.ledger.promised.clear()
            self.batches.clear()
        self.in_start()
        self.start()
        self.send(EVENTS)

    def in_stop(self):
        self.begin()
        self.send(EVENTS)
        time.sleep(self.rng.uniform(0, 0.1))
        self.host.process.terminate()
        self.died()

    def in_reload(self):
        self.begin()
        self.send(EVENTS)
        self.versions += 1
        self.write(pipeline_text().replace("$trim(", f"'v{self.versions} ' & $trim(") + "delivery: { order_by: \"${{ event.key & '"
                   + str(self.versions) + "' }}\" }\n")
        subprocess.run([os.path.join(self.options.bin, "tenon"), "apply", "--data", self.data], capture_output=True, timeout=60, check=False)
        self.died()

    def with_a_long_lane(self):
        """More events of one key than are held in memory, behind a sink that does not answer."""
        self.client.put("/_sandbox/switches", {"api": "gorgias", "hang": True})
        up = self.begin()
        count = 1100
        self.client.post("/_sandbox/customers", {"count": 1, "first_id": self.next_customer})
        self.deliver([{"id": f"msg_{self.next_customer}_{n}", "scope": "store/customer/created", "customer_id": self.next_customer}
                      for n in range(count)], rate=100000)
        self.next_customer += 1
        taken_later = self.point == "journal.in_take_parked"
        try:
            if taken_later:  # or at once: what waited since the last death may have been read back already
                harness.wait_until(lambda: not self.host.alive() or self.answered(), "the answers", 120)
            elif up:
                self.died()
        finally:
            self.client.put("/_sandbox/switches", {"api": "gorgias", "hang": False})
        if taken_later:
            self.died()

    SCENARIOS = {
        "start.before_store_named": in_first_start, "start.store_named": in_first_start, "journal.in_set_pipeline": in_reload,
        "journal.in_retain": once_in_work, "journal.in_retain_half": once_in_work, "journal.before_checkpoint": once_in_work,
        "journal.after_checkpoint": once_in_work, "delivery.before_park": with_a_long_lane, "journal.in_park": with_a_long_lane,
        "journal.in_take_parked": with_a_long_lane}
    BY_FOLDER = {"start": in_start, "stop": in_stop, "reload": in_reload}

    def run(self):
        scenario = self.SCENARIOS.get(self.point) or self.BY_FOLDER.get(self.point.split(".")[0], PointRig.in_work)
        self.start()
        self.send(EVENTS)
        if self.lossy:
            self.wait_answered()
        else:
            self.settle_down()
        if scenario is not PointRig.in_first_start:
            self.host.stop()
        for _ in range(self.options.times):
            scenario(self)
        if not self.host.alive():
            self.start()
        verdict = self.settle_down()
        code = self.host.stop()
        verdict.slowest = max(self.starts)
        print(f"{self.point:28} {self.options.times} deaths; {verdict}; slowest start {verdict.slowest:.2f} s", flush=True)
        return verdict.good and code == 0 and verdict.slowest <= self.options.start_limit


def main():
    parser = load.arguments(__doc__, build="build-faults")
    parser.add_argument("--times", type=int, default=10, help="deaths at each point")
    parser.add_argument("--points", default="", help="only those that match this regular expression")
    parser.add_argument("--start-limit", type=float, default=2.0, help="seconds a start may take")
    parser.add_argument("--list", action="store_true")
    options = parser.parse_args()
    points = [name for name in points_of_the_source() if re.search(options.points, name)]
    if options.list:
        print("\n".join(points))
        return 0
    bad = []
    for point in points:
        rig = PointRig(options, point)
        good = False
        try:
            good = rig.run()
        except harness.HarnessError as error:
            if options.expect_red and not rig.starts:
                raise  # a host that never came up has broken no promise
            print(f"{point}: {error}", file=sys.stderr)
        finally:
            rig.close(keep=not good and not options.expect_red)
        if not good:
            bad.append(point)
    print(f"{len(points)} points, {len(points) * options.times} deaths, red: {bad or 'none'}; seed {options.seed}")
    return load.conclude(options, bool(points) and not bad)


if __name__ == "__main__":
    sys.exit(main())
