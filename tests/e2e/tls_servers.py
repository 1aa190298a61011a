"""tls_servers: servers of OpenSSL and GnuTLS as children of a test, which speak no SMTP and stand behind the farm's front.
Certificates are made here. Everything is on loopback, and ended by its pid."""

import contextlib
import os
import socket
import subprocess

import harness
import mtas

CLEAN = {k: v for k, v in os.environ.items() if k not in ("SSL_CERT_FILE", "SSL_CERT_DIR")} | {"OPENSSL_CONF": "/dev/null"}


def run(*argv):
    subprocess.run([str(a) for a in argv], check=True, capture_output=True, env=CLEAN)


def make_keys(folder):
    """a self-signed certificate for each key type: nobody is to trust it"""
    ec = ["ec", "-pkeyopt"]
    for name, options in (("rsa", ["rsa:2048"]), ("p256", [*ec, "ec_paramgen_curve:P-256"]), ("p384", [*ec, "ec_paramgen_curve:P-384"]),
                          ("p521", [*ec, "ec_paramgen_curve:P-521"]), ("ed25519", ["ed25519"]), ("rsa4096", ["rsa:4096"])):
        run("openssl", "req", "-x509", "-newkey", *options, "-nodes", "-keyout", folder / f"{name}.key", "-out", folder / f"{name}.pem",
            "-subj", "/CN=mx.example.com", "-addext", "subjectAltName=DNS:mx.example.com", "-days", "30")


def dh_params(folder, group):
    path = folder / f"{group}.dh"
    if not path.exists():
        run("openssl", "genpkey", "-genparam", "-algorithm", "DH", "-pkeyopt", f"group:{group}", "-out", path)
    return path


def argv_of(server, folder, port):
    kind, options = server.argv
    options = [dh_params(folder, o[1:]) if str(o).startswith("@modp") or str(o).startswith("@ffdhe") else o for o in options]
    key = [] if server.key is None else [folder / f"{server.key}.pem", folder / f"{server.key}.key"]
    if kind == "openssl":
        files = ["-cert", key[0], "-key", key[1]] if key else []
        return ["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-rev", "-quiet", *files, *options]
    files = ["--x509certfile", key[0], "--x509keyfile", key[1]] if key else []
    return ["gnutls-serv", "--echo", "--quiet", "--port", port, "--disable-client-cert", *files, *options]


def is_open(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return True
    except OSError:
        return False


@contextlib.contextmanager
def running(servers, folder):
    """starts them all on ports of their own; yields the ports"""
    children = []
    ports = mtas.free_ports(len(servers))
    try:
        for server, port in zip(servers, ports):
            with open(folder / f"{port}.log", "wb") as log:
                children.append(subprocess.Popen([str(a) for a in argv_of(server, folder, port)], stdin=subprocess.PIPE, stdout=log,
                                                 stderr=log, env=CLEAN))
        for server, port, child in zip(servers, ports, children):
            harness.wait_until(lambda: is_open(port), f"{server.name} listens", 20)
            harness.check(child.poll() is None, f"{server.name}: ended, {child.returncode}: {(folder / f'{port}.log').read_text()[-500:]}")
        yield ports
    finally:
        for child in children:
            child.kill()
            child.wait()


@contextlib.contextmanager
def fronted(programs, servers, folder):
    """runs them behind a farm; yields its port, and their addresses"""
    with running(servers, folder) as ports:
        addrs = [f"127.10.{i >> 8}.{(i & 255) + 1}" for i in range(len(servers))]
        fronts = [o for addr, port in zip(addrs, ports) for o in ("--front", f"{addr}=127.0.0.1:{port}")]
        with harness.farm(programs, *fronts) as port:
            yield port, addrs


def sweep(programs, farm_port, folder, targets, *options):
    output = folder / f"{'-'.join(options) or 'plain'}.mxs.zst"
    programs.run(*harness.sweep_argv(programs, farm_port, output, "--audit-delay", "1ms", *options, *targets, limits=harness.timeouts(10)))
    return {r["addr"]: r for r in programs.export(output)}
