#!/usr/bin/env python3
"""$time against Python: zones by zoneinfo, RFC 2822 by email.utils, ISO by datetime: --bin FILE [--count N] [--seed S]."""

import datetime
import email.utils
import random
import sys
import zoneinfo

import rig

UTC = datetime.timezone.utc
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=UTC)


def shown(moment):
    """As $time shows it; an offset's seconds are left out."""
    text = moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}"
    offset = int(moment.utcoffset().total_seconds())
    minutes = abs(offset) // 60
    return text.rjust(23, "0") + ("Z" if minutes == 0 else f"{'-' if offset < 0 else '+'}{minutes // 60:02d}:{minutes % 60:02d}")


def transitions(zone, r):
    """A few moments at which the zone's offset changes, found by halving."""
    found = []
    for _ in range(3):
        low = r.randrange(-2_000_000_000, 4_500_000_000)
        high = low + 200 * 86400
        at = lambda t: (EPOCH + datetime.timedelta(seconds=t)).astimezone(zone).utcoffset()
        if at(low) == at(high):
            continue
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if at(middle) != at(low) else (middle, high)
        found.append(high)
    return found


def zone_cases(r, count):
    names = sorted(n for n in zoneinfo.available_timezones() if n not in ("localtime", "posixrules") and not n.startswith(("posix/", "right/")))
    cases = []
    while len(cases) < count:
        name = r.choice(names)
        zone = zoneinfo.ZoneInfo(name)
        moments = [r.randrange(-4_000_000_000, 8_000_000_000) for _ in range(3)]
        for at in transitions(zone, r):
            moments += [at - 1, at, at + 1, at - 3600, at + 3600]
        for seconds in moments:
            moment = EPOCH + datetime.timedelta(seconds=seconds)
            expected = shown(moment.astimezone(zone))
            cases.append((f"$time(t, '{name}')", '{"t":%d}' % (seconds * 1000) if abs(seconds) >= 100_000_000 else '{"t":%d}' % seconds, f'{{"value":"{expected}"}}'))
    return cases[:count]


def text_cases(r, count):
    cases = []
    for _ in range(count):
        moment = EPOCH + datetime.timedelta(seconds=r.randrange(-1_000_000_000, 4_000_000_000), microseconds=r.choice([0, 0, 123456, 999999]))
        zone = datetime.timezone(datetime.timedelta(minutes=r.choice([0, 0, 60, -300, 330, 345, -210, 840])))
        local = moment.astimezone(zone)
        form = r.randrange(5)
        if form == 0:
            text, moment = email.utils.format_datetime(local.replace(microsecond=0)), moment.replace(microsecond=0)
        elif form == 1:
            text = local.isoformat()
        elif form == 2:
            text = local.isoformat(sep=" ")
        elif form == 3:
            text = moment.replace(tzinfo=None).isoformat()
        else:
            text, moment = email.utils.format_datetime(moment.replace(microsecond=0), usegmt=True), moment.replace(microsecond=0)
        cases.append(("$time(t)", f'{{"t":"{text}"}}', f'{{"value":"{shown(moment)}"}}'))
    return cases


def main():
    options = rig.arguments(50_000)
    r = random.Random(options.seed)
    cases = zone_cases(r, options.count * 4 // 5) + text_cases(r, options.count // 5)
    if options.broken:
        cases[0] = ("$time(0)", "{}", '{"value":"1970-01-01T00:00:01.000Z"}')
    got = rig.answers(options.bin, [c[:2] for c in cases])
    wrong = [(e, d, expected, answer) for (e, d, expected), answer in zip(cases, got, strict=True) if answer != expected]
    return rig.report("times", len(cases), wrong)


if __name__ == "__main__":
    sys.exit(main())
