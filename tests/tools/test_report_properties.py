"""What holds of every report, over random populations made by synth.

usage: test_report_properties.py MXSTAT SYNTH DATA [SEED...]
"""
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile

# sets of distinct things, and tables of how often targets share them: they follow no sum of parts
DISTINCT = {"CERTS", "KEYS", "CHAINS", "CERTS_CA", "CERTS_SELF", "CLUSTERS", "DEFAULT_KEYS"}
SHARED = {"key_reuse_targets", "default_key_targets", "concentration_network", "concentration_key", "concentration_domain",
          "cluster_size_targets", "concentration_cluster", "cluster_top", "foreign_leaf", "greet_delay_modes", "stripping_as"}
RANGES = ["192.0.2.0/25", "198.51.100.0/24", "10.1.0.0/16", "10.2.0.0/16", "2001:db8::/48", "2001:db8:1::/48"]
GREETINGS = ["220 mx.example.com ESMTP Postfix", "220 mx.example.com ESMTP Exim 4.97", "220 mx{n}.example.com ESMTP", "220 hi",
             "220 192.0.2.1 ESMTP Sendmail 8.15.2/8.15.2", "220 ***************"]
KEYWORDS = ["STARTTLS", "SIZE 1000;STARTTLS;AUTH PLAIN LOGIN", "PIPELINING;8BITMIME;STARTTLS", "X-{n};STARTTLS", "XXXXXXXA;SIZE"]
CHAINS = ["valid", "wrong-name", "expired", "not-yet-valid", "self-signed", "incomplete", "completable", "untrusted-root",
          "bad-signature", "unparsable", "none"]
VERSIONS = ["TLSv1.3", "TLSv1.2", "TLSv1.0"]
EARLY = ["connect/timeout", "connect/refused", "connect/reset", "greeting/timeout", "greeting/closed", "greeting/rejected",
         "greeting/throttled", "greeting/malformed", "ehlo/rejected", "ehlo/timeout", "starttls/not-offered",
         "starttls/rejected", "starttls/throttled", "handshake/alert-received", "handshake/reset", "handshake/not-tls"]
WEEKS = [-400, -3, 3, 10, 20, 60, 300]


def random_rows(rng, num):
    """Rows of which no range has too many targets."""
    room = dict(zip(RANGES, [128, 256] + 4 * [65536]))
    rows = []
    while len(rows) < num:
        row = random_row(rng)
        room[row["address"]] -= row["count"]
        if room[row["address"]] >= 0:
            rows.append(row)
    return rows


def random_row(rng):
    row = {"count": rng.randint(1, 40), "address": rng.choice(RANGES), "outcome": rng.choice(EARLY + 2 * ["done/ok"] * 8)}
    stage = row["outcome"].split("/")[0]
    if stage in ("ehlo", "starttls", "handshake", "done"):
        row["greeting"] = rng.choice(GREETINGS)
        row["variants"] = rng.choice([0, 1, 3])
    if row["outcome"] == "greeting/rejected":
        row["greeting"] = rng.choice(["554 5.7.1 no", "550 no PTR", "521 no", "450 4.7.1 later"])
    if stage in ("handshake", "done") and rng.random() < 0.7:
        row["keywords"] = rng.choice(KEYWORDS[:4])
    if stage == "handshake":
        row.update(alert=rng.choice([40, 70, 80]), versions=rng.choice(["none", "SSLv3", "TLSv1.0"]))
    if stage == "done":
        row.update(version=rng.choice(VERSIONS), chain=rng.choice(CHAINS), certs=rng.choice([1, 2, 7, 1000]),
                   keys=rng.choice([1, 3, 1000]), issuer=rng.choice(["Synth", "Example Trust", "Plesk", "\\xff\\x1b[31m"]),
                   days_left=rng.choice(WEEKS), validity_days=rng.choice([47, 90, 398, 4000]),
                   keywords_tls=rng.choice(["SIZE 1000", "AUTH PLAIN;REQUIRETLS", "STARTTLS", ""]))
        if row["chain"] != "self-signed":
            row["key"] = rng.choice(["p256", "p384", "rsa2048", "rsa4096", "ed25519"])
        if rng.random() < 0.3:
            row.update(versions="+".join(VERSIONS[:rng.randint(1, 3)]), legacy=rng.choice(["none", "rc4", "dhe+3des"]))
    if rng.random() < 0.2:
        row["attempts"] = rng.choice(["greeting/throttled/451", "connect/timeout;connect/timeout"])
    if rng.random() < 0.3:
        row["tag"] = rng.choice(["pool", "bank", "x y"])
    if stage != "connect" and rng.random() < 0.3:
        row.update(connect_us=rng.randint(1, 10 ** 6), greeting_us=rng.randint(1, 10 ** 8))
    return row


class World:
    def __init__(self, mxstat, synth, data, folder):
        self.mxstat, self.synth, self.folder = mxstat, synth, folder
        self.roots, self.weights = os.path.join(folder, "roots.pem"), os.path.join(folder, "weights")
        self.by = ["--by", "country,as,prefix,network,family,mta,tag,attempt,version,issuer,key,cluster,source", "--country-db", f"{data}/mmdb/country.mmdb",
                   "--asn-db", f"{data}/mmdb/asn.mmdb"]
        self.help = subprocess.run([mxstat, "report", "--help"], stdout=subprocess.PIPE, check=True, text=True).stdout

    def make(self, name, rows, *options):
        table, out = os.path.join(self.folder, "table.json"), os.path.join(self.folder, name + ".mxs.zst")
        with open(table, "w", encoding="utf-8") as f:
            json.dump(rows, f)
        subprocess.run([self.synth, "--roots", self.roots, "--weights", self.weights, *options, table, out], check=True)
        return out

    def text(self, files, *options, top=0):
        done = subprocess.run([self.mxstat, "report", "--json", "--top", str(top), "--trust-store", self.roots, *options,
                               *files], check=True, stdout=subprocess.PIPE)
        return done.stdout.decode()

    def report(self, files, *options, top=0):
        """The report without what it says of the files."""
        report = json.loads(self.text(files, *options, top=top))
        del report["files"], report["trust_store"]   # the store's file is written anew each time
        return report


def check(good, what):
    if not good:
        raise AssertionError(what)


def same(a, b, what):
    if a != b:
        for one, other in zip(a["statistics"], b["statistics"]):
            check(one == other, f"{what}: {one['id']} differs:\n{json.dumps(one['rows'])[:2000]}\n{json.dumps(other['rows'])[:2000]}")
        check(False, f"{what}: sets or break-downs differ")


def all_statistics(report):
    yield from report["statistics"]
    for b in report["breakdowns"]:
        for g in b["groups"]:
            yield from g["statistics"]


def find(report, name):
    return next(s for s in report["statistics"] if s["id"] == name)


def rows_of(statistic):
    return {(r["label"], r.get("kind")): r["count"] for r in statistic["rows"]}


# ---- properties ----

def independent(world, rows, rng):
    """Of the order of visits, block size, shards, order of files, threads; the same octets twice."""
    whole = world.make("whole", rows)
    with open(whole, "rb") as f:
        octets = f.read()
    world.make("again", rows)
    with open(os.path.join(world.folder, "again.mxs.zst"), "rb") as f:
        check(f.read() == octets, "synth does not give the same octets twice")
    report = world.report([whole], *world.by)
    for block in (1, 7, 64):
        same(report, world.report([world.make("b", rows, "--block", str(block))], *world.by), f"blocks of {block}")
    for seed in (2, 77):
        same(report, world.report([world.make("s", rows, "--seed", str(seed))], *world.by), f"order of visits {seed}")
    shards = [world.make(f"shard{i}", rows, "--shards", "3", "--shard", str(i), "--block", "11") for i in range(3)]
    same(report, world.report(shards, *world.by), "shards")
    rng.shuffle(shards)
    same(report, world.report(shards, *world.by), "order of files")
    for threads in ("1", "2", "7"):
        same(report, world.report(shards, "-T", threads, *world.by), f"{threads} threads")
    return whole, report


def chain_outcome(row):
    """What is wrong first with a chain of synth's, by the precedence of core/judge.h."""
    kind, left, validity = row["chain"], row["days_left"], row["validity_days"]
    own = kind in ("self-signed", "incomplete", "untrusted-root")   # whose issuer is not that of the column
    if "\\xff" in row["issuer"] and not own:
        return "unparsable"
    if kind == "self-signed":
        return kind
    if left < 0:
        return "expired"
    if left > validity:
        return "not-yet-valid"
    return {"completable": "incomplete", "incomplete": "incomplete", "untrusted-root": "untrusted-root",
            "bad-signature": "bad-signature"}.get(kind, "valid")


def margins(rows, report):
    """The counts that follow from the table itself."""
    def sums(label, among):
        total = {}
        for r in filter(among, rows):
            total[label(r)] = total.get(label(r), 0) + r["count"]
        return total

    def told(name):
        return {r["label"]: r["count"] for r in find(report, name)["rows"] if r["count"] and "kind" not in r}

    def is_done(row):
        return row["outcome"] == "done/ok"

    for name, label, among in (
            ("outcome", lambda r: r["outcome"], lambda r: True),
            ("tls_version", lambda r: r["version"], is_done),
            ("chain_outcome", chain_outcome, lambda r: is_done(r) and r["chain"] not in ("none", "unparsable")),
            ("handshake", lambda r: "completed" if is_done(r) else None, is_done),
            ("first_outcome", lambda r: "/".join(r.get("attempts", r["outcome"]).split(";")[0].split("/")[:2]), lambda r: True)):
        want = sums(label, among)
        got = {k: v for k, v in told(name).items() if name != "handshake" or k == "completed"}
        check(got == want, f"{name}: {got}, the table has {want}")
    by_tag = next(b for b in report["breakdowns"] if b["by"] == "tag")
    want = sums(lambda r: r["tag"], lambda r: "tag" in r)
    got = {g["label"]: g["targets"] for g in by_tag["groups"] if "kind" not in g}
    check(got == want, f"by tag: {got}, the table has {want}")


def partitions(report):
    for s in all_statistics(report):
        total = sum(r["count"] for r in s["rows"])
        if s["shape"] == "partition":
            check(total == s["denominator_count"], f"{s['id']}: rows sum to {total} of {s['denominator_count']}")
        for r in s["rows"]:
            check(0 <= r["count"] <= r["denominator_count"] or s["shape"] == "funnel", f"{s['id']}: {r}")
            if r["percent"] is not None:
                check(abs(r["percent"] - 100 * r["count"] / r["denominator_count"]) < 6e-7, f"{s['id']}: {r}")
            else:
                check(r["denominator_count"] == 0, f"{s['id']}: {r}")
            if s["shape"] == "conclusive":
                check(r["unknown"] + r["denominator_count"] == s["denominator_count"], f"{s['id']}: {r}")
        for r in s["rows"]:
            ends = [edge for b in r.get("bins", []) for edge in (b["from_us"], b["to_us"])]
            check(ends == sorted(ends) and (not ends or sum(b["count"] for b in r["bins"]) == r["count"]), f"{s['id']}: bins of {r}")
        labels = [(r["label"], r.get("kind")) for r in s["rows"]]
        check(len(set(labels)) == len(labels), f"{s['id']}: a label twice: {labels}")


def crosses(report):
    """Each table of two things sums to that of either; shares by AS are of the groups by AS."""
    def summed(name, part):
        total = {}
        for r in find(report, name)["rows"]:
            if "kind" not in r and r["count"]:
                key = part(r["label"])
                total[key] = total.get(key, 0) + r["count"]
        return total

    def told(name):
        return {r["label"]: r["count"] for r in find(report, name)["rows"] if "kind" not in r and r["count"]}

    def behind(sep):
        return lambda label: label.split(sep, 1)[1]

    check(summed("tls_suite_version", behind(" ")) == told("tls_suite"), "suites by version")
    check(summed("tls_suite_version", lambda label: label.split(" ")[0]) == told("tls_version"), "versions of suites")
    check(summed("key_exchange_version", behind(" ")) == told("key_exchange"), "key exchange by version")
    for name in ("name_host", "name_greeting", "name_ehlo"):
        unknown = sum(r["count"] for r in find(report, name + "_trust")["rows"] if r.get("kind") == "unknown")
        check(unknown or summed(name + "_trust", behind(", ")) == told(name), f"{name} by trust")
    check(told("default_cert") == {k: v for k, v in told("issuer").items() if k == "Plesk"}, "certificates of products")
    for name in ("default_key_spread", "default_key_targets"):
        check(sum(r["count"] for r in find(report, name)["rows"]) >= len(told("default_cert")), name)
    groups = {g["label"].split(" ")[0]: g for b in report["breakdowns"] if b["by"] == "as" for g in b["groups"]}
    for r in find(report, "stripping_as")["rows"]:
        group = next(s for s in groups[r["label"]]["statistics"] if s["id"] == "funnel")
        check(r["denominator_count"] == rows_of(group)[("E", None)] >= 10 and 0 < r["count"] <= r["denominator_count"], f"stripping: {r}")
    modes = find(report, "greet_delay_modes")
    for r in modes["rows"]:
        low, high = (float(word) * 1000 for word in r["label"].split(" ") if word[0].isdigit())
        bins = {(b["from_us"], b["to_us"]): b["count"] for b in
                next(x for x in find(report, "latency")["rows"] if x["label"] == "greeting")["bins"]}
        near = [n for (start, _), n in bins.items() if low <= 2 * start <= 4 * low]
        check(bins[(round(low), round(high))] == r["count"] == max(near) and 100 * r["count"] >= modes["denominator_count"], f"mode {r}")


def tops(world, whole, report):
    """The rows beyond the top are what "other" sums, or what is not shown."""
    for top in (1, 2, 5):
        cut = world.report([whole], top=top)
        partitions(cut)
        for s, full in zip(cut["statistics"], report["statistics"]):
            shown = {k: v for k, v in rows_of(s).items() if k[1] != "other"}
            every = rows_of(full)
            check(all(every.get(k) == v for k, v in shown.items()), f"top {top}: {s['id']}: rows changed")
            left = [v for k, v in every.items() if k not in shown]
            others = [r for r in s["rows"] if r.get("kind") == "other"]
            if others:
                labels = sum(r.get("labels", 1) for r in full["rows"] if (r["label"], r.get("kind")) not in shown)
                check(others[0]["labels"] == labels and others[0]["count"] == sum(left), f"top {top}: {s['id']}: other")
            else:
                check(len(left) == s.get("not_shown", 0), f"top {top}: {s['id']}: {len(left)} rows are gone")
            kept = [r["count"] for r in s["rows"] if "kind" not in r]
            left = [v for k, v in every.items() if k not in shown and k[1] != "other"]
            check(not left or min(kept) >= max(left), f"top {top}: {s['id']}: not the largest")


def breakdowns(report):
    """The groups of each dimension sum to the whole, row by row."""
    for b in report["breakdowns"]:
        check(sum(g["targets"] for g in b["groups"]) == find(report, "outcome")["denominator_count"], f"{b['by']}: targets")
        if b["by"] in ("key", "cluster"):   # the largest have a row in a table of their own
            tops = {r["label"][:16]: r["count"] for r in find(report, b["by"] + "_top")["rows"] if "kind" not in r}
            groups = {g["label"]: g["targets"] for g in b["groups"] if "kind" not in g and g["targets"] > 1}
            check(groups == tops, f"by {b['by']}: {groups}, the largest are {tops}")
        if b["by"] in ("version", "issuer"):   # whose groups are the rows of a statistic
            groups = {g["label"]: g["targets"] for g in b["groups"] if "kind" not in g}
            rows = {r["label"]: r["count"] for r in find(report, {"version": "tls_version"}.get(b["by"], b["by"]))["rows"]
                    if "kind" not in r and r["count"]}
            check(groups == rows, f"by {b['by']}: {groups}, the statistic has {rows}")
        for i, first in enumerate(b["groups"][0]["statistics"]):
            whole = find(report, first["id"])
            if whole["denominator"] in DISTINCT or whole["shape"] == "latency":
                continue
            total = {}
            for g in b["groups"]:
                check(g["statistics"][i]["id"] == first["id"], f"{b['by']}: groups have other statistics")
                for k, v in rows_of(g["statistics"][i]).items():
                    total[k] = total.get(k, 0) + v
            check({k: v for k, v in total.items() if v} == {k: v for k, v in rows_of(whole).items() if v},
                  f"by {b['by']}: {whole['id']}: groups sum to {total}, of {rows_of(whole)}")


def countable(s):
    return s["denominator"] not in DISTINCT and s["shape"] != "latency" and s["id"] not in SHARED


def added_up(parts, whole, what):
    """Reports of disjoint populations sum to that of all."""
    for i, s in enumerate(whole["statistics"]):
        if not countable(s) or s["id"] in ("coverage",):
            continue
        total = {}
        for part in parts:
            for k, v in rows_of(part["statistics"][i]).items():
                total[k] = total.get(k, 0) + v
        check({k: v for k, v in total.items() if v} == {k: v for k, v in rows_of(s).items() if v},
              f"{what}: {s['id']}: {total}, of {rows_of(s)}")


def filters(world, whole, report):
    yes, no = "addr in 192.0.2.0/25 or tls.version = 'TLSv1.3'", "addr in 192.0.2.0/25 or (tls.version = 'TLSv1.3' and tls)"
    same(world.report([whole], "--where", yes) | {"where": ""}, world.report([whole], "--where", no) | {"where": ""}, "filters")
    parts = [world.report([whole], "--where", w) for w in ("addr in 10.0.0.0/8", "not addr in 10.0.0.0/8")]
    added_up(parts, report, "--where")


def only(world, whole, report, rng):
    """What is asked for alone, or beside one other, is as it is in the whole report, also in groups and files."""
    ids = [s["id"] for s in report["statistics"]]
    where = ["--where", "not addr in 10.0.0.0/8"]
    fulls = {(): world.report([whole]), tuple(world.by): report, tuple(where): world.report([whole], *where)}
    lists = [[i] for i in ids] + [rng.sample(ids, 2) for _ in ids] + [rng.sample(ids, 20)]
    for number, names in enumerate(lists):
        options = list(fulls)[number % len(fulls)]
        full = fulls[options]
        part = world.report([whole], "--only", ",".join(names), *options)
        what = f"--only {','.join(names)} {' '.join(options[:2])}"
        check(part["statistics"] == [s for s in full["statistics"] if s["id"] in names], what)
        sets = {s["name"] for s in part["sets"]}
        check({s["denominator"] for s in part["statistics"]} <= sets, f"{what}: its denominators")
        check(part["sets"] == [s for s in full["sets"] if s["name"] in sets], f"{what}: sets")
        for b, all_of_b in zip(part["breakdowns"], full["breakdowns"], strict=True):
            for g, all_of_g in zip(b["groups"], all_of_b["groups"], strict=True):
                wanted = {**all_of_g, "statistics": [s for s in all_of_g["statistics"] if s["id"] in names]}
                check(g == wanted, f"{what}: {b['by']} {g['label']}")


def only_cached(world, whole, report):
    """What is kept of judged chains serves who asks for less, who neither makes nor spoils it."""
    folder = os.path.join(world.folder, "only-cache")
    os.makedirs(folder, exist_ok=True)

    def kept():
        return {p.name: p.read_bytes() for p in pathlib.Path(folder).iterdir()}

    for names in ("key", "key,outcome", "outcome"):
        part = world.report([whole], "--cache", folder, "--only", names)
        check(part["statistics"] == [s for s in report["statistics"] if s["id"] in names.split(",")], f"--cache --only {names}")
        check(not [n for n in kept() if n.endswith(".judged")], f"--only {names} keeps chains that it did not judge")
    same(report, world.report([whole], "--cache", folder), "--cache")
    before = kept()
    check(before, "no cache")
    for names in ("key", "trusted", "outcome"):
        part = world.report([whole], "--cache", folder, "--only", names)
        check(part["statistics"] == [s for s in report["statistics"] if s["id"] == names], f"--cache --only {names}, judged before")
        check(kept() == before, f"--only {names} changes the cache")


def only_files(world, whole, report):
    """The same in tables, charts and page."""
    for names in (["tls_version"], ["funnel", "key_reuse"], ["latency", "starttls_reply"]):
        base = os.path.join(world.folder, "only-" + names[0])
        world.text([whole], "--only", ",".join(names), *world.by[:1], "tag,family", "--csv", base + ".csv", "--svg", base + ".svg",
                   "--html", base + ".html")
        ids = {s["id"] for s in report["statistics"]}
        tables = {f[:-4] for f in os.listdir(base + ".csv")}
        check(tables & ids == set(names), f"--only {names}: tables {tables}")
        charts = {f[:-4] for f in os.listdir(base + ".svg")}
        check(charts & ids == set(names), f"--only {names}: charts {charts}")
        with open(base + ".html", encoding="utf-8") as f:
            page = f.read()
        shown = {i for i in ids if f'<article class="fi" id="{i}"' in page}
        check(shown == set(names), f"--only {names}: the page has {shown}")


def weighted(world, rows, rng):
    """A target of weight 3 counts as three that are alike; one of weight 0 does not count."""
    rows = [{**r, "weight": rng.choice([0, 1, 1, 2, 5]), "variants": 1, "certs": 1, "address": "10.0.0.0/8"} for r in rows]
    for r in rows:
        if r.get("chain", "none") not in ("none", "unparsable", "self-signed", "incomplete", "completable"):
            r["weight"] = max(r["weight"], 1)   # the CA that it sends may complete the chains of others, whatever it weighs
    light = world.report([world.make("w", rows)], "--weights", world.weights)
    heavy = world.report([world.make("h", [{**r, "count": r["count"] * r["weight"]} for r in rows])])
    for a, b in zip(light["statistics"], heavy["statistics"]):
        if countable(a) and a["denominator"] != "A":
            check({k: v for k, v in rows_of(a).items() if v} == {k: v for k, v in rows_of(b).items() if v},
                  f"--weights: {a['id']}: {rows_of(a)}, as so many targets: {rows_of(b)}")


# tables of which the second is another view of the first
VIEWS = [("connect", "outcome"), ("greeted", "outcome"), ("starttls_reply", "outcome"), ("handshake", "outcome"),
         ("greeted", "not_smtp"), ("first_outcome", "retry"), ("mta", "mta_identified"), ("tls_version", "tls_suite_version"),
         ("tls_suite", "tls_suite_version"), ("tls_group", "key_exchange"), ("name_greeting", "name_greeting_trust"),
         ("expiry", "expiry_weeks")]


def nothing_by_comparison(report, least):
    """Groups tell no row that the whole does not tell; of two views one is summed up, if anything is in either."""
    def told(s):
        return {r["label"] for r in s["rows"] if r.get("kind") != "other" and r["count"]}

    for b in report["breakdowns"]:
        for g in b["groups"]:
            for s in g["statistics"]:
                if s["shape"] != "funnel":
                    more = told(s) - told(find(report, s["id"]))
                    check(not more, f"--min-cell {least}: by {b['by']}: {s['id']}: {more} of {g['label']}")
    for statistics in [report["statistics"]] + [g["statistics"] for b in report["breakdowns"] for g in b["groups"]]:
        tables = {s["id"]: s for s in statistics}
        for first, second in VIEWS:
            both = [tables[name] for name in (first, second) if name in tables]
            folded = any(r.get("kind") == "other" for s in both for r in s["rows"])
            check(second not in tables or not folded or len(tables[second]["rows"]) <= 1, f"--min-cell {least}: {first} and {second}")


def small_cells(world, whole):
    for least in (2, 10):
        report = world.report([whole], "--min-cell", str(least), *world.by)
        partitions(report)
        nothing_by_comparison(report, least)
        for s in all_statistics(report):
            if s["shape"] in ("partition", "choices"):
                small = [r for r in s["rows"] if 0 < r["count"] < least and r["count"] != r["denominator_count"]]
                check(not small, f"--min-cell {least}: {s['id']}: {small}")
            bins = [b["count"] for r in s["rows"] for b in r.get("bins", [])]
            check(not bins or min(bins) >= least, f"--min-cell {least}: {s['id']}: a bin of {min(bins, default=0)}")


# a target, the sets that it is in, and so the tables that it may change
CONNECTED = {"A", "D", "P", "T"}
GREETED = CONNECTED | {"G", "G220"}
DONE = GREETED | {"E", "S", "Q", "R", "H", "L", "V", "N", "E2", "L_GREETING", "L_EHLO", "EE2", "H13"}
ADDED = [
    ({"outcome": "connect/timeout"}, {"A", "D", "P"}),
    ({"outcome": "connect/refused"}, {"A", "D", "P"}),
    ({"outcome": "greeting/closed"}, CONNECTED),
    ({"outcome": "greeting/rejected"}, CONNECTED | {"G", "REFUSED"}),
    ({"outcome": "ehlo/timeout"}, GREETED),
    ({"outcome": "starttls/not-offered"}, GREETED | {"E"}),
    ({"outcome": "starttls/not-offered", "greeting": "220 mx.example.com ESMTP Postfix"}, GREETED | {"E", "MTA"}),
    ({"outcome": "starttls/rejected"}, GREETED | {"E", "S", "Q"}),
    ({"outcome": "handshake/reset"}, GREETED | {"E", "S", "Q", "R"}),
    ({"outcome": "handshake/reset", "versions": "none"}, GREETED | {"E", "S", "Q", "R", "AUDITED", "AUDIT_VERSIONS"}),
    ({"outcome": "done/ok", "chain": "none"}, DONE - {"L", "V", "N", "L_GREETING", "L_EHLO"}),
    ({"outcome": "done/ok", "chain": "valid", "version": "TLSv1.2"}, DONE - {"H13"}),
    ({"outcome": "done/ok", "chain": "valid"}, DONE),
    ({"outcome": "done/ok", "chain": "expired", "attempts": "greeting/throttled/451"}, DONE - {"V"} | {"RETRIED"}),
    ({"outcome": "done/ok", "chain": "self-signed", "name": "other.example.org"}, DONE - {"V", "N"}),
]


def one_more(world, rows, before):
    for target, member in ADDED:
        what = json.dumps(target)
        after = world.report([world.make("more", rows + [{**target, "address": "203.0.113.0/24", "count": 1}])])
        old, new = ({s["name"]: s["count"] for s in r["sets"]} for r in (before, after))
        changed = {n for n in new if new[n] != old[n]}
        check(changed - DISTINCT == member, f"{what} changes the sets {changed - DISTINCT ^ member}")
        check(all(new[n] == old[n] + 1 for n in member), f"{what}: a set grows by more than one")
        check("L" in member or not changed & DISTINCT, f"{what} changes {changed & DISTINCT}")
        for a, b in zip(before["statistics"], after["statistics"]):
            inside = a["denominator"] in member or (a["denominator"] in DISTINCT and "L" in member)
            x, y = rows_of(a), rows_of(b)
            steps = {k: y.get(k, 0) - x.get(k, 0) for k in x.keys() | y.keys() if y.get(k, 0) != x.get(k, 0)}
            check(inside or a == b, f"{what} changes {a['id']}, of {a['denominator']}: {steps}")
            if a["shape"] == "partition" and a["denominator"] in member and a["id"] not in SHARED:
                check(list(steps.values()) == [1], f"{what}: {a['id']}: not one row more: {steps}")
            if a["shape"] in ("choices", "conclusive", "funnel") and countable(a):
                check(all(v == 1 for v in steps.values()), f"{what}: {a['id']}: {steps}")


def partials(world, rows):
    """report(a and b) is the report of their partials, to the octet, also of an added certificate of a CA, or one beside a
    dataset."""
    if "--partial" not in world.help:
        print("  not there yet: --partial")
        return
    half = len(rows) // 2
    late = {"outcome": "done/ok", "chain": "valid", "issuer": "Late", "address": "10.64.0.0/10", "count": 3}
    first = rows[:half] + [{**late, "chain": "completable"}]   # only the other part has the CA
    halves = [world.make("a", first), world.make("b", [{**r, "address": "10.64.0.0/10"} for r in rows[half:]] + [late])]
    parts = [os.path.join(world.folder, p) for p in ("pa.mxs.zst", "pb.mxs.zst")]
    for path, part in zip(halves, parts):
        subprocess.run([world.mxstat, "report", "--trust-store", world.roots, "--partial", part, path], check=True,
                       stdout=subprocess.DEVNULL)
    keys = subprocess.run([world.mxstat, "export", "--keys", parts[1]], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    check(keys.returncode == 1 and b"is a partial" in keys.stderr, "export --keys of a partial")
    for options in ([], world.by, ["--where", "addr in 10.0.0.0/8"], ["--min-cell", "5"]):
        whole = world.text(halves, *options)
        check(whole == world.text(parts, *options), f"{options}: report(a and b) is not the merge of the partials")
        check(whole == world.text([parts[0], halves[1]], *options), f"{options}: a partial beside a dataset")
    same(world.report(halves), world.report(parts[::-1]), "order of partials")


def all_outputs(world, files, name, *options):
    """What a report prints and writes: JSON, text, tables, the page, charts."""
    folder = os.path.join(world.folder, name)
    os.mkdir(folder)
    base = [world.mxstat, "report", "--trust-store", world.roots, *options]
    outputs = {"json": world.text(files, *options, top=3)}
    done = subprocess.run([*base, *files], check=True, stdout=subprocess.PIPE)
    outputs["text"] = done.stdout
    subprocess.run([*base, "--html", f"{folder}/page", "--csv", f"{folder}/csv", "--svg", f"{folder}/svg", *files], check=True)
    for at, _, names in os.walk(folder):
        for n in names:
            path = os.path.join(at, n)
            with open(path, "rb") as f:
                outputs[os.path.relpath(path, folder)] = f.read()
    return outputs


def bounded(world, rows, rng):
    """However little memory there is, all that is printed and written is the same to the octet."""
    if "--memory-limit" not in world.help:
        print("  not there yet: --memory-limit")
        return
    many = rows + [{"outcome": "done/ok", "chain": c, "certs": 100000, "keys": k, "address": a, "count": 60, "greeting":
                    "220 mx{n}.h{n}.example.com ESMTP", "variants": 1000} for c, k, a in
                   (("valid", 100000, "10.8.0.0/13"), ("self-signed", 5, "2001:db8:8::/45"), ("completable", 17, "10.16.0.0/12"))]
    shards = [world.make(f"many{i}", many, "--shards", "2", "--shard", str(i), "--block", rng.choice(["5", "40"]))
              for i in range(2)]
    part = os.path.join(world.folder, "pm.mxs.zst")
    subprocess.run([world.mxstat, "report", "--trust-store", world.roots, "--partial", part, shards[1]], check=True,
                   stdout=subprocess.DEVNULL)
    want = all_outputs(world, shards, "unbounded", *world.by)
    got = all_outputs(world, shards, "bounded", "--memory-limit", "20k", *world.by)
    for name in want.keys() | got.keys():
        check(got.get(name) == want.get(name), f"--memory-limit: {name} differs")
    for options in ([], ["--where", "addr in 10.0.0.0/8"], ["--weights", world.weights], ["--min-cell", "5", *world.by]):
        for top in (0, 2):
            want = world.text(shards, *options, top=top)
            for limit in ("20k", "40k", "100k"):
                files = rng.choice([shards, shards[::-1], [shards[0], part]])
                got = world.text(files, "--memory-limit", limit, "-T", rng.choice(["1", "2", "5"]), *options, top=top)
                a, b = json.loads(want), json.loads(got)
                if files == shards[::-1]:
                    del a["files"], b["files"]
                check(a == b if files == shards[::-1] else want == got, f"{limit}, {options}, top {top}, {files}: differs")


def main():
    mxstat, synth, data = sys.argv[1:4]
    bad = 0
    for seed in [int(s) for s in sys.argv[4:]] or [1, 2, 3]:
        rng = random.Random(seed)
        rows = random_rows(rng, rng.choice([15, 60]))
        with tempfile.TemporaryDirectory() as folder:
            world = World(mxstat, synth, data, folder)
            print(f"seed {seed}: {sum(r['count'] for r in rows)} targets of {len(rows)} kinds", flush=True)
            try:
                whole, report = independent(world, rows, rng)
            except AssertionError as e:
                print(f"  independent: {e}")
                bad += 1
                continue
            base = rows + [{"outcome": "done/ok", "chain": "valid", "address": "10.3.0.0/16", "count": 2}]   # its CA is known
            for name, run in (("margins", lambda: margins(rows, report)), ("partitions", lambda: partitions(report)),
                              ("crosses", lambda: crosses(report)),
                              ("tops", lambda: tops(world, whole, world.report([whole]))),
                              ("breakdowns", lambda: breakdowns(report)), ("filters", lambda: filters(world, whole, world.report([whole]))),
                              ("only", lambda: only(world, whole, report, rng)),
                              ("only_cached", lambda: only_cached(world, whole, world.report([whole]))),
                              ("only_files", lambda: only_files(world, whole, report)),
                              ("weighted", lambda: weighted(world, rows, rng)), ("small_cells", lambda: small_cells(world, whole)),
                              ("one_more", lambda: one_more(world, base, world.report([world.make("base", base)]))),
                              ("partials", lambda: partials(world, rows)),
                              ("bounded", lambda: bounded(world, rows, rng))):
                try:
                    run()
                except AssertionError as e:
                    print(f"  {name}: {e}")
                    bad += 1
    return bad > 0


if __name__ == "__main__":
    sys.exit(main())
