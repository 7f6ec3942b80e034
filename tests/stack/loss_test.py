"""Records that are gone, and topics that are others: a named error each time, never a jump."""

import shutil
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from case import Case, shared, thing, wait_until  # noqa: E402
from stack import TestStack  # noqa: E402

FATAL = 2
CONFIGURATION = 78


def test_retention_passes_the_mark():
    stack = shared("kafka", "postgres")
    topic = stack.topic(partitions=2)
    with Case(topic) as case:
        case.produce([thing(n) for n in range(10)], partition=0)
        case.produce([thing(n) for n in range(10)], partition=1)
        case.once()
        stack.produce(topic, [thing(n, "gone") for n in range(20)], partition=0)
        kept = case.produce([thing(n, "kept") for n in range(5)], partition=0)
        case.produce([thing(n) for n in range(7)], partition=1)
        stack.delete_records(topic, 0, kept[0].offset)
        text = case.fails(FATAL, "run", "--once")
        assert "source_data_lost" in text and "offsets 10 to 29" in text, text
        rows = case.oracle.warehouse("public.things")
        assert len(rows) == 27 and not any(p == 0 and o >= 10 for p, o in rows)
        # While running: the others go on, the reason shows, the exit code too.
        run = case.project.start("run")
        case.produce([thing(n) for n in range(3)], partition=1)
        wait_until(lambda: case.count() == 30, 60)
        run.send_signal(signal.SIGTERM)
        assert run.wait(60) == FATAL
        assert "source_data_lost" in run.log.read_text(encoding="utf-8")
        # The operator accepts the loss: what is left of the partition is read.
        lost = {row["partition"]: row["lost"] for row in
                case.project.json("offsets", "show")["partitions"]}
        assert lost == {0: 20, 1: 0}
        assert "offsets 10 to 29" in case.project.ok("offsets", "reset")
        case.fails(FATAL, "run", "--once")
        assert "never goes back" in case.fails(64, "offsets", "reset", "--to", "5")
        skips = case.project.json("offsets", "reset", "--yes")["skips"]
        assert [(row["from"], row["to"]) for row in skips] == [(10, 30), (10, 30)]
        case.once()
        assert case.count() == 35
        assert case.project.json("verify")["ok"]
        case.check()


def test_a_topic_made_again_between_runs():
    stack = shared("kafka", "postgres")
    topic = stack.topic()
    with Case(topic) as case:
        stack.produce(topic, [thing(n, "first life") for n in range(10)])
        case.once()
        stack.delete_topic(topic)
        stack.topic(topic)
        second = stack.produce(topic, [thing(n, "second life") for n in range(25)])
        text = case.fails(CONFIGURATION, "run", "--once")
        assert "E0402" in text and "accept-new-log" in text, text
        assert case.count() == 10
        assert "--yes" in case.project.ok("offsets", "accept-new-log")
        case.fails(CONFIGURATION, "run", "--once")
        case.project.ok("offsets", "accept-new-log", "--yes")
        assert "nothing to accept" in case.project.ok("offsets", "accept-new-log")
        case.once()
        assert case.count() == 10 + len(second)
        by_log = dict(case.oracle.sql("SELECT _log, count(*) FROM things GROUP BY 1"))
        assert sorted(by_log.values()) == [10, 25]
        assert case.project.json("verify")["ok"]


def test_a_topic_made_again_while_running():
    stack = shared("kafka", "postgres")
    topic = stack.topic()
    with Case(topic) as case:
        stack.produce(topic, [thing(n, "first life") for n in range(10)])
        run = case.project.start("run")
        wait_until(lambda: case.count() == 10, 60)
        stack.delete_topic(topic)
        stack.topic(topic)
        stack.produce(topic, [thing(n, "second life") for n in range(25)])
        wait_until(lambda: "topic_identity_changed" in run.log.read_text(encoding="utf-8"), 60)
        run.send_signal(signal.SIGTERM)
        assert run.wait(60) == FATAL
        assert case.count() == 10
        case.fails(CONFIGURATION, "run", "--once")


def test_a_topic_that_went():
    stack = shared("kafka", "postgres")
    topic = stack.topic()
    with Case(topic) as case:
        stack.produce(topic, [thing(1)])
        case.once()
        stack.delete_topic(topic)
        text = case.fails(CONFIGURATION, "run", "--once", "--wait", "3")
        assert "topic_absent" in text and topic in text, text


def test_a_log_that_got_shorter():
    """A broker that came back with an older disk: what we read of it is there no more."""
    stack = shared("kafka", "postgres")
    topic = stack.topic()
    with Case(topic) as case:
        stack.produce(topic, [thing(n) for n in range(10)])
        stack.kafka.stop()
        saved = stack.kafka.folder / "older"
        shutil.copytree(stack.kafka.data, saved)
        stack.kafka.start()
        stack.produce(topic, [thing(n) for n in range(30)])
        case.once()
        assert case.count() == 40
        stack.kafka.stop()
        shutil.rmtree(stack.kafka.data)
        saved.rename(stack.kafka.data)
        stack.kafka.start()
        text = case.fails(FATAL, "run", "--once")
        assert "source_truncated" in text and "ends at 10" in text, text
        # Grown past the mark again, it cannot be told by offsets alone.
        assert case.count() == 40


def test_another_cluster():
    stack = shared("kafka", "postgres")
    topic = stack.topic()
    other = TestStack()
    try:
        other.up(["kafka"])
        other.topic(topic)
        other.produce(topic, [thing(n, "other") for n in range(30)])
        with Case(topic) as case:
            stack.produce(topic, [thing(n) for n in range(10)])
            case.once()
            case.project.env["KAFKA_BROKERS"] = other.kafka.address
            text = case.fails(CONFIGURATION, "run", "--once")
            assert "E0402" in text and "another cluster" in text, text
            assert other.kafka.settings["cluster_id"] in text
            assert case.count() == 10
    finally:
        other.close()
