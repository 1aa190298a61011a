#!/bin/sh
# check_size.sh TREE: fails when a file of core, scanner or tools is too long or too wide.
#   600 lines a file, 100 columns (clang-format with the tree's .clang-format wraps).
# A file that is data and not code says so in its first 10 lines, and why: "data table: REASON".
# check_size.sh --self-test: sees to it that too long and too wide files are found.
set -eu

lines_max=600
columns_max=100

# violations TREE prints a line for each violation. Columns are octets less the continuation octets of UTF-8.
violations() {
    find "$1/core" "$1/scanner" "$1/tools" -name '*.[ch]' | sort | while read -r file; do
        ! head -n 10 "$file" | grep -q 'data table: [^ ]' || continue
        name=${file#"$1"/}
        lines=$(wc -l <"$file")
        [ "$lines" -le "$lines_max" ] || echo "$name: $lines lines, more than $lines_max"
        LC_ALL=C tr -d '\200-\277' <"$file" | LC_ALL=C awk -v name="$name" -v max="$columns_max" \
            'length($0) > max { print name ":" NR ": " length($0) " columns, more than " max }'
    done
}

# text LINES COLUMNS prints so many lines of so many columns.
text() {
    awk -v lines="$1" -v columns="$2" 'BEGIN {
        for (c = 0; c < columns; c++) line = line "x"
        for (n = 0; n < lines; n++) print line
    }'
}

self_test() {
    tree=$(mktemp -d)
    trap 'rm -rf "$tree"' EXIT
    mkdir "$tree/core" "$tree/scanner" "$tree/tools"
    text 600 100 >"$tree/core/ok.c"
    { echo '/* data table: of IANA */'; text 900 130; } >"$tree/tools/ok_table.h"
    [ -z "$(violations "$tree")" ] || { echo "self-test: an innocent file is found:"; violations "$tree"; exit 1; }
    text 601 10 >"$tree/core/long.c"
    text 601 10 >"$tree/scanner/long.h"
    text 1 101 >"$tree/tools/wide.c"
    text 1 101 >"$tree/scanner/wide.h"
    { echo '/* data table:'; text 1 101; } >"$tree/core/no_reason.c"
    found=$(violations "$tree" | wc -l)
    [ "$found" -eq 5 ] || { echo "self-test: $found of 5 planted violations found"; exit 1; }
    echo "self-test: $found planted violations found"
}

case ${1:?usage: check_size.sh TREE | --self-test} in
--self-test) self_test ;;
*)
    found=$(violations "$1")
    [ -z "$found" ] || { printf '%s\n' "$found"; exit 1; }
    ;;
esac
