#!/usr/bin/env python3
"""screenshot.py: draws a page of mxstat report --html as PNG, in headless Chromium.
usage: screenshot.py PAGE OUT [WIDTH HEIGHT]   (1180 1240)   doc/report.png is made so."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "tools"))
import browser  # noqa: E402


def main():
    if len(sys.argv) not in (3, 5):
        raise SystemExit(__doc__)
    page, out = sys.argv[1:3]
    width, height = map(int, sys.argv[3:5] or (1180, 1240))
    program = browser.find()
    if program is None:
        raise SystemExit("screenshot.py: no Chromium here; install chromium-headless-shell")
    with browser.Browser(program) as b:
        b.open(page, width, height)
        b.screenshot(out, 0, height)
    print(f"{out}: {pathlib.Path(out).stat().st_size} octets")


main()
