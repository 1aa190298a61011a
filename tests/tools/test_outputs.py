"""What mxstat writes to files is there whole or not at all: when the disk is full, when it is interrupted or killed in
the middle, when something is there already; and pipes get what a file would hold.

usage: test_outputs.py MXSTAT SYNTH SHIM
"""
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import threading

ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL)
SMALL = "8k"   # of a disk on which no output has room


def check(condition, what):
    if not condition:
        sys.exit(f"FAIL: {what}")


def population():
    """enough that each output takes more than a few kilobytes"""
    return [{"count": 40, "outcome": "done/ok", "chain": "valid", "name": f"mx{i}.example", "issuer": f"CA {i}",
             "tag": f"tag {i}", "greeting": f"220 mx{i}.example " + "x" * 200,
             "ehlo": "250-mx.example\\r\\n250 STARTTLS"} for i in range(30)]


class Case:
    """an output: the command, and the option that names it"""
    def __init__(self, name, *argv, folder=False, dataset=False, writes=(0,)):
        self.name, self.argv, self.folder, self.dataset, self.writes = name, argv, folder, dataset, writes

    def command(self, mxstat, data, path):
        return [mxstat, *(str(a).format(data=data, path=path) for a in self.argv)]


CASES = (
    Case("export", "export", "-o", "{path}", "{data}", writes=(0, 1)),
    Case("export csv", "export", "--format", "csv", "-o", "{path}", "{data}"),
    Case("export zgrab2", "export", "--format", "zgrab2", "--certs", "pem", "-o", "{path}", "{data}", writes=(0, 1)),
    Case("export keys", "export", "--keys", "-o", "{path}", "{data}"),
    Case("certs", "certs", "-o", "{path}", "{data}", writes=(0, 3)),
    Case("merge", "merge", "-o", "{path}", "{data}", writes=(0, 1), dataset=True),
    Case("repair", "verify", "--repair", "{path}", "{data}.damaged", writes=(0, 1), dataset=True),
    Case("report html", "report", "--no-cache", "--html", "{path}", "{data}"),
    Case("report svg", "report", "--no-cache", "--svg", "{path}", "{data}", folder=True, writes=(0, 7)),
    Case("report csv", "report", "--no-cache", "--csv", "{path}", "{data}", folder=True, writes=(0, 7)),
    Case("diff html", "diff", "--html", "{path}", "{data}", "{data}"),
)


def run(argv, **env):
    asan = os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"
    return subprocess.run(argv, env=dict(os.environ, ASAN_OPTIONS=asan, **env), capture_output=True, timeout=120)


def content(path):
    """of a file, or of the files of a folder"""
    if path.is_dir():
        return {p.name: p.read_bytes() for p in path.iterdir()}
    return path.read_bytes()


def test_whole(case, mxstat, data, place):
    """returns what the output is"""
    path = place / "whole"
    done = run(case.command(mxstat, data, path))
    check(done.returncode == 0 and not done.stderr, f"{case.name}: {done}")
    check([p.name for p in place.iterdir()] == ["whole"], f"{case.name}: more than the output: {list(place.iterdir())}")
    return content(path)


def test_there_already(case, mxstat, data, place):
    mine, link, full = place / "mine", place / "link", place / "full"
    mine.write_text("mine")
    link.symlink_to("mine")
    full.mkdir()
    (full / "mine").write_text("mine")
    before = sorted(p.name for p in place.iterdir())
    for path in (mine, link, full):
        done = run(case.command(mxstat, data, path))
        check(done.returncode in (1, 2), f"{case.name}: {path.name}: exit status {done.returncode}")
        check(f"{path}: exists; name another, or remove it" in done.stderr.decode(), f"{case.name}: {done.stderr}")
        check(done.stdout == b"" or case.name == "repair", f"{case.name}: {done.stdout}")   # it says what is damaged
    check(mine.read_text() == "mine" and content(full) == {"mine": b"mine"}, f"{case.name}: written over")
    check(sorted(p.name for p in place.iterdir()) == before, f"{case.name}: something was left")


def test_pipe(case, mxstat, data, place, whole):
    path, got = place / "pipe", []
    os.mkfifo(path)
    reader = threading.Thread(target=lambda: got.append(path.read_bytes()))
    reader.start()
    done = run(case.command(mxstat, data, path))
    reader.join()
    check(done.returncode == 0 and got == [whole], f"{case.name}: a pipe has not got what a file has: {done}")
    check(list(place.iterdir()) == [path], f"{case.name}: more than a pipe")


def test_ended(case, mxstat, data, place, shim):
    for named in (False, True):
        for number in case.writes:
            for how in ENDS:
                where = f"{case.name}, write {number}, {how.name}{', named' if named else ''}"
                env = {"LD_PRELOAD": shim, "MXEND_FOLDER": str(place), "MXEND": f"{number}:{int(how)}"}
                path = place / "output"
                done = run(case.command(mxstat, data, path), **env, **({"MXEND_NAMED": "1"} if named else {}))
                check(done.returncode == -how, f"{where}: {done}")
                left = list(place.iterdir())
                temporary = how == signal.SIGKILL and (named or case.folder)   # nobody is there to remove it
                check(not path.exists() and len(left) == temporary, f"{where}: left {left}")
                for p in left:
                    check(p.name.startswith("output.") and p.name.endswith(".tmp"), f"{where}: left {p}")
                    subprocess.run(["rm", "-r", p], check=True)


def test_full_disk(case, mxstat, data, disk):
    done = run(case.command(mxstat, data, disk / "output"))
    check(done.returncode == 1 and f"{disk / 'output'}: cannot write: No space left on device" in done.stderr.decode(),
          f"{case.name}: a full disk: {done}")
    check(list(disk.iterdir()) == [], f"{case.name}: a full disk: {list(disk.iterdir())}")


def on_full_disk(mxstat, data, folder):
    """in a mount namespace of its own"""
    disk = pathlib.Path(folder) / "disk"
    disk.mkdir()
    how = ["mount", "-t", "tmpfs", "-o", f"size={SMALL}", "none", str(disk)]
    if subprocess.run(how, capture_output=True, check=False).returncode != 0:
        print("no tmpfs can be mounted here: full disks left out")
        return
    for case in CASES:
        test_full_disk(case, mxstat, data, disk)
        print(f"{case.name}: nothing on a full disk")


def main():
    if sys.argv[1] == "--inside":
        return on_full_disk(*sys.argv[2:])
    mxstat, synth, shim = sys.argv[1:4]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        table, data = folder / "table.json", folder / "x.mxs.zst"
        table.write_text(json.dumps(population()))
        subprocess.run([synth, "--block", "100", table, data], check=True, timeout=120)
        octets = bytearray(data.read_bytes())
        octets[len(octets) // 2] ^= 1
        pathlib.Path(f"{data}.damaged").write_bytes(octets)
        for i, case in enumerate(CASES):
            places = [folder / f"{i}-{part}" for part in ("whole", "there", "pipe", "ended")]
            for place in places:
                place.mkdir()
            whole = test_whole(case, mxstat, data, places[0])
            test_there_already(case, mxstat, data, places[1])
            if not case.folder and not case.dataset:
                test_pipe(case, mxstat, data, places[2], whole)
            test_ended(case, mxstat, data, places[3], shim)
            print(f"{case.name}: whole or not at all")
        argv = ["unshare", "--user", "--map-root-user", "--mount", sys.executable, "-B", __file__,
                "--inside", mxstat, data, folder]
        done = subprocess.run(argv, check=False, timeout=300)
        check(done.returncode == 0, "a full disk")
    return 0


if __name__ == "__main__":
    sys.exit(main())
