"""Worker processes that are killed, stopped and started again, each in a slot of its own."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))
from project import SLUICE  # noqa: E402
from trouble import Trouble, stacks  # noqa: E402
from servers.process import die_with_parent  # noqa: E402

LOOK_EVERY = 0.05


class Slot:
    def __init__(self, number):
        self.number = number
        self.process = None
        self.wanted = False   # it is to run: started again when it dies
        self.options = {}
        self.wake_at = None   # it was stopped: goes on then
        self.rss_mb = 0


class Workers:
    """`sluice run` in slots. A thread of its own starts the dead again and wakes the stopped."""

    def __init__(self, folder, env, program=None):
        self.folder, self.env, self.program = Path(folder), env, str(program or SLUICE)
        self.slots = []
        self.kills = self.stops = 0
        self.rss_max_mb = 0
        self.exits = []         # codes of those that ended by themselves
        self.pause = lambda: 0  # seconds until a slot's next life begins
        self.freeze = lambda: 2.0  # seconds that a stop by failpoint lasts
        self.lock = threading.RLock()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def start(self, number, fp=None, workers=1, prefix=(), env=None, arguments=()):
        """Lets a slot run, now and after each death. `fp()` gives each life its failpoints."""
        with self.lock:
            while len(self.slots) <= number:
                self.slots.append(Slot(len(self.slots)))
            slot = self.slots[number]
            slot.wanted = True
            slot.options = {"fp": fp, "workers": workers, "prefix": prefix, "env": env or {},
                            "arguments": arguments}
            if not alive(slot):
                self._begin(slot)
            return slot

    def change(self, number, **options):
        """What the slot's next life gets; this one goes on as it is."""
        with self.lock:
            self.slots[number].options.update(options)

    def _begin(self, slot):
        options = slot.options
        env = {**self.env, "INSTANCE": f"slot{slot.number}", **options["env"]}
        rules = options["fp"]() if options["fp"] else ""
        if rules:
            env["FP"] = rules
        log = self.folder / f"worker-{slot.number}.log"
        with open(log, "ab") as file:
            file.write(f"--- begins {time.time():.3f} FP={rules}\n".encode())
            file.flush()
            slot.process = subprocess.Popen(
                [*options["prefix"], self.program, "run", "--workers", str(options["workers"]),
                 *options["arguments"]],
                cwd=self.folder, env=env, stdout=file, stderr=file, start_new_session=True,
                preexec_fn=die_with_parent)
        slot.wake_at = None

    def kill(self, number, again=True):
        with self.lock:
            slot = self.slots[number]
            slot.wanted = again
            if alive(slot):
                slot.process.kill()  # counted when seen

    def stop(self, number, seconds):
        """Freezes a process for a while."""
        with self.lock:
            slot = self.slots[number]
            if alive(slot):
                slot.process.send_signal(signal.SIGSTOP)
                slot.wake_at = time.monotonic() + seconds
                self.stops += 1

    def forget(self, number):
        """The slot's process is the caller's now: its end is no news, and nothing begins anew."""
        with self.lock:
            self.slots[number].wanted = False

    def await_life(self, number, word, seconds=60):
        """Waits until a life of the slot has said a word; returns its process."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            with self.lock:
                process = self.slots[number].process
                said = (self.folder / f"worker-{number}.log").read_text(errors="replace")
            if process and word in said.rpartition("--- begins")[2]:
                return process
            time.sleep(0.05)
        raise TimeoutError(f"worker {number} did not say {word}")

    def wake(self, number):
        with self.lock:
            self.slots[number].wake_at = time.monotonic()

    def term(self, number, seconds=60):
        """Asks a process to end; returns its exit code and how long it took."""
        with self.lock:
            slot = self.slots[number]
            slot.wanted = False
            process = slot.process
            process.send_signal(signal.SIGTERM)
        start = time.monotonic()
        try:
            code = process.wait(seconds)
        except subprocess.TimeoutExpired as late:
            (self.folder / f"stacks-{number}.log").write_text(stacks(process.pid))
            raise Trouble(f"SIGTERM: worker {number} runs on after {seconds} s") from late
        return code, time.monotonic() - start

    def end_all(self, again=False):
        """Kills all, without counting it; they come again when told so."""
        with self.lock:
            for slot in self.slots:
                slot.wanted = again
                if slot.process and slot.process.poll() is None:
                    self.measure(slot)
                    slot.process.kill()
                    slot.process.wait()
                slot.process = None

    def _watch(self):
        while not self._closing.wait(LOOK_EVERY):
            with self.lock:
                for slot in self.slots:
                    self._look(slot)

    def _look(self, slot):
        if slot.process is None:
            if slot.wanted and time.monotonic() >= (slot.wake_at or 0):
                self._begin(slot)
            return
        code = slot.process.poll()
        if code is not None:
            if code == -signal.SIGKILL:
                self.kills += 1
            elif slot.wanted:
                self.exits.append(code)
            slot.process = None
            slot.wake_at = time.monotonic() + self.pause()
            return
        state = self.measure(slot)
        if state == "T" and slot.wake_at is None:  # a failpoint stopped it
            self.stops += 1
            slot.wake_at = time.monotonic() + self.freeze()
        elif slot.wake_at is not None and time.monotonic() >= slot.wake_at:
            slot.wake_at = None
            slot.process.send_signal(signal.SIGCONT)

    def measure(self, slot):
        """Takes note of the most memory a process had; returns its state."""
        try:
            text = Path(f"/proc/{slot.process.pid}/status").read_text(encoding="ascii")
        except (OSError, UnicodeDecodeError):
            return ""
        state = ""
        for line in text.splitlines():
            if line.startswith("State:"):
                state = line.split()[1]
            elif line.startswith("VmHWM:"):
                self.rss_max_mb = max(self.rss_max_mb, int(line.split()[1]) // 1024)
        return state

    def close(self):
        self._closing.set()
        self._thread.join()
        self.end_all()


def alive(slot):
    return slot.process is not None and slot.process.poll() is None
