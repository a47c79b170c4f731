#!/usr/bin/env bash
# Builds every fuzz target with clang and sanitizers and fuzzes each for FUZZ_SECONDS (default 600), JOBS at a time.
# `tests/fuzz/run.sh [NAME…]`: only those. What it finds stays in build-fuzz/found/NAME/: put a file of it, made small, into corpus/NAME/.
set -euo pipefail
cd "$(dirname "$0")/../.."
jobs="${JOBS:-$(nproc)}"
export FUZZ_SECONDS="${FUZZ_SECONDS:-600}"
cmake -S . -B build-fuzz -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DCMAKE_C_COMPILER=clang -DCMAKE_CXX_COMPILER=clang++ \
  -DTENON_FUZZ=ON -DTENON_TESTS=OFF -DTENON_SANITIZE=address,undefined >/dev/null
if [ $# -gt 0 ]; then names=("$@"); else mapfile -t names < <(sed -n 's/^tenon_fuzzer(\([a-z0-9_]*\) .*/\1/p' tests/fuzz/CMakeLists.txt); fi
cmake --build build-fuzz -j "$jobs" --target "${names[@]/#/fuzz_}"

fuzz() {
  local name="$1" dictionary=()
  mkdir -p "build-fuzz/corpus/$name" "build-fuzz/found/$name"
  [ -f "tests/fuzz/$name.dict" ] && dictionary=("-dict=tests/fuzz/$name.dict")
  if ! "build-fuzz/bin/fuzz_$name" "build-fuzz/corpus/$name" "tests/fuzz/corpus/$name" "${dictionary[@]}" -artifact_prefix="build-fuzz/found/$name/" \
    -max_total_time="$FUZZ_SECONDS" -rss_limit_mb=1024 -timeout=10 -print_final_stats=1 >"build-fuzz/$name.log" 2>&1; then
    echo "fuzz_$name: FAILED, build-fuzz/$name.log"
    tail -40 "build-fuzz/$name.log"
    return 1
  fi
  echo "fuzz_$name: $(sed -n 's/^stat::number_of_executed_units: *//p' "build-fuzz/$name.log") inputs in $FUZZ_SECONDS s, nothing found"
}
export -f fuzz
printf '%s\n' "${names[@]}" | xargs -P "$jobs" -I{} bash -c 'fuzz {}'
