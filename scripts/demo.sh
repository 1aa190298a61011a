#!/bin/sh
# demo.sh: the main job in one command, on loopback only. Installs what is missing, builds, starts mxfarm (a mail
# Internet of thousands of addresses, good and hostile), sweeps 4,096 of them, checks the dataset, prints the report and
# writes it as a page.
set -eu

cd "$(dirname "$0")/.."
targets=127.16.0.0/20
bin=build/release
out=build/demo
dataset=$out/demo.mxs.zst
report=$out/report.txt
roots=$out/roots.pem
page=$out/report.html
farm_pid=

finish() {
    status=$?
    if [ -n "$farm_pid" ]; then
        kill "$farm_pid" 2>/dev/null || :
        wait "$farm_pid" 2>/dev/null || :
    fi
    [ "$status" -eq 0 ] || echo "demo: FAILED (exit code $status); logs are in $out" >&2
    exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

say() {
    printf '\n== %s\n' "$*"
}

# start_farm runs mxfarm on a port that the kernel picks, and sets farm_pid and port once it listens.
start_farm() {
    "$bin/tools/farm/mxfarm" --port 0 --seed 1 >"$out/mxfarm.out" 2>"$out/mxfarm.err" &
    farm_pid=$!
    tries=0
    port=
    while [ -z "$port" ]; do
        kill -0 "$farm_pid" 2>/dev/null || { cat "$out/mxfarm.err" >&2; echo "demo: mxfarm ended" >&2; exit 1; }
        [ "$tries" -lt 300 ] || { echo "demo: mxfarm is not ready after 30 s" >&2; exit 1; }
        tries=$((tries + 1))
        sleep 0.1
        port=$(sed -n 's/^listening on \([0-9][0-9]*\)$/\1/p' "$out/mxfarm.out")
    done
}

say "what is needed"
sh scripts/install-deps.sh

say "build (release)"
cmake --preset release
cmake --build --preset release -j "$(getconf _NPROCESSORS_ONLN)"

mkdir -p "$out"
rm -f "$dataset" "$report" "$page"

say "a mail Internet on loopback"
start_farm
echo "mxfarm listens on port $port of every 127.x.y.z"

say "sweep $targets"
"$bin/scanner/mxsweep" --include-special --port "$port" --seed 1 --rate 1000 --in-flight 2000 --prefix-rate 0 --retry-delay 500ms \
    --ehlo-name demo.invalid --connect-timeout 3s --reply-timeout 3s --tls-timeout 3s --session-timeout 12s \
    --output-file "$dataset" "$targets"

say "verify"
"$bin/tools/mxstat" verify "$dataset"

say "report"
"$bin/tools/farm/mxfarm" --root >"$roots"   # the only CA that this mail Internet trusts
"$bin/tools/mxstat" report --trust-store "$roots" "$dataset" >"$report"
cat "$report"
"$bin/tools/mxstat" report --trust-store "$roots" --html "$page" "$dataset"

say "done"
echo "dataset  $dataset ($(wc -c <"$dataset") octets)"
echo "report   $report"
echo "page     $page"
echo "try      $bin/tools/mxstat export $dataset | head -n 1"
echo "         $bin/scanner/mxprobe 127.32.0.5:PORT while a farm of your own listens: $bin/tools/farm/mxfarm --port PORT"
