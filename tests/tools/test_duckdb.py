"""Asks DuckDB, by SQL over the export, for what mxstat report says: the same counts. DuckDB comes from npm.
usage: test_duckdb.py MXSTAT MAKE_EXPORT CERTS_DIR FOLDER: FOLDER keeps what npm has installed. Exit code 77: it cannot be had."""

import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

MXSTAT, MAKE, CERTS, FOLDER = sys.argv[1:5]
HERE = pathlib.Path(__file__).parent
RECORDS = 25000
PACKAGE = "@duckdb/node-api@1.5.6-r.1"

DONE = "WHERE tls.handshake_done"
LEAF = "WHERE tls.handshake_done AND certs[1].unparsable IS NULL"
KEY = "concat_ws(' ', certs[1].key_type, coalesce(certs[1].curve, CAST(certs[1].key_bits AS VARCHAR)))"
QUERIES = {
    "outcome": "SELECT stage || '/' || cause, count(*) FROM records GROUP BY 1",
    "connect": "SELECT CASE WHEN stage = 'connect' THEN cause ELSE 'connected' END, count(*) FROM records GROUP BY 1",
    "starttls_offered": """SELECT CASE WHEN ehlo IS NULL THEN 'unknown: EHLO not answered with 250'
        WHEN list_contains(ehlo, 'STARTTLS') THEN 'yes' ELSE 'no' END, count(*) FROM records GROUP BY 1""",
    "tls_version": f"SELECT tls.version, count(*) FROM records {DONE} GROUP BY 1",
    "tls_suite": f"SELECT tls.suite, count(*) FROM records {DONE} GROUP BY 1",
    "tls_suite_version": f"SELECT tls.version || ' ' || tls.suite, count(*) FROM records {DONE} GROUP BY 1",
    "tls_group": f"SELECT coalesce(tls.group, 'unknown'), count(*) FROM records {DONE} GROUP BY 1",
    "tls_sigscheme": f"SELECT tls.sigscheme, count(*) FROM records {DONE} GROUP BY 1",
    "extensions_tls": """SELECT keyword, count(DISTINCT position) FROM (SELECT position,
        split_part(unnest(ehlo_tls[2:]), ' ', 1) AS keyword FROM records) GROUP BY 1""",
    "chain_length": f"SELECT len(chain), count(*) FROM records {DONE} GROUP BY 1",
    "key": f"SELECT {KEY}, count(*) FROM records {LEAF} GROUP BY 1",
    "key_distinct": f"SELECT {KEY}, count(DISTINCT certs[1].spki_sha256) FROM records {LEAF} GROUP BY 1",
    "certificate_signature": f"SELECT certs[1].signature, count(*) FROM records {LEAF} GROUP BY 1",
    "issuer": f"SELECT coalesce(certs[1].issuer_org, certs[1].issuer_cn), count(*) FROM records {LEAF} GROUP BY 1",
    "self_issued": f"""SELECT CASE WHEN certs[1].self_issued THEN 'self-issued' ELSE 'issued by another name' END, count(*)
        FROM records {LEAF} GROUP BY 1""",
}
ALL = "SELECT '', count(*) FROM records"


def skip(why):
    print(f"skipped: {why}")
    raise SystemExit(77)


def install(folder):
    """the package, from the registry that npm is set up for, once"""
    if not shutil.which("node") or not shutil.which("npm"):
        skip("no node, or no npm")
    folder.mkdir(parents=True, exist_ok=True)
    if (folder / "node_modules" / "@duckdb" / "node-api").exists():
        return
    try:
        done = subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--no-save", "--fetch-retries", "1", "--fetch-timeout", "30000",
                               PACKAGE], cwd=folder,
                              capture_output=True, text=True, timeout=180)
    except subprocess.TimeoutExpired:
        skip("npm takes too long")
    if done.returncode != 0:
        skip(f"npm: {done.stderr.strip()[-300:]}")


def ask(folder, file, queries):
    script = folder / "duckdb_query.mjs"   # beside node_modules, where node looks
    shutil.copy(HERE / "duckdb_query.mjs", script)
    done = subprocess.run(["node", script, file], input=json.dumps(queries), capture_output=True, text=True, timeout=120)
    if done.returncode != 0:
        raise SystemExit(f"FAIL: DuckDB: {done.stderr[-2000:]}")
    return {name: dict(rows) for name, rows in json.loads(done.stdout).items()}


def main():
    folder = pathlib.Path(FOLDER)
    install(folder)
    with tempfile.TemporaryDirectory(prefix="mxstat-duckdb-") as name:
        dataset, lines = pathlib.Path(name) / "d.mxs.zst", pathlib.Path(name) / "d.jsonl"
        subprocess.run([MAKE, dataset, str(RECORDS), CERTS], check=True, timeout=60)
        subprocess.run([MXSTAT, "export", "--certs", "parsed", "-o", lines, dataset], check=True, timeout=60)
        report = subprocess.run([MXSTAT, "report", "--json", "--top", "10000", dataset], check=True, capture_output=True, timeout=60)
        answers = ask(folder, lines, {**QUERIES, "records": ALL})
    if answers.pop("records") != {"": RECORDS}:
        raise SystemExit("FAIL: DuckDB does not see all records")
    statistics = {s["id"]: s for s in json.loads(report.stdout)["statistics"]}
    for name, counts in answers.items():
        expected = {row["label"]: row["count"] for row in statistics[name]["rows"] if row["count"] > 0}
        if counts != expected:
            differ = {k: (counts.get(k), expected.get(k)) for k in counts.keys() | expected.keys() if counts.get(k) != expected.get(k)}
            raise SystemExit(f"FAIL: {name}: (SQL, report) {differ}")
        print(f"{name}: {len(counts)} rows, {sum(counts.values())} in all: the same")


main()
