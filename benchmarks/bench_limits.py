#!/usr/bin/python3
"""bench_limits: whether limits hold, from the farm's log and from the scanner's own records. See README.md."""
import collections
import datetime
import ipaddress
import os
import sys

import scan

Connection = collections.namedtuple("Connection", "begin_us end_us network")
CLOSING_US = 1000    # a slot may be free before the farm has read the FIN: so much is forgiven in the third figure


def network(addr):
    return ipaddress.ip_network((addr, 24), strict=False)


def from_log(path):
    """Connections as the farm saw them: accepted and closed, each a little after it happened."""
    begun, connections = {}, []
    for line in path.read_text(encoding="ascii").splitlines():
        time_us, addr, event, _, port, peer, peer_port, _ = line.split()
        key = (addr, port, peer, peer_port)
        if event == "close":
            connections.append(Connection(begun.pop(key), int(time_us), network(addr)))
        else:
            begun[key] = int(time_us)
    scan.harness.check(not begun, f"{len(begun)} connections never closed")
    return sorted(connections)


def from_records(records):
    """Connections as the scanner tells: from its start to its end, to the microsecond."""
    connections = []
    for record in records:
        begin = datetime.datetime.fromisoformat(record["start"].replace("Z", "+00:00"))
        begin_us = round(begin.timestamp() * 1e6)
        connections.append(Connection(begin_us, begin_us + round(record["ms"]["total"] * 1000), network(record["addr"])))
    return sorted(connections)


# ---- figures ----

def beyond(begins_us, per_second):
    """The largest burst: starts beyond rate x window, over all windows that begin and end with a start."""
    worst, least = 0.0, float("inf")
    for index, begin in enumerate(begins_us):
        owed = begin * per_second / 1e6
        least = min(least, index - owed)
        worst = max(worst, index + 1 - owed - least)
    return worst


def rate(begins_us):
    return (len(begins_us) - 1) * 1e6 / (begins_us[-1] - begins_us[0])


def most_in_window(begins_us, window_us=1000000):
    """The most starts in any half-open window of a second."""
    most, first = 0, 0
    for last, begin in enumerate(begins_us):
        while begin - begins_us[first] >= window_us:
            first += 1
        most = max(most, last - first + 1)
    return most


def most_at_once(connections, forgiven_us=0):
    """The most that were open at once; what ended at a moment is gone by then."""
    events = sorted([(c.begin_us, 1) for c in connections] +
                    [(max(c.begin_us, c.end_us - forgiven_us), -1) for c in connections])
    now = most = 0
    for _, step in events:
        now += step
        most = max(most, now)
    return most


# ---- sweeps ----

def sweep(programs, options, farm_options, targets, *more):
    """One sweep; connections by the farm's log, and by the records."""
    with scan.harness.scratch() as folder:
        log, dataset = folder / "farm.log", folder / "limits.mxs.zst"
        os.sched_setaffinity(0, {options.farm_cpu})
        with scan.harness.farm(programs, "--seed", "1", "--log", log, *farm_options) as port:
            process = scan.spawn(scan.command(programs, port, targets, dataset, "--threads", 4, *more), options.scanner_cpu)
            scan.finish(process, 0)
        return from_log(log), from_records(programs.export(dataset))


def overall(programs, options):
    print("--rate, 4 workers, peers that close at once")
    print("   asked      starts    seen by   measured      off   beyond rate x window   allowed")
    for asked in options.rates:
        num = round(asked * options.seconds)
        seen = sweep(programs, options, ("--only", "fin-greeting"), scan.addresses(num), "--rate", asked, "--in-flight", 5000)
        for name, connections in zip(("farm", "records"), seen):
            begins = [c.begin_us for c in connections]
            scan.harness.check(len(begins) == num, f"{len(begins)} starts of {num}, by the {name}")
            print("%8d  %10d  %9s  %9.1f  %+6.2f %%  %21.1f  %8.1f" % (asked, num, name, rate(begins),
                  100 * rate(begins) / asked - 100, beyond(begins, asked), 1 + asked / 100), flush=True)


def by_network(connections):
    networks = collections.defaultdict(list)
    for connection in connections:
        networks[connection.network].append(connection)
    return networks.values()


def networks(programs, options):
    num = 256 * options.networks
    print(f"--prefix-rate {options.prefix_rate}, --prefix-in-flight {options.prefix_in_flight}, 4 workers, "
          f"{options.networks} /24s of 256, servers that take {options.latency} a reply")
    seen = sweep(programs, options, ("--only", "bench", "--latency", f"fixed:{options.latency}"), scan.addresses(num),
                 "--in-flight", 5000, "--prefix-rate", options.prefix_rate, "--prefix-in-flight", options.prefix_in_flight)
    print("  seen by   most starts in 1 s   beyond rate x window   most in flight   (1 ms forgiven)")
    for name, connections in zip(("farm", "records"), seen):
        scan.harness.check(len(connections) == num, f"{len(connections)} connections of {num}, by the {name}")
        nets = list(by_network(connections))
        begins = [[c.begin_us for c in net] for net in nets]
        print("%9s  %19d  %21.1f  %15d  %17d" % (name, max(map(most_in_window, begins)),
              max(beyond(b, options.prefix_rate) for b in begins), max(map(most_at_once, nets)),
              max(most_at_once(net, CLOSING_US) for net in nets)), flush=True)


def main():
    parser = scan.options(__doc__, 0)
    parser.add_argument("--rates", type=lambda text: [int(n) for n in text.split(",")], default=[10, 1000, 10000],
                        help="starts per second (10,1000,10000)")
    parser.add_argument("--seconds", type=float, default=20, help="that each rate is kept up for (20)")
    parser.add_argument("--networks", type=int, default=8, help="/24s of the second part (8)")
    parser.add_argument("--prefix-rate", type=int, default=20, help="starts per second to one of them (20)")
    parser.add_argument("--prefix-in-flight", type=int, default=4, help="sessions at once to one of them (4)")
    parser.add_argument("--latency", default="40ms", help="of its servers (40ms)")
    options = parser.parse_args()
    programs = scan.harness.Programs(options.build)
    overall(programs, options)
    print()
    if scan.knows(programs, "--prefix-rate", "--prefix-in-flight"):
        networks(programs, options)
    else:
        print("this mxsweep has no limits for networks")
    return 0


sys.exit(main())
