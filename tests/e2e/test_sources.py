"""--source-ip: connections come from these addresses, evenly, each with its EHLO name; the record says from which; an address that
is not ours is refused; --stream takes its list from a pipe. usage: test_sources.py BUILD-FOLDER"""

import collections

import harness as h

TARGETS = "127.56.0.0/22"
SOURCES = ["127.0.0.2", "127.0.0.3", "127.0.0.4"]
NAMES = ["a.example.com", "b.example.com", "c.example.com"]


def peers(log):
    """(source, EHLO name) of each connection that the farm closed"""
    found = collections.Counter()
    for line in log.read_text().splitlines():
        w = line.split()
        if w[2] == "close":
            found[w[5], w[7]] += 1
    return found


def sweep(programs, folder, name, *options):
    log, output = folder / f"{name}.log", folder / f"{name}.mxs.zst"
    with h.farm(programs, "--seed", "3", "--only", "tls13-p256", "--log", str(log)) as port:
        programs.run(*h.sweep_argv(programs, port, output, "-r", "0", "-T", "2", "--source-ip", ",".join(SOURCES), "--ehlo-name",
                                   ",".join(NAMES), *options))
    return programs.export(output), peers(log)


def main():
    programs = h.build_folder()
    with h.scratch() as folder:
        records, seen = sweep(programs, folder, "all", TARGETS)
        by_source = collections.Counter(r["source"] for r in records)
        h.check(set(by_source) == set(SOURCES) and max(by_source.values()) - min(by_source.values()) <= 1,
                f"sources are not even: {by_source}")
        h.check(seen == {(s, n): by_source[s] for s, n in zip(SOURCES, NAMES)}, f"the farm saw {seen}")
        # a shard takes every third position: it must not get one address only
        records, seen = sweep(programs, folder, "shard", "--shards", "3", "--shard", "1", TARGETS)
        by_source = collections.Counter(r["source"] for r in records)
        h.check(len(by_source) == 3 and max(by_source.values()) - min(by_source.values()) <= 1, f"of a shard: {by_source}")
        wrong = {
            "203.0.113.5": b"--source-ip 203.0.113.5",
            "127.0.0.2,127.0.0.2": b"twice",
            "127.0.0.2,nonsense": b"is no address",
            "::1": b"none of them is IPv4",
        }
        for value, text in wrong.items():
            argv = h.sweep_argv(programs, 2525, folder / "no.mxs.zst", "--source-ip", value, TARGETS)
            done = programs.run(*argv, expect=2)
            h.check(text in done.stderr and not (folder / "no.mxs.zst").exists(), f"{value}: {done.stderr}")
    print("three sources, even, each with its name; of a shard too")


main()
