"""harness: runs the built programs for end-to-end tests. Loopback only; everything is bounded in time and reaped."""

import contextlib
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

FARM_DATE = "2026-01-01"


def timeouts(each_s):
    """time-outs of scanner and truth: for a reply and for a handshake; a session has four times as long"""
    return ["--reply-timeout", f"{each_s}s", "--tls-timeout", f"{each_s}s", "--session-timeout", f"{4 * each_s}s"]


TIMEOUTS = timeouts(3)


class Programs:
    """the folder of a build, and how its programs are called"""

    def __init__(self, build):
        self.build = pathlib.Path(build)
        self.mxsweep = str(self.build / "scanner" / "mxsweep")
        self.mxprobe = str(self.build / "scanner" / "mxprobe")
        self.mxstat = str(self.build / "tools" / "mxstat")
        self.mxfarm = str(self.build / "tools" / "farm" / "mxfarm")

    def run(self, *argv, expect=0, limit=300, stdin=None):
        done = subprocess.run([str(a) for a in argv], capture_output=True, timeout=limit, input=stdin)
        if expect is not None and done.returncode != expect:
            sys.stderr.buffer.write(done.stderr[-4000:])
            raise SystemExit(f"FAIL: {' '.join(map(str, argv))}: exit code {done.returncode}, expected {expect}")
        return done

    def export(self, *files):
        """records of datasets, as mxstat exports them"""
        out = self.run(self.mxstat, "export", *files).stdout
        return [json.loads(line) for line in out.splitlines()]

    def report(self, *files):
        return json.loads(self.run(self.mxstat, "report", "--json", *files).stdout)


@contextlib.contextmanager
def farm(programs, *options):
    """a mail Internet on 127/8; yields its port"""
    argv = [programs.mxfarm, "--port", "0", "--now", FARM_DATE, *options]
    child = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
    try:
        ready = child.stdout.readline()
        if not ready.startswith("listening on "):
            raise SystemExit(f"FAIL: mxfarm said {ready!r}")
        yield int(ready.split()[2])
    finally:
        stop(child)


def stop(child, code=0):
    """ends a child of ours and insists on how it ends"""
    if child.poll() is None:
        child.send_signal(signal.SIGTERM)
    try:
        got = child.wait(timeout=60)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
        raise SystemExit("FAIL: a child did not end")
    if code is not None and got != code:
        raise SystemExit(f"FAIL: a child ended with {got}, expected {code}")


def wait_until(condition, what, limit=60):
    """polls for a condition, bounded"""
    end = time.monotonic() + limit
    while not condition():
        if time.monotonic() > end:
            raise SystemExit(f"FAIL: never happened: {what}")
        time.sleep(0.01)


@contextlib.contextmanager
def scratch():
    with tempfile.TemporaryDirectory(prefix="mxsweep-") as folder:
        yield pathlib.Path(folder)


def check(condition, what):
    if not condition:
        raise SystemExit(f"FAIL: {what}")


def truth(programs, targets, *options, limits=TIMEOUTS):
    """what a correct scanner records, by address"""
    argv = [programs.mxfarm, "--now", FARM_DATE, *options, *limits, "--truth", targets]
    lines = programs.run(*argv).stdout.splitlines()
    return {t["addr"]: t for t in map(json.loads, lines)}


def facts(record):
    """what a record and the truth must have in common"""
    return {
        "stage": record["stage"],
        "cause": record["cause"],
        "smtp_code": record.get("smtp_code"),
        "version": record.get("tls", {}).get("version"),
        "chain": record.get("chain", []),
    }


def compare(records, expected):
    """insists that records are the truth: every address once, and equal"""
    seen = {}
    for r in records:
        check(r["addr"] not in seen, f"{r['addr']} is recorded twice")
        seen[r["addr"]] = r
    missing = sorted(set(expected) - set(seen))
    extra = sorted(set(seen) - set(expected))
    check(not missing, f"{len(missing)} targets are missing, {missing[:3]} for example")
    check(not extra, f"{len(extra)} records are of no target, {extra[:3]} for example")
    wrong = []
    for addr, t in expected.items():
        want, got = facts(t), facts(seen[addr])
        if want != got:
            diff = {k: (want[k], got[k]) for k in want if want[k] != got[k]}
            wrong.append((t.get("behaviour"), addr, diff))
    for behaviour, addr, diff in wrong[:20]:
        print(f"  {addr} {behaviour}: " + ", ".join(f"{k}: expected {w}, got {g}" for k, (w, g) in diff.items()))
    check(not wrong, f"{len(wrong)} of {len(expected)} records differ from the truth")


# the farm is one network of ours, and some of its hosts say "later" to everyone
NO_MANNERS = ["--prefix-rate", "0", "--prefix-in-flight", "0", "--retries", "0", "--retry-delay", "0"]


def sweep_argv(programs, port, output, *options, limits=TIMEOUTS):
    return [programs.mxsweep, "--include-special", "-q", "-p", port, "-e", "7", *NO_MANNERS, *limits, "-o", output, *options]


def build_folder():
    check(len(sys.argv) >= 2 and os.path.isdir(sys.argv[1]), "usage: TEST BUILD-FOLDER")
    return Programs(sys.argv[1])
