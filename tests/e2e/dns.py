"""dns: a small DNS server on 127.0.0.1, UDP and TCP on one port, for tests that have names resolved.

    zone = {
        "mx.example.com": {"A": ["127.1.0.1", "127.1.0.2"], "AAAA": ["fd00::1"]},
        "www.example.com": {"CNAME": "mx.example.com"},      # and what that name has, in one answer
        "1.0.1.127.in-addr.arpa": {"PTR": ["mx.example.com"]},
        "fails.example.com": "SERVFAIL",                     # or REFUSED, or SILENT: never answered
    }
    with dns.server(zone) as port: ...                       # "127.0.0.1:PORT" is what --dns-servers and the like want

A name that is not there does not exist (NXDOMAIN); a type that it has not is an empty answer. What is over 512 octets comes by TCP.
zone may be changed while the server runs."""

import contextlib
import ipaddress
import socket
import socketserver
import struct
import threading

TYPES = {1: "A", 5: "CNAME", 12: "PTR", 28: "AAAA"}
CODES = {name: code for code, name in TYPES.items()}
RCODES = {"SERVFAIL": 2, "NXDOMAIN": 3, "REFUSED": 5}
UDP_MAX = 512
ALIASES_MAX = 8


def reverse_name(addr):
    return ipaddress.ip_address(addr).reverse_pointer


def encode_name(name):
    labels = [label.encode() for label in name.rstrip(".").split(".")]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def decode_question(query):
    """name in lower case, type, and where the question ends"""
    labels, at = [], 12
    while query[at] != 0:
        labels.append(query[at + 1 : at + 1 + query[at]].decode("latin-1").lower())
        at += 1 + query[at]
    return ".".join(labels), struct.unpack("!H", query[at + 1 : at + 3])[0], at + 5


def record(owner, kind, data):
    body = ipaddress.ip_address(data).packed if kind in ("A", "AAAA") else encode_name(data)
    return encode_name(owner) + struct.pack("!HHIH", CODES[kind], 1, 60, len(body)) + body


def look_up(zone, name, kind):
    """response code and records; None: no answer at all"""
    records = []
    for _ in range(ALIASES_MAX):
        entry = zone.get(name, "NXDOMAIN")
        if entry == "SILENT":
            return None
        if isinstance(entry, str):
            return RCODES[entry], records
        if kind in entry or "CNAME" not in entry:
            return 0, records + [record(name, kind, data) for data in entry.get(kind, [])]
        records.append(record(name, "CNAME", entry["CNAME"]))
        name = entry["CNAME"]
    return 0, records


def answer(zone, query, limit):
    """the message that answers a query; None: none"""
    name, number, end = decode_question(query)
    found = look_up(zone, name, TYPES.get(number, "?"))
    if found is None:
        return None
    rcode, records = found
    body = b"".join(records)
    cut = end + len(body) > limit
    flags = 0x8180 | (0x0200 if cut else 0) | rcode
    head = query[:2] + struct.pack("!HHHHH", flags, 1, 0 if cut else len(records), 0, 0)
    return head + query[12:end] + (b"" if cut else body)


class Udp(socketserver.BaseRequestHandler):
    def handle(self):
        query, sock = self.request
        message = answer(self.server.zone, query, UDP_MAX)
        if message is not None:
            sock.sendto(message, self.client_address)


class Tcp(socketserver.StreamRequestHandler):
    def handle(self):
        while len(head := self.rfile.read(2)) == 2:
            message = answer(self.server.zone, self.rfile.read(struct.unpack("!H", head)[0]), 65535)
            if message is not None:
                self.wfile.write(struct.pack("!H", len(message)) + message)


class TcpServer(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


def bind_both():
    """a port that is free for both"""
    for _ in range(100):
        tcp = TcpServer(("127.0.0.1", 0), Tcp)
        try:
            return tcp, socketserver.UDPServer(tcp.server_address, Udp)
        except OSError:
            tcp.server_close()
    raise SystemExit("FAIL: no port is free for UDP and TCP")


@contextlib.contextmanager
def server(zone):
    """serves zone; yields the port"""
    servers = bind_both()
    for s in servers:
        s.zone = zone
        s.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        threading.Thread(target=s.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield servers[0].server_address[1]
    finally:
        for s in servers:
            s.shutdown()
            s.server_close()
