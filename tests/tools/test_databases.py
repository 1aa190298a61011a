"""Databases of countries and ASes, as several makers have them, and what is none: `mxstat report` and `mxstat export` join
what is right, or say which file is wrong, where, and what to do; nothing is written then.

usage: test_databases.py MXSTAT SYNTH MMDB_FOLDER
"""
import gzip
import ipaddress
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

# ranges of the sweep, and how many targets are there
PLACES = {"192.0.2.0/26": 40, "198.51.100.0/24": 20, "203.0.113.7/32": 1, "203.0.113.9/32": 1, "203.0.113.200/29": 3,
          "2001:db8:1::/120": 8}
NAMED = {"192.0.2.0/26": ("DE", 64496, "Example One"), "198.51.100.0/24": ("CH", 64497, "Example Two"),
         "2001:db8:1::/120": ("NL", 64498, "Example Six"), "203.0.113.9/32": ("AT", None, None)}
V4 = {a: p for a, p in NAMED.items() if ":" not in a}

COUNTRIES = {   # what each file tells of the countries of these
    "country.mmdb": {"192.0.2.0/26": "DE"},
    "country-maxmind.mmdb": {a: p[0] for a, p in NAMED.items()},
    "country-dbip.mmdb": {a: p[0] for a, p in NAMED.items()},
    "country-ipinfo.mmdb": {a: p[0] for a, p in NAMED.items()},
    "lite-ipinfo.mmdb": {a: p[0] for a, p in NAMED.items()},
    "country-flat-v4.mmdb": {a: p[0] for a, p in V4.items()},
    "enterprise.mmdb": {"192.0.2.0/26": "DE"},
}
FOUR_OCTETS = {"203.0.113.7/32": (4294967294, "Example With Four Octets")}
SYSTEMS = {     # and of their ASes
    "asn.mmdb": {**{a: p[1:] for a, p in NAMED.items() if p[1]}, **FOUR_OCTETS},
    "asn-28.mmdb": {**{a: p[1:] for a, p in NAMED.items() if p[1]}, **FOUR_OCTETS},
    "asn-32.mmdb": {**{a: p[1:] for a, p in NAMED.items() if p[1]}, **FOUR_OCTETS},
    "asn-v4.mmdb": {**{a: p[1:] for a, p in V4.items() if p[1]}, **FOUR_OCTETS},
    "ipinfo.mmdb": {**{a: p[1:] for a, p in NAMED.items() if p[1]}, "203.0.113.7/32": (4294967294, None)},
    "lite-ipinfo.mmdb": {a: p[1:] for a, p in NAMED.items() if p[1]},
    "enterprise.mmdb": {"192.0.2.0/26": (64496, None), "198.51.100.0/24": (64497, None)},
}
OPTIONS = ("--country-db", "--asn-db")


def check(condition, what):
    if not condition:
        sys.exit(f"FAIL: {what}")


def told_of(lines, what):
    """what is told of each range; the same of all its addresses, or nothing"""
    told = {}
    for line in lines:
        addr = ipaddress.ip_address(line["addr"])
        place, = (p for p in PLACES if addr in ipaddress.ip_network(p))
        check(told.setdefault(place, what(line)) == what(line), f"{place}: not the same of all: {line}")
    return {place: value for place, value in told.items() if value is not None}


class Test:
    def __init__(self, mxstat, synth, databases, folder):
        self.mxstat, self.databases, self.folder = mxstat, pathlib.Path(databases), pathlib.Path(folder)
        self.data = self.folder / "x.mxs.zst"
        table = self.folder / "table.json"
        table.write_text(json.dumps([{"count": n, "outcome": "done/ok", "address": a} for a, n in PLACES.items()]))
        subprocess.run([synth, table, self.data], check=True, timeout=60)

    def run(self, *argv):
        return subprocess.run([self.mxstat, *map(str, argv), self.data], capture_output=True, timeout=60, check=False)

    # ---- what is right ----

    def lines(self, *options):
        done = self.run("export", *options)
        check(done.returncode == 0 and not done.stderr, f"{options}: {done}")
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        check(len(lines) == sum(PLACES.values()), f"{options}: {len(lines)} lines")
        return lines

    def groups(self, by, *options):
        """how many targets each group has"""
        done = self.run("report", "--json", "--no-cache", "--by", by, *options)
        check(done.returncode == 0 and not done.stderr, f"{options}: {done}")
        rows = json.loads(done.stdout)["breakdowns"][0]["groups"]
        return {r["label"]: r["targets"] for r in rows if r["targets"] > 0}

    def good(self):
        for name, known in COUNTRIES.items():
            lines = self.lines("--country-db", self.databases / name)
            got = told_of(lines, lambda r: r.get("country"))
            check(got == known, f"{name}: countries of lines: {got}")
            expected = {}
            for addr, num in PLACES.items():
                label = known.get(addr, "unknown")
                expected[label] = expected.get(label, 0) + num
            got = self.groups("country", "--country-db", self.databases / name)
            check(got == expected, f"{name}: {got}, expected {expected}")
        for name, known in SYSTEMS.items():
            lines = self.lines("--asn-db", self.databases / name)
            got = told_of(lines, lambda r: (r["asn"], r.get("as_org")) if "asn" in r else None)
            check(got == known, f"{name}: ASes of lines: {got}, expected {known}")
            got = self.groups("as", "--asn-db", self.databases / name)
            numbers = sorted(int(n) for label in got for n in re.findall(r"^AS(\d+)", label))
            check(numbers == sorted(p[0] for p in known.values()), f"{name}: {got}")
            told = sum(n for a, n in PLACES.items() if a in known)
            check(sum(n for label, n in got.items() if label.startswith("AS")) == told, f"{name}: {got}")
        print(f"{len(COUNTRIES)} databases of countries, {len(SYSTEMS)} of ASes: right")

    # ---- what is wrong ----

    def bad_files(self):
        """name, what is said of it as a database of countries, and of ASes"""
        whole = (self.databases / "country-maxmind.mmdb").read_bytes()
        systems = (self.databases / "asn.mmdb").read_bytes()
        for name, octets, says in (
                ("cut-in-metadata.mmdb", whole[:-100], "no whole MaxMind database: its metadata cannot be read"),
                ("cut-in-tree.mmdb", whole[:300], "no whole MaxMind database: it has no marker of a MaxMind database"),
                ("without-head.mmdb", systems[300:], "no whole MaxMind database: it is shorter than its metadata says"),
                ("with-a-hole.mmdb", whole[:400] + bytes(600) + whole[1000:], "its search tree cannot be read"),
                ("empty.mmdb", b"", "no whole MaxMind database: it is empty"),
                ("packed.mmdb", gzip.compress(whole), "packed by gzip, and must be unpacked"),
                ("page.mmdb", b"<html>403 Forbidden</html>" * 99, "it has no marker of a MaxMind database"),
                ("dataset.mmdb", self.data.read_bytes(), "it has no marker of a MaxMind database")):
            (self.folder / name).write_bytes(octets)
            yield self.folder / name, says + ".*fetch it again, or name another", says + ".*fetch it again, or name another"
        yield self.folder / "missing.mmdb", "a country database: No such file", "an AS database: No such file"
        yield self.folder, "a country database: Is a directory", "an AS database: Is a directory"
        no_systems = 'of type ".*", in which no AS numbers are found.*name one that has them, such as GeoLite2-ASN'
        no_countries = 'of type ".*", in which no countries are found.*name one that has them, such as GeoLite2-Country'
        for name in COUNTRIES:
            if name not in SYSTEMS:
                yield self.databases / name, None, no_systems
        for name in SYSTEMS:
            if name not in COUNTRIES:
                yield self.databases / name, no_countries, None

    def refused(self, path, option, says):
        """by every way in which it could be joined; a good one beside it, before or behind, changes nothing"""
        good = {"--country-db": ("--asn-db", self.databases / "asn.mmdb"),
                "--asn-db": ("--country-db", self.databases / "country.mmdb")}[option]
        by = {"--country-db": "country", "--asn-db": "as"}[option]
        out = self.folder / "out"
        for argv in (("report",), ("report", "--json", "--by", by), ("report", *good, "--html", out),
                     ("report", "--svg", out), ("report", "--csv", out, *good), ("export",), ("export", *good, "-o", out),
                     ("export", "--format", "csv", "-o", out), ("export", "--where", f"not {by}")):
            done = self.run(*argv, option, path)
            said = done.stderr.decode()
            what = f"{argv} {option} {path.name}: {done.returncode}, {said}"
            check(done.returncode == 1 and not done.stdout, what)
            check(re.search(f"{re.escape(str(path))}: .*{says}", said) and said.count("\n") == 1, what)
            check(not out.exists() and not list(self.folder.glob("out*")), f"{what}: something was written")

    def bad(self):
        num = 0
        for path, as_country, as_system in self.bad_files():
            for option, says in zip(OPTIONS, (as_country, as_system)):
                if says is not None:
                    self.refused(path, option, says)
                    num += 1
        print(f"{num} files that are none, or of the other kind: refused")
        missing = self.folder / "missing.mmdb"
        done = self.run("export", "--country-db", self.databases / "country.mmdb", "--asn-db", missing)
        check(done.returncode == 1 and f"{missing}: " in done.stderr.decode(), f"the second is bad: {done}")

    def nothing_needs_it(self):
        """usage, before any file is opened"""
        for argv, says in ((("report", "--by", "country"), "--country-db"), (("report", "--by", "as"), "--asn-db"),
                           (("export", "--columns", "country"), "--country-db"), (("export", "--columns", "asn"), "--asn-db"),
                           (("report", "--where", "country = 'DE'"), "--country-db"),
                           (("export", "--where", "as = 1"), "--asn-db")):
            done = self.run(*argv)
            check(done.returncode == 2 and says in done.stderr.decode() and not done.stdout, f"{argv}: {done}")


def main():
    os.umask(0o022)
    with tempfile.TemporaryDirectory() as folder:
        test = Test(*sys.argv[1:4], folder)
        test.good()
        test.bad()
        test.nothing_needs_it()
    return 0


if __name__ == "__main__":
    sys.exit(main())
