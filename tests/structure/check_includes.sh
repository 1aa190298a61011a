#!/bin/sh
# check_includes.sh TREE: fails when a folder of the tree includes or calls what it must not know (see CONTRIBUTING.md).
# check_includes.sh --self-test: plants each violation in a temporary tree, and fails when one is not found.
set -eu

# FOLDER [EXCEPT-FOLDER]|include or call|PATTERN|why. The folder with what is under it, less the exception.
# An include's pattern matches the whole name between <> or ""; a call's matches the whole identifier before "(".
rules() {
    cat <<'RULES'
core|include|(scanner|tools)/.*|core is below scanner and tools
core|include|uv\.h|core knows no event loop
core|include|(pthread|threads)\.h|core knows no threads
core|include|(sys/(socket|epoll|un)|netinet/.*|arpa/inet|netdb|poll)\.h|core knows no sockets
core|include|(openssl/ssl|maxminddb|ares)\.h|core knows zstd and libcrypto only
core|call|clock_gettime|core is given the time
core|call|(gettimeofday|time)|core is given the time
core|call|(printf|puts|putchar|vprintf)|core does not write to stdout
scanner|include|tools/.*|scanner and tools are strangers
scanner/session|include|scanner/[^/]+\.h|a session knows nothing of the engine
scanner/session|include|(uv|ares|maxminddb)\.h|a session is pure: no event loop
scanner/session|include|(time|sys/time)\.h|a session is given the time
scanner/session|include|(sys/(socket|epoll)|poll|unistd|fcntl|pthread|stdatomic)\.h|a session is pure: octets in, octets out
scanner/session|call|(clock_gettime|gettimeofday|time|uv_hrtime|uv_now)|a session is given the time
scanner/session|call|(fopen|fdopen|fread|fwrite|fprintf|printf|puts|open|openat|read|write)|a session knows no files
tools|include|scanner/.*|scanner and tools are strangers
tools tools/farm|include|tools/farm/.*|the farm is a program, not a library
tools tools/farm|include|uv\.h|offline tools need no event loop
tools tools/farm|include|(sys/(socket|epoll)|netinet/.*|netdb|poll)\.h|offline tools need no sockets
tools/farm|include|core/(cert|cbor|block|dataset)[^/]*\.h|the farm's truth does not come from our own parsers
core|include|(tests|benchmarks)/.*|nobody includes tests or benchmarks
scanner|include|(tests|benchmarks)/.*|nobody includes tests or benchmarks
tools|include|(tests|benchmarks)/.*|nobody includes tests or benchmarks
core|include|\.\./.*|includes are named from the top of the tree
scanner|include|\.\./.*|includes are named from the top of the tree
tools|include|\.\./.*|includes are named from the top of the tree
RULES
}

# pattern KIND PATTERN prints the extended regular expression for a line of code.
pattern() {
    case $1 in
    include) printf '^[[:space:]]*#[[:space:]]*include[[:space:]]*[<"](%s)[>"]' "$2" ;;
    call)    printf '(^|[^A-Za-z0-9_>.])(%s)\\(' "$2" ;;
    esac
}

# violations TREE prints a line for each violation.
violations() {
    rules | while IFS='|' read -r folders rest; do
        kind=${rest%%|*}
        rest=${rest#*|}
        why=${rest##*|}
        regex=$(pattern "$kind" "${rest%|*}")
        folder=${folders%% *}
        except=${folders#"$folder"}
        except=${except# }
        [ -d "$1/$folder" ] || continue
        find "$1/$folder" ${except:+-path "$1/$except" -prune -o} -name '*.[ch]' -print | sort |
            while read -r file; do
                grep -nE "$regex" "$file" | sed "s|^|${file#"$1"/}:|; s|\$|   <- $why|" || :
            done
    done
}

# planted prints FILE|LINE, each of which breaks one rule, and then lines that break none.
planted() {
    cat <<'PLANTED'
core/a.c|#include "scanner/probe.h"
core/b.h|#include "tools/report.h"
core/c.c|#include <uv.h>
core/d.c|#include <pthread.h>
core/e.c|  #  include <sys/socket.h>
core/f.c|#include <openssl/ssl.h>
core/g.c|    clock_gettime(CLOCK_REALTIME, &t);
core/h.c|    now = time(NULL);
core/i.c|    printf("x");
scanner/a.c|#include "tools/report.h"
scanner/session/a.c|#include "scanner/probe.h"
scanner/session/b.c|#include <uv.h>
scanner/session/c.h|#include <time.h>
scanner/session/d.c|#include <sys/socket.h>
scanner/session/e.c|    t = uv_hrtime();
scanner/session/f.c|    f = fopen(name, "r");
scanner/session/g.c|#include "tools/report.h"
tools/a.c|#include "scanner/session/reply.h"
tools/b.c|#include "tools/farm/truth.h"
tools/c.c|#include <uv.h>
tools/d.c|#include <sys/socket.h>
tools/farm/a.c|#include "scanner/units.h"
tools/farm/b.c|#include "core/cert.h"
core/j.c|#include "tests/helper.h"
scanner/b.c|#include "benchmarks/floor.h"
tools/e.c|#include "tests/helper.h"
core/k.c|#include "../scanner/probe.h"
scanner/c.c|#include "../tools/report.h"
tools/f.c|#include "../core/addr.h"
PLANTED
}

allowed() {
    cat <<'ALLOWED'
core/ok.c|#include "core/addr.h"
core/ok.c|    snprintf(out, cap, "x");
core/ok.c|    runtime(now);
scanner/ok.c|#include <uv.h>
scanner/ok.c|#include "scanner/session/session.h"
scanner/session/ok.c|#include "scanner/session/reply.h"
scanner/session/ok.c|    tls_client_read(t);
tools/ok.c|#include "tools/report.h"
tools/farm/ok.c|#include <uv.h>
tools/farm/ok.c|#include <sys/socket.h>
tools/farm/ok.c|#include "tools/farm/truth.h"
tests/ok.c|#include "scanner/probe.h"
ALLOWED
}

# plant TREE writes the lines FILE|LINE of stdin into that tree.
plant() {
    while IFS='|' read -r file line; do
        mkdir -p "$(dirname "$1/$file")"
        printf '%s\n' "$line" >>"$1/$file"
    done
}

self_test() {
    tree=$(mktemp -d)
    trap 'rm -rf "$tree"' EXIT
    allowed | plant "$tree"
    [ -z "$(violations "$tree")" ] || { echo "self-test: an innocent line is found:"; violations "$tree"; exit 1; }
    planted | plant "$tree"
    found=$(violations "$tree")
    planted | while IFS='|' read -r file line; do
        printf '%s\n' "$found" | grep -q "^$file:" || { echo "self-test: not found: $file: $line"; exit 1; }
    done
    # the rules themselves: none that no planted line breaks
    rules | while IFS='|' read -r _ rest; do
        printf '%s\n' "$found" | grep -qF "<- ${rest##*|}" || { echo "self-test: never broken: $rest"; exit 1; }
    done
    echo "self-test: $(planted | wc -l) planted violations found"
}

case ${1:?usage: check_includes.sh TREE | --self-test} in
--self-test) self_test ;;
*)
    for folder in core scanner tools; do
        [ -d "$1/$folder" ] || { echo "check_includes: $1/$folder: no such folder" >&2; exit 1; }
    done
    found=$(violations "$1")
    [ -z "$found" ] || { printf '%s\n' "$found"; exit 1; }
    ;;
esac
