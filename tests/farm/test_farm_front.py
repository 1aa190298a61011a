#!/usr/bin/python3
"""Fronts: mxfarm speaks SMTP up to the 220 to STARTTLS, and the server behind it does the rest."""
import contextlib
import hashlib
import json
import os
import pathlib
import re
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading

import farm_client

MEGABYTES = 10
PIECE = bytes(range(256)) * 256
LIMIT_S = 60


def check(ok, what):
    if not ok:
        raise SystemExit(f"FAILED: {what}")


@contextlib.contextmanager
def farm(program, *options):
    child = subprocess.Popen([program, "--port", "0", "--now", "2026-01-01", *options], stdout=subprocess.PIPE, text=True)
    try:
        yield child, int(child.stdout.readline().split()[-1])
    finally:
        child.send_signal(signal.SIGTERM)
        child.stdout.close()
        check(child.wait(LIMIT_S) == 0, "a clean end")


class Backend:
    """A listener whose one connection is handled by a function in a thread of its own."""

    def __init__(self, handle, host="127.0.0.1"):
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.listener = socket.create_server((host, 0), family=family)
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.run, args=(handle,), daemon=True)
        self.thread.start()

    def run(self, handle):
        sock, _ = self.listener.accept()
        sock.settimeout(LIMIT_S)
        handle(sock)

    def end(self):
        self.thread.join(LIMIT_S)
        self.listener.close()
        check(not self.thread.is_alive(), "the server behind the front has ended")


def to_220(addr, port):
    """A connection on which the 220 to STARTTLS has come."""
    sock = socket.create_connection((addr, port), timeout=LIMIT_S)
    plain = farm_client.Plain(sock)
    code, _, _ = farm_client.read_reply(plain)
    check(code == 220, "greeting")
    plain.send(b"EHLO client.example\r\n")
    code, lines, _ = farm_client.read_reply(plain)
    check(code == 250 and farm_client.offers_starttls(lines), "EHLO")
    plain.send(b"STARTTLS\r\n")
    code, _, _ = farm_client.read_reply(plain)
    check(code == 220, "STARTTLS")
    sock.settimeout(LIMIT_S)
    return sock


def pour(sock):
    for _ in range(MEGABYTES * 16):
        sock.sendall(PIECE)
    sock.shutdown(socket.SHUT_WR)


def drain(sock):
    """How many octets came until the end, and their digest."""
    digest, num = hashlib.sha256(), 0
    while part := sock.recv(65536):
        digest.update(part)
        num += len(part)
    return num, digest.hexdigest()


EXPECTED = (MEGABYTES << 20, hashlib.sha256(PIECE * (MEGABYTES * 16)).hexdigest())


def test_both_ways_at_once(program):
    heard = []

    def handle(sock):
        sock.recv(1)   # the 220 has been read
        feeder = threading.Thread(target=pour, args=(sock,))
        feeder.start()
        heard.append(drain(sock))
        feeder.join(LIMIT_S)
        sock.close()

    backend = Backend(handle)
    with farm(program, "--front", f"127.0.0.9=127.0.0.1:{backend.port}") as (_, port), to_220("127.0.0.9", port) as sock:
        sock.sendall(b"!")
        feeder = threading.Thread(target=pour, args=(sock,))
        feeder.start()
        check(drain(sock) == EXPECTED, "the client hears all of it")
        feeder.join(LIMIT_S)
        backend.end()
    check(heard == [EXPECTED], "the server hears all of it")


def test_half_close(program):
    """Each side ends while the other still speaks."""
    def answer(sock):
        check(drain(sock)[0] == 5, "five octets, then the end")
        pour(sock)
        sock.close()

    def end_first(sock):
        sock.recv(1)
        sock.sendall(b"bye")
        sock.shutdown(socket.SHUT_WR)
        check(drain(sock) == EXPECTED, "the server still hears")
        sock.close()

    for handle, host in ((answer, "127.0.0.1"), (end_first, "127.0.0.1"), (answer, "::1")):
        try:
            backend = Backend(handle, host)
        except OSError:
            continue   # no IPv6 on this machine
        place = f"[{host}]" if ":" in host else host
        with farm(program, "--front", f"127.0.0.9={place}:{backend.port}") as (_, port), to_220("127.0.0.9", port) as sock:
            if handle is answer:
                sock.sendall(b"hello")
                sock.shutdown(socket.SHUT_WR)
                check(drain(sock) == EXPECTED, "the client still hears")
            else:
                sock.sendall(b"!")
                check(drain(sock)[0] == 3, "three octets, then the end")
                pour(sock)
            backend.end()


def resident_kb(pid):
    text = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(re.search(r"VmRSS:\s+(\d+)", text).group(1))


def test_back_pressure(program):
    """Who does not listen is not flooded: the farm keeps a bounded part, and the client must wait."""
    go = threading.Event()
    heard = []

    def handle(sock):
        go.wait(LIMIT_S)
        heard.append(drain(sock)[0])
        sock.close()

    backend = Backend(handle)
    with farm(program, "--front", f"127.0.0.9=127.0.0.1:{backend.port}") as (child, port), to_220("127.0.0.9", port) as sock:
        before, sent = resident_kb(child.pid), 0
        sock.settimeout(1)
        with contextlib.suppress(socket.timeout):
            while sent < 256 << 20:
                sent += sock.send(PIECE)
        check(sent < 256 << 20, "the client has to wait")
        check(resident_kb(child.pid) - before < 2048, "the farm keeps a bounded part")
        go.set()
        sock.settimeout(LIMIT_S)
        sock.shutdown(socket.SHUT_WR)
        drain(sock)
        backend.end()
    check(heard == [sent], f"nothing is lost: {heard}, {sent}")


def test_errors(program):
    with socket.create_server(("127.0.0.1", 0)) as unused:
        closed = unused.getsockname()[1]
    with farm(program, "--front", f"127.0.0.9=127.0.0.1:{closed}") as (_, port):
        with socket.create_connection(("127.0.0.9", port), timeout=LIMIT_S) as sock:
            plain = farm_client.Plain(sock)
            farm_client.read_reply(plain)
            plain.send(b"EHLO client.example\r\n")
            farm_client.read_reply(plain)
            plain.send(b"STARTTLS\r\n")
            check(drain(sock)[0] == 0, "a server that is not there: the end")

    def reset(sock):
        sock.recv(1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        sock.close()

    backend = Backend(reset)
    with farm(program, "--front", f"127.0.0.9=127.0.0.1:{backend.port}") as (_, port), to_220("127.0.0.9", port) as sock:
        sock.sendall(b"x")
        try:
            sock.recv(1)
            check(False, "a reset is passed on")
        except ConnectionResetError:
            pass
        backend.end()


def test_a_client_that_goes_away(program):
    gone = []

    def handle(sock):
        try:
            gone.append(sock.recv(1) == b"")
        except ConnectionResetError:
            gone.append(True)
        sock.close()

    backend = Backend(handle)
    with farm(program, "--front", f"127.0.0.9=127.0.0.1:{backend.port}") as (_, port):
        sock = to_220("127.0.0.9", port)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        sock.close()
        backend.end()
    check(gone == [True], "the server learns of it")


def make_certificate(folder):
    key, cert = os.path.join(folder, "key.pem"), os.path.join(folder, "cert.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384", "-nodes", "-keyout", key,
                    "-out", cert, "-days", "2", "-subj", "/CN=behind.example.com"], check=True, capture_output=True, timeout=LIMIT_S)
    return key, cert


@contextlib.contextmanager
def s_server(folder, *options):
    """openssl s_server that sends each line back in reverse; yields its port."""
    key, cert = make_certificate(folder)
    child = subprocess.Popen(["openssl", "s_server", "-accept", "127.0.0.1:0", "-key", key, "-cert", cert, "-rev", *options],
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        for line in child.stdout:
            if match := re.match(r"ACCEPT \S*:(\d+)", line):
                yield int(match.group(1))
                return
        check(False, "openssl s_server listens")
    finally:
        child.terminate()
        child.stdout.close()
        child.wait(LIMIT_S)


def test_openssl(program):
    with tempfile.TemporaryDirectory() as folder, s_server(folder, "-tls1_2", "-cipher", "ECDHE-ECDSA-AES256-SHA384") as behind:
        log = os.path.join(folder, "log")
        front = ["--front", f"127.0.0.9=127.0.0.1:{behind}", "--only", "tls13-p256"]
        with farm(program, *front, "--log", log) as (_, port):
            out = talk(port)
            check("behind.example.com" in out and "ECDHE-ECDSA-AES256-SHA384" in out, f"the server behind is seen: {out}")
            check("desserts" in out, "and heard")
            lines = subprocess.run([program, *front, "--port", str(port), "--truth", "127.0.0.8-127.0.0.10"], check=True,
                                   capture_output=True, text=True).stdout.splitlines()
            check([json.loads(line)["addr"] for line in lines] == ["127.0.0.8", "127.0.0.10"], "a front is outside the truth")
            record = farm_client.visit("127.0.0.8", port)
            check(record["cause"] == "ok" and record["tls"]["version"] == "TLSv1.3", "other addresses are as they were")
        with open(log, encoding="ascii") as file:
            events = [line.split() for line in file]
    mine = [event for event in events if event[1] == "127.0.0.9"]
    check([event[2:4] for event in mine] == [["open", "front"], ["close", "front"]], f"log: {events}")
    check(mine[1][7] == "client.example", "the log names the client")


def talk(port):
    """What openssl s_client prints when it says a word and waits for the answer."""
    child = subprocess.Popen(["openssl", "s_client", "-starttls", "smtp", "-name", "client.example", "-connect", f"127.0.0.9:{port}"],
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    watchdog = threading.Timer(LIMIT_S, child.kill)
    watchdog.start()
    child.stdin.write("stressed\n")
    child.stdin.flush()
    out = ""
    for line in child.stdout:
        out += line
        if "desserts" in line:
            break
    child.stdin.close()
    child.stdout.close()
    child.wait(LIMIT_S)
    watchdog.cancel()
    return out


def main():
    program = sys.argv[1]
    for test in (test_both_ways_at_once, test_half_close, test_back_pressure, test_errors, test_a_client_that_goes_away,
                 test_openssl):
        test(program)
        print(test.__name__)


if __name__ == "__main__":
    main()
