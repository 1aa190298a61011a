"""Makes the certificates of this folder, and roots.inc and the corpus for the fuzz target, which belong together. Keys are
new each time and thrown away.

Usage: PYTHONPATH=tests/core python3 tests/data/chains/make.py
"""
import os

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, ObjectIdentifier

from chain_maker import CLIENT, KEYS, SERVER, as_version_1, make

HERE = os.path.dirname(os.path.abspath(__file__))
CORPUS = os.path.join(HERE, "..", "..", "fuzz", "corpus", "judge")
CA_USAGE, TLS_USAGE = ["key_cert_sign", "crl_sign"], ["digital_signature"]
LONG = dict(start=-3650, end=3650)


def ca(subject, key, issuer=None, **how):
    return make(subject, key, issuer, **{"ca": True, "usage": CA_USAGE, **LONG, **how})


def leaf(issuer, **how):
    return make("mx.example.com", "p256-leaf", issuer,
                **{"ca": False, "usage": TLS_USAGE, "san": ["mx.example.com"], **LONG, **how})


def everything(issuer):
    """A certificate with every extension that core/cert.h knows."""
    place = x509.UniformResourceIdentifier("http://ca.example.com/")
    methods = (AuthorityInformationAccessOID.OCSP, AuthorityInformationAccessOID.CA_ISSUERS)
    other = [(x509.AuthorityInformationAccess([x509.AccessDescription(m, place) for m in methods]), False),
             (x509.TLSFeature([x509.TLSFeatureType.status_request_v2, x509.TLSFeatureType.status_request]), False),
             (x509.UnrecognizedExtension(ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2"), b"\x04\x05\0\3\0\1\xab"), False),
             (x509.UnrecognizedExtension(ObjectIdentifier("1.3.6.1.4.1.11129.2.4.3"), b"\x05\0"), True)]
    return make("Everything", "p256-all", issuer, ca=True, path=7, san=["mx.example.com"], permit=["example.com"],
                usage=["digital_signature", "key_cert_sign", "key_agreement", "decipher_only"],
                eku=[SERVER, CLIENT, ExtendedKeyUsageOID.OCSP_SIGNING, ExtendedKeyUsageOID.CODE_SIGNING], other=other, **LONG)


# names of certificates; "+" before one: into the pool; "/": its last octet missing. The octet is the time.
CORPUS_FILES = {
    "valid": (128, "leaf sub"), "rsa": (128, "leaf-rsa rsa-root"), "misordered": (128, "leaf-low sub low root"),
    "pool": (128, "leaf-low +low +sub +sub-fake"), "self": (128, "self /leaf"), "tight": (128, "leaf-tight tight"),
    "short": (128, "leaf-below below short"), "mute": (0, "leaf-mute mute"), "late": (255, "leaf sub sub-old"),
    "v1": (128, "leaf-v1 leaf-sha1 self-ca"), "none": (128, ""), "everything": (128, "all sub")}


def corpus_file(certs, time, words):
    octets = bytes([time])
    for word in words.split():
        der = certs[word.lstrip("+/")].der
        der = der[:-1] if word[0] == "/" else der
        octets += (len(der) | (0x8000 if word[0] == "+" else 0)).to_bytes(2, "big") + der
    return octets


def main():
    certs = {}
    root = certs["root"] = ca("Root", "p256-root")
    certs["other-root"] = ca("Other Root", "p256-other")
    sub = certs["sub"] = ca("Sub", "p256-sub", root)
    certs["sub-old"] = ca("Sub", "p256-sub", root, end=-1)
    certs["sub-fake"] = ca("Sub", "p256-fake", root, ski=False)
    low = certs["low"] = ca("Low", "p256-low", sub)
    mute = certs["mute"] = ca("Mute", "p256-mute", root, usage=["crl_sign"])
    tight = certs["tight"] = ca("Tight", "p256-tight", root, permit=["example.org"])
    short = certs["short"] = ca("Short", "p256-short", root, path=0)
    below = certs["below"] = ca("Below", "p256-below", short)
    rsa = certs["rsa-root"] = ca("RSA Root", "rsa-root")
    certs["leaf"] = leaf(sub)
    certs["leaf-old"] = leaf(sub, end=-1)
    certs["leaf-new"] = leaf(sub, start=1)
    certs["leaf-low"] = leaf(low)
    certs["leaf-mute"] = leaf(mute)
    certs["leaf-tight"] = leaf(tight)
    certs["leaf-below"] = leaf(below)
    certs["leaf-rsa"] = leaf(rsa)
    certs["leaf-sha1"] = leaf(rsa, digest=hashes.SHA1())
    certs["leaf-v1"] = as_version_1(leaf(rsa), KEYS["rsa-root"])
    certs["self"] = make("mx.example.com", "p256-self", san=["mx.example.com"], usage=TLS_USAGE, **LONG)
    certs["self-ca"] = ca("Mail", "p256-self")
    certs["all"] = everything(sub)
    for name, (time, words) in CORPUS_FILES.items():
        with open(os.path.join(CORPUS, name), "wb") as f:
            f.write(corpus_file(certs, time, words))
    for name, cert in certs.items():
        with open(os.path.join(HERE, name + ".der"), "wb") as f:
            f.write(cert.der)
    with open(os.path.join(HERE, "roots.inc"), "w", encoding="ascii") as f:
        for line in (root.pem() + rsa.pem()).decode().splitlines():
            f.write(f'"{line}\\n"\n')


if __name__ == "__main__":
    main()
