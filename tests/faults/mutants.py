"""The suite must be red on each wrong commit of src/ledger/mutant.h, and green on the real one.

Each provocation is a short scenario on a world of its own, driven by what happened and not by the
clock; the mutant that it must show is named beside it. All of them are held against the real
program too. No record of theirs is quarantined: the quarantine's key would refuse a double and hide
a wrong commit.
"""

import random
import time
from concurrent.futures import ThreadPoolExecutor

from on_workers import await_kills, await_stops
from project import ROOT
from trouble import Trouble
from world import World

BIN = ROOT / "build/dev/bin"
LANES = 2
PATIENCE = 60.0  # seconds for one event: never waited out where all is well


def await_event(what, happened):
    end = time.monotonic() + PATIENCE
    while not happened():
        if time.monotonic() > end:
            raise Trouble(f"never came: {what}")
        time.sleep(0.02)


def killed(step):
    """The first worker dies when it first comes to a step; the next goes on."""
    def provoke(world):
        rules = iter([f"{step}:kill:1:1"])
        world.workers.start(0, fp=lambda: next(rules, ""))
        if await_kills(world.workers, 1, PATIENCE) < 1:
            raise Trouble(f"{step} was not reached: {world.last_words()}")
    return provoke


def unheard(world):
    """The server commits rows, the reply is lost; three times."""
    world.workers.start(0)
    world.await_progress(PATIENCE)
    faults = ["lose_reply"] * 3
    world.cluster.postgres_proxy.on_commit = (
        lambda copied: faults.pop() if copied and faults else None)
    await_event("a COMMIT", lambda: not faults)
    # The other sink's mark moves only after the worker is done with the last of them.
    world.await_progress(PATIENCE)


def overtaken(freeze):
    """A worker freezes, another takes its partitions over, commits and ends; the first wakes, does
    what it was about to do, alone, and ends."""
    def provoke(world):
        thaw = freeze(world)
        before = world.marks()
        world.workers.start(1)
        await_event("another worker's commits", lambda: (now := world.marks()) and all(
            mark > before[key] for key, mark in now.items()))
        world.workers.term(1)
        world.workers.wake(0)
        thaw()
        world.workers.term(0)
        world.workers.start(1)
    return provoke


def before_the_lakes_commit(world):
    world.workers.freeze = lambda: 3600
    world.workers.start(0, fp=lambda: "s2_manifest:stop:1:1::1")
    await_stops(world.workers, 1, PATIENCE)
    return lambda: None


HOLD = """
CREATE TABLE public.held AS SELECT DISTINCT owner_pid AS pid FROM sluice.position;
CREATE FUNCTION public.hold() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  WHILE EXISTS (SELECT FROM public.held WHERE pid = pg_backend_pid()) LOOP
    PERFORM pg_sleep(0.02);
  END LOOP;
  RETURN NULL;
END $$;
CREATE TRIGGER hold BEFORE INSERT ON public.{name} FOR EACH STATEMENT EXECUTE FUNCTION public.hold()
"""


def inside_the_warehouses_commit(world):
    """Between the look at the fence and the marks. The server itself holds the transaction: one
    that waits for a frozen client would be ended by it."""
    world.workers.start(0)
    world.await_progress(PATIENCE)
    world.sql(HOLD.format(name=world.name))
    await_event("a COPY", lambda: world.sql(
        "SELECT 1 FROM pg_stat_activity JOIN public.held USING (pid) WHERE wait_event = 'PgSleep'"))
    world.workers.stop(0, 3600)
    return lambda: world.sql("DELETE FROM public.held")


PROVOCATIONS = (
    ("overtaken inside the warehouse's commit", overtaken(inside_the_warehouses_commit),
     "NoPredicate"),
    ("overtaken before the lake's commit", overtaken(before_the_lakes_commit), "RebaseAndRetry"),
    ("killed before the warehouse's COMMIT", killed("s8_fence.warehouse"), "DataFirst"),
    ("killed before the lake's COMMIT", killed("s8_fence.lake"), "LakeFirst"),
    ("killed between mark and rows", killed("s4_rows"), "MarksFirst"),
    ("reply to COMMIT lost", unheard, "BlindRetry"),
)


def held_against(cluster, program, number, provoke):
    """What the audit finds when this program goes through this."""
    world = World(cluster, f"m{number}", random.Random(number), rate=200, static=False,
                  program=program, kinds="accepted")
    try:
        provoke(world)
        world.finish(PATIENCE)
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
             for title, provoke, mutant in PROVOCATIONS]
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
