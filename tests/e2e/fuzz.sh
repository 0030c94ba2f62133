#!/usr/bin/env bash
# Runs every fuzz target for so many inputs. (By time, a target can be failed by its own deadline on a busy machine.)
# Usage: fuzz.sh COUNT
set -euo pipefail
count=${1:-10000}
cd "$(dirname "$0")/../.."
grep -rlE '^func Fuzz' --include='*_test.go' . | sort | while read -r file; do
  grep -oE '^func Fuzz[A-Za-z0-9]*' "$file" | awk '{print $2}' | while read -r target; do
    go test -run '^$' -fuzz "^$target\$" -fuzztime "${count}x" "./$(dirname "$file")"
  done
done
