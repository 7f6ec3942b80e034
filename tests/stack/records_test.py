"""What a real broker keeps reaches the tables: codecs, keys, headers, times, gaps."""

import datetime
import hashlib
import struct
import sys
import time
from pathlib import Path

from confluent_kafka import Consumer, Producer, TopicPartition

sys.path.insert(0, str(Path(__file__).resolve().parent))
from case import Case, shared, thing, wait_until, write_acks  # noqa: E402
from stack import QUIET, Ack  # noqa: E402


def test_every_codec():
    topic = shared("kafka", "postgres").topic()
    with Case(topic) as case:
        for codec in ("none", "gzip", "snappy", "lz4", "zstd"):
            case.produce([thing(n, codec * 50) for n in range(200)], compression_type=codec)
        case.once()
        case.check()
        assert case.count() == 1000


def test_keys_headers_and_times_are_kept():
    topic = shared("kafka", "postgres").topic()
    headers = [("trace", b"abc"), ("trace", b"\xff\x00"), ("empty", b""), ("none", None)]
    with Case(topic) as case:
        case.produce([{"value": thing(1), "key": b"k\x00\xff", "headers": headers,
                       "timestamp": 1_234_567_890_123},
                      {"value": thing(2), "timestamp": 1_700_000_000_000}])
        case.once()
        case.check()
        rows = sorted(case.oracle.lake("raw.things", "id", "_key", "_headers", "_timestamp"))
    at = datetime.datetime.fromtimestamp(1_234_567_890.123, datetime.timezone.utc)
    _, _, _, key, kept, timestamp = rows[0]
    assert key == b"k\x00\xff"
    assert [(header["key"], header["value"]) for header in kept] == headers
    assert abs(timestamp - at) < datetime.timedelta(microseconds=500)
    assert rows[1][3] is None and not rows[1][4]


def test_a_schema_registrys_records_are_told_apart():
    topic = shared("kafka", "postgres").topic()
    with Case(topic) as case:
        framed = struct.pack(">bI", 0, 42) + b'{"id": 1, "name": "a"}'
        case.produce([framed, struct.pack(">bI", 0, 7) + b"\x02\x08avro", thing(1)])
        case.once()
        case.check()
        listed = case.project.json("quarantine", "ls")
        assert [row["reason"] for row in listed] == ["unexpected_wire_format"] * 2
        shown = case.project.ok("quarantine", "show", listed[-1]["id"])
        assert "schema 42" in shown and "set the producer's serializer" in shown, shown
        assert case.count() == 1


def test_a_compacted_topic_has_gaps():
    stack = shared("kafka", "postgres")
    topic = stack.topic(cleanup_policy="compact", segment_ms=100, min_cleanable_dirty_ratio=0.01,
                        max_compaction_lag_ms=100, delete_retention_ms=100)
    with Case(topic) as case:
        for number in range(200):
            stack.produce(topic, [{"value": thing(number), "key": b"%d" % (number % 5)}])
        time.sleep(0.3)
        kept = stack.produce(topic, [{"value": thing(999), "key": b"last"}])
        wait_until(lambda: len(read_all(stack, topic)) < 100, 60)
        stack.set_topic(topic, cleanup_policy="delete")
        there = settled(lambda: read_all(stack, topic))
        write_acks(case.acks, there)
        case.once()
        case.check()
        assert kept[0].offset in {ack.offset for ack in there}
        assert case.project.json("verify")["ok"]
        status = case.project.json("status")["positions"]
        assert {row["next"] for row in status} == {kept[0].offset + 1}


def settled(read):
    """What is read when it no longer changes: the cleaner may still be at work."""
    before, now = None, read()
    while before != now:
        time.sleep(2)
        before, now = now, read()
    return now


def read_all(stack, topic):
    """What a plain consumer of the broker sees now."""
    consumer = Consumer({"bootstrap.servers": stack.kafka.address, "group.id": "reader",
                         "enable.partition.eof": True, "enable.auto.commit": False,
                         "isolation.level": "read_committed"}, logger=QUIET)
    consumer.assign([TopicPartition(topic, 0, 0)])
    seen = []
    while True:
        message = consumer.poll(20)
        assert message is not None, "the broker is silent"
        if message.error():
            break
        value = message.value()
        seen.append(Ack(0, message.offset(), hashlib.sha256(value).hexdigest(), value))
    consumer.close()
    return seen


def test_aborted_records_are_never_seen():
    stack = shared("kafka", "postgres")
    topic = stack.topic()
    producer = Producer({"bootstrap.servers": stack.kafka.address, "transactional.id": topic,
                         "linger.ms": 5}, logger=QUIET)
    producer.init_transactions(60)
    with Case(topic) as case:
        for round_number in range(6):
            producer.begin_transaction()
            for number in range(50):
                producer.produce(topic, thing(number, f"round {round_number}"))
            producer.flush(60)
            if round_number % 2 == 0:
                producer.commit_transaction(60)
            else:
                producer.abort_transaction(60)
        # One that stays open holds back what comes after it.
        producer.begin_transaction()
        producer.produce(topic, thing(1, "open"))
        producer.flush(60)
        stack.produce(topic, [thing(2, "behind the open one")])
        case.once()
        assert case.count() == 150
        names = {row[2] for row in case.oracle.warehouse("public.things", "name")}
        assert names == {"round 0", "round 2", "round 4"}
        producer.abort_transaction(60)
        case.once()
        write_acks(case.acks, read_all(stack, topic))
        case.check()
        assert case.count() == 151
        verify = case.project.json("verify")
        assert verify["ok"], verify
