"""Faults of what changes tables beside the workers: `sluice maintain` and `sluice rebuild`."""

import signal
import subprocess
import time

from on_workers import await_stops
from project import SLUICE
from scenario import MAINTENANCE_STEPS, REBUILD_STEPS, scenario, seed_of
from trouble import Trouble

# Snapshots go soon, so that there is always something to expire; audits take less.
OFTEN = ("--keep-snapshots", "10", "--snapshot-age", "30s")


def program(world, arguments, rules="", seconds=180.0):
    """Runs a verb with these failpoints; returns its exit code, negative when it was killed."""
    env = {**world.project.env, "FP": rules}
    with open(world.project.folder / f"{arguments[0]}.log", "ab") as log:
        log.write(f"--- begins {time.time():.3f} FP={rules}\n".encode())
        log.flush()
        try:
            return subprocess.run([SLUICE, *arguments], cwd=world.project.folder, env=env,
                                  stdout=log, stderr=log, timeout=seconds, check=False).returncode
        except subprocess.TimeoutExpired as late:
            raise Trouble(f"{arguments[0]} did not end in {seconds:.0f} s: "
                          f"{last_words(world, arguments[0])}") from late


def last_words(world, verb):
    return world.log_of(f"{verb}.log")[-600:]


def to_its_end(world, arguments):
    """Without faults it does all that is left to do."""
    code = program(world, arguments)
    if code != 0:
        raise Trouble(f"{arguments[0]}: exit {code}: {last_words(world, arguments[0])}")


def kill_at(world, draw, arguments, step, lives, seconds=60.0):
    """kill -9 at a step, life after life; returns how many. A step may not be reached in each."""
    died, end = 0, time.monotonic() + seconds
    while died < lives and time.monotonic() < end:
        share = draw.choice((1, 0.5, 0.2))  # not always at the first table, file or row
        code = program(world, arguments, f"{step}:kill:{share}:{seed_of(draw)}")
        if code not in (0, -signal.SIGKILL):
            raise Trouble(f"{arguments[0]}: exit {code}: {last_words(world, arguments[0])}")
        died += code != 0
        time.sleep(draw.uniform(0, 1))
    if not died:
        raise Trouble(f"{arguments[0]} never came to {step}: {last_words(world, arguments[0])}")
    world.workers.kills += died
    return died


@scenario(1, weight=3)
def kill_while_maintaining(world, draw):
    """kill -9 for maintenance at one of its steps, again and again, beside workers"""
    step = draw.choice(MAINTENANCE_STEPS)
    arguments = ("maintain", *OFTEN)
    died = kill_at(world, draw, arguments, step, draw.randint(2, 4))
    to_its_end(world, arguments)
    return f"{step}, {died} lives"


@scenario(1, weight=3)
def kill_while_rebuilding(world, draw):
    """kill -9 for a rebuild at one of its steps, again and again, beside workers"""
    step = draw.choice(REBUILD_STEPS)
    # An append table's rows are deleted and copied, an upsert table's only where newer.
    table = f"processed.{world.name}" + draw.choice(("", "_latest"))
    arguments = ("rebuild", table, "--yes")
    died = kill_at(world, draw, arguments, step, draw.randint(2, 4))
    to_its_end(world, arguments)
    return f"{step} of {table.removeprefix('processed.')}, {died} lives"


@scenario(1, weight=2)
def kill_all_while_maintaining(world, draw):
    """kill -9 at random for maintenance and workers alike"""
    arguments = ("maintain", *OFTEN)
    lives = draw.randint(3, 5)
    for _ in range(lives):
        with open(world.project.folder / "maintain.log", "ab") as log:
            process = subprocess.Popen([SLUICE, *arguments], cwd=world.project.folder,
                                       env=world.project.env, stdout=log, stderr=log)
        time.sleep(draw.uniform(0.1, 1.5))
        process.kill()
        process.wait()
        world.workers.kill(draw.randrange(len(world.workers.slots)))
    to_its_end(world, arguments)
    return f"{lives} times"


@scenario(42, weight=2)
def sweep_during_a_stalled_commit(world, draw):
    """orphans are swept while a commit stands still whose files look two hours old"""
    step, seconds = draw.choice(("s2_file", "s2_manifest", "s6_metadata", "s7_swap")), 8
    world.workers.freeze = lambda: seconds
    world.workers.start(0, fp=lambda: f"{step}:stop:1:{seed_of(draw)}::1")
    world.workers.kill(0)
    await_stops(world.workers, 1)
    world.cluster.age_lake(world.project.folder, 2 * 3600)
    to_its_end(world, ("maintain", *OFTEN))
    world.workers.change(0, fp=None)
    time.sleep(seconds)
    return step
