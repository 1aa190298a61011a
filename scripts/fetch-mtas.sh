#!/bin/sh
# fetch-mtas.sh DIR: brings the mail servers of the interop test into DIR, one folder each, extracted from Debian's packages (they
# conflict when installed), and installs the libraries and system users that they need. Needs root and apt.
set -eu

[ $# -eq 1 ] || { echo "usage: fetch-mtas.sh DIR" >&2; exit 2; }
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null 2>&1; then
    echo "fetch-mtas: needs root and apt-get; the interop test cannot run without its servers" >&2
    exit 1
fi
dir=$1
[ ! -e "$dir/complete" ] || exit 0

# folder of the server: its packages
servers() {
    cat <<'LIST'
postfix postfix
exim exim4-base exim4-daemon-light
sendmail sendmail-base sendmail-bin sendmail-cf
opensmtpd opensmtpd
nginx nginx nginx-common libnginx-mod-mail
LIST
}

libraries="libdb5.3 libevent-2.1-7 libgnutls-dane0 libicu72 libidn12 libldap-2.5-0 liblockfile1 libnsl2 libpcre2-8-0
    libsasl2-2 libwrap0 m4 openssl"
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086   # a list of names, meant to be split
apt-get install -y -q --no-install-recommends $libraries >/dev/null || {
    apt-get update -q >/dev/null
    apt-get install -y -q --no-install-recommends $libraries >/dev/null
}

mkdir -p "$dir/deb"
servers | while read -r server packages; do
    for package in $packages; do
        rm -f "$dir/deb/${package}"_*
        (cd "$dir/deb" && apt-get download -q "$package" >/dev/null 2>&1) || {
            echo "fetch-mtas: $package cannot be downloaded" >&2
            exit 1
        }
        mkdir -p "$dir/$server"
        dpkg -x "$dir/deb/${package}"_*.deb "$dir/$server"
    done
done

for group in postdrop; do
    getent group "$group" >/dev/null || groupadd --system "$group"
done
for user in postfix Debian-exim opensmtpd opensmtpq smmta smmsp; do
    getent passwd "$user" >/dev/null || useradd --system --user-group --no-create-home --shell /usr/sbin/nologin "$user"
done
: >"$dir/complete"
