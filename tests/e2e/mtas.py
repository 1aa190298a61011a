"""mtas: real mail servers as children of a test, on loopback addresses of their own. The binaries come from
scripts/fetch-mtas.sh; certificates are made here. Needs root."""

import contextlib
import os
import pathlib
import shutil
import socket
import subprocess

import harness as h



def free_port():
    """a port that nobody listens on, on any address of 127/8 (the next to bind it is one of ours)"""
    with socket.socket() as s:
        s.bind(("0.0.0.0", 0))
        return s.getsockname()[1]


def free_ports(num):
    """as many, all different: none is given back before all are there"""
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(num)]
        for s in sockets:
            s.bind(("0.0.0.0", 0))
        return [s.getsockname()[1] for s in sockets]


PORT = free_port()
HERE = pathlib.Path(__file__).resolve().parent
ADDRESSES = {"postfix": "127.77.0.2", "exim": "127.77.0.3", "sendmail": "127.77.0.5", "opensmtpd": "127.77.0.6",
             "nginx": "127.77.0.10", "nginx-tls1.0": "127.77.0.11", "nginx-rsa": "127.77.0.12",
             "nginx-plain": "127.77.0.13"}


def sh(*argv, **kw):
    done = subprocess.run([str(a) for a in argv], capture_output=True, timeout=120, **kw)
    if done.returncode != 0:
        raise SystemExit(f"FAIL: {' '.join(map(str, argv))}: {done.stderr.decode(errors='replace')[-2000:]}")
    return done.stdout


def make_certificates(folder):
    """a CA, a P-256 leaf and an RSA leaf: ca.pem, key.pem, chain.pem, rsa-key.pem, rsa-chain.pem"""
    ca_key, ca = folder / "ca-key.pem", folder / "ca.pem"
    sh("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", ca_key,
       "-out", ca, "-days", "30", "-subj", "/O=Interop/CN=Interop CA")
    kinds = {"": ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"], "rsa-": ["-newkey", "rsa:2048"]}
    for prefix, key in kinds.items():
        request, leaf = folder / "request.pem", folder / "leaf.pem"
        sh("openssl", "req", *key, "-nodes", "-keyout", folder / f"{prefix}key.pem", "-out", request, "-subj",
           "/CN=mx.example.test", "-addext", "subjectAltName=DNS:mx.example.test")
        sh("openssl", "x509", "-req", "-in", request, "-CA", ca, "-CAkey", ca_key, "-CAcreateserial", "-days", "20",
           "-copy_extensions", "copy", "-out", leaf)
        (folder / f"{prefix}chain.pem").write_bytes(leaf.read_bytes() + ca.read_bytes())


def place(root, folder, template, target, **more):
    """fills a template of mta/ into target"""
    text = (HERE / "mta" / template).read_text()
    values = {"ROOT": root, "DIR": folder, "PORT": PORT, **more}
    for name, value in values.items():
        text = text.replace(f"@{name}@", str(value))
    target.write_text(text)


def home(base, name, certificates, *folders):
    """a server's own folder, with copies of the certificates"""
    folder = base / name
    for sub in ("log", *folders):
        (folder / sub).mkdir(parents=True, exist_ok=True)
    for pem in certificates.glob("*.pem"):
        shutil.copy(pem, folder)
    for key in folder.glob("*key.pem"):
        key.chmod(0o600)
    return folder


def postfix(root, base, certificates):
    folder = home(base, "postfix", certificates, "etc", "queue", "data")
    etc, lib = folder / "etc", root / "postfix/usr/lib/postfix"
    place(root, folder, "postfix-main.cf", etc / "main.cf", POSTFIX_TLS=">=TLSv1")
    place(root, folder, "postfix-master.cf", etc / "master.cf", ADDR=ADDRESSES["postfix"])
    for part in ("postfix-script", "post-install", "postfix-files", "postfix-tls-script"):
        for found in (root / "postfix").rglob(part):
            if found.is_file():
                shutil.copy(found, etc)
    (etc / "dynamicmaps.cf").touch()
    shutil.chown(folder / "data", "postfix")
    env = {**os.environ, "LD_LIBRARY_PATH": str(lib), "PATH": f"{root}/postfix/usr/sbin:{os.environ['PATH']}"}
    # `postfix start` would complain of modes that an extracted package cannot have; its master needs only the queue's folders
    for queue in ("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "private", "saved",
                  "trace"):
        (folder / "queue" / queue).mkdir(exist_ok=True)
        shutil.chown(folder / "queue" / queue, "postfix")
    for queue in ("maildrop", "public"):
        (folder / "queue" / queue).mkdir(exist_ok=True)
        shutil.chown(folder / "queue" / queue, "postfix", "postdrop")
    (folder / "queue" / "pid").mkdir(exist_ok=True)
    return [root / "postfix/usr/lib/postfix/sbin/master", "-c", etc, "-d"], env


def exim(root, base, certificates):
    folder = home(base, "exim", certificates, "spool")
    place(root, folder, "exim.conf", folder / "exim.conf", ADDR=ADDRESSES["exim"])
    for path in (folder, *folder.rglob("*")):
        if path.name != "exim.conf":
            shutil.chown(path, "Debian-exim", "Debian-exim")
    return [root / "exim/usr/sbin/exim4", "-C", folder / "exim.conf", "-bdf"], None


def sendmail(root, base, certificates):
    folder = home(base, "sendmail", certificates, "mq")
    (folder / "mq").chmod(0o700)
    place(root, folder, "sendmail.mc", folder / "sendmail.mc", ADDR=ADDRESSES["sendmail"])
    (folder / "sendmail.cf").write_bytes(sh("m4", folder / "sendmail.mc"))
    (folder / "service.switch").write_text("hosts files\naliases files\n")
    start = f"hostname mx.example.test; exec {root}/sendmail/usr/libexec/sendmail/sendmail -C {folder}/sendmail.cf -bD"
    return ["unshare", "--uts", "sh", "-c", start], None


def opensmtpd(root, base, certificates):
    folder = home(base, "opensmtpd", certificates)
    place(root, folder, "opensmtpd.conf", folder / "smtpd.conf", ADDR=ADDRESSES["opensmtpd"])
    for path in ("/var/spool/smtpd", "/var/lib/opensmtpd/empty"):   # compiled in
        os.makedirs(path, exist_ok=True)
    os.chmod("/var/spool/smtpd", 0o711)
    libexec = pathlib.Path("/usr/libexec/opensmtpd")
    if libexec.is_symlink():
        libexec.unlink()
    if not libexec.exists():
        libexec.symlink_to(root / "opensmtpd/usr/libexec/opensmtpd")
    return [root / "opensmtpd/usr/sbin/smtpd", "-d", "-f", folder / "smtpd.conf"], None


def nginx(root, base, certificates):
    folder = home(base, "nginx", certificates)
    place(root, folder, "nginx.conf", folder / "nginx.conf", ADDR=ADDRESSES["nginx"], ADDR2=ADDRESSES["nginx-tls1.0"],
          ADDR3=ADDRESSES["nginx-rsa"], ADDR4=ADDRESSES["nginx-plain"])
    return [root / "nginx/usr/sbin/nginx", "-p", folder, "-c", folder / "nginx.conf"], None


def answers(address):
    with contextlib.suppress(OSError), socket.create_connection((address, PORT), timeout=5) as s:
        s.settimeout(5)
        return s.recv(512).startswith(b"220")
    return False


@contextlib.contextmanager
def running(root, base):
    """all servers, started and answering; ended with their groups"""
    certificates = base / "certificates"
    certificates.mkdir()
    make_certificates(certificates)
    children = []
    try:
        for server in (postfix, exim, sendmail, opensmtpd, nginx):
            argv, env = server(root, base, certificates)
            with open(base / server.__name__ / "log" / "out", "wb") as out:
                children.append((server.__name__, subprocess.Popen([str(a) for a in argv], env=env, stdout=out, stderr=out,
                                                                   stdin=subprocess.DEVNULL, start_new_session=True)))
        for name, address in ADDRESSES.items():
            h.wait_until(lambda a=address: answers(a), f"{name} on {address} greets with 220", limit=40)
        yield
    finally:
        for name, child in children:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, 15)
            try:
                child.wait(timeout=20)
            except subprocess.TimeoutExpired:
                os.killpg(child.pid, 9)
                child.wait()
