#!/usr/bin/env python3
"""By the system calls themselves: each 200 leaves after an fdatasync of its own. Needs strace.

One connection, one request after the other, and a shop that never answers the fetch, so that nothing but the appends makes the
journal sync. Between two answers there must be a finished fdatasync. The environment asks the host to acknowledge early: what users run
does not listen. With `--break ack_early` the host is the one that does, and this must be red.
"""

import argparse
import os
import re
import signal
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
sys.path.insert(0, os.path.join(HERE, "..", "e2e"))
import harness  # noqa: E402


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", required=True)
    parser.add_argument("--plugins", required=True)
    parser.add_argument("--break", dest="break_", default="")
    parser.add_argument("--expect-red", action="store_true")
    options = parser.parse_args()
    os.environ["TENON_BIN"], os.environ["TENON_PLUGINS"] = options.bin, options.plugins
    import rig
    case = rig.Rig()
    case.setUp()
    try:
        case.remote.put("/_sandbox/switches", {"api": "bigcommerce", "hang": True})
        trace = os.path.join(tempfile.mkdtemp(dir=case.folder), "trace")
        if options.break_:
            case.env["TENON_BREAK"] = options.break_
        wrapper = os.path.join(case.folder, "bin")
        os.mkdir(wrapper)
        program = harness.host_program(case.env)
        with open(os.path.join(wrapper, program), "w", encoding="ascii") as script:
            script.write(f"#!/bin/sh\nexport TENON_BREAK={options.break_ or 'ack_early'}\n"
                         f"exec strace -f -qq -s 20 -e trace=fdatasync,fsync,write,writev,sendto,sendmsg -o {trace} {os.path.join(options.bin, program)} \"$@\"\n")
        os.chmod(os.path.join(wrapper, program), 0o755)
        os.symlink(os.path.join(options.bin, "tenon-sandbox"), os.path.join(wrapper, "tenon-sandbox"))
        rig.BIN = wrapper
        case.start()
        count = 50
        for number in range(count):
            status, _ = case.post(case.thin(number), f"msg_{number}")
            assert status == 200, status
        # strace goes when what it follows is gone; killed itself, it would leave the host behind.
        os.kill(int(case.host.ready.rsplit("pid=", 1)[1]), signal.SIGKILL)
        case.host.kill()
        with open(trace, encoding="utf-8", errors="replace") as lines:
            answers, bare, synced = 0, 0, False
            for line in lines:
                if re.search(r"(fdatasync|fsync)(\(\d+\)| resumed>\)) += 0", line):
                    synced = True
                elif "HTTP/1.1 200" in line:
                    answers += 1
                    bare += not synced
                    synced = False
    finally:
        case.clean_up()
    print(f"{answers} answers of 200, {bare} of them without an fdatasync before")
    good = answers == count and bare == 0
    if options.expect_red:
        print("the control is red, as it must be" if not good else "THE CONTROL IS GREEN: this test proves nothing")
        good = answers == count and bare > 0
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
