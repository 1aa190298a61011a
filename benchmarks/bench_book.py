#!/usr/bin/python3
"""bench_book: what a report costs when a shard is added to those that were reported before: judged anew, and with the book of
verdicts. See README.md."""
import argparse
import os
import pathlib
import subprocess
import sys
import tempfile


def run(*command):
    """Runs a command, and says how much CPU it used and what it printed."""
    with tempfile.TemporaryFile() as out:
        process = subprocess.Popen([str(c) for c in command], stdout=out)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            sys.exit(f"bench_book: {command[0]} failed with {process.returncode}")
        out.seek(0)
        return usage.ru_utime + usage.ru_stime, out.read()


def make_shards(options, folder):
    """Shards with CAs in common, and the trust store."""
    path = folder / f"book-{options.shards}-{options.records}.mxs.zst"
    shards = [pathlib.Path(f"{path}.{i}") for i in range(options.shards)]
    if not shards[-1].exists():
        run(options.build / "benchmarks" / "make_report_dataset", path, options.records, 1000, 1, options.shards)
    return shards, f"{path}.roots.pem"


def row(name, cpu_s, judging_s=None):
    print("%-44s %8.2f  %s" % (name, cpu_s, "" if judging_s is None else "%8.2f" % judging_s), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, required=True, help="the build tree")
    parser.add_argument("--shards", type=int, default=10, help="of which the last one is added (10)")
    parser.add_argument("--records", type=int, default=100000, help="in each (100000)")
    parser.add_argument("--folder", type=pathlib.Path, help="for the shards, which stay there (a new one, removed)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        shards, roots = make_shards(options, options.folder or pathlib.Path(scratch))
        cache = pathlib.Path(scratch) / "cache"
        cache.mkdir()

        def report(files, *more):
            return run(options.build / "tools" / "mxstat", "report", "--json", "-T", 1, "--trust-store", roots, *more, *files)

        print("%-44s %8s  %8s" % ("", "CPU s", "judging"))
        all_anew, want = report(shards, "--no-cache")
        before, _ = report(shards[:-1], "--cache", cache)
        added, got = report(shards, "--cache", cache)
        again, same = report(shards, "--cache", cache)
        for old in cache.glob("*.judged"):
            old.unlink()
        known, known_text = report(shards, "--cache", cache)
        if not want == got == same == known_text:
            sys.exit("bench_book: the reports differ")
        # with all verdicts in the book, what is left is reading certificates and counting
        row(f"{len(shards)} shards, judged anew", all_anew, all_anew - known)
        row(f"{len(shards) - 1} shards, judged for the first time", before)
        row(f"{len(shards)} shards, with the book of {len(shards) - 1}", added, added - known)
        row(f"{len(shards)} shards, with the book of {len(shards)}", known, 0)
        row(f"{len(shards)} shards, with their own cache", again)


main()
