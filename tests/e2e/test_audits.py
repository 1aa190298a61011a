#!/usr/bin/env python3
"""Audits against servers of OpenSSL and GnuTLS, which speak no SMTP and stand behind the farm's front: what audits find is
exactly what each server was configured to do, within the connections that each audit may take; what the first handshake
recorded is the server's only choice where it has one. sslscan, on the same servers, finds no suite and no version that
audits do not, and only what it cannot test is missing in its list."""

import json
import subprocess
import xml.etree.ElementTree

import harness
from tls_servers import CLEAN, fronted, make_keys, sweep

LEGACY_CLASSES = ["export", "rc4", "3des", "null", "anonymous", "dhe", "static_rsa"]


class Server:
    """one server: how it is started, and what audits must find; suites and groups by version, in the server's order,
    or as sets where it follows the client's; open: version whose groups cannot be known to be all, as the curve of
    the ECDSA key comes first in the server's order, or too few to tell whose order it is"""

    def __init__(self, name, argv, key="rsa", versions=(), suites=None, groups=None, order=None, legacy=(), dh=None, open=None):
        self.name, self.argv, self.key, self.versions = name, argv, key, set(versions)
        self.open = open
        self.suites, self.groups, self.order, self.legacy, self.dh = suites or {}, groups or {}, order, set(legacy), dh


def openssl(*argv):
    return ("openssl", argv)


def gnutls(priority, *argv):
    return ("gnutls", ("--priority", priority, *argv))


RSA12 = ["TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "TLS_RSA_WITH_AES_128_CBC_SHA"]

SERVERS = [
    Server("openssl 1.2, own order",
           openssl("-tls1_2", "-serverpref", "-cipher", "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-GCM-SHA256:AES128-SHA:@SECLEVEL=0",
                   "-groups", "P-384:X25519:P-256"),
           versions=["TLSv1.2"], suites={"TLSv1.2": RSA12}, groups={"TLSv1.2": ["secp384r1", "x25519", "secp256r1"]}, order="server",
           legacy=["static_rsa"]),
    Server("openssl 1.2, the client's order",
           openssl("-tls1_2", "-cipher", "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-GCM-SHA256:AES128-SHA:@SECLEVEL=0",
                   "-groups", "P-384:X25519:P-256"),
           versions=["TLSv1.2"], suites={"TLSv1.2": RSA12}, groups={"TLSv1.2": ["secp384r1", "x25519", "secp256r1"]}, order="client",
           legacy=["static_rsa"]),
    Server("openssl 1.3, P-384 and P-521",
           openssl("-tls1_3", "-serverpref", "-ciphersuites", "TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256", "-groups", "P-521:P-384"),
           versions=["TLSv1.3"], suites={"TLSv1.3": ["TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_128_GCM_SHA256"]},
           groups={"TLSv1.3": ["secp521r1", "secp384r1"]}),
    Server("openssl 1.0 and 1.1, ECDSA",
           openssl("-no_tls1_3", "-no_tls1_2", "-serverpref", "-cipher", "ECDHE-ECDSA-AES256-SHA:ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0", "-groups", "P-256"),
           key="p256", versions=["TLSv1.0", "TLSv1.1"],
           suites={v: ["TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA"] for v in ("TLSv1.0", "TLSv1.1")},
           groups={"TLSv1.1": ["secp256r1"]}, order="server", open="TLSv1.1"),
    Server("openssl 1.0, one suite",
           openssl("-tls1", "-cipher", "AES256-SHA:@SECLEVEL=0"), versions=["TLSv1.0"], suites={"TLSv1.0": ["TLS_RSA_WITH_AES_256_CBC_SHA"]},
           legacy=["static_rsa"]),
    Server("openssl, all versions, Ed25519 and P-256 curves",
           openssl("-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0", "-serverpref", "-ciphersuites", "TLS_AES_256_GCM_SHA384",
                   "-groups", "X25519:P-256"),
           key="p256", versions=["TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3"],
           suites={"TLSv1.3": ["TLS_AES_256_GCM_SHA384"], "TLSv1.2": ["TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA"],
                   "TLSv1.1": ["TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA"], "TLSv1.0": ["TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA"]},
           groups={v: ["x25519", "secp256r1"] for v in ("TLSv1.2", "TLSv1.3")}, open="TLSv1.2"),
    Server("openssl 1.2, all groups, P-256",
           openssl("-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"), key="p256", versions=["TLSv1.2"],
           suites={"TLSv1.2": ["TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"]},
           groups={"TLSv1.2": {"x25519", "secp256r1", "x448", "secp521r1", "secp384r1"}}),
    Server("openssl DHE of 1536 bits, RFC 3526",
           openssl("-tls1_2", "-serverpref", "-cipher", "DHE-RSA-AES128-SHA:AES128-SHA:@SECLEVEL=0", "-dhparam", "@modp_1536"),
           versions=["TLSv1.2"], suites={"TLSv1.2": ["TLS_DHE_RSA_WITH_AES_128_CBC_SHA", "TLS_RSA_WITH_AES_128_CBC_SHA"]}, order="server",
           legacy=["dhe", "static_rsa"], dh=("modp1536", 1536)),
    Server("openssl DHE of 2048 bits, RFC 7919",
           openssl("-tls1_2", "-cipher", "DHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0", "-dhparam", "@ffdhe2048"),
           versions=["TLSv1.2"], suites={"TLSv1.2": ["TLS_DHE_RSA_WITH_AES_128_GCM_SHA256"]}, legacy=["dhe"], dh=("ffdhe2048", 2048)),
    Server("openssl anonymous only",
           openssl("-tls1_2", "-nocert", "-cipher", "AECDH-AES128-SHA:ADH-AES128-SHA:@SECLEVEL=0", "-dhparam", "@ffdhe2048"), key=None,
           versions=["TLSv1.2"], suites={"TLSv1.2": {"TLS_ECDH_anon_WITH_AES_128_CBC_SHA", "TLS_DH_anon_WITH_AES_128_CBC_SHA"}}, legacy=["anonymous"]),
    Server("openssl NULL",
           openssl("-tls1_2", "-serverpref", "-cipher", "AES128-SHA:NULL-SHA:ECDHE-RSA-NULL-SHA:@SECLEVEL=0"),
           versions=["TLSv1.2"], suites={"TLSv1.2": ["TLS_RSA_WITH_AES_128_CBC_SHA", "TLS_RSA_WITH_NULL_SHA", "TLS_ECDHE_RSA_WITH_NULL_SHA"]},
           order="server", legacy=["null", "static_rsa"]),
    Server("gnutls 1.0 to 1.2, RC4 and 3DES",
           gnutls("NONE:+VERS-TLS1.2:+VERS-TLS1.1:+VERS-TLS1.0:+ARCFOUR-128:+3DES-CBC:+RSA:+SHA1:+COMP-NULL:+SIGN-ALL:%SERVER_PRECEDENCE"),
           versions=["TLSv1.0", "TLSv1.1", "TLSv1.2"],
           suites={v: ["TLS_RSA_WITH_RC4_128_SHA", "TLS_RSA_WITH_3DES_EDE_CBC_SHA"] for v in ("TLSv1.0", "TLSv1.1", "TLSv1.2")},
           legacy=["rc4", "3des", "static_rsa"]),
    Server("gnutls 1.3, groups",
           gnutls("NORMAL:-VERS-ALL:+VERS-TLS1.3:-GROUP-ALL:+GROUP-SECP384R1:+GROUP-X25519:+GROUP-FFDHE2048:-CIPHER-ALL:+AES-256-GCM:%SERVER_PRECEDENCE"),
           versions=["TLSv1.3"], suites={"TLSv1.3": ["TLS_AES_256_GCM_SHA384"]}, groups={"TLSv1.3": {"secp384r1", "x25519", "ffdhe2048"}}),
    Server("gnutls anonymous DH",
           gnutls("NONE:+VERS-TLS1.2:+AES-128-CBC:+ANON-DH:+SHA1:+COMP-NULL:+GROUP-FFDHE2048:+SIGN-ALL"), key=None,
           versions=["TLSv1.2"], suites={"TLSv1.2": ["TLS_DH_anon_WITH_AES_128_CBC_SHA"]}, legacy=["anonymous"]),
]


# ---- what must be found ----

def version_slug(version):
    return {"SSLv2": "ssl2", "SSLv3": "ssl3"}.get(version, version.replace("TLSv", "tls").replace(".", "_"))


def check_lists(server, found, expected, what):
    by_version = {item["version"]: item for item in found}
    harness.check(set(by_version) == set(expected), f"{server.name}: {what} of {sorted(by_version)}, expected {sorted(expected)}")
    for version, values in expected.items():
        item = by_version[version]
        is_open = what == "groups" and version == server.open
        harness.check(item["complete"] != is_open, f"{server.name}: {what} under {version}: complete is {item['complete']}")
        harness.check(set(item["accepted"]) == set(values),
                      f"{server.name}: {what} under {version}: {item['accepted']}, expected {sorted(values)}")
        if what == "suites" and isinstance(values, list) and len(values) > 1 and item["order"] == "server":
            harness.check(item["accepted"] == values, f"{server.name}: order under {version}: {item['accepted']}, expected {values}")
        if what == "suites" and server.order == "server" and len(values) > 2:
            harness.check(item["order"] == "server", f"{server.name}: order under {version} is said to be {item['order']}")
        if server.order == "client":
            harness.check(item["order"] != "server", f"{server.name}: the server is said to have an order")


def check_all(server, record):
    audit = record["audit"]
    harness.check(audit["asked"] == audit["finished"], f"{server.name}: {audit['finished']} of {audit['asked']} finished: {audit.get('stopped')}")
    for version in ("SSLv2", "SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3"):
        want, got = ("yes" if version in server.versions else "no"), audit["versions"][version_slug(version)]
        harness.check(got == want, f"{server.name}: {version} is said to be {got}, expected {want}")
    check_lists(server, audit["suites"], server.suites, "suites")
    if server.groups:
        check_lists(server, audit["groups"], server.groups, "groups")
    for name in LEGACY_CLASSES:
        want, got = ("yes" if name in server.legacy else "no"), audit["legacy"][name]["accepted"]
        harness.check(got == want or "TLSv1.3" in server.versions and len(server.versions) == 1 and got != "yes",
                      f"{server.name}: {name} is said to be {got}, expected {want}")
    if server.dh:
        harness.check((audit["dh"][0]["dh_prime"], audit["dh"][0]["dh_bits"]) == server.dh, f"{server.name}: {audit['dh']}, expected {server.dh}")
    for group, got in audit["pq"].items():
        harness.check(got in ("no", "unknown"), f"{server.name}: {group}: {got}")


def budget(server, audit, kind):
    accepted = sum(len(item["accepted"]) for item in audit.get(kind, [])) if kind in ("suites", "groups") else 0
    return {"versions": 6, "pq": 2, "resume": 1, "sni": 2,
            "legacy": 1 + len(server.legacy) + 1, "suites": accepted + len(audit.get("suites", [])) + 4,
            "groups": accepted + len(audit.get("groups", [])) + 4}[kind]


def check_budgets(servers, by_kind, addrs):
    total = {}
    for kind, records in by_kind.items():
        for server, addr in zip(servers, addrs):
            if "audit" not in records[addr]:
                continue
            audit = records[addr]["audit"]
            used, most = audit["connections"], budget(server, audit, kind)
            harness.check(used <= most, f"{server.name}: {kind} took {used} connections, at most {most} are allowed")
            total[kind] = max(total.get(kind, 0), used)
    print("connections at most, by audit:", json.dumps(total))


# ---- a second opinion ----

def sslscan(addr, port):
    """versions and suites that sslscan finds, and how long its list is"""
    done = subprocess.run(["sslscan", "--starttls-smtp", "--no-colour", "--no-check-certificate", "--no-heartbleed", "--no-renegotiation",
                           "--no-compression", "--no-fallback", "--xml=-", f"{addr}:{port}"], capture_output=True, timeout=120, env=CLEAN)
    root = xml.etree.ElementTree.fromstring(done.stdout)
    versions = {p.get("type") + p.get("version") for p in root.iter("protocol") if p.get("enabled") == "1"}
    suites = {(c.get("sslversion"), int(c.get("id"), 16)) for c in root.iter("cipher")}
    return versions, suites


def suite_ids():
    """code points by IANA's names, as OpenSSL has them"""
    text = subprocess.run(["openssl", "ciphers", "-V", "-stdname", "ALL:COMPLEMENTOFALL:@SECLEVEL=0"], capture_output=True, text=True,
                          check=True, env=CLEAN).stdout
    ids = {}
    for line in text.splitlines():
        code, _, name = line.split()[:3]
        ids[name] = int(code.replace("0x", "").replace(",", ""), 16)
    return ids


def compare_with_sslscan(server, record, addr, port, ids):
    scanned, scanned_suites = sslscan(addr, port)
    theirs = {v.replace("tls", "TLSv").replace("ssl", "SSLv") for v in scanned}
    harness.check(theirs <= server.versions, f"{server.name}: sslscan finds {theirs - server.versions}, which we do not")
    found = {(item["version"], ids[name]) for item in record["audit"]["suites"] for name in item["accepted"] if name in ids}
    harness.check(scanned_suites <= found, f"{server.name}: sslscan finds suites that we do not: {scanned_suites - found}")
    return len(found - scanned_suites), len(scanned_suites)


def main():
    programs = harness.build_folder()
    with harness.scratch() as folder:
        make_keys(folder)
        with fronted(programs, SERVERS, folder) as (port, addrs):
            records = sweep(programs, port, folder, addrs, "--audit", "all")
            for server, addr in zip(SERVERS, addrs):
                harness.check("audit" in records[addr], f"{server.name}: no audit: {records[addr]['stage']}, {records[addr]['cause']}")
                check_all(server, records[addr])
            by_kind = {kind: sweep(programs, port, folder, addrs, "--audit", kind)
                       for kind in ("versions", "legacy", "pq", "resume", "sni", "suites", "groups")}
            check_budgets(SERVERS, by_kind, addrs)
            ids = suite_ids()
            for server, addr in zip(SERVERS, addrs):
                if server.argv[0] == "openssl":
                    more, both = compare_with_sslscan(server, records[addr], addr, port, ids)
                    print(f"{server.name}: {both} suites found by both, {more} by us alone")
    print(f"{len(SERVERS)} servers as they were configured")


if __name__ == "__main__":
    main()
