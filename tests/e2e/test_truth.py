"""Sweeps a mail Internet under its default population: every record equals the truth, whatever the number of workers and
of sessions in flight; no target twice, none missing. usage: test_truth.py BUILD-FOLDER [PREFIX-LENGTH]"""

import sys
import time

import harness as h

SESSION_TIMEOUT_S = 10   # as in harness.TIMEOUTS


def main():
    programs = h.build_folder()
    targets = f"127.32.0.0/{sys.argv[2] if len(sys.argv) > 2 else 19}"
    expected = h.truth(programs, targets, "--seed", "1")
    with h.scratch() as folder, h.farm(programs, "--seed", "1") as port:
        for threads, in_flight in ((1, 50), (1, 5000), (4, 50), (4, 5000)):
            output = folder / f"{threads}-{in_flight}.mxs.zst"
            began = time.monotonic()
            programs.run(*h.sweep_argv(programs, port, output, "-T", threads, "-s", in_flight, "-r", "0", targets))
            took = time.monotonic() - began
            records = programs.export(output)
            h.compare(records, expected)
            last = max(r["start"] for r in records)
            ended = programs.run(programs.mxstat, "info", output).stdout.decode()
            h.check("complete" in ended, "mxstat info does not call the sweep complete")
            programs.run(programs.mxstat, "verify", output)
            print(f"{targets}: {threads} workers, {in_flight} in flight: {len(records)} records are the truth "
                  f"({took:.1f} s, last start {last})")


main()
