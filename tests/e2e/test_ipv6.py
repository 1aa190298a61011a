"""IPv6: in a network namespace of its own, a prefix is routed to lo (AnyIP) and every address of it is a server; a sweep of it and
of as much IPv4 is the truth. usage: test_ipv6.py BUILD-FOLDER"""

import os
import subprocess
import sys

import harness as h

SKIP = 77
INSIDE = "MXSWEEP_TEST_NAMESPACE"
RANGES = ("fd00:25::/118", "127.80.0.0/22")


def enter_namespace():
    """runs this script again in a namespace of its own; returns its exit code"""
    probe = subprocess.run(["unshare", "-rn", "ip", "link", "set", "lo", "up"], capture_output=True, text=True)
    if probe.returncode != 0:
        print("skipped: no network namespace here:", probe.stderr.strip())
        return SKIP
    return subprocess.run(["unshare", "-rn", sys.executable, *sys.argv], env={**os.environ, INSIDE: "1"}).returncode


def main():
    if INSIDE not in os.environ:
        return enter_namespace()
    for command in ("ip link set lo up", "ip -6 route add local fd00:25::/64 dev lo"):
        if subprocess.run(command.split()).returncode != 0:
            print("skipped: no IPv6 here")
            return SKIP
    programs = h.build_folder()
    expected = {}
    for targets in RANGES:
        expected |= h.truth(programs, targets, "--seed", "9")
    with h.scratch() as folder, h.farm(programs, "--seed", "9") as port:
        output = folder / "six.mxs.zst"
        argv = h.sweep_argv(programs, port, output, "-s", "100", "-r", "0", "--ehlo-name", "scanner.example.com", *RANGES)
        programs.run(*argv)
        h.compare(programs.export(output), expected)
        programs.run(programs.mxstat, "verify", output)
    print(f"{len(expected)} records of both families are the truth")
    return 0


sys.exit(main())
