#!/usr/bin/env bash
# What is too long for every commit: the other compiler, sanitizers, kills, demos. `make proof`.
set -euo pipefail
cd "$(dirname "$0")/.."
jobs="${JOBS:-$(nproc)}"
step() { printf '\n== %s\n' "$*"; }

step "g++: build"
cmake --preset release -DTENON_BENCH=ON >/dev/null  # the strangers at the port are among the benchmarks
cmake --build build -j "$jobs"

step "clang++: build and test"
cmake --preset clang >/dev/null
cmake --build build-clang -j "$jobs"
(cd build-clang && ctest --output-on-failure -j "$jobs")

step "plugins of one compiler in the host of the other"
(cd tests/e2e && TENON_BIN=../../build/bin TENON_PLUGINS=../../build-clang/lib/tenon python3 -B -m unittest -q main_job_test)
(cd tests/e2e && TENON_BIN=../../build-clang/bin TENON_PLUGINS=../../build/lib/tenon python3 -B -m unittest -q main_job_test)

for sanitizer in asan tsan; do
  step "$sanitizer: build and test"
  cmake --preset "$sanitizer" >/dev/null
  cmake --build "build-$sanitizer" -j "$jobs"
  (cd "build-$sanitizer" && ctest --output-on-failure -j "$jobs")
done

step "differential: 100,000 pairs against npm jsonata, and its positive control"
tests/differential/run.sh --bin build/bin/jsonata_answers --pairs "${DIFFERENTIAL_PAIRS:-100000}" --seed "${SEED:-1}"
if tests/differential/run.sh --bin build/bin/jsonata_answers --pairs 1 --break >/dev/null; then echo "the differential run cannot fail"; exit 1; fi

step "decimals and times against Python"
python3 -B tests/differential/decimals.py --bin build/bin/jsonata_answers --count 100000 --seed "${SEED:-1}"
python3 -B tests/differential/times.py --bin build/bin/jsonata_answers --count 100000 --seed "${SEED:-1}"

step "fuzzers, ${FUZZ_SECONDS:-600} s each"
tests/fuzz/run.sh

step "10,000 mutations of each group of hostile requests, by TCP and TLS"
(cd tests/hostile && TENON_BIN=../../build/bin TENON_HOOK=../../build/lib/hook MUTATIONS="${MUTATIONS:-10000}" python3 -B -m unittest -q mutations_test)

step "webhooks signed by npm's standardwebhooks and svix"
mkdir -p build/published
npm install --silent --no-audit --no-fund --prefix build/published standardwebhooks@1 svix@1 >/dev/null
(cd tests/hostile && PUBLISHED=../../build/published TENON_BIN=../../build/bin TENON_HOOK=../../build/lib/hook python3 -B -m unittest -q published_test)

step "strangers at the port, and the positive controls: without limits memory goes, without giving way the places"
python3 -B tests/bench/port.py --seconds "${SLOW_SECONDS:-60}"
python3 -B tests/bench/port.py --cases flood --flood-connections 2500
python3 -B tests/bench/port.py --seconds 10 --calm-seconds 3 --flood-seconds 5 --break no_limits --expect-missed >/dev/null
python3 -B tests/bench/port.py --seconds 10 --calm-seconds 3 --cases slow --break no_eviction --expect-missed >/dev/null
python3 -B tests/bench/port.py --calm-seconds 3 --cases flood --flood-connections 2500 --break no_eviction --expect-missed >/dev/null

step "${KILLS:-200} rounds of kill -9 under load"
python3 -B tests/faults/kill.py --rounds "${KILLS:-200}" --seed "${SEED:-1}"
step "its positive controls: acknowledging before the commit loses events, a blind search makes twins, changes without a webhook stay untold"
python3 -B tests/faults/kill.py --rounds 20 --seed "${SEED:-1}" --break ack_early --expect-red
python3 -B tests/faults/kill.py --rounds 5 --seed "${SEED:-1}" --break twins --expect-red
python3 -B tests/faults/kill.py --rounds 5 --seed "${SEED:-1}" --break untold --expect-red

step "killed at each crash point, ${CRASHES:-10} times, and the positive control"
cmake --preset faults >/dev/null
cmake --build build-faults -j "$jobs" --target products tenon-breakable
python3 -B tests/faults/crash_points.py --times "${CRASHES:-10}" --seed "${SEED:-1}"
python3 -B tests/faults/crash_points.py --times 3 --points journal.in_append --break ack_early --expect-red

step "killed ${REFRESHES:-50} times at each point of a token's refresh; without grace at the provider some must need a login"
python3 -B tests/faults/token_refresh.py --times "${REFRESHES:-50}"

step "${RELOADS:-100} rounds of reloads while the sink is down, and the positive controls: one of them a restart in place of a reload"
python3 -B tests/faults/reload.py --rounds "${RELOADS:-100}"
python3 -B tests/faults/reload.py --rounds 5 --events 400 --rate 3000 --break ack_early --expect-red
python3 -B tests/faults/reload.py --rounds 5 --break restart --expect-red

step "power cuts and damaged stores (their controls are in the same tests)"
TENON_POWER_CUTS="${POWER_CUTS:-100}" TENON_DAMAGES="${DAMAGES:-500}" build/bin/contract_journal --gtest_filter='PowerCut*:StoreDamage*'

step "failing system calls, up to the ${IO_ERRORS:-100}th, and the positive controls: one of them a host that is not told of the error"
python3 -B tests/faults/io_errors.py --count "${IO_ERRORS:-100}"
python3 -B tests/faults/io_errors.py --count 25 --sorts fdatasync:EIO --break ack_early --expect-red
python3 -B tests/faults/io_errors.py --count 8 --sorts fdatasync:EIO --break deaf --expect-red
python3 -B tests/faults/fsync_fails.py --bin build/bin --plugins build/lib/tenon
python3 -B tests/faults/fsync_fails.py --bin build/bin --plugins build/lib/tenon --break deaf --expect-red

step "full disks, and the positive control"
python3 -B tests/faults/disk_full.py --cycles "${FULL_DISKS:-10}"
python3 -B tests/faults/disk_full.py --cycles 1 --cases tmpfs --break no_low_water --expect-red
python3 -B tests/faults/disk_full.py --cycles 1 --cases limit --break no_low_water --expect-red

step "a host that is stopped while creates are under way, and the positive control"
python3 -B tests/faults/pauses.py --rounds "${PAUSES:-10}" --long 3 --seed "${SEED:-1}"
python3 -B tests/faults/pauses.py --rounds 0 --long 1 --seed "${SEED:-1}" --break twins --expect-red

step "exchanges cut at ${CUTS:-200} bytes of request and answer, and the positive control"
python3 -B tests/faults/cuts.py --count "${CUTS:-200}" --seed "${SEED:-1}"
python3 -B tests/faults/cuts.py --count 10 --cases upsert --break deaf --expect-red

step "1,000 creates whose answer is lost, 1,000 that time out, and the positive control: a sink that lets twins be"
python3 -B tests/faults/lost_answers.py --events "${LOST_ANSWERS:-1000}" --seed "${SEED:-1}"
python3 -B tests/faults/lost_answers.py --events "${LOST_ANSWERS:-1000}" --hanging "${LOST_ANSWERS:-1000}" --limit 900 --seed "${SEED:-1}"
python3 -B tests/faults/lost_answers.py --events 80 --break twins --expect-red

step "broken files over a backlog, ${STOPS:-100} stops under load, and the positive control"
python3 -B tests/faults/restarts.py --files 40 --stops "${STOPS:-100}" --seed "${SEED:-1}"
python3 -B tests/faults/restarts.py --cases stop --stops 60 --break ack_early --expect-red

step "20 demos"
for seed in $(seq 1 20); do
  python3 -B tests/demo/demo.py --seed "$seed" --clean >/tmp/tenon-demo-$$.log || { cat /tmp/tenon-demo-$$.log; exit 1; }
  echo "demo $seed: exact"
done
rm -f /tmp/tenon-demo-$$.log
echo "proof: all passed"
