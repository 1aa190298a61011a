#!/usr/bin/python3
"""bench_durable: what syncing each block costs a sweep: sessions/s with it, and with syncs that do nothing. See README.md."""
import os
import statistics
import time

import scan


def in_syncs(log):
    """Seconds that the shim saw go by in syncs."""
    total_us, begun_us = 0, 0
    for line in log.read_text().splitlines():
        us, operation, _, what, _ = line.split()
        if what == "begins":
            begun_us = int(us)
        elif operation in ("sync", "endsync", "dirsync"):
            total_us += int(us) - begun_us
    log.unlink()
    return total_us / 1e6


def sweep(programs, options, port, dataset, rules):
    """A sweep whose syncs the shim lets through, or not: sessions/s, us of CPU per session, and the share of time in syncs."""
    log = dataset.with_suffix(".log")
    os.environ.update(LD_PRELOAD=str(programs.build.resolve() / "tests" / "e2e" / "shim.so"), MXSHIM=rules, MXSHIM_LOG=str(log))
    began = time.monotonic()
    process = scan.start(programs, options.scanner_cpu, port, options.sessions, dataset, "--in-flight", options.in_flight,
                         "--flush-interval", options.flush_interval)
    del os.environ["LD_PRELOAD"]
    used = scan.finish(process, began)
    scan.expect(programs, dataset, options.sessions, "done", "ok")
    dataset.unlink()
    return options.sessions / used.wall_s, used.cpu_s * 1e6 / options.sessions, in_syncs(log) / used.wall_s


def show(name, row):
    print("%-6s  %10.0f  %10.0f  %5.3f  %10.1f  %10.1f  %5.3f  %7.2f %%" % (name, *row), flush=True)


def compare(synced, unsynced):
    """The columns: each way, and the ratio as the cost of syncing would lower it."""
    return (synced[0], unsynced[0], synced[0] / unsynced[0], synced[1], unsynced[1], unsynced[1] / synced[1], 100 * synced[2])


def main():
    parser = scan.options(__doc__, 30000)
    parser.add_argument("--in-flight", type=int, default=500, help="sessions at once (500)")
    parser.add_argument("--flush-interval", default="5s", help="of the scanner (5s, its default)")
    parser.add_argument("--folder", default=".", help="where the datasets go: a disk, no tmpfs (.)")
    parser.add_argument("--runs", type=int, default=5, help="with and without syncing in turn; medians are printed (5)")
    options = parser.parse_args()
    programs = scan.harness.Programs(options.build)
    dataset = scan.pathlib.Path(options.folder) / f"bench-durable-{os.getpid()}.mxs.zst"

    rows = []
    print("run       synced/s  unsynced/s  ratio   synced us unsynced us  ratio   in syncs")
    with scan.farm(programs, "bench", options.farm_cpu) as port:
        for run in range(options.runs):
            order = ["", "sync:0-:skip;endsync:0-:skip;dirsync:0-:skip"]
            runs = {rules: sweep(programs, options, port, dataset, rules) for rules in order[::1 if run % 2 == 0 else -1]}
            rows.append(compare(*(runs[rules] for rules in order)))
            show(run + 1, rows[-1])
    show("median", [statistics.median(column) for column in zip(*rows)])


main()
