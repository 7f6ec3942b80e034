"""Faults of the machine that workers run on: memory, disks and files run out."""

import os
import subprocess
import time
from pathlib import Path

from scenario import scenario


def status_of(pid):
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return dict(line.split(":", 1) for line in lines)


def limit(pid, resource, number):
    """The soft limit of a process that runs."""
    subprocess.run(["prlimit", "--pid", str(pid), f"--{resource}={number}:"], check=True)


def fill(place):
    """Leaves no room on a disk; returns the file that takes it."""
    ballast = Path(place) / "ballast"
    with open(ballast, "wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 4096)
        except OSError:
            return ballast  # full


@scenario(7, weight=0.7)
def memory_runs_out(world, draw):
    """a running worker gets no more memory (prlimit --data): it dies or waits, others go on"""
    number = draw.randrange(len(world.workers.slots))
    world.workers.forget(number)  # however it ends, it is no fault
    process = world.workers.slots[number].process
    has, more = int(status_of(process.pid)["VmData"].split()[0]) * 1024, draw.choice((0, 1, 8))
    limit(process.pid, "data", has + (more << 20))
    world.set_rate(world.rate * 20)
    time.sleep(draw.uniform(4, 8))
    world.set_rate(world.rate)
    code = process.poll()
    world.workers.kill(number)
    world.workers.start(number)
    return f"{more} MiB more, {'it lived' if code is None else f'it ended with {code}'}"


@scenario(44, needs={"root"}, weight=1)
def spool_disk_is_full(world, draw):
    """no room for the files that go to the lake (ENOSPC) for a while: workers wait and go on"""
    spool = world.project.folder / ".sluice/spool"
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=32m", "none", spool], check=True)
    try:
        for slot in world.workers.slots:
            world.workers.kill(slot.number)  # the next lives spool there
        time.sleep(draw.uniform(2, 4))
        ballast = fill(spool)
        time.sleep(draw.uniform(4, 8))
        ballast.unlink()
        world.await_progress()
    finally:
        subprocess.run(["umount", "-l", spool], check=False)
    for slot in world.workers.slots:
        world.workers.kill(slot.number)
    return ""


@scenario(44, weight=0.7)
def logs_go_nowhere(world, draw):
    """each line of a worker's log fails with ENOSPC: records flow on"""
    number = draw.randrange(len(world.workers.slots))
    world.workers.change(number, prefix=("sh", "-c", 'exec "$0" "$@" >/dev/full 2>&1'))
    world.workers.kill(number)
    for other in world.workers.slots:
        if other.number != number:
            world.workers.kill(other.number, again=False)
    world.await_progress()
    for slot in world.workers.slots:
        world.workers.start(slot.number)
    world.workers.kill(number)
    return ""


@scenario(45, weight=1)
def files_run_out(world, draw):
    """a worker may open no file more (EMFILE) for some seconds"""
    number = draw.randrange(len(world.workers.slots))
    pid = world.workers.slots[number].process.pid
    before = subprocess.run(["prlimit", "--pid", str(pid), "--nofile", "--noheadings", "--raw",
                             "-o", "SOFT"], check=True, text=True, capture_output=True)
    limit(pid, "nofile", len(os.listdir(f"/proc/{pid}/fd")))
    world.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name "
              "LIKE 'sluice:%'")
    time.sleep(draw.uniform(4, 8))
    if world.workers.slots[number].process is None:
        return "it ended"
    limit(pid, "nofile", before.stdout.strip())
    return "it lived"
