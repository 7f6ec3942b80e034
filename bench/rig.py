"""Real Kafka and PostgreSQL for the benchmarks, and where their files lie.

    with Rig() as rig:
        topic = rig.topic(rows=100_000)          # loaded before it returns, kept for the next call
        with rig.meter() as used: …              # used.row(): CPU of Kafka and PostgreSQL in there
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT / "tests/support"))  # behind our own modules

import processes  # noqa: E402
import records  # noqa: E402
from stack import TestStack  # noqa: E402

SLUICE = Path(os.environ.get("SLUICE_BIN", ROOT / "build/release/bin/sluice")).resolve()
TOOLS = SLUICE.parents[1] / "bench"
PARTITIONS = 4
PRODUCE = """\
version: 1
pipeline: produce
source: {{kafka: "{brokers}", topic: {topic}}}
lake: ./lake
warehouse: embedded
bronze:
  raw.lines: {{format: json, columns: {{Book: string}}}}
"""


class BenchError(Exception):
    """What went wrong, for a person."""


def say(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


def tail(log):
    """The end of a log, which is gone with its folder."""
    return Path(log).read_text(encoding="utf-8", errors="replace")[-2000:]


def build_tools(*targets):
    """Into TOOLS, as the program was built; from the cache when nothing changed."""
    done = subprocess.run([ROOT / "scripts/build", SLUICE.parents[1].name, *targets],
                          text=True, capture_output=True, check=False)
    if done.returncode != 0:
        raise BenchError(done.stderr)


class Rig:
    def __init__(self, folder=None):
        """In a folder of its own that goes with it, or in a given one that stays, with its topics'
        records and its servers' data."""
        self._temporary = folder is None
        self.folder = Path(folder or tempfile.mkdtemp(prefix="sluice-bench-")).resolve()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o755)  # PostgreSQL runs as another user
        self.stack = TestStack(self.folder / "stack")
        self._topics, self._made = {}, []

    def __enter__(self):
        try:
            self.stack.up(["kafka", "postgres"])
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.stack.folder.exists():
            self.forget()  # what stays is for the next time: records' files and empty servers
            self.stack.down(keep=not self._temporary)
        if self._temporary:
            shutil.rmtree(self.folder, ignore_errors=True)

    def workdir(self, name):
        """An empty folder."""
        path = self.folder / name
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir(parents=True)
        return path

    def lines(self, rows, seed=1, shape=records.Shape()):
        """The file of records; made once."""
        name = f"{rows}-{seed}-{shape.padding}-{shape.columns}-{shape.repeated}.jsonl"
        path = self.folder / "records" / name
        path.parent.mkdir(exist_ok=True)
        records.write(path, rows, seed, shape)
        return path

    def topic(self, rows, seed=1, shape=records.Shape(), partitions=PARTITIONS):
        """A topic with these records, spread over its partitions; made once."""
        wanted = (rows, seed, shape, partitions)
        if wanted not in self._topics:
            path = self.lines(rows, seed, shape)
            topic = self.new_topic(partitions)
            begun = time.monotonic()
            self.produce(topic, path)
            seconds = time.monotonic() - begun
            say(f"{rows:,} records of {path.stat().st_size / rows:.0f} B to {partitions} "
                f"partitions in {seconds:.1f} s")
            self._topics[wanted] = topic
        return self._topics[wanted]

    def new_topic(self, partitions):
        """An empty one; `forget` deletes it too."""
        self._made.append(self.stack.topic(partitions=partitions, retention_ms=-1))
        return self._made[-1]

    def produce(self, topic, path):
        """Sends a file's lines, each confirmed."""
        home = self.workdir("produce")
        (home / "sluice.yml").write_text(
            PRODUCE.format(brokers=self.stack.kafka.address, topic=topic), encoding="utf-8")
        done = subprocess.run([SLUICE, "produce", "--lines", path], cwd=home, text=True,
                              capture_output=True, check=False, stdin=subprocess.DEVNULL)
        if done.returncode != 0:
            raise BenchError(f"sluice produce ended with {done.returncode}: {done.stderr}")

    def forget(self):
        """Deletes the topics, and with them their records on disk."""
        self._topics.clear()
        while self._made:
            self.stack.delete_topic(self._made.pop())

    def meter(self):
        return Meter(self.stack)


class Meter:
    """CPU seconds of the servers between its begin and its end."""

    def __init__(self, stack):
        self._roots = {name: stack.servers[name].pid() for name in ("kafka", "postgres")}
        self.seconds = {}

    def __enter__(self):
        self._before = {name: processes.cpu_seconds(pid) for name, pid in self._roots.items()}
        return self

    def __exit__(self, *_):
        self.seconds = {name: processes.cpu_seconds(pid) - self._before[name]
                        for name, pid in self._roots.items()}

    def row(self):
        return {f"{name}_cpu_s": round(seconds, 3) for name, seconds in self.seconds.items()}


def written(folder):
    """Files and bytes below a folder."""
    sizes = [path.stat().st_size for path in Path(folder).rglob("*") if path.is_file()]
    return {"files": len(sizes), "bytes": sum(sizes)}
