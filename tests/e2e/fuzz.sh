#!/usr/bin/env bash
# Runs every fuzz target for a while.  Usage: fuzz.sh TIME
set -euo pipefail
time=${1:-5s}
cd "$(dirname "$0")/../.."
grep -rlE '^func Fuzz' --include='*_test.go' . | sort | while read -r file; do
  grep -oE '^func Fuzz[A-Za-z0-9]*' "$file" | awk '{print $2}' | while read -r target; do
    go test -run '^$' -fuzz "^$target\$" -fuzztime "$time" "./$(dirname "$file")"
  done
done
