#!/usr/bin/env bash
# Makes lists of other people's recommenders on a split, and prints how to judge them beside ours.
# Usage: run.sh FOLDER TRAIN TEST [--install] [flags of peers.py]
# With --install it first gets the packages, by name, into FOLDER/venv (6 GB: torch comes along).
# What is absent is skipped. PYTHON names another python that has the packages.
set -euo pipefail
usage="usage: run.sh FOLDER TRAIN TEST [--install] [flags of peers.py]"
work=${1:?$usage} train=${2:?$usage} test=${3:?$usage}
shift 3
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$work"
work=$(cd "$work" && pwd)
if [ "${1:-}" = --install ]; then
  shift
  [ -x "$work/venv/bin/python" ] || python3 -m venv "$work/venv"
  for packages in "numpy==2.4.6 scipy==1.17.1" implicit==0.7.3 "lenskit==2025.8.1 pandas==2.3.3 torch==2.15.0" "recbole==1.2.1 torch==2.15.0"; do
    # One at a time: a package that this machine cannot have leaves the others. Word splitting is meant.
    # shellcheck disable=SC2086
    "$work/venv/bin/pip" install --quiet --disable-pip-version-check $packages || echo "not installed: $packages"
  done
fi
python=${PYTHON:-$work/venv/bin/python}
if [ ! -x "$python" ]; then
  echo "skipped: no packages in $work/venv; give --install to get them, or PYTHON"
  exit 0
fi
"$python" "$here/peers.py" --train "$train" --test "$test" --out "$work/lists" "$@"
lists=()
for file in "$work"/lists/*.tsv; do
  [ -e "$file" ] && lists+=(--lists "$(basename "$file" .tsv)=$file")
done
if [ ${#lists[@]} -gt 0 ]; then
  echo "judge them beside ours: marquee eval run --train $train --test $test ${lists[*]}"
fi
