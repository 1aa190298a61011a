#!/usr/bin/env python3
"""Audits are polite: by the farm's log, one connection at a time to each target, none sooner after the last than asked for, all
of them within the limit of the network; they stop at the first "later"; and a sweep that is stopped or killed among them
and resumed has every target once, with its audit whole. Two workers, host names and a stream among the targets.
usage: test_audit_manners.py BUILD-FOLDER"""

import collections
import json
import signal
import subprocess

import harness as h

DELAY_S = 0.15
RATE = 40   # a second, of the /24
LATE_S = 0.005   # the log is written by another process, which may be late


def opens_and_closes(log):
    """by address: [when it opened, when it closed] of each connection, in order"""
    by_addr, open_ones = collections.defaultdict(list), {}
    for line in log.read_text().splitlines():
        time, addr, event, _, _, peer, peer_port = line.split()[:7]
        if event in ("open", "throttled"):
            open_ones[peer, peer_port, addr] = entry = [float(time), None]
            by_addr[addr].append(entry)
        elif event == "close":
            open_ones.pop((peer, peer_port, addr))[1] = float(time)
    return by_addr


def check_log(by_addr, records):
    starts = sorted(entry[0] for entries in by_addr.values() for entry in entries)
    for record in records:
        entries, audit = by_addr[record["addr"]], record.get("audit")
        connections = 1 + (audit["connections"] if audit else 0)
        h.check(len(entries) == connections, f"{record['addr']}: {len(entries)} connections, {connections} are in the record")
        for before, after in zip(entries, entries[1:]):
            h.check(before[1] is not None, f"{record['addr']}: one was never closed")
            h.check(after[0] - before[1] >= DELAY_S - LATE_S, f"{record['addr']}: {after[0] - before[1]:.3f} s after the last")
    for i in range(RATE + 2, len(starts)):
        h.check(starts[i] - starts[i - RATE - 2] >= 1 - 0.05, f"more than {RATE} in a second, at {starts[i]}")
    return len(starts)


def manners(programs, folder):
    log = folder / "log"
    with h.farm(programs, "--only", "any-p256", "--log", log) as port:
        output = folder / "manners.mxs.zst"
        argv = [programs.mxsweep, "--include-special", "-q", "-p", port, "-T", "2", "--prefix-rate", str(RATE), "--prefix-in-flight", "0",
                *h.timeouts(10), "--audit", "versions,pq,sni,resume", "--audit-delay", f"{int(DELAY_S * 1000)}ms", "-o", output, "127.30.0.0/28"]
        programs.run(*argv)
        records = programs.export(output)
        h.check(len(records) == 16 and all(r.get("audit", {}).get("finished") for r in records), f"{len(records)} records, not all audited")
        h.wait_until(lambda: log.read_text().count(" close ") >= sum(1 + r["audit"]["connections"] for r in records), "the log is whole")
        total = check_log(opens_and_closes(log), records)
        programs.run(programs.mxstat, "verify", output)
    print(f"{total} connections to {len(records)} targets, one at a time")


def throttled(programs, folder):
    """a /24 that lets 60 a minute in: audits end at the first 421, what is not known then is unknown"""
    log = folder / "throttled.log"
    with h.farm(programs, "--only", "any-p256", "--throttle", "60/m", "--log", log) as port:
        output = folder / "throttled.mxs.zst"
        programs.run(*h.sweep_argv(programs, port, output, "--audit", "all", "--audit-delay", "1ms", "127.31.0.0/29"))
        records = programs.export(output)
    stopped = [r for r in records if r.get("audit", {}).get("stopped", {}).get("cause") == "throttled"]
    early = [r for r in records if r["cause"] == "throttled"]   # by their first session
    h.check(len(stopped) > 0 and len(stopped) + len(early) == 8, f"{len(stopped)} audits of 8 were stopped by a throttle, {len(early)} not begun")
    refused = collections.Counter(line.split()[1] for line in log.read_text().splitlines() if line.split()[2] == "throttled")
    for r in stopped:
        h.check(r["cause"] == "ok", f"the record itself stays as it was: {r['cause']}")
        h.check(refused[r["addr"]] == 1, f"{r['addr']}: {refused[r['addr']]} connections after the first that was throttled")
        h.check(r["audit"]["finished"] != r["audit"]["asked"], f"{r['audit']}")
        h.check("no" not in [f["accepted"] for f in r["audit"]["legacy"].values()] or "legacy" in r["audit"]["finished"],
                f"no for what was never answered: {r['audit']}")


def interrupted(programs, folder, sig):
    """stopped among audits, twice, and resumed: each target once, each audit whole"""
    with h.farm(programs, "--seed", "5") as port:
        output = folder / f"stopped-{sig}.mxs.zst"
        options = ["--audit", "versions,pq", "--audit-delay", "20ms", "--flush-interval", "100ms", "-T", "2", "--prefix-rate", "200"]
        argv = h.sweep_argv(programs, port, output, *options, "127.32.0.0/26")
        status = folder / f"status-{sig}"
        for attempt in range(2):
            child = subprocess.Popen([str(a) for a in [*argv, "-u", status]])
            h.wait_until(lambda: status.exists() and any(json.loads(line)["audits"] > 30 for line in status.read_text().splitlines()[-1:]),
                         "audits are under way")
            child.send_signal(sig)
            code = child.wait(timeout=60)
            h.check(code == (3 if sig == signal.SIGINT else -sig), f"exit code {code}")
            argv = [programs.mxsweep, "-q", *h.NO_MANNERS, *h.TIMEOUTS, "--audit-delay", "20ms", "--resume", output]
            status.unlink()
        refused = programs.run(*argv, "--audit", "pq", expect=2).stderr.decode()
        h.check("--audit" in refused, refused)
        programs.run(*argv)
        records = programs.export(output)
        h.check(sorted(r["position"] for r in records) == list(range(64)), f"{len(records)} records of 64 targets")
        audited = [r for r in records if "audit" in r]
        h.check(len(audited) > 30 and all("stopped" in r["audit"] or r["audit"]["asked"] == r["audit"]["finished"]
                                          for r in audited), "audits are whole")
        h.check(all("audit" in r for r in records if r["cause"] == "ok"), "every healthy target is audited")
        programs.run(programs.mxstat, "verify", output)


def main():
    programs = h.build_folder()
    with h.scratch() as folder:
        manners(programs, folder)
        throttled(programs, folder)
        for sig in (signal.SIGINT, signal.SIGKILL):
            interrupted(programs, folder, sig)


main()
