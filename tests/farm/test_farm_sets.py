#!/usr/bin/python3
"""What --truth says that a server accepts is what hellos written here find, one offer after the other. Shares no code with the
project: sockets, octets, and RFC 5246, 8446 and the SSLv2 draft."""
import concurrent.futures
import json
import re
import signal
import socket
import struct
import subprocess
import sys
import tempfile

import farm_client

NOW = "2026-01-01"
CODES = {"SSLv3": 0x0300, "TLSv1.0": 0x0301, "TLSv1.1": 0x0302, "TLSv1.2": 0x0303, "TLSv1.3": 0x0304}
GROUPS = [29, 23, 24, 25, 30, 256, 0x11eb, 0x11ec, 0x11ed]
KINDS = [0x010080, 0x020080, 0x030080, 0x040080, 0x050080, 0x060040, 0x0700c0, 0x0701c0]
RETRY = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")
HANDSHAKE_FAILURE, FALLBACK = 40, 86


def sized(form, data):
    return struct.pack(form, len(data))[-3 if form == ">I" else 0:] + data


def extension(kind, body):
    return struct.pack(">H", kind) + sized(">H", body)


def numbers(values):
    return b"".join(struct.pack(">H", value) for value in values)


def hello(version, suites, groups=(29, 23, 24, 25, 30), compression=False, padding=0):
    """A ClientHello in one record; of TLS 1.3 without a key share."""
    extensions = extension(10, sized(">H", numbers(groups))) + extension(13, sized(">H", numbers([0x0403, 0x0804, 0x0401, 0x0201])))
    if version == 0x0304:
        extensions += extension(43, sized(">B", numbers([version]))) + extension(51, sized(">H", b""))
    if padding:
        extensions += extension(21, bytes(padding))
    body = struct.pack(">H", min(version, 0x0303)) + bytes(range(32)) + sized(">B", b"") + sized(">H", numbers(suites))
    body += sized(">B", b"\1\0" if compression else b"\0") + (b"" if version == 0x0300 else sized(">H", extensions))
    return b"\x16" + struct.pack(">H", min(version, 0x0301)) + sized(">H", b"\1" + sized(">I", body))


def ssl2_hello(kinds):
    body = struct.pack(">BHHHH", 1, 2, 3 * len(kinds), 0, 16) + b"".join(struct.pack(">I", k)[1:] for k in kinds) + bytes(16)
    return struct.pack(">H", 0x8000 | len(body)) + body


class Answer:
    """What came: alert, or version, suite, compression, group, size of the prime; or how it ended."""

    def __init__(self):
        self.alert = self.version = self.suite = self.group = self.dh_bits = self.ended = None
        self.compression = 0

    def take_hello(self, body):
        self.version = struct.unpack(">H", body[:2])[0]
        at = 35 + body[34]
        self.suite, self.compression = struct.unpack(">HB", body[at:at + 3])
        at += 5
        while at + 4 <= len(body):
            kind, length = struct.unpack(">HH", body[at:at + 4])
            if kind == 43:
                self.version = struct.unpack(">H", body[at + 4:at + 6])[0]
            if kind == 51:
                self.group = struct.unpack(">H", body[at + 4:at + 6])[0]
            at += 4 + length
        return body[2:34] == RETRY

    def take_exchange(self, body):
        if self.suite >> 8 in (0xc0, 0xcc):
            self.group = struct.unpack(">H", body[1:3])[0]
        else:
            self.dh_bits = 8 * struct.unpack(">H", body[:2])[0]

    def take(self, stream):
        """Reads whole messages; returns whether enough is known."""
        at = 0
        while at + 4 <= len(stream):
            length = int.from_bytes(stream[at + 1:at + 4], "big")
            body = stream[at + 4:at + 4 + length]
            if len(body) < length:
                return False
            if stream[at] == 2 and (self.take_hello(body) or self.version == 0x0304):
                return True
            if stream[at] == 12:
                self.take_exchange(body)
            if stream[at] in (12, 14):
                return True
            at += 4 + length
        return False


def records(data):
    while len(data) >= 5 and len(data) >= 5 + int.from_bytes(data[3:5], "big"):
        length = int.from_bytes(data[3:5], "big")
        yield data[0], data[5:5 + length]
        data = data[5 + length:]


def receive(sock, data, answer):
    try:
        part = sock.recv(65536)
    except ConnectionResetError:
        answer.ended = "reset"
        return data
    except socket.timeout:
        answer.ended = "silent"
        return data
    if not part:
        answer.ended = "close"
    return data + part


def starttls(addr, port):
    sock = socket.create_connection((addr, port), timeout=20)
    plain = farm_client.Plain(sock)
    for command in (b"EHLO client.example\r\n", b"STARTTLS\r\n", b""):
        farm_client.read_reply(plain)
        if command:
            plain.send(command)
    return sock


def ask(place, octets, patience=20):
    answer, data = Answer(), b""
    with starttls(*place) as sock:
        sock.settimeout(patience)
        sock.sendall(octets)
        while answer.ended is None:
            data = receive(sock, data, answer)
            for kind, payload in records(data):
                if kind == 21:
                    answer.alert = payload[1]
                    return answer
            if answer.take(b"".join(payload for kind, payload in records(data) if kind == 22)):
                return answer
    return answer


def ask_ssl2(place, kinds):
    """The kinds that the server has, or None."""
    with starttls(*place) as sock:
        sock.sendall(ssl2_hello(kinds))
        answer, data = Answer(), b""
        while answer.ended is None and len(data) < 2 + (int.from_bytes(data[:2], "big") & 0x7fff):
            data = receive(sock, data, answer)
    if len(data) < 13 or data[2] != 4:
        return None
    leaf, length = struct.unpack(">HH", data[7:11])
    listed = data[13 + leaf:13 + leaf + length]
    return [int.from_bytes(listed[i:i + 3], "big") for i in range(0, length, 3)]


def peel(offer, chosen_of):
    """What is chosen, again and again, of ever fewer offers."""
    found, left = [], list(offer)
    while left:
        chosen = chosen_of(left)
        if chosen not in left:
            break
        found.append(chosen)
        left.remove(chosen)
    return found


def hexes(values, digits=4):
    return [f"0x{value:0{digits}x}" for value in values]


def find(place, universe):
    """All that hellos can tell of a server."""
    seen = {"versions": [], "suites": {}, "dh_bits": None, "compression": False}
    kinds = ask_ssl2(place, KINDS)
    if kinds is not None:
        seen["versions"].append("SSLv2")
        seen["suites"]["SSLv2"] = hexes(kinds, 6)
    for name, code in CODES.items():
        offer = [suite for suite in universe if (suite >> 8 == 0x13) == (code == 0x0304)]
        groups = GROUPS if code == 0x0304 else (29, 23, 24, 25, 30)

        def chosen(left, code=code, groups=groups):
            answer = ask(place, hello(code, left, groups))
            seen["dh_bits"] = answer.dh_bits if answer.dh_bits and answer.suite not in (3, 6, 8, 0x14) else seen["dh_bits"]
            return answer.suite if answer.version == code else None

        found = peel(offer, chosen)
        if found:
            seen["versions"].append(name)
            seen["suites"][name] = hexes(found)
            seen["compression"] |= ask(place, hello(code, offer, compression=True)).compression == 1
    seen["groups"] = hexes(find_groups(place, seen, [suite for suite in universe if suite >> 8 in (0xc0, 0xcc)]))
    return seen


def find_groups(place, seen, elliptic):
    tls13 = "TLSv1.3" in seen["versions"]
    code = max((CODES[version] for version in seen["versions"] if version in CODES), default=0x0301)
    suites = [0x1301, 0x1302, 0x1303] if tls13 else elliptic
    offer = GROUPS if tls13 else [29, 23, 24, 25, 30]
    return peel(offer, lambda left: ask(place, hello(code, suites, left)).group)


def compare(name, truth, place, universe):
    said, seen, wrong = truth["accepts"], find(place, universe), []

    def check(key, want, got):
        if want != got:
            wrong.append(f"{name}: {key}: {got}, not {want}")

    if said["order"] == "client" or said.get("complete") is not False:   # BoringSSL has an order of its own among those of TLS 1.3
        seen["suites"] = {version: sorted(suites) for version, suites in seen["suites"].items()}
        said["suites"] = {version: sorted(suites) for version, suites in said["suites"].items()}
    if said["order"] == "client":
        seen["groups"], said["groups"] = sorted(seen["groups"]), sorted(said["groups"])
    for key in ("versions", "suites", "groups", "compression"):
        check(key, said[key], seen[key])
    if "dh_bits" in said or seen["dh_bits"]:
        check("dh_bits", said.get("dh_bits"), seen["dh_bits"])
    below = [v for v in said["versions"] if v in CODES][-2:-1]
    if "scsv" in said and below:
        fallback = ask(place, hello(CODES[below[0]], universe + [0x5600]))
        refusal = FALLBACK if said["refuse"] == "alert" else said["refuse"]
        check("scsv", refusal if said["scsv"] else None, fallback.alert or fallback.ended)
    large = ask(place, hello(0x0303, universe, padding=1400), 1 if said["large"] == "silent" else 20)
    if said["large"] == "alert":
        check("large", HANDSHAKE_FAILURE, large.alert)
    elif said["large"]:
        check("large", said["large"], large.ended)
    elif "TLSv1.2" in said["versions"]:
        check("large", 0x0303, large.version)
    return wrong


SPECS = [
    "rote:name=mixed;versions=ssl3+tls10+tls12;suites=0x0004+0x002f;suites.tls12=0xc02f+0x009e+0x0005;dh=1536;groups=p384+x25519",
    "rote:name=gaps;versions=ssl2+tls11+tls13;kinds=0x0700c0+0x010080;suites=0x1303+0x000a;groups=0x11ec+p521",
    "rote:name=closing;versions=tls10+tls11;suites=0x0035+0x002f;order=client;refuse=close;compression;scsv",
]
MORE = ["any-p256", "any-rsa2048", "tls13-p384", "group-p521", "tls12-rsa-kx", "tls12-cbc", "tls12-chacha20", "tls10", "tls11"]
NOT_HERE = ("rote-sni-required", "rote-split-reset", "rote-alpn")


def main():
    program = sys.argv[1]
    listing = subprocess.run([program, "--list"], check=True, capture_output=True, text=True).stdout
    names = [name for name in re.findall(r"(?m)^\| `(rote-[^`]+)` \| 0", listing) if name not in NOT_HERE] + SPECS + MORE
    with tempfile.NamedTemporaryFile("w", suffix=".population") as file:
        file.write("".join(f"{name} 1\n" for name in names))
        file.flush()
        options = ["--now", NOW, "--population", file.name]
        child = subprocess.Popen([program, "--port", "0", *options], stdout=subprocess.PIPE, text=True)
        try:
            port = int(child.stdout.readline().split()[-1])
            out = subprocess.run([program, *options, "--truth", "127.8.0.0/20"], check=True, capture_output=True, text=True).stdout
            truths = {}
            for line in out.splitlines():
                truth = json.loads(line)
                truths.setdefault(truth["behaviour"], truth)
            universe = sorted({int(s, 16) for t in truths.values() for v, suites in t["accepts"]["suites"].items() if v != "SSLv2"
                               for s in suites})
            with concurrent.futures.ThreadPoolExecutor(8) as pool:
                jobs = [pool.submit(compare, name, truth, (truth["addr"], port), universe) for name, truth in truths.items()]
                wrong = [fault for job in jobs for fault in job.result()]
        finally:
            child.send_signal(signal.SIGTERM)
            child.stdout.close()
            status = child.wait(60)
    print(f"{len(truths)} servers, {len(wrong)} differences", *wrong, sep="\n")
    return 0 if not wrong and status == 0 and len(truths) == len(names) else 1


if __name__ == "__main__":
    sys.exit(main())
