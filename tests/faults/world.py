"""One topic with its load, its workers and its audit: what a scenario breaks."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import psycopg

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
import records  # noqa: E402
from acks import Acks  # noqa: E402
from audit import Audit  # noqa: E402
from project import Project  # noqa: E402
from trouble import Trouble  # noqa: E402
from workers import Workers  # noqa: E402
from servers.process import die_with_parent  # noqa: E402

SUPPORT = Path(__file__).resolve().parents[1] / "support"
SESSION = {"session.timeout.ms": 1500, "heartbeat.interval.ms": 200, "socket.timeout.ms": 10_000,
           "max.poll.interval.ms": 60_000}
STATIC = {"group.instance.id": "'${INSTANCE:none}'"}


class World:
    def __init__(self, cluster, name, draw, partitions=4, rate=400, static=True, skew=0.0,
                 lake_every="400ms", options=None, program=None,
                 contiguous=True, kinds="all"):
        self.cluster, self.name, self.draw, self.partitions = cluster, name, draw, partitions
        wanted = {**SESSION, **(STATIC if static else {}), **(options or {})}
        place = cluster.place(name)
        text = records.PIPELINE.format(
            name=name, partitions=partitions, kafka=place["kafka"],
            options=", ".join(f"{key}: {word}" for key, word in wanted.items()),
            lake=place["lake"].replace("EVERY", lake_every))
        self.project = Project(pipeline=text, **place["env"])
        self.project.env.pop("FP", None)
        self.brokers = cluster.make_topic(self.project, name, partitions)
        self.acks = Acks(self.project.folder / "acks")
        self.audit = Audit(cluster.conninfo, name, self.acks, place["io"], contiguous)
        self.rate = rate
        self.load = self.start_load(skew, kinds)
        self.workers = Workers(self.project.folder, self.project.env, program)
        self.found = []       # lines of all audits
        self.lost = self.doubled = self.disagreements = 0
        self._auditing = threading.Lock()

    def start_load(self, skew, kinds):
        with open(self.project.folder / "load.log", "ab") as log:
            return subprocess.Popen(
                [sys.executable, SUPPORT / "load.py", self.brokers, self.name,
                 str(self.partitions), str(self.rate), str(self.draw.randrange(1 << 31)),
                 self.acks.path, str(skew), kinds],
                stdin=subprocess.PIPE, stdout=log, stderr=log, preexec_fn=die_with_parent,
                env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"})

    def set_rate(self, rate):
        self.load.stdin.write(f"{rate}\n".encode())
        self.load.stdin.flush()

    def sql(self, query, *params):
        with psycopg.connect(self.cluster.conninfo, autocommit=True) as db:
            cursor = db.execute(query, params or None)
            return cursor.fetchall() if cursor.description else []

    def marks(self):
        """(sink, partition) → next offset; empty while there is no ledger or no server."""
        try:
            return {(sink, partition): mark for sink, partition, mark in self.sql(
                "SELECT sink, partition, next_offset FROM sluice.position WHERE pipeline = %s",
                self.name)}
        except (psycopg.OperationalError, psycopg.errors.UndefinedTable,
                psycopg.errors.InvalidSchemaName):
            return {}

    def reached(self, targets):
        marks = self.marks()
        return all(marks.get((sink, partition), 0) >= high
                   for partition, high in targets.items() for sink in ("warehouse", "lake"))

    def await_caught_up(self, seconds=90.0):
        """Waits until both sinks have all that is acknowledged by now; returns how long it took."""
        self.acks.read()
        targets, start = dict(self.acks.high), time.monotonic()
        while not self.reached(targets):
            if time.monotonic() - start > seconds:
                raise Trouble(f"not caught up after {seconds:.0f} s: {self.marks()} of {targets}; "
                              f"{self.last_words()}")
            if not self.acks.ended:
                self.check_load()
            time.sleep(0.05)
        return time.monotonic() - start

    def await_progress(self, seconds=60.0):
        """Waits until a mark of each sink has moved."""
        before, start = self.marks(), time.monotonic()
        while True:
            now = self.marks()
            moved = {key[0] for key, mark in now.items() if mark > before.get(key, 0)}
            if moved >= {"warehouse", "lake"}:
                return time.monotonic() - start
            if time.monotonic() - start > seconds:
                raise Trouble(f"no progress in {seconds:.0f} s: {now}; {self.last_words()}")
            time.sleep(0.05)

    def await_words(self, words, seconds=60.0):
        """Waits until a worker's log says so."""
        end = time.monotonic() + seconds
        while not any(words in self.log_of(f"worker-{slot.number}.log")
                      for slot in self.workers.slots):
            if time.monotonic() > end:
                raise Trouble(f"no worker said {words}: {self.last_words()}")
            time.sleep(0.05)

    def check_load(self):
        if self.load.poll() is not None:
            raise Trouble(f"the load ended: {self.log_of('load.log')[-300:]}")

    def log_of(self, name):
        path = self.project.folder / name
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def last_words(self):
        return " | ".join(self.log_of(f"worker-{slot.number}.log")[-400:].replace("\n", " / ")
                          for slot in self.workers.slots)

    def check(self, final=False):
        """One audit; what it finds is kept."""
        with self._auditing:
            findings = self.audit.check(final)
        self.found += findings.lines
        for kind in ("lost", "doubled", "disagreements"):
            setattr(self, kind, max(getattr(self, kind), getattr(findings, kind)))
        return findings

    def finish(self, seconds=120.0):
        """Ends the load, lets the workers catch up and audits all of it."""
        if self.load.poll() is None:
            self.load.terminate()
            self.load.wait(seconds)
        self.acks.read()
        if not self.acks.ended:
            raise Trouble(f"the load did not end well: {self.log_of('load.log')[-300:]}")
        try:
            self.await_caught_up(seconds)
        except Trouble as trouble:
            self.found.append(str(trouble))
        return self.check(final=True)

    def verify(self):
        """What the program itself says of it; "" when it agrees."""
        done = self.project.sluice("verify", timeout=300)
        return "" if done.returncode == 0 else f"sluice verify: {done.stdout}{done.stderr}"[:1500]

    def close(self):
        self.workers.close()
        if self.load.poll() is None:
            self.load.kill()
            self.load.wait()
        self.cluster.drop_topic(self.name)
        self.project.close()
