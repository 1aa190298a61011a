"""mxprobe against every behaviour of the mail Internet: the verdict, its words and the exit code, JSON and PEM, within its
time-outs; its facts are those of `openssl s_client -starttls smtp`. usage: test_mxprobe.py BUILD-FOLDER"""

import concurrent.futures
import json
import os
import re
import socket
import subprocess
import time

import dns
import harness as h
import s_client

AT_ONCE = 12
REPLY_S = 2
SESSION_S = 4 * REPLY_S      # h.timeouts
QUIT_S = 3                   # for the 221 and the peer's FIN
OWN_S = 1                    # what mxprobe takes beside them
EXITS = {"well": 0, "wrong": 4, "broken": 5, "no-smtp": 6, "unknown": 7}

# stage and cause, as the truth has them -> class, and words that the text must have
OUTCOMES = {
    ("greeting", "rejected"): ("unknown", "The server refuses us"),
    ("greeting", "throttled"): ("unknown", "asks us to come back later"),
    ("greeting", "malformed"): ("no-smtp", "does not speak SMTP"),
    ("greeting", "timeout"): ("no-smtp", "no greeting comes"),
    ("greeting", "closed"): ("no-smtp", "closed instead of a greeting"),
    ("greeting", "reset"): ("no-smtp", "closed instead of a greeting"),
    ("greeting", "too-long"): ("no-smtp", "does not end within any limit"),
    ("ehlo", "rejected"): ("unknown", "The server refuses"),
    ("ehlo", "throttled"): ("unknown", "asks us to come back later"),
    ("ehlo", "malformed"): ("no-smtp", "does not speak SMTP"),
    ("ehlo", "timeout"): ("no-smtp", "breaks off after EHLO"),
    ("ehlo", "closed"): ("no-smtp", "breaks off after EHLO"),
    ("ehlo", "reset"): ("no-smtp", "breaks off after EHLO"),
    ("ehlo", "too-long"): ("no-smtp", "does not end within any limit"),
    ("starttls", "not-offered"): ("broken", "STARTTLS is "),
    ("starttls", "rejected"): ("broken", "offered, and then refused"),
    ("starttls", "throttled"): ("unknown", "asks us to come back later"),
    ("starttls", "malformed"): ("broken", "is no SMTP reply"),
    ("starttls", "too-long"): ("broken", "is no SMTP reply"),
    ("starttls", "timeout"): ("broken", "and then not answered"),
    ("starttls", "closed"): ("broken", "and then not answered"),
    ("starttls", "reset"): ("broken", "and then not answered"),
    ("handshake", "timeout"): ("broken", "is not answered in time"),
    ("handshake", "closed"): ("broken", "cut in the TLS handshake"),
    ("handshake", "reset"): ("broken", "cut in the TLS handshake"),
    ("handshake", "not-tls"): ("broken", "then speaks no TLS"),
    ("handshake", "early-plaintext"): ("broken", "the handshake fails"),
    ("handshake", "alert-received"): ("broken", "alert"),
    ("handshake", "alert-sent"): ("broken", "alert"),
    ("ehlo-tls", "rejected"): ("broken", "EHLO is refused inside it"),
    ("ehlo-tls", "throttled"): ("unknown", "asks us to come back later"),
    ("ehlo-tls", "malformed"): ("broken", "TLS works, but SMTP does not go on"),
    ("ehlo-tls", "too-long"): ("broken", "TLS works, but SMTP does not go on"),
    ("ehlo-tls", "timeout"): ("broken", "TLS works, but SMTP does not go on"),
    ("ehlo-tls", "closed"): ("broken", "TLS works, but SMTP does not go on"),
    ("ehlo-tls", "reset"): ("broken", "TLS works, but SMTP does not go on"),
    ("ehlo-tls", "alert-received"): ("broken", "TLS works, but SMTP does not go on"),
    ("ehlo-tls", "alert-sent"): ("broken", "TLS works, but SMTP does not go on"),
    ("ehlo-tls", "tls-error"): ("broken", "TLS works, but SMTP does not go on"),
}

# behaviours whose verdict is not that of their outcome: class, slug of the first finding, words
SPECIAL = {
    "masked-greeting": ("broken", "starttls-stripped", "masked on its way"),
    "masked-keywords": ("broken", "starttls-stripped", "masked on its way"),
    "ehlo-refused": ("unknown", "no-ehlo", "refuses EHLO and takes HELO"),
    "tls10": ("wrong", "old-version", "TLSv1.0 was chosen"),
    "tls11": ("wrong", "old-version", "TLSv1.1 was chosen"),
    "expired": ("wrong", "chain-expired", "days ago"),
    "not-yet-valid": ("wrong", "chain-not-yet-valid", "valid in"),
    "expiring": ("wrong", "expires-soon", "within a week: 3 days left"),
    "self-signed": ("wrong", "chain-self-signed", "signed by its own key"),
    "shared-vendor": ("wrong", "chain-self-signed", "signed by its own key"),
    "wrong-name": ("wrong", "name-mismatch", "for another name"),
    "shared-network": ("wrong", "name-mismatch", "for another name"),
    "no-intermediate": ("wrong", "chain-incomplete", "MISSING: CN="),
    "early-plaintext": ("wrong", "early-plaintext", "injected"),
    "wrong-order": ("well", "chain-order-wrong", "sent before one that it certifies"),
    "root-included": ("well", "chain-root-included", "a root was sent"),
    "leaf-twice": ("well", "chain-duplicate", "more than once"),
    "sixty-certificates": ("well", "chain-surplus", "and 50 more"),
    "warning-alert": ("well", "warning-alert", "unrecognized_name"),
    "tls12-rsa-kx": ("well", "no-forward-secrecy", "no forward secrecy"),
    "tls12-rsa-kx-cbc": ("well", "no-forward-secrecy", "no forward secrecy"),
    "alert-handshake-failure": ("broken", "no-common-tls", "no TLS in common"),
    "alert-protocol-version": ("broken", "no-common-tls", "no TLS in common"),
    "rote-ssl": ("wrong", "old-version", "TLSv1.0 was chosen"),
    "rote-ssl3": ("broken", "no-common-tls", "we sent alert 70, protocol_version"),
    "rote-rc4": ("broken", "no-common-tls", "it sent alert 40, handshake_failure"),
    "rote-downgrade": ("broken", "handshake-invalid", "speaks a newer TLS than it chose here"),
    "rote-alpn": ("broken", "handshake-invalid", "we sent alert 110, unsupported_extension"),
    "staple-good": ("well", None, "good: the certificate is not revoked"),
    "staple-tls12": ("well", None, "good: the certificate is not revoked"),
    "staple-revoked": ("wrong", "revoked", "The certificate is revoked"),
    "staple-unknown": ("wrong", "staple-bad", "the responder does not know the certificate"),
    "staple-expired": ("wrong", "staple-bad", "newer news were due"),
    "staple-bad-signature": ("wrong", "staple-bad", "not signed by one who may"),
    "staple-other": ("wrong", "staple-bad", "about other certificates"),
    "staple-try-later": ("wrong", "staple-bad", "sent an error, no answer"),
    "staple-garbage": ("wrong", "staple-bad", "is no OCSP response"),
    "timestamps": ("well", None, "in TLS, signatures unchecked"),
    "timestamps-tls12": ("well", None, "in TLS, signatures unchecked"),
    "client-certificate": ("well", None, "asks for a certificate of ours"),
    "client-certificate-tls12": ("well", None, "asks for a certificate of ours"),
    "tls12-ticket": ("well", None, "session ticket for"),
    "tls13-ticket": ("well", None, "session ticket for"),
    "starttls-inside": ("wrong", "starttls-again", "offered again inside TLS"),
    "auth-inside": ("well", None, "new AUTH"),
    "alert-insufficient-security": ("broken", "no-common-tls", "no TLS in common"),
}
# what shows itself only to who gives no name
NAMELESS = ("certificate-by-name", "rote-sni-certificate", "rote-sni-required")

# with all audits: a finding, or None, and words
AUDITED = {
    "rote-ssl2": ("ssl-accepted", "SSLv2"),
    "rote-ssl3": ("ssl-accepted", "SSLv3"),
    "rote-all-versions": ("ssl-accepted", "SSLv2, SSLv3"),
    "rote-rc4": ("broken-ciphers", "TLS_RSA_WITH_RC4_128_"),
    "rote-export": ("broken-ciphers", "_EXPORT_"),
    "rote-null": ("broken-ciphers", "_WITH_NULL_"),
    "rote-anonymous": ("broken-ciphers", "_anon_"),
    "rote-dhe-1024": ("weak-dh", "1024 bits"),
    "rote-dhe-2048": (None, "2048 bits"),
    "rote-compression": ("compression", "DEFLATE"),
    "rote-no-scsv": ("no-fallback-scsv", "a downgrade is not refused"),
    "rote-scsv": (None, "a downgrade is refused"),
    "rote-large-silent": ("hello-intolerant", "get no answer"),
    "rote-pq": (None, "X25519MLKEM768"),
    "rote-sni-certificate": (None, "depends on the name"),
    "tls13-ticket": (None, "resumption works"),
    "tls13-p256": ("no-post-quantum", "suites TLSv1.3 TLS_AES_128_GCM_SHA256"),
}
PRINTABLE = re.compile(rb"^[\n\x20-\x7e\x80-\xff]*$")
UNPRINTABLE = re.compile("[\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\u2028\u2029]")


def leaf_name(greeting):
    """the farm's certificates have the name that greets"""
    word = greeting.split()[1] if len(greeting.split()) > 1 else ""
    return word if re.fullmatch(r"mx-[0-9a-f]+\.[a-z0-9.]+", word) else None


class Probe:
    """how mxprobe is called here"""

    def __init__(self, programs, port, root):
        self.program, self.port = programs.mxprobe, port
        self.options = ["--trust-store", str(root), "--time", h.FARM_DATE, "--connect-timeout", f"{REPLY_S}s", *h.timeouts(REPLY_S)]

    def run(self, addr, *options):
        argv = [self.program, *self.options, *options, f"{addr}:{self.port}"]
        start = time.monotonic()
        done = subprocess.run(argv, capture_output=True, timeout=60)
        return done, time.monotonic() - start


def expected(behaviour, truth):
    if behaviour in SPECIAL:
        return SPECIAL[behaviour]
    if (truth["stage"], truth["cause"]) == ("done", "ok"):
        return "well", None, "Verdict: all is well"
    known = OUTCOMES.get((truth["stage"], truth["cause"]))
    h.check(known is not None, f"{behaviour}: this test has no verdict for {truth['stage']}/{truth['cause']}")
    return known[0], None, known[1]


def check_text(behaviour, text, words):
    h.check(PRINTABLE.match(text), f"{behaviour}: a control octet reaches the terminal")
    shown = text.decode("utf-8")   # always valid
    h.check(not UNPRINTABLE.search(shown), f"{behaviour}: a control character reaches the terminal")
    flat = " ".join(shown.split())
    h.check(words in flat, f"{behaviour}: {words!r} is not in:\n{shown}")
    wide = [line for line in shown.splitlines() if len(line) > 100]
    h.check(not wide, f"{behaviour}: too wide: {wide[:1]}")


def check_json(behaviour, record, truth, want, code):
    verdict = record["verdict"]
    h.check(h.facts(record) == h.facts(truth), f"{behaviour}: {h.facts(record)}, the truth is {h.facts(truth)}")
    h.check(verdict["class"] == want[0], f"{behaviour}: verdict {verdict}, expected {want}")
    h.check(code == EXITS[want[0]] == verdict["exit_code"], f"{behaviour}: exit code {code}")
    slugs = [f["slug"] for f in verdict["findings"]]
    h.check(want[1] is None or want[1] in slugs[:1], f"{behaviour}: findings are {slugs}, expected {want[1]} first")
    h.check(bool(slugs) or want[0] == "well", f"{behaviour}: nothing is found")
    for f in verdict["findings"]:
        h.check(f["what"] and f["why"], f"{behaviour}: a finding without words: {f}")


def check_behaviour(probe, behaviour, truth, name):
    want = expected(behaviour, truth)
    as_json, took_json = probe.run(truth["addr"], "--json", *name)
    as_text, took_text = probe.run(truth["addr"], "-v", *name)
    h.check(not as_json.stderr and not as_text.stderr, f"{behaviour}: {as_json.stderr!r} {as_text.stderr!r}")
    records = [json.loads(line) for line in as_json.stdout.splitlines()]
    h.check(len(records) == 1, f"{behaviour}: {len(records)} records")
    check_json(behaviour, records[0], truth, want, as_json.returncode)
    h.check(as_text.returncode == as_json.returncode, f"{behaviour}: text and JSON exit differently")
    check_text(behaviour, as_text.stdout, want[2])
    h.check(records[0]["ms"]["total"] <= 1000 * (SESSION_S + OWN_S), f"{behaviour}: a session of {records[0]['ms']['total']} ms")
    slow = max(took_json, took_text)
    h.check(slow <= SESSION_S + QUIT_S + OWN_S, f"{behaviour}: took {slow:.1f} s")
    return records[0]


def check_audit(probe, behaviour, truth, name):
    """what audits find is in words, and among the findings"""
    slug, words = AUDITED[behaviour]
    argv = ["--audit", "all", "--audit-delay", "10ms", *(["--host", name] if name else [])]
    as_text, _ = probe.run(truth["addr"], *argv)
    as_json, _ = probe.run(truth["addr"], "--json", *argv)
    check_text(behaviour, as_text.stdout, words)
    record = json.loads(as_json.stdout)
    slugs = [f["slug"] for f in record["verdict"]["findings"]]
    h.check("audit" in record, f"{behaviour}: no audit in JSON")
    h.check(slug is None or slug in slugs, f"{behaviour}: audited: findings are {slugs}, expected {slug}")


def check_openssl(behaviour, record, port, host):
    """its facts are those that openssl tells"""
    tls = record["tls"]
    got = {"version": tls["version"], "suite": tls["suite"], "group": tls.get("group"), "chain": record["chain"]}
    want = s_client.s_client(record["addr"], port, host)
    if want is None:   # what OpenSSL does not get through (an alert, plaintext) is no comparison
        return False
    h.check(got == want, f"{behaviour}: mxprobe says {got}, openssl says {want}")
    return True


def check_certs(probe, folder, truth):
    """--certs: the chain as it was sent, as openssl reads it"""
    done, _ = probe.run(truth["addr"], "--certs")
    pems = re.findall(rb"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n", done.stdout, re.S)
    h.check(len(pems) == len(truth["chain"]), f"--certs wrote {len(pems)} certificates")
    for pem, sha256 in zip(pems, truth["chain"]):
        out = subprocess.run(["openssl", "x509", "-noout", "-fingerprint", "-sha256"], input=pem, capture_output=True, timeout=60)
        got = out.stdout.decode().strip().split("=")[-1].replace(":", "").lower()
        h.check(out.returncode == 0 and got == sha256, f"--certs: openssl reads {got}")


def check_usage(probe):
    """colour, time, and what is refused"""
    done, _ = probe.run("127.0.0.1", "--color", "always")
    h.check(b"\x1b[" in done.stdout, "--color always is colourless")
    done, _ = probe.run("127.0.0.1")
    h.check(b"\x1b" not in done.stdout, "a pipe gets colour")
    for argv in (["224.0.0.1"], ["0.0.0.0"], ["127.0.0.0/24"], ["--trust-store", "/nonexistent", "127.0.0.1"], [],
                 ["192.0.2.1"]):   # without --ehlo-name
        done = subprocess.run([probe.program, *argv], capture_output=True, timeout=60)
        h.check(done.returncode == 2 and done.stderr.startswith(b"mxprobe: "), f"{argv}: {done.returncode} {done.stderr!r}")
    done = subprocess.run([probe.program, *probe.options, f"127.0.0.1:{closed_port()}"], capture_output=True, timeout=60)
    h.check(done.returncode == 6 and b"refuses connections" in done.stdout, f"a closed port: {done.returncode}")
    full = subprocess.run([probe.program, *probe.options, f"127.0.0.1:{probe.port}"], stdout=open("/dev/full", "wb"),
                          stderr=subprocess.PIPE, timeout=60)
    h.check(full.returncode == 1, f"a full disk: {full.returncode}")


def check_name(probe, truths):
    """a host name: each of its addresses in turn, and the worst of them as exit code; addresses of no host are left alone"""
    addrs = [truths[b]["addr"] for b in ("tls13-p256", "greeting-421", "expired")]
    zone = {"mx.example.com": {"A": [*addrs, "224.0.0.1"]}, "later.example.com": {"A": addrs[1:2]}, "fails.example.com": "SERVFAIL"}
    with dns.server(zone) as port:
        argv = [probe.program, *probe.options, "--json", "--dns-servers", f"127.0.0.1:{port}", "--ehlo-name", "probe.example.com"]
        found = {}
        for name in ("mx", "later", "fails", "none"):
            done = subprocess.run([*argv, f"{name}.example.com:{probe.port}"], capture_output=True, timeout=60)
            records = [json.loads(line) for line in done.stdout.splitlines()]
            found[name] = done.returncode, sorted(r["verdict"]["class"] for r in records)
            h.check(all(r["host"] == f"{name}.example.com" for r in records), f"{name}: another host")
    want = {"mx": (6, ["no-smtp", "unknown", "wrong", "wrong"]), "later": (7, ["unknown"]), "fails": (6, ["no-smtp"]),
            "none": (6, ["no-smtp"])}
    h.check(found == want, f"names: {found}, expected {want}")


def closed_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def everyone(programs, folder):
    """a population in which every behaviour of the farm lives, the rare ones too"""
    rows = programs.run(programs.mxfarm, "--list").stdout.decode().splitlines()
    behaviours = [row.split("`")[1] for row in rows if row.startswith("| `")]
    population = folder / "population"
    population.write_text("".join(f"{b} {4096 // len(behaviours)}\n" for b in behaviours))
    return ["--seed", "1", "--population", population], behaviours


def names_of(programs, truths, port):
    """the name of each server, as its greeting says it"""
    with h.scratch() as folder:
        output = folder / "names.mxs.zst"
        programs.run(*h.sweep_argv(programs, port, output, "-r", "0", *[t["addr"] for t in truths.values()],
                                   limits=h.timeouts(REPLY_S)))
        return {r["addr"]: leaf_name(r.get("greeting", "")) for r in programs.export(output)}


def visit(programs, folder, port, truths):
    """every behaviour, and what is asked of one alone"""
    root = folder / "root.pem"
    root.write_bytes(programs.run(programs.mxfarm, "--now", h.FARM_DATE, "--seed", "1", "--root").stdout)
    probe = Probe(programs, port, root)
    names = names_of(programs, truths, port)
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        def one(behaviour):
            t = truths[behaviour]
            name = names.get(t["addr"])
            if behaviour in NAMELESS:
                name = None
            record = check_behaviour(probe, behaviour, t, ["--host", name] if name else [])
            done = (t["stage"], t["cause"]) == ("done", "ok")
            return done and check_openssl(behaviour, record, port, name)
        jobs = [pool.submit(one, behaviour) for behaviour in sorted(truths)]
        audits = [pool.submit(check_audit, probe, b, truths[b], names.get(truths[b]["addr"])) for b in AUDITED]
        faults = [j.exception() for j in jobs + audits]   # waits for all
    for fault in filter(None, faults):
        print(fault)
    h.check(not any(faults), f"{sum(map(bool, faults))} behaviours are told wrongly")
    compared = sum(j.result() for j in jobs)
    h.check(compared >= 30, f"only {compared} behaviours could be compared with openssl")
    for behaviour in ("tls13-p256", "chain-4", "sixty-certificates", "no-intermediate"):
        check_certs(probe, folder, truths[behaviour])
    check_usage(probe)
    check_name(probe, truths)
    left = [f for f in os.listdir(os.environ.get("TMPDIR", "/tmp")) if f.startswith("mxprobe-")]
    h.check(not left, f"left behind: {left}")
    print(f"{len(truths)} behaviours have the right verdict; the facts of {compared} are openssl's")


def main():
    programs = h.build_folder()
    with h.scratch() as folder:
        farm, behaviours = everyone(programs, folder)
        truths = {}
        for t in h.truth(programs, "127.32.0.0/20", *farm, limits=h.timeouts(REPLY_S)).values():
            truths.setdefault(t["behaviour"], t)
        h.check(sorted(truths) == sorted(behaviours), "not every behaviour has an address")
        with h.farm(programs, *map(str, farm)) as port:
            visit(programs, folder, port, truths)


main()
