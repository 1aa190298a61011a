#!/usr/bin/python3
"""doc/farm.md holds what --list prints; man page and --help name the same options."""
import pathlib
import re
import subprocess
import sys

DOC = pathlib.Path(__file__).resolve().parents[2] / "doc"


def main():
    program = sys.argv[1]
    listed = subprocess.run([program, "--list"], check=True, capture_output=True, text=True).stdout
    assert listed in (DOC / "farm.md").read_text(encoding="utf-8"), "doc/farm.md: put the output of mxfarm --list there"
    usage = subprocess.run([program, "--help"], check=True, capture_output=True, text=True).stdout
    manual = (DOC / "man" / "mxfarm.1").read_text(encoding="utf-8")
    options = set(re.findall(r"--[a-z]+(?:-[a-z]+)*", usage))
    described = {"--" + name for name in re.findall(r"Fl -([a-z-]+)", manual)}
    assert options == described, f"--help and mxfarm.1 differ: {options ^ described}"
    for option in re.findall(r"(?m)^  (--[a-z-]+)", usage):
        done = subprocess.run([program, option, "?", "surplus"], capture_output=True, text=True, timeout=60)
        assert "unknown option" not in done.stderr, f"{option} is in --help, but unknown"
    version = subprocess.run([program, "--version"], check=True, capture_output=True, text=True).stdout
    assert re.fullmatch(r"mxfarm \d+\.\d+\.\d+ \(libuv \S+, BoringSSL API \d+\)\n", version), version


if __name__ == "__main__":
    main()
