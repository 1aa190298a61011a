"""Tables that others published: a dataset of the same numbers (tests/data/published.json, by synth) gives a report with
exactly those counts and, at the precision that was printed, those percentages.

usage: test_published.py MXSTAT SYNTH DATA [NAME...]
"""
import json
import os
import subprocess
import sys
import tempfile
from decimal import ROUND_HALF_UP, Decimal


def share(count, of, like):
    """A percentage with as many decimals as the printed one."""
    places = len(like.partition(".")[2])
    return str((Decimal(100) * count / of).quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP))


def rows_of(report, want):
    """The rows that an expectation is about, and the count of their denominator."""
    sets = {s["name"]: s["count"] for s in report["sets"]}
    if "set" in want:
        return [{"count": sets[want["set"]]}], sets[want.get("of", want["set"])]
    found = [s for s in report["statistics"] if s["id"] == want["statistic"]]
    if not found:
        return [], 0
    labels = want.get("labels", [want.get("label")])
    rows = [r for r in found[0]["rows"] if r["label"] in labels or ("kind" in want and r.get("kind") == want["kind"])]
    whole = sets[want["of"]] if "of" in want else rows[0]["denominator_count"] if rows else 0
    return (rows if len(rows) == len(labels) else []), whole


def faults(report, wants):
    for want in wants:
        rows, whole = rows_of(report, want)
        count = sum(r["count"] for r in rows)
        what = " ".join(str(want[k]) for k in ("set", "statistic", "label", "labels", "kind") if k in want)
        if not rows:
            yield f"{what}: no such row"
        elif count != want["count"]:
            yield f"{what}: {count}, published is {want['count']}"
        elif "percent" in want and share(count, whole, want["percent"]) != want["percent"]:
            yield f"{what}: {share(count, whole, want['percent'])} %, published is {want['percent']} %"
        elif len(rows) == 1 and "percent" in rows[0] and "of" not in want and \
                abs(rows[0]["percent"] - 100 * count / whole) > 5e-7:
            yield f"{what}: the report's own percentage is {rows[0]['percent']}"


def partitions(report):
    """Each partition sums to its denominator; each row names it."""
    for s in report["statistics"]:
        if s["shape"] == "partition" and sum(r["count"] for r in s["rows"]) != s["denominator_count"]:
            yield f"{s['id']}: rows sum to {sum(r['count'] for r in s['rows'])} of {s['denominator_count']}"


def main():
    mxstat, synth, data = sys.argv[1:4]
    with open(os.path.join(data, "published.json"), encoding="utf-8") as f:
        tables = json.load(f)
    bad = 0
    with tempfile.TemporaryDirectory() as folder:
        paths = {"@roots": os.path.join(folder, "roots.pem"), "@weights": os.path.join(folder, "weights")}
        table_path, dataset = os.path.join(folder, "table.json"), os.path.join(folder, "x.mxs.zst")
        for name, table in tables.items():
            if len(sys.argv) > 4 and name not in sys.argv[4:]:
                continue
            with open(table_path, "w", encoding="utf-8") as f:
                json.dump(table["rows"], f)
            subprocess.run([synth, "--roots", paths["@roots"], "--weights", paths["@weights"], table_path, dataset],
                           check=True)
            for asked in table["reports"]:
                options = [paths.get(o, os.path.join(data, o) if o.endswith(".txt") else o)
                           for o in asked.get("options", [])]
                done = subprocess.run([mxstat, "report", "--json", "--top", "0", *options, dataset], check=True,
                                      stdout=subprocess.PIPE)
                report = json.loads(done.stdout)
                found = [*faults(report, asked["expect"]), *partitions(report)]
                print(f"{name}: {len(asked['expect'])} figures, {len(found)} wrong")
                for fault in found:
                    print(f"  {fault}")
                bad += len(found)
    return bad > 0


if __name__ == "__main__":
    sys.exit(main())
