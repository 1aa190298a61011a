#!/usr/bin/python3
"""IPv6: in a network namespace of its own, a /64 is routed to lo (AnyIP), and every address of it is a server."""
import os
import subprocess
import sys

import farm_client
import test_farm_e2e

SKIP = 77
INSIDE = "MXFARM_TEST_NAMESPACE"


def enter_namespace():
    """Starts this script again in a namespace; leaves with its exit code."""
    probe = subprocess.run(["unshare", "-rn", "ip", "link", "set", "lo", "up"], capture_output=True, text=True, check=False)
    if probe.returncode != 0:
        print("skipped: no network namespace here:", probe.stderr.strip())
        return SKIP
    return subprocess.run(["unshare", "-rn", sys.executable, "-B", "-W", "ignore", *sys.argv],
                          env={**os.environ, INSIDE: "1"}, check=False).returncode


def main():
    if INSIDE not in os.environ:
        return enter_namespace()
    for command in ("ip link set lo up", "ip -6 route add local fd00:25::/64 dev lo"):
        if subprocess.run(command.split(), check=False).returncode != 0:
            print("skipped: no IPv6 here")
            return SKIP
    program = sys.argv[1]
    farm = test_farm_e2e.Farm(program, "--seed", "3")
    everybody = test_farm_e2e.truth(program, "--seed", "3", "--port", str(farm.port), "--truth", "fd00:25::7000/116")
    chosen = [line for line in test_farm_e2e.one_of_each(everybody) if line["stage"] in ("done", "ehlo-tls", "starttls")]
    test_farm_e2e.check(len(chosen) > 60, "a /116 holds every behaviour")
    test_farm_e2e.visit_all(chosen)
    mapped = farm_client.visit("127.1.2.3", farm.port)
    test_farm_e2e.compare(test_farm_e2e.truth(program, "--seed", "3", "--port", str(farm.port), "--truth", "127.1.2.3")[0], mapped)
    test_farm_e2e.check(farm.stop() == 0, "a clean end")
    return 1 if test_farm_e2e.failures else 0


if __name__ == "__main__":
    sys.exit(main())
