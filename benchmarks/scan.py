"""scan: runs the scanner on a CPU of its own, against a farm on another, and says what it used."""
import argparse
import collections
import ipaddress
import os
import pathlib
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "e2e"))
import harness  # noqa: E402

FIRST = ipaddress.ip_address("127.32.0.0")
Usage = collections.namedtuple("Usage", "wall_s cpu_s peak_kib")


def options(description, sessions):
    """The options that these benchmarks share; the caller adds its own and parses."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--build", default="build/release", help="build directory (build/release)")
    parser.add_argument("--sessions", type=int, default=sessions, help=f"of a run ({sessions})")
    parser.add_argument("--scanner-cpu", type=int, default=1, help="CPU of what is measured (1)")
    parser.add_argument("--farm-cpu", type=int, default=0, help="CPU of all else (0)")
    return parser


def farm(programs, behaviour, cpu):
    """mxfarm with one behaviour for all addresses. It, and this script, stay on cpu."""
    os.sched_setaffinity(0, {cpu})
    return harness.farm(programs, "--seed", "1", "--only", behaviour)


def start(programs, cpu, port, num, dataset, *more):
    """Starts a sweep of num addresses by one worker, with no limit on starts."""
    argv = [programs.mxsweep, "--include-special", "--port", port, "--seed", "1", "--threads", "1", "--rate", "0",
            "--ehlo-name", "bench.invalid", "--quiet", *more, "--output-file", dataset, f"{FIRST}-{FIRST + num - 1}"]
    return subprocess.Popen([str(a) for a in argv], preexec_fn=lambda: os.sched_setaffinity(0, {cpu}))


def memory_kib(process, key):
    """VmRSS or VmHWM of a child; 0 once it has ended. (rusage's peak would count this interpreter, from before exec.)"""
    with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
        return next((int(line.split()[1]) for line in status if line.startswith(key + ":")), 0)


def finish(process, began):
    """Waits for a sweep that must succeed."""
    peak = 0
    while True:
        peak = max(peak, memory_kib(process, "VmHWM"))
        pid, status, used = os.wait4(process.pid, os.WNOHANG)
        if pid:
            break
        time.sleep(0.05)
    process.returncode = os.waitstatus_to_exitcode(status)
    harness.check(process.returncode == 0, f"mxsweep ended with {process.returncode}")
    return Usage(time.monotonic() - began, used.ru_utime + used.ru_stime, peak)


def expect(programs, dataset, num, stage, cause):
    """A figure counts only if every session was what the benchmark is about."""
    found = collections.Counter((r["stage"], r["cause"]) for r in programs.export(dataset))
    harness.check(found == {(stage, cause): num}, f"expected {num} of {stage}/{cause}, found {dict(found)}")
