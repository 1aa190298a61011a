#!/bin/sh
# check_docs.sh PROGRAM MANPAGE: fails unless --help (of the program and of its commands) and the man page name the same options.
set -eu

program=$1
page=$2

# The words below "Commands:", one a line.
commands() {
    "$program" --help | awk '/^Commands:/ { on = 1; next } /^$/ { on = 0 } on { print $1 }'
}

# Long options, and letters as "-x", one a line: of help texts, and of a man page in mdoc.
of_help() {
    { "$program" --help; for command in $(commands); do "$program" "$command" --help; done; } |
        grep -oE '^ +(-[A-Za-z], +)?--[a-z][a-z0-9-]*' | grep -oE -- '--?[A-Za-z][A-Za-z0-9-]*' | sort -u
}
of_page() {
    sed -n 's/\\-/-/g; s/^\.It Fl/Fl/p' "$page" | sed 's/, Fl/\nFl/g; s/ , Fl/\nFl/g' |
        sed -n 's/^Fl \(-\{0,1\}[A-Za-z][A-Za-z0-9-]*\).*/-\1/p' | sort -u
}

help=$(of_help)
manual=$(of_page)
[ -n "$help" ] || { echo "$program: --help names no option"; exit 1; }
if [ "$help" != "$manual" ]; then
    echo "$program --help and $page differ:"
    list=$(mktemp)
    printf '%s\n' "$help" >"$list"
    printf '%s\n' "$manual" | diff "$list" - || :
    rm -f "$list"
    exit 1
fi
for command in $(commands); do
    grep -q "^\.Cm $command\$\|^\.Ss $command\$" "$page" || { echo "$page: nothing of the command $command"; exit 1; }
done
