#!/usr/bin/python3
"""End to end: every behaviour of mxfarm, visited by an independent client, leads to the record that --truth promises."""
import concurrent.futures
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile

import farm_client

NOW = "2026-01-01"
BLOCK = "127.77.16.0/20"
failures = []


def check(ok, what):
    if not ok:
        failures.append(what)
        print("FAILED:", what)


class Farm:
    """mxfarm as a child, on a port that the kernel chose."""

    def __init__(self, program, *options, **more):
        self.child = subprocess.Popen([program, "--port", "0", "--now", NOW, *options], stdout=subprocess.PIPE, text=True, **more)
        match = re.fullmatch(r"listening on (\d+)\n", self.child.stdout.readline())
        self.port = int(match.group(1))

    def stop(self):
        self.child.send_signal(signal.SIGTERM)
        self.child.stdout.close()
        return self.child.wait(60)


def truth(program, *options):
    limits = ["--connect-timeout", "2500ms", "--reply-timeout", "2500ms", "--tls-timeout", "2500ms", "--session-timeout", "10s"]
    out = subprocess.run([program, "--now", NOW, *limits, *options], check=True, capture_output=True, text=True).stdout
    return [json.loads(line) for line in out.splitlines()]


def compare(expected, got):
    """What OpenSSL does not tell (version and chain of a handshake that failed) is left out of the comparison."""
    name = expected["behaviour"]
    completed = expected["stage"] in ("ehlo-tls", "done")
    for key in ("stage", "cause", "smtp_code", "early_plaintext") + (("tls",) if completed else ()):
        check(expected.get(key) == got.get(key), f"{name}: {key} {got.get(key)}, not {expected.get(key)}: {got}")
    if completed:
        check(expected["chain"] == got.get("chain"), f"{name}: chain {got.get('chain')}, not {expected['chain']}")


def one_of_each(lines):
    chosen = {}
    for line in lines:
        chosen.setdefault(line["behaviour"], line)
    return list(chosen.values())


def visit_all(expected):
    with concurrent.futures.ThreadPoolExecutor(48) as pool:
        got = list(pool.map(lambda line: farm_client.visit(line["addr"], line["port"]), expected))
    for line, record in zip(expected, got):
        compare(line, record)
    return {line["behaviour"]: record for line, record in zip(expected, got)}


def test_every_behaviour(program):
    listed = set(re.findall(r"(?m)^\| `([^`]+)` \| [1-9]", subprocess.run(
        [program, "--list"], check=True, capture_output=True, text=True).stdout))
    farm = Farm(program, "--seed", "7")
    expected = one_of_each(truth(program, "--seed", "7", "--port", str(farm.port), "--truth", BLOCK))
    check({line["behaviour"] for line in expected} == listed, "a /20 holds every behaviour of the built-in population")
    got = visit_all(expected)
    polite = got["tls13-p256"]["seen"]
    check(polite["farewell"] == 221 and polite["quit"] == "closed", f"QUIT: 221, close_notify: {polite}")
    check(got["quit-silent"]["seen"]["quit"] == "timeout", "quit-silent")
    changed = b" ".join(got["ehlo-changes"]["seen"]["inside"])
    check(b"REQUIRETLS" in changed and b"STARTTLS" not in changed, "keywords change inside TLS")
    check(farm.stop() == 0, "a clean end")


def test_one_behaviour_and_log(program):
    with tempfile.TemporaryDirectory() as folder:
        log = os.path.join(folder, "log")
        farm = Farm(program, "--only", "bench", "--log", log)
        lines = truth(program, "--only", "bench", "--port", str(farm.port), "--truth", "127.0.0.5-127.0.0.12")
        visit_all(lines)
        check(len({tuple(line["chain"]) for line in lines}) == 1, "bench has one chain")
        check(farm.stop() == 0, "a clean end with a log")
        with open(log, encoding="ascii") as file:
            events = [line.split() for line in file]
    check(sorted(e[2] for e in events) == ["close"] * 8 + ["open"] * 8, f"log: {events}")
    check({e[3] for e in events} == {"bench"}, "log names the behaviour")
    check({e[1] for e in events} == {line["addr"] for line in lines}, "log names the address")
    check({tuple(e[4:6]) for e in events} == {(str(farm.port), "127.0.0.1")}, f"log names port and peer: {events}")
    check(len({e[6] for e in events if e[2] == "open"}) == 8, "log names the peer's port")
    check({e[7] for e in events if e[2] == "open"} == {"-"}, "nobody has a name at first")
    check({e[7] for e in events if e[2] == "close"} == {"client.example"}, "log names the client in the end")


def test_population_file(program):
    with tempfile.NamedTemporaryFile("w", suffix=".population") as file:
        file.write("# two kinds\nno-starttls 1\nexpired 1   # and a comment\n")
        file.flush()
        farm = Farm(program, "--population", file.name)
        lines = truth(program, "--population", file.name, "--port", str(farm.port), "--truth", "127.9.0.0/27")
        check({line["behaviour"] for line in lines} == {"no-starttls", "expired"}, "two behaviours and no other")
        visit_all(lines)
        check(farm.stop() == 0, "a clean end with a population")


def said(port, text):
    """The codes of what the farm says to a client that says all at once, without listening."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as sock:
        sock.sendall(text)
        data = b""
        while part := sock.recv(4096):
            data += part
    return [int(line[:3]) for line in data.splitlines() if line[3:4] == b" "]


def test_clients_that_do_not_listen(program):
    """Who goes on after a greeting that is no 220, or sends STARTTLS where it is not offered, is refused; QUIT is always answered."""
    cases = [("greeting-554", [554, 503, 503, 221]), ("greeting-ssh", [503, 503, 221]),
             ("no-starttls", [220, 250, 502, 221]), ("starttls-in-words", [220, 250, 502, 221]),
             ("starttls-454", [220, 250, 454, 221])]
    for name, codes in cases:
        farm = Farm(program, "--only", name)
        got = said(farm.port, b"EHLO client.example\r\nSTARTTLS\r\nQUIT\r\n")
        check(got == codes, f"{name}: {got}, not {codes}")
        check(farm.stop() == 0, "a clean end")


def test_idle_exit(program):
    farm = Farm(program, "--only", "hold-handshake", "--idle-exit", "200ms")
    check(farm.child.wait(60) == 0, "--idle-exit ends it")
    farm.child.stdout.close()


def test_refusals(program):
    cases = [(["--port", "65536"], "65535"), (["--seed", "x"], "--seed"), (["--now", "2026-02-30"], "--now"),
             (["--only", "nothing"], "--list"), (["--only", "rote:versions=tls9"], "--only: versions: 'tls9'"),
             (["--front", "127.0.0.9=127.0.0.1"], "127.0.0.9=127.0.0.1:4433"), (["--population", "/nonexistent"], "/nonexistent"), (["--bogus"], "--bogus"),
             (["--truth", "127.0.0.1/8"], "--truth"), (["--reply-timeout", "5"], "500ms"), (["surplus"], "surplus")]
    for options, word in cases:
        done = subprocess.run([program, *options], capture_output=True, text=True, timeout=60)
        check(done.returncode == 2 and word in done.stderr and done.stdout == "", f"{options}: {done}")


def main():
    program = sys.argv[1]
    for test in (test_every_behaviour, test_one_behaviour_and_log, test_population_file, test_clients_that_do_not_listen,
                 test_idle_exit, test_refusals):
        test(program)
    print("failures:", len(failures))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
