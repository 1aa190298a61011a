"""scan: runs the scanner on a CPU of its own, against a farm on another, and says what it used."""
import argparse
import collections
import functools
import ipaddress
import os
import pathlib
import re
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "e2e"))
import harness  # noqa: E402

FIRST = ipaddress.ip_address("127.32.0.0")
SECONDS = 1e-9
Usage = collections.namedtuple("Usage", "wall_s cpu_s peak_kib")

# What a benchmark does not ask for is off: one worker, no limits, no retries, so that a sweep is its sessions and nothing else.
OFF = {"--threads": 1, "--rate": 0, "--retries": 0, "--retry-delay": 0, "--prefix-rate": 0, "--prefix-in-flight": 0}


def options(description, sessions):
    """The options that these benchmarks share; the caller adds its own and parses."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--build", default="build/release", help="build directory (build/release)")
    parser.add_argument("--sessions", type=int, default=sessions, help=f"of a run ({sessions})")
    parser.add_argument("--scanner-cpu", type=int, default=1, help="CPU of what is measured (1)")
    parser.add_argument("--farm-cpu", type=int, default=0, help="CPU of all else (0)")
    return parser


def farm(programs, behaviour, cpu, *more):
    """mxfarm with one behaviour for all addresses. It, and this script, stay on cpu."""
    os.sched_setaffinity(0, {cpu})
    return harness.farm(programs, "--seed", "1", "--only", behaviour, *more)


# ---- the scanner ----

@functools.lru_cache
def known(mxsweep):
    """The options of a scanner: those that it does not have are not switched off."""
    return frozenset(re.findall(r"--[a-z][a-z-]*", harness.Programs("").run(mxsweep, "--help").stdout.decode()))


def knows(programs, *names):
    return known(programs.mxsweep).issuperset(names)


def addresses(num, first=FIRST):
    return f"{first}-{first + num - 1}"


def command(programs, port, targets, dataset, *more):
    """The words of a sweep; `more` goes over what is off."""
    words = [programs.mxsweep, "--include-special", "--port", port, "--seed", 1, "--ehlo-name", "bench.invalid", "--quiet"]
    for name, value in OFF.items():
        if name not in more and knows(programs, name):
            words += [name, value]
    return [str(word) for word in (*words, *more, "--output-file", dataset, targets)]


def spawn(words, cpu):
    return subprocess.Popen(words, preexec_fn=lambda: os.sched_setaffinity(0, {cpu}))


def start(programs, cpu, port, num, dataset, *more):
    """Starts a sweep of num addresses."""
    return spawn(command(programs, port, addresses(num), dataset, *more), cpu)


# ---- what it uses ----

def memory_kib(process, key):
    """VmRSS or VmHWM of a child; 0 once it has ended. (rusage's peak would count this interpreter, from before exec.)"""
    with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
        return next((int(line.split()[1]) for line in status if line.startswith(key + ":")), 0)


def cpu_s(process):
    """CPU that the threads of a child have used so far."""
    total = 0
    for task in pathlib.Path(f"/proc/{process.pid}/task").iterdir():
        total += int((task / "schedstat").read_text(encoding="ascii").split()[0])
    return total * SECONDS


def num_descriptors(process):
    try:
        return len(os.listdir(f"/proc/{process.pid}/fd"))
    except FileNotFoundError:      # it has ended
        return 0


def finish(process, began, watch=lambda: None):
    """Waits for a sweep that must succeed; calls watch every now and then."""
    peak = 0
    while True:
        peak = max(peak, memory_kib(process, "VmHWM"))
        watch()
        pid, status, used = os.wait4(process.pid, os.WNOHANG)
        if pid:
            break
        time.sleep(0.05)
    process.returncode = os.waitstatus_to_exitcode(status)
    harness.check(process.returncode == 0, f"mxsweep ended with {process.returncode}")
    return Usage(time.monotonic() - began, used.ru_utime + used.ru_stime, peak)


def outcomes(programs, dataset):
    """How many targets ended how, by the report; every target was done, once."""
    programs.run(programs.mxstat, "verify", dataset)
    report = programs.report(dataset)
    rows = next(s for s in report["statistics"] if s["id"] == "outcome")["rows"]
    return {row["label"]: row["count"] for row in rows if row["count"]}, report["files"][0]


def expect(programs, dataset, num, stage, cause):
    """A figure counts only if every session was what the benchmark is about."""
    found, _ = outcomes(programs, dataset)
    harness.check(found == {f"{stage}/{cause}": num}, f"expected {num} of {stage}/{cause}, found {found}")
