#!/usr/bin/env bash
# Gets what the comparison needs, by name, and runs it: the HNSW index beside hnswlib.
# Usage: run.sh FOLDER [flags of main.go]
set -euo pipefail
work=${1:?usage: run.sh FOLDER}
shift
cd "$(dirname "$0")"
mkdir -p "$work"
work=$(cd "$work" && pwd)
if [ ! -x "$work/venv/bin/python" ] || ! "$work/venv/bin/python" -c 'import hnswlib, numpy' 2>/dev/null; then
  # hnswlib comes as source, which g++ builds for this very processor.
  if ! { command -v "${CXX:-g++}" >/dev/null && python3 -m venv "$work/venv" &&
    "$work/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 hnswlib==0.8.0; }; then
    echo "skipped: the Python package hnswlib cannot be installed here; it needs python3-venv, g++ and a package index"
    exit 0
  fi
fi
go build -o "$work/hnsw-peer" .
exec "$work/hnsw-peer" -python "$work/venv/bin/python" "$@"
