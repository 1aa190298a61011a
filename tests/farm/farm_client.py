"""A small scanner that shares no code with the project: raw sockets and Python's ssl (OpenSSL).

It visits addresses of a running mxfarm and says of each what `mxfarm --truth` says: stage, cause, SMTP code, TLS version, chain.
"""
import hashlib
import re
import socket
import ssl
import time

LINE_MAX, LINES_MAX, REPLY_MAX = 2048, 128, 16384
REPLY_TIMEOUT = 2.5
TLS_TIMEOUT = 2.5
VERSIONS = {"TLSv1": "TLSv1.0", "TLSv1.1": "TLSv1.1", "TLSv1.2": "TLSv1.2", "TLSv1.3": "TLSv1.3"}


class End(Exception):
    """A session is over: what ended it, and the SMTP code that decided, if one did."""

    def __init__(self, cause, code=None):
        super().__init__(cause)
        self.cause, self.code = cause, code


class Plain:
    """The connection before TLS."""

    def __init__(self, sock):
        self.sock = sock

    def send(self, data):
        try:
            self.sock.sendall(data)
        except OSError:
            pass  # what ended it shows on reading

    def receive(self, deadline):
        left = deadline - time.monotonic()
        if left <= 0:
            raise End("timeout")
        self.sock.settimeout(left)
        try:
            data = self.sock.recv(4096)
        except socket.timeout:
            raise End("timeout") from None
        except ConnectionResetError:
            raise End("reset") from None
        if not data:
            raise End("closed")
        return data


class Inside(Plain):
    """The connection inside TLS, by memory BIOs, so that every octet that arrives is seen."""

    def __init__(self, sock):
        super().__init__(sock)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = ssl.TLSVersion.TLSv1
        self.alerted = False
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing)

    def flush(self):
        Plain.send(self, self.outgoing.read())

    def refill(self, deadline):
        self.flush()
        self.incoming.write(Plain.receive(self, deadline))

    def failed(self, error):
        self.flush()
        alert = self.alerted or "ALERT" in (error.reason or "")   # OpenSSL does not name all of them
        raise End("alert-received" if alert else "alert-sent") from None

    def handshake(self):
        deadline = time.monotonic() + TLS_TIMEOUT
        first = b""
        while True:
            try:
                self.tls.do_handshake()
                self.flush()
                return
            except ssl.SSLWantReadError:
                self.flush()
            except ssl.SSLZeroReturnError:
                raise End("closed") from None
            except ssl.SSLError as error:
                self.failed(error)
            try:
                data = Plain.receive(self, deadline)
            except End as end:
                raise End("alert-received" if end.cause == "closed" and self.alerted else end.cause) from None
            first += data
            self.alerted = first[0] == 21 and first[6:7] != b"\x00"
            if not (first[0] in range(20, 24) and (len(first) < 2 or first[1] == 3)):
                raise End("not-tls")
            self.incoming.write(data)

    def send(self, data):
        self.tls.write(data)
        self.flush()

    def receive(self, deadline):
        while True:
            try:
                data = self.tls.read(4096)
                if data:
                    return data
                raise End("closed")
            except ssl.SSLWantReadError:
                self.refill(deadline)
            except ssl.SSLZeroReturnError:
                raise End("closed") from None
            except ssl.SSLError as error:
                self.failed(error)

    def chain(self):
        certificates = self.tls._sslobj.get_unverified_chain() or []
        return [hashlib.sha256(ssl.PEM_cert_to_DER_cert(c.public_bytes())).hexdigest() for c in certificates]


def check_line(line, code):
    """Raises if what there is of a line can be no line of a reply with that code."""
    for place, octet in enumerate(line[:3]):
        if octet not in b"0123456789" or (code and octet != code[place]):
            raise End("malformed")
    if len(line) > 3 and line[3:4] not in (b"-", b" ", b"\r"):
        raise End("malformed")


def read_reply(connection):
    """Returns the code, the lines, and what came after the reply."""
    deadline = time.monotonic() + REPLY_TIMEOUT
    data, lines, total = b"", [], 0
    code = b""
    while True:
        data += connection.receive(deadline)
        while b"\n" in data:
            line, data = data.split(b"\n", 1)
            check_line(line, code)
            code = code or line[:3]
            total += len(line) + 1
            lines.append(line.rstrip(b"\r"))
            if len(line) >= LINE_MAX or len(lines) > LINES_MAX or total > REPLY_MAX:
                raise End("too-long")
            if line[3:4] != b"-":
                return int(code), lines, data
        check_line(data, code)
        if len(data) >= LINE_MAX:
            raise End("too-long")


def judge(code, good, lines):
    if code in (421, 450) or (code >= 400 and b"too many connections" in b" ".join(lines)):
        raise End("throttled", code)
    if code not in good:
        raise End("rejected", code)


def offers_starttls(lines):
    return any(re.match(rb"(?i)STARTTLS(\s|$)", line[4:]) for line in lines)


def dialogue(sock, found):
    """Runs one session; found takes what is learnt on the way."""
    plain = Plain(sock)
    found["stage"] = "greeting"
    code, lines, _ = read_reply(plain)
    judge(code, (220,), lines)
    found["code"] = code
    found["stage"] = "ehlo"
    plain.send(b"EHLO client.example\r\n")
    code, lines, _ = read_reply(plain)
    judge(code, (250,), lines)
    found["code"] = code
    found["stage"] = "starttls"
    if not offers_starttls(lines):
        raise End("not-offered", code)
    plain.send(b"STARTTLS\r\n")
    code, lines, early = read_reply(plain)
    judge(code, (220,), lines)
    found["code"] = code
    if early:
        found["early_plaintext"] = len(early)
    found["stage"] = "handshake"
    inside = Inside(sock)
    inside.handshake()
    found["version"], found["chain"] = VERSIONS[inside.tls.version()], inside.chain()
    found["stage"] = "ehlo-tls"
    inside.send(b"EHLO client.example\r\n")
    code, found["inside"], _ = read_reply(inside)
    judge(code, (250,), found["inside"])
    found["stage"], found["code"] = "done", code
    quit_session(inside, found)
    raise End("ok", code)


def quit_session(inside, found):
    """QUIT, and what the server makes of it: found["farewell"]."""
    try:
        inside.send(b"QUIT\r\n")
        code, _, _ = read_reply(inside)
        found["farewell"] = code
        inside.receive(time.monotonic() + REPLY_TIMEOUT)
    except End as end:
        found["quit"] = end.cause


def visit(addr, port):
    """Returns the record of one address, in the shape of a line of truth."""
    found = {"stage": "connect"}
    family = socket.AF_INET6 if ":" in addr else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as sock:
        sock.settimeout(REPLY_TIMEOUT)
        sock.connect((addr, port))
        try:
            dialogue(sock, found)
        except End as end:
            cause, code = end.cause, end.code or found.get("code")
    if found.get("early_plaintext") and found["stage"] == "handshake":
        cause = "early-plaintext"
    record = {"addr": addr, "port": port, "stage": found["stage"], "cause": cause}
    if code:
        record["smtp_code"] = code
    if "version" in found:
        record["tls"] = {"version": found["version"]}
    for key in ("chain", "early_plaintext"):
        if key in found:
            record[key] = found[key]
    record["seen"] = found
    return record
