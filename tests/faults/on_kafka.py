"""Faults of Kafka and of the line to it."""

import time

from confluent_kafka import Producer

from scenario import scenario, unsupported
from trouble import Trouble


@scenario(10, needs={"kafka"}, weight=0.7)
def broker_is_killed(world, draw):
    """kill -9 for the broker, which reads its logs and comes back"""
    kafka = world.cluster.kafka
    kafka.kill()
    seconds = draw.choice((0, 3))
    time.sleep(seconds)
    kafka.start()
    return f"away for {seconds} s and its start"


@scenario(11, needs={"kafka"}, weight=1.5)
def broker_freezes(world, draw):
    """the broker is stopped for 5 to 20 s: no exit, then on"""
    seconds = draw.choice((5, 5, 20))
    world.cluster.kafka.freeze()
    time.sleep(seconds)
    world.cluster.kafka.thaw()
    return f"{seconds} s"


@scenario(11, needs={"kafka"}, weight=0.2, slow=True)
def broker_freezes_a_minute(world, _):
    """the same for 60 s"""
    world.cluster.kafka.freeze()
    time.sleep(60)
    world.cluster.kafka.thaw()
    return "60 s"


@scenario(17, needs={"kafka"}, weight=0.5, world={})
def topic_is_made_anew(world, _):
    """the topic is deleted and made again: another log, refused with a name, nothing is mixed"""
    world.load.terminate()
    world.load.wait(60)
    world.await_caught_up()
    world.cluster.delete_topic(world.name)
    world.cluster.create_topic(world.name, world.partitions)
    producer = Producer({"bootstrap.servers": world.cluster.kafka.address})
    for number in range(4000):
        producer.produce(world.name, b'{"id": 1, "name": "of another log", "amount": 1.5}',
                         partition=number % world.partitions)
    producer.flush(60)
    time.sleep(3)
    for slot in world.workers.slots:
        world.workers.kill(slot.number, again=False)
    done = world.project.sluice("run", "--once", timeout=120)
    if done.returncode != 78 or "another" not in done.stdout + done.stderr:
        raise Trouble(f"a recreated topic: exit {done.returncode}: {done.stderr[-500:]}")
    return "refused with exit 78"


@scenario(19, needs={"kafka"}, weight=1, world={"contiguous": False})
def transactions_abort_and_hang(world, draw):
    """transactions of another producer are aborted or hang: none of their records is seen"""
    times = draw.randint(2, 4)
    for turn in range(times):
        producer = Producer({"bootstrap.servers": world.cluster.kafka.address,
                             "transactional.id": f"{world.name}-{turn}",
                             "transaction.timeout.ms": 4000})
        producer.init_transactions(30)
        producer.begin_transaction()
        for number in range(draw.randint(0, 400)):
            producer.produce(world.name, b'{"id": 1, "name": "never seen", "amount": 1.5}',
                             partition=number % world.partitions)
        producer.flush(30)
        if turn % 2:
            producer.abort_transaction(30)
        else:
            time.sleep(1)  # left open: the broker aborts it after its time-out
        del producer
    time.sleep(5)
    return f"{times} transactions"


@scenario(23, needs={"kafka"}, weight=2)
def line_to_kafka_breaks(world, draw):
    """workers lose Kafka only, for 1 to 12 s"""
    seconds = draw.choice((1, 4, 12))
    world.cluster.kafka_proxy.refuse = True
    world.cluster.kafka_proxy.cut()
    time.sleep(seconds)
    world.cluster.kafka_proxy.heal()
    return f"{seconds} s"


@scenario(26, needs={"kafka"}, weight=2)
def line_to_kafka_goes_one_way(world, draw):
    """what goes to Kafka, or what comes from it, is swallowed for a while"""
    direction, seconds = draw.choice(("up", "down")), draw.choice((2, 6, 12))
    world.cluster.kafka_proxy.swallow = {direction}
    time.sleep(seconds)
    world.cluster.kafka_proxy.heal()
    world.cluster.kafka_proxy.cut()
    return f"{direction}, {seconds} s"


@scenario(26, needs={"kafka"}, weight=1)
def line_to_kafka_breaks_after_bytes(world, draw):
    """each connection to Kafka dies after some bytes"""
    proxy = world.cluster.kafka_proxy
    proxy.cut_after = draw.choice((2000, 20_000, 100_000))
    proxy.cut()
    time.sleep(draw.uniform(4, 10))
    return f"{proxy.cut_after} bytes"


@scenario(22, needs={"kafka"}, weight=1)
def line_to_kafka_is_slow(world, draw):
    """250 ms more on each piece, or 30 kB/s"""
    proxy = world.cluster.kafka_proxy
    kind = draw.choice(("late", "narrow"))
    proxy.delay, proxy.rate = (0.25, 0) if kind == "late" else (0, 30_000)
    time.sleep(draw.uniform(6, 12))
    return kind


@scenario(51, weight=1)
def spike(world, draw):
    """ten times the load for some seconds, then as before"""
    seconds = draw.uniform(4, 8)
    world.set_rate(world.rate * 10)
    time.sleep(seconds)
    world.set_rate(world.rate)
    return f"{seconds:.0f} s"


@scenario(50, weight=0.7, world={"skew": 0.95, "partitions": 16})
def skewed_load(world, draw):
    """95 % of the load in one of 16 partitions, while workers die"""
    for _ in range(draw.randint(2, 4)):
        time.sleep(draw.uniform(1, 3))
        world.workers.kill(draw.randrange(len(world.workers.slots)))
    return ""


unsupported(12, "broker error codes on Fetch: only librdkafka's mock broker makes them, inside its "
            "own process; the source's unit tests do it there")
unsupported(13, "group error codes: as row 12")
unsupported(15, "tests/stack/loss_test.py does it on the real broker: a stopped partition would "
            "end the world")
unsupported(16, "tests/stack/loss_test.py, as row 15")
unsupported(20, "a corrupt batch stops its partition, which would end the world")
unsupported(48, "the worlds' servers speak clear text; tests/stack/secure_test.py has a wrong CA, "
            "password and host on Kafka's TLS and SASL listeners, tests/s3/fault_test.py the "
            "store's authority, and keys that are renewed while it runs")
