#!/usr/bin/env python3
"""By the system calls themselves: a renewed token is synced before it is sent. Needs strace.

Between the answer of the token endpoint and the first request with the new access token the token's file must be synced, put in its place, and the
folder synced, in this order. `--expect-red` is the control: strace carries out no fsync of that run, which must make this red.
"""

import argparse
import base64
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
sys.path.insert(0, os.path.join(HERE, "..", "e2e"))
import harness  # noqa: E402

SKIPPED = 77  # ctest shows it as such
CALLS = "fsync,rename,write,writev,sendto,sendmsg"


def calls(path):
    """(the line on which it began, the one on which it ended, name, arguments, whether it was carried out) of each call."""
    begun, out = {}, []
    with open(path, encoding="utf-8", errors="replace") as lines:
        for number, line in enumerate(lines):
            thread, text = line.rstrip("\n").split(None, 1)
            if resumed := re.match(r"<\.\.\. (\w+) resumed>(.*)", text):
                first, name, start = begun.pop(thread)
                text = f"{name}({start}{resumed[2]}"
            else:
                first = number
            if unfinished := re.match(r"(\w+)\((.*) <unfinished \.\.\.>$", text):
                begun[thread] = (first, unfinished[1], unfinished[2])
            elif whole := re.match(r"(\w+)\((.*)\) += (.*)", text):
                out.append((first, number, whole[1], whole[2], re.match(r"\d+$", whole[3]) is not None))
    return out


def faults(trace, folder):
    """What is wrong with the order; empty: nothing."""
    made = calls(trace)
    asked = [end for _, end, _, words, _ in made if "POST /oauth/token" in words]
    bearers = [(first, found[1]) for first, _, _, words, _ in made if (found := re.search(r"Bearer (access_\w+)", words))]
    tokens = list(dict.fromkeys(token for _, token in sorted(bearers)))
    if len(asked) != 1 or len(tokens) != 2:
        return [f"{len(asked)} refreshes and {len(tokens)} access tokens, where it should be one and two"]
    used = min(first for first, token in bearers if token == tokens[1])
    # That a refresh was begun is written before it is asked for; this is of what came of it.
    made = [call for call in made if asked[0] < call[0] and call[4]]

    def ended(name, pattern, since):
        return next((end for first, end, called, words, _ in made if called == name and since < first and re.fullmatch(pattern, words)), None)
    file = re.escape(os.path.join(folder, "desk"))
    steps = (("the file's fsync", "fsync", rf"\d+<{file}\.tmp-[\d-]+>"), ("the rename", "rename", rf'"{file}\.tmp-[\d-]+", "{file}"'),
             ("the folder's fsync", "fsync", rf"\d+<{re.escape(folder)}>"))
    since = asked[0]
    for what, name, pattern in steps:
        end = ended(name, pattern, since)
        if end is None:
            return [f"{what} is missing"]
        if end > used:
            return [f"{what} came after the token's first use"]
        since = end
    return []


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", required=True)
    parser.add_argument("--plugins", required=True)
    parser.add_argument("--expect-red", action="store_true")
    options = parser.parse_args()
    if shutil.which("strace") is None:
        print("SKIPPED: strace is not installed, and nothing else shows the order of system calls")
        return SKIPPED
    os.environ["TENON_BIN"], os.environ["TENON_PLUGINS"] = options.bin, options.plugins
    import rig
    case = rig.Rig()
    case.setUp()
    try:
        pipeline = os.path.join(rig.ROOT, "pipelines", "oauth", "customers.yaml")
        case.env.update({"GORGIAS_CLIENT_ID": "sandbox-client", "GORGIAS_CLIENT_SECRET": "sandbox-client-secret",
                         "TENON_TOKEN_KEY": base64.b64encode(b"k" * 32).decode()})
        case.remote.post("/_sandbox/customers", {"count": 1, "first_id": 1})
        login = subprocess.Popen([os.path.join(options.bin, "tenon"), "auth", "login", "desk", "--data", case.data, "--plugin-dir", options.plugins,
                                  pipeline], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                                 env={"PATH": os.environ["PATH"], **case.env})
        with login.stdout:
            urllib.request.urlopen(login.stdout.readline().strip()).close()
        assert login.wait(30) == 0, "no login"
        trace = os.path.join(tempfile.mkdtemp(dir=case.folder), "trace")
        inject = "-e inject=fsync:retval=0 " if options.expect_red else ""
        wrapper = os.path.join(case.folder, "bin")
        os.mkdir(wrapper)
        with open(os.path.join(wrapper, "tenon"), "w", encoding="ascii") as script:
            script.write(f"#!/bin/sh\nexec strace -f -qq -y -s 8192 -e trace={CALLS} {inject}-o {trace} {os.path.join(options.bin, 'tenon')} \"$@\"\n")
        os.chmod(os.path.join(wrapper, "tenon"), 0o755)
        rig.BIN = wrapper
        case.start(pipeline)
        case.remote.put("/_sandbox/oauth", {"expire": True})
        status, _ = case.post(case.thin(1), "msg_1")
        assert status == 200, status
        case.drained(1)
        delivered = len(case.effects("customer.created"))
        # strace goes when what it follows is gone; killed itself, it would leave the host behind.
        os.kill(int(case.host.ready.rsplit("pid=", 1)[1]), signal.SIGKILL)
        case.host.process.wait(30)
        wrong = faults(trace, os.path.join(case.data, "tokens"))
    finally:
        case.clean_up()
    if delivered != 1:
        wrong.append(f"{delivered} customers were made of 1 event")
    print("; ".join(wrong) or "the file's fsync, the rename, the folder's fsync, and then the token's first use")
    if options.expect_red:
        red = wrong == ["the file's fsync is missing"]
        print("the control is red, as it must be" if red else "THE CONTROL IS NOT RED AS IT SHOULD BE: this test proves nothing")
        return 0 if red else 1
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
