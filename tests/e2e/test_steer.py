"""Signals to a running sweep: SIGHUP rereads the blocklist, at once (the farm's log shows no connection to a newly blocked
prefix), also for targets that wait; SIGUSR1 and SIGUSR2 change the rate; --max-targets, --max-runtime and --sample end where they
say; all of it is in the dataset. usage: test_steer.py BUILD-FOLDER"""

import re
import signal
import subprocess
import time

import harness as h

TARGETS = "127.52.0.0/22"
BLOCKED = "127.52.2.0/23"


def in_blocked(addr):
    return re.fullmatch(r"127\.52\.[23]\.\d+", addr) is not None


def events(programs, dataset):
    """what happened, as mxstat info tells it"""
    return programs.run(programs.mxstat, "info", dataset, expect=None).stdout.decode()


def opened(log):
    """(time in us, address) of each connection that the farm accepted"""
    return [(int(w[0]), w[1]) for w in map(str.split, log.read_text().splitlines()) if w[2] == "open"]


def reread(programs, folder):
    log, blocklist, output = folder / "farm.log", folder / "blocklist.txt", folder / "hup.mxs.zst"
    blocklist.write_text("127.52.0.13\n")
    with h.farm(programs, "--seed", "3", "--only", "tls13-p256", "--log", str(log)) as port:
        argv = h.sweep_argv(programs, port, output, "-r", "300", "-T", "3", "-b", blocklist, "--prefix-rate", "60",
                            "--flush-interval", "100ms", TARGETS)
        argv.remove("-q")
        child = subprocess.Popen([str(a) for a in argv], stderr=subprocess.PIPE, text=True)
        said = []
        try:
            h.wait_until(lambda: output.exists() and output.stat().st_size > 8000, "a sealed block")
            blocklist.write_text("nonsense here\n")
            child.send_signal(signal.SIGHUP)
            while not said or "stays in effect" not in said[-1]:
                said.append(child.stderr.readline())
                h.check(said[-1] != "", f"it ended without a word of the bad blocklist: {said}")
            blocklist.write_text(f"127.52.0.13\n{BLOCKED}\n")
            child.send_signal(signal.SIGHUP)
            while "in effect" not in said[-1] or "stays" in said[-1]:
                said.append(child.stderr.readline())
                h.check(said[-1] != "", f"it ended without a word of the new blocklist: {said}")
            effect_us = time.time_ns() // 1000
            child.communicate(timeout=120)
        finally:
            h.stop(child)
    # a connection that was started just before may reach the farm's log a moment later
    late = [(t, a) for t, a in opened(log) if in_blocked(a) and t > effect_us + 50_000]
    h.check(not late, f"connections to what was blocked, after that took effect: {late[:3]}")
    records = programs.export(output)
    blocked = [r for r in records if r["cause"] == "blocked"]
    h.check(len(records) == 1023 and len({r["addr"] for r in records}) == 1023, f"{len(records)} records")
    h.check(len(blocked) > 100 and all(in_blocked(r["addr"]) and r["stage"] == "connect" for r in blocked),
            f"{len(blocked)} blocked")
    h.check("blocklist" in events(programs, output), "no event tells of the new blocklist")
    programs.run(programs.mxstat, "verify", output)
    return len(blocked)


def change_rate(programs, folder):
    output = folder / "usr.mxs.zst"
    with h.farm(programs, "--seed", "3", "--only", "tls13-p256") as port:
        argv = h.sweep_argv(programs, port, output, "-r", "100", "127.52.0.0/25")
        argv.remove("-q")
        child = subprocess.Popen([str(a) for a in argv], stderr=subprocess.PIPE, text=True)
        try:
            said = child.stderr.readline()
            h.wait_until(lambda: output.exists(), "a header")
            time.sleep(0.2)
            for s, rate in ((signal.SIGUSR1, "105.000"), (signal.SIGUSR1, "110.250"), (signal.SIGUSR2, "104.73")):
                child.send_signal(s)
                said = child.stderr.readline()
                h.check(f"rate is now {rate}" in said, f"expected {rate}: {said}")
            child.communicate(timeout=60)
        finally:
            h.stop(child)
    h.check(len(re.findall(r"start-interval", events(programs, output))) >= 4, "the header and three events have the rate")


def limits(programs, folder):
    with h.farm(programs, "--seed", "3", "--only", "tls13-p256") as port:
        cases = {
            "max-targets": (["--max-targets", "50", "-T", "4"], 50),
            "max-targets-percent": (["--max-targets", "10%"], 102),
            "sample": (["--sample", "5%"], 52),
        }
        for name, (options, number) in cases.items():
            output = folder / f"{name}.mxs.zst"
            code = 0 if name == "sample" else 3
            programs.run(*h.sweep_argv(programs, port, output, "-r", "0", *options, TARGETS), expect=code)
            got = len(programs.export(output))
            h.check(got == number, f"{name}: {got} targets, expected {number}")
            verified = programs.run(programs.mxstat, "verify", output, expect=None)
            h.check((verified.returncode == 0) == (code == 0), f"{name}: verify says {verified.stdout}")
            if code == 3:
                programs.run(programs.mxsweep, "-q", "--resume", output, "-r", "0", *h.NO_MANNERS)
                h.check(len(programs.export(output)) == 1024, f"{name}: not all after --resume")
                programs.run(programs.mxstat, "verify", output)
        output = folder / "runtime.mxs.zst"
        programs.run(*h.sweep_argv(programs, port, output, "-r", "50", "--max-runtime", "1s", TARGETS), expect=3)
        got = len(programs.export(output))
        h.check(10 <= got <= 60, f"max-runtime: {got} targets in a second at 50/s")
        h.check("limit" in events(programs, output), "the trailer does not tell that a limit ended it")


def main():
    programs = h.build_folder()
    with h.scratch() as folder:
        blocked = reread(programs, folder)
        change_rate(programs, folder)
        limits(programs, folder)
    print(f"{blocked} targets were blocked in time; the rate was raised and lowered; limits and sample hold")


main()
