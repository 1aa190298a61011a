"""peers: mxsweep beside the other scanners on the PATH: the same farm, the same targets, one run. See README.md."""
import argparse
import collections
import contextlib
import hashlib
import os
import pathlib
import signal
import subprocess
import time

import netns
import peer_tools
import scan

BLOCK, HEALTHY = "198.19.0.0/20", "bench"      # an aligned block of 4,096: the whole built-in population
MIB, KIB = 2 ** 20, 1024
SAVE_S = 10                                    # for a tool that is stopped to write what it has
GRACE_S = 0.5                                  # the farm's log follows the last connection
MASKED = ("masked-greeting", "masked-keywords")
Row = collections.namedtuple("Row", "wall_s cpu_s peak_kib ended connections octets words")


class Wire:
    """A farm on port 25 of BLOCK, in a namespace of its own at the other end of a wire."""
    near, far, spare = "198.18.0.1", "198.18.0.2", "198.18.0.9"

    def __init__(self, programs, folder, cpu, *options):
        self.log = folder / "farm.log"
        netns.run("ip link add wire type veth peer name far")
        words = ["unshare", "-n", programs.mxfarm, "--port", "25", "--seed", "1", "--now", scan.harness.FARM_DATE, "--log",
                 str(self.log), *options]
        self.child = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, preexec_fn=lambda: os.sched_setaffinity(0, {cpu}))
        scan.harness.check(self.child.stdout.readline() == "listening on 25\n", "the farm does not listen")
        netns.run(f"ip link set far netns {self.child.pid}")
        netns.run(f"ip addr add {self.near}/16 dev wire")
        netns.run("ip link set wire up")
        for command in (f"ip addr add {self.far}/16 dev far", "ip link set lo up", "ip link set far up",
                        f"ip route add local {BLOCK} dev lo"):
            netns.run(f"nsenter -t {self.child.pid} -n {command}")
        netns.run(f"ip route add {BLOCK} via {self.far}")
        shown = subprocess.run(["nsenter", "-t", str(self.child.pid), "-n", "ip", "-o", "link", "show", "far"], check=True,
                               capture_output=True, text=True).stdout
        self.far_mac = shown.split("link/ether ")[1].split()[0]

    def close(self):
        scan.harness.stop(self.child)
        self.child.stdout.close()
        subprocess.run(["ip", "link", "del", "wire"], check=False, capture_output=True)

    def num_connections(self):
        time.sleep(GRACE_S)
        with open(self.log, encoding="ascii") as log:
            return sum(line.split(" ", 3)[2] == "open" for line in log)


# ---- one tool ----

def session_kib(session):
    """RSS of all processes of a session."""
    pages = 0
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):      # it has ended
            fields = pathlib.Path("/proc", pid, "stat").read_text(encoding="latin-1").rsplit(")", 1)[1].split()
            pages += int(fields[21]) if int(fields[3]) == session else 0
    return pages * os.sysconf("SC_PAGE_SIZE") // KIB


def watch(words, job, cpu, limit_s):
    """Runs a tool with all that it starts: its wall time, CPU, peak of RSS, and whether it ended; if it takes too long, it is stopped."""
    began, peak, ended = time.monotonic(), 0, True
    with open(job.folder / "stdout", "wb") as out, open(job.err, "wb") as err:
        child = subprocess.Popen([str(w) for w in words], stdin=subprocess.DEVNULL, stdout=out, stderr=err, cwd=job.folder,
                                 start_new_session=True, preexec_fn=lambda: os.sched_setaffinity(0, {cpu}))
    try:
        while True:
            pid, status, used = os.wait4(child.pid, os.WNOHANG)
            if pid:
                child.returncode = os.waitstatus_to_exitcode(status)
                return time.monotonic() - began, used.ru_utime + used.ru_stime, peak, ended
            peak = max(peak, session_kib(child.pid))
            late_s = time.monotonic() - began - limit_s
            if late_s > 0:
                os.killpg(child.pid, signal.SIGINT if ended else signal.SIGKILL)
                ended = False
            time.sleep(0.02 if late_s <= 0 else SAVE_S)
    finally:
        if child.returncode is None:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()


def octets_of(job):
    """What a tool wrote, as files or to stdout."""
    own = (job.list, job.err)
    return sum(path.stat().st_size for path in job.folder.iterdir() if path not in own)


def measure(tool, job, options):
    before = job.wire.num_connections()
    wall_s, cpu_s, peak_kib, ended = watch(tool.run(job), job, options.scanner_cpu, options.limit)
    connections = job.wire.num_connections() - before
    return Row(wall_s, cpu_s, peak_kib, ended, connections, octets_of(job), tool.read(job))


# ---- right or wrong ----

def truth_of(line):
    """The word that is true of a target, and its leaf."""
    if line["stage"] in ("ehlo-tls", "done"):
        return peer_tools.WORKS
    if line["cause"] in (peer_tools.NOT_OFFERED, peer_tools.THROTTLED):
        return line["cause"]
    return peer_tools.TLS_FAILED if line["stage"] == "handshake" else peer_tools.FAILED


def leaves_of(line, sha1):
    leaf = line.get("chain", [None])[0]
    return {leaf, sha1.get(leaf)} - {None}


def judge(word, line, sha1):
    """0: right; 1: true, but vague; 2: wrong. sha1 has the SHA-1 of leaves, for tools that print that."""
    true = truth_of(line)
    if word is None or word.word == peer_tools.FAILED:
        return 0 if true == peer_tools.FAILED else 2 if true == peer_tools.WORKS else 1
    if word.word == peer_tools.WORKS and line["behaviour"] in MASKED:
        return 0                                  # it does work, for who tries
    if word.word == peer_tools.WORKS and true == peer_tools.TLS_FAILED and word.leaves & leaves_of(line, sha1):
        return 1                                  # the certificate was there; that the handshake failed is not told
    if word.word != true:
        return 2
    if true != peer_tools.WORKS:
        return 0
    return 0 if word.leaves & leaves_of(line, sha1) else 2 if word.leaves else 1


def verdicts(row, lines, sha1):
    """How many behaviours a tool got right, vaguely right and wrong: a behaviour is as good as the worst of its targets. What a
    tool that was stopped had not come to is not held against it."""
    worst = collections.defaultdict(int)
    for line in lines:
        word = row.words.get(line["addr"])
        if word is not None or row.ended:
            worst[line["behaviour"]] = max(worst[line["behaviour"]], judge(word, line, sha1))
    counts = collections.Counter(worst.values())
    return [counts[n] for n in range(3)], sorted(name for name, n in worst.items() if n == 2)


def sha1_of_leaves(programs, job):
    """SHA-256 to SHA-1, of the certificates in mxsweep's dataset."""
    ders = peer_tools.ders(programs.run(programs.mxstat, "certs", job.out).stdout.decode())
    return {hashlib.sha256(der).hexdigest(): hashlib.sha1(der).hexdigest() for der in ders}


# ---- tables ----

def choose(lines, num):
    """One target of each behaviour first, then others in their order."""
    first = {}
    for line in lines:
        first.setdefault(line["behaviour"], line)
    rest = [line for line in lines if first[line["behaviour"]] is not line]
    return (list(first.values()) + rest)[:num]


def compare(programs, options, lines, farm_options):
    """All tools against one farm: a row each."""
    print("tool      targets  sessions/s  CPU ms/session  peak MiB  connections/target  octets/target  "
          "behaviours right  vague  wrong")
    sha1 = {}
    with scan.harness.scratch() as folder:
        wire = Wire(programs, folder, options.farm_cpu, *farm_options)
        try:
            for tool in options.tools:
                chosen = lines[:options.slow_targets] if tool.slow else lines
                own = folder / tool.name
                own.mkdir()
                job = peer_tools.Job(programs, own, [line["addr"] for line in chosen], options.at_once, options.time_out, wire)
                row = measure(tool, job, options)
                if tool.name == "mxsweep":
                    sha1 = sha1_of_leaves(programs, job)
                counts, wrong = verdicts(row, chosen, sha1)
                num = len(chosen)
                print("%-8s  %7d  %10.1f  %14.2f  %8.1f  %18.2f  %13.0f  %16d  %5d  %5d" % (tool.name, num, num / row.wall_s,
                      row.cpu_s * 1e3 / num, row.peak_kib / KIB, row.connections / num, row.octets / num, *counts), flush=True)
                if not row.ended:
                    print(f"          did not end: stopped after {options.limit} s")
                if options.wrong and wrong:
                    print("          wrong:", " ".join(wrong), flush=True)
        finally:
            wire.close()
    print()


def main():
    parser = argparse.ArgumentParser(prog="peers.sh", description=__doc__)
    parser.add_argument("--build", default="build/release", help="build directory (build/release)")
    parser.add_argument("--targets", type=int, default=1000, help="of the built-in population (1000)")
    parser.add_argument("--healthy", type=int, default=1000, help="of healthy servers alone (1000)")
    parser.add_argument("--slow-targets", type=int, default=200, help="for nmap and sslscan: so many of the same (200)")
    parser.add_argument("--at-once", type=int, default=64, help="sessions at once, for every tool (64)")
    parser.add_argument("--time-out", type=int, default=15, help="s for a reply or handshake, where a tool lets one say (15)")
    parser.add_argument("--limit", type=int, default=300, help="s that a tool may take in all (300)")
    parser.add_argument("--only", default="", help="these tools, by commas (all on the PATH)")
    parser.add_argument("--wrong", action="store_true", help="name the behaviours that a tool got wrong")
    parser.add_argument("--scanner-cpu", type=int, default=1, help="CPU of the tools (1)")
    parser.add_argument("--farm-cpu", type=int, default=0, help="CPU of the farm (0)")
    options = parser.parse_args()
    named = [name for name in options.only.split(",") if name]
    asked = [tool for tool in peer_tools.TOOLS if not named or tool.name in named]
    options.tools = [tool for tool in asked if tool.present()]
    netns.enter()
    programs = scan.harness.Programs(pathlib.Path(options.build).resolve())
    for tool in asked:
        if not tool.present():
            print(f"{tool.name}: not on the PATH")
    patience = ["--reply-timeout", f"{options.time_out}s", "--tls-timeout", f"{options.time_out}s", "--session-timeout",
                f"{4 * options.time_out}s"]
    for title, num, farm_options in ((f"{options.targets} of the built-in population", options.targets, ()),
                                     (f"{options.healthy} healthy servers", options.healthy, ("--only", HEALTHY))):
        lines = scan.harness.truth(programs, BLOCK, "--seed", "1", "--port", "25", *farm_options, limits=patience)
        print(f"{title}, {options.at_once} sessions at once, time-outs of {options.time_out} s")
        compare(programs, options, choose(list(lines.values()), num), farm_options)


main()
