"""s_client: what `openssl s_client -starttls smtp` negotiates when it is given the scanner's lists in the scanner's order."""

import hashlib
import os
import pathlib
import re
import ssl
import subprocess

OFFER = pathlib.Path(__file__).resolve().parents[2] / "scanner" / "session" / "offer.h"
TLS13 = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"
GROUPS = {"29": "X25519", "23": "P-256", "24": "P-384", "25": "P-521"}
SIGALGS = {"0x0403": "ECDSA+SHA256", "0x0503": "ECDSA+SHA384", "0x0603": "ECDSA+SHA512", "0x0807": "ed25519",
           "0x0804": "rsa_pss_rsae_sha256", "0x0805": "rsa_pss_rsae_sha384", "0x0806": "rsa_pss_rsae_sha512",
           "0x0401": "RSA+SHA256", "0x0501": "RSA+SHA384", "0x0601": "RSA+SHA512", "0x0201": "RSA+SHA1"}
TEMP_KEYS = {"X25519": "x25519", "prime256v1": "secp256r1", "secp384r1": "secp384r1", "secp521r1": "secp521r1"}


def offered(table):
    """first arguments of the X lines of one table of offer.h"""
    text = OFFER.read_text().split(f"#define {table}(X)")[1].split("#define")[0]
    return re.findall(r"X\(([^,)]+)(?:, *\"?([\w-]+)\"?)?\)", text)


def s_client(address, port, host=None):
    """what openssl negotiates there; None: nothing"""
    suites = ":".join(name for _, name in offered("OFFER_SUITES"))
    argv = ["openssl", "s_client", "-starttls", "smtp", "-connect", f"{address}:{port}", "-name", "probe.example.test",
            "-cipher", suites + ":@SECLEVEL=0", "-ciphersuites", TLS13,
            "-groups", ":".join(GROUPS[c] for c, _ in offered("OFFER_GROUPS")),
            "-sigalgs", ":".join(SIGALGS[c] for c, _ in offered("OFFER_SIGSCHEMES")), "-showcerts",
            *(["-servername", host] if host else ["-noservername"])]
    env = {k: v for k, v in os.environ.items() if k not in ("SSL_CERT_FILE", "SSL_CERT_DIR")} | {"OPENSSL_CONF": "/dev/null"}
    done = subprocess.run(argv, input=b"QUIT\r\n", capture_output=True, timeout=60, env=env)
    out = done.stdout.decode(errors="replace")
    if b"alert internal error" in done.stderr:
        return None
    pems = re.findall(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", out, re.S)
    new = re.search(r"New, (\S+), Cipher is (\S+)", out)
    version = re.search(r"Protocol *: (\S+)", out)
    key = re.search(r"Server Temp Key: (?:ECDH, )?([\w-]+)", out)
    if not pems or not new or new.group(2) == "(NONE)":
        return None
    spoken = version.group(1) if version else new.group(1)
    return {"version": "TLSv1.0" if spoken == "TLSv1" else spoken,
            "suite": iana(new.group(2)),
            "group": TEMP_KEYS.get(key.group(1)) if key else None,
            "chain": [hashlib.sha256(ssl.PEM_cert_to_DER_cert(p)).hexdigest() for p in pems]}


def iana(openssl_name):
    """openssl's name of a suite as IANA writes it"""
    out = subprocess.run(["openssl", "ciphers", "-stdname", "ALL:@SECLEVEL=0"], capture_output=True, text=True, timeout=60,
                         env={**os.environ, "OPENSSL_CONF": "/dev/null"}).stdout
    return dict((w[2], w[0]) for w in (line.split() for line in out.splitlines())).get(openssl_name, openssl_name)
