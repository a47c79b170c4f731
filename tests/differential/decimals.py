#!/usr/bin/env python3
"""The decimal functions against Python's decimal: --bin FILE [--count N] [--seed S]."""

import decimal
import random
import sys

import rig

MODES = {
    "half-up": decimal.ROUND_HALF_UP, "half-down": decimal.ROUND_HALF_DOWN, "half-even": decimal.ROUND_HALF_EVEN,
    "up": decimal.ROUND_UP, "down": decimal.ROUND_DOWN, "ceiling": decimal.ROUND_CEILING, "floor": decimal.ROUND_FLOOR,
}
EXACT = decimal.Context(prec=5000, Emax=99999, Emin=-99999)


def number(r):
    shape = r.randrange(8)
    if shape == 0:
        text = r.choice(["0", "1", "5", "10", "0.00", "100", "0.5", "2.5", "1.005", "-0", "1e3", "5E-3", "12e+2"])
    elif shape < 5:
        text = f"{r.randrange(100000)}.{r.randrange(10000):04d}"[: r.randrange(7, 11)]
    elif shape < 7:
        text = str(r.randrange(10 ** r.randrange(1, 25)))
        if r.random() < 0.6:
            text += "." + "".join(r.choices("0123456789", k=r.randrange(1, 25)))
    else:
        # Halves, where the modes part.
        text = f"{r.randrange(1000)}.{r.randrange(100):02d}5"
    text = text.rstrip(".")
    if r.random() < 0.35 and not text.startswith("-"):
        text = "-" + text
    return text


def show(value):
    text = format(value, "f")
    return text[1:] if text.startswith("-") and value == 0 else text


def rounded(value, places, mode):
    if places is None:
        return value
    made = value.quantize(decimal.Decimal(1).scaleb(-places), rounding=MODES[mode], context=EXACT)
    return made


def case(r):
    """An expression, its document and the answer that is due."""
    a, b = number(r), number(r)
    x, y = EXACT.create_decimal(a), EXACT.create_decimal(b)
    operation = r.choice(["Add", "Sub", "Mul", "Div", "Sum", "Round", "Compare"])
    places, mode = r.choice([None, 0, 1, 2, 2, 3, 6, 20, -1, -2]), r.choice(list(MODES))
    tail = "" if places is None else f", {places}, '{mode}'"
    # A JSON number keeps its text, a string is read the same.
    as_json = [t if r.random() < 0.5 else f'"{t}"' for t in (a, b)]
    document = '{"a":%s,"b":%s}' % tuple(as_json)
    if operation in ("Div", "Round") and places is None:
        places, tail = 2, f", 2, '{mode}'"
    if operation == "Add":
        return f"$decAdd(a, b{tail})", document, show(rounded(EXACT.add(x, y), places, mode))
    if operation == "Sub":
        return f"$decSub(a, b{tail})", document, show(rounded(EXACT.subtract(x, y), places, mode))
    if operation == "Mul":
        return f"$decMul(a, b{tail})", document, show(rounded(EXACT.multiply(x, y), places, mode))
    if operation == "Div":
        if y == 0:
            return f"$decDiv(a, b{tail})", document, "!decimal"
        exact = decimal.Context(prec=3000, Emax=99999, Emin=-99999, rounding=decimal.ROUND_05UP)
        return f"$decDiv(a, b{tail})", document, show(rounded(exact.divide(x, y), places, mode))
    if operation == "Sum":
        items = [number(r) for _ in range(r.randrange(6))]
        total = decimal.Decimal(0)
        for item in items:
            total = EXACT.add(total, EXACT.create_decimal(item))
        document = '{"l":[%s]}' % ",".join(f'"{item}"' for item in items)
        return f"$decSum(l{tail})", document, show(rounded(total, places, mode))
    if operation == "Round":
        return f"$decRound(a{tail})", document, show(rounded(x, places, mode))
    return "$decCompare(a, b)", document, str((x > y) - (x < y))


def main():
    options = rig.arguments(100_000)
    r = random.Random(options.seed)
    cases = [case(r) for _ in range(options.count)]
    if options.broken:
        cases[0] = ("$decAdd(a, 1)", '{"a":1}', "3")
    wrong = []
    for (expression, document, expected), answer in zip(cases, rig.answers(options.bin, [c[:2] for c in cases]), strict=True):
        due = '"error":"decimal"' in answer if expected == "!decimal" else answer == '{"value":%s}' % expected
        if not due:
            wrong.append((expression, document, expected, answer))
    return rig.report("decimals", len(cases), wrong)


if __name__ == "__main__":
    sys.exit(main())
