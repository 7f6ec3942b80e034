"""scripts/stack as a person uses it, and the servers that it starts."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
from stack import shared  # noqa: E402


def test_topics_and_records_of_a_fresh_stack():
    stack = shared("kafka", "postgres")
    topic = stack.topic(partitions=2)
    acks = stack.produce(topic, [b"a", b"b"], partition=1)
    assert [(ack.partition, ack.offset) for ack in acks] == [(1, 0), (1, 1)]
    assert stack.sql("SELECT current_database()") == [("sluice",)]
    assert {row["state"] for row in stack.status() if row["name"] != "s3"} == {"up"}


def test_a_killed_server_recovers_with_its_data():
    stack = shared("kafka", "postgres")
    topic = stack.topic()
    stack.produce(topic, [b"a"])
    stack.sql("CREATE TABLE IF NOT EXISTS kept (a int)")
    for server in (stack.kafka, stack.postgres):
        address = server.address
        server.kill()
        assert not server.is_up()
        server.start()
        assert server.address == address
    assert stack.produce(topic, [b"b"])[0].offset == 1
    assert stack.sql("SELECT count(*) FROM kept") == [(0,)]
    stack.sql("DROP TABLE kept")
