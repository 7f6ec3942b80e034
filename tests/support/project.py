"""A pipeline's folder and the sluice program, for tests that use it as a person would."""

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SLUICE = os.environ.get("SLUICE_BIN", str(ROOT / "build/dev/bin/sluice"))
OWN_VARIABLES = ("KAFKA_BROKERS", "DATABASE_URL", "LAKE")


class Project:
    """A copy of a folder of examples/, or an empty one with the given pipeline file."""

    def __init__(self, example=None, pipeline=None, **variables):
        self.folder = Path(tempfile.mkdtemp(prefix="sluice-test-"))
        self.folder.chmod(0o755)  # the private server runs as another user
        if example:
            shutil.copytree(ROOT / "examples" / example, self.folder, dirs_exist_ok=True,
                            ignore=shutil.ignore_patterns(".sluice", "lake"))
        if pipeline:
            (self.folder / "sluice.yml").write_text(pipeline, encoding="utf-8")
        self.env = {k: v for k, v in os.environ.items() if k not in OWN_VARIABLES}
        self.env.update(variables, SLUICE_DBT_PYTHON=str(ROOT / ".deps/dbt/bin/python"))
        self.processes = []

    def sluice(self, *args, timeout=120, stdin=None):
        """Runs a verb to its end; returns its exit code, stdout and stderr."""
        return subprocess.run([SLUICE, *map(str, args)], cwd=self.folder, env=self.env, text=True,
                              input=stdin, capture_output=True, timeout=timeout, check=False)

    def ok(self, *args, **options):
        """Runs a verb that must succeed; returns what it printed."""
        done = self.sluice(*args, **options)
        assert done.returncode == 0, f"{args}: exit {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    def json(self, *args, **options):
        return json.loads(self.ok(*args, "-o", "json", **options))

    def start(self, *args, log=None):
        """Starts a verb that goes on; ended with the project at the latest."""
        path = self.folder / (log or f"{args[0]}-{len(self.processes)}.log")
        with open(path, "wb") as file:
            process = subprocess.Popen([SLUICE, *map(str, args)], cwd=self.folder, env=self.env,
                                       stdout=file, stderr=subprocess.STDOUT)
        process.log = path
        self.processes.append(process)
        return process

    def broker(self, partitions=1):
        """Starts the embedded broker in a process of its own, which outlives runs."""
        process = self.start("broker", "--partitions", partitions)
        wait_until(lambda: (self.folder / ".sluice/broker.json").exists() or process.poll())
        return process

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def close(self):
        for process in self.processes:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self.processes:
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def wait_until(condition, seconds=30.0):
    """Waits for a condition; fails the test when it does not come true."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)
