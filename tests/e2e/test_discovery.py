"""Discovery tools feed a sweep: zmap and masscan find listeners in network namespaces of this test, and what they print goes
through a pipe into mxsweep --stream, as README shows it. usage: test_discovery.py BUILD-FOLDER"""

import json
import os
import shutil
import subprocess
import sys

import harness as h

SKIP = 77
INSIDE = "MXSWEEP_TEST_NAMESPACE"
FOUND = [f"198.18.1.{n}" for n in (3, 25, 77, 130, 201)]
PORT = 25
SETUP = f"""
ip link set lo up
ip addr add 198.18.0.9/32 dev lo
ip link add scan type veth peer name serve netns SERVER
ip addr add 198.18.0.1/16 dev scan
ip link set scan up
"""
SETUP_SERVER = """
ip link set lo up
ip addr add 198.18.0.2/16 dev serve
ip link set serve up
ip route add local 198.18.1.0/24 dev lo
"""


def run_all(commands, prefix=()):
    for command in commands.strip().splitlines():
        done = subprocess.run([*prefix, *command.split()], capture_output=True, text=True)
        if done.returncode != 0:
            print(f"skipped: {command}: {done.stderr.strip()}")
            return False
    return True


def enter_namespace():
    probe = subprocess.run(["unshare", "-rn", "ip", "link", "add", "x", "type", "veth"], capture_output=True, text=True)
    if probe.returncode != 0:
        print("skipped: no network namespace with a veth here:", probe.stderr.strip())
        return SKIP
    return subprocess.run(["unshare", "-rn", sys.executable, *sys.argv], env={**os.environ, INSIDE: "1"}).returncode


def mac_of(prefix, device):
    links = subprocess.run([*prefix, "ip", "-j", "link", "show", device], capture_output=True, text=True, check=True)
    return json.loads(links.stdout)[0]["address"]


def only_some_answer(server):
    """a farm answers on every address of the prefix: those that are not FOUND refuse"""
    rules = "add table ip t\nadd chain ip t in { type filter hook input priority 0; }\n" \
        f"add rule ip t in tcp dport {PORT} ip daddr 198.18.1.0/24 ip daddr != {{ {', '.join(FOUND)} }} reject with tcp reset\n"
    subprocess.run([*server, "nft", "-f", "-"], input=rules, text=True, check=True)


def feed(programs, folder, name, finder, *options):
    """the pipeline of README: FINDER | mxsweep --stream -i -"""
    output = folder / f"{name}.mxs.zst"
    sweep = [programs.mxsweep, "-q", "--include-special", "--stream", "-i", "-", "-p", PORT, "--ehlo-name", "scanner.example.com",
             "--source-ip", "198.18.0.1", *h.TIMEOUTS, *options, "-o", output]
    found = subprocess.Popen([str(a) for a in finder], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        swept = subprocess.run([str(a) for a in sweep], stdin=found.stdout, timeout=90, capture_output=True, text=True)
        said = found.stderr.read()
    finally:
        found.stdout.close()
        found.wait(timeout=60)
    h.check(swept.returncode == 0, f"{name}: mxsweep ended with {swept.returncode}: {swept.stderr} ({said[-300:]})")
    records = programs.export(output)
    programs.run(programs.mxstat, "verify", output)
    got = sorted({r["addr"] for r in records})
    h.check(got == sorted(FOUND), f"{name}: found {got}, expected {FOUND} ({said[-300:]})")
    h.check(all(r["cause"] == "ok" for r in records), f"{name}: {[(r['addr'], r['stage'], r['cause']) for r in records]}")
    return len(records)


def main():
    if INSIDE not in os.environ:
        return enter_namespace()
    for tool in ("zmap", "masscan", "nft"):
        if shutil.which(tool, path="/usr/sbin:/usr/bin:/sbin:/bin") is None:
            print(f"skipped: no {tool} here")
            return SKIP
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    programs = h.build_folder()
    holder = subprocess.Popen(["unshare", "-n", "sleep", "300"])      # keeps the server's namespace
    try:
        h.wait_until(lambda: os.readlink(f"/proc/{holder.pid}/ns/net") != os.readlink("/proc/self/ns/net"), "a namespace")
        server = ["nsenter", "-t", str(holder.pid), "-n"]
        if not run_all(SETUP.replace("SERVER", str(holder.pid))) or not run_all(SETUP_SERVER, server):
            return SKIP
        only_some_answer(server)
        farm = subprocess.Popen([*server, programs.mxfarm, "--port", str(PORT), "--only", "tls13-p256"], stdout=subprocess.PIPE,
                                text=True)
        try:
            h.check(farm.stdout.readline().startswith("listening"), "no farm")
            with h.scratch() as folder:
                empty, mac = folder / "empty.txt", mac_of(server, "serve")
                empty.write_text("")
                zmap = ["zmap", "-p", PORT, "-i", "scan", "-G", mac, "-S", "198.18.0.1", "-b", empty, "-r", "1000", "-c", "1", "-q",
                        "198.18.1.0/24"]
                num = feed(programs, folder, "zmap", zmap)
                masscan = ["masscan", f"-p{PORT}", "198.18.1.0/24", "--rate", "1000", "-e", "scan", "--adapter-ip", "198.18.0.1",
                           "--router-mac", mac, "--wait", "2", "--retries", "1", "-oL", "-"]
                feed(programs, folder, "masscan", masscan)
        finally:
            h.stop(farm)
    finally:
        holder.kill()
        holder.wait()
    print(f"zmap and masscan found {num} listeners each, and mxsweep visited them")
    return 0


sys.exit(main())
