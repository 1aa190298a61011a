"""Stops sweeps in the middle and goes on with them: once by one SIGINT (running sessions end), by two (at once), by SIGKILL.
In the end every target is in the file once and is the truth. usage: test_stop.py BUILD-FOLDER"""

import json
import signal
import subprocess

import harness as h

TARGETS = "127.48.0.0/22"


def start(argv):
    return subprocess.Popen([str(a) for a in argv], stderr=subprocess.PIPE)


def interrupt(programs, port, output, signals, code):
    """begins a sweep, stops it when some blocks are sealed, insists on its exit code"""
    options = ["-T", "4", "-s", "200", "-r", "400", "--flush-interval", "100ms"]
    child = start(h.sweep_argv(programs, port, output, *options, TARGETS))
    h.wait_until(lambda: output.exists() and output.stat().st_size > 8000, "a sealed block")
    for s in signals:
        child.send_signal(s)
    child.communicate(timeout=60)
    h.check(child.returncode == code, f"stopped by {signals}: exit code {child.returncode}, expected {code}")


def resume(programs, output, *options):
    return programs.run(programs.mxsweep, "--resume", output, "-r", "0", *h.NO_MANNERS, *h.TIMEOUTS, *options, expect=0)


def main():
    programs = h.build_folder()
    expected = h.truth(programs, TARGETS, "--seed", "3")
    cases = {
        "one SIGINT": ([signal.SIGINT], 3),
        "one SIGTERM": ([signal.SIGTERM], 3),
        "two SIGINTs": ([signal.SIGINT, signal.SIGTERM], 3),
        "SIGKILL": ([signal.SIGKILL], -signal.SIGKILL),
    }
    with h.scratch() as folder, h.farm(programs, "--seed", "3") as port:
        for name, (signals, code) in cases.items():
            output = folder / f"{name.replace(' ', '-')}.mxs.zst"
            interrupt(programs, port, output, signals, code)
            before = len(programs.export(output))
            h.check(0 < before < len(expected), f"{name}: {before} records before the resumption")
            not_whole = programs.run(programs.mxstat, "verify", output, expect=1)
            h.check(b"missing" in not_whole.stdout + not_whole.stderr, f"{name}: verify names nothing missing")
            resume(programs, output, "-T", "2")
            h.compare(programs.export(output), expected)
            programs.run(programs.mxstat, "verify", output)
            again = resume(programs, output)
            h.check(b"finished" in again.stderr, f"{name}: --resume of a finished file does not say so")
            print(f"{name}: {before} of {len(expected)} before, all of them after --resume")


main()
