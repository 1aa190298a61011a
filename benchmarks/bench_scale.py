#!/usr/bin/python3
"""bench_scale: CPU of a session in small and in large sweeps, and with two workers beside one. See README.md."""
import collections
import statistics
import time

import scan


def sweep(programs, options, port, num, threads):
    """us of CPU per session, and sessions/s."""
    with scan.harness.scratch() as folder:
        dataset = folder / "scale.mxs.zst"
        began = time.monotonic()
        process = scan.start(programs, options.scanner_cpu, port, num, dataset, "--in-flight", options.in_flight,
                             "--threads", threads)
        used = scan.finish(process, began)
        scan.expect(programs, dataset, num, "done", "ok")
    return used.cpu_s * 1e6 / num, num / used.wall_s


def round_of(programs, options, port, cases):
    """Each case once; small sweeps several times, so that every figure is of as many sessions, and their mean."""
    for num, threads in cases:
        repeats = max(1, min(options.repeat_to, max(options.sizes)) // num)
        yield [statistics.mean(column) for column in
               zip(*(sweep(programs, options, port, num, threads) for _ in range(repeats)))]


def main():
    parser = scan.options(__doc__, 0)
    parser.add_argument("--sizes", type=lambda text: [int(n) for n in text.split(",")], default=[2000, 20000, 200000],
                        help="targets of the sweeps (2000,20000,200000)")
    parser.add_argument("--repeat-to", type=int, default=20000, help="smaller sweeps are repeated to so many sessions (20000)")
    parser.add_argument("--in-flight", type=int, default=500, help="sessions at once (500)")
    parser.add_argument("--runs", type=int, default=3, help="all cases in turn; medians are printed (3)")
    options = parser.parse_args()
    programs = scan.harness.Programs(options.build)
    cases = [(num, 1) for num in options.sizes] + [(options.sizes[len(options.sizes) // 2], 2)]
    figures = collections.defaultdict(list)
    with scan.farm(programs, "bench", options.farm_cpu) as port:
        for run in range(options.runs):
            for case, row in zip(cases, round_of(programs, options, port, cases)):
                figures[case].append(row)
                print("run %d  %7d targets  %d workers  %7.1f us/session  %6.0f sessions/s" % (run + 1, *case, *row), flush=True)
    medians = {case: statistics.median(row[0] for row in rows) for case, rows in figures.items()}
    first, middle = cases[0], cases[len(options.sizes) // 2]
    print("\ntargets  workers  us/session  against")
    for case in cases:
        base = middle if case[1] > 1 else first
        print("%7d  %7d  %10.1f  %.3f of %d targets, %d worker" % (*case, medians[case], medians[case] / medians[base], *base))


main()
