"""Asks the binary jsonata_answers for the values of expressions."""

import argparse
import json
import subprocess


def arguments(count):
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", required=True, help="jsonata_answers")
    parser.add_argument("--count", type=int, default=count)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--break", dest="broken", action="store_true", help="expect one wrong answer: must fail")
    return parser.parse_args()


def answers(binary, pairs):
    """The raw lines of the answers to (expression, document as JSON text)."""
    lines = "".join('{"expr":%s,"doc":%s}\n' % (json.dumps(expression), document) for expression, document in pairs)
    run = subprocess.run([binary, "0"], input=lines, capture_output=True, text=True, check=True)
    return run.stdout.splitlines()


def report(name, count, wrong):
    for expression, document, expected, answer in wrong[:10]:
        print(f"{name}: {expression} on {document}: expected {expected}, got {answer}")
    print(f"{name}: {count} compared, {len(wrong)} wrong")
    return 1 if wrong else 0
