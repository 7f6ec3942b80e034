"""Faults of the workers themselves: killed, stopped, ended, coming and going."""

import signal
import time

from scenario import DOUBT_STEPS, STEPS, scenario, seed_of
from trouble import Trouble


def await_kills(workers, count, seconds=60.0):
    """Waits until so many have died; fewer are no failure: a step may not be reached again."""
    goal, end = workers.kills + count, time.monotonic() + seconds
    while workers.kills < goal and time.monotonic() < end:
        time.sleep(0.05)
    return workers.kills - goal + count


def await_stops(workers, count, seconds=30.0):
    goal, end = workers.stops + count, time.monotonic() + seconds
    while workers.stops < goal:
        if time.monotonic() > end:
            raise Trouble("the step at which a worker was to stop was not reached")
        time.sleep(0.05)


def dying(step, seed):
    return lambda: f"{step}:kill:1:{seed}"


def without_faults(world):
    """The next life of each slot gets no failpoints."""
    for slot in world.workers.slots:
        world.workers.change(slot.number, fp=None)


@scenario(1, weight=6)
def kill_at_step(world, draw):
    """kill -9 at one step of the commit, life after life"""
    step, lives = draw.choice(STEPS), draw.randint(3, 8)
    world.workers.start(0, fp=dying(step, seed_of(draw)))
    world.workers.kill(0)
    died = await_kills(world.workers, lives + 1)
    without_faults(world)
    world.workers.kill(0)
    return f"{step}, {died} lives"


@scenario(1, weight=6)
def kill_at_any_step(world, draw):
    """kill -9 at whatever step chance says, in all workers at once"""
    share, lives = draw.choice((0.02, 0.05, 0.1)), draw.randint(6, 12)
    seeds = iter([seed_of(draw) for _ in range(200)])
    for slot in world.workers.slots:
        world.workers.change(slot.number, fp=lambda: f"*:kill:{share}:{next(seeds)}")
        world.workers.kill(slot.number)
    died = await_kills(world.workers, lives + len(world.workers.slots))
    without_faults(world)
    for slot in world.workers.slots:
        world.workers.kill(slot.number)
    return f"share {share}, {died} lives"


@scenario(2, weight=6)
def kill_at_random(world, draw):
    """kill -9 at random instants, begun again after 0 to 2 s"""
    pauses = [draw.choice((0, 0, 0.3, 2)) for _ in range(100)]
    world.workers.pause = lambda: pauses[world.workers.kills % len(pauses)]
    kills = draw.randint(4, 8)
    for _ in range(kills):
        time.sleep(draw.choice((0.1, 0.5, 1.5)) * draw.random() + 0.4)
        world.workers.kill(draw.randrange(len(world.workers.slots)))
    world.workers.pause = lambda: 0
    return f"{kills} kills"


def pause_at(world, draw, step, seconds, slot=0):
    """One worker freezes at a step, others go on, it wakes."""
    world.workers.freeze = lambda: seconds
    world.workers.start(slot, fp=lambda: f"{step}:stop:1:{seed_of(draw)}::1")
    world.workers.kill(slot)
    await_stops(world.workers, 1)
    time.sleep(seconds)
    world.workers.change(slot, fp=None)


@scenario(3, weight=3)
def pause_at_step(world, draw):
    """a worker freezes for some seconds at one step, others take over, it wakes"""
    step, seconds = draw.choice(STEPS[1:]), draw.choice((2, 4, 8))
    pause_at(world, draw, step, seconds)
    return f"{step}, {seconds} s"


@scenario(3, weight=0.3, slow=True)
def pause_at_step_a_minute(world, draw):
    """the same for 60 s: longer than every time-out of PostgreSQL and Kafka"""
    step = draw.choice(STEPS[1:])
    pause_at(world, draw, step, 60)
    return f"{step}, 60 s"


@scenario(3, weight=0.05, slow=True)
def pause_at_step_ten_minutes(world, draw):
    """the same for 10 min"""
    step = draw.choice(STEPS[1:])
    pause_at(world, draw, step, 600)
    return f"{step}, 600 s"


@scenario(4, weight=1)
def pause_inside_copy(world, draw):
    """a worker freezes inside COPY for 25 s; others end its backend and go on"""
    world.workers.freeze = lambda: 25
    world.workers.start(0, fp=lambda: f"s4_copy:stop:1:{seed_of(draw)}::1")
    world.workers.kill(0)
    await_stops(world.workers, 1)
    start = time.monotonic()
    world.await_caught_up(24)
    world.workers.change(0, fp=None)
    took = time.monotonic() - start
    time.sleep(max(0.0, 25 - took))
    return f"others went on after {took:.1f} s"


@scenario(3, weight=2)
def errors_at_steps(world, draw):
    """steps fail as if a service were away for a moment"""
    share, seed = draw.choice((0.05, 0.2)), seed_of(draw)
    for slot in world.workers.slots:
        world.workers.change(slot.number, fp=lambda: f"s*:error:{share}:{seed}")
        world.workers.kill(slot.number)
    time.sleep(draw.uniform(5, 10))
    without_faults(world)
    for slot in world.workers.slots:
        world.workers.kill(slot.number)
    return f"share {share}"


@scenario(28, weight=2)
def commit_in_doubt(world, draw):
    """COMMIT's reply is lost, sent or not: settled by the ledger"""
    which = draw.choice(("s9_send", "s9_reply"))
    seeds = [seed_of(draw) for _ in world.workers.slots]
    for slot, seed in zip(world.workers.slots, seeds):
        world.workers.change(slot.number, fp=lambda seed=seed: f"{which}*:error:0.2:{seed}")
        world.workers.kill(slot.number)
    time.sleep(draw.uniform(5, 10))
    without_faults(world)
    for slot in world.workers.slots:
        world.workers.kill(slot.number)
    return which


@scenario(28, weight=1)
def kill_in_doubt(world, draw):
    """kill -9 while a COMMIT whose reply is lost is being settled, life after life"""
    settle = draw.choice(DOUBT_STEPS)
    lost = draw.choice(("s9_send", "s9_reply")) + settle.removeprefix("settle")
    lives = draw.randint(2, 4)
    world.workers.start(0, fp=lambda: f"{lost}:error:1:{seed_of(draw)},{dying(settle, 1)()}")
    world.workers.kill(0)
    died = await_kills(world.workers, lives + 1)
    without_faults(world)
    world.workers.kill(0)
    return f"{lost}, {died} lives"


@scenario(6, weight=2)
def term_under_load(world, draw):
    """SIGTERM under load: drained within 20 s, exit 0"""
    number = draw.randrange(len(world.workers.slots))
    code, seconds = world.workers.term(number)
    if code != 0 or seconds > 20:
        raise Trouble(f"SIGTERM: exit {code} after {seconds:.1f} s")
    world.workers.start(number)
    return f"ended in {seconds:.1f} s"


@scenario(14, weight=2)
def members_come_and_go(world, draw):
    """a member joins or leaves every 2 s"""
    turns = draw.randint(3, 6)
    for turn in range(turns):
        world.workers.start(2, workers=draw.choice((1, 2)))
        time.sleep(2)
        if turn % 2:
            world.workers.term(2)
        else:
            world.workers.kill(2, again=False)
        time.sleep(1)
    return f"{turns} times"


@scenario(6, weight=1)
def term_twice(world, draw):
    """SIGTERM again while a worker drains: it ends at once, exit 75; the rest comes later"""
    number = draw.randrange(len(world.workers.slots))
    world.workers.start(number, fp=lambda: f"s0_collect:delay:1:{seed_of(draw)}:60000:1")
    world.workers.kill(number)
    process = world.workers.await_life(number, "failpoint")
    world.workers.forget(number)
    process.send_signal(signal.SIGTERM)
    time.sleep(0.5)
    if process.poll() is not None:
        raise Trouble(f"the first SIGTERM did not wait for the batch: exit {process.returncode}")
    start = time.monotonic()
    process.send_signal(signal.SIGTERM)
    code, seconds = process.wait(30), time.monotonic() - start
    world.workers.start(number)
    if code != 75 or seconds > 2:
        raise Trouble(f"a second SIGTERM: exit {code} after {seconds:.1f} s")
    return f"ended in {seconds:.2f} s"


@scenario(8, weight=1, world={"options": {"max.poll.interval.ms": 6000}})
def main_loop_is_wedged(world, draw):
    """a worker's loop hangs for 40 s: after max.poll.interval.ms others have its partitions"""
    # Its heart goes on beating. The process itself is for those who watch it to end: /livez tells
    # Kubernetes, and systemd's watchdog is fed by what /livez says.
    step = draw.choice(("s0_collect", "s1_seal.warehouse", "s1_seal.lake", "s10_advance.warehouse"))
    world.workers.start(0, fp=lambda: f"{step}:delay:1:{seed_of(draw)}:40000:1")
    world.workers.kill(0)
    process = world.workers.await_life(0, "failpoint")
    world.workers.change(0, fp=None)
    took = world.await_caught_up(35)
    if process.poll() is not None:
        raise Trouble(f"the wedged worker ended by itself: {process.returncode}")
    return f"{step}, others went on after {took:.1f} s"
