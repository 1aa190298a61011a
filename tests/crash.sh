#!/bin/sh
# crash.sh [--build FOLDER] [--rounds N] [--seed N] [--jobs N]: the crash test at length: sweeps of the default population are
# killed at N moments (200), a third of them and more in writes, between write and sync, and in the trailer, and resumed until
# they are done. Every file must be whole, hold every target once, and be the truth. Needs a build (build/release).
set -eu

cd "$(dirname "$0")/.."
build=build/release
rounds=200
seed=1
jobs=6
while [ $# -gt 0 ]; do
    case $1 in
    --build)  build=$2 ;;
    --rounds) rounds=$2 ;;
    --seed)   seed=$2 ;;
    --jobs)   jobs=$2 ;;
    *)        echo "usage: tests/crash.sh [--build FOLDER] [--rounds N] [--seed N] [--jobs N]" >&2; exit 2 ;;
    esac
    shift 2
done
[ -e "$build/tests/e2e/shim.so" ] || { echo "$build: no build with tests; see CONTRIBUTING.md" >&2; exit 1; }
exec /usr/bin/python3 tests/e2e/test_crash.py "$build" "$build/tests/e2e/shim.so" --rounds "$rounds" --seed "$seed" --jobs "$jobs"
