"""What machines are told of a running sweep: every status update is JSON with the fields of the man page (jq reads it), the
metrics file is Prometheus text whenever it is read, both agree with the dataset; and what cannot be written is refused at the
start or told once. usage: test_status.py BUILD-FOLDER"""

import json
import math
import os
import re
import signal
import subprocess

import harness as h

TARGETS = "127.49.0.0/23"
FIELDS = ("time phase done total share left_s in_flight parked backed_off rate_now rate_avg open starttls tls throttled retried audits ours queue_bytes "
          "loop_lag_ms").split()
SAMPLE = re.compile(r'([a-z_]+)(?:\{((?:[a-z_]+="[^"\\]*",?)*)\})? (\S+)')


def parse_metrics(text):
    """a reader of the text exposition format; returns {(name, labels): value}"""
    h.check(text.endswith("\n"), "the metrics end in the middle of a line")
    types, helps, values, current = {}, set(), {}, None
    for line in text.splitlines():
        if line.startswith("# HELP "):
            current = line.split(" ", 3)[2]
            h.check(current not in helps, f"{current} has two HELPs")
            helps.add(current)
        elif line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            h.check(name == current and name not in types and kind in ("counter", "gauge"), f"out of place: {line}")
            types[name] = kind
        else:
            sample = SAMPLE.fullmatch(line)
            h.check(sample is not None, f"no sample: {line!r}")
            name, labels, value = sample.groups()
            h.check(name == current and name in types, f"a sample without its HELP and TYPE: {line}")
            h.check((name, labels) not in values, f"twice: {line}")
            values[name, labels] = float(value)
    h.check(all(name.endswith("_total") == (kind == "counter") for name, kind in types.items()), "a counter's name")
    return values


def phase_of(metrics):
    phases = [labels for (name, labels), value in metrics.items() if name == "mxsweep_phase" and value == 1]
    h.check(len(phases) == 1, f"{len(phases)} phases at once")
    return phases[0].split('"')[1]


def read_updates(file):
    """status updates, each checked by jq and for its fields"""
    fields = json.dumps(sorted(FIELDS))
    done = subprocess.run(["jq", "-e", "-c", f"if keys == {fields} then . else error(\"fields\") end", str(file)],
                          capture_output=True, timeout=60)
    h.check(done.returncode == 0, f"jq does not take {file.name}: {done.stderr.decode()}")
    raw = file.read_text().splitlines()
    updates = [json.loads(line) for line in raw]
    h.check(len(updates) == len(done.stdout.splitlines()), "lines and objects are not as many")
    for u in updates:
        h.check(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", u["time"]), f"time: {u['time']}")
        h.check(0 <= u["done"] <= u["total"] and 0 <= u["share"] <= 1, f"done and share: {u}")
        h.check(u["left_s"] is None or u["left_s"] >= 0, f"time left: {u}")
        h.check(u["tls"] <= u["starttls"] <= u["open"] and min(u["rate_now"], u["rate_avg"], u["loop_lag_ms"]) >= 0,
                f"figures: {u}")
    return updates


def check_growth(updates):
    for before, after in zip(updates, updates[1:]):
        h.check(all(before[f] <= after[f] for f in ("time", "done", "open", "starttls", "tls", "throttled", "ours")),
                f"a figure shrinks: {before} {after}")


def sweep_and_watch(programs, port, folder):
    """a sweep whose files are read all the while"""
    updates, metrics, output = folder / "a.jsonl", folder / "a.prom", folder / "a.mxs.zst"
    argv = h.sweep_argv(programs, port, output, "-u", updates, "--metrics-file", metrics, "-r", "200", TARGETS)
    seen = []
    child = subprocess.Popen([str(a) for a in argv])
    try:
        h.wait_until(lambda: child.poll() is not None or metrics.exists(), "a metrics file")
        while child.poll() is None:
            seen.append(parse_metrics(metrics.read_text()))
    finally:
        h.stop(child)
    last, lines = parse_metrics(metrics.read_text()), read_updates(updates)
    check_growth(lines)
    h.check(len(seen) > 0 and {phase_of(m) for m in seen} <= {"running", "complete"}, "phases while it ran")
    h.check([u["phase"] for u in lines] == ["running"] * (len(lines) - 1) + ["complete"], "phases of the updates")
    h.check(sorted(p.name for p in folder.iterdir()) == ["a.jsonl", "a.mxs.zst", "a.prom"], "files are left over")
    return lines[-1], last, programs.export(output)


def check_agreement(update, metrics, records):
    """the last update, the last metrics, and the dataset tell the same"""
    open_ = [r for r in records if r["stage"] != "connect"]
    tls = [r for r in records if r["stage"] in ("ehlo-tls", "done")]
    throttled = [r for r in records if r["cause"] == "throttled"]
    for field, name, number in [("done", "mxsweep_done_total", len(records)), ("total", "mxsweep_targets", 512),
                                ("open", "mxsweep_open_total", len(open_)), ("tls", "mxsweep_tls_total", len(tls)),
                                ("throttled", "mxsweep_throttled_total", len(throttled)),
                                ("in_flight", "mxsweep_in_flight", 0), ("left_s", "mxsweep_left_seconds", 0)]:
        h.check(update[field] == metrics[name, None] == number,
                f"{field}: {update[field]}, {metrics[name, None]}, {number} in the dataset")
    h.check(phase_of(metrics) == "complete" and update["share"] == 1, "how it ended")
    h.check(metrics["mxsweep_targets_done", None] == 512 and abs(metrics["mxsweep_rate_limit_per_second", None] - 200) < 1,
            "targets done, limit")


def stop_and_resume(programs, port, folder):
    """one shard of two, stopped and gone on with: updates of both runs in one file"""
    updates, metrics, output = folder / "b.jsonl", folder / "b.prom", folder / "b.mxs.zst"
    files = ["-u", updates, "--metrics-file", metrics]
    argv = h.sweep_argv(programs, port, output, *files, "-r", "100", "--shards", "2", "--shard", "1",
                        "--flush-interval", "100ms", TARGETS)
    child = subprocess.Popen([str(a) for a in argv])
    h.wait_until(lambda: updates.exists() and len(updates.read_text().splitlines()) > 1, "two updates")
    child.send_signal(signal.SIGINT)
    h.stop(child, 3)
    first = read_updates(updates)
    h.check(first[-1]["phase"] == "stopped" and first[-1]["left_s"] is None, f"stopped: {first[-1]}")
    h.check(all(u["total"] == 256 for u in first), "a shard's targets are half of all")
    h.check(phase_of(parse_metrics(metrics.read_text())) == "stopped", "the metrics' phase when stopped")

    programs.run(programs.mxsweep, "--resume", output, *files, "-q", "-r", "0", *h.NO_MANNERS, *h.TIMEOUTS)
    both = read_updates(updates)
    second = both[len(first):]
    before = first[-1]["done"]
    h.check(both[:len(first)] == first and second[0]["done"] >= before > 0, "the second run's updates follow the first's")
    h.check(second[-1]["phase"] == "complete" and second[-1]["done"] == 256 == len(programs.export(output)), "the end")
    last = parse_metrics(metrics.read_text())
    h.check(last["mxsweep_done_total", None] == 256 - before and last["mxsweep_targets_done", None] == 256,
            "counters are of the run, gauges of the shard")
    shard = [labels for name, labels in last if name == "mxsweep_info"][0]
    h.check('shard="1",shards="2"' in shard, f"info: {shard}")
    again = programs.run(programs.mxsweep, "--resume", output, *files)
    h.check(b"finished" in again.stderr and read_updates(updates)[-1]["phase"] == "complete", "when nothing is left to do")


def to_stdout(programs, port, folder):
    done = programs.run(*h.sweep_argv(programs, port, folder / "c.mxs.zst", "-u", "-", "127.49.4.0/28", "-r", "0"))
    (folder / "c.jsonl").write_bytes(done.stdout)
    h.check(read_updates(folder / "c.jsonl")[-1]["phase"] == "complete", "updates on stdout")


def told_once(programs, port, folder):
    """neither a full disk nor a reader that goes away stops a sweep"""
    argv = h.sweep_argv(programs, port, folder / "d.mxs.zst", "-u", "/dev/full", "-r", "100", "127.49.4.0/24")
    done = programs.run(*argv)
    h.check(done.stderr.count(b"No space left") == 1, f"a full disk: {done.stderr}")
    argv = h.sweep_argv(programs, port, folder / "e.mxs.zst", "-u", "-", "-r", "100", "127.49.4.0/24")
    reader, writer = os.pipe()
    os.close(reader)
    child = subprocess.Popen([str(a) for a in argv], stdout=writer, stderr=subprocess.PIPE)
    os.close(writer)
    said = child.communicate(timeout=60)[1]
    h.check(child.returncode == 0 and said.count(b"\n") == 1 and b"--status-updates-file" in said, f"no reader: {said}")
    h.check(len(programs.export(folder / "e.mxs.zst")) == 256, "targets with no reader")


def refused(programs, port, folder):
    """before anything is visited or written"""
    (folder / "blocklist").write_text("192.0.2.0/24\n")
    cases = {
        "-u": [folder / "none" / "status", folder, folder / "blocklist"],
        "--metrics-file": [folder / "none" / "metrics", folder, folder / "blocklist", "/dev/null"],
        "--user-metadata": ['{"a":1,}', "name=value", '"\\ud800"', "[" * 65 + "]" * 65, ""],
    }
    for option, values in cases.items():
        for value in values:
            output = folder / "f.mxs.zst"
            done = programs.run(*h.sweep_argv(programs, port, output, option, value, "127.49.4.1"), expect=2)
            name = "--status-updates-file" if option == "-u" else option
            h.check(done.stderr.startswith(f"mxsweep: {name}".encode()) and done.stderr.count(b"\n") == 1,
                    f"{option} {value}: {done.stderr}")
            h.check(not output.exists(), f"{option} {value}: a dataset was made")
    h.check((folder / "blocklist").read_text() == "192.0.2.0/24\n", "a file of others was written to")


def metadata_is_kept(programs, port, folder):
    text = ' {"operator": "A. M\u00fcller", "vantage": [1, -2.5e3, null]} '
    output = folder / "g.mxs.zst"
    programs.run(*h.sweep_argv(programs, port, output, "--user-metadata", text, "127.49.4.1"))
    h.check(text.encode() in subprocess.run(["zstdcat", str(output)], capture_output=True, timeout=60).stdout, "metadata")


def main():
    programs = h.build_folder()
    with h.farm(programs, "--seed", "3") as port:
        with h.scratch() as folder:
            update, metrics, records = sweep_and_watch(programs, port, folder)
            check_agreement(update, metrics, records)
            h.check(not any(math.isinf(v) for v in metrics.values()), "a figure without end")
        with h.scratch() as folder:
            stop_and_resume(programs, port, folder)
            to_stdout(programs, port, folder)
            told_once(programs, port, folder)
            refused(programs, port, folder)
            metadata_is_kept(programs, port, folder)
    print(f"{len(records)} targets; the last update: {json.dumps(update)}")


main()
