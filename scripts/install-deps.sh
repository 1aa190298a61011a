#!/bin/sh
# install-deps.sh: installs what building and testing mxsweep needs and this machine lacks (Debian packages).
# Installs only what is missing. Without root or apt it names what is missing, and how to get it, and fails.
set -eu

# The one list: package, how its presence is told, why it is needed.
#   cmd:NAME a command   pc:NAME a pkg-config module   file:PATH a file   py:NAME a module of /usr/bin/python3
packages() {
    cat <<'LIST'
gcc                       cmd:gcc                                 compiles everything
libc6-dev                 file:/usr/include/stdlib.h              the C library's headers
clang                     cmd:clang                               second opinion on the same code
libclang-rt-14-dev        file:/usr/lib/llvm-14/lib/clang         sanitizers and libFuzzer of clang
cmake                     cmd:cmake                               build system, 3.25 or newer
ninja-build               cmd:ninja                               runs the build
pkg-config                cmd:pkg-config                          finds the libraries
android-libboringssl-dev  file:/usr/include/android/openssl/ssl.h BoringSSL: TLS, certificates, hashes
libuv1-dev                pc:libuv                                event loop of scanner and farm
libzstd-dev               pc:libzstd                              compression of datasets
libc-ares-dev             pc:libcares                             host names to addresses
libmaxminddb-dev          pc:libmaxminddb                         networks of an operator: databases of AS numbers
libcmocka-dev             pc:cmocka                               unit tests
zstd                      cmd:zstd                                tests that a dataset is plain zstd
python3                   file:/usr/bin/python3                   tests that read a dataset from outside
python3-zstandard         py:zstandard                            the same
python3-cbor2             py:cbor2                                the same
python3-cryptography      py:cryptography                         tests that make chains of certificates to be judged
jq                        cmd:jq                                  tests that every exported line is JSON
openssl                   cmd:openssl                             another TLS that the farm and the scanner must agree with
gnutls-bin                cmd:gnutls-serv                         the same, by a third
sslscan                   cmd:sslscan                             a second opinion on what servers accept
chromium-headless-shell   cmd:chromium-headless-shell             tests that open the page of a report
fonts-dejavu-core         file:/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf  the same: letters to measure
iproute2                  cmd:ip                                  IPv6 test in a network namespace of its own
zmap                      file:/usr/sbin/zmap                     tests that what it finds can be swept
masscan                   cmd:masscan                             the same
nftables                  file:/usr/sbin/nft                      tests that take the network away, in a namespace
LIST
}

present() {
    case $1 in
    cmd:*)  command -v "${1#cmd:}" >/dev/null 2>&1 ;;
    pc:*)   pkg-config --exists "${1#pc:}" 2>/dev/null ;;
    file:*) [ -e "${1#file:}" ] ;;
    py:*)   /usr/bin/python3 -c "import ${1#py:}" 2>/dev/null ;;
    esac
}

# missing prints the names of the packages that are not there, one a line.
missing() {
    packages | while read -r name probe why; do
        present "$probe" || echo "$name"
    done
}

explain() {
    echo "install-deps: missing on this machine:" >&2
    packages | while read -r name probe why; do
        present "$probe" || printf '  %-25s %s\n' "$name" "$why" >&2
    done
}

lack=$(missing | tr '\n' ' ')
[ -n "$lack" ] || exit 0

if ! command -v apt-get >/dev/null 2>&1; then
    explain
    echo "install-deps: no apt-get here. The names are Debian 12's; install what your system calls them." >&2
    echo "install-deps: for BoringSSL any build will do: cmake -DBORINGSSL_ROOT=DIR (see cmake/FindBoringSSL.cmake)." >&2
    exit 1
fi
if [ "$(id -u)" -ne 0 ]; then
    explain
    echo "install-deps: not root. Run: sudo apt-get install --no-install-recommends $lack" >&2
    exit 1
fi

echo "install-deps: installing $lack" >&2
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086   # a list of names, meant to be split
apt-get install -y -q --no-install-recommends $lack >&2 || {
    apt-get update -q >&2
    apt-get install -y -q --no-install-recommends $lack >&2
}

lack=$(missing | tr '\n' ' ')
if [ -n "$lack" ]; then
    explain
    echo "install-deps: apt-get succeeded, and these are still missing." >&2
    exit 1
fi
