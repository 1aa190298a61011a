#!/usr/bin/env python3
"""screenshot.py: draws a page of mxstat report --html as PNG, in headless Chromium.
usage: screenshot.py PAGE OUT [WIDTH HEIGHT [dark|light [ID]]]   (1180 1240 light)   doc/report*.png are made so, from ID on."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "tools"))
import browser  # noqa: E402


def main():
    page, out, width, height, colours, ident = (sys.argv[1:] + ["1180", "1240", "light", ""][len(sys.argv) - 3:])[:6]
    if len(sys.argv) not in (3, 5, 6, 7):
        raise SystemExit(__doc__)
    program = browser.find()
    if program is None:
        raise SystemExit("screenshot.py: no Chromium here; install chromium-headless-shell")
    with browser.Browser(program) as b:
        b.open(page, int(width), int(height), dark=colours == "dark")
        top = b.run(f"document.getElementById('{ident}').getBoundingClientRect().top + scrollY - 16") if ident else 0
        b.screenshot(out, top, int(height))
    print(f"{out}: {pathlib.Path(out).stat().st_size} octets")


main()
