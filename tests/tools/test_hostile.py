"""A population that wants to harm whoever reads about it: greetings, replies and certificates with markup, escapes for
terminals, controls of the direction of text, junk. What mxstat prints of it is inert.

usage: test_hostile.py MXSTAT SYNTH
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


def population():
    rows = [{"count": 3, "outcome": "greeting/malformed", "greeting": JUNK},
            {"count": 3, "outcome": "greeting/too-long", "greeting": "220-" + JUNK[:200000]},
            {"count": 2, "outcome": "handshake/not-tls", "not_tls": JUNK[:1000]},
            {"count": 2, "outcome": "handshake/early-plaintext", "early_plaintext": JUNK[:1000]}]
    for i, mark in enumerate(MARKS):
        line = mark.replace("\\r", "").replace("\\n", "")
        text = {"greeting": f"220 {line}", "ehlo": f"250-{line}\\r\\n250-{line} {line}\\r\\n250 STARTTLS",
                "starttls_reply": f"220 {line}", "ehlo_tls": f"250-x\\r\\n250-AUTH {line}\\r\\n250 {line}",
                "tag": f"tag {i}"}
        names = {"issuer": mark[:200], "name": mark[:200]}
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


def main():
    mxstat, synth = sys.argv[1:3]
    bad = 0
    with tempfile.TemporaryDirectory() as folder:
        table, dataset, roots = (os.path.join(folder, n) for n in ("table.json", "x.mxs.zst", "roots.pem"))
        with open(table, "w", encoding="utf-8") as f:
            json.dump(population(), f)
        subprocess.run([synth, "--roots", roots, table, dataset], check=True)
        report = [mxstat, "report", "--trust-store", roots]
        page, charts = os.path.join(folder, "page.html"), os.path.join(folder, "charts")
        for what, command, as_json in (
                ("text", [*report, dataset], False),
                ("text, all rows", [*report, "--top", "0", dataset], False),
                ("JSON", [*report, "--json", "--top", "0", dataset], True),
                ("text by groups", [*report, "--by", "mta,tag,prefix", dataset], False),
                ("JSON by groups", [*report, "--json", "--by", "mta,tag,prefix", "--top", "0", dataset], True),
                ("filter", [*report, "--where", "greeting ~ '\u202e'", dataset], False),
                ("export", [mxstat, "export", dataset], True),
                ("certs", [mxstat, "certs", dataset], False),
                ("certificates", [mxstat, "export", "--certs", "parsed", dataset], True),
                ("CSV", [mxstat, "export", "--format", "csv", dataset], False),
                ("zgrab2", [mxstat, "export", "--format", "zgrab2", dataset], True),
                ("page", [*report, "--by", "mta,tag", "--html", page, "--svg", charts, dataset], False),
                ("info", [mxstat, "info", dataset], False),
                ("verify", [mxstat, "verify", dataset], False)):
            done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
            shown = done.stdout.replace(b"\r\n", b"\n") if what == "CSV" else done.stdout   # RFC 4180
            found = list(faults(shown, as_json)) + list(faults(done.stderr, False))
            found += partitions(done.stdout) if what == "JSON" else []
            found += faults_of_cells(done.stdout) if what == "CSV" else []
            if done.returncode != 0 or (not done.stdout and what not in ("filter", "page")):
                found.append(f"exit status {done.returncode}, {done.stderr!r}")
            print(f"{what}: {len(done.stdout)} octets, {len(found)} faults")
            for fault in found[:10]:
                print(f"  {fault}")
            bad += len(found)
        for path in [page, *(os.path.join(charts, n) for n in sorted(os.listdir(charts)))]:
            found = faults_of_page(path)
            print(f"{os.path.basename(path)}: {os.path.getsize(path)} octets, {len(found)} faults")
            for fault in found[:10]:
                print(f"  {fault}")
            bad += len(found)
    return bad > 0


if __name__ == "__main__":
    sys.exit(main())
