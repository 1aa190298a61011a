"""Opens the pages of synthetic sweeps in headless Chromium: nothing is loaded or complained of, every figure of --json is
there, every chart has its marks, nothing overflows a phone, contrast suffices in the light and in the dark.
usage: test_page_browser.py MXSTAT MAKE_PAGE_DATASET MAKE_REPORT_DATASET; exit code 77 where there is no Chromium"""

import collections
import json
import pathlib
import subprocess
import sys
import tempfile
import xml.dom.minidom

import browser

MXSTAT, MAKE, MAKE_BIG = sys.argv[1:4]
KINDS = ("plausible", "groups", "hostile", "empty")
DATABASES = pathlib.Path(__file__).resolve().parent.parent / "data/mmdb"
DIMENSIONS = ("country", "as", "network", "mta", "tag", "port")
OPTIONS = {"groups": ("--by", ",".join(DIMENSIONS), "--country-db", DATABASES / "country-maxmind.mmdb",
                      "--asn-db", DATABASES / "asn.mmdb", "--sampled", "0.1", "--where", "port = 25")}
BIG = 20_000  # records
BIG_DIMENSIONS = ("country", "as", "mta", "prefix")
MAPS = {"servers": ("E", None), "starttls": ("E", "S"), "tls13": ("H", "TLSv1.3"), "trusted": ("H", "trusted, matching")}
PAGE_MAX = 500_000
WIDTHS = (375, 320)

TABLES = """Array.from(document.querySelectorAll('table[data-id]')).map(t => [t.dataset.id,
    Array.from(t.tBodies[0].rows).map(r => [r.cells[0].querySelector('bdi, b').textContent,
                                            ...Array.from(r.cells).slice(1).map(c => c.textContent)])])"""

DIFF_FIELDS = """Array.from(document.querySelectorAll('table[data-table=fields] tbody tr')).map(r =>
    [r.querySelector('b').textContent, r.cells[1].textContent, r.cells[2].textContent])"""

GROUPS = """Array.from(document.querySelectorAll('table[data-by]')).map(t => [t.dataset.by, t.dataset.table,
    Array.from(t.tHead.rows[0].cells).slice(1).map(c => c.textContent),
    Array.from(t.tBodies[0].rows).map(r => [r.cells[0].querySelector('bdi').textContent,
                                            ...Array.from(r.cells).slice(1).map(c => c.innerText.split('\\n'))])])"""

MAP_TITLES = """Array.from(document.querySelectorAll('svg.wm')).map(s => Array.from(s.querySelectorAll('use')).map(u =>
    [u.getAttribute('href').slice(3), u.querySelector('title').textContent, u.getAttribute('class'),
     u.getBoundingClientRect().width > 0]))"""

MAP_CELLS = """Array.from(document.querySelectorAll('table[data-table=map] tbody tr')).map(r =>
    [r.querySelector('bdi').textContent, ...Array.from(r.cells).slice(1).map(c => c.innerText.split('\\n').pop())])"""

BINS = """Array.from(document.querySelectorAll('table[data-table=bins] tbody tr')).map(r =>
    Array.from(r.cells).slice(1).map(c => c.firstChild.data))"""

BARE_IMAGES = """Array.from(document.querySelectorAll('svg.p')).filter(s =>
    !Array.from(s.querySelectorAll('rect, line, circle, path')).some(m => {
        const box = m.getBoundingClientRect(); return box.width > 0 || box.height > 0; }) && s.getClientRects().length
    ).map(s => s.outerHTML.slice(0, 200))"""

WIDE = """Array.from(document.querySelectorAll('body *')).filter(e =>
    !e.closest('.sc, .vh, .skip, .defs') && e.getBoundingClientRect().right > innerWidth + 0.5
    ).map(e => e.outerHTML.slice(0, 120))"""

PALE = """(() => {
    const parse = c => c.match(/[0-9.]+/g).map(Number);
    const light = c => { const [r, g, b] = parse(c).map(v => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
                         return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
    const ground = e => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor;
                          const p = parse(c); if (p.length === 3 || p[3] > 0) return c; } return 'rgb(255, 255, 255)'; };
    return Array.from(document.querySelectorAll('body *')).filter(e => e.getClientRects().length && !e.closest('.key, .k') &&
        Array.from(e.childNodes).some(n => n.nodeType === 3 && n.data.trim())).map(e => {
            const s = getComputedStyle(e), a = light(e.namespaceURI.endsWith('svg') ? s.fill : s.color), b = light(ground(e));
            return [(Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), e.outerHTML.slice(0, 100)]; }).filter(p => p[0] < 4.5);
})()"""

BARS = """Array.from(document.querySelectorAll('table[data-id]:not(.fu):not(.st):not(.qu)')).map(t =>
    [t.dataset.id, t.querySelector('.ax span:last-child').textContent,
     Array.from(t.tBodies[0].rows).filter(r => r.querySelector('svg')).map(r => {
        const svg = r.querySelector('svg'), bar = svg.querySelector('rect');
        return [bar.getBoundingClientRect().width / svg.getBoundingClientRect().width, r.cells[2].textContent]; })])"""

UNFOLDED = """Array.from(document.querySelectorAll('details table')).filter(t => !t.checkVisibility()).length"""


def check(condition, what):
    if not condition:
        raise SystemExit(f"FAIL: {what}")


def mxstat(*argv, expect=0):
    done = subprocess.run([MXSTAT, *map(str, argv)], capture_output=True, timeout=120)
    check(done.returncode == expect, f"mxstat {argv}: exit code {done.returncode}: {done.stderr!r}")
    return done


def make(folder, kind):
    path = folder / f"{kind}.mxs.zst"
    subprocess.run([MAKE, path, kind], check=True, timeout=120)
    return path


def write(folder, kind):
    """the page, its charts and the same figures as JSON, in one run"""
    page, charts = folder / f"{kind}.html", folder / f"{kind}.svg"
    out = mxstat("report", "--json", "--html", page, "--svg", charts, *OPTIONS.get(kind, ()), make(folder, kind)).stdout
    check(page.stat().st_size <= PAGE_MAX, f"{page.stat().st_size} octets")
    return page, charts, json.loads(out)


def is_inert(b, path, what, title="Mail servers and their encryption: sweep report"):
    url = "file://" + str(path)
    check(b.requests() == [url], f"{what}: it asks for {b.requests()}")
    check(b.complaints() == [], f"{what}: {b.complaints()}")
    check(b.run("document.scripts.length + document.images.length + document.querySelectorAll('iframe, object, link').length") == 0,
          f"{what}: it has what it must not have")
    check(b.run("document.title") == title, f"{what}: {b.run('document.title')}")
    check(b.run("getComputedStyle(document.body).margin") == "0px", f"{what}: the style is not in effect")


def has_figures(b, report, what):
    """each row of each statistic, with its count"""
    tables = collections.defaultdict(list)
    for ident, rows in b.run(TABLES):
        tables[ident] += rows
    shown = 0
    for s in report["statistics"]:
        if s["denominator_count"] == 0 or not s["rows"]:
            check(not tables[s["id"]], f"{what}: {s['id']}: a table of nothing")
            continue
        rows = tables[s["id"]]
        counts = collections.Counter(f"{r['count']:,}" for r in s["rows"])
        check(collections.Counter(r[1] for r in rows) == counts, f"{what}: {s['id']}: {rows} is not {counts}")
        labels = {r["label"] for r in s["rows"] if r["label"].isascii() and r["label"].isprintable() and r.get("kind") != "other"}
        names = {r[0] for r in rows}
        check({n for n in labels if len(n) < 70 and "\\" not in n} <= names, f"{what}: {s['id']}: {labels - names} is not there")
        shown += len(rows)
    check(what == "empty" or shown > 100, f"{what}: {shown} rows")


def has_groups(b, report, what):
    """each group, how many targets it has, and its versions"""
    tables = collections.defaultdict(list)
    for by, table, _, rows in b.run(GROUPS):
        tables[by, table] += rows
    check({by for by, _ in tables} == {d["by"] for d in report["breakdowns"]}, f"{what}: {tables.keys()}")
    for breakdown in report["breakdowns"]:
        groups = breakdown["groups"]
        rows = tables[breakdown["by"], "reach"]
        counts = [f"{g['targets']:,}" for g in groups]
        check([r[1][0] for r in rows] == counts, f"{what}: {breakdown['by']}: {rows} is not {counts}")
        for group, row, versions in zip(groups, rows, tables[breakdown["by"], "tls_version"]):
            funnel = {r["label"]: r for s in group["statistics"] if s["id"] == "funnel" for r in s["rows"]}
            handshakes = next(s for s in group["statistics"] if s["id"] == "tls_version")
            done = {r["label"]: r["count"] for r in handshakes["rows"]}
            of = f"{handshakes['denominator_count']:,}"
            check(row[3][1] == f"{funnel['G220']['count']:,} of {funnel['P']['count']:,}", f"{what}: {row}: {funnel['G220']}")
            check(row[6][:2][-1] == f"{done.get('TLSv1.3', 0):,} of {of}" or of == "0", f"{what}: {row}: {done}")
            check(versions[0] == row[0] and sum(int(c[1].split()[0].replace(",", "")) for c in versions[1:] if len(c) > 1) ==
                  handshakes["denominator_count"], f"{what}: {versions} is not {done}")
        if what == "groups" and breakdown["by"] == "country":
            check({"DE", "CH", "unknown"} <= {r[0] for r in rows}, f"{rows}")
            check(all(" to " in r[2][1] for r in rows), f"{what}: intervals: {rows}")


def row_count(group, ident, label):
    return next((r["count"] for s in group["statistics"] if s["id"] == ident for r in s["rows"] if r["label"] == label), 0)


def has_maps(b, report, what):
    """each country that has a place, with its figures, in the title of its shape and in the table below"""
    countries = [d["groups"] for d in report["breakdowns"] if d["by"] == "country"]
    maps = b.run(MAP_TITLES)
    check(len(maps) == len(MAPS) * len(countries), f"{what}: {len(maps)} maps")
    if not countries:
        return
    cells = {row[0]: row[1:] for row in b.run(MAP_CELLS)}
    groups = [g for g in countries[0] if "kind" not in g]
    check(set(cells) == {g["label"] for g in groups}, f"{what}: {cells.keys()}")
    for i, (shapes, (of, part)) in enumerate(zip(maps, MAPS.values())):
        titles = {code: (title, kind) for code, title, kind, _ in shapes}
        check(len(titles) == len(shapes) > 240 and all(s[3] for s in shapes), f"{what}: shapes")
        for g in groups:
            whole = row_count(g, "funnel", of)
            count = whole if part is None else row_count(g, "funnel" if part == "S" else "tls_version" if part[0] == "T" else
                                                         "trusted", part)
            figures = f"{count:,}" if part is None else f"{count:,} of {whole:,}"
            check(cells[g["label"]][i] == (figures if whole or part is None else "-"), f"{what}: {g['label']}: {cells[g['label']]}")
            if g["label"] in titles:
                title, kind = titles[g["label"]]
                check((f": {figures}" if whole else ": none") in title, f"{what}: {title}: {figures}")
                check(kind == ("mn" if whole == 0 else "u" if part and whole < 10 else kind), f"{what}: {title}: {kind}")
                check(whole == 0 or kind != "mn", f"{what}: {title}: {kind}")


def has_bins(b, report, what):
    """the distributions of the latencies sum to what finished"""
    latency = next(s for s in report["statistics"] if s["id"] == "latency")
    rows = b.run(BINS)
    if not any(r["count"] for r in latency["rows"]):
        check(rows == [], f"{what}: {rows}")
        return
    sums = [sum(int(c.replace(",", "")) for c in column) for column in zip(*rows)]
    check(sums == [r["count"] for r in latency["rows"]], f"{what}: {sums}: {latency['rows']}")
    areas = b.run("Array.from(document.querySelectorAll('#latency path.d')).map(p => p.getBoundingClientRect().width)")
    check(len(areas) == sum(r["count"] > 0 for r in latency["rows"]) and min(areas) > 0, f"{what}: areas {areas}")


def fits(b, page, what):
    for width in WIDTHS:
        b.open(page, width, dark=width == WIDTHS[0])
        b.run("document.querySelectorAll('details').forEach(d => d.open = true)")
        check(b.run("innerWidth") == width, f"{what}: the window is {b.run('innerWidth')} wide")
        check(b.run("document.documentElement.scrollWidth") <= width, f"{what}: wider than {width}: {b.run(WIDE)[:3]}")
        check(b.run(WIDE) == [], f"{what}: beyond {width}: {b.run(WIDE)[:3]}")


def test_pages(b, folder):
    for kind in KINDS:
        page, _, report = write(folder, kind)
        for dark in (False, True):
            b.open(page, 1280, dark=dark)
            is_inert(b, page, kind)
            pale = b.run(PALE)
            check(pale == [], f"{kind}, {'dark' if dark else 'light'}: pale: {pale[:3]}")
        b.run("document.querySelectorAll('details').forEach(d => d.open = true)")
        has_figures(b, report, kind)
        has_groups(b, report, kind)
        has_maps(b, report, kind)
        has_bins(b, report, kind)
        bare = b.run(BARE_IMAGES)
        check(bare == [], f"{kind}: without marks: {bare[:3]}")
        check(b.run("document.querySelectorAll('svg.p').length") > (5 if kind == "empty" else 50), f"{kind}: charts")
        fits(b, page, kind)
        is_on_paper(b, report, folder / f"{kind}.svg", kind)
        print(f"{kind}: good")


def test_big(b, folder):
    """the dataset that speed is measured with, in small"""
    data, page, charts = folder / "big.mxs.zst", folder / "big.html", folder / "big.svg"
    subprocess.run([MAKE_BIG, data, str(BIG), "300"], check=True, timeout=300, stdout=subprocess.DEVNULL)
    report = json.loads(mxstat("report", "--json", "--html", page, "--svg", charts, "--by", ",".join(BIG_DIMENSIONS),
                               "--country-db", f"{data}.country.mmdb", "--asn-db", f"{data}.asn.mmdb",
                               "--trust-store", f"{data}.roots.pem", "--no-cache", data).stdout)
    check(page.stat().st_size <= PAGE_MAX, f"big: {page.stat().st_size} octets")
    for dark in (False, True):
        b.open(page, 1280, dark=dark)
        is_inert(b, page, "big")
        check(b.run(PALE) == [], f"big: pale: {b.run(PALE)[:3]}")
    b.run("document.querySelectorAll('details').forEach(d => d.open = true)")
    has_maps(b, report, "big")
    has_bins(b, report, "big")
    check({t[0] for t in b.run(GROUPS)} == set(BIG_DIMENSIONS), "big: groups")
    check(b.run(BARE_IMAGES) == [], f"big: without marks: {b.run(BARE_IMAGES)[:3]}")
    drawn = {name for name, rows in b.run(TABLES) if rows}
    expected = {s["id"] for s in report["statistics"] if s["denominator_count"] > 0 and s["rows"]}
    check(drawn == expected, f"big: {drawn ^ expected}")
    fits(b, page, "big")
    is_on_paper(b, report, charts, "big")
    print(f"big: good, {page.stat().st_size} octets")


def test_bars(b, folder):
    """a bar is as long as its share says, on the axis that the head says"""
    ends = set()
    for kind in ("plausible", "hostile"):
        b.open(folder / f"{kind}.html", 1280)
        b.run("document.querySelectorAll('details').forEach(d => d.open = true)")
        for ident, text, bars in b.run(BARS):
            end = float(text.split()[0])
            ends.add(end)
            for width, share in bars:
                share = float(share.split()[0].lstrip("<>"))
                check(abs(width * end - share) < max(0.02, end / 400), f"{kind}: {ident}: {width} of {text} is not {share} %")
    check(len(ends) > 2, f"only these axes: {ends}")


def test_diff(b, folder):
    """the page of a comparison has the figures of --json, and is as harmless"""
    for old, new in (("plausible", "hostile"), ("hostile", "plausible"), ("empty", "empty")):
        page, what = folder / f"diff-{old}.html", f"diff {old} {new}"
        out = mxstat("diff", "--json", "--html", page, *(folder / f"{kind}.mxs.zst" for kind in (old, new)),
                     expect=0 if old == new else 4).stdout
        lines = [json.loads(line) for line in out.splitlines()]
        for dark in (False, True):
            b.open(page, 1280, dark=dark)
            is_inert(b, page, what, "Two sweeps of mail servers compared")
            check(b.run(PALE) == [], f"{what}: pale: {b.run(PALE)[:3]}")
        rows = b.run(DIFF_FIELDS)
        expected = [[f["name"], *(f"{f[k]:,}" for k in ("changed", "compared"))] for f in lines[-1]["summary"]["fields"]]
        check(rows == expected, f"{what}: {rows} is not {expected}")
        targets = b.run("document.querySelectorAll('table[data-table=targets] tbody th').length")
        check(targets == min(200, len(lines) - 1) and page.stat().st_size <= PAGE_MAX, f"{what}: {targets} targets")
        fits(b, page, what)
        print(f"{what}: good")


def test_print(b, folder):
    b.open(folder / "plausible.html", 800, dark=True, media="print")
    check(b.run("getComputedStyle(document.querySelector('nav')).display") == "none", "the list of sections is printed")
    check(b.run("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)", "paper is white")
    check(b.run("document.querySelectorAll('details[open]').length") == 0, "nothing is folded")
    check(b.run("document.querySelectorAll('details table').length") > 20, "nothing is folded")
    check(b.run(UNFOLDED) == 0, f"{b.run(UNFOLDED)} tables are not printed")
    check(b.run(PALE) == [], f"pale on paper: {b.run(PALE)[:3]}")


def is_on_paper(b, report, charts, what):
    """a chart for each statistic and break-down, each a document of its own"""
    files = sorted(charts.iterdir())
    expected = {s["id"] for s in report["statistics"]} | {"by-" + d["by"] for d in report["breakdowns"]}
    if "by-country" in expected:
        expected |= {"map-" + name for name in MAPS}
    check({f.stem for f in files} == expected, f"{what}: {({f.stem for f in files} ^ expected)}")
    for path in files:
        root = xml.dom.minidom.parse(str(path)).documentElement
        check(root.getAttribute("width") == "160mm" and root.getElementsByTagName("title"), f"{path.name}: head")
        check(not root.getElementsByTagName("script") and not root.getElementsByTagName("image"), f"{path.name}: content")
        b.open(path, 700)
        check(b.requests() == ["file://" + str(path)] and b.complaints() == [], f"{path.name}: {b.complaints()}")


def test_files(folder):
    """nothing is written over, and nothing half written stays"""
    data, page, charts = make(folder, "empty"), folder / "mine.html", folder / "mine"
    page.write_text("mine")
    charts.mkdir()
    (charts / "mine").write_text("mine")
    before = sorted(folder.iterdir())
    for option, path in (("--html", page), ("--svg", charts)):
        done = mxstat("report", option, path, data, expect=1)
        check(f"{path}: exists".encode() in done.stderr and done.stdout == b"", f"{done}")
    mxstat("report", "--html", folder / "new.html", "--svg", charts, data, expect=1)
    mxstat("report", "--html", folder / "new.html", "--svg", folder / "new", folder / "missing.mxs.zst", expect=1)
    check(sorted(folder.iterdir()) == before and page.read_text() == "mine", "something was written")
    check(mxstat("report", "--html", folder / "new.html", data).stdout == b"", "the text is printed too")
    torn = folder / "torn.mxs.zst"
    torn.write_bytes(make(folder, "plausible").read_bytes()[:-300])
    mxstat("report", "--html", folder / "torn.html", torn, expect=1)
    check("A file is torn" in (folder / "torn.html").read_text(), "the page does not say that a file is torn")


def main():
    program = browser.find()
    if program is None:
        print("no Chromium here: skipped")
        raise SystemExit(77)
    with tempfile.TemporaryDirectory(prefix="page-") as name, browser.Browser(program) as b:
        folder = pathlib.Path(name)
        test_pages(b, folder)
        test_bars(b, folder)
        test_diff(b, folder)
        test_print(b, folder)
        test_big(b, folder)
        test_files(folder)
    print("all good")


main()
