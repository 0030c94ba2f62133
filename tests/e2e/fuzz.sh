#!/usr/bin/env bash
# Runs every fuzz target for so many inputs. (By time, a target can be failed by its own deadline on a busy machine.)
# An input that reaches new code is made smaller in at most 100 runs: by default that may take a minute each, in which
# no new input is tried. Every target runs, also after one that found something; the exit status is 1 then.
# Usage: fuzz.sh COUNT
set -euo pipefail
count=${1:-10000}
cd "$(dirname "$0")/../.."
status=0
while IFS=: read -r file target; do
  echo "== $target in $(dirname "$file")"
  go test -run '^$' -fuzz "^$target\$" -fuzztime "${count}x" -fuzzminimizetime 100x "./$(dirname "$file")" </dev/null || status=1
done < <(grep -roE '^func Fuzz[A-Za-z0-9]*' --include='*_test.go' . | sed 's/func //' | sort)
exit $status
