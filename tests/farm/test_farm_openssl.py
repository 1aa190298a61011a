#!/usr/bin/python3
"""What the openssl command makes of the farm: two processes agree, and `openssl verify` judges chains as their behaviour says."""
import hashlib
import json
import os
import re
import signal
import ssl
import subprocess
import sys
import tempfile

NOW = "2026-01-01"
ATTIME = "1767225600"


def run(*argv, **more):
    return subprocess.run(argv, check=True, capture_output=True, text=True, timeout=120, **more).stdout


def served_chain(addr, port):
    """The chain as PEM blocks, and the whole output, of openssl s_client."""
    out = run("openssl", "s_client", "-starttls", "smtp", "-connect", f"{addr}:{port}", "-showcerts", "-name", "client.example",
              input="QUIT\r\n")
    return re.findall(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n", out, re.S), out


def sha256(pem):
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()


def verdict(folder, root, chain):
    """What openssl verify says of a chain under that root, at the farm's date."""
    names = {}
    for name, text in (("root", root), ("leaf", chain[0]), ("rest", "".join(chain[1:]) or chain[0])):
        names[name] = os.path.join(folder, name + ".pem")
        with open(names[name], "w", encoding="ascii") as file:
            file.write(text)
    done = subprocess.run(["openssl", "verify", "-attime", ATTIME, "-purpose", "sslserver", "-x509_strict", "-CAfile", names["root"],
                           "-untrusted", names["rest"], names["leaf"]], capture_output=True, text=True, timeout=60)
    return "ok" if done.returncode == 0 else done.stderr


CASES = [
    ("tls13-p256", "ok"), ("tls13-rsa2048", "ok"), ("tls13-ed25519", "ok"), ("tls12-p384", "ok"), ("chain-1", "ok"),
    ("chain-4", "ok"), ("root-included", "ok"), ("wrong-order", "ok"), ("sixty-certificates", "ok"), ("bench", "ok"),
    ("expired", "expired"), ("not-yet-valid", "not yet valid"), ("self-signed", "self-signed"),
    ("no-intermediate", "unable to get local issuer"),
]


def one_case(program, folder, root, name, expected):
    options = ["--now", NOW, "--seed", "4", "--only", name]
    addr = "127.5.6.7"
    child = subprocess.Popen([program, "--port", "0", *options], stdout=subprocess.PIPE, text=True)
    try:
        port = child.stdout.readline().split()[-1]
        truth = json.loads(run(program, *options, "--port", port, "--truth", addr))
        chain, out = served_chain(addr, port)
    finally:
        child.send_signal(signal.SIGTERM)
        child.stdout.close()
        status = child.wait(60)
    assert status == 0, status
    assert [sha256(pem) for pem in chain] == truth["chain"], (name, truth["chain"])
    assert truth["tls"]["version"] in out, name
    assert expected in verdict(folder, root, chain), (name, verdict(folder, root, chain))


def main():
    program = sys.argv[1]
    first = run(program, "--now", NOW, "--seed", "4", "--truth", "127.5.6.0/24")
    assert first == run(program, "--now", NOW, "--seed", "4", "--truth", "127.5.6.0/24"), "two processes, two truths"
    root = run(program, "--now", NOW, "--seed", "4", "--root")
    with tempfile.TemporaryDirectory() as folder:
        for name, expected in CASES:
            one_case(program, folder, root, name, expected)
    print(len(CASES), "chains")


if __name__ == "__main__":
    main()
