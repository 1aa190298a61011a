"""Sweeps a mail Internet under its default population: every record equals the truth, whatever the number of workers and
of sessions in flight; no target twice, none missing. usage: test_truth.py BUILD-FOLDER [PREFIX-LENGTH]"""

import datetime
import sys

import harness as h


def utc(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def sweep(programs, port, output, targets, threads, in_flight, each_s):
    """one sweep; every record is the truth, and the end comes at most one session time-out after the last start"""
    limits = h.timeouts(each_s)
    expected = h.truth(programs, targets, "--seed", "1", limits=limits)
    argv = h.sweep_argv(programs, port, output, "-T", threads, "-s", in_flight, "-r", "0", targets, limits=limits)
    programs.run(*argv)
    records = programs.export(output)
    h.compare(records, expected)
    programs.run(programs.mxstat, "verify", output)
    last_start = max(utc(r["start"]) for r in records)
    last_end = max(utc(r["start"]) + r["ms"]["total"] / 1000 for r in records)
    h.check(last_end <= last_start + 4 * each_s + 1, f"a session ended {last_end - last_start:.1f} s after the last start")
    print(f"{targets}: {threads} workers, {in_flight} in flight: {len(records)} records are the truth")


def main():
    programs = h.build_folder()
    length = int(sys.argv[2]) if len(sys.argv) > 2 else 19
    targets = f"127.32.0.0/{length}"
    at_once_s = 40 if length < 21 else 15   # thousands of handshakes at once take one farm its time
    with h.scratch() as folder, h.farm(programs, "--seed", "1") as port:
        for threads in (1, 4):
            for in_flight, each_s in ((50, 3), (5000, at_once_s)):
                sweep(programs, port, folder / f"{threads}-{in_flight}.mxs.zst", targets, threads, in_flight, each_s)


main()
