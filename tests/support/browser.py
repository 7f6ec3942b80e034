"""Headless Chromium, spoken to in the DevTools protocol over a pipe. Needs no driver, no port."""

import base64
import fcntl
import json
import os
import select
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

PROGRAM = "chromium-headless-shell"


class Browser:
    """One page in one browser of its own."""

    def __init__(self, width=1600, height=1200):
        self.folder = tempfile.mkdtemp(prefix="sluice-chromium-")
        to_read, self._to = self._pipe()
        self._from, to_write = self._pipe()

        def take_pipes():
            os.dup2(to_read, 3)
            os.dup2(to_write, 4)

        with open(Path(self.folder) / "log", "wb") as log:
            self.process = subprocess.Popen(
                [PROGRAM, "--remote-debugging-pipe", "--no-sandbox", "--disable-gpu",
                 "--disable-dev-shm-usage", "--hide-scrollbars", "--disable-background-networking",
                 "--no-first-run", f"--user-data-dir={self.folder}/profile",
                 f"--window-size={width},{height}", "about:blank"],
                preexec_fn=take_pipes, pass_fds=(3, 4), stdout=log, stderr=log)
        os.close(to_read)
        os.close(to_write)
        self._received, self._number, self._session = b"", 0, None
        self._width = width
        self.errors = []  # what the page's scripts complained of
        self.answers = {}  # address by request, of those that came back whole
        self._asked = {}
        pages = self.call("Target.getTargets")["targetInfos"]
        page = next(each["targetId"] for each in pages if each["type"] == "page")
        self._session = self.call("Target.attachToTarget", targetId=page, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network"):
            self.call(domain + ".enable")
        self.resize(height)

    @staticmethod
    def _pipe():
        """Both ends above the numbers that the browser wants."""
        ends = os.pipe()
        high = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in ends]
        for end in ends:
            os.close(end)
        return high

    def call(self, method, timeout=60, **params):
        """Sends a command and returns its result."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        end = time.monotonic() + timeout
        while True:
            answer = self._receive(end)
            if answer.get("id") == message["id"]:
                assert "error" not in answer, (method, answer["error"])
                return answer["result"]
            self._notice(answer.get("method"), answer.get("params"))

    def _notice(self, event, what):
        if event == "Runtime.exceptionThrown":
            details = what["exceptionDetails"]
            self.errors.append(details.get("exception", {}).get("description", details["text"]))
        elif event == "Network.requestWillBeSent":
            self._asked[what["requestId"]] = what["request"]["url"]
        elif event == "Network.loadingFinished" and what["requestId"] in self._asked:
            self.answers[what["requestId"]] = self._asked.pop(what["requestId"])

    def _receive(self, end):
        while b"\0" not in self._received:
            ready, _, _ = select.select([self._from], [], [], max(0, end - time.monotonic()))
            assert ready, "the browser does not answer"
            chunk = os.read(self._from, 1 << 20)
            assert chunk, "the browser is gone"
            self._received += chunk
        line, self._received = self._received.split(b"\0", 1)
        return json.loads(line)

    def resize(self, height):
        self.call("Emulation.setDeviceMetricsOverride", width=self._width, height=height,
                  deviceScaleFactor=1, mobile=False)

    def open(self, url, cookies=None):
        for name, value in (cookies or {}).items():
            self.call("Network.setCookie", name=name, value=value, url=url)
        self.call("Page.navigate", url=url)

    def evaluate(self, script):
        """Returns the value of a JavaScript expression."""
        result = self.call("Runtime.evaluate", expression=script, returnByValue=True,
                           awaitPromise=True)
        assert "exceptionDetails" not in result, result["exceptionDetails"]
        return result["result"].get("value")

    def wait(self, script, seconds=60):
        """Waits until an expression is true."""
        end = time.monotonic() + seconds
        while not self.evaluate(script):
            assert time.monotonic() < end, f"waited in vain for {script}"
            time.sleep(0.2)

    def screenshot(self, path):
        image = self.call("Page.captureScreenshot", format="png")["data"]
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_bytes(base64.b64decode(image))

    def close(self):
        os.close(self._to)
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        os.close(self._from)
        shutil.rmtree(self.folder, ignore_errors=True)
