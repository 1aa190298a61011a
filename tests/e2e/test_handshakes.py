#!/usr/bin/env python3
"""What the record says of one handshake equals what the server was configured to do: OpenSSL's and GnuTLS's servers, one
for each combination of version, suite, group and key type that leaves no choice, and for each further thing that a
handshake shows."""

import base64

import harness
from tls_servers import fronted, make_keys, run, sweep

GROUPS = {"X25519": "x25519", "P-256": "secp256r1", "P-384": "secp384r1", "P-521": "secp521r1"}
VERSIONS = {"TLSv1.0": "-tls1", "TLSv1.1": "-tls1_1", "TLSv1.2": "-tls1_2", "TLSv1.3": "-tls1_3"}
SUITES13 = {"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"}
# OpenSSL's name, IANA's, key types, lowest version
SUITES = [
    ("ECDHE-RSA-AES128-GCM-SHA256", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", {"rsa", "rsa4096"}, "TLSv1.2"),
    ("ECDHE-RSA-AES256-GCM-SHA384", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", {"rsa"}, "TLSv1.2"),
    ("ECDHE-RSA-CHACHA20-POLY1305", "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", {"rsa"}, "TLSv1.2"),
    ("ECDHE-ECDSA-AES128-GCM-SHA256", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", {"p256", "p384", "p521", "ed25519"}, "TLSv1.2"),
    ("ECDHE-ECDSA-AES256-GCM-SHA384", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", {"p256"}, "TLSv1.2"),
    ("ECDHE-RSA-AES128-SHA", "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", {"rsa"}, "TLSv1.0"),
    ("ECDHE-ECDSA-AES256-SHA", "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", {"p256"}, "TLSv1.0"),
    ("AES128-GCM-SHA256", "TLS_RSA_WITH_AES_128_GCM_SHA256", {"rsa"}, "TLSv1.2"),
    ("AES256-SHA", "TLS_RSA_WITH_AES_256_CBC_SHA", {"rsa"}, "TLSv1.0"),
]
SIGSCHEMES13 = {"rsa": "rsa_pss_rsae_sha256", "p256": "ecdsa_secp256r1_sha256", "p384": "ecdsa_secp384r1_sha384",
                "p521": "ecdsa_secp521r1_sha512", "ed25519": "ed25519"}


class Server:
    def __init__(self, name, argv, key="rsa", expected=None):
        self.name, self.argv, self.key, self.expected = name, argv, key, expected


def grid():
    """one server for each combination that leaves no choice"""
    for openssl_name, suite, keys, lowest in SUITES:
        for key in sorted(keys):
            for version, option in VERSIONS.items():
                if version < lowest or version == "TLSv1.3":
                    continue
                has_group = suite.startswith("TLS_ECDHE")
                for group in (["X25519", "P-256"] if has_group else [None]):
                    argv = [option, "-cipher", f"{openssl_name}:@SECLEVEL=0", *(["-groups", group] if group else [])]
                    expected = {"version": version, "suite": suite, "group": GROUPS.get(group), "hello_retry": False}
                    yield Server(f"{version} {openssl_name} {key} {group}", ("openssl", argv), key, expected)
    for suite in sorted(SUITES13):
        for group in GROUPS:
            yield Server(f"TLSv1.3 {suite} {group}", ("openssl", ["-tls1_3", "-ciphersuites", suite, "-groups", group]), "rsa",
                         {"version": "TLSv1.3", "suite": suite, "group": GROUPS[group], "hello_retry": group != "X25519",
                          "retry_group": None if group == "X25519" else GROUPS[group]})
    for key, scheme in SIGSCHEMES13.items():
        yield Server(f"TLSv1.3 {key}", ("openssl", ["-tls1_3"]), key, {"version": "TLSv1.3", "sigscheme": scheme})
    for scheme in ("rsa_pss_rsae_sha512", "rsa_pkcs1_sha256", "rsa_pkcs1_sha1"):
        names = {"rsa_pss_rsae_sha512": "rsa_pss_rsae_sha512", "rsa_pkcs1_sha256": "RSA+SHA256", "rsa_pkcs1_sha1": "RSA+SHA1"}
        yield Server(f"TLSv1.2 {scheme}", ("openssl", ["-tls1_2", "-sigalgs", names[scheme], "-cipher", "ECDHE+AESGCM:@SECLEVEL=0"]), "rsa",
                     {"version": "TLSv1.2", "sigscheme": scheme})


def shows(folder):
    """what else a handshake shows"""
    staple = folder / "staple.der"
    yield Server("TLS 1.2: ticket, EMS, secure renegotiation", ("openssl", ["-tls1_2"]), "rsa",
                 {"session_ticket": True, "ems": True, "secure_renegotiation": True, "ocsp_stapled": False, "certificate_requested": False,
                  "compressed": False, "alpn_unasked": False, "resumed": False})
    yield Server("TLS 1.2: no ticket", ("openssl", ["-tls1_2", "-no_ticket"]), "rsa", {"session_ticket": False})
    yield Server("TLS 1.2: staple", ("openssl", ["-tls1_2", "-status_file", staple]), "rsa", {"ocsp_stapled": True, "staple": staple})
    yield Server("TLS 1.3: staple", ("openssl", ["-tls1_3", "-status_file", staple]), "rsa", {"ocsp_stapled": True, "staple": staple})
    yield Server("TLS 1.3: no ticket", ("openssl", ["-tls1_3", "-num_tickets", "0"]), "rsa", {"session_ticket": False})
    yield Server("TLS 1.2: certificate request", ("openssl", ["-tls1_2", "-verify", "1", "-CAfile", folder / "p256.pem"]), "rsa",
                 {"certificate_requested": True, "ca_names": True})
    yield Server("TLS 1.3: certificate request", ("openssl", ["-tls1_3", "-verify", "1", "-CAfile", folder / "p256.pem"]), "rsa",
                 {"certificate_requested": True, "ca_names": True})
    yield Server("GnuTLS 1.2", ("gnutls", ["--priority", "NONE:+VERS-TLS1.2:+AES-128-GCM:+ECDHE-RSA:+AEAD:+COMP-NULL:+GROUP-SECP256R1:+SIGN-RSA-SHA256"]), "rsa",
                 {"version": "TLSv1.2", "suite": "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "group": "secp256r1", "sigscheme": "rsa_pkcs1_sha256",
                  "ems": True})
    yield Server("GnuTLS 1.2 without EMS", ("gnutls", ["--priority", "NORMAL:-VERS-ALL:+VERS-TLS1.2:%NO_SESSION_HASH"]), "rsa",
                 {"version": "TLSv1.2", "ems": False})
    yield Server("GnuTLS 1.2, no safe renegotiation", ("gnutls", ["--priority", "NORMAL:-VERS-ALL:+VERS-TLS1.2:%DISABLE_SAFE_RENEGOTIATION"]), "rsa",
                 {"version": "TLSv1.2", "secure_renegotiation": False})
    yield Server("GnuTLS, capable of 1.3, at 1.2", ("gnutls", ["--priority", "NORMAL:-VERS-ALL:+VERS-TLS1.0:+VERS-TLS1.1"]), "rsa",
                 {"version": "TLSv1.1", "downgrade_tls12": False, "downgrade_tls11": False})
    for group, name in (("SECP384R1", "secp384r1"), ("X25519", "x25519")):
        yield Server(f"GnuTLS 1.3 {name}", ("gnutls", ["--priority", f"NORMAL:-VERS-ALL:+VERS-TLS1.3:-GROUP-ALL:+GROUP-{group}"]), "p256",
                     {"version": "TLSv1.3", "group": name, "hello_retry": name != "x25519"})


def make_staple(folder):
    """a real response of a responder's, from OpenSSL's own tools"""
    index = folder / "index.txt"
    index.write_text("")
    run("openssl", "ocsp", "-issuer", folder / "rsa.pem", "-cert", folder / "rsa.pem", "-reqout", folder / "request.der", "-no_nonce")
    run("openssl", "ocsp", "-index", index, "-CA", folder / "rsa.pem", "-rsigner", folder / "rsa.pem", "-rkey", folder / "rsa.key", "-reqin",
        folder / "request.der", "-respout", folder / "staple.der", "-ndays", "7", "-noverify")


def check(server, record):
    tls = record.get("tls", {})
    where = f"{server.name}: {record['stage']}, {record['cause']}"
    harness.check(tls.get("handshake_done"), f"{where}: no handshake: {tls}")
    for key, want in server.expected.items():
        if key == "staple":
            harness.check(base64.b64decode(tls["ocsp_staple"]) == want.read_bytes(), f"{where}: another staple")
        elif key == "ca_names":
            harness.check(any("mx.example.com" in n for n in tls["certificate_request"]["ca_names"]), f"{where}: {tls['certificate_request']}")
        else:
            harness.check(tls.get(key) == want, f"{where}: {key} is {tls.get(key)}, expected {want}")
    harness.check(len(record["chain"]) == 1, f"{where}: chain {record['chain']}")
    harness.check(tls["octets"]["in"] > 500 and tls["octets"]["out"] > 100 and tls["flights"] >= 2, f"{where}: {tls['octets']}, {tls['flights']}")
    harness.check(0 < record["ms"]["server_hello"] <= record["ms"]["handshake"], f"{where}: {record['ms']}")


def main():
    programs = harness.build_folder()
    with harness.scratch() as folder:
        make_keys(folder)
        make_staple(folder)
        servers = [*grid(), *shows(folder)]
        with fronted(programs, servers, folder) as (port, addrs):
            records = sweep(programs, port, folder, addrs)
            for server, addr in zip(servers, addrs):
                check(server, records[addr])
    print(f"{len(servers)} servers: every field as configured")


if __name__ == "__main__":
    main()
