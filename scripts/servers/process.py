"""One server process: found by its command line, started, waited for, signalled, stopped."""

import ctypes
import os
import random
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

PR_SET_PDEATHSIG = 1
DEPS = Path(os.environ.get("SLUICE_DEPS_DIR", Path(__file__).resolve().parents[2] / ".deps"))
# Below the range from which the system takes ports for outgoing connections.
PORTS = range(20000, 32000)


class StackError(Exception):
    """What went wrong and how to cure it, for a person."""


def free_port():
    for _ in range(200):
        port = random.choice(PORTS)
        if is_free(port):
            return port
    raise StackError(f"no free port between {PORTS.start} and {PORTS.stop}")


def is_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def run(argv, **options):
    """Runs a tool to its end; returns its stdout."""
    done = subprocess.run(list(map(str, argv)), text=True, capture_output=True, check=False,
                          stdin=subprocess.DEVNULL, **options)
    if done.returncode != 0:
        raise StackError(f"{argv[0]} ended with {done.returncode}: {done.stderr or done.stdout}")
    return done.stdout


def command_lines():
    """pid → (command line, parent) of every process; a dead one that is still listed has none."""
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            line = (entry / "cmdline").read_bytes().rstrip(b"\0").decode(errors="replace")
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, IndexError, ValueError):
            continue
        found[int(entry.name)] = (line.split("\0"), parent)
    return found


class Server:
    """Base of the three. No pid file: the command line, which names our folder, is the identity."""

    name = ""
    stop_signal = signal.SIGTERM
    ports = ("port",)
    start_seconds = 60

    def __init__(self, folder, settings, save, die_with_parent=False):
        """`settings` is this server's part of the stack's file, which `save` writes."""
        self.folder = Path(folder)
        self.settings = settings
        self.save = save
        self.die_with_parent = die_with_parent
        self._child = None

    # What each server says of itself.
    def argv(self):
        raise NotImplementedError

    def environment(self):
        return {}

    def drop_to(self):
        """Popen's arguments for another user."""
        return {}

    def make(self):
        """Makes the data folder, which is empty."""

    def configure(self):
        """Writes what depends on ports; before every start."""

    def check(self):
        """Raises unless this very server answers."""
        raise NotImplementedError

    def after_start(self):
        """Makes sure that users, buckets and the like exist."""

    @property
    def address(self):
        return f"127.0.0.1:{self.settings['port']}"

    @property
    def data(self):
        return self.folder / "data"

    @property
    def log(self):
        return self.folder / "log"

    def pid(self):
        """The server's process, or None."""
        argv = list(map(str, self.argv()))
        lines = command_lines()
        mine = [pid for pid, (line, _) in lines.items() if line == argv]
        # A child that was just forked looks the same for a moment.
        return next((pid for pid in mine if lines[pid][1] not in mine), None)

    def pids(self):
        """The server and its children."""
        first = self.pid()
        lines = command_lines()
        return [] if first is None else [first] + [p for p, (_, up) in lines.items() if up == first]

    def is_up(self):
        try:
            self.check()
            return self.pid() is not None
        except (OSError, StackError):
            return False

    def choose_ports(self):
        """Keeps the ports of before where they are free."""
        for name in self.ports:
            if name not in self.settings or not is_free(self.settings[name]):
                self.settings[name] = free_port()

    def start(self):
        """Starts the server and waits until it answers; one that runs is left alone."""
        if self.pid() is None:
            self._make_once()
            self.choose_ports()
            self.save()  # before there is a process: its command line names the port
            self.configure()
        end = time.monotonic() + self.start_seconds
        reason = ""
        while time.monotonic() < end:
            if self.pid() is None:
                reason = self._launch() or reason
            try:
                self.check()
                self.after_start()
                return
            except (OSError, StackError) as error:
                reason = str(error)
                time.sleep(0.1)
        raise StackError(f"{self.name} does not answer after {self.start_seconds} s: {reason}\n"
                         f"{self._log_tail()}\nits log is {self.log}")

    def stop(self, seconds=30):
        """Asks it to end, and kills what is still there after that time."""
        self.signal(signal.SIGCONT, children=True)
        self.signal(self.stop_signal)
        end = time.monotonic() + seconds
        while self.pid() is not None and time.monotonic() < end:
            self._reap()
            time.sleep(0.05)
        if self.pid() is not None:
            self.kill()
        self._reap()

    def kill(self):
        """Kill -9 for the server and its children, as when a machine loses power."""
        self.signal(signal.SIGKILL, children=True)
        while self.pid() is not None:
            self._reap()
            time.sleep(0.02)
        self._reap()

    def freeze(self):
        self.signal(signal.SIGSTOP, children=True)

    def thaw(self):
        self.signal(signal.SIGCONT, children=True)

    def signal(self, number, children=False):
        for pid in self.pids() if children else [self.pid()]:
            try:
                if pid is not None:
                    os.kill(pid, number)
            except ProcessLookupError:
                pass

    def remove(self):
        shutil.rmtree(self.folder, ignore_errors=True)

    def _make_once(self):
        made = self.folder / "made"
        if made.exists():
            return
        shutil.rmtree(self.data, ignore_errors=True)  # an attempt that did not end
        self.folder.mkdir(parents=True, exist_ok=True)
        self.make()
        made.touch()

    def _launch(self):
        """Starts the process; returns why it ended, when it ended at once."""
        self._reap()
        with open(self.log, "ab") as log:
            self._child = subprocess.Popen(
                list(map(str, self.argv())), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                cwd="/", env={**os.environ, **self.environment()}, start_new_session=True,
                preexec_fn=die_with_parent if self.die_with_parent else None, **self.drop_to())
        time.sleep(0.05)
        return self._log_tail() if self._child.poll() is not None else ""

    def _reap(self):
        if self._child is not None and self._child.poll() is not None:
            self._child = None

    def _log_tail(self):
        try:
            lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-8:]
        except OSError:
            return ""
        return "\n".join(f"  {self.name}: {line}" for line in lines)


def die_with_parent():
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
