"""Host names as targets: each is one position, each of its addresses a record under that name with SNI; what cannot be resolved is
a finding; special-purpose and blocked addresses behind a name are not visited; in ranges, lists and streams, with resumption.
usage: test_hosts.py BUILD-FOLDER"""

import collections
import signal
import subprocess

import dns
import harness as h

ZONE = {
    "two.example.com": {"A": ["127.72.0.1", "127.72.0.2"]},
    "one.example.com": {"A": ["127.72.0.3"]},
    "alias.example.com": {"CNAME": "two.example.com"},
    "none.example.com": {"TXT": []},
    "fails.example.com": "SERVFAIL",
    "refuses.example.com": "REFUSED",
    "blocked.example.com": {"A": ["127.72.0.9", "127.72.0.4"]},
}
LIST = """two.example.com,,a
one.example.com
alias.example.com
none.example.com,,b
gone.example.com
fails.example.com
refuses.example.com
blocked.example.com
127.72.0.1,sni.example.com
127.72.0.1
"""
EXPECTED = {
    ("two.example.com", "127.72.0.1"): "ok",
    ("two.example.com", "127.72.0.2"): "ok",
    ("one.example.com", "127.72.0.3"): "ok",
    ("alias.example.com", "127.72.0.1"): "ok",
    ("alias.example.com", "127.72.0.2"): "ok",
    ("none.example.com", None): "no-address",
    ("gone.example.com", None): "no-address",
    ("fails.example.com", None): "dns-failure",
    ("refuses.example.com", None): "dns-failure",
    ("blocked.example.com", "127.72.0.9"): "blocked",
    ("blocked.example.com", "127.72.0.4"): "ok",
    ("sni.example.com", "127.72.0.1"): "ok",
    (None, "127.72.0.1"): "ok",
}


def check(programs, output):
    records = programs.export(output)
    found = {(r.get("host"), r.get("addr")): r["cause"] for r in records}
    h.check(len(found) == len(records) and found == EXPECTED,
            f"expected {sorted(EXPECTED.items(), key=str)}\n     found {sorted(found.items(), key=str)}")
    positions = collections.defaultdict(set)
    for r in records:
        positions[r["position"]].add(r.get("host"))
        h.check(("tls" in r) == (r["cause"] == "ok"), f"TLS: {r}")
        if "tls" in r:
            h.check(r["tls"]["hello"] == ("sni" if "host" in r else "plain"), f"SNI: {r['tls']}")
        h.check(r.get("tag") == {"two.example.com": "a", "none.example.com": "b"}.get(r.get("host")), f"tag: {r}")
    h.check(all(len(hosts) == 1 for hosts in positions.values()) and len(positions) == 10,
            f"a host name is one position: {dict(positions)}")
    programs.run(programs.mxstat, "verify", output)


def special(programs, port, dns_port, folder):
    """without --include-special, what a name hides is not visited"""
    output = folder / "special.mxs.zst"
    programs.run(programs.mxsweep, "-q", "-p", port, "-o", output, "--ehlo-name", "scanner.example.com", "--dns-servers",
                 f"127.0.0.1:{dns_port}", *h.TIMEOUTS, "two.example.com")
    causes = [(r["addr"], r["stage"], r["cause"]) for r in programs.export(output)]
    h.check(causes == [("127.72.0.1", "connect", "blocked"), ("127.72.0.2", "connect", "blocked")], f"special: {causes}")


def many(programs, port, dns_port, zone, folder):
    """more names than may be asked for at once, killed in the middle and gone on with"""
    names = [f"n{i}.example.com" for i in range(1500)]
    for i, name in enumerate(names):
        zone[name] = {"A": [f"127.73.{i // 250}.{i % 250}", f"127.74.{i // 250}.{i % 250}"]}
    listed = folder / "many.txt"
    listed.write_text("\n".join(names) + "\n")
    options = ["--ehlo-name", "scanner.example.com", "--dns-servers", f"127.0.0.1:{dns_port}", "-i", listed, "-T", "2"]
    resumed = ["--dns-servers", f"127.0.0.1:{dns_port}", "-q", "-r", "0", *h.NO_MANNERS, *h.TIMEOUTS]
    for stream in ([], ["--stream"]):
        output = folder / f"many{len(stream)}.mxs.zst"
        argv = h.sweep_argv(programs, port, output, *options, *stream, "-r", "1000", "--flush-interval", "50ms")
        child = subprocess.Popen([str(a) for a in argv])
        h.wait_until(lambda: output.exists() and output.stat().st_size > 6000, "a sealed block")
        child.send_signal(signal.SIGKILL)
        child.wait()
        before = len(programs.export(output))
        programs.run(programs.mxsweep, "--resume", output, *resumed, *(["-i", listed] if stream else []))
        records = programs.export(output)
        pairs = collections.Counter((r["host"], r["addr"]) for r in records)
        h.check(0 < before < 3000, f"{before} before the resumption")
        h.check(len(pairs) == 3000 and set(pairs.values()) == {1}, f"{len(pairs)} pairs of name and address")
        programs.run(programs.mxstat, "verify", output)


def main():
    programs = h.build_folder()
    zone = dict(ZONE)
    with h.scratch() as folder, h.farm(programs, "--seed", "3", "--only", "tls13-p256") as port, dns.server(zone) as dns_port:
        listed, blocklist = folder / "list.txt", folder / "blocklist.txt"
        listed.write_text(LIST)
        blocklist.write_text("127.72.0.9\n")
        options = ["-i", listed, "-b", blocklist, "--ehlo-name", "scanner.example.com", "-r", "0", "--dns-servers",
                   f"127.0.0.1:{dns_port}"]
        for name, more in (("list", []), ("stream", ["--stream"]), ("workers", ["-T", "4", "-s", "2"])):
            output = folder / f"{name}.mxs.zst"
            programs.run(*h.sweep_argv(programs, port, output, *options, *more))
            check(programs, output)
        special(programs, port, dns_port, folder)
        many(programs, port, dns_port, zone, folder)
    print(f"{len(EXPECTED)} records of 10 targets, three times; 1,500 names of two addresses, killed and resumed, twice")


main()
