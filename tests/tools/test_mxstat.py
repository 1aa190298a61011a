"""Runs mxstat over datasets that make_dataset wrote: figures, export, certificates, damage, usage.
usage: test_mxstat.py MXSTAT MAKE_DATASET SCHEMA"""

import base64
import collections
import json
import pathlib
import re
import subprocess
import sys
import tempfile

import schema

MXSTAT, MAKE, SCHEMA = sys.argv[1:4]
DATA = pathlib.Path(SCHEMA).parent.parent / "tests" / "data"
TARGETS = 200
HOSTILE_GREETING = b'220-\x1b[31m<script>"\\\r\n220 \xff\xfe\x01 \xe2\x80\xae \xc3\xa9\x7f\r\n'
HOSTILE_EHLO = b"250-a\n250-\x80\x9b\\x41\r\n250 STARTTLS\r\n"
EHLO = b"250-mx.example\r\n250-SIZE 1000\r\n250 STARTTLS\r\n"


def check(condition, what):
    if not condition:
        raise SystemExit(f"FAIL: {what}")


def mxstat(*argv, expect=0, says=None):
    done = subprocess.run([MXSTAT, *map(str, argv)], capture_output=True, timeout=60)
    check(done.returncode == expect, f"mxstat {argv}: exit code {done.returncode}, expected {expect}: {done.stderr!r}")
    if says is not None:
        check(re.search(says, done.stderr.decode()), f"mxstat {argv} does not say {says!r} but {done.stderr!r}")
    elif expect == 0:
        check(done.stderr == b"", f"mxstat {argv} says {done.stderr!r}")
    return done.stdout


def make(path, kind="complete", *shards):
    subprocess.run([MAKE, path, kind, *map(str, shards)], check=True, timeout=60)
    return path


def octets(text):
    """as doc/export.md has it"""
    return re.sub(rb"\\(\\|x[0-9A-F]{2})",
                  lambda m: b"\\" if m[1] == b"\\" else bytes.fromhex(m[1][1:].decode()), text.encode())


def reply(record, key):
    """a reply to EHLO as received, as doc/export.schema.json has it"""
    if key + "_raw" in record:
        return octets(record[key + "_raw"])
    lines = [octets(line) for line in record[key]]
    return b"".join(b"250-" + line + b"\r\n" for line in lines[:-1]) + b"250 " + lines[-1] + b"\r\n"


def is_inert(text, what):
    """nothing in it may steer a terminal"""
    shown = text.decode()
    bad = [c for c in shown if (ord(c) < 32 and c != "\n") or 127 <= ord(c) < 160 or c in "\u202e\u2028\u2066"]
    check(not bad, f"{what}: {bad[:5]!r} would reach a terminal")


def test_export(folder):
    path = make(folder / "export.mxs.zst")
    out = mxstat("export", path)
    records = [json.loads(line) for line in out.splitlines()]
    rules = json.loads(pathlib.Path(SCHEMA).read_text())
    for record in records:
        wrong = list(schema.problems(record, rules, rules))
        check(not wrong, f"a line is not of the schema: {wrong[:3]}")
    accepted = subprocess.run(["jq", "-c", "-e", "."], input=out, capture_output=True, timeout=60)
    check(accepted.returncode == 0 and len(accepted.stdout.splitlines()) == TARGETS, "jq refuses a line")
    check(sorted(r["position"] for r in records) == list(range(TARGETS)), "positions are not each once")
    hostile = [r for r in records if r["cause"] == "malformed" or r.get("smtp_code") == 454 or
               (r["stage"], r["cause"]) == ("starttls", "rejected")]
    check(len(hostile) == 20, f"{len(hostile)} hostile records")
    check(all(octets(r["greeting"]) == HOSTILE_GREETING for r in hostile), "a greeting is not given back")
    check(all(reply(r, "ehlo") == (HOSTILE_EHLO if r["stage"] == "starttls" else EHLO)
              for r in records if "ehlo" in r), "a reply to EHLO is not given back")
    check(all(octets(r["starttls_reply"]) == b"454 \xff no\n" for r in hostile if "starttls_reply" in r),
          "an answer to STARTTLS is not given back")
    check(sum(reply(r, "ehlo_tls") == HOSTILE_EHLO for r in records if "ehlo_tls" in r) == 50, "EHLO inside TLS")
    is_inert(out, "export")
    copy = folder / "lines.jsonl"
    mxstat("export", "--format", "jsonl", "-o", copy, path)
    check(copy.read_bytes() == out, "-o writes something else")
    mxstat("export", "-o", copy, path, expect=2, says="exists")
    mxstat("export", "--format", "xml", path, expect=2, says="--format xml: expected is jsonl")


def test_report(folder):
    path = make(folder / "report.mxs.zst")
    report = json.loads(mxstat("report", "--json", path))
    statistics = {s["id"]: s for s in report["statistics"]}
    sets = {s["name"]: s["count"] for s in report["sets"]}
    records = [json.loads(line) for line in mxstat("export", path).splitlines()]
    outcomes = collections.Counter(f'{r["stage"]}/{r["cause"]}' for r in records)
    check({r["label"]: r["count"] for r in statistics["outcome"]["rows"]} == outcomes, "outcomes differ from the export")
    versions = collections.Counter(r["tls"]["version"] for r in records if r.get("tls", {}).get("handshake_done"))
    check({r["label"]: r["count"] for r in statistics["tls_version"]["rows"]} == versions, "versions differ")
    for s in report["statistics"]:
        check(s["definition"] and s["denominator_definition"], f"{s['id']}: no definition")
        check(s["denominator_count"] == sets[s["denominator"]], f"{s['id']}: denominator")
        for row in s["rows"]:
            of = row["denominator_count"]
            if s["shape"] == "conclusive":
                check(row["count"] <= of and of + row["unknown"] == s["denominator_count"], f"{s['id']}: conclusive")
                continue
            check(row["denominator"] == s["denominator"] and of == sets[s["denominator"]], f"{s['id']}: row's denominator")
            check(row["percent"] is None if of == 0 else abs(row["percent"] - 100 * row["count"] / of) < 5e-7, f"{s['id']}: per cent")
        if s["shape"] == "partition":
            check(sum(r["count"] for r in s["rows"]) == s["denominator_count"], f"{s['id']}: does not sum")
    text = mxstat("report", path)
    is_inert(text, "report")
    for s in report["statistics"]:
        check(f"\n{s['name']}: ".encode() in b"\n" + text, f"the text has no {s['name']}")
    check(b"complete" in text and b"synth.invalid" in text and b"2026-01-01" in text, "the text has no header")
    top = json.loads(mxstat("report", "--json", "--top", "1", path))
    issuers = next(s for s in top["statistics"] if s["id"] == "issuer")["rows"]
    check([r.get("kind") for r in issuers] == [None, "other"], f"--top 1: {issuers}")
    mxstat("report", "--top", "x", path, expect=2, says="--top x: expected is a number")
    mxstat("report", path, path, expect=2, says="same dataset")
    listed = mxstat("report", "--only", "help").decode().splitlines()
    check([line.split()[0] for line in listed] == [s["id"] for s in report["statistics"]], "--only help")
    mxstat("report", "--only", "outcome,frob", path, expect=2, says='--only: "frob" is no statistic; --only help lists those')
    mxstat("report", "--only", "", path, expect=2, says='"" is no statistic')
    mxstat("report", "--only", "outcome", expect=2, says="none given")
    leaves = mxstat("report", "--only", "leaf_top", path)
    check(re.search(rb"^  [0-9a-f]{64} +[0-9]", leaves, re.M), "hashes of leaves are not whole")
    text = mxstat("report", "--only", "tls_version", path)
    check(b"\nTLS versions: " in text and b"\nOutcomes: " not in text, "--only in the text")


def test_report_options(folder):
    path = make(folder / "options.mxs.zst")
    data = pathlib.Path(SCHEMA).parent.parent / "tests" / "data"
    store = folder / "roots.pem"
    der = (data / "chains" / "root.der").read_bytes()
    store.write_text(f"-----BEGIN CERTIFICATE-----\n{base64.b64encode(der).decode()}\n-----END CERTIFICATE-----\n")
    by = json.loads(mxstat("report", "--json", "--trust-store", store, "--by", "country,as,network", "--country-db",
                           data / "mmdb/country.mmdb", "--asn-db", data / "mmdb/asn.mmdb", path))
    check(by["trust_store"]["roots"] == 1 and by["trust_store"]["file"] == str(store), "the trust store is not named")
    check(by["country_db"]["type"] == "GeoLite2-Country" and "built" in by["asn_db"], "the databases are not named")
    check([b["by"] for b in by["breakdowns"]] == ["country", "as", "network"], "the break-downs")
    for b in by["breakdowns"]:
        check(sum(g["targets"] for g in b["groups"]) == 200, f"{b['by']} does not sum")
    sampled = json.loads(mxstat("report", "--json", "--sampled", "0.5", path))
    low, high = next(s for s in sampled["statistics"] if s["id"] == "connect")["rows"][0]["interval"]
    check(low < 80 < high, "the interval")
    few = json.loads(mxstat("report", "--json", "--where", "stage = 'done'", path))
    check(next(s["count"] for s in few["sets"] if s["name"] == "P") == 110, "--where")
    weights = folder / "weights.csv"
    weights.write_text("10.0.0.1,7\n10.0.0.2,5\n")
    weighed = json.loads(mxstat("report", "--json", "--weights", weights, path))
    check(next(s["count"] for s in weighed["sets"] if s["name"] == "P") == 12, "--weights")
    others = folder / "others.csv"
    others.write_text("192.0.2.1,7\n")
    mxstat("report", "--json", "--weights", others, path, says="none of its addresses is a target")
    small = json.loads(mxstat("report", "--json", "--min-cell", "30", path))
    for s in small["statistics"]:
        if s["shape"] == "partition":
            check(all(r["count"] == 0 or r["count"] >= 30 or s["denominator_count"] < 30 for r in s["rows"]), f"{s['id']}: small")
    for arguments, expect, says in (
            (["--by", "planet"], 2, "--by planet: expected are"),
            (["--by", "country"], 2, "name one by --country-db"),
            (["--by", "as"], 2, "name one by --asn-db"),
            (["--sampled", "2"], 2, "--sampled 2: expected"),
            (["--sampled", "0.5", "--weights", weights], 2, "leave one out"),
            (["--min-cell", "5", "--weights", weights], 2, "leave one out"),
            (["--where", "stage ="], 2, "mxstat: --where, character"),
            (["--where", "country = 'DE'"], 2, "country needs --country-db"),
            (["--where", "not asn = 64496"], 2, "needs --asn-db"),
            (["--trust-store", folder / "none"], 1, "none"),
            (["--trust-store", weights], 1, "weights.csv"),
            (["--asn-db", weights], 1, "weights.csv"),
            (["--mta-rules", weights], 1, "weights.csv"),
            (["--weights", folder / "none"], 1, "none"),
            (["--min-cell", "x"], 2, "--min-cell x: expected"),
            (["-T", "x"], 2, "--threads x: expected")):
        mxstat("report", *arguments, path, expect=expect, says=says)


def test_definitions(folder):
    """doc/statistics.md defines what the report prints, in the same words"""
    report = json.loads(mxstat("report", "--json", make(folder / "d.mxs.zst")))
    page = (pathlib.Path(SCHEMA).parent / "statistics.md").read_text()
    for s in report["statistics"]:
        row = f"| `{s['id']}` | {s['name']} | {s['definition']} | {s['denominator']} | {s['shape']} |\n"
        check(row in page, f"doc/statistics.md lacks {row}")
    for s in report["sets"]:
        check(f"| {s['name']} | {s['definition']} |\n" in page, f"doc/statistics.md lacks the set {s['name']}")


def test_shards(folder):
    whole = json.loads(mxstat("report", "--json", make(folder / "whole.mxs.zst")))["statistics"]
    shards = [make(folder / f"shard{i}.mxs.zst", "complete", 3, i) for i in range(3)]
    for files in (shards, shards[::-1]):
        parts = json.loads(mxstat("report", "--json", *files))["statistics"]
        check(parts == whole, "the shards' report is not that of the whole")
    check(b"every target once" in mxstat("verify", *shards), "three shards are whole")
    out = mxstat("verify", *shards[:2], expect=1, says="name the files of all shards")
    check(b"in steps of 3 (shard 2)" in out, f"the missing shard is not named: {out!r}")
    out = mxstat("verify", *shards, shards[0], expect=1)
    check(b"67 done more than once" in out, f"what is twice is not counted: {out!r}")


def test_verify(folder):
    whole = make(folder / "v.mxs.zst")
    check(b"200 done, 0 missing" in mxstat("verify", whole), "a whole file")
    stopped = make(folder / "stopped.mxs.zst", "stopped")
    out = mxstat("verify", stopped, expect=1, says="undamaged, and the sweep is unfinished.*--resume")
    check(b"missing: positions 150 to 199" in out and b"stopped" in out, f"stopped: {out!r}")
    left_open = make(folder / "open.mxs.zst", "open")
    check(b"no trailer" in mxstat("verify", left_open, expect=1, says="unfinished"), "no trailer")
    data = whole.read_bytes()
    bad = folder / "bad.mxs.zst"
    step = max(1, len(data) // 150)
    for at in range(0, len(data), step):
        bad.write_bytes(data[:at] + bytes([data[at] ^ 0x10]) + data[at + 1:])
        mxstat("verify", bad, expect=1, says="bad.mxs.zst")
    for cut in range(0, len(data) - 1, step):
        bad.write_bytes(data[:cut])
        mxstat("verify", bad, expect=1, says="bad.mxs.zst|unfinished")
    bad.write_bytes(data[:len(data) // 2])
    for command in ("report", "export", "info", "certs"):
        mxstat(command, bad, expect=1, says="bad.mxs.zst")
    text = folder / "text"
    text.write_text("hello, this is no dataset\n")
    for command in ("report", "export", "info", "verify", "certs"):
        mxstat(command, text, expect=1, says="text")
        mxstat(command, folder / "missing", expect=1, says="missing.*[Nn]o such file")


def test_missing(folder):
    """what is missing is written as lines that mxsweep takes"""
    stopped = make(folder / "stopped.mxs.zst", "stopped")
    lines = folder / "missing"
    mxstat("verify", "--missing", lines, stopped, expect=1, says="unfinished")
    there = {record["addr"] for record in map(json.loads, mxstat("export", stopped, says="stopped").splitlines())}
    listed = set()
    for line in lines.read_text().splitlines():
        first, last = (line.split("-") * 2)[:2]
        check(re.fullmatch(r"10\.0\.0\.\d+", first) and last.startswith("10.0.0."), f"no line of a target list: {line}")
        listed |= {f"10.0.0.{n}" for n in range(int(first.split(".")[3]), int(last.split(".")[3]) + 1)}
    check(listed == {f"10.0.0.{n}" for n in range(TARGETS)} - there, "the list is not what is missing")
    mxstat("verify", "--missing", lines, stopped, expect=1, says="exists")
    whole = make(folder / "whole.mxs.zst")
    mxstat("verify", "--missing", folder / "none", whole)
    check(not (folder / "none").exists(), "a list of nothing is written")
    other = make(folder / "other.mxs.zst", "complete", 3, 0)
    out = mxstat("verify", "--missing", folder / "none", whole, other, expect=1, says="of 2 sweeps")
    out = mxstat("verify", whole, other, expect=1)
    check(b"different sweeps: another number of shards" in out, f"why these are two sweeps is not said: {out!r}")


def test_repair(folder):
    whole = make(folder / "whole.mxs.zst")
    data = whole.read_bytes()
    starts = [m.start() for m in re.finditer(re.escape(b"\x28\xb5\x2f\xfd"), data)]
    bad, mended = folder / "bad.mxs.zst", folder / "mended.mxs.zst"
    records = {}
    for line in mxstat("export", whole).splitlines():
        records[json.loads(line)["position"]] = line
    for hit in (starts[2], starts[2] + 100):   # the second block: of no known length, and of a known one
        bad.write_bytes(data[:hit] + bytes([data[hit] ^ 4]) + data[hit + 1:])
        mxstat("verify", bad, expect=1, says="bad.mxs.zst")
        out = mxstat("verify", "--repair", mended, bad)
        check(f"octets {starts[2]} to {starts[3] - 1}: cannot be read".encode() in out, f"what was lost: {out!r}")
        check(re.search(rb"block 2 of 7: 30 records, from position 30 on", out), f"which block was lost: {out!r}")
        check(b"mended.mxs.zst: whole: 170 records" in out and b"30 missing" in out, f"what is there: {out!r}")
        kept = mxstat("export", mended, says="can be resumed").splitlines()
        check(kept == [records[json.loads(line)["position"]] for line in kept], "a record is not what it was")
        check(len(kept) == 170, f"{len(kept)} records")
        mxstat("verify", mended, expect=1, says="undamaged, and the sweep is unfinished.*--resume")
        mxstat("verify", "--repair", mended, bad, expect=1, says="exists")
        mended.unlink()
    check(b"nothing to repair" in mxstat("verify", "--repair", mended, whole), "a whole file")
    check(not mended.exists(), "a whole file is written again")
    bad.write_bytes(b"x" + data[1:])
    mxstat("verify", "--repair", mended, bad, expect=1, says="header is damaged")
    check(not mended.exists(), "something is left behind")
    mxstat("verify", "--repair", mended, bad, whole, expect=2, says="one file at a time")


def anonymous(report):
    """a report in JSON without what names the run, and its text from there on"""
    files = json.loads(report)["files"]
    for file in files:
        for key in ("file", "id", "blocks", "events"):
            del file[key]
    return files, report[report.index(b'"sets"'):]


def test_merge(folder):
    """seven shards of an odd number of targets, two of them crashed and resumed: the report of one file"""
    shards = []
    for i in range(7):
        shard = folder / f"shard{i}.mxs.zst"
        if i in (1, 4):
            make(shard, "open-odd", 7, i)
            shard.write_bytes(shard.read_bytes()[:-200])
            make(shard, "resumed-odd", 7, i)
        else:
            make(shard, "complete-odd", 7, i)
        shards.append(shard)
    one, merged = make(folder / "one.mxs.zst", "complete-odd"), folder / "merged.mxs.zst"
    check(b"201 records of 201 targets, 3 certificates; complete" in mxstat("merge", "-o", merged, *shards), "merge")
    check(b"every target once" in mxstat("verify", merged), "the merged file is whole")
    mxstat("report", "--partial", folder / "partial", one)
    mxstat("merge", "-o", folder / "none.mxs.zst", folder / "partial", expect=1, says="is a partial")
    check(not (folder / "none.mxs.zst").exists(), "a merge that was refused leaves a file")
    check(anonymous(mxstat("report", "--json", merged)) == anonymous(mxstat("report", "--json", one)), "JSON reports differ")
    text = [re.sub(rb" in \d+ blocks", b"", mxstat("report", f).split(b"\n", 1)[1]) for f in (merged, one)]
    check(text[0] == text[1], "reports differ")
    check(sorted(mxstat("export", merged).splitlines()) == sorted(mxstat("export", one).splitlines()), "exports differ")
    info = mxstat("info", merged)
    check(all(f"file {shard}".encode() in info for shard in shards), "the files are not named")
    check(info.count(b" resumed: file ") == 2, "the shards' own events are lost")
    again, other = folder / "again.mxs.zst", folder / "other.mxs.zst"
    mxstat("merge", "-o", again, *shards)
    mxstat("merge", "-o", other, *shards[::-1])
    check(again.read_bytes() == merged.read_bytes(), "the same files make another file")
    check(mxstat("export", other) == mxstat("export", merged), "the order of the files matters")
    mxstat("merge", "-o", merged, *shards, expect=1, says="exists")
    mxstat("merge", *shards, expect=2, says="--output-file: not given")
    mxstat("merge", "-o", folder / "x", *shards[1:], expect=1, says="of 7 shards 6 are given.*Missing: 0$")
    check(not (folder / "x").exists(), "something is left behind")
    torn = folder / "torn.mxs.zst"
    torn.write_bytes(one.read_bytes()[:one.stat().st_size // 2])
    out = mxstat("merge", "-o", folder / "part.mxs.zst", torn, expect=1, says="torn.mxs.zst.*ends inside")
    check(b"targets are missing: mxsweep --resume goes on with it" in out, f"a part: {out!r}")


def test_certs(folder):
    path = make(folder / "c.mxs.zst")
    pem = mxstat("certs", path)
    is_inert(pem, "certs")
    check(pem.count(b"BEGIN CERTIFICATE") == 3, "three distinct certificates")
    check(mxstat("certs", "--leaf-only", path).count(b"BEGIN CERTIFICATE") == 2, "two leaves")
    ders = folder / "ders"
    mxstat("certs", "--der", ders, path)
    import base64
    import hashlib
    blocks = re.findall(rb"# ([0-9a-f]{64}).*\n-----BEGIN CERTIFICATE-----\n([^-]*)-----END CERTIFICATE-----\n", pem)
    check(len(blocks) == 3, "each block has its line")
    for sha256, body in blocks:
        der = base64.b64decode(body, validate=False)
        check(hashlib.sha256(der).hexdigest() == sha256.decode(), "a PEM block is not what its line says")
        check((ders / f"{sha256.decode()}.der").read_bytes() == der, "DER and PEM differ")
        check(all(len(line) <= 64 for line in body.splitlines()), "a line of PEM is too long")
    chains = {h for line in mxstat("export", path).splitlines() for h in json.loads(line).get("chain", [])}
    check(chains == {sha256.decode() for sha256, _ in blocks}, "chains name other certificates")
    mxstat("certs", "--der", ders, "--pem", path, expect=2, says="--der")


def test_info(folder):
    out = mxstat("info", make(folder / "i.mxs.zst"))
    is_inert(out, "info")
    for word in (b"complete", b"JA4", b"seed", b"10.0.0.0 to 10.0.0.199", b"records         200"):
        check(word in out, f"info has no {word!r}: {out.decode()}")


def exported(*files):
    rules = json.loads(pathlib.Path(SCHEMA).read_text())
    records = [json.loads(line) for line in mxstat("export", *files).splitlines()]
    for record in records:
        wrong = list(schema.problems(record, rules, rules))
        check(not wrong, f"a line is not of the schema: {wrong[:3]}")
    return records


def test_names(folder):
    """host names, earlier attempts and a sample, in the golden file of format 2"""
    path = DATA / "golden-2.mxs.zst"
    records = exported(path)
    check(len(records) == 21, f"{len(records)} records")
    names = [r for r in records if r.get("host") == "mx.example.com" and r.get("tag") == "pool-a"]
    check(len(names) == 3 and len({r["position"] for r in names}) == 1, "a name is one position")
    check([r["addr"] for r in names] == ["192.0.2.3", "203.0.113.9", "2001:db8::25"], f"addresses: {names}")
    failed = {r["cause"]: r for r in records if "addr" not in r}
    check(set(failed) == {"no-address", "dns-failure"}, f"without an address: {failed}")
    check(all(r["host"] == "mx2.example.com" and r["stage"] == "connect" for r in failed.values()), f"{failed}")
    attempts = [r["attempts"] for r in records if "attempts" in r]
    check(sorted(map(len, attempts)) == [1, 1, 2, 3], f"attempts: {attempts}")
    full = max(attempts, key=len)
    check(full == [{"start": "2026-07-01T00:00:01.015Z", "stage": "connect", "cause": "timeout"},
                   {"start": "2026-07-01T00:00:04.015Z", "stage": "greeting", "cause": "throttled", "smtp_code": 421},
                   {"start": "2026-07-01T00:00:05.015Z", "stage": "starttls", "cause": "throttled", "smtp_code": 454}],
          f"attempts: {full}")
    check(all(r["source"] == "192.0.2.99" for r in records), "the source is not in each record")
    check(b"every target once: 20 targets, 20 done" in mxstat("verify", path), "verify stops at the limit")
    info = mxstat("info", path)
    for words in (b"addresses of mx.example.com, tag pool-a", b"the first 20 of their order", b"90 %",
                  b"22: 11 addresses and host names at port 25,465"):
        check(words in info, f"info has no {words!r}: {info.decode()}")
    report = json.loads(mxstat("report", "--json", path))
    sets = {s["name"]: s["count"] for s in report["sets"]}
    rows = {s["id"]: {r["label"]: r["count"] for r in s["rows"]} for s in report["statistics"]}
    check((sets["A"], sets["D"], sets["P"]) == (20, 22, 20), f"{sets}")
    check(rows["coverage"] == {"done": 20, "not done": 0}, f"{rows['coverage']}")
    check(rows["probed"] == {"probed": 20, "blocked": 0, "no-address": 1, "dns-failure": 1}, f"{rows['probed']}")
    check(report["files"][0]["targets"] == 20 and report["files"][0]["sample_ppm"] == 900000, "the file's figures")


def test_streams(folder):
    records = exported(DATA / "golden-2-stream.mxs.zst")
    check(len(records) == 10 and all(r["port"] == 587 for r in records), f"{len(records)} records")
    check([r["addr"] for r in records if r["position"] in (1, 3)] == ["192.0.2.200", "8.8.8.8"], "addresses of columns")
    check({r.get("tag") for r in records} == {None, "pool-a", "tagged"}, "tags")
    whole = make(folder / "whole.mxs.zst", "Scomplete")
    out = mxstat("verify", whole)
    check(b"every line once: 200 positions of a stream, 200 done, 0 missing" in out, f"{out!r}")
    check(len(exported(whole)) == 180, "lines without a target have no record")
    info = mxstat("info", whole)
    for words in (b"a stream, line by line, at port 25", b"without target  20", b"lines read      200",
                  b"complete, the stream had 200 lines"):
        check(words in info, f"info has no {words!r}: {info.decode()}")
    report = json.loads(mxstat("report", "--json", whole))
    sets = {s["name"]: s["count"] for s in report["sets"]}
    check((sets["A"], sets["D"], sets["P"]) == (180, 180, 180), f"{sets}")
    check(report["files"][0]["streamed"] is True and "targets" not in report["files"][0], f"{report['files']}")
    check(b"a stream, of which this is shard 0 of 1" in mxstat("report", whole), "the report's text")
    for kind in ("Sstopped", "Sopen"):
        part = make(folder / f"{kind}.mxs.zst", kind)
        out = mxstat("verify", part, expect=1, says="undamaged, and the sweep is unfinished")
        check(b"open-ended, a stream whose end no file says: 150 positions of a stream, 150 done" in out, f"{out!r}")
        sets = {s["name"]: s["count"] for s in json.loads(mxstat("report", "--json", part))["sets"]}
        check(sets["A"] == sets["D"] == 135, f"{sets}")
    shards = [make(folder / f"shard{i}.mxs.zst", "Scomplete", 3, i) for i in range(3)]
    check(b"every line once: 200 positions" in mxstat("verify", *shards), "three shards of a stream")
    out = mxstat("verify", *shards[:2], expect=1, says="name the files of all shards")
    check(b"66 missing" in out and b"(shard 2)" in out, f"{out!r}")


def test_handshakes(folder):
    """all that a handshake shows, in the golden file of that name; what does not know it says nothing of it"""
    path = DATA / "golden-3.mxs.zst"
    records = {r["position"]: r for r in exported(path)}
    full, partial, none = (records[p]["tls"] for p in (1, 2, 3))
    check(full["ems"] is True and full["resumed"] is False and full["hello_retry"] is True, f"answers: {full}")
    check(full["retry_group"] == "X25519MLKEM768" and full["server_extensions"] == [43, 51, 10, 65535], f"facts: {full}")
    check(full["octets"] == {"in": 4321, "out": 765} and full["flights"] == 6, f"octets: {full}")
    check(base64.b64decode(full["ocsp_staple"]) == b"\x30\x03\x0a\x01\x00", "the staple is another")
    check(base64.b64decode(full["sct_list"]) == b"\0\4\0\2\xff\0", "the list of SCTs is another")
    check(set(partial) & {"ems", "resumed", "session_ticket"} == {"ems", "resumed"}, f"what is not known: {partial}")
    check(len(partial["server_extensions"]) == 32, f"extensions: {partial}")
    check(set(none) == {"handshake_done", "version", "suite"}, f"known of nothing: {none}")
    check(records[1]["ms"]["server_hello"] == 3.5 and records[2]["ms"]["server_hello"] == 7000, "time of the ServerHello")
    repacked = folder / "handshakes.mxs.zst"
    mxstat("merge", "-o", repacked, path)
    check({r["position"]: r for r in exported(repacked)} == records, "a merge changed what was known")
    check(json.loads(mxstat("report", "--json", path)), "no report of it")


def test_diff(folder):
    old = make(folder / "old.mxs.zst")
    again = make(folder / "again.mxs.zst")
    other = make(folder / "other.mxs.zst", "complete-odd")
    part = make(folder / "part.mxs.zst", "stopped")
    check(b"200 the same, 0 changed, 0 appeared, 0 vanished" in mxstat("diff", old, again), "the same differ")
    out = mxstat("diff", old, other, expect=4)
    check(b" changed, 1 appeared, 0 vanished" in out and b"more; --lines 0 shows all" in out, f"{out!r}")
    is_inert(out, "diff")
    is_inert(mxstat("diff", "--lines", 0, old, other, expect=4), "diff --lines 0")
    is_inert(mxstat("diff", "--json", old, other, expect=4), "diff --json")
    lines = [json.loads(line) for line in mxstat("diff", "--json", old, other, expect=4).splitlines()]
    changes, summary = lines[:-1], lines[-1]["summary"]
    kinds = collections.Counter(c["change"] for c in changes)
    check(kinds == {k: summary[k] for k in ("changed", "appeared")}, f"{kinds} {summary}")
    check(summary["old"]["records"] == TARGETS == summary["same"] + summary["changed"] + summary["vanished"], f"{summary}")

    # against the export of both, joined by address
    exported = [{r["addr"]: r for r in map(json.loads, mxstat("export", path).splitlines())} for path in (old, other)]
    told = {c["addr"]: c["fields"] for c in changes if c["change"] == "changed"}
    for field, get in {"outcome": lambda r: r["stage"] + "/" + r["cause"], "smtp_code": lambda r: r.get("smtp_code"),
                       "version": lambda r: r.get("tls", {}).get("version"), "suite": lambda r: r.get("tls", {}).get("suite"),
                       "group": lambda r: r.get("tls", {}).get("group"), "leaf": lambda r: r.get("chain", [None])[0]}.items():
        expected = {}
        for addr, one in exported[0].items():
            a, b = get(one), get(exported[1][addr])
            if a is not None and b is not None and a != b:
                expected[addr] = {"old": a, "new": b}
        got = {addr: fields[field] for addr, fields in told.items() if field in fields}
        check(got == expected, f"{field}: {len(got)} and not {len(expected)} changes")
        row = next(f for f in summary["fields"] if f["name"] == field)
        check(row["changed"] == len(expected), f"{row}")
        check("moves" not in row or sum(m["count"] for m in row["moves"]) == row["changed"], f"{row}")

    page = folder / "page.html"
    check(mxstat("diff", "--html", page, old, other, expect=4) == b"" and page.read_bytes().endswith(b"</html>\n"), "a page")
    before = sorted(folder.iterdir())
    mxstat("diff", "--html", page, old, other, expect=1, says="page.html: exists; name another")
    mxstat("diff", "--html", folder / "none.html", old, folder / "none.mxs.zst", expect=1, says="none.mxs.zst")
    mxstat("diff", "--html", folder / "none/page.html", old, other, expect=1, says="cannot write")
    check(sorted(folder.iterdir()) == before, "something was written")
    check(mxstat("diff", "--html", folder / "same.html", "--json", old, again).startswith(b'{"summary"'), "JSON beside a page")

    mxstat("diff", old, part, expect=4, says="not complete")
    mxstat("diff", old, expect=2, says="two files are compared")
    mxstat("diff", old, other, part, expect=2, says="mxstat merge")
    mxstat("diff", "--lines", "x", old, other, expect=2, says="expected is a number")
    mxstat("diff", old, folder / "none.mxs.zst", expect=1, says="none.mxs.zst")
    torn = folder / "torn.mxs.zst"
    torn.write_bytes(old.read_bytes()[:-700])
    mxstat("diff", old, torn, expect=1, says="torn.mxs.zst")
    mxstat("diff", "--html", folder / "torn.html", old, torn, expect=1, says="torn.mxs.zst")
    check("The new sweep is not all there" in (folder / "torn.html").read_text(), "the page does not say that a file is torn")
    for option in ([], ["--json"]):
        with open("/dev/full", "w") as full:
            done = subprocess.run([MXSTAT, "diff", *option, old, other], stdout=full, stderr=subprocess.PIPE)
            check(done.returncode == 1 and b"cannot write" in done.stderr, "a full disk is not told")


def test_usage(folder):
    mxstat(expect=2, says="no command")
    mxstat("frob", expect=2, says="frob: no such command")
    mxstat("report", expect=2, says="FILE: none given")
    mxstat("report", "--frob", "x", expect=2, says="--frob: unknown option")
    mxstat("export", "x", "-o", expect=2, says="-o: needs a value")
    check(b"Commands:" in mxstat("--help"), "--help")
    check(re.match(rb"mxstat \d.*\nBoringSSL .*\nzstd \d", mxstat("--version")), "--version")
    for command in ("report", "export", "info", "verify", "merge", "diff", "certs"):
        help_text = mxstat(command, "--help")
        check(help_text.count(b"\n") <= 32, f"{command} --help is longer than a screen")
    path = make(folder / "u.mxs.zst")
    for option in ([], ["--json"]):
        with open("/dev/full", "w") as full:
            done = subprocess.run([MXSTAT, "report", *option, path], stdout=full, stderr=subprocess.PIPE)
            check(done.returncode == 1 and b"cannot write" in done.stderr, "a full disk is not told")


def main():
    with tempfile.TemporaryDirectory(prefix="mxstat-") as name:
        for test in (test_export, test_report, test_report_options, test_definitions, test_shards, test_verify, test_missing, test_repair, test_merge,
                     test_certs, test_info, test_names, test_streams, test_handshakes, test_diff, test_usage):
            folder = pathlib.Path(name) / test.__name__
            folder.mkdir()
            test(folder)
            print(f"{test.__name__}: good")


main()
