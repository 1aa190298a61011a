"""Real mail servers: postfix (OpenSSL), exim (GnuTLS), sendmail, nginx's mail proxy; and Debian's OpenSMTPD, whose TLS is broken.
What the scanner records agrees with `openssl s_client -starttls smtp` given the scanner's lists in its order, and with a
plain EHLO. usage: test_interop.py BUILD-FOLDER MTA-FOLDER (of scripts/fetch-mtas.sh)"""

import json
import os
import pathlib
import socket
import sys
import tempfile

import harness as h
import mtas
import s_client


def keywords(address):
    """EHLO's lines as a plain socket gets them"""
    with socket.create_connection((address, mtas.PORT), timeout=10) as s, s.makefile("rwb") as f:
        f.readline()
        f.write(b"EHLO probe.example.test\r\n")
        f.flush()
        lines = []
        while not lines or lines[-1][3:4] == b"-":
            lines.append(f.readline().rstrip(b"\r\n"))
        f.write(b"QUIT\r\n")
        f.flush()
        return [line[4:].decode() for line in lines[1:]]


def check_server(name, address, record):
    want = s_client.s_client(address, mtas.PORT)
    lines = keywords(address)
    h.check(record["ehlo"][1:] == lines, f"{name}: EHLO is {record['ehlo'][1:]}, a plain socket gets {lines}")
    got = f"{record['stage']}/{record['cause']}"
    if name == "opensmtpd":
        h.check(want is None, "opensmtpd: openssl completes a handshake: it is no longer the broken one")
        received = [a["number"] for a in record["tls"]["alerts"] if a["dir"] == "received"]
        h.check(got == "handshake/alert-received" and received == [80], f"opensmtpd: {got}, alerts {received}")
        return f"{got} {received[0]}"
    if name == "nginx-plain":
        h.check(got == "starttls/not-offered", f"{name}: {got}")
        return got
    tls = record["tls"]
    h.check(got == "done/ok", f"{name}: {got}")
    facts = {"version": tls["version"], "suite": tls["suite"], "group": tls.get("group"), "chain": record["chain"]}
    h.check(facts == want, f"{name}: recorded {facts}, openssl says {want}")
    return f"{tls['version']} {tls['suite']} {tls.get('group', 'no group')} {record['chain'][0][:12]}"


# of mxprobe, for a sender that trusts the CA of these servers
EXITS = {"opensmtpd": 5, "nginx-plain": 5, "nginx-tls1.0": 4}


def check_probe(programs, base, name, address, record):
    """mxprobe tells the facts that the sweep recorded, and the verdict that they come to"""
    done = programs.run(programs.mxprobe, "--json", "--host", "mx.example.test", "--trust-store", base / "certificates/ca.pem",
                        f"{address}:{mtas.PORT}", expect=EXITS.get(name, 0))
    probed = json.loads(done.stdout)
    h.check(h.facts(probed) == h.facts(record), f"{name}: mxprobe says {h.facts(probed)}, mxsweep {h.facts(record)}")
    h.check(probed["verdict"]["exit_code"] == done.returncode, f"{name}: mxprobe contradicts itself")


def main():
    programs = h.build_folder()
    root = pathlib.Path(sys.argv[2]).resolve()
    targets = [f"{a}" for a in mtas.ADDRESSES.values()]
    with tempfile.TemporaryDirectory(dir="/srv", prefix="mxsweep-mta-") as base, h.scratch() as folder:
        os.chmod(base, 0o755)   # the servers' users must get through; nobody else may write
        with mtas.running(root, pathlib.Path(base)):
            output = folder / "mta.mxs.zst"
            programs.run(programs.mxsweep, "--include-special", "-q", "-p", mtas.PORT, "--ehlo-name", "probe.example.test",
                         "-o", output, *targets)
            records = {r["addr"]: r for r in programs.export(output)}
            for name, address in mtas.ADDRESSES.items():
                print(f"{name:13} {check_server(name, address, records[address])}")
                check_probe(programs, pathlib.Path(base), name, address, records[address])


main()
