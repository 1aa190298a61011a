#!/bin/sh
# test.sh: installs what is missing, builds, and runs all tests:
#   release and every test · all but benchmarks and the longest under ASan and UBSan · what has threads under TSan · clang,
#   compiled only.
# The last line is the result. Stops at the first stage that fails.
set -eu

cd "$(dirname "$0")/.."
jobs=$(getconf _NPROCESSORS_ONLN)
begin=$(date +%s)
stage=start
times=

finish() {
    status=$?
    total=$(($(date +%s) - begin))
    [ -z "$times" ] || printf '\nstage             seconds\n%s' "$times"
    if [ "$status" -eq 0 ]; then
        echo "RESULT: all tests passed, $total s"
    else
        echo "RESULT: FAILED in stage \"$stage\" (exit code $status), $total s"
    fi
    exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# run STAGE COMMAND...: runs the command and notes how long it took.
run() {
    stage=$1
    shift
    stage_begin=$(date +%s)
    printf '\n== %s: %s\n' "$stage" "$*"
    "$@"
    times="$times$(printf '%-17s %7d' "$stage" $(($(date +%s) - stage_begin)))
"
}

build() {
    cmake --preset "$1" && cmake --build --preset "$1" -j "$jobs"
}

# check PRESET ARGS...: ctest, where no test at all is a failure too.
check() {
    preset=$1
    shift
    ctest --preset "$preset" --no-tests=error -j "$jobs" --timeout 300 "$@"
}

# build_threads: of the TSan build, only what its tests run: test NAME is the program test_NAME, those end to end run ours.
build_threads() {
    cmake --preset tsan
    targets=$(ctest --preset tsan -N -L threads | sed -n 's/^ *Test *#[0-9]*: //p' | sed '/^e2e_/d; s/^/test_/')
    # shellcheck disable=SC2086
    cmake --build --preset tsan -j "$jobs" --target mxsweep mxstat mxfarm $targets
}

build_clang() {
    cmake --preset dev -B build/clang -DCMAKE_C_COMPILER=clang && cmake --build build/clang -j "$jobs"
}

run dependencies  sh scripts/install-deps.sh
run release-build build release
run release-test  check release
run asan-build    build asan
run asan-test     check asan -LE 'bench|long|interop'
run tsan-build    build_threads
run tsan-test     check tsan -L threads
run clang-build   build_clang
