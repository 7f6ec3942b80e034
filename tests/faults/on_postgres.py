"""Faults of PostgreSQL and of the line to it."""

import os
import subprocess
import tempfile
import time
from contextlib import contextmanager

import psycopg

from on_machine import fill
from scenario import scenario, seed_of
from trouble import Trouble

WORKERS = "application_name LIKE 'sluice:%'"


@scenario(27, weight=3)
def terminate_backends(world, draw):
    """pg_terminate_backend at random on the workers' sessions"""
    times = draw.randint(5, 15)
    for _ in range(times):
        time.sleep(draw.uniform(0.05, 0.8))
        world.sql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {WORKERS}"
                  " AND random() < 0.7")
    return f"{times} times"


@scenario(27, weight=2)
def terminate_at_step(world, draw):
    """pg_terminate_backend while a worker is held up at one step"""
    step = draw.choice(("s3_begin", "s4_copy", "s4_rows", "s5_lock", "s6_metadata", "s7_swap",
                        "s8_fence", "s8_receipt", "s9_send"))
    seed = seed_of(draw)
    for slot in world.workers.slots:
        world.workers.change(slot.number, fp=lambda: f"{step}*:delay:0.5:{seed}:300")
        world.workers.kill(slot.number)
    for _ in range(10):
        time.sleep(0.7)
        world.sql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {WORKERS}"
                  " AND xact_start < clock_timestamp() - interval '100 ms'")
    for slot in world.workers.slots:
        world.workers.change(slot.number, fp=None)
        world.workers.kill(slot.number)
    return step


def commits_fail(world, draw, fault, times):
    """The next COMMITs of workers go wrong on the line."""
    proxy, left = world.cluster.postgres_proxy, [times]
    share, toss = 0.3 + 0.4 * draw.random(), proxy.draw

    def on_commit(_):
        if left[0] and toss.random() < share:
            left[0] -= 1
            return fault
        return None

    proxy.on_commit = on_commit
    end = time.monotonic() + 60
    while left[0]:
        if time.monotonic() > end:
            raise Trouble("no COMMIT came by")
        time.sleep(0.05)
    return f"{times} times"


@scenario(28, weight=4)
def commit_applied_reply_lost(world, draw):
    """the server commits, its reply is swallowed and the line breaks"""
    return commits_fail(world, draw, "lose_reply", draw.randint(3, 12))


@scenario(28, weight=4)
def commit_lost_on_the_way(world, draw):
    """COMMIT never arrives, the line breaks"""
    return commits_fail(world, draw, "lose_request", draw.randint(3, 12))


@scenario(28, weight=0.5)
def commit_hangs(world, draw):
    """COMMIT is swallowed and the line stays open: the old backend keeps its locks"""
    return commits_fail(world, draw, "hang", 1)


@scenario(29, weight=2)
def postgres_crashes(world, draw):
    """PostgreSQL crashes (-m immediate) and comes back"""
    times = draw.randint(1, 3)
    for _ in range(times):
        time.sleep(draw.uniform(0.5, 3))
        world.cluster.crash_postgres()
        time.sleep(draw.choice((0, 2)))
        world.cluster.start_postgres()
    return f"{times} times"


@contextmanager
def system_setting(world, name, value):
    """For all sessions, while the block lasts."""
    world.sql(f"ALTER SYSTEM SET {name} = '{value}'")
    world.sql("SELECT pg_reload_conf()")
    try:
        yield
    finally:
        world.sql(f"ALTER SYSTEM RESET {name}")
        world.sql("SELECT pg_reload_conf()")


@scenario(30, weight=1)
def standby_absent(world, draw):
    """COMMIT waits for a synchronous standby that is not there"""
    seconds = draw.choice((5, 20, 70))
    with system_setting(world, "synchronous_standby_names", "absent"):
        time.sleep(seconds)
    return f"{seconds} s"


@scenario(31, weight=0.7)
def postgres_goes_back_in_time(world, draw):
    """an older copy of PostgreSQL takes over: lake, warehouse and marks go back together"""
    cluster = world.cluster
    cluster.crash_postgres()
    copy = cluster.copy_postgres()
    cluster.start_postgres()
    seconds = draw.uniform(3, 10)
    time.sleep(seconds)
    cluster.crash_postgres()
    cluster.restore_postgres(copy)
    cluster.start_postgres()
    return f"{seconds:.0f} s back"


@scenario(32, needs={"root"}, weight=0.7)
def postgres_disk_full(world, draw):
    """the warehouse table's disk is full (53100) for a while"""
    place = tempfile.mkdtemp(prefix="sluice-full-")
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m,mode=0777", "none", place], check=True)
    # The server makes the folder its own, so it must be its user's.
    server = os.stat(world.sql("SHOW data_directory")[0][0])
    os.chown(place, server.st_uid, server.st_gid)
    space = f"full_{world.name}_{seed_of(draw)}"
    try:
        world.sql(f"CREATE TABLESPACE {space} LOCATION '{place}'")
        world.sql(f"ALTER TABLE public.{world.name} SET TABLESPACE {space}")
        ballast = fill(place)
        time.sleep(draw.uniform(4, 8))
        waits = "53100" in world.log_of("worker-0.log") + world.log_of("worker-1.log")
        ballast.unlink()
        world.await_progress(30)
        world.sql(f"ALTER TABLE public.{world.name} SET TABLESPACE pg_default")
        world.sql(f"DROP TABLESPACE {space}")
    finally:
        subprocess.run(["umount", "-l", place], check=False)
        os.rmdir(place)
    return "seen by the workers" if waits else "not seen"


@scenario(33, weight=2)
def postgres_read_only(world, draw):
    """PostgreSQL refuses to write (25006) for some seconds"""
    seconds = draw.uniform(2, 8)
    with system_setting(world, "default_transaction_read_only", "on"):
        time.sleep(seconds)
        # This session must be allowed to end it.
        os.environ["PGOPTIONS"] = "-c default_transaction_read_only=off"
    os.environ.pop("PGOPTIONS", None)
    return f"{seconds:.0f} s"


def hold(world, statements, seconds):
    """Somebody else's transaction that keeps what it locked."""
    with psycopg.connect(world.cluster.conninfo) as db:
        for statement in statements:
            db.execute(statement)
            time.sleep(seconds / len(statements))
        db.rollback()


@scenario(33, weight=2)
def locks_are_held(world, draw):
    """somebody locks the warehouse table, the pointers or the marks (55P03)"""
    seconds = draw.choice((3, 8, 14))
    statement = draw.choice((
        f"LOCK TABLE public.{world.name} IN ACCESS EXCLUSIVE MODE",
        "SELECT 1 FROM iceberg_tables FOR UPDATE",
        "SELECT 1 FROM sluice.position FOR UPDATE"))
    hold(world, [statement], seconds)
    return f"{statement[:30]}, {seconds} s"


@scenario(33, weight=2)
def deadlocks(world, draw):
    """somebody locks marks and pointers in the wrong order (40P01)"""
    times = draw.randint(3, 6)
    for _ in range(times):
        try:
            hold(world, ["SELECT 1 FROM sluice.position FOR UPDATE",
                         "SELECT 1 FROM iceberg_tables FOR UPDATE"], draw.uniform(0.5, 2))
        except psycopg.errors.DeadlockDetected:
            pass  # it was our turn
    return f"{times} times"


@scenario(26, weight=2)
def line_to_postgres_goes_one_way(world, draw):
    """what goes to PostgreSQL, or what comes from it, is swallowed for a while"""
    direction, seconds = draw.choice(("up", "down")), draw.choice((2, 6, 20))
    world.cluster.postgres_proxy.swallow = {direction}
    time.sleep(seconds)
    world.cluster.postgres_proxy.heal()
    world.cluster.postgres_proxy.cut()
    return f"{direction}, {seconds} s"


@scenario(26, weight=3)
def line_to_postgres_breaks(world, draw):
    """all connections to PostgreSQL break, again and again; new ones are refused for a while"""
    proxy = world.cluster.postgres_proxy
    times = draw.randint(3, 10)
    for _ in range(times):
        proxy.cut()
        proxy.refuse = draw.random() < 0.3
        time.sleep(draw.uniform(0.1, 1.5))
        proxy.refuse = False
        time.sleep(draw.uniform(0.1, 0.6))
    return f"{times} times"


@scenario(26, weight=2)
def line_to_postgres_breaks_after_bytes(world, draw):
    """each connection to PostgreSQL dies after some bytes"""
    proxy = world.cluster.postgres_proxy
    proxy.cut_after = draw.choice((3000, 8000, 20_000, 60_000))
    proxy.cut()
    time.sleep(draw.uniform(4, 8))
    return f"{proxy.cut_after} bytes"


@scenario(22, weight=1)
def line_to_postgres_is_slow(world, draw):
    """250 ms more on each piece, or 20 kB/s"""
    proxy = world.cluster.postgres_proxy
    kind = draw.choice(("late", "narrow"))
    proxy.delay, proxy.rate = (0.25, 0) if kind == "late" else (0, 20_000)
    time.sleep(draw.uniform(6, 12))
    return kind


@scenario(21, weight=0.5, world={"options": {"max.poll.interval.ms": 8000}})
def postgres_hangs_beyond_max_poll(world, draw):
    """PostgreSQL answers nothing for longer than max.poll.interval.ms"""
    world.cluster.postgres_proxy.swallow = {"up", "down"}
    seconds = draw.choice((12, 25))
    time.sleep(seconds)
    world.cluster.postgres_proxy.heal()
    world.cluster.postgres_proxy.cut()
    return f"{seconds} s"


@scenario(6, weight=0.7)
def term_while_postgres_is_away(world, draw):
    """SIGTERM while PostgreSQL does not answer: exit 75 (or 0) within 40 s; the rest comes later"""
    proxy = world.cluster.postgres_proxy
    proxy.refuse = True
    proxy.cut()
    time.sleep(1)
    number = draw.randrange(len(world.workers.slots))
    code, seconds = world.workers.term(number)
    proxy.heal()
    world.workers.start(number)
    if code not in (0, 75) or seconds > 40:
        raise Trouble(f"SIGTERM without PostgreSQL: exit {code} after {seconds:.1f} s")
    return f"exit {code} after {seconds:.1f} s"


@scenario(9, weight=0.5)
def another_layout_is_refused(world, _):
    """the ledger has another version's layout: exit 78, nothing is written; then its own again"""
    for slot in world.workers.slots:
        world.workers.kill(slot.number, again=False)
    world.sql("UPDATE sluice.pipeline SET layout_version = layout_version + 1")
    before = world.marks()
    done = world.project.sluice("run", "--once", timeout=120)
    after = world.marks()
    world.sql("UPDATE sluice.pipeline SET layout_version = layout_version - 1")
    for slot in world.workers.slots:
        world.workers.start(slot.number)
    if done.returncode != 78 or before != after:
        raise Trouble(f"another layout: exit {done.returncode}: {done.stderr[-500:]}")
    return "refused with exit 78"
