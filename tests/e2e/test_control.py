"""Control targets: a network that goes away in the middle of a sweep pauses it, and nothing that was our own silence is recorded;
where no control target answers at first, the sweep refuses to begin. In a network namespace of the test's own.
usage: test_control.py BUILD-FOLDER"""

import json
import os
import shutil
import subprocess
import sys
import time

import harness as h

SKIP = 77
INSIDE = "MXSWEEP_TEST_NAMESPACE"
TARGETS = "127.90.0.0/22"
CONTROLS = ("127.91.0.1", "127.91.0.2", "127.91.0.3")
CUT = "add table ip t\nadd chain ip t out { type filter hook output priority 0; }\n" \
    "add rule ip t out tcp dport %d ip daddr 127.88.0.0/13 drop\n"


def enter_namespace():
    probe = subprocess.run(["unshare", "-rn", "ip", "link", "set", "lo", "up"], capture_output=True, text=True)
    if probe.returncode != 0 or shutil.which("nft", path="/usr/sbin:/sbin:/usr/bin:/bin") is None:
        print("skipped: no network namespace or no nft here:", probe.stderr.strip())
        return SKIP
    return subprocess.run(["unshare", "-rn", sys.executable, *sys.argv], env={**os.environ, INSIDE: "1"}).returncode


def nft(rules):
    subprocess.run(["nft", "-f", "-"], input=rules, text=True, check=True)


def phases(updates):
    return [json.loads(line)["phase"] for line in updates.read_text().splitlines()]


def outage(programs, folder, port, controls, longer):
    """the network goes away: until the sweep has paused and longer, or for a moment that one check falls into"""
    output, updates = folder / f"outage{longer}.mxs.zst", folder / f"updates{longer}.jsonl"
    argv = h.sweep_argv(programs, port, output, "-r", "150", "-T", "2", "--control", controls, "--control-interval", "1s",
                        "--connect-timeout", "1s", "-u", updates, "--flush-interval", "100ms", TARGETS)
    child = subprocess.Popen([str(a) for a in argv])
    try:
        h.wait_until(lambda: output.exists() and output.stat().st_size > 8000, "a sealed block")
        nft(CUT % port)
        if longer:
            h.wait_until(lambda: updates.exists() and "paused" in phases(updates)[1:], "a pause")
        time.sleep(2.5)     # over two intervals: a check falls into it, however late it comes
        nft("delete table ip t\n")
        child.wait(timeout=90)
    finally:
        h.stop(child)
    expected = h.truth(programs, TARGETS, "--seed", "3", "--only", "tls13-p256")
    records = programs.export(output)
    silent = [r for r in records if r["stage"] == "connect"]
    h.check(not silent, f"{len(silent)} targets are recorded as silent, {silent[:1]}")
    h.compare(records, expected)
    programs.run(programs.mxstat, "verify", output)
    told = programs.run(programs.mxstat, "info", output).stdout.decode()
    h.check("go-on" in told and ("pause" in told or not longer), f"events: {told[-600:]}")
    return phases(updates)[1:].count("paused")


def hopeless(programs, folder, port, controls):
    """port blocked from the beginning"""
    nft(CUT % port)
    output = folder / "no.mxs.zst"
    done = programs.run(*h.sweep_argv(programs, port, output, "-r", "150", "--control", controls, "--connect-timeout", "1s",
                                      TARGETS), expect=None)
    nft("delete table ip t\n")
    h.check(done.returncode == 1 and b"none of 3 control targets answers" in done.stderr,
            f"hopeless: {done.returncode} {done.stderr}")
    h.check(not output.exists(), "a dataset of nothing is left behind")


def main():
    if INSIDE not in os.environ:
        return enter_namespace()
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    programs = h.build_folder()
    with h.scratch() as folder, h.farm(programs, "--seed", "3", "--only", "tls13-p256") as port:
        controls = folder / "controls.txt"
        controls.write_text("".join(f"{c}\n" for c in CONTROLS))
        hopeless(programs, folder, port, controls)
        outage(programs, folder, port, controls, False)
        paused = outage(programs, folder, port, controls, True)
        # truly silent targets are recorded, as control targets answer
        nft("add table ip t\nadd chain ip t out { type filter hook output priority 0; }\n"
            f"add rule ip t out tcp dport {port} ip daddr 127.90.8.0/24 drop\n")
        output = folder / "silent.mxs.zst"
        programs.run(*h.sweep_argv(programs, port, output, "-r", "0", "--control", controls, "--control-interval", "1s",
                                   "--connect-timeout", "1s", "127.90.8.0/24"))
        records = programs.export(output)
        h.check(len(records) == 256 and all((r["stage"], r["cause"]) == ("connect", "timeout") for r in records),
                "silence that is theirs")
    print(f"paused for {paused} updates; twice 1,024 records are the truth; 256 silent ones are believed")
    return 0


sys.exit(main())
