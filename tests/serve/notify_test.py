"""What systemd is told: a socket of ours takes its place."""

import os
import shutil
import signal
import socket
import sys
import tempfile
import time
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
from postgres import Postgres  # noqa: E402
from project import Project, wait_until  # noqa: E402


class Listener:
    """The service manager's end."""

    def __init__(self, address):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(address)
        self.socket.setblocking(False)
        self.messages = []

    def heard(self):
        try:
            while True:
                self.messages.append(self.socket.recv(4096).decode())
        except BlockingIOError:
            return self.messages

    def has(self, beginning):
        return any(message.startswith(beginning) for message in self.heard())


class NotifyTest(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="sluice-notify-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.listener = Listener(str(self.folder / "notify"))
        self.addCleanup(self.listener.socket.close)

    def project(self, **variables):
        project = Project("books", NOTIFY_SOCKET=str(self.folder / "notify"), **variables)
        file = project.folder / "sluice.yml"  # without gold: a stop would wait for its last build
        file.write_text(file.read_text(encoding="utf-8").split("gold:")[0], encoding="utf-8")
        self.addCleanup(project.close)
        return project

    def test_ready_means_that_it_runs(self):
        postgres = Postgres()
        self.addCleanup(postgres.close)
        project = self.project(DATABASE_URL=postgres.conninfo, WATCHDOG_USEC="900000")
        process = project.start("run", "--http", "off")
        wait_until(lambda: self.listener.has("READY=1"), 60)
        pets = self.listener.heard().count("WATCHDOG=1")
        time.sleep(2)
        self.assertGreaterEqual(self.listener.heard().count("WATCHDOG=1") - pets, 3)
        self.assertFalse(self.listener.has("STOPPING=1"))
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(timeout=60), 0)
        self.assertTrue(self.listener.has("STOPPING=1"))
        self.assertEqual(self.listener.heard().count("READY=1"), 1)

    def test_who_waits_is_not_ready(self):
        project = self.project(DATABASE_URL="host=127.0.0.1 port=1 user=nobody dbname=x")
        process = project.start("run", "--http", "off", "--wait", "60")
        wait_until(lambda: self.listener.has("STATUS=waiting for PostgreSQL"), 30)
        self.assertTrue(self.listener.has("EXTEND_TIMEOUT_USEC="))
        self.assertFalse(self.listener.has("READY=1"))
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)
        self.assertFalse(self.listener.has("READY=1"))
        self.assertTrue(self.listener.has("STOPPING=1"))

    def test_an_abstract_socket_will_do(self):
        name = f"@sluice-notify-{os.getpid()}"
        listener = Listener("\0" + name[1:])
        self.addCleanup(listener.socket.close)
        project = self.project(DATABASE_URL="host=127.0.0.1 port=1 user=nobody dbname=x")
        project.env["NOTIFY_SOCKET"] = name
        process = project.start("run", "--http", "off", "--wait", "60")
        wait_until(lambda: listener.has("STATUS=waiting"), 30)
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)

    def test_nobody_need_listen(self):
        project = self.project(DATABASE_URL="host=127.0.0.1 port=1 user=nobody dbname=x")
        project.env["NOTIFY_SOCKET"] = str(self.folder / "nobody")
        process = project.start("run", "--http", "off", "--wait", "60")
        wait_until(lambda: "waiting for PostgreSQL" in process.log.read_text())
        self.assertIsNone(process.poll())


if __name__ == "__main__":
    unittest.main()
