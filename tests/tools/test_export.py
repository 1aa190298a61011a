"""Exports a dataset with everything in it in all formats, and compares them with each other and with other programs' readers.
usage: test_export.py MXSTAT MAKE_EXPORT SCHEMA"""

import base64
import csv
import hashlib
import io
import ipaddress
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import warnings

import schema

warnings.simplefilter("ignore")   # of certificates that another library does not like
csv.field_size_limit(1 << 24)

MXSTAT, MAKE, SCHEMA = sys.argv[1:4]
ROOT = pathlib.Path(SCHEMA).parent.parent
DATA = ROOT / "tests" / "data"
GEO = ["--country-db", DATA / "mmdb" / "country-maxmind.mmdb", "--asn-db", DATA / "mmdb" / "asn.mmdb"]
RECORDS = 2500
RULES = json.loads(pathlib.Path(SCHEMA).read_text())
FORMULA = re.compile("^[\\s\ufeff]*[=+\\-@\uff1d\uff0b\uff0d\uff20\t\r]")


def check(condition, what):
    if not condition:
        raise SystemExit(f"FAIL: {what}")


def export(*argv, expect=0, says=None):
    done = subprocess.run([MXSTAT, "export", *map(str, argv)], capture_output=True, timeout=120)
    check(done.returncode == expect, f"export {argv}: exit code {done.returncode}, expected {expect}: {done.stderr[-500:]!r}")
    if says is not None:
        check(re.search(says, done.stderr.decode()), f"export {argv} does not say {says!r} but {done.stderr!r}")
    elif expect == 0:
        check(done.stderr == b"", f"export {argv} says {done.stderr!r}")
    return done.stdout


def lines_of(*argv, parts=False):
    """the records, each of the schema; parts: with some columns only, so that what is required may be missing"""
    out = export(*argv)
    is_inert(out, f"export {argv}")
    records = [json.loads(line) for line in out.splitlines()]
    for record in records:
        wrong = [w for w in schema.problems(record, RULES, RULES) if not (parts and "lacks" in w)]
        check(not wrong, f"export {argv}: a line is not of the schema: {wrong[:3]}")
    return records


def is_inert(text, what):
    shown = text.decode()   # UTF-8, all of it
    bad = [c for c in shown if (ord(c) < 32 and c not in "\r\n") or 127 <= ord(c) < 160 or c in "\u202e\u2028\u2066\u200f\u061c"]
    check(not bad, f"{what}: {bad[:5]!r} would reach a terminal")


def octets(text):
    """as doc/export.md has it"""
    return re.sub(rb"\\(\\|x[0-9A-F]{2})",
                  lambda m: b"\\" if m[1] == b"\\" else bytes.fromhex(m[1][1:].decode()), text.encode())


def value_at(record, path):
    for part in path.split("."):
        if isinstance(record, list):
            record = record[int(part)] if int(part) < len(record) else None
        else:
            record = record.get(part) if record is not None else None
    return record


# ---- lines of JSON ----

def test_lines(path, folder):
    records = lines_of(path)
    check(len(records) == RECORDS, f"{len(records)} records")
    for kind in ("audit", "audit_raw", "attempts", "not_tls_len"):
        check(any(kind in r for r in records), f"no record has {kind}")
    check(len({r["greeting"] for r in records if r["cause"] == "malformed"}) > 15, "too few hostile greetings")
    check(any(len(r.get("greeting", "")) > 100000 for r in records), "no junk")
    accepted = subprocess.run(["jq", "-c", "-e", "."], input=export(path), capture_output=True, timeout=60)
    check(accepted.returncode == 0 and len(accepted.stdout.splitlines()) == RECORDS, "jq refuses a line")
    file = folder / "x.jsonl"
    export("-o", file, path)
    check(file.read_bytes() == export(path), "-o writes something else")


def test_columns(path, folder):
    whole = lines_of(path)
    for columns in ("addr", "tls.version,addr", "tls,chain,ms.total", "audit.legacy.3des.accepted,attempts.*.cause",
                    "ehlo,tls.alerts.*.name,tls.octets.in"):
        got = lines_of("--columns", columns, path, parts=True)
        check(len(got) == len(whole), f"{columns}: {len(got)} lines")
        for a, b in zip(whole, got):
            check(b == (picked(a, columns.split(",")) or {}), f"{columns}: {b} of {a}")
    # whatever is long and not wanted is not made, and nothing else changes
    everything = ",".join(k for k in RULES["properties"] if k not in ("certs", "country", "asn", "as_org"))
    check(export("--columns", everything, path) == export(path), "all columns are not all")
    for field in ("audit", "audit_raw", "tls.ocsp_staple", "chain", "tls.certificate_request"):
        got = lines_of("--columns", "position," + field, path, parts=True)
        check([value_at(r, field) for r in got] == [value_at(r, field) for r in whole], f"{field} is lost")


def picked(value, paths):
    """what a line has of these columns; None: nothing"""
    if "" in paths:
        return value
    if isinstance(value, list):
        rest = [p.partition(".")[2] for p in paths if p.partition(".")[0] == "*"]
        parts = [picked(item, rest) for item in value]
        return None if value and all(p is None for p in parts) else [p for p in parts if p is not None]
    out = {}
    for key, inner in value.items():
        rest = [p.partition(".")[2] for p in paths if p.partition(".")[0] == key]
        part = picked(inner, rest) if rest else None
        if part is not None:
            out[key] = part
    return out or None


def test_fields(path, folder):
    """the table of fields is that of the schema, in its order"""
    def walk(at, rules):
        while "$ref" in rules:
            target = RULES
            for name in rules["$ref"].removeprefix("#/").split("/"):
                target = target[name]
            rules = target
        for name, inner in rules.get("properties", {}).items():
            yield from inside(f"{at}.{name}" if at else name, inner)
        if "items" in rules:
            yield from inside(at + ".*", rules["items"])

    def inside(at, rules):
        yield at
        yield from walk(at, rules)

    table = re.findall(r'^    \{"([^"]+)", HIDE_', (ROOT / "tools" / "export_fields.c").read_text(), re.M)
    check(table == list(walk("", RULES)), f"{set(table) ^ set(walk('', RULES))}, or their order")


# ---- certificates ----

def test_certs(path, folder):
    plain = lines_of(path)
    pem = lines_of("--certs", "pem", path)
    parsed = lines_of("--certs", "parsed", path)
    none = lines_of("--certs", "none", path)
    seen = {}
    for a, b, c, d in zip(plain, pem, parsed, none):
        check(d == {k: v for k, v in a.items() if k not in ("chain", "chain_cut")}, "--certs none takes more, or less")
        for other in (b, c):
            certs = other.pop("certs", [])
            check(other == a and [x["sha256"] for x in certs] == a.get("chain", []), "certs are not those of the chain")
            for cert in certs:
                seen.setdefault(cert["sha256"], {}).update(cert)
    check(len(seen) > 1000, f"{len(seen)} certificates")
    for sha256, cert in seen.items():
        body = "".join(cert["pem"].splitlines()[1:-1])
        der = base64.b64decode(body, validate=True)
        check(hashlib.sha256(der).hexdigest() == sha256, "a certificate is another")
        compare_parsed(cert, der)


def compare_parsed(cert, der):
    """with what another library reads, where it can"""
    try:
        from cryptography import x509
        from cryptography.hazmat.primitives import serialization
        other = x509.load_der_x509_certificate(der)
        names = other.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except ImportError:
        return
    except (ValueError, x509.ExtensionNotFound):   # garbage, or without names
        check(cert.get("unparsable") or "dns_names" not in cert, f"{cert}")
        return
    except Exception:   # what that library refuses, ours may read
        return
    check(cert.get("dns_names", []) == [n.replace("\\", "\\\\") for n in names.get_values_for_type(x509.DNSName)], f"names: {cert}")
    check(cert["not_after"] == other.not_valid_after.strftime("%Y-%m-%dT%H:%M:%SZ"), f"validity: {cert}")
    try:
        spki = other.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    except Exception:
        return
    if cert.get("key_type") in ("RSA", "Ed25519") or cert.get("curve") in ("P-256", "P-384"):
        check(cert["spki_sha256"] == hashlib.sha256(spki).hexdigest(), f"key: {cert}")


def test_keys(path, folder):
    certs = {}
    targets, leaves = {}, {}
    for record in lines_of("--certs", "parsed", path):
        chain = record.get("certs", [])
        certs.update({c["sha256"]: c for c in chain})
        for key in {c["spki_sha256"] for c in chain if "spki_sha256" in c}:
            targets[key] = targets.get(key, 0) + 1
        if chain and "spki_sha256" in chain[0]:
            leaves[chain[0]["spki_sha256"]] = leaves.get(chain[0]["spki_sha256"], 0) + 1
    keys = [json.loads(line) for line in export("--keys", path).splitlines()]
    check(len(keys) == len({k["spki_sha256"] for k in keys}) == len(targets), f"{len(keys)} keys, not {len(targets)}")
    for k in keys:
        spki = k["spki_sha256"]
        mine = [c for c in certs.values() if c.get("spki_sha256") == spki] if len(keys) < 50 or k["targets"] > 3 else None
        check(mine is None or len(mine) == k["certificates"], f"{k}")
        check(k["targets"] == targets[spki] and k["targets_leaf"] == leaves.get(spki, 0), f"{k}")
        if k["type"] == "RSA":
            check(int(k["modulus"], 16).bit_length() == k["bits"] and int(k["exponent"], 16) > 1, f"{k}")
    some = json.loads(export("--keys", "--where", "position < 50", path).splitlines()[0])
    check(some["targets"] <= 50, "--where does not count")


# ---- tables ----

def cell_of(value):
    """a cell's text before the apostrophe, as doc/export.md has it"""
    def plain(v, in_list):
        if isinstance(v, bool):
            return "true" if v else "false"
        if not isinstance(v, str):
            return json.dumps(v)
        return "".join(escaped(c, in_list) for c in v)

    def escaped(c, in_list):
        if ord(c) < 32 or c in "\u061c\u200e\u200f" or "\u2028" <= c <= "\u202e" or "\u2066" <= c <= "\u2069" or (in_list and c == "|"):
            return "".join(f"\\x{b:02X}" for b in c.encode())
        return c

    if value is None:
        return ""
    if isinstance(value, list) and not any(isinstance(v, (list, dict)) for v in value):
        return "|".join(plain(v, True) for v in value)
    return None if isinstance(value, (list, dict)) else plain(value, False)


def rows_of(out):
    check(out.endswith(b"\r\n") and out.count(b"\n") == out.count(b"\r\n") == out.count(b"\r"), "rows do not end in CR LF")
    rows = list(csv.reader(io.StringIO(out.decode(), newline="")))
    check(len(rows) == out.count(b"\r\n"), "a cell has a line end")
    return rows


def test_csv(path, folder):
    whole = lines_of(*GEO, "--certs", "parsed", path)
    columns = ("position,addr,host,tag,greeting,ehlo,ehlo.1,starttls_reply,early_plaintext,not_tls,tls,tls.version,tls.alerts,"
               "tls.alerts.0.name,tls.handshake_done,tls.server_extensions,tls.ocsp_staple,chain,chain.0,audit,audit.suites.0.accepted,"
               "anomalies,attempts,ms,ms.total,country,asn,as_org,certs.0.subject_cn,certs.0.issuer_org,certs.0.dns_names,certs.1")
    out = export("--format", "csv", "--columns", columns, *GEO, "--certs", "parsed", path)
    is_inert(out, "csv")
    rows = rows_of(out)
    check(rows[0] == columns.split(",") and len(rows) == len(whole) + 1, "header or rows")
    hostile = 0
    for record, row in zip(whole, rows[1:]):
        for name, cell in zip(rows[0], row):
            check(not FORMULA.match(cell), f"a formula: {name}: {cell!r}")
            value, text = value_at(record, name), cell[1:] if cell.startswith("'") else cell
            expected = cell_of(value)
            if name == "ms.total":
                check(float(text) == value, f"{name}: {cell!r} of {value!r}")
            elif expected is None:
                check(json.loads(text) == value, f"{name}: {cell!r} of {value!r}")
            else:
                check(text == expected, f"{name}: {cell!r} of {value!r}")
            hostile += cell.startswith("'")
            if isinstance(value, str):
                check(octets(text) == octets(value), f"octets of {name} are lost: {cell!r}")
    check(hostile > 100, f"only {hostile} cells were dangerous")
    for argv in ([], GEO, ["--certs", "parsed"], ["--certs", "pem", *GEO]):
        rows = rows_of(export("--format", "csv", *argv, path))
        check(len({len(row) for row in rows}) == 1 and len(rows) == RECORDS + 1, f"csv {argv}")
        check(("country" in rows[0]) == (argv[:1] == GEO[:1] or argv[2:3] == GEO[:1]), f"{rows[0]}")


# ---- what is joined, and what is asked for ----

def test_where(path, folder):
    whole = lines_of(*GEO, path)
    places = {(r.get("country"), r.get("asn"), r.get("as_org")) for r in whole}
    check(len(places) > 3, f"places: {places}")
    for argv, filter_text, is_meant in (
            (GEO, "country = 'DE'", lambda r: r.get("country") == "DE"),
            (GEO, "asn = 64496 or as = 64497", lambda r: r.get("asn") in (64496, 64497)),
            (GEO, "as_org", lambda r: "as_org" in r),
            ([], "tls.version = 'TLSv1.3' and ms.total > 500ms",
             lambda r: r.get("tls", {}).get("version") == "TLSv1.3" and r["ms"]["total"] > 500),
            ([], "addr in 192.0.2.0/25", lambda r: ipaddress.ip_address(r["addr"]) in ipaddress.ip_network("192.0.2.0/25")),
            ([], "mta = 'Postfix'", lambda r: "Postfix" in r.get("greeting", "")),
            ([], "stage = 'done' and cause = 'reset'", lambda r: False)):
        got = lines_of(*argv, "--where", filter_text, path)
        expected = [r["position"] for r in whole if is_meant(r)]
        check([r["position"] for r in got] == expected, f"{filter_text}: {len(got)} and not {len(expected)}")
    export("--where", "country = 'DE'", path, expect=2, says="country needs --country-db")
    export("--where", "as = 1", path, expect=2, says="needs --asn-db")
    export("--where", "foo = 1", path, expect=2, says=r"character 1: no such field.*\n.*\n *\^")
    export("--country-db", DATA / "mmdb" / "asn.mmdb", path, expect=1, says="asn.mmdb")
    export("--asn-db", folder / "none", path, expect=1, says="none.*No such file")


# ---- zgrab2 ----

ZGRAB2_STATUS = {"success", "connection-refused", "connection-timeout", "connection-closed", "handshake-error",
                 "post-tls-application-error", "io-timeout", "protocol-error", "application-error", "blocklisted-target", "unknown-error"}


def go_text(value):
    """what Go's JSON has of octets: U+FFFD for each that is no UTF-8"""
    out, rest = "", octets(value)
    while rest:
        try:
            return out + rest.decode()
        except UnicodeDecodeError as e:
            out, rest = out + rest[:e.start].decode() + "\ufffd", rest[e.start + 1:]
    return out


def test_zgrab2(path, folder):
    plain = lines_of(path)
    for how in ("none", "ref", "parsed", "pem"):
        out = export("--format", "zgrab2", "--certs", how, path)
        is_inert(out, "zgrab2")
        lines = [json.loads(line) for line in out.splitlines()]
        check(len(lines) == len(plain), f"{len(lines)} lines")
        for a, b in zip(plain, lines):
            compare_zgrab2(a, b, how)
    check({line["data"]["smtp"]["status"] for line in lines} >= {"success", "connection-refused", "connection-timeout",
                                                                 "handshake-error", "protocol-error", "application-error"}, "statuses")


def compare_zgrab2(a, b, how):
    check(set(b) <= {"ip", "domain", "data"} and b.get("ip") == a.get("addr") and b.get("domain") == a.get("host"), f"{b}")
    smtp = b["data"]["smtp"]
    check(set(smtp) <= {"status", "protocol", "port", "result", "timestamp", "error"}, f"{smtp}")
    check(smtp["status"] in ZGRAB2_STATUS and smtp["protocol"] == "smtp" and smtp["port"] == a["port"], f"{smtp}")
    check(("error" in smtp) == (smtp["status"] != "success"), f"{smtp}")
    check(smtp["timestamp"] == a["start"][:19] + "Z", f"{smtp['timestamp']}")
    result = smtp.get("result", {})
    check(("greeting" in a) == ("result" in smtp), f"{smtp}")
    for key, ours in (("banner", "greeting"), ("starttls", "starttls_reply")):
        check(result.get(key) == (go_text(a[ours]) if ours in a else None), f"{key}: {result.get(key)!r} of {a.get(ours)!r}")
    tls = result.get("tls")
    check((tls is not None) == ("tls" in a), f"{smtp}")
    if tls is None:
        return
    check(tls["handshake_completed_successfully"] == a["tls"]["handshake_done"], f"{tls}")
    log = tls["handshake_log"]
    if "version" in a["tls"]:
        hello = log["server_hello"]
        version = hello.get("supported_versions", {}).get("selected_version", hello["version"])
        check(version["name"] == a["tls"]["version"] and hello["version"]["value"] <= 0x303, f"{hello}")
        check(hello["cipher_suite"]["name"] == a["tls"]["suite"] and
              int(hello["cipher_suite"]["hex"], 16) == hello["cipher_suite"]["value"], f"{hello}")
        group = hello.get("key_share", log.get("server_key_exchange", {}).get("ecdh_params", {}).get("curve_id", {}))
        check(group.get("name") == a["tls"].get("group"), f"{log}")
    certs = log.get("server_certificates")
    check((certs is not None) == ("chain" in a and how != "none"), f"{log}")
    if certs is None:
        return
    for sha256, cert in zip(a["chain"], [certs["certificate"], *certs.get("chain", [])]):
        if how == "pem":
            check(hashlib.sha256(base64.b64decode(cert["raw"])).hexdigest() == sha256, "raw")
        else:
            check(cert["parsed"]["fingerprint_sha256"] == sha256, f"{cert}")
            check(how != "ref" or len(cert["parsed"]) == 1, f"{cert}")


# ---- what may be published ----

def test_anonymize(path, folder):
    key, other = folder / "key", folder / "other"
    key.write_bytes(bytes(range(32)))
    other.write_text(bytes(range(1, 33)).hex() + "\n")
    plain = lines_of(*GEO, path)
    hidden = lines_of(*GEO, "--anonymize", key, path)
    check(lines_of(*GEO, "--anonymize", key, path) == hidden, "not the same again")
    check(len(hidden) == len(plain), "records are lost")
    check(sum(a["ms"] == b["ms"] for a, b in zip(plain, hidden)) < RECORDS / 10, "the order of visits is told")
    text = json.dumps(hidden)
    for word in ("example.com", "192.0.2.", "198.51.100.", "203.0.113.", "10.0.", "2001:db8", "Postfix", "SIZE", "pool-a",
                 "64496", '"as_org"', '"asn"', '"ocsp_staple"', '"sct_list"'):
        check(word not in text, f"{word} is still there")
    check(not {c for r in plain for c in r.get("chain", [])} & {c for r in hidden for c in r.get("chain", [])}, "a certificate is named")
    for field in ("stage", "cause", "port", "smtp_code", "country"):
        counts = [sorted(str(r.get(field)) for r in records) for records in (plain, hidden)]
        check(counts[0] == counts[1], f"{field} is not what it was")
    for field in ("addr", "host", "tag", "greeting"):   # as many distinct ones, each as often
        counts = [sorted(records.count(v) for v in set(records)) for records in
                  ([r.get(field) for r in plain], [r.get(field) for r in hidden])]
        check(counts[0] == counts[1], f"{field}: not one for one")
    check(len({a for r in hidden for a in r.get("chain", [])}) == len({a for r in plain for a in r.get("chain", [])}), "chains")
    check({r["start"][11:] for r in hidden} == {"00:00:00.000000Z"}, "the time of day is told")
    networks = [len({ipaddress.ip_network((r["addr"], 24), strict=False) for r in records if ":" not in r["addr"]})
                for records in (plain, hidden)]
    check(networks[0] == networks[1], f"networks of /24: {networks}")
    check({r["addr"] for r in lines_of("--anonymize", other, path)} != {r["addr"] for r in hidden}, "another key, the same names")
    meant = lines_of("--anonymize", key, "--where", "addr in 192.0.2.0/24", path)
    check(len(meant) == sum(r["addr"].startswith("192.0.2.") for r in plain), "--where asks of the names, not of what they stand for")
    rows = rows_of(export("--format", "csv", "--anonymize", key, path))
    check(sorted(r[1] for r in rows[1:]) == sorted(h["addr"] for h in hidden), "csv has other names")
    check("example.com" not in str(rows), "csv tells names")
    export("--anonymize", folder / "none", path, expect=1, says="none: No such file.*; make one with: head -c 32 /dev/urandom >KEYFILE")
    export("--anonymize", key, "--certs", "pem", path, expect=2, says="--certs can be none or ref")
    export("--anonymize", key, "--format", "zgrab2", path, expect=2, says="--anonymize: not with")
    export("--anonymize", key, "--columns", "addr,source", path, expect=2, says='"source": left out by --anonymize')
    export("--anonymize", key, *GEO, "--columns", "as_org", path, expect=2, says='"as_org": left out by --anonymize')


# ---- usage and faults ----

def test_usage(path, folder):
    for argv, says in (
            (["--format", "xml"], "--format xml: expected is jsonl, csv or zgrab2"),
            (["--certs", "all"], "--certs all: expected is none, ref, parsed or pem"),
            (["--columns", "tls.versoin"], "no such field; like it are tls.version"),
            (["--columns", "country"], '"country": needs --country-db'),
            (["--columns", "asn"], '"asn": needs --asn-db'),
            (["--columns", "certs"], '"certs": needs --certs parsed or pem'),
            (["--columns", "chain", "--certs", "none"], '"chain": needs --certs ref, parsed or pem'),
            (["--columns", "chain.0"], "a single element is for csv"),
            (["--format", "zgrab2", "--columns", "addr"], "--columns: not with --format zgrab2"),
            (["--keys", "--columns", "addr"], "--keys: writes lines of its own"),
            (["--keys", *GEO[:2]], "--country-db: a line of --keys has no place"),
            (["--keys", *GEO, "--where", "country = 'DE'"], "--asn-db: a line of --keys has no place"),
            (["--format", "zgrab2", *GEO[2:]], "--asn-db: --format zgrab2 has no place"),
            (["--format", "zgrab2", *GEO, "--where", "as = 1"], "--country-db: --format zgrab2 has no place")):
        export(*argv, path, expect=2, says=re.escape(says))
    for argv in ([], ["--format", "csv"], ["--format", "zgrab2"], ["--keys"], ["--certs", "pem"], ["--columns", "addr"]):
        with open("/dev/full", "w") as full:
            done = subprocess.run([MXSTAT, "export", *argv, path], stdout=full, stderr=subprocess.PIPE)
            check(done.returncode == 1 and b"cannot write" in done.stderr, f"export {argv}: a full disk is not told: {done.stderr!r}")
        piped = subprocess.run(f'"{MXSTAT}" export {" ".join(argv)} "{path}" | head -c 100 | wc -c', shell=True, capture_output=True)
        check(piped.stdout.strip() == b"100", f"export {argv}: a closed pipe: {piped}")
    nowhere = {"TMPDIR": str(folder / "nowhere"), "PATH": "/usr/bin:/bin"}
    done = subprocess.run([MXSTAT, "export", "--certs", "pem", path], env=nowhere, capture_output=True)
    check(done.returncode == 1 and b"cannot make a temporary file" in done.stderr, f"TMPDIR: {done.stderr!r}")
    torn = folder / "torn.mxs.zst"
    torn.write_bytes(path.read_bytes()[:-2000])
    for argv in ([], ["--format", "csv"], ["--format", "zgrab2"], ["--certs", "parsed"], ["--keys"]):
        out = export(*argv, torn, expect=1, says="torn.mxs.zst")
        check(out.count(b"\n") > 100, f"export {argv}: what is whole of a torn file is lost")
    golden = [p for p in DATA.glob("golden-*.mxs.zst")]
    check(len(golden) >= 3, "golden files")
    for file in golden:
        for argv in ([], ["--certs", "parsed"], ["--certs", "pem"]):
            lines_of(*argv, file)


def main():
    with tempfile.TemporaryDirectory(prefix="mxstat-export-") as name:
        path = pathlib.Path(name) / "everything.mxs.zst"
        subprocess.run([MAKE, path, str(RECORDS), DATA / "certs"], check=True, timeout=60)
        for test in (test_lines, test_columns, test_fields, test_certs, test_keys, test_csv, test_where, test_zgrab2,
                     test_anonymize, test_usage):
            folder = pathlib.Path(name) / test.__name__
            folder.mkdir()
            test(path, folder)
            print(f"{test.__name__}: good", flush=True)


main()
