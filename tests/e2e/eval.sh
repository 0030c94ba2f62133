#!/usr/bin/env bash
# Every model judged on the real ml-latest-small: one table with intervals, a page with plots, movies held out whole,
# ratings. It fails unless the blend is better than each single model, and covers more of the catalog than ALS.
# Usage: eval.sh FOLDER  with MARQUEE_DATA
set -euo pipefail
out=${1:?usage: eval.sh FOLDER}
if [ ! -f "${MARQUEE_DATA:-}/ml-latest-small/ratings.csv" ]; then
  echo "skipped: set MARQUEE_DATA to the folder that holds ml-latest-small (and ml-latest-small-metadata.jsonl.gz)"
  exit 0
fi
cd "$(dirname "$0")/../.."
bin=$PWD/bin/marquee
mkdir -p "$out"
out=$(cd "$out" && pwd)
export MARQUEE_HOME=$out/home MARQUEE_LOG_LEVEL=warn
metadata=()
if [ -f "$MARQUEE_DATA/ml-latest-small-metadata.jsonl.gz" ]; then
  metadata=(--metadata "$MARQUEE_DATA/ml-latest-small-metadata.jsonl.gz")
fi
"$bin" import movielens "$MARQUEE_DATA/ml-latest-small" "${metadata[@]}" >"$out/import.txt"
"$bin" eval run --embedders lsa --baseline blend --report "$out/report.json" --html "$out/report.html"
echo
echo "Movies held out whole: nobody watched them, and they are ranked among themselves."
"$bin" eval run --embedders lsa --protocol cold --models popularity,content,neural,als --min-slice 0 --report "$out/cold.json"
echo
echo "Ratings: a fifth of them held out."
"$bin" eval run --embedders lsa --protocol ratings --models popular,itemknn,userknn,svd,svdpp,rating --report "$out/ratings.json"
python3 - "$out" <<'PY'
import json, sys
out = sys.argv[1]
report = json.load(open(out + "/report.json"))
wrong = []
metrics = {m["name"]: m["metrics"] for m in report["models"]}
for c in report["comparisons"]:
    d = c["metrics"]["ndcg@20"]
    if d["high"] >= 0:
        wrong.append("%s against the blend: NDCG@20 %+.4f up to %+.4f, want it below zero" % (c["model"], d["value"], d["high"]))
if metrics["blend"]["coverage@20"]["value"] <= metrics["als"]["coverage@20"]["value"]:
    wrong.append("the blend covers %.3f, ALS %.3f" % (metrics["blend"]["coverage@20"]["value"], metrics["als"]["coverage@20"]["value"]))
cold = {m["name"]: m["metrics"]["ndcg@20"] for m in json.load(open(out + "/cold.json"))["models"]}
for other in ("content", "popularity"):
    if cold["als"]["low"] <= cold[other]["high"]:
        wrong.append("movies held out whole: ALS by predicted factors %s, %s %s" % (cold["als"], other, cold[other]))
if wrong:
    sys.exit("FAILED: " + "; ".join(wrong))
print("\nthe blend is better than every single model (95% paired intervals), and covers more than ALS; report: " + out + "/report.html")
PY
