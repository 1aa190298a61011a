"""The kernel's SYNs, counted on a wire that swallows them: they leave when scanner/syns says, and TCP_SYNCNT ends them as it says.
In network namespaces of the test's own, one for each value of net.ipv4.tcp_syn_linear_timeouts. usage: test_syns.py BUILD-FOLDER"""

import errno
import os
import pathlib
import selectors
import socket
import subprocess
import sys
import time

import harness as h

SKIP = 77
INSIDE = "MXSWEEP_TEST_LINEAR"
SYSCTL = pathlib.Path("/proc/sys/net/ipv4/tcp_syn_linear_timeouts")
LINEAR = (0, 1, 4)
WATCHED_S = 8.0  # how long the wire is watched
EARLY_S, LATE_S = 0.05, 0.9  # a SYN may leave so much off its time: late is this machine's, not the kernel's
SETUP = """
ip link set lo up
ip link add out type veth peer name wire
ip addr add 198.51.100.1/24 dev out
ip link set out up
ip link set wire up
ip neigh add 198.51.100.9 lladdr 02:00:00:00:00:09 dev out
"""


def outside(argv):
    """runs this script once in each namespace, at the same time"""
    probe = subprocess.run(["unshare", "-rn", "ip", "link", "add", "out", "type", "veth"], capture_output=True, text=True)
    if probe.returncode != 0:
        print("skipped: no network namespace with a veth here:", probe.stderr.strip())
        return SKIP
    values = LINEAR if SYSCTL.exists() else (0,)
    runs = [subprocess.Popen(["unshare", "-rn", sys.executable, *argv], env={**os.environ, INSIDE: str(v)}) for v in values]
    codes = [run.wait(timeout=60) for run in runs]
    return max(codes)


def expectations(programs, linear):
    """from the module: seconds of each SYN; the number of SYNs by TCP_SYNCNT"""
    times, num = [], {}
    for line in programs.run(programs.build / "tests" / "e2e" / "print_syns", linear).stdout.decode().splitlines():
        word = line.split()
        if word[0] == "SYN":
            times.append(int(word[3]) / 1000)
        else:
            num[int(word[1])] = int(word[3])
    return times, num


def begin(value):
    """a connection that nobody answers; TCP_SYNCNT as given"""
    s = socket.socket()
    s.setblocking(False)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_SYNCNT, value)
    code = s.connect_ex(("198.51.100.9", 25))
    h.check(code == errno.EINPROGRESS, f"connect: {os.strerror(code)}")
    return s


def syn_port(frame):
    """the source port of a SYN to port 25, else None"""
    if len(frame) < 54 or frame[12:14] != b"\x08\x00" or frame[23] != 6:
        return None
    tcp = frame[14 + 4 * (frame[14] & 15) :]
    return int.from_bytes(tcp[:2]) if tcp[2:4] == b"\0\x19" and tcp[13] & 2 else None


def watch(wire, sockets, begun):
    """seconds at which SYNs passed, by source port; and when a connection was given up, by socket"""
    seen, ended = {s.getsockname()[1]: [] for s in sockets}, {}
    sel = selectors.DefaultSelector()
    sel.register(wire, selectors.EVENT_READ)
    for s in sockets:
        sel.register(s, selectors.EVENT_WRITE)
    while (now := time.monotonic()) < begun + WATCHED_S:
        for key, _ in sel.select(begun + WATCHED_S - now):
            at = time.monotonic() - begun
            if key.fileobj is wire:
                port = syn_port(wire.recv(200))
                if port in seen:
                    seen[port].append(at)
            else:
                ended[key.fileobj] = (at, key.fileobj.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))
                sel.unregister(key.fileobj)
    return seen, ended


def inside(linear):
    for command in SETUP.strip().splitlines():
        if subprocess.run(command.split()).returncode != 0:
            print(f"skipped: {command} failed")
            return SKIP
    if SYSCTL.exists():
        SYSCTL.write_text(f"{linear}\n")
    times, num = expectations(h.build_folder(), linear)
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0003))
    wire.bind(("wire", 0))
    begun = time.monotonic()
    values = (1, 2, 3, 6)
    sockets = [begin(value) for value in values]
    seen, ended = watch(wire, sockets, begun)
    for s, value in zip(sockets, values):
        max_syns = num[value]
        got = seen[s.getsockname()[1]]
        want = [t for t in times[:max_syns] if t < WATCHED_S - LATE_S]
        h.check(len(got) == len(want), f"linear {linear}, TCP_SYNCNT {value}: expected at {want}, were at {got}")
        for g, w in zip(got, want):
            h.check(w - EARLY_S < g < w + LATE_S, f"linear {linear}: SYN expected at {w} s, was at {g} s")
        gives_up = times[max_syns]
        if gives_up < WATCHED_S - LATE_S:
            h.check(s in ended and ended[s][1] == errno.ETIMEDOUT, f"linear {linear}, TCP_SYNCNT {value}: not given up at {gives_up} s")
            h.check(ended[s][0] > gives_up - EARLY_S, f"given up at {ended[s][0]} s, expected {gives_up} s")
        print(f"linear {linear}: TCP_SYNCNT {value}: {len(got)} SYNs seen, at {', '.join(f'{g:.2f}' for g in got)} s")
        s.close()
    return 0


sys.exit(inside(int(os.environ[INSIDE])) if INSIDE in os.environ else outside(sys.argv))
