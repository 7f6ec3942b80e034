"""Faults of the object store and of the line to it."""

import time

from scenario import scenario, unsupported


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
    said = answers(world, draw, 0.05, "hang", draw.uniform(5, 8))
    world.cluster.s3_proxy.cut()
    return said


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


@scenario(41, needs={"s3"}, weight=1)
def store_refuses(world, draw):
    """403 and 507 for some seconds"""
    return answers(world, draw, 1.0, draw.choice((403, 507)), draw.uniform(3, 8))


@scenario(25, needs={"s3"}, weight=2)
def line_to_store_breaks(world, draw):
    """workers lose the store only, for 2 to 12 s"""
    seconds = draw.choice((2, 6, 12))
    world.cluster.s3_proxy.refuse = True
    world.cluster.s3_proxy.cut()
    time.sleep(seconds)
    world.cluster.s3_proxy.heal()
    return f"{seconds} s"


@scenario(22, needs={"s3"}, weight=1)
def line_to_store_is_slow(world, draw):
    """250 ms more on each request"""
    world.cluster.s3_proxy.delay = 0.25
    time.sleep(draw.uniform(6, 12))
    return ""


@scenario(37, needs={"s3"}, weight=1)
def store_is_killed(world, draw):
    """kill -9 for the store"""
    seconds = draw.uniform(1, 5)
    world.cluster.s3.kill()
    time.sleep(seconds)
    world.cluster.s3.start()
    return f"{seconds:.0f} s"


unsupported(39, "multipart uploads are not used: one PUT an object")
unsupported(42, "there is no sweep yet: nothing deletes objects")
