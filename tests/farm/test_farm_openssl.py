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


def served_staple(addr, port):
    """The OCSP response that openssl s_client receives in TLS 1.2, from its log of messages."""
    out = run("openssl", "s_client", "-starttls", "smtp", "-connect", f"{addr}:{port}", "-tls1_2", "-status", "-msg", "-name", "client.example",
              input="QUIT\r\n")
    dump = re.search(r"CertificateStatus\n((?:    [0-9a-f ]+\n)+)", out).group(1)
    return bytes.fromhex(dump)[8:]   # less the headers of message and response


def test_staples(program, folder, root):
    """openssl ocsp finds status and signature as the behaviours say."""
    for name, words in (("staple-tls12", [": good", "Response verify OK"]), ("staple-revoked", [": revoked", "Response verify OK"]),
                        ("staple-unknown", [": unknown", "Response verify OK"]), ("staple-bad-signature", ["Response Verify Failure"]),
                        ("staple-other", ["No Status found"]), ("staple-try-later", ["trylater"])):
        options = ["--now", NOW, "--seed", "4", "--only", name]
        child = subprocess.Popen([program, "--port", "0", *options], stdout=subprocess.PIPE, text=True)
        try:
            port = child.stdout.readline().split()[-1]
            chain, staple = served_chain("127.5.6.7", port)[0], served_staple("127.5.6.7", port)
        finally:
            child.send_signal(signal.SIGTERM)
            child.stdout.close()
            child.wait(60)
        paths = [os.path.join(folder, part) for part in ("leaf.pem", "issuer.pem", "root.pem", "staple.der")]
        for path, data in zip(paths, (chain[0].encode(), chain[1].encode(), root.encode(), staple)):
            with open(path, "wb") as file:
                file.write(data)
        done = subprocess.run(["openssl", "ocsp", "-respin", paths[3], "-issuer", paths[1], "-cert", paths[0], "-CAfile", paths[2], "-attime",
                               ATTIME, "-validity_period", "2000000000"], capture_output=True, text=True, timeout=60)
        said = done.stdout + done.stderr
        assert all(word in said for word in words), (name, said)


def main():
    program = sys.argv[1]
    first = run(program, "--now", NOW, "--seed", "4", "--truth", "127.5.6.0/24")
    assert first == run(program, "--now", NOW, "--seed", "4", "--truth", "127.5.6.0/24"), "two processes, two truths"
    root = run(program, "--now", NOW, "--seed", "4", "--root")
    with tempfile.TemporaryDirectory() as folder:
        for name, expected in CASES:
            one_case(program, folder, root, name, expected)
        test_staples(program, folder, root)
    print(len(CASES), "chains")


if __name__ == "__main__":
    main()
