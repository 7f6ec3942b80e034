"""Silver made again from bronze while the stream goes on: one commit, or nothing."""

import json
import os
import signal
import sys
import threading
import unittest
from pathlib import Path

import psycopg

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
from oracle import Oracle  # noqa: E402
from postgres import Postgres  # noqa: E402
from project import Project, wait_until  # noqa: E402

PIPELINE = """
version: 1
pipeline: readings
source: {kafka: embedded, topic: readings, partitions: 2}
lake: {root: ./lake, every: %(every)s}
warehouse: ${DATABASE_URL}
bronze:
  raw.readings:
    format: json
    %(decode)s
    columns: {id: long, sensor: string, celsius: double}
silver:
  processed.readings:
    from: raw.readings
    sql: |
      %(readings)s
    expect:
      sensible: {check: celsius < %(hot)s, else: quarantine}
    warehouse: {table: public.readings, mode: append}
  processed.latest:
    from: raw.readings
    sql: |
      %(latest)s
    warehouse: {table: public.latest, mode: upsert, key: [sensor]}
  processed.plain:
    from: raw.readings
    sql: |
      SELECT id FROM raw.readings WHERE id %% 2 = %(half)s
"""

OLD = {"readings": "SELECT id, upper(sensor) AS sensor, celsius FROM raw.readings",
       "latest": "SELECT sensor, id, celsius FROM raw.readings",
       "hot": "1000000", "half": "0", "every": "30s", "decode": "coerce: false"}
# Another key, rows that WHERE leaves out now, a column more, and records that are refused now.
NEW = {"readings": "SELECT id, sensor || '!' AS sensor, celsius * 2 AS celsius, id % 2 = 0 AS even "
                   "FROM raw.readings WHERE id % 7 <> 0",
       "latest": "SELECT sensor || '/' || (id % 3) AS sensor, id, celsius FROM raw.readings "
                 "WHERE id % 5 <> 0",
       "hot": "5000", "half": "1"}
OLD_ROWS = 3000


def record(number):
    return {"id": number, "sensor": f"s{number % 40}", "celsius": float(number % OLD_ROWS)}


class Expected:
    """What the new SQL makes of the bronze rows, by hand."""

    def __init__(self, bronze):
        self.readings, self.plain, newest = {}, set(), {}
        for partition, offset, number, sensor, celsius, at in bronze:
            if celsius * 2 >= 5000 and number % 7 != 0:
                continue  # refused by one table: a row of none
            if number % 7 != 0:
                self.readings[partition, offset] = (number, sensor + "!", celsius * 2,
                                                    number % 2 == 0)
            if number % 2 == 1:
                self.plain.add((partition, offset, number))
            if number % 5 != 0:
                key, age = f"{sensor}/{number % 3}", (at, partition, offset)
                newest[key] = max(newest.get(key, (age, number)), (age, number))
        self.latest = {key: number for key, (_, number) in newest.items()}
        self.latest_ids = {key: age[1:] for key, (age, _) in newest.items()}


class RebuildCase(unittest.TestCase):
    def setUp(self):
        self.postgres = Postgres()
        self.project = Project(pipeline=PIPELINE % OLD, DATABASE_URL=self.postgres.conninfo)
        self.oracle = Oracle(self.postgres.conninfo, self.postgres.uri, "")

    def tearDown(self):
        self.project.close()
        self.postgres.close()

    def rewrite(self, **options):
        self.project.write("sluice.yml", PIPELINE % {**OLD, **options})

    def send(self, first, past, *args, name="records.jsonl"):
        text = "".join(json.dumps(record(n)) + "\n" for n in range(first, past))
        self.project.write(name, text)
        return self.project.ok("produce", name, *args)

    def run_old(self, rows=OLD_ROWS):
        self.project.broker(2)
        self.send(0, rows)
        self.project.json("run", "--once")

    def accept_new(self, **more):
        self.rewrite(**NEW, **more)
        self.project.ok("plan", "--accept")

    def rebuild(self, table, *args, code=0, env=None):
        saved = dict(self.project.env)
        self.project.env.update(env or {})
        done = self.project.sluice("rebuild", table, *args, timeout=240)
        self.project.env = saved
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done

    def state(self):
        """All that readers see of the rebuilt tables."""
        return {"lake": sorted(self.oracle.lake("processed.readings", "id", "sensor", "celsius")),
                "latest": sorted(self.oracle.lake("processed.latest", "sensor", "id")),
                "readings": sorted(self.oracle.warehouse("public.readings", "id", "sensor",
                                                         "celsius")),
                "public": sorted(self.oracle.warehouse("public.latest", "sensor", "id")),
                "left_out": sorted(self.oracle.sql("SELECT * FROM sluice.left_out WHERE n <> 0"))}

    def check_all_new(self):
        bronze = self.oracle.lake("raw.readings", "id", "sensor", "celsius", "_timestamp")
        expected = Expected(bronze)
        columns = ("id", "sensor", "celsius", "even")
        for rows in (self.oracle.lake("processed.readings", *columns),
                     self.oracle.warehouse("public.readings", *columns)):
            self.assertEqual(len(rows), len(expected.readings))
            self.assertEqual({row[:2]: row[2:] for row in rows}, expected.readings)
        rows = self.oracle.warehouse("public.latest", "sensor", "id")
        self.assertEqual({row[2]: row[3] for row in rows}, expected.latest)
        self.assertEqual({row[2]: row[:2] for row in rows}, expected.latest_ids)
        keys = {row[2] for row in self.oracle.lake("processed.latest", "sensor")}
        self.assertEqual(keys, set(expected.latest))
        plain = self.oracle.lake("processed.plain", "id")
        self.assertEqual(len(plain), len(expected.plain))
        self.assertEqual(set(plain), expected.plain)
        verified = self.project.sluice("verify", "-o", "json")
        self.assertEqual(verified.returncode, 0, verified.stdout)
        return bronze

    def waiting_tables(self):
        return self.oracle.sql("SELECT count(*) FROM pg_class WHERE relname LIKE 'rebuild_%' AND "
                               "relkind = 'r'")[0][0]


class Watch(threading.Thread):
    """Looks again and again, each time in one snapshot: all old rows, or none of them; in the lake
    as in the warehouse."""

    def __init__(self, case):
        super().__init__()
        self.case, self.stop, self.seen, self.faults = case, threading.Event(), [], []
        self.start()

    def run(self):
        from pyiceberg.table import StaticTable
        with psycopg.connect(self.case.postgres.conninfo) as db:
            while not self.stop.is_set():
                with db.transaction():
                    db.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
                    pointer = db.execute("SELECT metadata_location FROM iceberg_tables WHERE "
                                         "table_name = 'readings' AND table_namespace = "
                                         "'processed'").fetchone()[0]
                    rows = db.execute("SELECT count(*) FILTER (WHERE sensor NOT LIKE '%!'), "
                                      "count(*) FROM public.readings").fetchone()
                sensors = StaticTable.from_metadata(pointer).scan(
                    selected_fields=("sensor",)).to_arrow()["sensor"].to_pylist()
                old = sum(not sensor.endswith("!") for sensor in sensors)
                self.seen.append(old)
                if old != rows[0] or old not in (0, OLD_ROWS):
                    self.faults.append((old, len(sensors), rows))

    def end(self):
        self.stop.set()
        self.join()


class WhileTheStreamGoesOn(RebuildCase):
    def test_both_sinks_all_modes(self):
        self.run_old()
        self.rewrite(**NEW)
        refused = self.rebuild("processed.readings", "--yes", code=78)
        self.assertIn("plan --accept", refused.stderr)
        self.accept_new(every="2s")
        run = self.project.start("run")
        self.project.write("more.jsonl", "".join(json.dumps(record(n)) + "\n"
                                                 for n in range(OLD_ROWS, OLD_ROWS + 6000)))
        producing = self.project.start("produce", "more.jsonl", "--rate", "400")
        wait_until(lambda: self.oracle.sql("SELECT count(*) FROM public.readings WHERE sensor "
                                           "LIKE '%!'")[0][0] > 0, 60)
        watch = Watch(self)
        try:
            done = self.rebuild("processed.readings", "--yes", "-o", "json", code=1)
            report = json.loads(done.stdout)
            self.assertTrue(report["done"])
            self.assertGreaterEqual(report["bronze"]["rows"], OLD_ROWS)
            self.assertEqual(report["bronze"]["rows"],
                             report["rows"] + report["left_out"] + report["refused"])
            self.assertIsNone(producing.poll(), "records went on to arrive")
            self.assertIn("became", self.rebuild("processed.latest", "--yes", code=1).stdout)
            self.assertIsNone(producing.poll(), "records went on to arrive")
            self.rebuild("processed.plain", "--yes", code=1)
            wait_until(lambda: watch.seen[-1] == 0, 30)
        finally:
            watch.end()
        self.assertEqual(watch.faults, [])
        self.assertIn(OLD_ROWS, watch.seen)
        self.assertEqual(producing.wait(timeout=120), 0)
        run.send_signal(signal.SIGTERM)
        self.assertEqual(run.wait(timeout=60), 0, run.log.read_text(encoding="utf-8"))
        self.project.json("run", "--once")
        bronze = self.check_all_new()
        self.assertGreater(len(bronze), OLD_ROWS)
        self.assertEqual(self.waiting_tables(), 0)
        self.assertNotIn("worker starts anew", run.log.read_text(encoding="utf-8"))
        kinds = [row[0] for row in self.oracle.sql(
            "SELECT sink FROM sluice.commit WHERE sink NOT IN ('lake', 'warehouse') ORDER BY at")]
        self.assertEqual(kinds, ["accept", "rebuild", "rebuild", "rebuild"])


class KilledHalfWay(RebuildCase):
    BEFORE = ("rebuild_begin", "rebuild_batch", "s2_file", "rebuild_made", "swap_begin",
              "swap_deleted", "swap_inserted", "rewrite_lock", "rewrite_swap", "swap_receipt",
              "s9_send.rebuild")
    AFTER = ("s9_reply.rebuild", "rebuild_swapped")

    def test_at_each_step(self):
        self.run_old()
        self.accept_new()
        for table in ("processed.readings", "processed.latest"):
            before = self.state()
            for step in self.BEFORE:
                with self.subTest(table=table, step=step):
                    self.rebuild(table, "--yes", code=-9, env={"FP": f"{step}:kill:1:1"})
                    self.assertEqual(self.state(), before)
            self.assertEqual(self.project.sluice("verify").returncode, 0)
            self.rebuild(table, "--yes", code=1)
            after = self.state()
            self.assertNotEqual(after, before)
            for step in self.AFTER:
                with self.subTest(table=table, step=step):
                    self.rebuild(table, "--yes", code=-9, env={"FP": f"{step}:kill:1:1"})
                    self.assertEqual(self.state(), after)
            # Lost replies: of a COMMIT that was sent, and of one that was not.
            for step in ("s9_reply.rebuild", "s9_send.rebuild"):
                self.rebuild(table, "--yes", code=1,
                             env={"FP": f"{step}:error:1:1:commit_unknown:1"})
                self.assertEqual(self.state(), after)
        self.rebuild("processed.plain", "--yes", code=1)
        self.check_all_new()
        self.assertEqual(self.waiting_tables(), 0)
        self.assertEqual(list((self.project.folder / ".sluice/spool/rebuild").glob("spool-*")), [])

    def test_the_stream_goes_on_after_a_kill(self):
        """An upsert's commits copy their rows for a rebuild that is alive, and for no other."""
        self.run_old()
        self.accept_new()
        self.rebuild("processed.latest", "--yes", code=-9, env={"FP": "rebuild_made:kill:1:1"})
        self.assertEqual(self.waiting_tables(), 1)
        self.send(OLD_ROWS, OLD_ROWS + 500)
        self.project.json("run", "--once")
        for table in ("processed.latest", "processed.readings", "processed.plain"):
            self.rebuild(table, "--yes", code=1)
        self.check_all_new()
        self.assertEqual(self.waiting_tables(), 0)


class Manners(RebuildCase):
    def test_says_what_it_would_do_and_refuses_with_a_cure(self):
        never = self.rebuild("processed.readings", code=64)
        self.assertIn("never ran", never.stderr)
        self.run_old(300)
        self.assertIn("did you mean processed.readings",
                      self.rebuild("processed.reading", code=64).stderr)
        self.assertIn("bronze", self.rebuild("raw.readings", code=64).stderr)
        before = self.state()
        planned = self.rebuild("processed.readings").stdout
        self.assertIn("300 bronze rows", planned)
        self.assertIn("--yes", planned)
        self.rebuild("processed.readings", "--yes", "--dry-run", code=64)

        # What is refused is named; a storm of it needs a word more.
        self.accept_new()
        self.rewrite(**{**NEW, "hot": "100"})
        self.project.ok("plan", "--accept")
        tried = json.loads(self.rebuild("processed.readings", "--dry-run", "-o", "json",
                                        code=1).stdout)
        refused = sum(n * 2 >= 100 and n % 7 != 0 for n in range(300))
        self.assertEqual((tried["done"], tried["refused"]), (False, refused))
        self.assertEqual(tried["reasons"], {"expectation:sensible": refused})
        self.assertEqual(len(tried["records"]), 20)
        storm = self.rebuild("processed.readings", "--yes", code=2)
        self.assertIn("too many records are refused", storm.stderr)
        self.assertIn("--accept-storm", storm.stderr)
        self.assertEqual(self.state(), before)
        self.rebuild("processed.readings", "--yes", "--accept-storm", code=1)
        self.assertEqual(len(self.oracle.warehouse("public.readings")), tried["rows"])
        self.assertEqual(self.project.sluice("verify").returncode, 0)

        # A type that changed is refused by name.
        self.rewrite(**{**NEW, "readings": "SELECT id, sensor, celsius::VARCHAR AS celsius "
                                           "FROM raw.readings", "hot": "'9'"})
        changed = self.project.sluice("plan", "--accept")
        self.assertEqual(changed.returncode, 78)
        self.assertIn("celsius", changed.stderr)
        self.assertEqual(self.rebuild("processed.readings", "--yes", code=78).returncode, 78)

    def test_what_only_postgresql_refuses_is_in_neither_sink(self):
        self.run_old(300)
        self.accept_new()
        with psycopg.connect(self.postgres.conninfo) as db:
            db.execute("ALTER TABLE public.readings ADD CHECK (celsius <> 86) NOT VALID")
        done = self.rebuild("processed.readings", "--yes", "-o", "json", code=1)
        report = json.loads(done.stdout)
        self.assertEqual(report["reasons"], {"warehouse_rejected:23514": 1})
        self.assertEqual(len(report["records"]), 1)
        kept = {n for n in range(300) if n % 7 != 0 and n != 43}
        self.assertEqual({row[2] for row in self.oracle.lake("processed.readings", "id")}, kept)
        self.assertEqual({row[2] for row in self.oracle.warehouse("public.readings", "id")}, kept)
        self.assertEqual(self.project.sluice("verify").returncode, 0)

    def test_one_at_a_time_and_not_past_a_replay(self):
        self.project.broker(2)
        records = [{"id": "1", "sensor": "s", "celsius": 1}, *map(record, range(2, 300))]
        self.project.write("some.jsonl", "".join(json.dumps(r) + "\n" for r in records))
        self.project.ok("produce", "some.jsonl")
        self.project.json("run", "--once")
        self.accept_new(decode="coerce: true")
        self.project.env["FP"] = "rebuild_made:delay:1:1:5000:1"
        first = self.project.start("rebuild", "processed.readings", "--yes")
        del self.project.env["FP"]
        wait_until(lambda: self.waiting_tables() == 1, 60)
        second = self.rebuild("processed.readings", "--yes", code=75)
        self.assertIn("another rebuild", second.stderr)
        replayed = self.project.json("quarantine", "replay", "--yes")
        self.assertEqual(replayed["accepted"], 1)
        self.assertEqual(first.wait(timeout=120), 0, first.log.read_text(encoding="utf-8"))
        self.assertIn("starts over", first.log.read_text(encoding="utf-8"))
        for table in ("processed.latest", "processed.plain"):
            self.rebuild(table, "--yes")
        self.check_all_new()

    def test_a_run_by_the_old_file_ends(self):
        self.project.broker(2)
        self.send(0, 300)
        self.rewrite(every="1s")
        run = self.project.start("run")
        wait_until(lambda: self.counted() == 300, 60)
        self.rewrite(**NEW)
        wait_until(lambda: self.project.sluice("plan", "--accept").returncode == 0, 60)
        self.send(300, 600)
        self.assertEqual(run.wait(timeout=60), 78, run.log.read_text(encoding="utf-8"))
        self.assertIn("E0403", run.log.read_text(encoding="utf-8"))
        self.assertEqual(self.counted(), 300)
        self.project.json("run", "--once")
        for table in ("processed.readings", "processed.latest", "processed.plain"):
            self.rebuild(table, "--yes")
        self.check_all_new()

    def test_marks_that_are_apart(self):
        self.project.broker(2)
        self.send(0, 300)
        run = self.project.start("run")
        wait_until(lambda: self.project.sluice("status").returncode == 0 and
                   self.counted() == 300, 60)
        run.kill()
        run.wait()
        apart = self.rebuild("processed.readings", "--yes", code=78)
        self.assertIn("different marks", apart.stderr)
        self.assertIn("sluice run --once", apart.stderr)
        self.project.json("run", "--once")
        self.rebuild("processed.readings", "--yes")
        self.assertEqual(self.project.sluice("verify").returncode, 0)

    def counted(self):
        try:
            return self.oracle.sql("SELECT count(*) FROM public.readings")[0][0]
        except psycopg.errors.UndefinedTable:
            return 0


if __name__ == "__main__":
    os.environ.setdefault("SLUICE_BIN", str(ROOT / "build/dev/bin/sluice"))
    unittest.main()
