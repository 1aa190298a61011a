"""mxstat report --csv: each table has the figures of --json, cell by cell, and no cell does harm.
usage: test_report_csv.py MXSTAT MAKE_PAGE_DATASET"""

import csv
import io
import json
import pathlib
import re
import subprocess
import sys
import tempfile

MXSTAT, MAKE = sys.argv[1:3]
DATABASES = pathlib.Path(__file__).resolve().parent.parent / "data/mmdb"
BY = ("--by", "country,as,tag,mta", "--country-db", DATABASES / "country-maxmind.mmdb", "--asn-db", DATABASES / "asn.mmdb")
CASES = {"plausible": [()], "hostile": [("--by", "mta"), ("--top", "0")], "empty": [()],
         "groups": [BY, (*BY, "--sampled", "0.25"), (*BY, "--min-cell", "5")]}
ROW = ["label", "kind", "count", "denominator", "denominator_count", "percent", "labels"]
INTERVAL = ["percent_low", "percent_high"]
SHAPES = {"funnel": ["before", "before_count", "before_percent"], "conclusive": ["unknown"],
          "latency": ["p50_ms", "p90_ms", "p95_ms", "p99_ms"]}
FORMULA = re.compile("^[ \u00a0\u3000\ufeff]*[=+\\-@\uff1d\uff0b\uff0d\uff20]")


def check(condition, what):
    if not condition:
        raise SystemExit(f"FAIL: {what}")


def mxstat(*argv, expect=0):
    done = subprocess.run([MXSTAT, *map(str, argv)], capture_output=True, timeout=120)
    check(done.returncode == expect, f"mxstat {argv}: exit code {done.returncode}: {done.stderr!r}")
    return done


def octets(text):
    """as doc/export.md has it"""
    return re.sub(rb"\\(\\|x[0-9A-F]{2})",
                  lambda m: b"\\" if m[1] == b"\\" else bytes.fromhex(m[1][1:].decode()), text.encode())


def plain(cell):
    """without the apostrophe that keeps a text from being a formula"""
    return cell[1:] if cell.startswith("'") else cell


def table(path):
    """columns and rows, once it is a table that nothing in it can act on"""
    text = path.read_bytes().decode()
    check(text.endswith("\r\n") and text.count("\n") == text.count("\r"), f"{path.name}: ends of lines")
    lines = text.split("\r\n")[:-1]
    check(not any(ord(c) < 32 or 127 <= ord(c) < 160 or c in "\u202e\u2066" for line in lines for c in line), f"{path.name}: controls")
    rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    check(len(rows) == len(lines) and {len(row) for row in rows} == {len(rows[0])}, f"{path.name}: not a table")
    check(not any(FORMULA.match(cell) for row in rows for cell in row), f"{path.name}: a formula")
    return rows[0], [dict(zip(rows[0], row)) for row in rows[1:]]


def number(value):
    return "" if value is None else str(value)


def same(cell, value):
    """numbers of JSON are those of CSV"""
    return cell == number(value) or (cell != "" and value is not None and float(cell) == float(value))


def is_row(cells, row, what):
    """cells of a table are a row of JSON"""
    step, ms = row.get("step_before", {}), row.get("ms", {})
    low, high = row.get("interval") or (None, None)
    check(octets(plain(cells["label"])) == octets(row["label"]), f"{what}: {cells} is not {row}")
    check(cells["kind"] == row.get("kind", "value") and cells["denominator"] == row["denominator"], f"{what}: {cells} is not {row}")
    numbers = {"count": row["count"], "denominator_count": row["denominator_count"], "percent": row["percent"],
               "labels": row.get("labels"), "percent_low": low, "percent_high": high, "unknown": row.get("unknown"),
               "before_count": step.get("denominator_count"), "before_percent": step.get("percent"),
               **{q + "_ms": ms.get(q) for q in ("p50", "p90", "p95", "p99")}}
    for column in set(cells) & set(numbers):
        check(same(cells[column], numbers[column]), f"{what}: {column}: {cells} is not {row}")
    check(cells.get("before", "") == step.get("denominator", ""), f"{what}: {cells} is not {row}")


def has_tables(folder, report, interval, what):
    expected = {"statistics", "figures", "sets", "latency_bins"} | {s["id"] for s in report["statistics"]} | \
        {"by-" + b["by"] for b in report["breakdowns"]}
    check({p.name for p in folder.iterdir()} == {name + ".csv" for name in expected}, f"{what}: {sorted(folder.iterdir())}")
    for s in report["statistics"]:
        columns, rows = table(folder / (s["id"] + ".csv"))
        check(columns == ROW + interval + SHAPES.get(s["shape"], []), f"{what}: {s['id']}: {columns}")
        check(len(rows) == len(s["rows"]), f"{what}: {s['id']}: {len(rows)} rows")
        for cells, row in zip(rows, s["rows"]):
            is_row(cells, row, f"{what}: {s['id']}")
    for breakdown in report["breakdowns"]:
        columns, rows = table(folder / f"by-{breakdown['by']}.csv")
        check(columns == ["group", "group_kind", "group_labels", "statistic"] + ROW + interval +
              SHAPES["funnel"] + SHAPES["latency"] + SHAPES["conclusive"], f"{what}: {columns}")
        wanted = [(g, s, row) for g in breakdown["groups"] for s in g["statistics"] for row in s["rows"]]
        check(len(rows) == len(wanted), f"{what}: by {breakdown['by']}: {len(rows)} rows and not {len(wanted)}")
        for cells, (group, s, row) in zip(rows, wanted):
            check(octets(plain(cells["group"])) == octets(group["label"]) and cells["statistic"] == s["id"] and
                  cells["group_kind"] == group.get("kind", "value") and same(cells["group_labels"], group.get("labels")),
                  f"{what}: {cells} is not of {group['label']}")
            is_row(cells, row, f"{what}: by {breakdown['by']}")


def has_bins(folder, report, what):
    columns, rows = table(folder / "latency_bins.csv")
    check(columns == ["label", "from_us", "to_us", "count"], f"{what}: {columns}")
    wanted = [(row["label"], b["from_us"], b["to_us"], b["count"])
              for s in report["statistics"] if s["id"] == "latency" for row in s["rows"] for b in row["bins"]]
    check([(r["label"], int(r["from_us"]), int(r["to_us"]), int(r["count"])) for r in rows] == wanted, f"{what}: latency_bins.csv")


def has_lists(folder, report, what):
    has_bins(folder, report, what)
    _, rows = table(folder / "statistics.csv")
    check([(r["statistic"], r["name"], r["definition"], r["shape"], r["denominator"], int(r["denominator_count"])) for r in rows] ==
          [(s["id"], s["name"], s["definition"], s["shape"], s["denominator"], s["denominator_count"])
           for s in report["statistics"]], f"{what}: statistics.csv")
    _, rows = table(folder / "sets.csv")
    check([(r["set"], r["definition"], int(r["count"])) for r in rows] ==
          [(s["name"], s["definition"], s["count"]) for s in report["sets"]], f"{what}: sets.csv")
    _, rows = table(folder / "figures.csv")
    statistics = {s["id"]: s for s in report["statistics"]}
    check(all(same(r["value"], statistics[r["statistic"]][r["name"]]) for r in rows), f"{what}: figures.csv")
    check(what.startswith("empty") or any(r["name"] == "hhi" for r in rows), f"{what}: figures.csv: {rows}")


def test_figures(folder):
    for kind, cases in CASES.items():
        data = folder / f"{kind}.mxs.zst"
        subprocess.run([MAKE, data, kind], check=True, timeout=120)
        for i, options in enumerate(cases):
            tables, what = folder / f"{kind}-{i}", f"{kind} {options[-2:]}"
            report = json.loads(mxstat("report", "--json", "--csv", tables, *options, data).stdout)
            has_tables(tables, report, INTERVAL if "--sampled" in options else [], what)
            has_lists(tables, report, what)
            print(f"{what}: good")


def test_files(folder):
    """as for --svg: nothing is written over, and nothing half written stays"""
    data, mine = folder / "empty.mxs.zst", folder / "mine"
    mine.mkdir()
    (mine / "mine").write_text("mine")
    before = sorted(folder.iterdir())
    done = mxstat("report", "--csv", mine, data, expect=1)
    check(f"{mine}: exists".encode() in done.stderr and done.stdout == b"", f"{done}")
    mxstat("report", "--html", folder / "new.html", "--svg", folder / "new", "--csv", mine, data, expect=1)
    mxstat("report", "--svg", folder / "new", "--csv", folder / "new", data, expect=1)
    mxstat("report", "--csv", folder / "new", folder / "missing.mxs.zst", expect=1)
    check(sorted(folder.iterdir()) == before and [p.name for p in mine.iterdir()] == ["mine"], "something was written")
    (folder / "none").mkdir()
    check(mxstat("report", "--csv", folder / "none", data).stdout == b"", "the text is printed too")
    check((folder / "none/funnel.csv").exists(), "an empty folder is not taken")


def main():
    with tempfile.TemporaryDirectory(prefix="csv-") as name:
        test_figures(pathlib.Path(name))
        test_files(pathlib.Path(name))
    print("all good")


main()
