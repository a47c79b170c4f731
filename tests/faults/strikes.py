"""A host under strace whose n-th system call of a sort fails, and what its trace says of the time after that."""

import os
import re

#: Seconds from a failed sync to the end of the host.
END_LIMIT = 1.0
#: Seconds in which answers to what was committed before may still leave: the thread that commits is not the one that answers.
LATE_ANSWERS = 0.2

SYNCS = ("fdatasync", "fsync")
RECEIVES = ("recvfrom", "recvmsg", "read", "readv")
SENDS = ("sendto", "sendmsg", "write", "writev")
LINE = re.compile(r"(\d+) +(\d+\.\d+) (?:<\.\.\. (\w+) resumed>|(\w+)\()(.*)")
DESCRIPTOR = re.compile(r"(\d+)(?:<([^>]*)>)?")


def wrap(folder, binaries, trace, call, error, when, deaf=False, all_calls=False, program="tenon"):
    """Writes folder/<program>, a host whose call number `when` fails. `deaf` is the control: the call is left out, and the host told that it went well."""
    calls = {call, "exit_group", "write", *(SYNCS + RECEIVES + SENDS if all_calls else ())}
    path = os.path.join(folder, program)
    with open(path, "w", encoding="ascii") as script:
        script.write(f"#!/bin/sh\nexec strace -f -qq -ttt -y --seccomp-bpf -s 16 -o {trace} -e trace={','.join(sorted(calls))} "
                     f"-e inject={call}:{'retval=0' if deaf else 'error=' + error}:when={when} {os.path.join(binaries, program)} \"$@\"\n")
    os.chmod(path, 0o755)


class Strike:
    """What a trace tells. Times are wall seconds, None where a thing did not happen."""

    def __init__(self, trace):
        self.at = self.file = self.ready_at = self.ended_at = self.exit_code = None
        self.bad = []  # answers of 200 that must not have left, and syncs after the one that failed
        self._under_way = {}  # by thread
        self._asked_at = {}  # by connection
        self._synced_from = 0.0  # when the last sync that went well began: nothing that was asked later is covered by it
        self._refused = self._synced_again = False
        with open(trace, encoding="utf-8", errors="replace") as lines:
            for line in lines:
                found = LINE.match(line)
                if found:
                    self._note(found.group(1), float(found.group(2)), found.group(4), found.group(5))

    def running(self, stopped_at):
        """Whether it struck a host that was ready and had not been told to stop."""
        return self.at is not None and self.ready_at is not None and self.ready_at <= self.at and (stopped_at is None or self.at < stopped_at)

    def of_the_journal(self):
        return "journal.db" in (self.file or "")

    def _note(self, thread, at, call, rest):
        if call:
            descriptor = DESCRIPTOR.match(rest)
            begun = (call, at, *(descriptor.groups() if descriptor else (None, None)))
            self._begin(*begun, rest)
            if "<unfinished ...>" in rest:
                self._under_way[thread] = begun
                return
        else:
            begun = self._under_way.pop(thread, None)
        if begun:
            self._end(at, *begun, rest)

    def _begin(self, call, at, connection, file, rest):
        if call == "exit_group":
            self.ended_at, self.exit_code = at, int(re.match(r"\d+", rest).group())
        elif call in SYNCS and self.at is not None and "journal.db" in (file or ""):
            if not self._synced_again:
                self.bad.append(f"a {call} {at - self.at:.3f} s later")
            self._synced_again = True
        elif call in SENDS and '"ready ' in rest:
            self.ready_at = at
        elif call in SENDS and self.at is not None and '"HTTP/1.1 503' in rest:
            self._refused = True
        elif call in SENDS and self.at is not None and '"HTTP/1.1 200' in rest:
            why = ("after a 503" if self._refused else "after another sync" if self._synced_again else
                   "to what was asked after the last sync" if self._asked_at.get(connection, 0.0) > self._synced_from else
                   f"{at - self.at:.3f} s later" if at - self.at > LATE_ANSWERS else None)
            if why:
                self.bad.append(f"a 200 {why}")

    def _end(self, at, call, began, connection, file, rest):
        if self.at is None and "(INJECTED)" in rest:
            self.at, self.file = at, file
        elif call in RECEIVES and '"POST /in/' in rest:
            self._asked_at[connection] = at
        elif call in SYNCS and self.at is None and rest.rstrip().endswith("= 0"):
            self._synced_from = began

    def wrong(self, code):
        """What is wrong with a running host whose sync of the journal failed, and which ended with `code`."""
        wrong = list(dict.fromkeys(self.bad))
        if code != 1 or self.exit_code != 1:
            wrong.append(f"ended with {code}")
        if self.exit_code is not None and self.ended_at - self.at > END_LIMIT:
            wrong.append(f"ended {self.ended_at - self.at:.1f} s later")
        return wrong
