#!/usr/bin/env bash
# The main job on real data, through the program alone: import, build, lists, judge. It checks what must hold and prints
# what README shows.  Usage: real.sh FOLDER  with MARQUEE_DATA, and MARQUEE_MODEL for the real weights.
set -euo pipefail
out=${1:?usage: real.sh FOLDER}
if [ -z "${MARQUEE_DATA:-}" ]; then
  echo "skipped: set MARQUEE_DATA to the folder of real data"
  exit 0
fi
cd "$(dirname "$0")/../.."
make -s build
bin=$PWD/bin/marquee
mkdir -p "$out"
export MARQUEE_HOME=$out/movielens MARQUEE_QUIET=true MARQUEE_LOG_LEVEL=warn
embedders=lsa
if [ -n "${MARQUEE_MODEL:-}" ]; then
  embedders=lsa,minilm
  export MARQUEE_MODEL_DIR=$MARQUEE_MODEL
fi

show() { # show COMMAND...: print it as a user types it, run it
  echo
  echo "\$ ${*/#$bin/marquee}"
  "$@"
}
die() { echo "FAILED: $*" >&2; exit 1; }
field() { python3 -c 'import json,sys; v=json.load(sys.stdin)
for k in sys.argv[1].split("."): v=v[int(k)] if k.isdigit() else v[k]
print(v)' "$1"; }

show "$bin" import movielens "$MARQUEE_DATA/ml-latest-small" --metadata "$MARQUEE_DATA/ml-latest-small-metadata.jsonl.gz"
again=$("$bin" import movielens "$MARQUEE_DATA/ml-latest-small" --metadata "$MARQUEE_DATA/ml-latest-small-metadata.jsonl.gz" --output json)
[ "$(field movies.new <<<"$again")/$(field movies.changed <<<"$again")/$(field ratings.new <<<"$again")" = 0/0/0 ] || die "a second import changed something: $again"

show "$bin" build --embedder "${embedders##*,}"
id=$("$bin" bundle show --output json | field id)
[ "$("$bin" build --embedder "${embedders##*,}" --output json | field bundle.id)" = "$id" ] || die "the same store gave another bundle"
show "$bin" movie neighbours "Toy Story"
show "$bin" movie neighbours "Toy Story" --from index --output json >/dev/null

# Behaviour, as served. Whether ten horror films bring more of them is shown and does not decide: that is a matter of taste.
"$bin" eval check --models blend,content-ratings-popularity --output json >"$out/check.json" || true
python3 - "$out/check.json" <<'PY' || die "a behavioural test failed"
import json, sys
for s in json.load(open(sys.argv[1]))["models"]:
    for r in s["results"]:
        print(s["name"], r["test"], r["verdict"])
        assert r["verdict"] != "failed" or r["test"] == "genre", r
PY

serve() { # serve: start a server on free ports, set $port
  port=$(python3 -c 'import socket; s=socket.socket(); s.bind(("127.0.0.1",0)); print(s.getsockname()[1])')
  "$bin" serve --listen "127.0.0.1:$port" --admin-listen= --no-access-log &
  server=$!
  trap 'kill $server 2>/dev/null || true' EXIT
  for _ in $(seq 100); do curl -sf "localhost:$port/health/ready" >/dev/null && return; sleep 0.1; done
  die "the server did not become ready"
}
serve
echo
echo "\$ curl localhost:8082/recommend/1"
curl -s "localhost:$port/recommend/1"
line=$(curl -s "localhost:$port/recommend/1")
[ "$(tr ',' '\n' <<<"$line" | sort -u | wc -l)" = 20 ] || die "not 20 distinct ids: $line"
watched=$("$bin" user show 1 --seen 10000 --output json | python3 -c 'import json,sys; print(*[s["movie"] for s in json.load(sys.stdin)["history"]])')
for m in ${line//,/ }; do [[ " $watched " != *" $m "* ]] || die "user 1 got $m, which they watched"; done

# A coderhnsw bundle is built, swapped in and served.
show "$bin" build --embedder lsa --index coderhnsw --models none --override "offline=lists without models, on purpose"
coder=$("$bin" bundle show --output json | field id)
for _ in $(seq 50); do
  [ "$(curl -s "localhost:$port/health/ready" | field bundle)" = "$coder" ] && break
  sleep 0.1
done
[ "$(curl -s "localhost:$port/health/ready" | field bundle)" = "$coder" ] || die "the server did not take the new bundle"
[ "$(curl -s "localhost:$port/recommend/1" | tr ',' '\n' | sort -u | wc -l)" = 20 ] || die "no list from the coderhnsw bundle"
kill -TERM $server && wait $server || die "the server did not end cleanly"
trap - EXIT

show "$bin" eval sequels --embedders "$embedders" --report "$out/sequels.json"
judged=random,popularity,content,content-ratings-popularity,als
show "$bin" eval run --models $judged --report "$out/last-share.json"
show "$bin" eval run --models $judged --protocol leave-one-out --report "$out/leave-one-out.json"
python3 - "$out/last-share.json" <<'PY' || die "served lists hit less often than popularity"
import json, sys
m = {x["name"]: x["metrics"]["hit_rate@20"]["value"] for x in json.load(open(sys.argv[1]))["models"]}
assert m["als"] > m["content-ratings-popularity"] > m["popularity"] > m["random"], m
PY

# A full-size catalog.
export MARQUEE_HOME=$out/wikipedia
show "$bin" import jsonl "$MARQUEE_DATA/wikipedia-movies.jsonl.gz"
show "$bin" build --embedder lsa
show "$bin" movie neighbours "Alien"
