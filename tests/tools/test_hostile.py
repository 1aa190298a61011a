"""A population that wants to harm whoever reads about it: greetings, replies and certificates with markup, escapes for
terminals, controls of the direction of text, junk. What mxstat prints of it is inert.

usage: test_hostile.py MXSTAT SYNTH MMDB_FOLDER
"""
import csv
import html.parser
import io
import json
import os
import subprocess
import sys
import tempfile

HTML = "<script>alert(1)</script><img src=x onerror=alert(2)>\" ' --> ]]> {{7*7}} ${x}"
ANSI = "\\x1b[31m\\x1b]0;owned\\x07\\x1b[2J\\x9b31m\\x90\\x08\\x08\\x7f\\x00"
BIDI = "\u202egnp.exe\u2066x\u2069\u200f\u061c\u2028\u2029\u0085\ufeff"
FORMULA = "=cmd|' /C calc'!A0"
BAD_UTF8 = "\\xff\\xfe\\xc0\\x80\\xed\\xa0\\x80\\xf4\\x90\\x80\\x80"
MARKS = [HTML, ANSI, BIDI, FORMULA, BAD_UTF8, "\\r\\nX-Injected: 1\\r\\n.\\r\\n", "%s%n%x", "a" * 900]
JUNK = "".join(f"\\x{b:02x}" for b in (bytes(range(256)) * 257)[:65536])

# none of these may be anywhere in what is printed
CONTROLS = [chr(c) for c in range(0x20) if c != 0x0a] + [chr(0x7f)] + [chr(c) for c in range(0x80, 0xa0)] + \
    [chr(c) for c in (0x061c, 0x200e, 0x200f, *range(0x2028, 0x202f), *range(0x2066, 0x206a))]


def population(turn=0):
    """turn: the same targets say something else"""
    rows = [{"count": 3, "outcome": "greeting/malformed", "greeting": JUNK},
            {"count": 3, "outcome": "greeting/too-long", "greeting": "220-" + JUNK[:200000]},
            {"count": 2, "outcome": "handshake/not-tls", "not_tls": JUNK[:1000]},
            {"count": 2, "outcome": "handshake/early-plaintext", "early_plaintext": JUNK[:1000]}]
    for i in range(len(MARKS)):
        mark = MARKS[(i + turn) % len(MARKS)]
        line = mark.replace("\\r", "").replace("\\n", "")
        text = {"greeting": f"220 {line}", "ehlo": f"250-{line}\\r\\n250-{line} {line}\\r\\n250 STARTTLS",
                "starttls_reply": f"220 {line}", "ehlo_tls": f"250-x\\r\\n250-AUTH {line}\\r\\n250 {line}",
                "tag": line[:40]}
        names = {"issuer": mark[:200], "name": mark[:200], "address": "192.0.2.0/25"}
        rows += [{"count": 4, "outcome": "done/ok", "chain": "valid", **text, **names},
                 {"count": 2, "outcome": "done/ok", "chain": "self-signed", **text, **names},
                 {"count": 2, "outcome": "greeting/rejected", "greeting": f"554 5.7.1 {line}\\r\\n"},
                 {"count": 1, "outcome": "ehlo/rejected", "greeting": f"220 {line}", "ehlo": f"550 {mark}"},
                 {"count": 1, "outcome": "starttls/rejected", "greeting": text["greeting"], "starttls_reply": f"454 {line}"}]
    return rows


class Page(html.parser.HTMLParser):
    """Collects what a page could do: elements that load or run something, attributes that do."""
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.found, self.inside = [], []

    def handle_starttag(self, tag, attrs):
        if tag in ("img", "iframe", "object", "embed", "link", "base", "form", "video", "audio"):
            self.found.append(f"<{tag}>")
        for name, value in attrs:
            if name == "xmlns":
                continue
            if name.startswith("on") or (value or "").lstrip().lower().startswith(("javascript:", "http", "//")):
                self.found.append(f"<{tag} {name}={value!r}>")
        if tag in ("script", "style"):
            self.inside.append(tag)

    def handle_endtag(self, tag):
        if tag in ("script", "style"):
            self.inside.pop()

    def handle_data(self, data):
        if self.inside and ("alert(" in data or "calc" in data):
            self.found.append(f"in <{self.inside[-1]}>: {data[:80]!r}")


def faults_of_lines(text):
    """An octet of others is escaped so that it can be had back: nothing of a line is markup as it stands in a text."""
    return (f"no object: {line[:60]!r}" for line in text.splitlines() if not isinstance(json.loads(line), dict))


def faults_of_page(path):
    with open(path, "rb") as f:
        text = f.read()
    page = Page()
    page.feed(text.decode("utf-8"))
    return page.found + list(faults(text, False))


def faults_of_cells(text):
    """A cell must not begin a formula; numbers may have a sign."""
    csv.field_size_limit(1 << 24)
    for row in csv.reader(io.StringIO(text.decode("utf-8"), newline="")):
        for cell in row:
            if cell[:1] in ("=", "+", "@", "\t", "\r") or (cell[:1] == "-" and not cell[1:].replace(".", "").isdigit()):
                yield f"a formula: {cell[:60]!r}"


def partitions(text):
    """A leaf whose names no client can read is of some outcome, too."""
    for s in json.loads(text)["statistics"]:
        if s["shape"] == "partition" and sum(r["count"] for r in s["rows"]) != s["denominator_count"]:
            yield f"{s['id']} does not sum to {s['denominator_count']}: {s['rows']}"
        if s["id"] == "chain_outcome" and not any(r["label"] == "unparsable" and r["count"] for r in s["rows"]):
            yield "chain_outcome: no unparsable ones"


def faults(text, lines_of_json):
    """What is wrong with a text that somebody will look at in a terminal, or read by a program."""
    try:
        shown = text.decode("utf-8")
    except UnicodeDecodeError as e:
        yield f"no UTF-8: {e}"
        return
    for c in CONTROLS:
        if c in shown:
            at = shown.index(c)
            yield f"U+{ord(c):04X} in: {shown[max(0, at - 60):at + 20]!r}"
    if lines_of_json:
        try:
            for line in shown.splitlines():
                json.loads(line)
        except ValueError as e:
            yield f"no JSON: {e}"


def hostile_database(folder, out):
    """an AS database in which the names of networks, and its own type, are hostile"""
    with open(os.path.join(folder, "asn.mmdb"), "rb") as f:
        octets = f.read()
    for name, evil in ((b"Example One", b"=<b>\x1b[2J&'"), (b"Example Two", b"@\xc2\x9b\xe2\x80\xae<x>"),
                       (b"GeoLite2-ASN", b"Geo<b>\x1b[2JN")):
        assert octets.count(name) >= 1 and len(evil) <= len(name), name
        octets = octets.replace(name, evil.ljust(len(name)))
    with open(out, "wb") as f:
        f.write(octets)


class Run:
    """one command, and what must be true of what it prints"""
    def __init__(self, what, command, *, is_json=False, cells=False, sums=False, code=0, silent=False):
        self.what, self.command, self.is_json, self.cells, self.sums = what, command, is_json, cells, sums
        self.code, self.silent = code, silent

    def faults(self):
        done = subprocess.run(self.command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        shown = done.stdout.replace(b"\r\n", b"\n") if self.cells else done.stdout   # RFC 4180
        found = list(faults(shown, self.is_json)) + list(faults(done.stderr, False))
        found += list(faults_of_lines(done.stdout)) if self.is_json and not found else []
        found += partitions(done.stdout) if self.sums else []
        found += faults_of_cells(done.stdout) if self.cells else []
        if done.returncode != self.code or (not done.stdout) != self.silent:
            found.append(f"exit status {done.returncode}, {len(done.stdout)} octets, {done.stderr!r}")
        return f"{self.what}: {len(done.stdout)} octets", found


EVIL = "\x1b[31m\u202e\x07<b>\n"
EVIL_NAME = "=" + EVIL + "</script><img src=x onerror=alert(3)>"[:30].replace("/", "") + ".mxs.zst"
CERT_CELLS = "addr,certs.0.subject_cn,certs.0.issuer_org,certs.0.issuer_cn,certs.0.dns_names,certs.0.subject,certs"


def damaged(path):
    """the name of a copy in which an octet is another"""
    with open(path, "rb") as f:
        octets = bytearray(f.read())
    octets[len(octets) // 2] ^= 1
    with open(path + ".damaged", "wb") as f:
        f.write(octets)
    return path + ".damaged"


def runs(mxstat, roots, old, new, folder, database, key):
    """what somebody does with such datasets; the name of one of them is hostile, too"""
    def to(name):
        return os.path.join(folder, name)

    report, geo = [mxstat, "report", "--trust-store", roots], ["--asn-db", database]
    export, groups = [mxstat, "export"], "mta,tag,prefix,as"
    csv_of = [*export, "--format", "csv"]
    return (
        Run("text", [*report, old]),
        Run("text, all rows", [*report, "--top", "0", old]),
        Run("JSON", [*report, "--json", "--top", "0", old], is_json=True, sums=True),
        Run("text by groups", [*report, *geo, "--by", groups, old]),
        Run("JSON by groups", [*report, *geo, "--json", "--by", groups, "--top", "0", old], is_json=True),
        Run("filter", [*report, "--where", "greeting ~ '\u202e'", old]),
        Run("export", [*export, *geo, old], is_json=True),
        Run("certificates", [*export, "--certs", "parsed", old], is_json=True),
        Run("PEM in lines", [*export, "--certs", "pem", old], is_json=True),
        Run("columns", [*export, *geo, "--columns", "addr,greeting,ehlo,tls,tag,as_org,early_plaintext", old], is_json=True),
        Run("anonymous", [*export, "--anonymize", key, old], is_json=True),
        Run("keys", [*export, "--keys", old], is_json=True),
        Run("CSV", [*csv_of, *geo, old], cells=True),
        Run("CSV, certificates", [*csv_of, "--certs", "parsed", old], cells=True),
        Run("CSV, names of certificates", [*csv_of, "--certs", "parsed", "--columns", CERT_CELLS, old], cells=True),
        Run("CSV, anonymous", [*csv_of, "--anonymize", key, old], cells=True),
        Run("zgrab2", [*export, "--format", "zgrab2", old], is_json=True),
        Run("zgrab2, certificates", [*export, "--format", "zgrab2", "--certs", "parsed", old], is_json=True),
        Run("zgrab2, PEM", [*export, "--format", "zgrab2", "--certs", "pem", old], is_json=True),
        Run("page", [*report, *geo, "--by", groups, "--html", to("page.html"), "--svg", to("charts"), "--csv", to("tables"),
                     old], silent=True),
        Run("diff", [mxstat, "diff", "--lines", "0", old, new], code=4),
        Run("diff, JSON", [mxstat, "diff", "--json", old, new], code=4, is_json=True),
        Run("diff, page", [mxstat, "diff", "--html", to("diff.html"), old, new], code=4, silent=True),
        Run("certs", [mxstat, "certs", old]),
        Run("info", [mxstat, "info", old]),
        Run("verify", [mxstat, "verify", old]),
        Run("repair", [mxstat, "verify", "--repair", to("repaired.mxs.zst"), damaged(old)]),
        Run("merge", [mxstat, "merge", "-o", to("merged.mxs.zst"), old]),
    )


def complaints(mxstat, old, folder):
    """names on the command line are shown, too"""
    for command in (["report", EVIL], ["export", EVIL], ["diff", EVIL, old], ["info", EVIL], ["verify", EVIL], [EVIL],
                    ["report", f"--{EVIL}", old], ["report", "--by", EVIL, old], ["report", "--where", EVIL, old],
                    ["report", "--where", f"addr = '{EVIL}", old], ["export", "--columns", EVIL, old],
                    ["export", "--format", EVIL, old], ["export", "--certs", EVIL, old], ["report", "--top", EVIL, old],
                    ["report", "--asn-db", EVIL, old], ["report", "--weights", EVIL, old],
                    ["report", "--trust-store", EVIL, old], ["report", "--mta-rules", EVIL, old],
                    ["report", "--sampled", EVIL, old], ["export", "--anonymize", EVIL, old],
                    ["diff", "--lines", EVIL, old, old],
                    ["report", "--html", os.path.join(folder, EVIL, "x"), old],
                    ["report", "--svg", os.path.join(folder, EVIL, "x"), old],
                    ["export", "-o", os.path.join(folder, EVIL, "x"), old],
                    ["certs", "--der", os.path.join(folder, EVIL, "x"), old]):
        done = subprocess.run([mxstat, *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        found = list(faults(done.stderr, False)) + list(faults(done.stdout, False))
        if done.returncode not in (1, 2) or done.stdout or not done.stderr or done.stderr.count(b"\n") > 4:
            found.append(f"exit status {done.returncode}, {done.stdout[:60]!r}, {done.stderr!r}")
        yield f"complaint about {command[:-1][-2:]}", found


def look_at(what, found):
    print(f"{what}, {len(found)} faults")
    for fault in found[:10]:
        print(f"  {fault}")
    return len(found)


def files_of(folder, name):
    return [os.path.join(folder, name, n) for n in sorted(os.listdir(os.path.join(folder, name)))]


def faults_of_table(path):
    with open(path, "rb") as f:
        text = f.read()
    return list(faults(text.replace(b"\r\n", b"\n"), False)) + list(faults_of_cells(text))


def main():
    mxstat, synth, databases = sys.argv[1:4]
    bad = 0
    with tempfile.TemporaryDirectory() as folder:
        old, new, roots, database, key = (os.path.join(folder, n) for n in (EVIL_NAME, "new.mxs.zst", "roots.pem", "as.mmdb",
                                                                           "key"))
        for turn, dataset in enumerate((old, new)):
            table = os.path.join(folder, f"{turn}.json")
            with open(table, "w", encoding="utf-8") as f:
                json.dump(population(turn), f)
            subprocess.run([synth, "--roots", roots, table, dataset], check=True)
        hostile_database(databases, database)
        with open(key, "wb") as f:
            f.write(bytes(range(32)))
        for run in runs(mxstat, roots, old, new, folder, database, key):
            bad += look_at(*run.faults())
        for what, found in complaints(mxstat, old, folder):
            bad += look_at(what, found)
        for path in [os.path.join(folder, "page.html"), os.path.join(folder, "diff.html"), *files_of(folder, "charts")]:
            bad += look_at(f"{os.path.basename(path)}: {os.path.getsize(path)} octets", faults_of_page(path))
        for path in files_of(folder, "tables"):
            bad += look_at(f"{os.path.basename(path)}: {os.path.getsize(path)} octets", faults_of_table(path))
    return bad > 0


if __name__ == "__main__":
    sys.exit(main())
