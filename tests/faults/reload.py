#!/usr/bin/env python3
"""Pipelines swapped again and again while the sink is down: no acknowledged event is lost, no customer made twice, no webhook goes unanswered.

Events come in all the time. In each round the pipeline changes (every fifth time its lanes too, every seventh it is taken away and comes back),
while the sink hangs or answers 503, in turns; after each two of them comes one more round, not counted, in which it works. A round counts if
events waited and nothing was written at the sink from its start to the end of its reloads. Two controls must be red: with `--break ack_early` the
host acknowledges before the commit and is killed in between; with `--break restart` it is stopped and started in place of reloaded.
"""

import os
import subprocess
import sys
import time

import load
from load import harness

WORKS = {"hang": False, "fail": {"status": 503, "rate": 0.0}}
SINKS = ({"hang": True}, {"hang": False, "fail": {"status": 503, "rate": 1.0}}, WORKS)


class Rig(load.Load):
    def __init__(self, options):
        super().__init__(options, "reload")
        self.folder_of_pipelines = os.path.join(self.folder, "pipelines")
        os.mkdir(self.folder_of_pipelines)
        self.pipelines = [self.folder_of_pipelines]
        with open(load.PIPELINE, encoding="utf-8") as source:
            text = source.read()
        self.text = text[:text.index("\ntests:")] + "\n"
        # Keeps the folder from being empty while the first is away.
        self.write("other.yaml", self.text.replace("name: bigcommerce-gorgias", "name: other").replace("  store:", "  second:")
                   .replace("connection: store", "connection: second"))
        self.write("first.yaml", self.text)
        self.took = []
        self.down = 0
        self.start()

    def write(self, name, text):
        path = os.path.join(self.folder_of_pipelines, name)
        with open(path + ".new", "w", encoding="utf-8") as out:
            out.write(text)
        os.replace(path + ".new", path)

    def apply(self):
        if self.options.break_ == "restart":
            self.host.stop()
            self.start()
            return
        began = time.monotonic()
        ran = subprocess.run([os.path.join(self.options.bin, "tenon"), "apply", "--data", self.data], capture_output=True, text=True,
                             timeout=60, check=False)
        self.took.append(time.monotonic() - began)
        if ran.returncode != 0:
            raise harness.HarnessError(f"tenon apply ended with {ran.returncode}: {ran.stderr}")

    def written(self):
        self.ledger.note_effects()
        return self.ledger.seen_effects

    def round(self, number):
        sink = number % len(SINKS)
        self.client.put("/_sandbox/switches", {"api": "gorgias", **SINKS[sink]})
        before = self.written()
        self.send(self.options.events)
        if SINKS[sink] is not WORKS and not self.lossy:
            harness.wait_until(self.backlog, "events that wait for the sink")
        version = self.text.replace("  name: ${{ $trim(", f"  name: ${{{{ 'v{number} ' & $trim(")
        if number % 5 == 4:
            version += f"delivery: {{ order_by: \"${{{{ event.key & '{number}' }}}}\" }}\n"
        if number % 7 == 6:
            os.remove(os.path.join(self.folder_of_pipelines, "first.yaml"))
            self.apply()
        self.write("first.yaml", version)
        self.apply()
        self.down += SINKS[sink] is not WORKS and self.backlog() > 0 and self.written() == before
        if self.lossy:
            self.host.kill()
            self.start()

    def run(self):
        rounds = self.options.rounds * len(SINKS) // (len(SINKS) - 1)
        for number in range(rounds):
            self.round(number)
            print(f"\rround {number + 1}/{rounds}", end="", flush=True)
        print()
        self.client.put("/_sandbox/switches", {"api": "gorgias", **WORKS})
        verdict = self.settle_down(900)
        code = self.host.stop()
        summaries = [self.client.get(f"/_sandbox/deliveries?batch={batch}&summary=1")["summary"] for batch in self.batches]
        # A refused connection, one that was cut, an answer that did not come: all are webhooks that got none.
        unanswered = sum(s["resent_unanswered"] for s in summaries)
        busy = sum(s["resent_busy"] for s in summaries)
        odd = sum(s["refused"] + s["given_up"] + s["resent_faulty"] for s in summaries)
        slowest = max(self.took, default=0)
        print(f"{len(self.took)} reloads, the slowest {slowest:.2f} s; {self.down} of {rounds} rounds with the sink down; webhooks unanswered {unanswered}, "
              f"503 {busy} (of a connection that was away), other {odd}; {verdict}, last exit {code}")
        if self.options.break_ == "restart":
            return not unanswered  # red for the one reason that the control is about
        return (verdict.good and code == 0 and slowest <= self.options.apply_limit and
                (self.lossy or (unanswered == 0 and odd == 0 and self.down >= self.options.rounds)))


def main():
    parser = load.arguments(__doc__)
    parser.add_argument("--rounds", type=int, default=100, help="with the sink down")
    parser.add_argument("--apply-limit", type=float, default=10, help="seconds a reload may take")
    parser.add_argument("--events", type=int, default=20, help="of each round")
    options = parser.parse_args()
    rig = Rig(options)
    return load.conclude(options, load.try_rig(options, rig, rig.run))


if __name__ == "__main__":
    sys.exit(main())
