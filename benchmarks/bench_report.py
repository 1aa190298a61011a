#!/usr/bin/python3
"""bench_report: what a report costs: records per second of CPU, beside zstd -t of the same file, and how it grows with the
number of records; and what five tables of it cost beside jq and DuckDB on the same records as JSON Lines. See README.md."""
import argparse
import collections
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

Used = collections.namedtuple("Used", "cpu_s wall_s peak_kib")

# the same five tables: outcomes, versions, suites, groups, replies to STARTTLS; by the name that they have in jq and DuckDB
TABLES = {"outcome": "outcome", "version": "tls_version", "suite": "tls_suite", "group": "tls_group", "starttls": "starttls_reply"}
JQ = """reduce inputs as $r ({}; .outcome[$r.stage + "/" + $r.cause] += 1
 | if $r.tls.handshake_done then .version[$r.tls.version] += 1 | .suite[$r.tls.suite] += 1
   | .group[$r.tls.group] += 1 else . end
 | if $r.starttls_reply then .starttls[$r.starttls_reply[0:3]] += 1 else . end)"""
SQL = """CREATE TABLE r AS SELECT stage, cause, tls, starttls_reply FROM read_json('%s', format='newline_delimited',
 columns={stage: 'VARCHAR', cause: 'VARCHAR', starttls_reply: 'VARCHAR',
 tls: 'STRUCT(handshake_done BOOLEAN, version VARCHAR, suite VARCHAR, "group" VARCHAR)'});
SELECT 'outcome' AS t, stage || '/' || cause AS k, count(*)::INT AS n FROM r GROUP BY 2
UNION ALL SELECT 'version', tls.version, count(*)::INT FROM r WHERE tls.handshake_done GROUP BY 2
UNION ALL SELECT 'suite', tls.suite, count(*)::INT FROM r WHERE tls.handshake_done GROUP BY 2
UNION ALL SELECT 'group', tls."group", count(*)::INT FROM r WHERE tls.handshake_done GROUP BY 2
UNION ALL SELECT 'starttls', starttls_reply[1:3], count(*)::INT FROM r WHERE starttls_reply IS NOT NULL GROUP BY 2"""
DUCKDB = """const { DuckDBInstance } = require('@duckdb/node-api');
(async () => {
  const c = await (await DuckDBInstance.create(':memory:', { threads: process.argv[3] })).connect();
  const parts = process.argv[2].split(';');
  await c.run(parts[0]);
  const rows = (await c.runAndReadAll(parts[1])).getRows(), out = {};
  for (const [t, k, n] of rows) (out[t] ??= {})[k] = n;
  console.log(JSON.stringify(out));
})();"""


def run(*command, shell=None, cwd=None):
    """Runs a command, and says what it and its children used, and what it printed."""
    began = time.monotonic()
    with tempfile.TemporaryFile() as out:
        process = subprocess.Popen(shell or [str(c) for c in command], stdout=out, shell=shell is not None, cwd=cwd)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            sys.exit(f"bench_report: {shell or command[0]} failed with {process.returncode}")
        out.seek(0)
        text = out.read().decode()
    return Used(usage.ru_utime + usage.ru_stime, time.monotonic() - began, usage.ru_maxrss), text


def median(runs, command):
    used = [command() for _ in range(runs)]
    return Used(*(statistics.median(u[0][i] for u in used) for i in range(3))), used[-1][1]


class Bench:
    def __init__(self, options, folder):
        self.build, self.folder, self.runs, self.options = options.build, folder, options.runs, options
        self.mxstat = options.build / "tools" / "mxstat"

    def dataset(self, records):
        path = self.folder / f"{records}.mxs.zst"
        if not path.exists():
            ases = min(60000, max(10, records // 20))
            run(self.build / "benchmarks" / "make_report_dataset", path, records, ases)
        return path

    def report(self, path, *more, threads=1):
        """The full report, with both databases where the program takes them."""
        command = [self.mxstat, "report", "--json", "-T", threads, "--trust-store", f"{path}.roots.pem", *more]
        if self.options.geo:
            command += ["--country-db", f"{path}.country.mmdb", "--asn-db", f"{path}.asn.mmdb"]
        return run(*command, path)

    def cached(self):
        folder = self.folder / "cache"
        folder.mkdir(exist_ok=True)
        return ["--cache", folder]

    def jsonl(self, path):
        out = self.folder / "records.jsonl.zst"
        run(shell=f"'{self.mxstat}' export '{path}' | zstd -q -f -o '{out}'")
        return out


def row(name, records, used, base=None):
    rate = records / used.cpu_s if used.cpu_s > 0 else 0
    ratio = "%6.1f" % (used.cpu_s / base) if base else "      "
    print("%-34s %9d  %8.2f  %8.2f  %10.0f  %s  %8.0f" % (name, records, used.cpu_s, used.wall_s, rate, ratio,
                                                          used.peak_kib / 1024), flush=True)


def sizes(bench):
    for records in bench.options.sizes:
        path = bench.dataset(records)
        base, _ = median(bench.runs, lambda: run("zstd", "-tq", path))
        row("zstd -t", records, base, base.cpu_s)
        judged, text = bench.report(path, *bench.cached())
        row("report, first: chains are judged", records, judged, base.cpu_s)
        used, again = median(bench.runs, lambda: bench.report(path, *bench.cached()))
        row("report", records, used, base.cpu_s)
        if text != again:
            sys.exit("bench_report: the report from the cache differs")
        threads = bench.options.threads
        row(f"report -T {threads}", records,
            median(bench.runs, lambda: bench.report(path, *bench.cached(), threads=threads))[0], base.cpu_s)


def agree(report, tables, whose):
    """Whether the rows that have the same names count the same; what is unknown has no name elsewhere."""
    for name, rows in tables.items():
        ours = next(s for s in report["statistics"] if s["id"] == TABLES[name])
        counts = {r["label"]: r["count"] for r in ours["rows"]}
        shared = {k for k in rows if k in counts}
        if not shared or any(rows[k] != counts[k] for k in shared):
            sys.exit(f"bench_report: {TABLES[name]}: {whose} has {rows}, we have {counts}")


def beside(bench):
    """jq and DuckDB, on one processor each as the report: what they use is compared, not how long it took."""
    records = bench.options.beside
    path = bench.dataset(records)
    lines = bench.jsonl(path)
    bench.report(path, *bench.cached())
    whole, _ = median(bench.runs, lambda: bench.report(path, *bench.cached()))
    ours, text = median(bench.runs, lambda: bench.report(path, "--top", "0", "--only", ",".join(TABLES.values())))
    row("report", records, whole, ours.cpu_s)
    row("report --only five tables", records, ours, ours.cpu_s)
    results = {}
    if shutil.which("jq"):
        used, out = median(bench.runs, lambda: run(shell=f"zstdcat '{lines}' | jq -cn '{JQ}'"))
        results["jq"] = json.loads(out)
        row("zstdcat | jq, five tables", records, used, ours.cpu_s)
    if bench.options.duckdb:
        script = bench.folder / "duckdb.js"
        script.write_text(DUCKDB)
        env = f"NODE_PATH='{bench.options.duckdb / 'node_modules'}' "
        sql = (SQL % lines).replace("\n", " ").replace("'", "'\\''")
        used, out = median(bench.runs, lambda: run(shell=f"{env} node '{script}' '{sql}' 1"))
        results["DuckDB"] = json.loads(out)
        row("DuckDB, five tables", records, used, ours.cpu_s)
    for whose, tables in results.items():
        agree(json.loads(text), tables, whose)
    if len(results) == 2 and results["jq"] != results["DuckDB"]:
        sys.exit(f"bench_report: jq and DuckDB disagree: {results}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, required=True, help="the build tree")
    parser.add_argument("--sizes", default="1000000,10000000", type=lambda t: [int(n) for n in t.split(",")],
                        help="numbers of records (1000000,10000000)")
    parser.add_argument("--beside", type=int, default=200000, help="records for jq and DuckDB (200000)")
    parser.add_argument("--duckdb", type=pathlib.Path, help="folder where `npm install @duckdb/node-api` was run")
    parser.add_argument("--folder", type=pathlib.Path, help="for the datasets, which stay there (a new one, removed)")
    parser.add_argument("--threads", type=int, default=2, help="of the report with several (2)")
    parser.add_argument("--runs", type=int, default=3, help="medians of (3)")
    options = parser.parse_args()
    help_text = subprocess.run([options.build / "tools" / "mxstat", "report", "--help"], capture_output=True, check=True)
    options.geo = b"--country-db" in help_text.stdout
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.folder or pathlib.Path(scratch)
        print("%-34s %9s  %8s  %8s  %10s  %6s  %8s" % ("", "records", "CPU s", "wall s", "records/s", "ratio", "peak MiB"))
        bench = Bench(options, folder)
        sizes(bench)
        beside(bench)


main()
