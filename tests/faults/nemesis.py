"""Draws faults from a seed, lets them happen while records flow, and counts what is lost.

A round is one scenario on a running world: the fault, then the time until both sinks have all that
was acknowledged, then an audit. Audits at random instants go on meanwhile.
"""

import json
import random
import shutil
import statistics
import threading
import time
from dataclasses import dataclass, field

import psycopg

from project import ROOT
from scenario import SCENARIOS
from trouble import Trouble
from world import World

ROUNDS_PER_WORLD = 15
CAUGHT_UP_WITHIN = 120.0
SLOTS = 2


@dataclass
class Tally:
    """The sums of a run, as its JSON file has them."""
    seed: int
    commit: str
    rows: int = 0
    kills: int = 0
    stops: int = 0
    cuts: int = 0
    lost: int = 0
    doubled: int = 0
    disagreements: int = 0
    recoveries: list = field(default_factory=list)
    rss_max_mb: int = 0
    scenarios: dict = field(default_factory=dict)  # name → [times, passed]
    faults: list = field(default_factory=list)

    def as_json(self):
        plain = {name: getattr(self, name) for name in (
            "seed", "commit", "rows", "kills", "stops", "cuts", "lost", "doubled",
            "disagreements")}
        times = sorted(self.recoveries)
        return json.dumps({
            **plain, "recovery_p50_s": round(statistics.median(times), 2) if times else None,
            "recovery_max_s": round(times[-1], 2) if times else None,
            "rss_max_mb": self.rss_max_mb,
            "scenarios": [{"name": name, "times": times, "passed": passed}
                          for name, (times, passed) in sorted(self.scenarios.items())]}, indent=1)


class Auditor:
    """Looks at a world at random instants, from a thread of its own."""

    def __init__(self, world, draw, every):
        self.world, self.draw, self.every = world, draw, every
        self.looks = 0
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        while not self._closing.wait(self.draw.expovariate(1 / self.every)):
            try:
                self.world.check()
                self.looks += 1
            except psycopg.OperationalError:
                continue  # a fault of PostgreSQL is under way

    def close(self):
        self._closing.set()
        self._thread.join()


class Nemesis:
    def __init__(self, cluster, tally, names, say=print, keep=None):
        self.cluster, self.tally, self.say = cluster, tally, say
        self.pool = [SCENARIOS[name] for name in names]
        self.keep = keep  # folder for the logs of what failed
        self.world = self.auditor = None
        self.worlds = 0

    def run(self, minutes, on_round=lambda: None):
        try:
            self.draw(minutes, on_round)
        finally:
            if self.world is not None:  # ended from outside
                self.auditor.close()
                self.world.close()

    def draw(self, minutes, on_round):
        end = time.monotonic() + minutes * 60
        number = 0
        while time.monotonic() < end:
            draw = random.Random(f"{self.tally.seed}/{number}")
            chosen = draw.choices(self.pool, [s.weight for s in self.pool])[0]
            if chosen.world is not None or number % ROUNDS_PER_WORLD == 0:
                self.end_world()
            if self.world is None:
                self.begin_world(number, chosen.world or {})
            if self.world is not None:
                self.round(number, chosen, draw)
            if chosen.world is not None:
                self.end_world()
            number += 1
            on_round()
        self.end_world()
        on_round()

    def begin_world(self, number, wishes):
        draw = random.Random(f"{self.tally.seed}/world/{number}")
        wishes = {"static": draw.random() < 0.7, **wishes}
        slots = wishes.pop("slots", SLOTS)
        self.cluster.heal()
        self.world = World(self.cluster, f"f{self.tally.seed % 10_000}_{number}", draw, **wishes)
        self.worlds += 1
        self.auditor = Auditor(self.world, random.Random(draw.random()), 4.0)
        for slot in range(slots):
            self.world.workers.start(slot)
        try:
            self.world.await_progress()
        except Trouble as trouble:
            self.failed(number, "begin", [str(trouble)])

    def round(self, number, scenario, draw):
        world, before = self.world, Counts(self.world, self.cluster)
        faults = []
        drawn, recovery = "", None
        try:
            drawn = scenario.run(world, draw) or ""
            self.cluster.heal()
            recovery = world.await_caught_up(CAUGHT_UP_WITHIN)
            self.tally.recoveries.append(recovery)
        except Trouble as trouble:
            faults.append(str(trouble))
        self.cluster.heal()
        if not faults:
            world.check()
        faults += before.news()
        times = self.tally.scenarios.setdefault(scenario.name, [0, 0])
        times[0] += 1
        times[1] += not faults
        now = Counts(world, self.cluster)
        self.say(f"[{number:4}] {scenario.name:26} {drawn:44.44} kills {now.kills - before.kills:3}"
                 f"  back after {recovery or 0:5.1f} s  {'FAILED' if faults else 'ok'}")
        if faults:
            self.failed(number, scenario.name, faults)

    def failed(self, number, name, faults):
        for line in faults:
            self.say(f"       {line[:1500]}")
            self.tally.faults.append(f"round {number} {name}: {line}")
        if self.keep:
            place = self.keep / f"{self.tally.seed}-{number}-{name}"
            place.mkdir(parents=True, exist_ok=True)
            for log in self.world.project.folder.glob("*.log"):
                shutil.copy(log, place)
        self.end_world(failed=True)

    def end_world(self, failed=False):
        """The final audit of the world, whose sums go into the tally."""
        world, self.world = self.world, None
        if world is None:
            return
        self.auditor.close()
        self.cluster.heal()
        before = len(world.found)
        try:
            found = world.finish()
            if found.clean and (other := world.verify()):
                world.found.append(other)
            if not failed and world.found[before:]:
                for line in world.found[before:]:
                    self.say(f"       at the end: {line}")
                    self.tally.faults.append(f"{world.name}: {line}")
            self.say(f"       audit of {world.name}: {found.rows} records, "
                     f"{self.auditor.looks} looks under load, {world.lost} lost, "
                     f"{world.doubled} doubled, {world.disagreements} disagreements")
        except Trouble as trouble:
            self.tally.faults.append(f"{world.name}: {trouble}")
            self.say(f"       {trouble}")
        finally:
            self.add(world)
            world.close()

    def add(self, world):
        tally = self.tally
        world.workers.end_all()
        tally.rows += len(world.acks)
        tally.kills += world.workers.kills
        tally.stops += world.workers.stops
        tally.lost += world.lost
        tally.doubled += world.doubled
        tally.disagreements += world.disagreements
        tally.rss_max_mb = max(tally.rss_max_mb, world.workers.rss_max_mb)
        tally.cuts = self.cluster.cuts


class Counts:
    """A world's counters at one time, to tell what a round added."""

    def __init__(self, world, cluster):
        self.world = world
        self.kills = world.workers.kills
        self.found, self.exits = len(world.found), len(world.workers.exits)
        self.allowed = cluster.allowed_exits

    def news(self):
        """Lines for what went wrong since."""
        lines = self.world.found[self.found:]
        codes = set(self.world.workers.exits[self.exits:]) - self.allowed
        if codes:
            lines.append(f"workers ended with {sorted(codes)}: {self.world.last_words()}")
        return lines


def commit():
    import subprocess
    done = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, text=True,
                          capture_output=True, check=False)
    return done.stdout.strip() or "unknown"
