"""`sluice produce` to a real broker."""

import sys
import uuid
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from case import Case, shared  # noqa: E402


def test_an_absent_topic_is_created_only_when_asked():
    stack = shared("kafka", "postgres")
    with Case(f"absent-{uuid.uuid4().hex[:8]}") as case:
        case.project.write("a.csv", "id,name\n1,a\n2,b\n")
        text = case.fails(78, "produce", "a.csv")
        assert "topic_absent" in text and "--partitions" in text, text
        assert stack.topic_uuid(case.topic) is None
        text = case.fails(78, "run", "--once", "--wait", "1")
        assert "topic_absent" in text and case.topic in text, text
        assert stack.topic_uuid(case.topic) is None
        case.project.ok("produce", "a.csv", "--partitions", "3", "--acks", case.acks)
        done = stack.admin.list_topics(case.topic, timeout=20).topics[case.topic]
        assert len(done.partitions) == 3
        case.once()
        case.check()
        assert case.count() == 2


def test_keys_choose_partitions_and_large_records_are_told():
    stack = shared("kafka", "postgres")
    topic = stack.topic(partitions=4, max_message_bytes=2000)
    with Case(topic) as case:
        rows = "".join(f"{n % 4},name {n}\n" for n in range(100))
        case.project.write("a.csv", "id,name\n" + rows)
        case.project.ok("produce", "a.csv", "--key", "id", "--acks", case.acks)
        case.once()
        case.check()
        homes = {row[2]: set() for row in case.oracle.warehouse("public.things", "id")}
        for partition, _, key in case.oracle.warehouse("public.things", "id"):
            homes[key].add(partition)
        assert all(len(home) == 1 for home in homes.values())
        case.project.write("big.csv", f"id,name\n1,{'x' * 5000}\n")
        text = case.fails(78, "produce", "big.csv")
        assert "message_too_large" in text and "max.message.bytes" in text, text
