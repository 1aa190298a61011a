"""Kills sweeps of the default population at chosen and at random moments, resumes them until they are done, and insists that
in the end every target is in the file once and is the truth, and that no more was visited again than had to be.
usage: test_crash.py BUILD-FOLDER SHIM [--rounds N] [--seed N] [--jobs N]"""

import argparse
import collections
import concurrent.futures
import os
import random
import signal
import subprocess
import time

import harness as h

IN_FLIGHT = 40
RATE = 120
LIMITS = h.timeouts(3)
SLICE = 128                     # targets of a round
FIRST_SLICE = (127 << 24) + (48 << 16)
QUEUE_US = 300_000              # a result may wait for so long before it is in a block, and a block before it is written
TRIES = 6                       # moments that may be missed before one is hit

BLOCKS = range(1, 7)            # writes and syncs: number 0 is the header's


def pick(rng, operations, actions, numbers):
    return f"{rng.choice(operations)}:{rng.choice(numbers)}:{rng.choice(actions)}"


def before_the_first_block(rng):
    return [rng.choice([pick(rng, ["write"], ["kill-before", "kill-half", "kill-after"], [0]),
                        pick(rng, ["sync", "dirsync"], ["kill-before", "kill-after"], [0]),
                        "write:1:kill-before", rng.uniform(0, 0.2)])]


def in_a_write(rng):
    return [pick(rng, ["write"], ["kill-half"], BLOCKS)]


def between_write_and_sync(rng):
    return [rng.choice([pick(rng, ["write"], ["kill-after"], BLOCKS), pick(rng, ["sync"], ["kill-before"], BLOCKS)])]


def in_the_trailer(rng):
    return [rng.choice([pick(rng, ["end"], ["kill-before", "kill-half", "kill-after"], [0]),
                        pick(rng, ["endsync"], ["kill-before", "kill-after"], [0])])]


def in_a_resumption(rng):
    first = rng.choice([in_a_write, between_write_and_sync, in_the_trailer])(rng)
    return first + [rng.choice([pick(rng, ["write"], ["kill-before", "kill-half", "kill-after"], range(0, 3)),
                                pick(rng, ["sync"], ["kill-before", "kill-after"], range(0, 3)),
                                rng.uniform(0, 0.3)])]


def anywhere(rng):
    return [rng.uniform(0, 2.5)]


KINDS = [before_the_first_block, in_a_write, between_write_and_sync, in_the_trailer, in_a_resumption, anywhere]


class Run:
    """one process of mxsweep: its time, and what the shim saw of its disk"""

    def __init__(self, argv, shim, log, moment):
        env = dict(os.environ, LD_PRELOAD=shim, MXSHIM_LOG=str(log), MXSHIM="",
                   ASAN_OPTIONS=os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0")
        if isinstance(moment, str):
            env["MXSHIM"] = moment
        log.unlink(missing_ok=True)
        self.begin_us = time.time_ns() // 1000
        child = subprocess.Popen([str(a) for a in argv], stderr=subprocess.PIPE, env=env)
        if isinstance(moment, float):
            time.sleep(moment)
            child.kill()
        try:
            _, self.stderr = child.communicate(timeout=120)
        except subprocess.TimeoutExpired:
            child.kill()
            raise
        self.end_us = time.time_ns() // 1000
        self.code = child.returncode
        self.killed = self.code == -signal.SIGKILL
        self.calls = [line.split() for line in log.read_text().splitlines()] if log.exists() else []

    def has_returned(self, operation):
        return any(op == operation and what == "returned" for _, op, _, what, _ in self.calls)

    def last_synced(self):
        """when the last write began whose sync returned, and when that was; None: none was"""
        found, writing = None, None
        for us, operation, _, what, _ in self.calls:
            if operation in ("write", "end") and what == "begins":
                writing = int(us)
            if operation in ("sync", "endsync") and what == "returned":
                found = writing, int(us)
        return found


class Round:
    def __init__(self, programs, shim, port, folder, farm_log, number, kind, seed):
        self.programs, self.shim, self.port, self.farm_log = programs, shim, port, farm_log
        self.rng = random.Random(f"{seed} {number}")
        self.kind = kind
        first = FIRST_SLICE + number * SLICE
        dotted = ".".join(str(first >> s & 255) for s in (24, 16, 8, 0))
        self.targets = f"{dotted}/{32 - SLICE.bit_length() + 1}"
        self.addrs = {".".join(str(a >> s & 255) for s in (24, 16, 8, 0)) for a in range(first, first + SLICE)}
        self.output = folder / f"round{number}.mxs.zst"
        self.log = folder / f"round{number}.log"
        self.runs, self.checked, self.strict, self.repeated = [], 0, 0, 0

    def run(self, moment):
        pace = ["-s", IN_FLIGHT, "-r", RATE, "-T", "2", "--flush-interval", "100ms"]
        if self.output.exists():
            argv = [self.programs.mxsweep, "-q", "--resume", self.output, *h.NO_MANNERS, *LIMITS, *pace]
        else:
            argv = h.sweep_argv(self.programs, self.port, self.output, *pace, self.targets, limits=LIMITS)
        run = Run(argv, self.shim, self.log, moment)
        self.runs.append(run)
        return run

    def starts(self, run):
        """when each target was first connected to in a run"""
        first = {}
        for line in self.farm_log.read_text().splitlines():
            us, addr, what = line.split()[:3]
            if what == "open" and addr in self.addrs and run.begin_us <= int(us) <= run.end_us:
                first.setdefault(addr, int(us))
        return first

    def records(self):
        done = self.programs.run(self.programs.mxstat, "export", self.output, expect=None)
        return [h.json.loads(line) for line in done.stdout.splitlines()]

    def check_killed(self, run):
        """what was durable is there; what is not was in flight, or started since"""
        starts = self.starts(run)
        if len(self.runs) == 1 and not run.has_returned("dirsync"):
            h.check(not starts, f"{self.targets}: {len(starts)} packets went out before the header was durable")
            return
        there = {r["addr"] for r in self.records()}
        again = set(starts) - there
        synced = run.last_synced() or (run.begin_us, run.begin_us)
        allowed = IN_FLIGHT + sum(us >= synced[0] - QUEUE_US for us in starts.values())
        h.check(len(again) <= allowed, f"{self.targets}: {len(again)} visited for nothing, {allowed} may be")
        self.checked += 1
        self.strict += len(again) <= IN_FLIGHT + sum(us >= synced[1] for us in starts.values())
        self.repeated += len(again)

    def begin_anew(self, run):
        """a file whose header was not durable may be none: who scans begins anew"""
        if not self.output.exists() or len(self.runs) > 1 or run.has_returned("dirsync"):
            return
        if self.programs.run(self.programs.mxstat, "info", self.output, expect=None).stdout == b"":
            self.output.unlink()

    def hit(self):
        """kills at every moment of a plan; True if each was hit"""
        self.output.unlink(missing_ok=True)
        self.runs, self.checked, self.strict, self.repeated = [], 0, 0, 0
        for moment in self.kind(self.rng):
            run = self.run(moment)
            if not run.killed:
                h.check(run.code == 0, f"{self.targets}: exit code {run.code}: {run.stderr[-300:]!r}")
                return False
            self.check_killed(run)
            self.begin_anew(run)
        return True

    def __call__(self):
        for _ in range(TRIES):
            if self.hit():
                break
        else:
            raise SystemExit(f"FAIL: {self.kind.__name__}: {TRIES} moments were missed")
        run = self.run(None)
        h.check(run.code == 0, f"{self.targets}: resumed: exit code {run.code}: {run.stderr[-300:]!r}")
        h.compare(self.programs.export(self.output), h.truth(self.programs, self.targets, "--seed", "3", limits=LIMITS))
        self.programs.run(self.programs.mxstat, "verify", self.output)
        self.output.unlink()
        return self


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("shim")
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=6)
    return parser.parse_args()


def main():
    args = arguments()
    programs = h.Programs(args.build)
    hits, killed, checked, strict, repeated = collections.Counter(), 0, 0, 0, 0
    with h.scratch() as folder, h.farm(programs, "--seed", "3", "--log", folder / "farm.log") as port:
        rounds = [Round(programs, args.shim, port, folder, folder / "farm.log", n, KINDS[n % len(KINDS)], args.seed)
                  for n in range(args.rounds)]
        with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
            futures = [pool.submit(r) for r in rounds]
            for future in concurrent.futures.as_completed(futures):
                done = future.result()
                hits[done.kind.__name__.replace("_", " ")] += 1
                killed += len(done.runs) - 1
                checked += done.checked
                strict += done.strict
                repeated += done.repeated
                print(f"{done.targets}: {done.kind.__name__.replace('_', ' ')}: whole after {len(done.runs)} runs", flush=True)
    for kind, number in hits.items():
        print(f"{number:4} sweeps killed {kind}")
    print(f"{checked} kills behind the header; after {strict} no more was visited again than was in flight or had started since "
          "the last sync returned, after the others since it began")
    print(f"{killed} kills; {repeated / max(1, killed):.1f} targets visited again after one; every file whole, every target once")


main()
