"""Disks that are full, fail, or take half of what they are given: a sweep waits for better times, or stops with exit code 3, and
what is sealed stands; --resume completes it. With a real small disk too, where a mount can be made (else that part is left
out, exit code 77). usage: test_disk.py BUILD-FOLDER SHIM"""

import concurrent.futures
import os
import pathlib
import subprocess
import sys

import harness as h

TARGETS = "127.48.0.0/24"
SPACE_TARGETS = "127.48.0.0/22"
SMALL, LARGE = "64k", "16m"     # of the real disk


def can_wait(programs):
    return b"--disk-wait" in programs.run(programs.mxsweep, "--help").stdout


def options(programs, wait):
    return ["-s", "200", "-T", "2", "--flush-interval", "100ms", *(["--disk-wait", wait] if can_wait(programs) else [])]


def run(programs, shim, argv, rules):
    env = dict(os.environ, LD_PRELOAD=shim, MXSHIM=rules,
               ASAN_OPTIONS=os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0")
    done = subprocess.run([str(a) for a in argv], env=env, capture_output=True, timeout=120)
    return done.returncode, done.stderr.decode()


def check_whole(programs, output, expected, name):
    h.compare(programs.export(output), expected)
    programs.run(programs.mxstat, "verify", output)
    print(f"{name}: every target once, and the truth")


def each(rules, what):
    """at the same time: most of a sweep is waiting"""
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(what, rules))


def test_errors(programs, shim, port, folder):
    """errors that last end the sweep, in order; it is resumed on a sound disk"""
    expected = h.truth(programs, TARGETS, "--seed", "3")

    def one(rule):
        output = folder / f"{rule.replace(':', '-').replace(';', '-')}.mxs.zst"
        argv = h.sweep_argv(programs, port, output, *options(programs, "1s"), TARGETS)
        code, text = run(programs, shim, argv, rule)
        h.check(code == 3, f"{rule}: exit code {code}, expected 3: {text}")
        h.check(str(output) in text and "--resume" in text, f"{rule}: what is wrong, and what to do, is not said: {text}")
        before = programs.run(programs.mxstat, "export", output, expect=None).stdout.count(b"\n")
        code, text = run(programs, shim, [programs.mxsweep, "--resume", output, *h.NO_MANNERS, *h.TIMEOUTS], "")
        h.check(code == 0, f"{rule}: resumed: exit code {code}: {text}")
        check_whole(programs, output, expected, f"{rule}, {before} before it")

    each(["write:2-:ENOSPC", "write:3-:EDQUOT", "sync:2-:EIO", "write:2-:EROFS;truncate:0-:EROFS", "sync:1-:ENOSPC",
          "end:0-:EIO", "endsync:0-:EIO"], one)


def test_moments(programs, shim, port, folder):
    """errors that pass, and writes that are done by halves, are not noticed"""
    expected = h.truth(programs, TARGETS, "--seed", "3")
    rules = ["write:0-9:short;end:0:short"]
    if can_wait(programs):
        rules += ["write:2-3:ENOSPC", "sync:3:EIO", "write:1:EDQUOT;write:4:EIO;sync:6:ENOSPC", "end:0:ENOSPC"]

    def one(rule):
        output = folder / f"{rule.replace(':', '-').replace(';', '-')}.mxs.zst"
        argv = h.sweep_argv(programs, port, output, *options(programs, "60s"), TARGETS)
        code, text = run(programs, shim, argv, rule)
        h.check(code == 0, f"{rule}: exit code {code}: {text}")
        check_whole(programs, output, expected, rule)

    each(rules, one)


def test_header(programs, shim, port, folder):
    """where not even the header can be written nothing is visited, and no file stays"""
    for rule in ("write:0-:ENOSPC", "sync:0-:EIO", "dirsync:0-:EIO"):
        output = folder / "header.mxs.zst"
        code, text = run(programs, shim, h.sweep_argv(programs, port, output, *options(programs, "1s"), TARGETS), rule)
        h.check(code in (1, 3) and str(output) in text, f"{rule}: exit code {code}: {text}")
        h.check(not output.exists(), f"{rule}: a file is left behind")
        print(f"{rule}: exit code {code}, no file")


def mount(folder, *how):
    return subprocess.run(["mount", "-t", "tmpfs", "-o", *how, str(folder)], capture_output=True).returncode == 0


def space_in_time(programs, port, disk):
    """space that is made while the sweep waits for it: nobody notices"""
    output = disk / "waits.mxs.zst"
    argv = h.sweep_argv(programs, port, output, *options(programs, "60s"), SPACE_TARGETS)
    child = subprocess.Popen([str(a) for a in argv], stderr=subprocess.PIPE)
    h.wait_until(lambda: os.statvfs(disk).f_bavail <= 1 or child.poll() is not None, "a full disk")
    h.check(child.poll() is None, "the sweep does not wait")
    h.check(mount(disk, f"remount,size={LARGE}", "none"), "remount")
    _, said = child.communicate(timeout=120)
    h.check(child.returncode == 0, f"space was made: exit code {child.returncode}: {said!r}")
    check_whole(programs, output, h.truth(programs, SPACE_TARGETS, "--seed", "3"), "space made in time")


def inside(programs, port, folder):
    """in a mount namespace of its own: a disk that fills up, and has more space later"""
    disks = [pathlib.Path(folder) / name for name in ("disk", "other")]
    for disk in disks:
        disk.mkdir()
        if not mount(disk, f"size={SMALL}", "none"):
            return 77
    if can_wait(programs):
        space_in_time(programs, port, disks[1])
    disk = disks[0]
    output = disk / "sweep.mxs.zst"
    done = programs.run(*h.sweep_argv(programs, port, output, *options(programs, "1s"), SPACE_TARGETS), expect=3)
    h.check(b"No space left" in done.stderr, f"the full disk is not named: {done.stderr!r}")
    programs.run(programs.mxstat, "verify", output, expect=1)
    before = len(programs.export(output))
    h.check(before > 0, "nothing was sealed")
    h.check(mount(disk, f"remount,size={LARGE}", "none"), "remount")
    programs.run(programs.mxsweep, "--resume", output, *h.NO_MANNERS, *h.TIMEOUTS, expect=0)
    check_whole(programs, output, h.truth(programs, SPACE_TARGETS, "--seed", "3"),
                f"a disk of {SMALL}, then of {LARGE}, {before} before it was full")
    return 0


def test_full_disk(programs, port, folder):
    argv = ["unshare", "--mount", "--propagation", "private", sys.executable, __file__, str(programs.build), "--inside",
            str(port), str(folder)]
    return subprocess.run(argv, timeout=300).returncode


def main():
    programs = h.build_folder()
    if sys.argv[2] == "--inside":
        raise SystemExit(inside(programs, int(sys.argv[3]), sys.argv[4]))
    shim = sys.argv[2]
    with h.scratch() as folder, h.farm(programs, "--seed", "3") as port:
        test_header(programs, shim, port, folder)
        test_moments(programs, shim, port, folder)
        test_errors(programs, shim, port, folder)
        code = test_full_disk(programs, port, folder)
        h.check(code in (0, 1, 77), f"the real disk: exit code {code}")
        if code == 77 or code == 1 and os.geteuid() != 0:
            print("no mount could be made: the real disk is left out")
            raise SystemExit(77)
        h.check(code == 0, "the real disk")


main()
