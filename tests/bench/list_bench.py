#!/usr/bin/env python3
"""How long `tenon events list` takes on a large store: by a key that is there, by one that is not, by an expression.

    tests/bench/list_bench.py --rows 3000000 [--folder DIR] [--index]

Makes a store of so many delivered events (once, if the folder has none of that size) and prints medians. --index adds an index over keys, which
the format does not have, to show what it would save."""

import argparse
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
sys.path.insert(0, os.path.join(ROOT, "tests", "support"))
import harness  # noqa: E402

FILL = """
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :rows)
INSERT INTO event(seq, id, connection, pipeline, type, key, keys, received_ms, class, thin, data)
SELECT i, 'msg_' || i, 'blueprint_store', 'blueprint', 'bigcommerce.created', 'customer:' || (i % 100003), '{}', 1764000000000 + i, 'live', 0,
       '{"id":' || i || ',"email":"customer' || i || '@example.com","note":"' || substr(:text, 1, 500) || '"}' FROM n
"""


def make_store(binaries, plugins, data, rows):
    env = {"BIGCOMMERCE_API_KEY": "a-key-of-sixteen-bytes-or-more", "GORGIAS_API_KEY": "key", "GORGIAS_BASE_URL": "http://127.0.0.1:9"}
    harness.Tenon(binaries, plugins, [os.path.join(ROOT, "pipelines", "blueprint.yaml")], data, env=env, log=os.devnull).stop()
    store = sqlite3.connect(os.path.join(data, "journal.db"), isolation_level=None)
    store.execute("PRAGMA synchronous = OFF")
    store.execute("BEGIN")
    store.execute(FILL, {"rows": rows, "text": "x" * 500})
    store.execute("INSERT INTO ended(seq, end, reason, attempts, ended_ms) SELECT seq, 'delivered', '', 1, received_ms FROM event")
    store.execute("COMMIT")
    store.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    store.close()


def median(binaries, data, *arguments, rounds=5):
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        done = subprocess.run([os.path.join(binaries, "tenon"), "events", "list", "--data", data, *arguments], capture_output=True, text=True, check=True)
        times.append(time.perf_counter() - began)
    return statistics.median(times), len(done.stdout.splitlines())


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--rows", type=int, default=300_000)
    parser.add_argument("--folder", help="keep the store there")
    parser.add_argument("--bin", default=os.path.join(ROOT, "build", "bin"))
    parser.add_argument("--plugins", default=os.path.join(ROOT, "build", "lib", "tenon"))
    parser.add_argument("--index", action="store_true")
    parser.add_argument("--all", action="store_true", help="also look at all rows (--look)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        data = os.path.join(options.folder or scratch, str(options.rows))
        if not os.path.exists(os.path.join(data, "journal.db")):
            make_store(options.bin, options.plugins, data, options.rows)
        if options.index:
            sqlite3.connect(os.path.join(data, "journal.db")).execute("CREATE INDEX IF NOT EXISTS event_key ON event(key)")
        asked = [("the newest 50", []), ("a key that is there", ["--key", "customer:7"]), ("a key that is not", ["--key", "nobody"])]
        if options.all:
            asked += [("the same, all rows", ["--key", "nobody", "--look", str(options.rows)]), ("--where, 200,000 rows", ["--where", "event.data.id = 7"]),
                      ("--where, all rows", ["--where", "event.data.id = 7", "--look", str(options.rows)])]
        print(f"{options.rows:,} events, {os.path.getsize(os.path.join(data, 'journal.db')) / 2**20:,.0f} MiB")
        for what, arguments in asked:
            seconds, rows = median(options.bin, data, *arguments, rounds=3 if "all" in what else 5)
            print(f"{what:24} {seconds * 1000:8.0f} ms  {rows} rows")


if __name__ == "__main__":
    main()
