"""Partitions move between processes while records come; nothing is lost or doubled."""

import signal
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from case import Case, shared, thing, wait_until  # noqa: E402


class Stream:
    """Produces in the background until it is ended; every record is acknowledged."""

    def __init__(self, case):
        self.case, self.sent, self._end = case, 0, threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._end.set()
        self._thread.join()

    def _run(self):
        while not self._end.is_set():
            self.case.produce([{"value": thing(n), "key": b"%d" % n} for n in range(20)])
            self.sent += 20
            time.sleep(0.05)


def owners(case):
    rows = case.project.json("status")["positions"]
    return {row["partition"]: row["owner"].split("-")[-2:][0] for row in rows
            if row["sink"] == "warehouse"}


def workers_of(case):
    rows = case.project.json("status")["positions"]
    return {row["owner"] for row in rows if row["sink"] == "warehouse"}


def stop(process):
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0, process.log.read_text(encoding="utf-8")


def test_processes_come_and_go():
    topic = shared("kafka", "postgres").topic(partitions=6)
    with Case(topic, {"session.timeout.ms": 6000}) as case, Stream(case) as stream:
        one = case.project.start("run")
        wait_until(lambda: len(owners(case)) == 6, 60)
        two = case.project.start("run")
        both = {str(one.pid), str(two.pid)}
        wait_until(lambda: set(owners(case).values()) == both, 60)
        shares = list(owners(case).values())
        assert sorted(shares.count(pid) for pid in both) == [3, 3]
        # Cooperative: what the first kept it read all the while, under the same claim.
        assert "worker starts anew" not in one.log.read_text(encoding="utf-8")
        before = stream.sent
        wait_until(lambda: stream.sent > before + 100)
        stop(one)
        wait_until(lambda: set(owners(case).values()) == {str(two.pid)}, 60)
        three = case.project.start("run", "--workers", "2")
        wait_until(lambda: str(three.pid) in owners(case).values(), 60)
        two.kill()
        wait_until(lambda: set(owners(case).values()) == {str(three.pid)}, 60)
        stream.__exit__()
        wait_until(lambda: case.count() == stream.sent, 60)
        stop(three)
        case.once()
        case.check()
        assert case.project.json("verify")["ok"]
        # Lag tools see how far the lake is.
        marks = {row["partition"]: row["next"] for row in case.project.json("status")["positions"]}
        assert case.stack.group_offsets("sluice-things", topic) == marks


def test_warehouse_commits_keep_their_distance():
    topic = shared("kafka", "postgres").topic()
    with Case(topic) as case:
        case.edit("warehouse: ${DATABASE_URL}", "warehouse: {url: '${DATABASE_URL}', every: 2s}")
        run = case.project.start("run")
        with Stream(case) as stream:
            wait_until(case.count, 60)
            time.sleep(6)
        wait_until(lambda: case.count() == stream.sent, 60)
        stop(run)
        case.check()
        times = [row[0] for row in case.oracle.sql(
            "SELECT extract(epoch FROM at)::float8 FROM sluice.commit WHERE sink = 'warehouse' "
            "ORDER BY at")]
        apart = [later - one for one, later in zip(times, times[1:])]
        # The first batch waited for nothing; the last one before the stop may be early.
        assert len(times) >= 3 and min(apart[:-1]) > 1.9, apart


def test_new_partitions_are_found_while_running():
    """With `start: latest` too: what came to them before they were found counts."""
    stack = shared("kafka", "postgres")
    topic = stack.topic(partitions=1)
    stack.produce(topic, [thing(1, "before the start")])
    refresh = {"topic.metadata.refresh.interval.ms": 1000}
    with Case(topic, refresh, "  start: latest") as case:
        run = case.project.start("run")
        wait_until(lambda: case.project.json("status")["positions"], 60)
        stack.add_partitions(topic, 4)
        case.produce([{"value": thing(n), "partition": n % 4} for n in range(40)])
        wait_until(lambda: case.count() == 40, 60)
        stop(run)
        case.check()
        starts = {row["start"] for row in case.project.json("status")["positions"]
                  if row["partition"] > 0}
        assert starts == {0}


def test_a_static_member_that_dies_while_it_hands_over_leaves_no_partition_behind():
    """Kafka gives it the assignment of its last life; nothing else would end the hand-over."""
    topic = shared("kafka", "postgres").topic(partitions=4)
    options = {"group.instance.id": "${INSTANCE}", "session.timeout.ms": 30000,
               "heartbeat.interval.ms": 200}
    with Case(topic, options, INSTANCE="one") as case:
        case.edit("every: 300ms", "every: 1h")
        case.produce([{"value": thing(n), "partition": n % 4} for n in range(40)])
        # What it has not yet put into the lake it commits when partitions are taken away.
        case.project.env["FP"] = "s1_seal.lake:kill:1:7"
        one = case.project.start("run")
        wait_until(lambda: case.count() == 40, 60)
        del case.project.env["FP"]
        case.project.env["INSTANCE"] = "two"
        two = case.project.start("run")
        assert one.wait(60) == -signal.SIGKILL
        case.project.env["INSTANCE"] = "one"
        again = case.project.start("run", "--workers", "2")
        case.produce([{"value": thing(n), "partition": n % 4} for n in range(40, 80)])
        wait_until(lambda: case.count() == 80, 20)
        # The second worker of a process is a member of its own.
        wait_until(lambda: len(workers_of(case)) == 3, 20)
        assert "worker starts anew" not in again.log.read_text(encoding="utf-8")
        stop(two)
        stop(again)
        case.check()


def test_a_worker_without_partitions_leaves_the_group():
    topic = shared("kafka", "postgres").topic(partitions=1)
    with Case(topic, source="  group: idle") as case:
        case.produce([{"value": thing(1)}])
        run = case.project.start("run", "--workers", "2")
        wait_until(lambda: case.count() == 1 and len(case.stack.group_members("idle") or ()) == 2)
        stop(run)
        assert case.stack.group_members("idle") == []


def test_a_run_that_ends_while_its_workers_join_keeps_the_next_one_waiting_for_nobody():
    """The first worker that joins reads all, while the others are still on their way in."""
    topic = shared("kafka", "postgres").topic(partitions=8)
    with Case(topic, source="  group: hasty") as case:
        for sent in range(80, 480, 80):
            case.produce([{"value": thing(n), "partition": n % 8} for n in range(sent - 80, sent)])
            begun = time.monotonic()
            case.once(0, "--workers", "8")
            assert time.monotonic() - begun < 9
            assert case.stack.group_members("hasty") == []
        case.check()
