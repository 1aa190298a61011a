#!/usr/bin/python3
"""What mxfarm has for sweeps at scale: throttling by network, latency, several processes, as many connections as descriptors."""
import contextlib
import os
import pathlib
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import time

import farm_client
from test_farm_e2e import Farm, check, failures, truth, visit_all

FIELDS = 8
LIMIT_S = 60


def wait_until(condition, what):
    end = time.monotonic() + LIMIT_S
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)
    check(condition(), f"never happened: {what}")


def events(log):
    """The lines of a log that is whole."""
    text = log.read_text(encoding="ascii")
    lines = [line.split(" ") for line in text.splitlines()]
    check(text == "" or text.endswith("\n"), "the log ends in a line end")
    check(all(len(line) == FIELDS for line in lines), f"{FIELDS} fields: {lines}")
    return lines


def count(log, what):
    return sum(e[2] == what for e in events(log)) if log.exists() else 0


def refuses(port):
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) != 0


@contextlib.contextmanager
def scratch():
    with tempfile.TemporaryDirectory() as folder:
        yield pathlib.Path(folder) / "log"


def connected(addr, port):
    sock = socket.socket()
    sock.settimeout(LIMIT_S)
    sock.connect((addr, port))
    return sock


def received(sock):
    """All that a connection says until its end."""
    data = b""
    while part := sock.recv(4096):
        data += part
    return data


def test_throttle(program, processes):
    with scratch() as log:
        farm = Farm(program, "--only", "bench", "--throttle", "5/h", "--processes", processes, "--log", log)
        got = [farm_client.visit(f"127.0.7.{host}", farm.port) for host in range(1, 9)]
        check([r["cause"] for r in got] == ["ok"] * 5 + ["throttled"] * 3, f"the first 5 are let in: {got}")
        check({(r["stage"], r["smtp_code"]) for r in got[5:]} == {("greeting", 421)}, f"421 as greeting: {got}")
        check(farm_client.visit("127.0.8.1", farm.port)["cause"] == "ok", "another /24 is another network")
        with connected("127.0.7.9", farm.port) as sock:
            sock.sendall(b"EHLO client.example\r\n")
            sock.shutdown(socket.SHUT_WR)
            text = received(sock)
        check(text == b"421 4.7.0 Error: too many connections from your network, try again later\r\n", f"and nothing more: {text}")
        check(farm.stop() == 0, "a clean end")
        check([count(log, what) for what in ("open", "throttled", "close")] == [6, 4, 10], f"log: {events(log)}")
    promised = truth(program, "--only", "bench", "--throttle", "5/h", "--truth", "127.0.7.1")
    check(promised == truth(program, "--only", "bench", "--truth", "127.0.7.1"), "the truth stays what it is")


def test_latency(program):
    options = ("--seed", "3", "--latency", "lognormal:20ms,1")
    farm = Farm(program, *options)
    visit_all(truth(program, *options, "--port", str(farm.port), "--truth", "127.3.3.0/26"))
    check(farm.stop() == 0, "a clean end")


def test_latency_comes_before_each_reply(program):
    farm = Farm(program, "--only", "bench", "--latency", "fixed:50ms")
    began = time.monotonic()
    record = farm_client.visit("127.0.0.1", farm.port)
    check(record["cause"] == "ok" and time.monotonic() - began >= 0.245, "5 replies, 50 ms each")
    with connected("127.0.0.1", farm.port) as sock:      # what comes too early waits for its turn
        sock.sendall(b"EHLO a.example\r\nNOOP\r\nEHLO b.example\r\nQUIT\r\n")
        codes = [line[:3] for line in received(sock).splitlines() if line[3:4] == b" "]
    check(codes == [b"220", b"250", b"250", b"250", b"221"], f"answers in order: {codes}")
    with connected("127.0.0.1", farm.port) as sock:      # and too much is cut, not kept
        sock.sendall(b"NOOP\r\n" * 100)
        sock.shutdown(socket.SHUT_WR)
        received(sock)
    check(farm_client.visit("127.0.0.1", farm.port)["cause"] == "ok", "and goes on")
    check(farm.stop() == 0, "a clean end")


def test_latency_beyond_a_time_out(program):
    options = ("--only", "bench", "--latency", "fixed:10s")
    farm = Farm(program, *options)
    lines = truth(program, *options, "--port", str(farm.port), "--truth", "127.0.0.1")
    check((lines[0]["stage"], lines[0]["cause"]) == ("greeting", "timeout"), f"{lines}")
    visit_all(lines)
    check(farm.stop() == 0, "an end while one waits")


def test_processes(program):
    with scratch() as log:
        farm = Farm(program, "--processes", "3", "--only", "bench", "--log", log, start_new_session=True)
        visit_all(truth(program, "--only", "bench", "--port", str(farm.port), "--truth", "127.0.0.0/25"))
        held = [connected("127.0.0.1", farm.port) for _ in range(8)]
        farm.child.send_signal(signal.SIGTERM)
        check(farm.child.stdout.read() == "", "the ready line comes once")
        check(farm.child.wait(LIMIT_S) == 0, "a clean end")
        farm.child.stdout.close()
        try:
            os.killpg(farm.child.pid, 0)
            check(False, "SIGTERM to the first ends all")
        except ProcessLookupError:
            pass
        for sock in held:
            sock.close()
        check(count(log, "open") == count(log, "close") >= 128, "each connection opens and closes in the log")


def children(pid):
    return [int(p) for p in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]


def test_a_death_ends_all(program):
    farm = Farm(program, "--processes", "3", stderr=subprocess.PIPE)
    wait_until(lambda: len(children(farm.child.pid)) == 3, "three processes")
    os.kill(children(farm.child.pid)[1], signal.SIGKILL)
    _, err = farm.child.communicate(timeout=LIMIT_S)
    check(farm.child.returncode == 1 and "--processes" in err, f"a process that dies is a fault: {err}")
    check(refuses(farm.port), "and ends the others")
    farm = Farm(program, "--processes", "2")
    farm.child.kill()
    farm.child.stdout.close()
    farm.child.wait(LIMIT_S)
    wait_until(lambda: refuses(farm.port), "processes end with the first")


def test_idle_exit_of_several(program):
    farm = Farm(program, "--processes", "2", "--idle-exit", "300ms", "--only", "silent-greeting")
    sock = connected("127.0.0.1", farm.port)
    try:
        farm.child.wait(1)           # one of the two has nothing to do; the farm has
        check(False, "an open connection keeps all processes")
    except subprocess.TimeoutExpired:
        pass
    sock.close()
    check(farm.child.wait(LIMIT_S) == 0, "--idle-exit ends all")
    farm.child.stdout.close()


def test_a_taken_port(program):
    for first, second in (("1", "2"), ("2", "1"), ("2", "2")):
        farm = Farm(program, "--processes", first)
        done = subprocess.run([program, "--port", str(farm.port), "--processes", second], capture_output=True, text=True,
                              timeout=LIMIT_S, check=False)
        check(done.returncode == 1 and f"port {farm.port}" in done.stderr and done.stdout == "", f"{first}, {second}: {done}")
        check(farm.stop() == 0, "a clean end")


def test_descriptors(program):
    """64 descriptors are 32 connections; more wait in the kernel until there is room."""
    with scratch() as log:
        farm = Farm(program, "--only", "silent-greeting", "--log", log,
                    preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64)))
        socks = [connected("127.0.0.1", farm.port) for _ in range(40)]
        wait_until(lambda: count(log, "open") == 32, "as many as descriptors allow")
        for sock in socks[:5]:
            sock.close()
        wait_until(lambda: count(log, "open") == 37, "the next come when others go")
        check(count(log, "close") == 5, "nobody was thrown out")
        for sock in socks:
            sock.close()
        wait_until(lambda: count(log, "close") == 40, "all had their turn")
        check(farm.stop() == 0, "a clean end")


def test_log_that_cannot_be_written(program):
    farm = Farm(program, "--log", "/dev/full", stderr=subprocess.PIPE)
    farm_client.visit("127.0.0.1", farm.port)
    farm.child.send_signal(signal.SIGTERM)
    _, err = farm.child.communicate(timeout=LIMIT_S)
    check(farm.child.returncode == 1 and "/dev/full" in err, f"lost lines are a fault: {err}")


def main():
    program = sys.argv[1]
    test_throttle(program, "1")
    test_throttle(program, "3")
    for test in (test_latency, test_latency_comes_before_each_reply, test_latency_beyond_a_time_out, test_processes,
                 test_a_death_ends_all, test_idle_exit_of_several, test_a_taken_port, test_descriptors,
                 test_log_that_cannot_be_written):
        test(program)
    print("failures:", len(failures))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
