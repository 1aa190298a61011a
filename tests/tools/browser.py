"""A headless Chromium on a pipe: opens pages, tells what they load and complain of, measures and draws them.
Its sandbox is off: it shows pages of ours."""

import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--disable-extensions", "--hide-scrollbars", "--remote-debugging-pipe")
PATIENCE_S = 60


def find():
    """the program, or None"""
    return next(filter(None, map(shutil.which, NAMES)), None)


class Browser:
    def __init__(self, program):
        self.folder = tempfile.TemporaryDirectory(prefix="browser-")
        to_child, self.out = os.pipe()
        self.into, from_child = os.pipe()
        flags = [*FLAGS, "--user-data-dir=" + self.folder.name]
        if "headless" not in os.path.basename(program):
            flags.append("--headless")
        # the protocol wants descriptors 3 and 4
        line = 'r=$1 w=$2; shift 2; eval "exec \\"\\$@\\" 3<&$r 4>&$w"'
        self.child = subprocess.Popen(["sh", "-c", line, "sh", str(to_child), str(from_child), program, *flags, "about:blank"],
                                      pass_fds=(to_child, from_child), stdin=subprocess.DEVNULL,
                                      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_child)
        os.close(from_child)
        self.rest, self.number, self.events, self.session = b"", 0, [], None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Log", "Runtime"):
            self.call(domain + ".enable")

    def __enter__(self):
        return self

    def __exit__(self, *why):
        os.close(self.out)
        try:
            self.child.wait(10)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
        os.close(self.into)
        self.folder.cleanup()

    def receive(self, deadline):
        while b"\0" not in self.rest:
            ready = select.select([self.into], [], [], max(0, deadline - time.monotonic()))[0]
            data = os.read(self.into, 1 << 20) if ready else b""
            if not data:
                raise SystemExit("FAIL: the browser " + ("ended" if ready else "does not answer"))
            self.rest += data
        message, self.rest = self.rest.split(b"\0", 1)
        return json.loads(message)

    def call(self, method, **params):
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self.out, data):]
        deadline = time.monotonic() + PATIENCE_S
        while (answer := self.receive(deadline)).get("id") != self.number:
            self.events.append(answer)
        if "error" in answer:
            raise SystemExit(f"FAIL: {method}: {answer['error']}")
        return answer["result"]

    def open(self, path, width, height=900, dark=False, media="screen"):
        """loads the page, at that size of the window"""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", media=media, features=[scheme])
        self.events.clear()
        self.call("Page.navigate", url="file://" + os.path.abspath(path))
        deadline = time.monotonic() + PATIENCE_S
        while not any(e["method"] == "Page.loadEventFired" for e in self.events):
            self.events.append(self.receive(deadline))

    def run(self, script):
        """the value of an expression in the page"""
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True)
        if "exceptionDetails" in answer:
            raise SystemExit(f"FAIL: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def requests(self):
        """what was asked for since the page was opened"""
        return [e["params"]["request"]["url"] for e in self.events if e["method"] == "Network.requestWillBeSent"]

    def complaints(self):
        """what came onto the console"""
        return [e["params"] for e in self.events
                if e["method"] in ("Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown")]

    def screenshot(self, path, y=0, height=None):
        """the page from y on, as PNG"""
        size = self.call("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": y, "width": size["width"], "height": height or size["height"] - y, "scale": 1}
        data = self.call("Page.captureScreenshot", format="png", clip=clip, captureBeyondViewport=True)["data"]
        with open(path, "wb") as file:
            file.write(base64.b64decode(data))
