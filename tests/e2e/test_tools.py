"""What a dataset is to other people's tools: zstd, Python's CBOR, jq. usage: test_tools.py BUILD-FOLDER"""

import pathlib
import re
import subprocess

import harness as h

ROOT = pathlib.Path(__file__).resolve().parents[2]
TARGETS = "127.64.0.0/21"


def outcomes_by_report(programs, output):
    statistics = {s["id"]: s for s in programs.report(output)["statistics"]}
    return {row["label"]: row["count"] for row in statistics["outcome"]["rows"] if row["count"] > 0}


def slugs(table):
    """code -> slug of one table of core/outcome.h"""
    text = (ROOT / "core" / "outcome.h").read_text().split(f"#define {table}(X)")[1]
    text = re.split("#define|enum ", text)[0]
    return {int(code): slug for code, slug in re.findall(r'X\((\d+), *\w+, *"([a-z-]+)"', text)}


def outcomes_by_python(output):
    """the lines of doc/format.md, run as they stand there; they print stage and cause as codes"""
    script = ROOT / "tests" / "core" / "read_dataset.py"
    out = subprocess.run(["/usr/bin/python3", str(script), str(output)], capture_output=True, text=True, timeout=120,
                         check=True).stdout
    stages, causes = slugs("STAGES"), slugs("CAUSES")
    counts = {}
    for line in out.splitlines():
        stage, cause, count = map(int, line.split())
        counts[f"{stages[stage]}/{causes[cause]}"] = count
    return counts


def main():
    programs = h.build_folder()
    with h.scratch() as folder, h.farm(programs, "--seed", "5") as port:
        output = folder / "sweep.mxs.zst"
        programs.run(*h.sweep_argv(programs, port, output, "-s", "2000", "-r", "0", TARGETS))
        programs.run("zstd", "-q", "-t", output)
        ours, theirs = outcomes_by_report(programs, output), outcomes_by_python(output)
        h.check(ours == theirs, f"mxstat report counts {ours}, Python {theirs}")
        lines = programs.run(programs.mxstat, "export", output).stdout
        accepted = programs.run("jq", "-c", "-e", ".", stdin=lines).stdout
        h.check(len(accepted.splitlines()) == len(lines.splitlines()) == 2048, "jq does not accept every line")
        print(f"{sum(ours.values())} targets, {len(ours)} outcomes: zstd, Python and jq agree")


main()
