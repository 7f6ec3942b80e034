"""A real Superset on SQLite, on a free port of the loopback, for tests."""

import fcntl
import hashlib
import http.cookiejar
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".deps/superset"
PACKAGING = ROOT / "packaging/superset"
USER, PASSWORD = "admin", "a password of the tests"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Superset:
    """Starts from a copy of Superset's own tables, which take a minute to make: they are made once
    for each version of what they depend on, and lie beside the environment."""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="sluice-superset-"))
        self.env = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "LANG": "C.UTF-8",
                    "SUPERSET_HOME": str(self.folder),
                    "SUPERSET_CONFIG_PATH": str(PACKAGING / "superset_config.py"),
                    "SUPERSET_SECRET_KEY": "the secret key of the tests",
                    "ADMIN_USERNAME": USER, "ADMIN_PASSWORD": PASSWORD}
        self._prepare()
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = self.folder / "superset.log"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [VENV / "bin/gunicorn", "-w", "1", "-k", "gthread", "--threads", "8",
                 "--timeout", "120", "-b", f"127.0.0.1:{self.port}", "superset.app:create_app()"],
                cwd=self.folder, env=self.env, stdout=log, stderr=subprocess.STDOUT)

    def _prepare(self):
        facts = [VENV / ".lock", PACKAGING / "superset_config.py", PACKAGING / "prepare.py"]
        digest = hashlib.sha256(b"".join(file.read_bytes() for file in facts)
                                + USER.encode() + PASSWORD.encode()).hexdigest()[:16]
        seed = VENV / f"seed-{digest}.db"
        with open(VENV / "seed.lock", "w", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not seed.exists():
                done = subprocess.run([VENV / "bin/python", PACKAGING / "prepare.py"], text=True,
                                      cwd=self.folder, env=self.env, capture_output=True,
                                      check=False)
                assert done.returncode == 0, done.stdout + done.stderr
                shutil.copy(self.folder / "superset.db", f"{seed}.new")
                os.replace(f"{seed}.new", seed)
        shutil.copy(seed, self.folder / "superset.db")

    def wait(self):
        """Until it answers, which is ten seconds after its start."""
        end = time.monotonic() + 120
        while True:
            assert self.process.poll() is None, self.log.read_text(encoding="utf-8")
            try:
                with urllib.request.urlopen(self.url + "/health", timeout=5) as answer:
                    assert answer.read() == b"OK"
                    return
            except (urllib.error.URLError, OSError):
                assert time.monotonic() < end, self.log.read_text(encoding="utf-8")
                time.sleep(0.2)

    def close(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder)


class Client:
    """A person's session: pages by cookie, the API by the same cookie."""

    def __init__(self, superset):
        self.url = superset.url
        self.cookies = http.cookiejar.CookieJar()
        self._opener = urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(self.cookies))
        self._log_in()
        self._token = self.get("/api/v1/security/csrf_token/")["result"]

    def _log_in(self):
        page = self._opener.open(self.url + "/login/", timeout=60).read().decode()
        token = re.search(r'id="csrf_token"\s+value="([^"]+)"', page)[1]
        form = {"csrf_token": token, "username": USER, "password": PASSWORD}
        self._opener.open(self.url + "/login/", urllib.parse.urlencode(form).encode(), timeout=60)

    def get(self, path):
        return self._call("GET", path)

    def put(self, path, body=None):
        return self._call("PUT", path, body or {})

    def _call(self, method, path, body=None):
        request = urllib.request.Request(
            self.url + path, None if body is None else json.dumps(body).encode(), method=method,
            headers={"Accept": "application/json", "Referer": self.url + "/"})
        if body is not None:
            request.add_header("Content-Type", "application/json")
            request.add_header("X-CSRFToken", self._token)
        try:
            with self._opener.open(request, timeout=120) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise AssertionError(
                f"{method} {path}: {error.code} {error.read().decode()[:2000]}") from None

    def cookie(self):
        return next(cookie.value for cookie in self.cookies if cookie.name == "session")
