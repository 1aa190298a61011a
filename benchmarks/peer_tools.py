"""peer_tools: how each scanner is run, and what it says of a target, in words that all have in common.

A word is true or false of a target: `works` (with the certificates shown), `not-offered`, `tls-failed` (STARTTLS was accepted, the
handshake failed), `throttled`, or `failed`, which says no more than that there was no session.
"""
import base64
import collections
import contextlib
import hashlib
import json
import pathlib
import re
import shutil
import ssl
import subprocess
import xml.etree.ElementTree

import scan

WORKS, NOT_OFFERED, TLS_FAILED, THROTTLED, FAILED = "works", "not-offered", "tls-failed", "throttled", "failed"
PEM = re.compile(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.S)
Word = collections.namedtuple("Word", "word leaves", defaults=[frozenset()])
NAME = "client.example"


class Job:
    """What a tool is to do: a list of targets in a file, a folder for its output, and the limits that all have."""

    def __init__(self, programs, folder, targets, at_once, time_out_s, wire):
        self.programs, self.folder, self.targets = programs, folder, targets
        self.at_once, self.time_out_s, self.wire = at_once, time_out_s, wire
        self.list, self.out, self.err = folder / "targets", folder / "out", folder / "err"
        self.list.write_text("".join(f"{t}\n" for t in targets), encoding="ascii")

    def each(self, command):
        """A command for each target, so many at once; {} is the target."""
        return ["xargs", "-a", self.list, "-P", self.at_once, "-I{}", "sh", "-c", command]

    def text(self, target):
        path = self.folder / target
        return path.read_text(encoding="latin-1") if path.exists() else ""


def ders(text):
    """The certificates in PEM that a text holds."""
    return [ssl.PEM_cert_to_DER_cert(pem) for pem in PEM.findall(text)]


def first_leaf(text):
    return frozenset(hashlib.sha256(der).hexdigest() for der in ders(text)[:1])


def tells_throttled(text):
    """Whether a reply, as printed, says so to who reads it."""
    return bool(re.match(r"(421|450)[ -]", text) or (re.match(r"[45]\d\d[ -]", text) and "too many connections" in text))


def json_lines(path):
    """The objects of a file that has one a line, perhaps with a comma; what is cut or no JSON is left out."""
    for line in path.read_text(encoding="latin-1").splitlines():
        if line.startswith("{"):
            with contextlib.suppress(json.JSONDecodeError):
                yield json.loads(line.rstrip(","), strict=False)


# ---- mxsweep ----

def run_mxsweep(job):
    patience = f"{job.time_out_s}s"
    words = scan.command(job.programs, 25, "-", job.out, "--in-flight", job.at_once, "--reply-timeout", patience, "--tls-timeout",
                         patience, "--session-timeout", f"{4 * job.time_out_s}s")
    return words[:-1] + ["--input-file", job.list]


def read_mxsweep(job):
    words = {}
    for record in job.programs.export(job.out):
        stage, cause, leaves = record["stage"], record["cause"], frozenset(record.get("chain", [])[:1])
        if stage in ("ehlo-tls", "done"):
            words[record["addr"]] = Word(WORKS, leaves)
        elif cause in (NOT_OFFERED, THROTTLED):
            words[record["addr"]] = Word(cause)
        else:
            words[record["addr"]] = Word(TLS_FAILED if stage == "handshake" else FAILED)
    return words


# ---- zgrab2 (from its source: it was not at hand) ----

def run_zgrab2(job):
    usage = subprocess.run(["zgrab2", "smtp", "--help"], capture_output=True, text=True, check=False)
    more = ["--starttls", "--send-ehlo"] if "--send-ehlo " in usage.stdout + usage.stderr else ["--send-ehlo-override"]
    return ["zgrab2", "smtp", "--port", 25, "-f", job.list, "-o", job.out, "-s", job.at_once, "-t", f"{job.time_out_s}s", *more]


def read_zgrab2(job):
    words = {}
    for record in json_lines(job.out):
        smtp = record["data"]["smtp"]
        result = smtp.get("result") or {}
        shake = (result.get("tls") or {}).get("handshake_log") or {}
        leaf = shake.get("server_certificates", {}).get("certificate", {}).get("parsed", {}).get("fingerprint_sha256")
        status, replies = smtp["status"], [result.get(key, "") for key in ("banner", "ehlo", "starttls")]
        if any(map(tells_throttled, replies)):
            word = Word(THROTTLED)
        elif status == "handshake-error" or (shake and not leaf):
            word = Word(TLS_FAILED)
        elif leaf:
            word = Word(WORKS, frozenset([leaf]))
        else:
            word = Word(NOT_OFFERED if replies[1].startswith("250") and "STARTTLS" not in replies[1] else FAILED)
        words[record["ip"]] = word
    return words


# ---- tls-scan ----

def run_tls_scan(job):
    return ["tls-scan", "--starttls=smtp", "--port=25", f"--infile={job.list}", f"--outfile={job.out}",
            f"--concurrency={job.at_once}", f"--timeout={job.time_out_s}", "--ciphers=ALL:@SECLEVEL=0", "--cacert=/etc/ssl/certs/ca-certificates.crt"]


def read_tls_scan(job):
    words = {}
    complaints = job.err.read_text(encoding="latin-1")
    for addr, error in re.findall(r"host: (\S+); ip: \S+; (?:port: \d+; )?error: ([^;|\n]*)", complaints):
        words[addr] = Word(NOT_OFFERED if "STARTTLS not supported" in error else FAILED)
    for record in json_lines(job.out):
        chain = record.get("certificateChain", [])[:1]
        words[record["ip"]] = Word(WORKS, frozenset(c["sha1Fingerprint"].replace(":", "").lower() for c in chain))
    return words


# ---- openssl ----

def run_openssl(job):
    return job.each(f"timeout {4 * job.time_out_s} openssl s_client -starttls smtp -name {NAME} -connect {{}}:25 -showcerts "
                    f"-cipher ALL:@SECLEVEL=0 </dev/null >{job.folder}/{{}} 2>&1 || :")


def read_openssl(job):
    words = {}
    for target in job.targets:
        text = job.text(target)
        if "Didn't find STARTTLS in server response" in text:
            words[target] = Word(NOT_OFFERED)
        elif re.search(r"^New, (TLS|SSL)\S+, Cipher is [^(]", text, re.M):
            words[target] = Word(WORKS, first_leaf(text))
        else:
            words[target] = Word(TLS_FAILED if ":SSL routines:" in text else FAILED)
    return words


# ---- sslscan ----

def run_sslscan(job):
    fewest = "--show-certificate --no-ciphersuites --no-fallback --no-renegotiation --no-compression --no-heartbleed --no-groups"
    return job.each(f"timeout {4 * job.time_out_s} sslscan --starttls-smtp --xml={job.folder}/{{}} --timeout={job.time_out_s} "
                    f"--connect-timeout={job.time_out_s} {fewest} {{}}:25 >/dev/null 2>&1 || :")


def read_sslscan(job):
    words = {}
    for target in job.targets:
        text = job.text(target)
        if "did not appear to support STARTTLS" in text:
            words[target] = Word(NOT_OFFERED)
        elif 'enabled="1"' in text:
            words[target] = Word(WORKS, first_leaf(text))
        else:
            words[target] = Word(TLS_FAILED if "<ssltest" in text and "<error>" not in text else FAILED)
    return words


# ---- nmap ----

def run_nmap(job):
    return ["nmap", "-n", "-Pn", "-p", 25, "--script", "smtp-commands,ssl-cert", "-oX", job.out, "-iL", job.list,
            "--min-hostgroup", job.at_once, "--max-hostgroup", job.at_once, "--script-timeout", f"{4 * job.time_out_s}s"]


def read_nmap(job):
    words = {}
    text = job.out.read_text(encoding="utf-8", errors="replace")
    for host in map(xml.etree.ElementTree.fromstring, re.findall(r"<host\b.*?</host>", text, re.S)):   # the file may be cut short
        scripts = {s.get("id"): s for s in host.iter("script")}
        pem = next((e.text for s in host.iter("script") for e in s.iter("elem") if e.get("key") == "pem"), "")
        said = scripts["smtp-commands"].get("output", "") if "smtp-commands" in scripts else ""
        refused = re.search(r"EHLO (\d\d\d.*)", said, re.S)
        if pem:
            word = Word(WORKS, first_leaf(pem))
        elif refused and tells_throttled(refused[1]):
            word = Word(THROTTLED)
        elif said and not re.match(r"\s*(SMTP\b|Couldn't|ERROR)", said) and "STARTTLS" not in re.split(r"[,\s]+", said):
            word = Word(NOT_OFFERED)
        else:
            word = Word(FAILED)
        words[host.find("address").get("addr")] = word
    return words


# ---- masscan ----

def run_masscan(job):
    return ["masscan", "-p25", "-iL", job.list, "--banners", "--rate", 200, "--retries", 1, "--wait", 2 * job.time_out_s,
            "-e", "wire", "--router-mac", job.wire.far_mac, "--adapter-ip", job.wire.spare, "-oJ", job.out]


def masscan_word(banners):
    certificates = frozenset(hashlib.sha256(base64.b64decode(b)).hexdigest() for name, b in banners if name == "X509")
    replies = [b for name, b in banners if name not in ("X509", "ssl")]
    if certificates:
        return Word(WORKS, certificates)
    if any(name == "ssl" and "ALERT" in b for name, b in banners):
        return Word(TLS_FAILED)
    if any(map(tells_throttled, replies)):
        return Word(THROTTLED)
    ehlo = [b for b in replies if re.search(r"^250[ -]", b, re.M)]
    return Word(NOT_OFFERED if ehlo and not any("STARTTLS" in b for b in ehlo) else FAILED)


def read_masscan(job):
    banners = collections.defaultdict(list)
    for record in json_lines(job.out):
        service = record["ports"][0].get("service")
        banners[record["ip"]] += [(service["name"], service["banner"])] if service else []
    return {addr: masscan_word(said) for addr, said in banners.items()}


# ---- all ----

class Tool:
    def __init__(self, program, run, read, slow=False):
        self.program, self.run, self.read, self.slow = program, run, read, slow
        self.name = pathlib.Path(program).name

    def present(self):
        return self.program == "mxsweep" or shutil.which(self.program) is not None


TOOLS = [
    Tool("mxsweep", run_mxsweep, read_mxsweep),
    Tool("zgrab2", run_zgrab2, read_zgrab2),
    Tool("tls-scan", run_tls_scan, read_tls_scan),
    Tool("openssl", run_openssl, read_openssl),
    Tool("masscan", run_masscan, read_masscan),
    Tool("nmap", run_nmap, read_nmap, slow=True),
    Tool("sslscan", run_sslscan, read_sslscan, slow=True),
]
