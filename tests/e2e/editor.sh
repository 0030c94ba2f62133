#!/usr/bin/env bash
# What the README's section for the catalog's editor says, on the real catalog, with a server running: search, add, edit,
# hide, correct, reindex, diff, roll back, trace. It checks what must hold.
# Usage: editor.sh FOLDER  with MARQUEE_DATA.
set -euo pipefail
out=${1:?usage: editor.sh FOLDER}
if [ -z "${MARQUEE_DATA:-}" ]; then
  echo "skipped: set MARQUEE_DATA to the folder of real data"
  exit 0
fi
cd "$(dirname "$0")/../.."
make -s build
bin=$PWD/bin/marquee
mkdir -p "$out"
export MARQUEE_HOME=$out/home MARQUEE_QUIET=true MARQUEE_LOG_LEVEL=warn

die() { echo "FAILED: $*" >&2; exit 1; }
show() { echo; echo "\$ ${*/#$bin/marquee}"; "$@"; }
field() { python3 -c 'import json,sys; v=json.load(sys.stdin)
for k in sys.argv[1].split("."): v=v[int(k)] if k.isdigit() else v[k]
print(v)' "$1"; }
refused() { # refused STATUS COMMAND...: the command ends with that status
  local want=$1 got=0
  shift
  "$@" >/dev/null 2>&1 || got=$?
  [ "$got" = "$want" ] || die "exit status $got of ${*/#$bin/marquee}, want $want"
}

"$bin" import movielens "$MARQUEE_DATA/ml-latest-small" --metadata "$MARQUEE_DATA/ml-latest-small-metadata.jsonl.gz" >/dev/null
"$bin" build --embedder lsa --models popular,content >/dev/null
first=$("$bin" bundle show --output json | field id)

port=$(python3 -c 'import socket; s=socket.socket(); s.bind(("127.0.0.1",0)); print(s.getsockname()[1])')
"$bin" serve --listen "127.0.0.1:$port" --admin-listen= --no-access-log &
server=$!
trap 'kill $server 2>/dev/null || true' EXIT
for _ in $(seq 100); do curl -sf "localhost:$port/health/ready" >/dev/null && break; sleep 0.1; done
refused 4 "$bin" serve --listen 127.0.0.1:0 --admin-listen=

similar() { curl -sf "localhost:$port/similar/$1?n=100" | python3 -c 'import json,sys; print(*[i["id"] for i in json.load(sys.stdin)["items"]])'; }
within() { # within SECONDS WHAT COMMAND...: the command succeeds by then; the time is printed, and is not what is asserted: machines are busy
  local began=$EPOCHREALTIME what=$2
  for _ in $(seq $(($1 * 20))); do
    if "${@:3}"; then
      python3 -c 'import sys; print("  %s after %.2f s" % (sys.argv[1], float(sys.argv[3]) - float(sys.argv[2])))' "$what" "$began" "$EPOCHREALTIME"
      return
    fi
    sleep 0.05
  done
  die "$what: not within $1 seconds"
}
lists() { [[ " $(similar "$1" || true) " == *" $2 "* ]]; }
misses() { ! lists "$@"; }

show "$bin" movie search "space heist comedy" --from-year 1980 --genre Sci-Fi,Comedy -n 5
show "$bin" movie neighbours "Toy Story"
show "$bin" movie add --title "The Long Tide" --year 2020 --genres Drama,Mystery \
  --overview "A lighthouse keeper finds a drowned village whose people come back with each tide."
near=$("$bin" movie neighbours the+long+tide+2020 --output json | field neighbours.0.id)
within 10 "the new movie is served" lists the+long+tide+2020 "$near"
show "$bin" movie edit "Toy Story" --overview "A cowboy doll is jealous of a space ranger." -n 5
show "$bin" movie edit "Toy Story" --revert -n 3
lists 1 3114 || die "Toy Story 2 is not near Toy Story"
show "$bin" movie hide "Toy Story 2" --note "licence ended"
within 10 "the hidden movie is gone" misses 1 3114
show "$bin" movie unhide "Toy Story 2"
within 10 "it is back" lists 1 3114
show "$bin" movie pin "Alien" 1200
show "$bin" movie block "Alien" 1690
within 10 "the blocked neighbour is gone" misses 1214 1690
[ "$(similar 1214 | cut -d' ' -f1)" = 1200 ] || die "the pinned movie does not lead"
refused 2 "$bin" movie hide
refused 3 "$bin" movie show "no such movie"

show "$bin" reindex --dry-run
show "$bin" reindex
second=$("$bin" bundle show --output json | field id)
[ "$second" != "$first" ] || die "reindex made no bundle"
within 15 "the reindexed bundle serves" bash -c "curl -s localhost:$port/health/ready | grep -q $second"
printf '%s\n' '{"id":"a+b","title":"Robots on the Moon","year":2019,"overview":"Robots rob a bank on the moon."}' '{"id":"a b"}' >"$out/films.jsonl"
refused 4 "$bin" reindex --from "$out/films.jsonl" --strict
show "$bin" reindex --from "$out/films.jsonl"
show "$bin" bundle diff -n 3
show "$bin" bundle rollback --why "trying it"
[ "$("$bin" bundle show --output json | field id)" != "$first" ] || die "rolled back too far"
"$bin" bundle rollback >/dev/null
[ "$("$bin" bundle show --output json | field id)" = "$first" ] || die "two rollbacks do not lead back to the first build"
within 15 "the first build serves again" bash -c "curl -s localhost:$port/health/ready | grep -q $first"
within 10 "what was added is laid over the older bundle" lists the+long+tide+2020 "$near"

request=$(curl -si "localhost:$port/recommend/1" | tr -d '\r' | awk '/^X-Request-Id/{print $2}')
for _ in $(seq 100); do "$bin" trace "$request" >/dev/null 2>&1 && break; sleep 0.1; done
"$bin" movie edit "Toy Story" --overview "Something else by now." >/dev/null
"$bin" trace "$request" --replay --seen 3 | tail -1 | grep -q "bit for bit" || die "the list is not made anew"

"$bin" bundle export "$second" -o "$out/second.tar.gz" >/dev/null
MARQUEE_HOME=$out/other "$bin" bundle import "$out/second.tar.gz" --publish >/dev/null
[ "$(MARQUEE_HOME=$out/other "$bin" bundle show --output json | field id)" = "$second" ] || die "the imported bundle is another"
victim=$MARQUEE_HOME/bundles/$second/neighbours.bin
cp --remove-destination "$victim" "$out/neighbours.bin" && rm "$victim" && cp "$out/neighbours.bin" "$victim"
printf '\xff' | dd of="$victim" bs=1 seek=5000 conv=notrunc status=none
refused 4 "$bin" bundle publish "$second"
kill -TERM $server && wait $server || die "the server did not end cleanly"
trap - EXIT
echo
echo "the editor's section holds"
