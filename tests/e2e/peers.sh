#!/usr/bin/env bash
# All models beside other people's on the same split, in one table.  Usage: peers.sh FOLDER BENCH  with MARQUEE_DATA
set -euo pipefail
out=${1:?usage: peers.sh FOLDER BENCH} bench=${2:?usage: peers.sh FOLDER BENCH}
if [ ! -f "${MARQUEE_DATA:-}/ml-latest-small/ratings.csv" ]; then
  echo "skipped: set MARQUEE_DATA to the folder that holds ml-latest-small"
  exit 0
fi
cd "$(dirname "$0")/../.."
bin=$PWD/bin/marquee
mkdir -p "$out" "$bench"
out=$(cd "$out" && pwd)
export MARQUEE_HOME=$out/home MARQUEE_LOG_LEVEL=warn
"$bin" import movielens "$MARQUEE_DATA/ml-latest-small" --metadata "$MARQUEE_DATA/ml-latest-small-metadata.jsonl.gz" >"$out/import.txt"
"$bin" eval split "$out/split"
bash tests/bench/peers/ranking/run.sh "$bench/ranking" "$out/split/train.tsv" "$out/split/test.tsv" --install
lists=()
for file in "$bench"/ranking/lists/*.tsv; do
  [ -e "$file" ] && lists+=(--lists "$(basename "$file" .tsv)=$file")
done
"$bin" eval run --embedders lsa --train "$out/split/train.tsv" --test "$out/split/test.tsv" "${lists[@]}" --html "$out/peers.html"
