#!/usr/bin/python3
"""bench_idle: what sessions cost that only wait, and sweeps of addresses that never answer. See README.md."""
import ipaddress
import pathlib
import time

import netns
import scan

SILENT, SILENT_FIRST = "10.0.0.0/8", ipaddress.ip_address("10.0.0.1")
MIB, KIB = 2 ** 20, 1024


def kernel_octets():
    """Kernel memory of all sockets, files and the like: the objects in use in its slabs. None if only root may know."""
    try:
        lines = pathlib.Path("/proc/slabinfo").read_text(encoding="ascii").splitlines()[2:]
    except PermissionError:
        return None
    return sum(int(words[1]) * int(words[3]) for words in map(str.split, lines))


class Held:
    """What a scanner uses while num sessions wait, from the moment the last has started."""

    def __init__(self, process, num, hold_s, kernel_before):
        end = time.monotonic() + hold_s * 0.6
        while scan.num_descriptors(process) < num:
            scan.harness.check(time.monotonic() < end, f"{num} sessions did not start within {hold_s * 0.6:.1f} s: raise --hold")
            time.sleep(0.1)
        time.sleep(hold_s * 0.05)
        self.num = num
        self.rss_kib = scan.memory_kib(process, "VmRSS")
        kernel = kernel_octets()
        self.kernel = float("nan") if kernel is None else (kernel - kernel_before) / num
        cpu, began = scan.cpu_s(process), time.monotonic()
        time.sleep(hold_s * 0.2)
        self.percent = 100 * (scan.cpu_s(process) - cpu) / (time.monotonic() - began)
        scan.harness.check(scan.num_descriptors(process) >= num, "sessions ended while they were measured: raise --hold")


def missed_ms(programs, dataset, hold_s):
    """How far from its time-out the first and the last session ended: from when it began to wait."""
    late = [r["ms"]["total"] - r["ms"].get("connect", 0) - hold_s * 1000 for r in programs.export(dataset)]
    return min(late), max(late)


def hold(programs, options, num, port, first, time_out, outcome):
    """Holds num sessions until their time-out and prints a line."""
    with scan.harness.scratch() as folder:
        dataset = folder / "idle.mxs.zst"
        words = scan.command(programs, port, scan.addresses(num, first), dataset, "--in-flight", num, "--session-timeout", "10m",
                             time_out, f"{options.hold}s")
        before, began = kernel_octets(), time.monotonic()
        process = scan.spawn(words, options.scanner_cpu)
        held = Held(process, num, options.hold, before)
        scan.finish(process, began)
        scan.expect(programs, dataset, num, *outcome)
        early, late = missed_ms(programs, dataset, options.hold)
    print("%8d  %8.1f  %8.2f  %6.1f to %6.1f  %17.0f" % (num, held.rss_kib / KIB, held.percent, early, late,
                                                                held.kernel), flush=True)
    return held


def hold_all(programs, options, port, first, time_out, outcome):
    """One line for each number; returns the slope of RSS in octets, and the line of the largest number."""
    print("sessions   RSS MiB  CPU %    time-out missed, ms  kernel octets/session")
    lines = [hold(programs, options, num, port, first, time_out, outcome) for num in options.held]
    slope = (lines[-1].rss_kib - lines[0].rss_kib) * KIB / (lines[-1].num - lines[0].num)
    print(f"slope of RSS: {slope:.0f} octets per session\n")
    return slope, lines[-1]


def sweep(programs, options, record):
    """A sweep of silence: one line."""
    samples = []
    with scan.harness.scratch() as folder:
        dataset = folder / "silent.mxs.zst"
        words = scan.command(programs, 25, scan.addresses(options.targets, SILENT_FIRST), dataset, "--in-flight", 0,
                             "--connect-timeout", "1s", "--record", record)
        began = time.monotonic()
        process = scan.spawn(words, options.scanner_cpu)
        used = scan.finish(process, began, lambda: samples.append(scan.memory_kib(process, "VmRSS")))
        found, file = scan.outcomes(programs, dataset)
        scan.harness.check(found == {"connect/timeout": options.targets}, f"of {options.targets} targets: {found}")
        scan.harness.check(file["records"] == (options.targets if record == "all" else 0), f"records: {file}")
        octets = dataset.stat().st_size
    steady = [kib for kib in samples[len(samples) // 10:] if kib > 0] or samples
    print("%-10s  %8d  %12d  %7.1f to %5.1f  %12.2f" % (record, options.targets / used.wall_s, options.targets / used.cpu_s,
          min(steady) / KIB, max(steady) / KIB, octets / options.targets), flush=True)


def project(slope, largest, num=10 ** 6):
    """What num in flight would take, from the slopes."""
    base = largest.rss_kib * KIB - slope * largest.num
    print(f"{num} in flight, computed:")
    print(f"  scanner  {base / MIB:.1f} MiB + {num} x {slope:.0f} octets = {(base + num * slope) / MIB:.0f} MiB")
    print(f"  kernel   {num} x {largest.kernel:.0f} octets = {num * largest.kernel / MIB:.0f} MiB")


def main():
    parser = scan.options(__doc__, 0)
    parser.add_argument("--held", type=lambda text: [int(n) for n in text.split(",")], default=[2000, 6000, 18000],
                        help="sessions held at once (2000,6000,18000)")
    parser.add_argument("--hold", type=int, default=20, help="their time-out, s (20)")
    parser.add_argument("--targets", type=int, default=1000000, help="of the sweep of silence (1000000)")
    options = parser.parse_args()
    netns.enter()
    netns.silence(SILENT)
    programs = scan.harness.Programs(options.build)

    print("accepted by peers on loopback that say nothing (the kernel's share is that of both ends)")
    with scan.farm(programs, "silent-greeting", options.farm_cpu) as port:
        hold_all(programs, options, port, scan.FIRST, "--reply-timeout", ("greeting", "timeout"))
    print("no answer to the SYN")
    slope, largest = hold_all(programs, options, 25, SILENT_FIRST, "--connect-timeout", ("connect", "timeout"))
    print("record      starts/s  starts/CPU-s   RSS MiB, 10 % on  bytes/target")
    for record in ("all", "responsive"):
        sweep(programs, options, record)
    print()
    project(slope, largest)


main()
