#!/usr/bin/python3
"""What core/ocsp says of responses equals what the openssl command line says; and of embedded SCTs.

usage: test_ocsp_openssl.py OCSP_VERDICT FIXED_TIME

openssl makes all keys, certificates and responses, at a time that FIXED_TIME (a library to preload) makes it believe in.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

VERDICT, FIXED_TIME = sys.argv[1:3]
OPENSSL = "/usr/bin/openssl"
DAY = 86400
T0 = 1767225600          # 2026-01-01, when responses are made
NOW = T0 + 3 * DAY       # when they are judged
MADE = T0 - 30 * DAY     # when certificates are

if not os.path.exists(OPENSSL):
    print("no openssl: skipped")
    sys.exit(77)

work = tempfile.mkdtemp()
failures = []
num_checks = 0


def run(*args, at=MADE, ok=True):
    env = dict(os.environ, LD_PRELOAD=FIXED_TIME, FIXED_TIME=str(at))
    done = subprocess.run([OPENSSL, *args], cwd=work, env=env, capture_output=True, text=True, timeout=60, check=False)
    if ok and done.returncode != 0:
        sys.exit(f"openssl {' '.join(args)}: {done.stderr}")
    return done.stdout + done.stderr


def path(name):
    return os.path.join(work, name)


def write(name, content):
    with open(path(name), "wb" if isinstance(content, bytes) else "w") as f:
        f.write(content)


def read(name):
    with open(path(name), "rb") as f:
        return f.read()


KEYS = {
    "ec": ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"),
    "p384": ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"),
    "rsa": ("-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"),
    "ed25519": ("-algorithm", "ED25519"),
}
serial = 0x1000


def cert(name, issuer, extensions="", key="ec", days=365, at=MADE, subject=None):
    """Makes NAME.key, NAME.pem, NAME.der; issuer None: signed by itself. Returns the serial."""
    global serial
    serial += 1
    run("genpkey", *KEYS[key], "-out", f"{name}.key")
    run("req", "-new", "-key", f"{name}.key", "-subj", subject or f"/O=Example/CN={name}", "-out", f"{name}.csr")
    write("ext.cnf", extensions)
    signer = ("-signkey", f"{name}.key") if issuer is None else ("-CA", f"{issuer}.pem", "-CAkey", f"{issuer}.key")
    run("x509", "-req", "-in", f"{name}.csr", *signer, "-set_serial", hex(serial), "-days", str(days),
        "-extfile", "ext.cnf", "-out", f"{name}.pem", at=at)
    run("x509", "-in", f"{name}.pem", "-outform", "DER", "-out", f"{name}.der")
    return serial


def hex_serial(number):
    text = f"{number:X}"
    return text if len(text) % 2 == 0 else "0" + text


def respond(out, ca, leaf, signer, *options, at=T0, days=7, cid=(), issuer=None):
    """The response of ca, whose index is CA.index, about leaf, signed by signer."""
    until = ("-ndays", str(days)) if days else ()
    run("ocsp", "-index", f"{ca}.index", "-CA", f"{ca}.pem", "-rsigner", f"{signer}.pem", "-rkey", f"{signer}.key",
        "-issuer", f"{issuer or ca}.pem", *cid, "-cert", f"{leaf}.pem", "-no_nonce", "-noverify", *until, *options,
        "-respout", out, at=at)


def openssl_says(response, leaf, issuer, ca_file, at, cid):
    text = run("ocsp", "-respin", response, "-issuer", f"{issuer}.pem", *cid, "-cert", f"{leaf}.pem", "-CAfile",
               f"{ca_file}.pem", "-no_nonce", "-validity_period", "0", at=at, ok=False)
    for pattern, slug in ((r"Responder Error", "error-status"), (r"Error reading OCSP response", "unparsable"),
                          (r"No Status found", "not-this-certificate"), (r"Response Verify Failure", "bad-signature"),
                          (r"status expired", "stale"), (r"status not yet valid", "not-yet"),
                          (r"\.pem: revoked", "revoked"), (r"\.pem: unknown", "unknown"), (r"\.pem: good", "good")):
        if re.search(pattern, text):
            return slug, text
    return "?", text


def we_say(response, leaf, issuer, at):
    done = subprocess.run([VERDICT, "ocsp", path(response), path(f"{leaf}.der"), path(f"{issuer}.der") if issuer else "-",
                           str(at)], capture_output=True, text=True, timeout=60, check=False)
    if done.returncode != 0:
        sys.exit(f"{response}: the judge failed: {done.stderr}")
    return json.loads(done.stdout)


def check(what, condition, said):
    global num_checks
    num_checks += 1
    if not condition:
        failures.append(f"{what}: {said}")


def same(what, want, response, leaf, issuer, at=NOW, cid=(), fault=None, **facts):
    """Both say want."""
    theirs, text = openssl_says(response, leaf, issuer, issuer, at, cid)
    ours = we_say(response, leaf, issuer, at)
    check(what, theirs == want, f"openssl says {theirs}, not {want}: {text}")
    check(what, ours["outcome"] == want, f"we say {ours}, not {want}")
    check(what, ours.get("fault") == fault, f"we say {ours}, not {fault}")
    for name, value in facts.items():
        check(what, ours.get(name) == value, f"{name} is {ours.get(name)}, not {value}")


CA = "basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign,cRLSign,digitalSignature\n"
RESPONDER = "basicConstraints=CA:FALSE\nextendedKeyUsage=OCSPSigning\n"


def index(ca, *lines):
    write(f"{ca}.index", "".join(line + "\n" for line in lines))
    write(f"{ca}.index.attr", "unique_subject = no\n")


def valid(number):
    return f"V\t270101000000Z\t\t{hex_serial(number)}\tunknown\t/CN=x"


def revoked(number, reason=""):
    return f"R\t270101000000Z\t251224180000Z{',' + reason if reason else ''}\t{hex_serial(number)}\tunknown\t/CN=x"


def make_pki():
    cert("ca", None, CA)
    cert("other", None, CA)
    cert("namesake", None, CA, subject="/O=Example/CN=ca")
    good = cert("good", "ca")
    gone = cert("gone", "ca")
    held = cert("held", "ca")
    cert("stranger", "ca")
    alien = cert("alien", "other")
    index("ca", valid(good), revoked(gone, "keyCompromise"), revoked(held))
    index("other", valid(good), valid(alien))
    cert("responder", "ca", RESPONDER)
    cert("purposeless", "ca", "basicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\n")
    cert("retired", "ca", "extendedKeyUsage=OCSPSigning\n", days=31)
    cert("foreign", "other", "extendedKeyUsage=OCSPSigning\n")


def statuses():
    for leaf, want, facts in (("good", "good", {"cert_status": "good"}),
                              ("gone", "revoked", {"reason": "keyCompromise", "revoked_at": "2025-12-24T18:00:00Z"}),
                              ("held", "revoked", {"reason": None, "cert_status": "revoked"}),
                              ("stranger", "unknown", {"cert_status": "unknown"})):
        for signer, by in (("ca", "issuer"), ("responder", "delegate")):
            for cid in ((), ("-sha256",)):
                for options in ((), ("-resp_key_id",)):
                    name = f"{leaf}-{signer}-{len(cid)}{len(options)}.resp"
                    respond(name, "ca", leaf, signer, *options, cid=cid)
                    same(name, want, name, leaf, "ca", cid=cid, signer=by, signature=True, this_certificate=True,
                         hash="SHA-256" if cid else "SHA-1", fresh=True, begun=True,
                         this_update="2026-01-01T00:00:00Z", next_update="2026-01-08T00:00:00Z",
                         produced_at="2026-01-01T00:00:00Z", **facts)


def times():
    respond("t.resp", "ca", "good", "ca")
    same("in time at its last second", "good", "t.resp", "good", "ca", at=T0 + 7 * DAY - 1)
    same("after nextUpdate", "stale", "t.resp", "good", "ca", at=T0 + 7 * DAY + 1, fresh=False)
    same("before thisUpdate", "not-yet", "t.resp", "good", "ca", at=T0 - 1, begun=False)
    respond("open.resp", "ca", "good", "ca", days=0)
    same("without nextUpdate", "good", "open.resp", "good", "ca", at=T0 + 100 * DAY, fresh=None, next_update=None)


def signatures():
    respond("bad.resp", "ca", "good", "ca", "-badsig")
    same("bad signature", "bad-signature", "bad.resp", "good", "ca", fault="wrong-signature")
    respond("bad2.resp", "ca", "good", "responder", "-badsig")
    same("bad signature of a delegate", "bad-signature", "bad2.resp", "good", "ca", fault="wrong-signature")
    respond("nocert.resp", "ca", "good", "responder", "-resp_no_certs")
    same("delegate not in it", "bad-signature", "nocert.resp", "good", "ca", fault="no-signer")
    respond("purposeless.resp", "ca", "good", "purposeless")
    same("no OCSPSigning", "bad-signature", "purposeless.resp", "good", "ca", fault="responder-no-purpose")
    respond("retired.resp", "ca", "good", "retired")
    same("delegate expired", "bad-signature", "retired.resp", "good", "ca", at=NOW, fault="responder-not-valid")
    same("delegate not expired then", "good", "retired.resp", "good", "ca", at=T0 + 10, signer="delegate")
    respond("foreign.resp", "ca", "good", "foreign")
    same("delegate of another issuer", "bad-signature", "foreign.resp", "good", "ca", fault="responder-not-issued")
    respond("namesake.resp", "ca", "good", "namesake")
    same("signed by a namesake of the issuer", "bad-signature", "namesake.resp", "good", "ca", fault="wrong-signature")
    respond("self.resp", "ca", "good", "good")
    same("signed by the leaf", "bad-signature", "self.resp", "good", "ca", fault="responder-no-purpose")


def others():
    respond("gone.resp", "ca", "gone", "ca")
    same("about another serial", "not-this-certificate", "gone.resp", "good", "ca", this_certificate=False)
    respond("two.resp", "ca", "gone", "ca", "-cert", "good.pem")
    same("about both", "good", "two.resp", "good", "ca", answers=2)
    same("about both", "revoked", "two.resp", "gone", "ca", answers=2)
    respond("cid.resp", "ca", "good", "ca", issuer="other")
    same("another issuer in the id", "not-this-certificate", "cid.resp", "good", "ca", this_certificate=False)
    # openssl believes the issuer that it is given; we ask whether that one made the leaf
    respond("good.resp", "ca", "good", "ca")
    theirs, _ = openssl_says("good.resp", "good", "other", "ca", NOW, ())
    ours = we_say("good.resp", "good", "other", NOW)
    check("an issuer that is not the leaf's", (theirs, ours["outcome"]) == ("not-this-certificate", "unverified"),
          f"{theirs}, {ours}")
    ours = we_say("good.resp", "good", None, NOW)
    check("no issuer", ours["outcome"] == "unverified" and "signature" not in ours and "fault" not in ours, ours)


def broken():
    for status, name in ((1, "malformedRequest"), (2, "internalError"), (3, "tryLater"), (5, "sigRequired"),
                         (6, "unauthorized")):
        write("error.resp", bytes((0x30, 3, 10, 1, status)))
        same(name, "error-status", "error.resp", "good", "ca", response_status=name)
    respond("whole.resp", "ca", "good", "ca")
    for num in (1, 10, 100):
        write("torn.resp", read("whole.resp")[:-num])
        same(f"{num} octets less", "unparsable", "torn.resp", "good", "ca")


def algorithms():
    for key, options, name in (("rsa", ("-rmd", "sha1"), "sha1WithRSAEncryption"),
                               ("rsa", ("-rmd", "sha224"), "sha224WithRSAEncryption"),
                               ("rsa", ("-rmd", "sha256"), "sha256WithRSAEncryption"),
                               ("rsa", ("-rmd", "sha384"), "sha384WithRSAEncryption"),
                               ("rsa", ("-rmd", "sha512"), "sha512WithRSAEncryption"),
                               ("rsa", ("-rmd", "sha256", "-rsigopt", "rsa_padding_mode:pss"), "rsassaPss"),
                               ("rsa", ("-rmd", "sha512", "-rsigopt", "rsa_padding_mode:pss", "-rsigopt",
                                        "rsa_pss_saltlen:17"), "rsassaPss"),
                               ("p384", ("-rmd", "sha1"), "ecdsa-with-SHA1"),
                               ("p384", ("-rmd", "sha224"), "ecdsa-with-SHA224"),
                               ("p384", ("-rmd", "sha384"), "ecdsa-with-SHA384"),
                               ("p384", ("-rmd", "sha512"), "ecdsa-with-SHA512"),
                               ("ed25519", (), "Ed25519")):
        ca = f"ca-{key}"
        if not os.path.exists(path(f"{ca}.pem")):
            cert(ca, None, CA, key=key)
            index(ca, valid(cert(f"leaf-{key}", ca)))
        for bad in ((), ("-badsig",)):
            respond("alg.resp", ca, f"leaf-{key}", ca, *options, *bad)
            same(f"{name} {bad}", "bad-signature" if bad else "good", "alg.resp", f"leaf-{key}", ca, sig_alg=name,
                 fault="wrong-signature" if bad else None)


def extension_value(name, oid_text):
    """The octets in the OCTET STRING of a certificate's extension, by openssl's own parser."""
    lines = run("asn1parse", "-inform", "DER", "-in", f"{name}.der").splitlines()
    at = next(i for i, line in enumerate(lines) if oid_text in line)
    hex_dump = re.search(r"\[HEX DUMP\]:([0-9A-F]*)", lines[at + 1]).group(1)
    return bytes.fromhex(hex_dump)


def embedded_scts():
    def sct(log_id, ms):
        body = bytes((0,)) + bytes.fromhex(log_id) + ms.to_bytes(8, "big") + bytes((0, 0, 4, 3, 0, 8)) + bytes(range(8))
        return len(body).to_bytes(2, "big") + body

    argon = "0e5794bcf3aea93e331b2c9907b3f790df9bc23d713225dd21a925ac61c54e21"
    nobody = "00" * 31 + "01"
    scts = sct(argon, 1767225600123) + sct(nobody, 1700000000000)
    wire = len(scts).to_bytes(2, "big") + scts
    value = bytes((4, 0x81 if len(wire) > 127 else len(wire))) + (bytes((len(wire),)) if len(wire) > 127 else b"") + wire
    cert("logged", "ca", "1.3.6.1.4.1.11129.2.4.2=DER:" + value.hex() + "\n")
    write("scts", extension_value("logged", "CT Precertificate SCTs"))
    done = subprocess.run([VERDICT, "sct", path("scts")], capture_output=True, text=True, timeout=60, check=True)
    ours = json.loads(done.stdout)
    theirs = run("x509", "-in", "logged.pem", "-noout", "-text")
    stamps = re.findall(r"Timestamp *: (.*) GMT", theirs)
    ids = [re.sub(r"[^0-9A-F]", "", i).lower() for i in re.findall(r"Log ID *: ([0-9A-F:\s]*?)\n *Timestamp", theirs)]
    check("openssl reads them", ids == [argon, nobody], theirs)
    check("their number", ours["count"] == 2 and "malformed" not in ours, ours)
    check("log", ours["scts"][0].get("log") == "Google 'Argon2026h1' log" and "log" not in ours["scts"][1], ours)
    check("times", stamps == ["Jan  1 00:00:00.123 2026", "Nov 14 22:13:20.000 2023"] and
          [s["timestamp"] for s in ours["scts"]] == ["2026-01-01T00:00:00.123Z", "2023-11-14T22:13:20.000Z"],
          f"{stamps} {ours}")


try:
    make_pki()
    for part in (statuses, times, signatures, others, broken, algorithms, embedded_scts):
        part()
finally:
    shutil.rmtree(work)
print("\n".join(failures))
print(f"{num_checks} checks, {len(failures)} failed")
sys.exit(1 if failures or num_checks < 200 else 0)
