#!/usr/bin/env python3
"""One fdatasync fails with EIO (strace injects it): no 200 after it, and the host ends with 1 and says why."""

import argparse
import http.client
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
sys.path.insert(0, os.path.join(HERE, "..", "e2e"))
import harness  # noqa: E402


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", required=True)
    parser.add_argument("--plugins", required=True)
    parser.add_argument("--when", type=int, default=12, help="which fdatasync fails")
    options = parser.parse_args()
    os.environ["TENON_BIN"], os.environ["TENON_PLUGINS"] = options.bin, options.plugins
    import rig
    case = rig.Rig()
    case.setUp()
    try:
        # A shop that never answers: nothing but the appends makes the journal sync.
        case.remote.put("/_sandbox/switches", {"api": "bigcommerce", "hang": True})
        wrapper = os.path.join(case.folder, "bin")
        os.mkdir(wrapper)
        with open(os.path.join(wrapper, "tenon"), "w", encoding="ascii") as script:
            script.write(f"#!/bin/sh\nexec strace -f -qq -e trace=fdatasync -e inject=fdatasync:error=EIO:when={options.when} "
                         f"-o /dev/null {os.path.join(options.bin, 'tenon')} \"$@\"\n")
        os.chmod(os.path.join(wrapper, "tenon"), 0o755)
        rig.BIN = wrapper
        case.start()
        answers = []
        for number in range(options.when + 10):
            try:
                answers.append(case.post(case.thin(number), f"msg_{number}")[0])
            except (OSError, http.client.HTTPException):
                break
        code = case.host.process.wait(10)
        first_refusal = next((i for i, status in enumerate(answers) if status != 200), len(answers))
        stored = harness.read_store(case.data, "SELECT count(*) FROM event")[0][0]
        said = "store_failed" in case.host.tail()
    finally:
        case.clean_up()
    acked = answers.count(200)
    print(f"{acked} acknowledged, {stored} stored, then {answers[first_refusal:]}; exit {code}")
    good = 0 < acked <= stored and 200 not in answers[first_refusal:] and code == 1 and said
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
