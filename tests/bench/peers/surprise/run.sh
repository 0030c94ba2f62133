#!/usr/bin/env bash
# Gets scikit-surprise by name and holds our models of ratings against it.
# Usage: run.sh FOLDER [flags of compare.py]   with MARQUEE_DATA
set -euo pipefail
work=${1:?usage: run.sh FOLDER}
shift
if [ ! -f "${MARQUEE_DATA:-}/ml-latest-small/ratings.csv" ]; then
  echo "skipped: set MARQUEE_DATA to the folder that holds ml-latest-small"
  exit 0
fi
cd "$(dirname "$0")"
venv="$work/surprise-venv"
if [ ! -x "$venv/bin/python" ] || ! "$venv/bin/python" -c 'import surprise' 2>/dev/null; then
  mkdir -p "$work"
  if ! { python3 -m venv "$venv" && "$venv/bin/pip" install --quiet --disable-pip-version-check numpy==1.26.4 scipy==1.17.1 joblib==1.6.0 scikit-surprise==1.1.4; }; then
    echo "skipped: scikit-surprise cannot be had here (it needs python3 with venv, pip and a C compiler)"
    exit 0
  fi
fi
mkdir -p "$work/surprise"
go build -o "$work/surprise-peer" .
"$work/surprise-peer" split -data "$MARQUEE_DATA/ml-latest-small" -seed "${SEED:-1}" "$work/surprise"
exec "$venv/bin/python" compare.py --ours "$work/surprise-peer" --folder "$work/surprise" "$@"
