#!/usr/bin/env python3
"""Audits and records against servers by rote, which speak what no library does any more: SSLv2, SSLv3, export, RC4, anonymous and NULL suites,
primes of any size, hybrid groups, intolerance of large hellos, refusals by alert, close, reset and silence. What audits find is
what the farm says of each server; nothing is said to be refused that was not.
usage: test_audit_truth.py BUILD-FOLDER [SEED [SERVERS]]"""

import random
import re
import sys

import harness as h

VERSIONS = {"ssl2": "SSLv2", "ssl3": "SSLv3", "tls10": "TLSv1.0", "tls11": "TLSv1.1", "tls12": "TLSv1.2", "tls13": "TLSv1.3"}
KEYS = {"SSLv2": "ssl2", "SSLv3": "ssl3", "TLSv1.0": "tls1_0", "TLSv1.1": "tls1_1", "TLSv1.2": "tls1_2", "TLSv1.3": "tls1_3"}
OLD = [0x0001, 0x0002, 0x0003, 0x0004, 0x0005, 0x0006, 0x0008, 0x0009, 0x000A, 0x0011, 0x0013, 0x0014, 0x0015, 0x0016, 0x0017, 0x0018,
       0x0019, 0x001A, 0x001B, 0x002F, 0x0033, 0x0034, 0x0035, 0x0039, 0x003A]
NEW = [0x009C, 0x009E, 0xC013, 0xC014, 0xC02F, 0xC030, 0xC011, 0xC012, 0xC010, 0xC015, 0xC018, 0xCCA8]
NEWEST = [0x1301, 0x1302, 0x1303]
SHOWN = ("tls12-ticket", "tls13-ticket", "staple", "timestamps", "client-certificate", "certificate-by-name", "all-at-once", "tls13-p256")
GROUPS = ["x25519", "p256", "p384", "p521"]
DH = ["512", "768", "1024", "1536", "2048", "oakley2-modp1024", "modp1536", "modp2048", "ffdhe2048"]
CLASSES = {"export": "_EXPORT", "rc4": "_RC4_", "3des": "_3DES_", "null": "_WITH_NULL_", "anonymous": "DH_anon_", "dhe": "_DHE_", "static_rsa": "TLS_RSA_"}


def spec(rng, number):
    """one server at random, as a line of a population file"""
    first = rng.randrange(6)
    names = list(VERSIONS)[first:rng.randrange(first, 6) + 1]
    suites = rng.sample(OLD, rng.randrange(1, 7)) + rng.sample(NEW, rng.randrange(0, 4))
    complete = rng.random() < 0.6   # BoringSSL serves what it can, and has all suites of TLS 1.3
    suites += NEWEST if complete else rng.sample(NEWEST, rng.randrange(1, 4))
    rng.shuffle(suites)
    parts = [f"versions={'+'.join(names)}", f"suites={'+'.join(f'0x{s:04x}' for s in suites)}", f"order={rng.choice(['server', 'client'])}",
             f"groups={'+'.join(rng.sample(GROUPS, rng.randrange(1, 5)))}", f"dh={rng.choice(DH)}", f"refuse={rng.choice(['alert'] * 4 + ['close', 'reset'])}"]
    for flag in ("compression", "scsv", "ticket", "noems", "noreneg", "pq"):
        if rng.random() < 0.3:
            parts.append(flag)
    if complete:
        parts.append("complete")
    if rng.random() < 0.3:
        parts.append(f"large={rng.choice(['alert', 'reset', 'close', 'silent'])}")
    return f"rote:{';'.join(parts)};name=r{number} 1"


def suite_names():
    """names of suites by code point, from the one table"""
    table = h.pathlib.Path(__file__).resolve().parents[2] / "core" / "names_suites.c"
    return {name: int(code, 16) for code, name in re.findall(r"\(?(0x[0-9a-fA-F]{4}),\s*\"?([A-Za-z0-9_]+)\"?", table.read_text())}


class Wrong(Exception):
    pass


def insist(condition, what):
    if not condition:
        raise Wrong(what)


def check_versions(audit, accepts):
    for version, key in KEYS.items():
        want, got = ("yes" if version in accepts["versions"] else "no"), audit["versions"][key]
        insist(got == want or (want == "no" and got == "unknown" and accepts["refuse"] != "alert"), f"{version} is said to be {got}, it is {want}")


def check_suites(audit, accepts, codes):
    found = {item["version"]: item for item in audit["suites"]}
    for version, suites in accepts["suites"].items():
        if version == "SSLv2" or not suites:
            continue
        insist(version in found, f"no suites under {version}")
        item, want = found[version], [int(s, 16) for s in suites]
        got = [codes[name] for name in item["accepted"]]
        insist(sorted(got) == sorted(want), f"suites under {version}: {[hex(s) for s in got]}, not {[hex(s) for s in want]}")
        wrong = {"server": "client", "client": "server"}[accepts["order"]]
        insist(item["order"] != wrong or (accepts["order"] == "server"), f"order under {version} is said to be {item['order']}")
        insist(item["order"] != "server" or got == want, f"order under {version}: {[hex(s) for s in got]}, not {[hex(s) for s in want]}")


def check_legacy(audit, accepts, names):
    below = [v for v in KEYS if v in accepts["suites"] and v not in ("SSLv2", "TLSv1.3") and accepts["suites"][v]]
    if not below:
        return
    suites = [names[int(s, 16)] for s in accepts["suites"][below[-1]]]
    for cls, mark in CLASSES.items():
        want, got = ("yes" if any(mark in s for s in suites) else "no"), audit["legacy"][cls]["accepted"]
        insist(got == want or (want == "no" and got == "unknown" and accepts["refuse"] != "alert") or (want == "no" and got == "yes"
               and any(mark in names[int(s, 16)] for v in below for s in accepts["suites"][v])), f"{cls} is said to be {got}, it is {want}")
    for dh in audit.get("dh", []):
        export = "EXPORT" in dh["suite"]
        want = (accepts.get("dh_bits"), accepts.get("dh_prime") or "own")
        insist(export or (dh["dh_bits"], dh["dh_prime"]) == want, f"the prime is said to be {dh}, it is {want}")


def check_rest(audit, accepts):
    old = any(v in accepts["versions"] for v in ("SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.2"))   # TLS 1.3 has no compression
    for key, has in (("fallback_scsv", accepts.get("scsv")), ("compression", accepts["compression"] and old)):
        want = "yes" if has else "no"
        insist(audit[key] in (want, "unknown"), f"{key} is said to be {audit[key]}, it is {want}")
    hybrid = "yes" if "0x11ec" in accepts["pq"] and accepts["large"] is None and "TLSv1.3" in accepts["versions"] else "no"
    got = audit["pq"]["x25519mlkem768"]
    insist(got in (hybrid, "unknown") or accepts["large"] is not None, f"X25519MLKEM768 is said to be {got}, it is {hybrid}")
    want = "yes" if accepts["large"] is not None else "no"
    insist(audit["pq"]["large_hello_intolerant"] in (want, "unknown"), f"intolerance is said to be {audit['pq']['large_hello_intolerant']}, it is {want}")


def check_explained(record, accepts):
    """a handshake that failed is explained by what the server chose of everything"""
    explain = record["audit"].get("explain")
    if explain is None or record["tls"].get("handshake_done"):
        return
    below = [v for v in accepts["versions"] if v not in ("SSLv2",)]
    if explain["reply"] in ("server-hello", "retry"):
        insist(explain["version"] == below[-1], f"explained by {explain['version']}, it has {below}")
    elif explain["reply"] == "alert":
        insist(not any(accepts["suites"].get(v) for v in below), f"explained by an alert, but it has suites for {below}")
    insist(explain["reply"] not in ("none", "not-tls", "malformed", "too-long"), f"explained by {explain}")


def check_shown(record, truth):
    """what a whole handshake by BoringSSL shows, and resumption and names"""
    shows, accepts, tls = truth.get("shows", {}), truth["accepts"], record["tls"]
    if not tls.get("handshake_done") or record["stage"] != "done":
        return False
    insist(tls.get("ticket_lifetime_s", 0) == shows.get("ticket_lifetime_s", 0), f"ticket: {tls.get('ticket_lifetime_s')}, {shows}")
    insist(tls["ocsp_stapled"] == ("ocsp" in shows), f"staple: {tls['ocsp_stapled']}, {shows}")
    insist(tls["sct_sent"] == ("sct" in shows), f"timestamps: {tls['sct_sent']}, {shows}")
    names = tls.get("certificate_request", {}).get("num_ca_names", 0)
    insist(names == shows.get("client_ca_names", 0), f"{names} names of CAs, {shows}")
    resume = record["audit"]["resume"]
    want = "yes" if shows.get("ticket_lifetime_s") else "no"
    insist(resume["ticket"] == want and resume["resumed"] == want, f"resumption: {resume}, it is {want}")
    other = "yes" if accepts["sni"] == "certificate" else "no"
    insist(record["audit"]["sni"]["other_leaf"] == other, f"another leaf: {record['audit']['sni']}, it is {other}")
    return True


def listed(programs, prefixes):
    """the farm's behaviours of those names"""
    rows = programs.run(programs.mxfarm, "--list").stdout.decode().splitlines()
    return [name for name in re.findall(r"^\| `([^`]+)`", "\n".join(rows), re.M) if name.startswith(prefixes)]


def show(programs, folder):
    """servers of BoringSSL that show more than a handshake must"""
    population = folder / "shown.txt"
    population.write_text("".join(f"{name} 1\n" for name in listed(programs, SHOWN)))
    expected = h.truth(programs, "127.41.0.0/25", "--population", population)
    with h.farm(programs, "--population", population) as port:
        output = folder / "shown.mxs.zst"
        programs.run(*h.sweep_argv(programs, port, output, "--audit", "resume,sni", "--audit-delay", "1ms", "127.41.0.0/25"))
        records = programs.export(output)
        checked = tally(records, expected, lambda r, t: check_shown(r, t))
    print(f"{checked} handshakes of {len({t['behaviour'] for t in expected.values()})} behaviours show what they are to show")


def tally(records, expected, check):
    """checks each; returns how many had something to be checked"""
    h.compare(records, expected)
    wrong, checked = 0, 0
    for r in records:
        try:
            checked += check(r, expected[r["addr"]]) is not False
        except Wrong as e:
            wrong += 1
            print(f"  {r['addr']} {expected[r['addr']]['behaviour']}: {e}")
    h.check(not wrong, f"{wrong} of {len(records)} are not the truth")
    return checked


def main():
    programs = h.build_folder()
    seed, number = (int(a) for a in (sys.argv[2:] + ["1", "100"][len(sys.argv) - 2:])[:2])
    rng = random.Random(seed)
    targets = f"127.40.0.0/{25 if number > 60 else 26}"
    codes = suite_names()
    names = {code: name for name, code in codes.items()}
    with h.scratch() as folder:
        show(programs, folder)
        population = folder / "population.txt"
        population.write_text("\n".join(spec(rng, n) for n in range(number)) + "\n")
        options = ["--population", population, "--seed", str(seed)]
        expected = h.truth(programs, targets, *options)
        with h.farm(programs, *options) as port:
            output = folder / "out.mxs.zst"
            programs.run(*h.sweep_argv(programs, port, output, "--audit", "all", "--explain-failures", "--audit-delay", "1ms", targets))
            records = programs.export(output)

    def check(r, truth):
        audit, accepts = r["audit"], truth["accepts"]
        insist("stopped" not in audit, f"stopped: {audit.get('stopped')}")
        check_versions(audit, accepts)
        check_suites(audit, accepts, codes)
        check_legacy(audit, accepts, names)
        check_rest(audit, accepts)
        check_explained(r, accepts)

    tally(records, expected, check)
    answers = [a for r in records for a in (*r["audit"]["versions"].values(), *(c["accepted"] for c in r["audit"]["legacy"].values()))]
    sure = sum(a != "unknown" for a in answers)
    h.check(sure > 0.9 * len(answers), f"only {sure} of {len(answers)} answers are yes or no")
    explained = sum("explain" in r["audit"] for r in records)
    h.check(explained > 5, f"only {explained} failures are explained")
    print(f"{len(records)} audits of {number} kinds of servers are the truth; {sure} of {len(answers)} answers are yes or no; "
          f"{explained} failures explained; {sum(r['audit']['connections'] for r in records)} connections")


main()
