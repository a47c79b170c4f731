#!/usr/bin/env bash
# The differential run against npm `jsonata`: run.sh [--bin FILE] [--pairs N] [--seed S] [--show N]
# The reference is installed into the build folder, never into the tree. Ends with 77 (skipped) without network.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
build="${TENON_BUILD:-$here/../../build}"
bin="$build/bin/jsonata_answers"
rest=()
while [ $# -gt 0 ]; do
  if [ "$1" = --bin ]; then bin="$(realpath "$2")"; build="$(dirname "$(dirname "$bin")")"; shift 2; else rest+=("$1"); shift; fi
done
reference="$build/npm/node_modules/jsonata"
if [ ! -d "$reference" ]; then
  mkdir -p "$build/npm"
  (cd "$build/npm" && npm install --no-audit --no-fund --silent jsonata@2 >npm.log 2>&1) || { echo "differential: npm cannot install jsonata"; exit 77; }
fi
echo "differential: npm jsonata $(sed -n 's/.*"version": "\(.*\)".*/\1/p' "$reference/package.json")"
exec env TZ=UTC node "$here/differential.mjs" --bin "$bin" --reference "$reference" "${rest[@]}"
