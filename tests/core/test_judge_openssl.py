"""Judges generated chains and names by judge_print and by `openssl verify`, time and names pinned: the verdicts must be
the same, but for the differences that the tables below give a reason for.

Usage: test_judge_openssl.py JUDGE_PRINT
"""
import ipaddress
import os
import re
import subprocess
import sys
import tempfile

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from chain_maker import (ANY, CLIENT, KEYS, SERVER, TIME, Cert, as_pss, as_version_1, make, name, spoiled)

DAY = 86400
CA_USAGE, TLS_USAGE = ["key_cert_sign", "crl_sign"], ["digital_signature", "key_encipherment"]
CASES, NAMES = [], []

# What OpenSSL takes for valid and we do not, by design: id -> reason. Nothing is the other way about.
REFUSED = {
    **dict.fromkeys(["digest-md5", "digest-md5-sub"], "MD5 proves nothing; newer versions of libcrypto do not check it"),
    **dict.fromkeys(["unknown-ed448", "unknown-dsa", "unknown-p192"], "algorithms that BoringSSL does not check"),
    **dict.fromkeys(["path-of-32", "path-of-33", "path-of-42"], "no path has more than 31 certificates"),
}

# Where our class of outcome is not that of OpenSSL's errors, by design: id -> reason.
CLASS_DIFFERS = {
    **dict.fromkeys(["expired-root-sent", "expired-incomplete", "spoiled-expired"],
                    "several faults: OpenSSL stops at the one it comes to first, we have a precedence"),
    "bad-extension-leaf": "OpenSSL looks for no issuer of what it cannot read, and says that there is none",
}


def chain(id, expect, sent, store, *, fault=None, flags="", without="", time=TIME, pool=(), path=None, alone=False):
    """fault: position at fault. flags, without: words that must, must not be among the flags. path: as judge_print has it.
    alone: not compared, as OpenSSL may find another trusted certificate of that name first, and then refuses this one."""
    CASES.append(dict(id=id, expect=expect, sent=sent, store=store, fault=fault, flags=flags.split(), without=without.split(),
                      time=time, pool=pool, path=path, alone=alone))


def ca(subject, key, issuer=None, **how):
    return make(subject, key, issuer, **{"ca": True, "usage": CA_USAGE, **how})


def leaf(issuer, key="p256-leaf", subject="mx.example.com", **how):
    return make(subject, key, issuer, **{"ca": False, "usage": TLS_USAGE, "eku": [SERVER], "san": ["mx.example.com"], **how})


def chains_by_key(root, sub):
    """One chain for each kind of key and signature."""
    for kind in ("rsa", "p256", "p384", "p521", "ed25519"):
        r = ca("Root " + kind, kind + "-root")
        i = ca("Sub " + kind, kind + "-sub", r)
        chain("keys-" + kind, "valid", [leaf(i, kind + "-leaf"), i], [r], path="s0,s1,r0", without="weak-key")
    chain("keys-rsa-leaf-1024", "valid", [leaf(sub, "rsa1024"), sub], [root], flags="weak-key")
    weak = ca("Weak Sub", "rsa1024-sub", root)
    chain("keys-sub-1024", "valid", [leaf(weak), weak], [root], flags="weak-key")
    for digest in (hashes.SHA384, hashes.SHA512, hashes.SHA224):
        chain("digest-" + digest.name, "valid", [leaf(sub, digest=digest()), sub], [root], without="weak-signature")
    chain("digest-sha1", "valid", [leaf(sub, digest=hashes.SHA1()), sub], [root], flags="weak-signature")
    chain("digest-md5", "other", [leaf(sub, digest=hashes.MD5()), sub], [root], fault=0,
          flags="unsupported-algorithm weak-signature")
    chain("digest-md5-sub", "other", [leaf(sub), ca("Sub", "rsa-sub", root, digest=hashes.MD5())], [root], fault=1)
    chain("digest-md5-root", "valid", [leaf(sub), sub], [ca("Root", "rsa-root", digest=hashes.MD5())], without="weak-signature")
    chain("digest-sha1-sub", "valid", [leaf(sub), ca("Sub", "rsa-sub", root, digest=hashes.SHA1())], [root], flags="weak-signature")
    chain("digest-sha1-root", "valid", [leaf(sub), sub], [ca("Root", "rsa-root", digest=hashes.SHA1())], without="weak-signature")
    for kind in ("ed448", "dsa", "p192"):
        i = ca("Sub " + kind, kind + "-sub", root)
        chain("unknown-" + kind, "other", [leaf(i), i], [root], fault=0, flags="unsupported-algorithm", without="bad-signature")
        chain("unknown-leaf-" + kind, "valid", [leaf(sub, kind + "-sub"), sub], [root])
    chain("pss", "valid", [as_pss(leaf(sub), sub.key), sub], [root])
    chain("pss-sub", "valid", [leaf(sub), as_pss(sub, root.key)], [root])
    chain("pss-spoiled", "bad-signature", [spoiled(as_pss(leaf(sub), sub.key)), sub], [root], fault=0)


def chains_as_sent(root, sub):
    good = leaf(sub)
    chain("direct", "valid", [leaf(root)], [root], path="s0,r0", without="incomplete")
    chain("plain", "valid", [good, sub], [root], path="s0,s1,r0", fault=-1,
          without="order-wrong root-included duplicate surplus weak-key no-san leaf-is-ca")
    subs = [root]
    for n in range(4):
        subs.append(ca(f"Deep {n}", f"p256-deep-{n}", subs[-1]))
    deep = subs[:0:-1]
    chain("deep", "valid", [leaf(subs[-1]), *deep], [root], path="s0,s1,s2,s3,s4,r0")
    chain("deep-reversed", "valid", [leaf(subs[-1]), *deep[::-1]], [root], path="s0,s4,s3,s2,s1,r0", flags="order-wrong")
    for lack in range(4):
        chain(f"deep-lacks-{lack + 1}", "incomplete", [leaf(subs[-1]), *deep[:lack], *deep[lack + 1:]], [root], fault=lack)
    for n in range(4, 40):
        subs.append(ca(f"Deep {n}", f"p256-deep-{n}", subs[-1]))
    for n, expect in ((29, "valid"), (30, "other"), (31, "other"), (40, "other")):
        chain(f"path-of-{n + 2}", expect, [leaf(subs[n]), *subs[n:0:-1]], [root],
              flags="path-too-long" if expect == "other" else "")
    chain("root-sent", "valid", [good, sub, root], [root], flags="root-included", without="surplus order-wrong")
    chain("root-sent-early", "valid", [good, root, sub], [root], flags="root-included order-wrong")
    chain("leaf-twice", "valid", [good, good, sub], [root], flags="duplicate", without="order-wrong surplus")
    chain("sub-twice", "valid", [good, sub, sub], [root], flags="duplicate", without="surplus")
    chain("leaf-last-too", "valid", [good, sub, good], [root], flags="duplicate")
    other = ca("Other", "p256-other", ca("Other Root", "p256-other-root"))
    chain("surplus", "valid", [good, other, sub], [root], flags="surplus", path="s0,s2,r0")
    chain("surplus-expired", "valid", [good, sub, ca("Old", "p256-old", root, start=-90, end=-60)], [root],
          flags="surplus", without="other-expired")
    chain("surplus-only", "incomplete", [good, other], [root], fault=0, flags="surplus incomplete")
    junk = Cert(b"\x30\x03\x02\x01\x01", None, None)
    chain("junk-last", "valid", [good, sub, junk], [root], flags="unparsable")
    chain("junk-between", "valid", [good, junk, sub], [root], flags="unparsable", path="s0,s2,r0")
    chain("junk-sub", "incomplete", [good, Cert(sub.der[:-9], None, None)], [root], flags="unparsable", fault=0)
    chain("junk-behind-sub", "incomplete", [good, Cert(sub.der + b"\0", None, None)], [root], flags="unparsable", fault=0)
    chain("sixty", "valid", [good, *[ca(f"No {n}", "p256-no", root) for n in range(60)], sub], [root], flags="surplus")


def chains_by_trust(root, sub):
    good, other = leaf(sub), ca("Other Root", "p256-other-root")
    chain("leaf-only", "incomplete", [good], [root], fault=0, flags="incomplete", without="completable")
    chain("other-store", "incomplete", [good, sub], [other], fault=1)
    chain("root-untrusted", "untrusted-root", [good, sub, root], [other], fault=2, flags="untrusted-root root-included")
    chain("root-untrusted-direct", "untrusted-root", [leaf(root), root], [other], fault=1)
    chain("same-name-other-key", "incomplete", [good, sub], [ca("Root", "rsa-impostor")], fault=1)
    chain("same-name-no-ids", "bad-signature", [leaf(ca("X", "rsa-x", root), aki=False, ski=False), ca("X", "rsa-y", root, ski=False)],
          [root], fault=0)
    chain("sub-trusted-only", "incomplete", [good], [sub], path="s0,r0")
    chain("sub-in-store-too", "valid", [good], [sub, root], path="s0,r0,r1")
    cross_root = ca("Cross Root", "p256-cross")
    cross = ca("Root", root.key, cross_root)
    chain("cross-either", "valid", [good, sub, cross], [root, cross_root], path="s0,s1,r0", without="surplus")
    chain("cross-new-only", "valid", [good, sub, cross], [cross_root], path="s0,s1,s2,r0")
    chain("cross-old-only", "valid", [good, sub, cross], [root], path="s0,s1,r0")
    old_sub = ca("Sub", "rsa-sub", root, start=-90, end=-1)
    chain("renewed-sub-behind", "valid", [good, old_sub, sub], [root], path="s0,s2,r0")
    chain("renewed-root", "valid", [good, sub], [ca("Root", "rsa-root", start=-90, end=-1), root], path="s0,s1,r1")
    chain("both-subs-old", "expired", [good, ca("Sub", "rsa-sub", root, start=-90, end=-9), old_sub], [root], fault=2)
    chain("no-key-ids", "valid", [leaf(ca("I", "p256-i", root, ski=False, aki=False), aki=False, ski=False),
                                  ca("I", "p256-i", root, ski=False, aki=False)], [root])


def chains_self_signed(root):
    own = make("mx.example.com", "p256-leaf", san=["mx.example.com"])
    chain("self", "self-signed", [own], [root], fault=0, flags="self-signed-leaf", without="incomplete bad-signature")
    chain("self-ca", "self-signed", [ca("mx.example.com", "rsa-leaf")], [root], flags="leaf-is-ca no-san")
    chain("self-aki", "self-signed", [make("mx.example.com", "p256-leaf", aki="self")], [root])
    usage = make("mx.example.com", "p256-leaf", usage=TLS_USAGE, san=["mx.example.com"])
    chain("self-usage", "self-signed", [usage], [root], without="incomplete")
    chain("self-usage-twice", "self-signed", [usage, usage], [root], flags="duplicate")
    chain("self-expired", "self-signed", [make("mx.example.com", "p256-leaf", end=-1)], [root], flags="leaf-expired")
    chain("self-usage-expired", "self-signed", [make("mx.example.com", "p256-leaf", usage=TLS_USAGE, end=-1)], [root],
          flags="leaf-expired")
    chain("self-future", "self-signed", [make("mx.example.com", "p256-leaf", start=1)], [root], flags="leaf-not-yet-valid")
    chain("self-spoiled", "self-signed", [spoiled(own)], [root], flags="bad-signature")
    chain("self-named", "self-signed", [make("mx.example.com", "p256-leaf", sign_with="p256-sub")], [root], flags="bad-signature")
    chain("self-trusted", "valid", [own], [root, own], flags="self-signed-leaf", path="s0")
    chain("self-usage-trusted", "valid", [usage], [root, usage], flags="self-signed-leaf", path="s0")
    usages = dict(san=["mx.example.com"], ca=True)
    for id, expect, usage in (("ca", "other", CA_USAGE), ("ca-tls", "valid", CA_USAGE + TLS_USAGE), ("none", "valid", None)):
        trusted = make("mx.example.com", "p256-leaf", usage=usage, **usages)
        chain("self-trusted-usage-" + id, expect, [trusted], [trusted], flags="key-usage" if expect == "other" else "")
    twin = make("mx.example.com", "p256-leaf", san=["mx.example.com"], end=40)
    chain("self-trusted-twin", "valid", [own], [twin, own], alone=True)
    client = make("mx.example.com", "p256-leaf", eku=[CLIENT], **usages)
    chain("self-trusted-client", "other", [client], [client], flags="no-server-auth")
    odd = make("mx.example.com", "p256-leaf", critical=("1.3.6.1.4.1.55555.1", b"\x05\0"), **usages)
    chain("self-trusted-critical", "other", [odd], [odd], flags="critical-extension")
    old = make("mx.example.com", "p256-leaf", end=-1)
    chain("self-trusted-expired", "expired", [old], [old], fault=0, flags="leaf-expired")
    chain("self-v1", "self-signed", [as_version_1(make("mx.example.com", "rsa-leaf"), KEYS["rsa-leaf"])], [root], flags="old-version")


def chains_by_time(root, sub):
    for at, parts in enumerate([("leaf",), ("sub",), ("root",), ("leaf", "sub"), ("leaf", "sub", "root")]):
        for word, outcome, span in (("expired", "expired", dict(start=-90, end=-1)),
                                    ("future", "not-yet-valid", dict(start=1, end=90))):
            span_of = lambda part: span if part in parts else {}
            r = ca("Root", "rsa-root", **span_of("root"))
            s = ca("Sub", "rsa-sub", r, **span_of("sub"))
            position = {"leaf": 0, "sub": 1, "root": -1}[parts[0]]
            chain(f"{word}-{'-'.join(parts)}", outcome, [leaf(s, **span_of("leaf")), s], [r], fault=position)
    chain("expired-and-future", "expired", [leaf(sub, start=1, end=9), ca("Sub", "rsa-sub", root, end=-1)], [root], fault=1,
          flags="other-expired leaf-not-yet-valid")
    chain("expired-root-sent", "expired", [leaf(sub), sub, ca("Root", "rsa-root", end=-1)], [ca("Other Root", "p256-other-root")],
          fault=2, flags="untrusted-root")
    for id, seconds, expect in (("begin-before", -1, "not-yet-valid"), ("begin", 0, "valid"), ("end-before", 5 * DAY - 1, "valid"),
                                ("end", 5 * DAY, "expired")):
        chain(id, expect, [leaf(sub, start=0, end=5), sub], [root], time=TIME + seconds)
    chain("expired-incomplete", "expired", [leaf(sub, end=-1)], [root], fault=0, flags="incomplete leaf-expired")
    chain("year-2060", "valid", [leaf(sub, end=365 * 34), sub], [root])
    chain("year-9999", "valid", [leaf(sub, end=365 * 7900), sub], [root])


def chains_by_rule(root, sub):
    r0 = ca("Root 0", "p256-r0", path=0)
    i1 = ca("I1", "p256-i1", root, path=0)
    i2 = ca("I2", "p256-i2", i1)
    chain("path-0-kept", "valid", [leaf(i1), i1], [root])
    chain("path-0-broken", "other", [leaf(i2), i2, i1], [root], fault=2, flags="path-length")
    chain("path-root-broken", "other", [leaf(ca("J", "p256-j", r0)), ca("J", "p256-j", r0)], [r0], fault=-1, flags="path-length")
    chain("path-root-kept", "valid", [leaf(r0)], [r0])
    i1_wide = ca("I1", "p256-i1", root, path=1)
    chain("path-1-kept", "valid", [leaf(i2), i2, i1_wide], [root])
    again = ca("I1", "p256-i1b", i1, issuer_name="I1")   # self-issued: not counted
    chain("path-0-self-issued", "valid", [leaf(again), again, i1], [root])
    no_ca = make("Not A CA", "p256-notca", root, ca=False)
    chain("not-a-ca", "other", [leaf(no_ca), no_ca], [root], fault=1, flags="not-a-ca")
    plain = make("Plain", "p256-plain", root)
    chain("no-constraints", "other", [leaf(plain), plain], [root], fault=1, flags="not-a-ca")
    issuing = leaf(sub)
    chain("leaf-as-issuer", "other", [leaf(issuing, "p256-below", "mx2.example.com"), issuing, sub], [root], fault=1,
          flags="not-a-ca", path="s0,s1")
    no_sign = ca("No Sign", "p256-nosign", root, usage=["crl_sign"])
    chain("sub-usage", "other", [leaf(no_sign), no_sign], [root], fault=1, flags="not-a-ca", without="incomplete surplus")
    v1 = as_version_1(ca("V1 Sub", "p256-v1", root), root.key)
    chain("v1-sub", "other", [leaf(v1, aki=False), v1], [root], fault=1, flags="not-a-ca old-version")
    v1_root = as_version_1(ca("V1 Root", "rsa-v1root"), KEYS["rsa-v1root"])
    chain("v1-root", "valid", [leaf(v1_root, aki=False)], [v1_root], without="old-version")
    chain("v1-leaf", "valid", [as_version_1(leaf(sub), sub.key), sub], [root], flags="old-version no-san")
    for id, expect, purposes in (("client", "other", [CLIENT]), ("any", "other", [ANY]), ("both", "valid", [CLIENT, SERVER]),
                                 ("none", "valid", None)):
        chain("eku-" + id, expect, [leaf(sub, eku=purposes), sub], [root], fault=0 if expect == "other" else -1,
              flags="no-server-auth" if expect == "other" else "")
    for id, expect, purposes in (("client", "other", [CLIENT]), ("server", "valid", [SERVER])):
        i = ca("E", "p256-e", root, eku=purposes)
        chain("eku-sub-" + id, expect, [leaf(i), i], [root], fault=1 if expect == "other" else -1)
        r = ca("ER", "p256-er", eku=purposes)
        chain("eku-root-" + id, expect, [leaf(r)], [r], fault=-1)
    for id, expect, usage in (("sign", "valid", ["digital_signature"]), ("encipher", "valid", ["key_encipherment"]),
                              ("none", "valid", None), ("crl", "other", ["crl_sign"]), ("repudiate", "other", ["content_commitment"])):
        chain("usage-" + id, expect, [leaf(sub, usage=usage), sub], [root], flags="key-usage" if expect == "other" else "")
    chain("leaf-ca", "valid", [leaf(sub, ca=True, usage=None), sub], [root], flags="leaf-is-ca")
    odd = ("1.3.6.1.4.1.55555.1", b"\x05\0")
    chain("critical-leaf", "other", [leaf(sub, critical=odd), sub], [root], fault=0, flags="critical-extension")
    i = ca("C", "p256-c", root, critical=odd)
    chain("critical-sub", "other", [leaf(i), i], [root], fault=1, flags="critical-extension")
    r = ca("CR", "p256-cr", critical=odd)
    chain("critical-root", "other", [leaf(r)], [r], fault=-1, flags="critical-extension")
    usage_only = ca("Usage Only", "p256-usage", root, ca=None)
    chain("sub-usage-only", "other", [leaf(usage_only), usage_only], [root], fault=1, flags="not-a-ca")
    chain("sub-usage-only-in-store", "other", [leaf(usage_only)], [root, usage_only], fault=-1, flags="not-a-ca")
    r = ca("NR", "p256-nr", ca=None)
    chain("root-usage-only", "valid", [leaf(r)], [r])
    for id, how in (("no-constraints", dict(ca=None, usage=None)), ("ca-false", dict(ca=False, usage=None))):
        r = ca("NR", "p256-nr", **how)
        chain("root-" + id, "other", [leaf(r)], [r], fault=-1, flags="not-a-ca")
    chain("unknown-extension", "valid", [leaf(sub, junk=odd), sub], [root])
    chain("bad-extension-leaf", "other", [leaf(sub, ski=False, junk=("2.5.29.14", b"\x05\0")), sub], [root], fault=0,
          flags="bad-extension")
    i = ca("B", "p256-b", root, ski=False, junk=("2.5.29.14", b"\x05\0"))
    chain("bad-extension-sub", "incomplete", [leaf(i, aki=False), i], [root], fault=0, flags="bad-extension")


def chains_by_signature(root, sub):
    chain("spoiled-leaf", "bad-signature", [spoiled(leaf(sub)), sub], [root], fault=0, flags="bad-signature")
    chain("spoiled-sub", "bad-signature", [leaf(sub), spoiled(sub)], [root], fault=1)
    chain("spoiled-both", "bad-signature", [spoiled(leaf(sub)), spoiled(sub)], [root], fault=0)
    chain("other-kind-of-key", "incomplete", [leaf(sub, sign_with="p256-sub", aki=False), sub], [root], fault=0)
    both = ca("Sub", "p256-sub", root, ski=False)
    chain("both-kinds-of-key", "valid", [leaf(both, aki=False), sub, both], [root], path="s0,s2,r0")
    chain("both-kinds-of-key-roots", "valid", [leaf(root, aki=False)], [ca("Root", "p256-root2", ski=False), root], path="s0,r1")
    chain("self-named-other-kind", "incomplete", [make("mx.example.com", "p256-leaf", sign_with="rsa-sub", aki=False)], [root], fault=0)
    spoiled_ec = ca("Spoiled EC", "p256-spoiled", root)
    chain("spoiled-ec", "bad-signature", [spoiled(leaf(spoiled_ec)), spoiled_ec], [root], fault=0)
    ed = ca("Ed", "ed25519-spoiled", root)
    chain("spoiled-ed25519", "bad-signature", [spoiled(leaf(ed)), ed], [root], fault=0)
    rollover = ca("Root", "p256-rolled", root, ski=False)   # named as its issuer, whose key is of another kind
    chain("self-named-root-other-kind", "incomplete", [leaf(rollover), rollover], [ca("Other Root", "p256-other-root")], fault=1,
          without="untrusted-root")
    chain("spoiled-expired", "expired", [spoiled(leaf(sub, end=-1)), sub], [root], fault=0, flags="bad-signature leaf-expired")


def chains_by_constraint(root):
    def under(id, expect, sans, *, at_root=False, subject="mx.example.com", **constraint):
        top = ca("NC Root", "p256-ncroot", **(constraint if at_root else {}))
        i = ca("NC Sub", "p256-ncsub", top, **({} if at_root else constraint))
        chain("constraint-" + id, expect, [leaf(i, san=sans, subject=subject), i], [top], fault=0 if expect == "other" else -1,
              flags="name-constraints" if expect == "other" else "")
    net = lambda text: x509.IPAddress(ipaddress.ip_network(text))
    under("permitted", "valid", ["mx.example.com"], permit=["example.com"])
    under("not-permitted", "other", ["mx.example.org"], permit=["example.com"])
    under("one-not-permitted", "other", ["mx.example.com", "mx.example.org"], permit=["example.com"])
    under("excluded", "other", ["mx.example.com"], exclude=["example.com"])
    under("not-excluded", "valid", ["mx.example.com"], exclude=["example.org"])
    under("excluded-within", "other", ["mx.bad.example.com"], permit=["example.com"], exclude=["bad.example.com"])
    under("same-end", "other", ["mxexample.com"], permit=["example.com"])
    under("wildcard", "valid", ["*.example.com"], permit=["example.com"])
    under("root-permitted", "valid", ["mx.example.com"], at_root=True, permit=["example.com"])
    under("root-not-permitted", "other", ["mx.example.org"], at_root=True, permit=["example.com"])
    under("ip-permitted", "valid", ["ip:192.0.2.1"], permit=[net("192.0.2.0/24")])
    under("ip-not-permitted", "other", ["ip:198.51.100.1"], permit=[net("192.0.2.0/24")])
    under("ip-excluded-all", "other", ["ip:2001:db8::1"], exclude=[net("0.0.0.0/0"), net("::/0")])
    under("ip-and-host", "valid", ["mx.example.com", "ip:192.0.2.1"], permit=["Example.COM", net("192.0.2.0/24")])
    under("ip-good-host-bad", "other", ["ip:192.0.2.1", "mx.example.org"], permit=["example.com", net("192.0.2.0/24")])
    under("ip-in-directory", "valid", ["ip:192.0.2.1"],
          permit=[net("192.0.2.0/24"), x509.DirectoryName(name("mx.example.com"))])
    under("ip-out-of-directory", "other", ["ip:192.0.2.1"],
          permit=[net("192.0.2.0/24"), x509.DirectoryName(name("mx.example.org"))])
    under("ip-other-family", "other", ["ip:2001:db8::1"], permit=[net("192.0.2.0/24")])
    under("cn-permitted", "valid", None, permit=["example.com"])
    under("cn-excluded", "other", None, exclude=["example.com"])
    under("mail-free", "valid", ["mx.example.com", "mail:a@example.org"], permit=["example.com"])
    under("mail-not-permitted", "other", ["mx.example.com", "mail:a@example.org"], permit=[x509.RFC822Name("example.com")])
    under("directory", "valid", ["mx.example.com"], permit=[x509.DirectoryName(name("mx.example.com"))])
    under("directory-not", "other", ["mx.example.com"], permit=[x509.DirectoryName(name("mx.example.org"))])
    under("no-san-cn", "other", None, subject="mx.example.org", permit=["example.com"])


def chains_with_pool(root, sub):
    good = leaf(sub)
    i1 = ca("P1", "p256-p1", root)
    i2 = ca("P2", "p256-p2", i1)
    chain("pool", "incomplete", [good], [root], pool=[sub], fault=0, flags="incomplete completable", path="s0,p0,r0")
    chain("pool-two", "incomplete", [leaf(i2)], [root], pool=[sub, i2, i1], fault=0, flags="completable")
    chain("pool-upper", "incomplete", [leaf(i2), i2], [root], pool=[i1], fault=1, flags="completable", path="s0,s1,p0,r0")
    chain("pool-short", "incomplete", [leaf(i2)], [root], pool=[i2], fault=0, without="completable", path="s0")
    chain("pool-expired", "incomplete", [good], [root], pool=[ca("Sub", "rsa-sub", root, end=-1)], without="completable")
    chain("pool-renewed", "incomplete", [good], [root], pool=[ca("Sub", "rsa-sub", root, end=-1), sub], flags="completable")
    chain("pool-impostors", "incomplete", [leaf(sub, aki=False)], [root],
          pool=[*[ca("Sub", f"p256-fake-{n}", root, ski=False) for n in range(5)], sub], flags="completable")
    chain("pool-not-needed", "valid", [good, sub], [root], pool=[sub], without="completable", path="s0,s1,r0")
    chain("pool-not-trusted", "incomplete", [good], [ca("Other Root", "p256-other-root")], pool=[sub], without="completable")


# ---- names: (presented, common name, reference, what we say; None: what OpenSSL says) ----

def names():
    def row(reference, expect, *sans, cn="Example"):
        NAMES.append((reference, expect, sans or None, cn))
    row("mx.example.com", "exact", "mx.example.com")
    row("MX.example.COM", "exact", "mx.EXAMPLE.com")
    row("mx.example.com", "exact", "a.example.com", "*.example.com", "mx.example.com")
    row("mx.example.com", "wildcard", "a.example.com", "*.example.com")
    row("mx.example.com", "wildcard", "*.example.com", cn="mx.example.com")
    row("mx.example.com", "no", "example.com")
    row("example.com", "no", "*.example.com")
    row("a.b.example.com", "no", "*.example.com")
    row("a.b.example.com", "no-names", "a.*.example.com")
    row("mx.example.com", "no-names", "*.com")
    row("example.com", "no-names", "*.com")
    row("example.com", "no-names", "*")
    row("mx.example.com", "no-names", "*.*.com")
    row("mx.example.com", "no-names", "m*.example.com")
    row("mx.example.com", "no-names", "*x.example.com")
    row("mx.example.com", "no-names", "**.example.com")
    row("xn--mx-fka.example.com", "exact", "xn--mx-fka.example.com")
    row("xn--mx-fka.example.com", "wildcard", "*.example.com")
    row("xn--mx-fka.example.com", "no-names", "xn--*.example.com")
    row("mx.example.com", "no-names", "mx.example.com\0.example.org")
    row("mx.example.com", "no-names", "mx.example.com.")
    row("mx.example.com.", "exact", "mx.example.com")
    row("mx.example.com", "no-names", ".example.com")
    row("mx.example.com", "no-names", " mx.example.com")
    row("mx.example.com", "no", *[f"h{n}.example.com" for n in range(400)])
    row("h399.example.com", "exact", *[f"h{n}.example.com" for n in range(400)])
    row("mx.example.com", "cn-only", cn="mx.example.com")
    row("mx.example.com", "no", cn="mx.example.org")
    row("mx.example.com", "no-names", cn="Example Mail")
    row("mx.example.com", "no-names", cn="*.example.com")
    row("mx.example.com", "cn-only", "mail:a@example.com", cn="mx.example.com")
    row("mx.example.com", "cn-only", "ip:192.0.2.1", cn="mx.example.com")
    row("mx.example.com", "no", "mx.example.org", cn="mx.example.com")
    row("192.0.2.1", "exact", "ip:192.0.2.1")
    row("192.0.2.1", "no", "ip:192.0.2.2")
    row("192.0.2.1", "no-names", "192.0.2.1")
    row("192.0.2.1", "no-names", cn="192.0.2.1")
    row("2001:db8::1", "exact", "mx.example.com", "ip:2001:db8::1")
    row("2001:db8::1", "no", "ip:2001:db8::2")
    row("192.0.2.1", "no", "ip:::ffff:192.0.2.1")


# reference and presented names that OpenSSL lets match and we do not: reason
NAME_DIFFERS = {
    ("mx.example.com", ("m*.example.com",)): "a wildcard is the whole label (RFC 9525, 6.3)",
    ("mx.example.com", ("*x.example.com",)): "a wildcard is the whole label (RFC 9525, 6.3)",
    ("mx.example.com.", ("mx.example.com",)): "the dot at the end only says that the name is whole",
    ("mx.example.com", None, "*.example.com"): "a common name is no wildcard",
}


# ---- the comparison ----

OPENSSL_CLASS = {18: "self-signed", 10: "expired", 9: "not-yet-valid", 2: "incomplete", 20: "incomplete", 21: "incomplete",
                 19: "untrusted-root", 7: "bad-signature"}
PRECEDENCE = ["self-signed", "expired", "not-yet-valid", "incomplete", "untrusted-root", "bad-signature", "other"]


class Files:
    def __init__(self, folder):
        self.folder, self.num = folder, 0

    def write(self, octets):
        self.num += 1
        path = os.path.join(self.folder, str(self.num))
        with open(path, "wb") as f:
            f.write(octets)
        return path

    def pems(self, certs):
        return self.write(b"".join(c.pem() for c in certs))

    def ders(self, certs):
        return self.write(b"".join(len(c.der).to_bytes(4, "big") + c.der for c in certs))


def openssl_verify(files, sent, store, time, *options):
    """True and no errors, or False and the set of error numbers."""
    rest = [c for c in sent[1:] if c.subject is not None]   # OpenSSL's tool takes no file with junk in it
    words = ["openssl", "verify", "-no-CApath", "-no-CAstore", "-CAfile", files.pems(store), "-purpose", "sslserver",
             "-attime", str(time), *options]
    if rest:
        words += ["-untrusted", files.pems(rest)]
    done = subprocess.run([*words, files.pems(sent[:1])], capture_output=True, text=True, check=False)
    errors = {int(n) for n in re.findall(r"error (\d+) at", done.stdout + done.stderr)}
    return done.returncode == 0, errors


def openssl_class(errors):
    classes = {OPENSSL_CLASS.get(n, "other") for n in errors}
    return next((c for c in PRECEDENCE if c in classes), "other")


def judge_print(program, lines):
    done = subprocess.run([program], input="\n".join(lines) + "\n", capture_output=True, text=True, check=True)
    return {words[0]: words[1:] for words in map(str.split, done.stdout.splitlines())}


def check_chain(case, words, verified, errors):
    """What is wrong with a verdict, as sentences."""
    outcome, fault, flags, path = words[0], int(words[1]), words[2].split(","), words[3]
    if outcome != case["expect"]:
        yield f"{outcome}, not {case['expect']}"
    if case["fault"] is not None and fault != case["fault"]:
        yield f"fault at {fault}, not {case['fault']}"
    if case["path"] is not None and path != case["path"]:
        yield f"path {path}, not {case['path']}"
    yield from (f"no flag {f}" for f in case["flags"] if f not in flags)
    yield from (f"flag {f}" for f in case["without"] if f in flags)
    if case["alone"]:
        return
    if case["id"] in REFUSED:
        if outcome == "valid" or not verified:
            yield "does not differ from OpenSSL: take it off the list"
    elif (outcome == "valid") != verified:
        yield f"{outcome}, but OpenSSL says {verified} {sorted(errors)}"
    elif not verified and openssl_class(errors) != outcome and case["id"] not in CLASS_DIFFERS:
        yield f"{outcome}, but OpenSSL's errors {sorted(errors)} mean {openssl_class(errors)}"
    elif case["id"] in CLASS_DIFFERS and (verified or openssl_class(errors) == outcome):
        yield "does not differ from OpenSSL: take it off the list"


def check_name(row, match, verified):
    reference, expect, sans, cn = row
    if match != expect:
        yield f"{match}, not {expect}"
    differs = (reference, sans) in NAME_DIFFERS or (reference, sans, cn) in NAME_DIFFERS
    if (match in ("exact", "wildcard", "cn-only")) == verified and differs:
        yield "does not differ from OpenSSL: take it off the list"
    if (match in ("exact", "wildcard", "cn-only")) != verified and not differs:
        yield f"{match}, but OpenSSL says {verified}"


def main():
    root = ca("Root", "rsa-root")
    sub = ca("Sub", "rsa-sub", root)
    for make_chains in (chains_by_key, chains_as_sent, chains_by_trust, chains_by_time, chains_by_rule, chains_by_signature,
                        chains_with_pool):
        make_chains(root, sub)
    chains_self_signed(root)
    chains_by_constraint(root)
    names()
    assert len({c["id"] for c in CASES}) == len(CASES)
    assert set(PRECEDENCE) | {"valid"} <= {c["expect"] for c in CASES}
    faults = 0
    with tempfile.TemporaryDirectory() as folder:
        files = Files(folder)
        lines = [f"{c['id']} {c['time']} {files.pems(c['store'])} {files.ders(c['pool']) if c['pool'] else '-'} - "
                 f"{files.ders(c['sent'])}" for c in CASES]
        named = [leaf(sub, subject=cn, san=sans) for _, _, sans, cn in NAMES]
        lines += [f"name-{n} {TIME} {files.pems([root])} - {row[0]} {files.ders([named[n], sub])}" for n, row in enumerate(NAMES)]
        verdicts = judge_print(sys.argv[1], lines)
        for case in CASES:
            verified, errors = openssl_verify(files, case["sent"], case["store"], case["time"])
            for text in check_chain(case, verdicts[case["id"]], verified, errors):
                faults += 1
                print(f"{case['id']}: {text}   [{' '.join(verdicts[case['id']])}]")
        for n, row in enumerate(NAMES):
            option = "-verify_ip" if re.fullmatch(r"[0-9.]+|.*:.*", row[0]) else "-verify_hostname"
            verified, _ = openssl_verify(files, [named[n], sub], [root], TIME, option, row[0])
            for text in check_name(row, verdicts[f"name-{n}"][-1], verified):
                faults += 1
                print(f"name {row[0]} by {row[2] and row[2][:3]} {row[3]!r}: {text}")
    print(f"{len(CASES)} chains, {len(NAMES)} names: {faults} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
