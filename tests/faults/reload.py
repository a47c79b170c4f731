#!/usr/bin/env python3
"""Pipelines swapped again and again while the sink is down: no acknowledged event is lost, no customer made twice, no reload hangs.

Events come in all the time. In each round the pipeline changes (every fifth time its lanes too, every seventh it is taken away and comes back),
while the sink hangs, answers 503, or works, in turns. With --break ack_early the host acknowledges before the commit and is killed in between:
the check must be red.
"""

import os
import subprocess
import sys
import time

import load
from load import harness

SINKS = ({"hang": True}, {"hang": False, "fail": {"status": 503, "rate": 1.0}}, {"hang": False, "fail": {"status": 503, "rate": 0.0}})


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
        self.start()

    def write(self, name, text):
        path = os.path.join(self.folder_of_pipelines, name)
        with open(path + ".new", "w", encoding="utf-8") as out:
            out.write(text)
        os.replace(path + ".new", path)

    def apply(self):
        began = time.monotonic()
        ran = subprocess.run([os.path.join(self.options.bin, "tenon"), "apply", "--data", self.data], capture_output=True, text=True, timeout=60, check=False)
        self.took.append(time.monotonic() - began)
        if ran.returncode != 0:
            raise harness.HarnessError(f"tenon apply ended with {ran.returncode}: {ran.stderr}")

    def round(self, number):
        self.client.put("/_sandbox/switches", {"api": "gorgias", **SINKS[number % len(SINKS)]})
        self.send(self.options.events)
        version = self.text.replace("  name: ${{ $trim(", f"  name: ${{{{ 'v{number} ' & $trim(")
        if number % 5 == 4:
            version += f"delivery: {{ order_by: \"${{{{ event.key & '{number}' }}}}\" }}\n"
        if number % 7 == 6:
            os.remove(os.path.join(self.folder_of_pipelines, "first.yaml"))
            self.apply()
        self.write("first.yaml", version)
        self.apply()
        if self.options.break_:
            self.host.kill()
            self.start()

    def run(self):
        for number in range(self.options.rounds):
            self.round(number)
            print(f"\rround {number + 1}/{self.options.rounds}", end="", flush=True)
        print()
        self.client.put("/_sandbox/switches", {"api": "gorgias", **SINKS[-1]})
        verdict = self.settle_down(900)
        code = self.host.stop()
        print(f"{len(self.took)} reloads, the slowest {max(self.took):.2f} s; {verdict}, last exit {code}")
        return verdict.good and code == 0


def main():
    parser = load.arguments(__doc__)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--events", type=int, default=20, help="of each round")
    options = parser.parse_args()
    rig = Rig(options)
    return load.conclude(options, load.try_rig(options, rig, rig.run))


if __name__ == "__main__":
    sys.exit(main())
