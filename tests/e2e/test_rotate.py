"""A sweep in many parts: each can be read alone, together they have every target once and are the truth; killed at any moment
and resumed by the name of any part; on a disk that is full for a while; merged into one.
usage: test_rotate.py BUILD-FOLDER SHIM [--rounds N] [--seed N]"""

import argparse
import concurrent.futures
import json
import os
import random
import re
import subprocess
import time

import harness as h

LIMITS = h.timeouts(3)
SLICE = 128     # targets of a sweep
FIRST_SLICE = (127 << 24) + (52 << 16)
PACE = ["-s", 40, "-r", 80, "-T", "2", "--flush-interval", "50ms"]
SMALL = ["--rotate-size", "2k"]     # less than a header and a block: each block is a part


class Sweep:
    """targets of its own, and the parts that are made of them"""

    def __init__(self, programs, shim, port, folder, number):
        self.programs, self.shim, self.port = programs, shim, port
        first = FIRST_SLICE + number * SLICE
        dotted = ".".join(str(first >> s & 255) for s in (24, 16, 8, 0))
        self.targets = f"{dotted}/{32 - SLICE.bit_length() + 1}"
        self.folder = folder / f"sweep{number}"
        self.folder.mkdir()
        self.first = self.folder / "pool.mxs.zst"

    def part(self, number):
        return self.folder / f"pool.{number:04}.mxs.zst" if number > 0 else self.first

    def parts(self):
        """all there are; insists that no number is left out and that nothing else is there"""
        there = sorted(self.folder.glob("*.zst"))
        parts = [self.part(i) for i in range(len(there))]
        h.check(sorted(parts) == there, f"not the parts of a sweep: {[p.name for p in there]}")
        return parts

    def run(self, *options, resume=None, moment=None, stream=None):
        if resume is not None:
            argv = [self.programs.mxsweep, "--resume", resume, *h.NO_MANNERS, *LIMITS, *PACE, *options]
        else:
            what = [self.targets] if stream is None else ["--stream", "-i", stream, "--ehlo-name", "scan.example.com"]
            argv = h.sweep_argv(self.programs, self.port, self.first, *PACE, *options, *what, limits=LIMITS)
            argv.remove("-q")
        env = dict(os.environ, ASAN_OPTIONS=os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0")
        if isinstance(moment, str):
            env |= {"LD_PRELOAD": self.shim, "MXSHIM": moment}
        child = subprocess.Popen([str(a) for a in argv], stderr=subprocess.PIPE, env=env)
        if isinstance(moment, float):
            time.sleep(moment)
            child.kill()
        try:
            self.stderr = child.communicate(timeout=120)[1].decode()
        except subprocess.TimeoutExpired:
            child.kill()
            raise
        return child.returncode

    def must(self, code, *options, says=None, **how):
        got = self.run(*options, **how)
        h.check(got == code, f"exit code {got}, not {code}: {self.stderr[-500:]}")
        h.check(says is None or re.search(says, self.stderr), f"does not say {says!r}: {self.stderr[-500:]}")

    def truth(self):
        return h.truth(self.programs, self.targets, "--seed", "3", limits=LIMITS)

    def is_whole(self):
        """every part alone, and all of them together"""
        programs, parts = self.programs, self.parts()
        alone = []
        for i, part in enumerate(parts):
            programs.run("zstd", "-q", "-t", part)
            alone += programs.export(part)
            last = i == len(parts) - 1
            said = programs.run(programs.mxstat, "verify", part, expect=0 if len(parts) == 1 else 1)
            h.check((b"the sweep goes on in the next part" in said.stdout) != last, f"{part.name}: {said.stdout!r}")
            h.check(len(parts) == 1 or last or b"all of their parts" in said.stderr, f"{part.name}: {said.stderr!r}")
            info = programs.run(programs.mxstat, "info", part).stdout.decode()
            h.check(i == 0 or re.search(rf"part +{i} ", info), f"{part.name}: info does not say its number")
        said = programs.run(programs.mxstat, "verify", *parts).stdout
        h.check(b"every target once" in said, f"verify: {said!r}")
        h.compare(alone, self.truth())
        h.check(sorted(map(json.dumps, alone)) == sorted(map(json.dumps, programs.export(*parts))), "exported together: not the same")
        return parts

    def merges(self):
        """one file of all parts says the same"""
        programs, parts = self.programs, self.parts()
        merged = self.folder / "merged"
        programs.run(programs.mxstat, "merge", "-o", merged, *parts)
        h.check(b"every target once" in programs.run(programs.mxstat, "verify", merged).stdout, "verify of what was merged")
        one, many = programs.export(merged), programs.export(*parts)
        key = lambda r: r["position"]
        h.check(sorted(one, key=key) == sorted(many, key=key), "what was merged is not what the parts have")
        a, b = programs.report(merged), programs.report(*parts)
        a.pop("files"), b.pop("files")
        h.check(a == b, "the report of what was merged is not that of the parts")
        merged.unlink()


def many_parts(s):
    s.must(0, *SMALL, says=r"bytes in \d+ parts, the last is .*/pool\.\d{4}\.mxs\.zst")
    parts = s.is_whole()
    h.check(len(parts) >= 3, f"only {len(parts)} parts")
    s.merges()
    for part in (parts[0], parts[1], parts[-1]):
        s.must(0, resume=part, says="is finished")
    h.check(s.parts() == parts, "a sweep that is finished was written to")
    return f"{len(parts)} parts by size"


def by_time(s):
    s.must(0, "--rotate-time", "250ms", says="parts")
    parts = s.is_whole()
    h.check(len(parts) >= 2, "one part")
    return f"{len(parts)} parts by time"


def one_part(s):
    s.must(0, "--rotate-size", "1G", "--rotate-time", "24h")
    h.check("parts" not in s.stderr, "says that there are parts")
    h.check(len(s.is_whole()) == 1, "more than one part")
    return "one part that was never full"


def stopped(s):
    """stopped, and gone on with under other limits; a stop is no end of a part"""
    s.must(3, *SMALL, "--max-targets", "40", says="go on with --resume")
    before = [p.read_bytes() for p in s.parts()]
    h.check(len(before) > 1, "one part")
    s.must(3, "--max-targets", "40", resume=s.part(1))
    h.check([p.read_bytes() for p in s.parts()][:-1] == before[:-1], "a part that was left was written to")
    h.check(len(s.parts()) == len(before), "rotated, though nobody asked for it")
    s.must(0, "--rotate-time", "200ms", resume=s.first)
    s.is_whole()
    s.merges()
    return "stopped, and other limits when resumed"


def names_that_are_taken(s):
    s.part(1).write_bytes(b"mine")
    s.must(2, *SMALL, says=r"pool\.0001\.mxs\.zst: is there already")
    h.check(not s.first.exists(), "left behind")
    h.check(s.part(1).read_bytes() == b"mine", "written over")
    s.part(1).rename(s.part(2))
    s.must(1, *SMALL, says=r"pool\.0002\.mxs\.zst: is there already.*--resume")
    s.must(2, *SMALL, resume=s.first, says=r"pool\.0002\.mxs\.zst: is there already")
    h.check(s.part(2).read_bytes() == b"mine", "written over")
    s.part(2).unlink()
    s.must(0, *SMALL, resume=s.part(1))
    s.is_whole()
    return "names that were taken"


def missing_parts(s):
    s.must(3, *SMALL, "--max-targets", "80")
    parts = s.parts()
    h.check(len(parts) >= 3, "too few parts")
    away = s.folder / "away"
    for gone in (0, 1, len(parts) - 1):
        for named in (0, 1, len(parts) - 1):
            parts[gone].rename(away)
            s.must(1, resume=parts[named], says=re.escape(parts[gone].name))
            away.rename(parts[gone])
    parts[1].rename(away)
    s.must(2, resume=away, says="is part 1 of a sweep")
    away.rename(parts[1])
    s.must(0, *SMALL, resume=parts[1])
    s.is_whole()
    return "parts that were missing"


def full_disk(s):
    """what cannot be written is tried again, wherever in a rotation that was"""
    s.must(0, *SMALL, moment="write:2:ENOSPC;write:5-6:EIO;end:1:ENOSPC;endsync:3:EIO;dirsync:3:EIO;sync:9:EDQUOT")
    h.check(len(s.is_whole()) >= 3, "too few parts")
    return "a disk that was full for a while"


def moment(rng):
    number = rng.choice(range(1, 6))
    kill = rng.choice(["kill-before", "kill-half", "kill-after"])
    return rng.choice([f"end:{number}:{kill}", f"write:{2 * number}:{kill}", f"write:{2 * number + 1}:{kill}",
                       f"endsync:{number}:{rng.choice(['kill-before', 'kill-after'])}",
                       f"dirsync:{number}:{rng.choice(['kill-before', 'kill-after'])}",
                       f"sync:{2 * number}:{rng.choice(['kill-before', 'kill-after'])}", rng.uniform(0.2, 1.2)])


def killed(s, rng):
    """killed again and again, in the middle of rotations, and resumed by the name of any part that has a header"""
    kills = 0
    code = s.run(*SMALL, moment=moment(rng))
    while code != 0:
        kills += 1
        h.check(code == -9, f"exit code {code}: {s.stderr[-500:]}")
        h.check(kills < 50, "never done")
        whole = [p for p in s.parts() if s.programs.run(s.programs.mxstat, "info", p, expect=None).stdout != b""]
        if not whole:       # killed before the header: begun anew
            s.first.unlink(missing_ok=True)
            code = s.run(*SMALL, moment=moment(rng))
            continue
        code = s.run(*SMALL, resume=rng.choice(whole), moment=moment(rng) if kills < 4 else None)
    s.is_whole()
    s.merges()
    return f"killed {kills} times, {len(s.parts())} parts"


def streamed(s):
    """a stream in parts, killed and gone on with: lines that were read are known in the last part"""
    names = s.folder / "list"
    names.write_text("".join(f"{addr}\n" for addr in s.truth()))
    s.must(-9, *SMALL, stream=names, moment="end:2:kill-half")
    s.must(0, *SMALL, "-i", names, resume=s.part(1))
    parts = s.parts()
    said = s.programs.run(s.programs.mxstat, "verify", *parts).stdout
    h.check(b"every line once" in said, f"verify: {said!r}")
    h.compare(s.programs.export(*parts), s.truth())
    for some, whole in ((parts, True), (parts[:-1], False)):
        merged = s.folder / "merged"
        said = s.programs.run(s.programs.mxstat, "merge", "-o", merged, *some).stdout
        h.check((b"complete\n" in said) == whole, f"{len(some)} of {len(parts)} parts merged: {said!r}")
        merged.unlink()
    return f"a stream in {len(parts)} parts"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("shim")
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    programs = h.Programs(args.build)
    fixed = [many_parts, by_time, one_part, stopped, names_that_are_taken, missing_parts, full_disk, streamed]
    with h.scratch() as folder, h.farm(programs, "--seed", "3") as port:
        sweeps = [Sweep(programs, args.shim, port, folder, n) for n in range(len(fixed) + args.rounds)]
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            futures = [pool.submit(check, s) for check, s in zip(fixed, sweeps)]
            futures += [pool.submit(killed, s, random.Random(f"{args.seed} {i}")) for i, s in enumerate(sweeps[len(fixed):])]
            for future in concurrent.futures.as_completed(futures):
                print(future.result(), flush=True)


main()
