#!/usr/bin/env python3
"""One fdatasync fails with EIO (strace injects it): no 200 after it, and the host ends with 1 within 1 s and says why.

One connection, one request after the other, so that the answer to the failed one is known. The control, `--break deaf`, is a host that is told
that the sync went well: it must be red.
"""

import argparse
import http.client
import os
import signal
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
sys.path.insert(0, os.path.join(HERE, "..", "e2e"))
import harness  # noqa: E402
import strikes  # noqa: E402


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", required=True)
    parser.add_argument("--plugins", required=True)
    parser.add_argument("--when", type=int, default=12, help="which fdatasync fails")
    parser.add_argument("--break", dest="break_", default="", choices=("", "deaf"))
    parser.add_argument("--expect-red", action="store_true")
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
        trace = os.path.join(case.folder, "trace")
        strikes.wrap(wrapper, options.bin, trace, "fdatasync", "EIO", options.when, options.break_ == "deaf", all_calls=True)
        rig.BIN = wrapper
        case.start()
        answers = []
        for number in range(options.when + 10):
            try:
                answers.append(case.post(case.thin(number), f"msg_{number}")[0])
            except (OSError, http.client.HTTPException):
                break
        try:
            code = case.host.process.wait(3)
        except subprocess.TimeoutExpired:
            code = None
            os.kill(int(case.host.ready.rsplit("pid=", 1)[1]), signal.SIGKILL)
            case.host.process.wait()
        strike = strikes.Strike(trace)
        first_refusal = next((i for i, status in enumerate(answers) if status != 200), len(answers))
        stored = harness.read_store(case.data, "SELECT count(*) FROM event")[0][0]
        said = "store_failed" in case.host.tail()
    finally:
        case.clean_up()
    acked = answers.count(200)
    if strike.at is None:
        print(f"no fdatasync failed; answers {answers}")
        return 1
    wrong = strike.wrong(code)
    took = "did not end" if strike.ended_at is None else f"ended {strike.ended_at - strike.at:.3f} s after the strike"
    print(f"{acked} acknowledged, {stored} stored, then {answers[first_refusal:]}; {took}, exit {code}; {wrong or 'nothing wrong in the trace'}")
    good = 0 < acked <= stored and 200 not in answers[first_refusal:] and strike.running(None) and not wrong and said
    if options.expect_red:
        print("the control is red, as it must be" if wrong else "THE CONTROL IS GREEN: this test proves nothing")
        good = bool(wrong)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
