"""The suite must be red on each wrong commit of src/ledger/mutant.h, and green on the real one.

Each provocation is a short scenario on a world of its own; the mutants that it must show are named
beside it. All of them are held against the real program too.
"""

import random
import time
from concurrent.futures import ThreadPoolExecutor

from on_workers import await_kills, await_stops, dying, without_faults
from project import ROOT
from world import Trouble, World

BIN = ROOT / "build/dev/bin"
LANES = 2


def overtaken(step):
    """A worker freezes at a step, another takes its partitions over and commits, it wakes."""
    def provoke(world, _):
        world.workers.freeze = lambda: 3600  # until we wake it
        world.workers.start(0, fp=lambda: f"{step}:stop:1:1::1")
        world.workers.kill(0)
        await_stops(world.workers, 1)
        world.workers.start(1)
        before, end = world.marks(), time.monotonic() + 30
        while not all(mark > before.get(key, 0) for key, mark in world.marks().items()):
            if time.monotonic() > end:
                raise Trouble("nobody took over from the frozen worker")
            time.sleep(0.05)
        world.workers.change(0, fp=None)
        world.workers.stop(0, 0)  # wakes it at the next look
        time.sleep(2)
    return provoke


def killed(step):
    """A worker dies at a step, twice."""
    def provoke(world, _):
        world.workers.start(0, fp=dying(step, 1))
        world.workers.kill(0)
        if await_kills(world.workers, 3, 40) < 3:
            raise Trouble(f"{step} was not reached")
        without_faults(world)
        world.workers.kill(0)
    return provoke


def unheard(world, proxy):
    """The server commits, the reply is lost; eight times."""
    faults = ["lose_reply"] * 8
    proxy.on_commit = lambda: faults.pop() if faults else None
    end = time.monotonic() + 30
    while faults:
        if time.monotonic() > end:
            raise Trouble("no COMMIT came by")
        time.sleep(0.05)


PROVOCATIONS = (
    ("overtaken inside the warehouse's commit", overtaken("s4_rows"), ("NoPredicate",)),
    ("overtaken before the lake's commit", overtaken("s2_manifest"), ("RebaseAndRetry",)),
    ("killed before the warehouse's COMMIT", killed("s8_fence.warehouse"), ("DataFirst",)),
    ("killed before the lake's COMMIT", killed("s8_fence.lake"), ("LakeFirst",)),
    ("killed between mark and rows", killed("s4_rows"), ("MarksFirst",)),
    ("reply to COMMIT lost", unheard, ("BlindRetry",)),
)


def held_against(cluster, program, number, provoke):
    """What the audit finds when this program goes through this."""
    world = World(cluster, f"m{number}", random.Random(number), rate=200, static=False,
                  program=program)
    try:
        world.workers.start(0)
        world.await_progress()
        provoke(world, cluster.postgres_proxy)
        world.finish(20)
        return world
    finally:
        world.close()


def verdict(world, name, title, say):
    """A mutant must lose, double or disagree; the real program must do nothing of note at all."""
    red = world.lost + world.doubled + world.disagreements > 0
    good = red if name != "real" else not world.found
    say(f"{name:15} {title:42} {'red' if red else 'green':5} {'as it must be' if good else 'WRONG'}"
        f"  {world.lost} lost, {world.doubled} doubled, {world.disagreements} disagreements")
    if not good:
        for line in world.found:
            say(f"                {line[:600]}")
    return good


def run(make_cluster, say):
    """Returns whether all is as it must be. Two worlds at a time, each on a cluster of its own."""
    tasks = [(title, provoke, mutant, BIN / "mutants" / mutant)
             for title, provoke, mutants in PROVOCATIONS for mutant in mutants]
    tasks += [(title, provoke, "real", None) for title, provoke, _ in PROVOCATIONS]

    def one(task):
        number, (title, provoke, name, program) = task
        cluster = make_cluster()
        try:
            world = held_against(cluster, program, number, provoke)
        except Trouble as trouble:
            say(f"{name:15} {title:42} could not be tried: {trouble}")
            return False
        finally:
            cluster.close()
        return verdict(world, name, title, say)

    with ThreadPoolExecutor(LANES) as pool:
        results = list(pool.map(one, enumerate(tasks)))
    say(f"{sum(results)} passed, {len(results) - sum(results)} failed")
    return all(results)
