#!/usr/bin/python3
"""bench_sweep: CPU, memory and octets of a sweep of healthy servers, beside the floors of the same run. See README.md."""
import statistics
import time

import scan


def floors(programs, options):
    """ns of CPU per session: TLS alone, sockets alone."""
    out = programs.run(programs.build / "benchmarks" / "bench_floors", options.sessions, options.in_flight,
                       options.scanner_cpu, options.farm_cpu).stdout.decode()
    ns = {line.split()[0]: int(line.split()[-2]) for line in out.splitlines() if line.endswith(" ns")}
    return ns["floor-tls"], ns["floor-sockets"]


def sweep(programs, options, port, dataset):
    """One sweep: what it used, and the octets of its dataset."""
    began = time.monotonic()
    process = scan.start(programs, options.scanner_cpu, port, options.sessions, dataset,
                         "--in-flight", options.in_flight)
    used = scan.finish(process, began)
    scan.expect(programs, dataset, options.sessions, "done", "ok")
    octets = dataset.stat().st_size
    dataset.unlink()
    return used, octets


def show(name, row):
    print("%-6s  %9.1f  %13.1f  %10.1f  %5.2f  %10.0f  %8.1f  %12.1f" % (name, *row), flush=True)


def main():
    parser = scan.options(__doc__, 20000)
    parser.add_argument("--in-flight", type=int, default=500, help="sessions at once (500)")
    parser.add_argument("--runs", type=int, default=5, help="floors and sweep in turn; medians are printed (5)")
    options = parser.parse_args()
    programs = scan.harness.Programs(options.build)

    rows = []
    print("run     floor-tls  floor-sockets  us/session  ratio  sessions/s  peak MiB  bytes/target")
    with scan.farm(programs, "bench", options.farm_cpu) as port, scan.harness.scratch() as folder:
        for run in range(options.runs):
            tls, sockets = floors(programs, options)
            used, octets = sweep(programs, options, port, folder / "sweep.mxs.zst")
            ns = used.cpu_s * 1e9 / options.sessions
            rows.append((tls / 1e3, sockets / 1e3, ns / 1e3, ns / (tls + sockets), options.sessions / used.wall_s,
                         used.peak_kib / 1024, octets / options.sessions))
            show(run + 1, rows[-1])
    show("median", [statistics.median(column) for column in zip(*rows)])


main()
