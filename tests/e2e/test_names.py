"""Names resolved by the scanner's resolver, as a process of its own, from a DNS server that shares no code with it.
usage: test_names.py BUILD-FOLDER"""

import sys

import dns
import harness as h

MANY = [f"127.2.{i // 200}.{i % 200}" for i in range(2000)]
ZONE = {
    "mx.example.com": {"A": ["127.1.0.2", "127.1.0.1"], "AAAA": ["fd00::1"]},
    "www.example.com": {"CNAME": "mx.example.com"},
    "six.example.com": {"AAAA": ["fd00::2", "::ffff:127.1.0.3"]},
    "empty.example.com": {},
    "loop.example.com": {"CNAME": "loop.example.com"},
    "many.example.com": {"A": MANY},  # 32,000 octets, by TCP
    "fails.example.com": "SERVFAIL",
    "refused.example.com": "REFUSED",
    dns.reverse_name("127.1.0.1"): {"PTR": ["mx.example.com", "mx.example.net"]},
    dns.reverse_name("fd00::1"): {"PTR": ["mx.example.com"]},
    dns.reverse_name("127.1.0.9"): {"CNAME": "9.0-15.0.1.127.in-addr.arpa"},
    "9.0-15.0.1.127.in-addr.arpa": {"PTR": ["nine.example.com"]},
}
EXPECTED = {
    "mx.example.com": "ok 127.1.0.2 127.1.0.1 fd00::1",
    "www.example.com": "ok 127.1.0.2 127.1.0.1 fd00::1",
    "six.example.com": "ok fd00::2 127.1.0.3",
    "empty.example.com": "no-address",
    "loop.example.com": "no-address",
    "nowhere.example.com": "no-address",
    "many.example.com": "ok " + " ".join(MANY[:32]),
    "fails.example.com": "failure",
    "refused.example.com": "failure",
    "127.1.0.1": "ok mx.example.com mx.example.net",
    "fd00::1": "ok mx.example.com",
    "127.1.0.9": "ok nine.example.com",
    "127.1.0.8": "no-address",
} | {f"host{i}.example.com": f"ok 127.3.0.{i}" for i in range(200)}


def main():
    programs = h.build_folder()
    ask = programs.build / "tests" / "e2e" / "ask_names"
    zone = ZONE | {name: {"A": [found.split()[1]]} for name, found in EXPECTED.items() if name.startswith("host")}
    with dns.server(zone) as port:
        servers = f"127.0.0.1:{port}"
        lines = programs.run(ask, servers, 20000, *EXPECTED).stdout.decode().splitlines()
        found = dict(line.split(" ", 1) for line in lines)
        for name, want in EXPECTED.items():
            h.check(found.get(name) == want, f"{name}: {found.get(name)}, expected {want}")
        zone["silent.example.com"] = "SILENT"
        line = programs.run(ask, servers, 50, "silent.example.com").stdout.decode().strip()
        h.check(line == "silent.example.com failure", line)
    line = programs.run(ask, servers, 20000, "mx.example.com").stdout.decode().strip()
    h.check(line == "mx.example.com ours", f"the server has gone: {line}")
    print(f"{len(EXPECTED) + 2} names are as the server has them")
    return 0


sys.exit(main())
