"""What a process tree uses: processor time and memory, from /proc."""

import os
import signal
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")
PAGE_KB = 1024
SAMPLE_SECONDS = 0.2
SAMPLES_A_TREE = 5


def _stat(pid):
    """(parent, user and system seconds, those of children that were waited for)."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    fields = fields.rpartition(")")[2].split()
    own, waited = sum(map(int, fields[11:13])), sum(map(int, fields[13:15]))
    return int(fields[1]), own / TICK, waited / TICK


def tree(root):
    """The process and all its descendants that live now."""
    parents = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                parents[int(name)] = _stat(name)[0]
            except (OSError, IndexError, ValueError):
                pass
    found = [root] if root in parents else []
    for pid in found:
        found += [child for child, parent in parents.items() if parent == pid]
    return found


def cpu_seconds(root):
    """Of the whole tree, with the children that ended and were waited for."""
    total = 0.0
    for pid in tree(root):
        try:
            total += sum(_stat(pid)[1:])
        except (OSError, IndexError, ValueError):
            pass
    return total


def memory_bytes(pids):
    """(proportional share, resident): pages that they share count once in the first."""
    shares = resident = 0
    for pid in pids:
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
        except OSError:
            continue
        values = dict(line.split(":", 1) for line in lines[1:] if ":" in line)
        shares += int(values["Pss"].split()[0]) * PAGE_KB
        resident += int(values["Rss"].split()[0]) * PAGE_KB
    return shares, resident


@dataclass
class Used:
    """What a command used. `memory_bytes` is the peak of the tree's proportional share."""
    exit_code: int
    wall_s: float
    cpu_s: float
    memory_bytes: int
    resident_bytes: int

    def row(self):
        return {"wall_s": round(self.wall_s, 3), "cpu_s": round(self.cpu_s, 3),
                "memory_mb": round(self.memory_bytes / 1e6, 1),
                "resident_mb": round(self.resident_bytes / 1e6, 1)}


class Watched:
    """A started command whose tree is sampled until it ends."""

    def __init__(self, argv, log, **options):
        self._begun = time.monotonic()
        self._peak = [0, 0]
        self._log = open(log, "wb")
        self.process = subprocess.Popen(
            list(map(str, argv)), stdin=subprocess.DEVNULL, stderr=self._log,
            stdout=options.pop("stdout", self._log), start_new_session=True, **options)
        self.pid = self.process.pid
        self._ended = threading.Event()
        self._sampler = threading.Thread(target=self._sample, daemon=True)
        self._sampler.start()

    def _sample(self):
        pids, samples = [], 0
        while not self._ended.wait(SAMPLE_SECONDS):
            if samples % SAMPLES_A_TREE == 0:  # a look at every process there is: not each time
                pids = tree(self.pid)
            samples += 1
            self._peak = list(map(max, self._peak, memory_bytes(pids)))

    def wait(self, seconds):
        """Waits for the end; what is not done by then is killed. Returns what was Used."""
        killer = threading.Timer(seconds, self.signal, [signal.SIGKILL])
        killer.start()
        try:
            _, status, usage = os.wait4(self.pid, 0)
        except BaseException:
            self.signal(signal.SIGKILL)
            raise
        finally:
            killer.cancel()
        wall = time.monotonic() - self._begun
        self._ended.set()
        self._sampler.join()
        self._log.close()
        self.process.returncode = os.waitstatus_to_exitcode(status)
        shares, resident = self._peak
        return Used(self.process.returncode, wall, usage.ru_utime + usage.ru_stime, shares,
                    max(resident, usage.ru_maxrss * 1024))

    def signal(self, number):
        """To the whole tree, which has a session of its own."""
        try:
            os.killpg(self.pid, number)
        except ProcessLookupError:
            pass

    def stop(self, seconds=60):
        """Asks it to end; returns what was Used."""
        try:
            os.kill(self.pid, signal.SIGTERM)
        except ProcessLookupError:
            pass
        return self.wait(seconds)
