"""A broker that is away: at start, while running, frozen, and killed."""

import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from case import Case, shared, thing, wait_until  # noqa: E402

UNREACHABLE = 69


def log(process):
    return process.log.read_text(encoding="utf-8")


def test_a_killed_broker_is_waited_for():
    """One kill serves the whole story: a run that goes on, and others that start meanwhile."""
    stack = shared("kafka", "postgres")
    topic = stack.topic(partitions=2)
    with Case(topic, {"session.timeout.ms": 6000}) as case:
        case.produce([{"value": thing(n), "partition": n % 2} for n in range(100)])
        run = case.project.start("run")
        wait_until(lambda: case.count() == 100, 60)
        stack.kafka.kill()
        begin = time.monotonic()
        text = case.fails(UNREACHABLE, "run", "--once", "--wait", "3")
        assert "waiting for Kafka" in text and stack.kafka.address in text, text
        assert 2 < time.monotonic() - begin < 30
        case.project.write("a.csv", "id,name\n1,a\n")
        begin = time.monotonic()
        text = case.fails(UNREACHABLE, "produce", "a.csv", "--wait", "2")
        assert stack.kafka.address in text and time.monotonic() - begin < 30, text
        assert "no Kafka broker answers" in case.project.ok("status")
        wait_until(lambda: "no Kafka broker answers" in log(run), 30)
        late = case.project.start("run", "--once", "--wait", "120")
        late_producer = case.project.start("produce", "a.csv", "--wait", "120", "--acks", case.acks)
        time.sleep(1)
        assert late.poll() is None and run.poll() is None and late_producer.poll() is None
        stack.kafka.start()
        assert late_producer.wait(60) == 0, log(late_producer)
        case.produce([{"value": thing(n), "partition": n % 2} for n in range(50)])
        wait_until(lambda: case.count() == 151, 90)
        assert late.wait(90) == 0, log(late)
        run.send_signal(signal.SIGTERM)
        assert run.wait(60) == 0, log(run)
        case.once()
        case.check()


def test_a_frozen_broker_is_waited_for():
    stack = shared("kafka", "postgres")
    topic = stack.topic()
    with Case(topic, {"session.timeout.ms": 6000, "socket.timeout.ms": 4000}) as case:
        case.produce([thing(n) for n in range(100)])
        run = case.project.start("run")
        wait_until(lambda: case.count() == 100, 60)
        stack.kafka.freeze()
        try:
            time.sleep(10)
            assert run.poll() is None, log(run)
        finally:
            stack.kafka.thaw()
        case.produce([thing(n) for n in range(100)])
        wait_until(lambda: case.count() == 200, 60)
        run.send_signal(signal.SIGTERM)
        assert run.wait(60) == 0, log(run)
        case.check()


def test_the_warehouse_does_not_wait_for_the_lake():
    stack = shared("kafka", "postgres")
    topic = stack.topic()
    with Case(topic) as case:
        case.produce([thing(n) for n in range(100)])
        case.project.env["FP"] = "s1_seal.lake:delay:1:7:120000"  # no lake commit ends in this test
        run = case.project.start("run")
        wait_until(lambda: case.count() == 100, 60)
        for total in (200, 300):
            case.produce([thing(n) for n in range(total - 100, total)])
            wait_until(lambda: case.count() == total, 30)
        marks = {row["sink"]: row["next"] for row in case.project.json("status")["positions"]}
        assert marks == {"warehouse": 300, "lake": 0}
        run.kill()
        run.wait(60)
        del case.project.env["FP"]
        case.once()
        case.check()
