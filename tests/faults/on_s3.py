"""Faults of the object store and of the line to it."""

import time
from datetime import datetime, timedelta

from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.exceptions import CommitFailedException

from pointer_watch import PointerWatch
from scenario import scenario, unsupported
from trouble import Trouble


def answers(world, draw, share, fault, seconds, methods=("PUT", "GET", "HEAD")):
    """So large a share of the requests goes wrong, for some seconds; returns how many did."""
    proxy = world.cluster.s3_proxy
    before, toss = proxy.cuts, proxy.draw
    kinds = fault if isinstance(fault, tuple) else (fault,)

    def on_request(method, _):
        if method in methods and toss.random() < share:
            return kinds[toss.randrange(len(kinds))]
        return None

    proxy.on_request = on_request
    time.sleep(seconds)
    proxy.heal()
    return f"{proxy.cuts - before} requests"


@scenario(36, needs={"s3"}, weight=2)
def store_answers_5xx(world, draw):
    """the store answers 30 % of the requests with 500, 503 or 429"""
    return answers(world, draw, 0.3, (500, 503, 429), draw.uniform(5, 10))


@scenario(37, needs={"s3"}, weight=1)
def store_hangs(world, draw):
    """some requests get no answer"""
    with PointerWatch(world) as watch:
        said = answers(world, draw, 0.05, "hang", draw.uniform(5, 8))
        world.cluster.s3_proxy.cut()
    return f"{said}, pointers held {watch.longest:.1f} s at most"


@scenario(37, needs={"s3"}, weight=2)
def store_resets(world, draw):
    """lines break in the middle of requests and answers"""
    return answers(world, draw, 0.15, ("lose_request", "short_reply"), draw.uniform(5, 10))


@scenario(38, needs={"s3"}, weight=2)
def put_applied_reply_lost(world, draw):
    """the store takes an object, its answer is lost"""
    return answers(world, draw, 0.2, "lose_reply", draw.uniform(5, 10), ("PUT",))


@scenario(40, needs={"s3"}, weight=2)
def bits_flip_on_the_way(world, draw):
    """one bit of an object's bytes is changed on the way to the store"""
    return answers(world, draw, 0.2, "flip", draw.uniform(5, 10), ("PUT",))


@scenario(43, needs={"s3"}, weight=2)
def store_shows_metadata_late(world, draw):
    """a metadata.json that was just put is 404 for the next one or two who ask"""
    proxy, hidden = world.cluster.s3_proxy, {}
    before, times = proxy.cuts, draw.randint(1, 2)

    def on_request(method, target):
        path = target.partition("?")[0]
        if path.endswith(".metadata.json"):
            if method == "PUT":
                hidden[path] = times
            elif hidden.get(path, 0):
                hidden[path] -= 1
                return 404
        return None

    proxy.on_request = on_request
    # The next life of each reads what the one before it put.
    for _ in range(3):
        for slot in world.workers.slots:
            world.workers.kill(slot.number)
        time.sleep(draw.uniform(2, 4))
    proxy.heal()
    return f"{proxy.cuts - before} requests"


@scenario(41, needs={"s3"}, weight=1)
def store_refuses(world, draw):
    """403 and 507 for some seconds"""
    return answers(world, draw, 1.0, draw.choice((403, 507)), draw.uniform(3, 8))


@scenario(25, needs={"s3"}, weight=2)
def line_to_store_breaks(world, draw):
    """workers lose the store only, for 2 to 12 s"""
    seconds = draw.choice((2, 6, 12))
    with PointerWatch(world) as watch:
        world.cluster.s3_proxy.refuse = True
        world.cluster.s3_proxy.cut()
        time.sleep(seconds)
        world.cluster.s3_proxy.heal()
    return f"{seconds} s, pointers held {watch.longest:.1f} s at most"


@scenario(22, needs={"s3"}, weight=1)
def line_to_store_is_slow(world, draw):
    """250 ms more on each request"""
    world.cluster.s3_proxy.delay = 0.25
    with PointerWatch(world) as watch:
        time.sleep(draw.uniform(6, 12))
    return f"pointers held {watch.longest:.1f} s at most"


@scenario(37, needs={"s3"}, weight=1)
def store_is_killed(world, draw):
    """kill -9 for the store"""
    seconds = draw.uniform(1, 5)
    world.cluster.s3.kill()
    time.sleep(seconds)
    world.cluster.s3.start()
    return f"{seconds:.0f} s"


@scenario(34, weight=1)
def another_engine_commits(world, draw):
    """PyIceberg sets properties and expires snapshots beside us: what both did stays"""
    catalog = SqlCatalog("lake", uri=world.cluster.uri, **world.audit.io_properties)
    tables = [f"raw.{world.name}", f"processed.{world.name}"]
    done = lost = 0
    end = time.monotonic() + draw.uniform(6, 10)
    while time.monotonic() < end or not done:
        for name in tables:
            try:
                table = catalog.load_table(name)
                with table.transaction() as change:
                    change.set_properties({"by.another": str(done)})
                table.maintenance.expire_snapshots().older_than(
                    datetime.now() - timedelta(seconds=5)).commit()
                done += 1
            except CommitFailedException:
                lost += 1  # we were first
    there = [name for name in tables if "by.another" in catalog.load_table(name).properties]
    catalog.engine.dispose()
    if there != tables:
        raise Trouble(f"what another engine committed is left in {there} only")
    return f"{done} times, {lost} times we were first"


unsupported(39, "multipart uploads are not used: one PUT an object")
