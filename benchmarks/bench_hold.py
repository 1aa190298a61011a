#!/usr/bin/python3
"""bench_hold: memory of the scanner while its peers hold all sessions in mid-handshake. See README.md."""
import os
import pathlib
import time

import scan

TLS_TIMEOUT_S = 12


def num_sockets(process):
    """How many sockets a child has open."""
    num = 0
    for fd in pathlib.Path(f"/proc/{process.pid}/fd").iterdir():
        try:
            num += os.readlink(fd).startswith("socket:")
        except FileNotFoundError:      # closed meanwhile
            pass
    return num


def held_kib(process, num):
    """RSS at its highest while num sockets are open, in the first half of the time-out, before the sessions end."""
    rss = 0
    end = time.monotonic() + TLS_TIMEOUT_S / 2
    while time.monotonic() < end:
        if num_sockets(process) >= num:
            rss = max(rss, scan.memory_kib(process, "VmRSS"))
        time.sleep(0.2)
    scan.harness.check(rss > 0, f"{num} sessions were never held at once")
    return rss


def main():
    options = scan.options(__doc__, 1000).parse_args()
    programs = scan.harness.Programs(options.build)
    with scan.farm(programs, "hold-handshake", options.farm_cpu) as port, scan.harness.scratch() as folder:
        dataset = folder / "hold.mxs.zst"
        began = time.monotonic()
        process = scan.start(programs, options.scanner_cpu, port, options.sessions, dataset, "--in-flight",
                             options.sessions, "--tls-timeout", f"{TLS_TIMEOUT_S}s")
        rss = held_kib(process, options.sessions)
        used = scan.finish(process, began)
        scan.expect(programs, dataset, options.sessions, "handshake", "timeout")
    print(f"held {options.sessions} sessions: RSS {rss / 1024:.1f} MiB; peak of the run {used.peak_kib / 1024:.1f} MiB")


main()
