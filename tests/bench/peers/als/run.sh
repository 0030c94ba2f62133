#!/usr/bin/env bash
# Gets what the comparison needs, by name, and runs it: ALS beside the Python package implicit.
# Usage: run.sh FOLDER [flags of compare.py]   with MARQUEE_DATA for the quality on real ratings
set -euo pipefail
work=${1:?usage: run.sh FOLDER}
shift
cd "$(dirname "$0")"
mkdir -p "$work"
work=$(cd "$work" && pwd)
if [ ! -x "$work/venv/bin/python" ] || ! "$work/venv/bin/python" -c 'import implicit' 2>/dev/null; then
  if ! { python3 -m venv "$work/venv" &&
    "$work/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 scipy==1.17.1 threadpoolctl==3.8.0 implicit==0.7.3; }; then
    echo "skipped: the Python package implicit cannot be installed here"
    exit 0
  fi
fi
go build -o "$work/als-peer" .
exec "$work/venv/bin/python" compare.py --ours "$work/als-peer" --work "$work" "$@"
