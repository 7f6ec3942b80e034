"""Faults of what is sent."""

import hashlib
import time

from confluent_kafka import Producer

from scenario import scenario
from trouble import Trouble

REFUSED = 97  # a number whose record belongs into the quarantine


@scenario(49, weight=0.5, world={})
def only_bad_records(world, _):
    """3,000 bad records: their partition stops with the reason, until --accept-storm takes them"""
    producer = Producer({"bootstrap.servers": world.brokers, "linger.ms": 5})
    acks = open(world.acks.path, "a", encoding="ascii", buffering=1)
    bad = b'{"id": 1, "name": '
    sha, offsets = hashlib.sha256(bad).hexdigest(), []

    def on_delivery(error, message):
        if error is None:
            offsets.append(message.offset())
            acks.write(f"0 {message.offset()} {REFUSED} {int(time.time() * 1000)} {sha}\n")

    for _ in range(3000):
        producer.produce(world.name, bad, partition=0, on_delivery=on_delivery)
    if producer.flush(60) or len(offsets) != 3000:
        raise Trouble("the bad records could not be sent")
    acks.close()
    world.await_words("quarantine_storm")
    world.await_progress()
    mark = world.marks()["warehouse", 0]
    if mark > min(offsets) + 1000:
        raise Trouble(f"partition 0 went on to {mark}, the storm begins at {min(offsets)}")
    for slot in world.workers.slots:
        world.workers.change(slot.number, arguments=("--accept-storm",))
        world.workers.kill(slot.number)
    world.await_caught_up()
    return f"stopped {mark - min(offsets)} records into the storm"
