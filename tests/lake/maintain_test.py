"""Compaction, expiry and orphan removal, as PyIceberg and DuckDB read the tables afterwards."""

import os
import time
import unittest
from pathlib import Path

from lake_case import LakeCase, table

PLAIN = table("t", "id: long!; who: string")
SPLIT = table("t", "id: long!; who: string; at: timestamptz", ["identity who", "day at"])
NESTED = table("t", "id: long!; place: struct<city: string>; tags: list<struct<k: string>>")
NAME = {"namespace": "raw", "name": "t"}
SUPERSEDED = {"older_than_ms": 0, "superseded_ms": 0, "superseded_only": True}


def one(number, who="ours"):
    return f"SELECT {number}::bigint AS id, '{who}' AS who"


def numbered(count, who="ours"):
    return f"SELECT i AS id, '{who}' AS who FROM range({count}) r(i)"


class MaintainTest(LakeCase):
    def files(self):
        folder = Path(self.folder) / "lake"
        return {str(path) for path in folder.rglob("*") if path.is_file()}

    def compact(self, tool, **options):
        """Plans, prepares and commits; returns how many files were taken."""
        taken = tool.do("compact", **NAME, **options)["files"]
        if taken:
            tool.do("commit")
        return taken

    def test_small_files_become_one_and_rows_stay(self):
        tool = self.open(PLAIN)
        for number in range(12):
            self.commit(tool, one(number))
        self.assertEqual(self.compact(tool), 12)
        self.assertEqual(len(tool.do("live", **NAME)["files"]), 1)
        self.expect_rows("raw.t", numbered(12), "id")
        self.check("raw.t")
        loaded = self.load("raw.t")
        summary = loaded.current_snapshot().summary
        self.assertEqual(str(summary.operation), "Operation.REPLACE")
        self.assertEqual((summary["deleted-data-files"], summary["added-data-files"],
                          summary["total-records"]), ("12", "1", "12"))
        for count, snapshot in enumerate(loaded.metadata.snapshots[:12], 1):
            rows = loaded.scan(snapshot_id=snapshot.snapshot_id).to_arrow()
            self.assertEqual(len(rows), count, "time travel")
        self.commit(tool, one(12))
        self.expect_rows("raw.t", numbered(13), "id")
        self.check("raw.t")
        self.assertEqual(self.compact(tool), 0, "there is nothing to win")

    def test_partitions_stay_apart(self):
        tool = self.open(SPLIT)
        row = ("SELECT i AS id, CASE WHEN i % 3 = 0 THEN NULL ELSE 'p' || i % 3 END AS who,"
               " TIMESTAMPTZ '1969-12-31 12:00:00+00' + to_hours((i % 2 * 24)::int) AS at"
               " FROM range({}, {}) r(i)")
        for start in range(0, 60, 10):
            self.commit(tool, row.format(start, start + 10))
        self.assertEqual(self.compact(tool), 36)
        self.assertEqual(len(tool.do("live", **NAME)["files"]), 6)
        self.expect_rows("raw.t", row.format(0, 60), "id")
        self.check("raw.t")

    def test_files_of_an_older_schema_get_the_columns_of_now(self):
        tool = self.open(NESTED)
        old = ("SELECT i AS id, {'city': 'c' || i} AS place, [{'k': 'a'}] AS tags"
               " FROM range(0, 3) r(i)")
        for _ in range(2):
            self.commit(tool, old)
        wider = table("t", "id: long!; place: struct<city: string, zip: string>;"
                      " tags: list<struct<k: string>>; extra: double")
        tool = self.open(wider)
        new = ("SELECT i AS id, {'city': 'c' || i, 'zip': 'z'} AS place, [{'k': 'b'}] AS tags,"
               " 1.5::double AS extra FROM range(3, 6) r(i)")
        for _ in range(2):
            self.commit(tool, new)
        before = sorted(self.load("raw.t").scan().to_arrow().to_pylist(), key=str)
        self.assertEqual(self.compact(tool), 4)
        after = sorted(self.load("raw.t").scan().to_arrow().to_pylist(), key=str)
        self.assertEqual(after, before)
        self.check("raw.t")

    def test_a_renamed_column_keeps_its_data(self):
        tool = self.open(PLAIN)
        for number in range(4):
            self.commit(tool, one(number))
        with self.load("raw.t").update_schema() as change:
            change.rename_column("who", "name")
        self.assertEqual(self.compact(tool), 4)
        self.expect_rows("raw.t", "SELECT i AS id, 'ours' AS name FROM range(4) r(i)", "id")
        self.check("raw.t")

    def test_appends_of_ours_and_others_between_plan_and_swap_survive(self):
        tool, other = self.open(PLAIN), self.open(PLAIN)
        for number in range(6):
            self.commit(tool, one(number))
        self.assertEqual(tool.do("compact", **NAME)["files"], 6)
        self.commit(other, one(6))
        loaded = self.load("raw.t")
        loaded.append(loaded.scan("id = 6").to_arrow().set_column(
            0, loaded.schema().as_arrow().field(0), [[7]]))
        tool.do("commit")
        self.expect_rows("raw.t", numbered(8), "id")
        self.check("raw.t")

    def test_a_file_deleted_meanwhile_calls_for_a_new_plan(self):
        tool = self.open(PLAIN)
        for number in range(6):
            self.commit(tool, one(number))
        tool.do("compact", **NAME)
        self.load("raw.t").delete("id = 3")
        refused = tool.ask("commit")
        self.assertEqual((refused["kind"], refused["code"]), ("fenced", "plan_anew"))
        self.assertEqual(self.compact(tool), 5)
        self.expect_rows("raw.t", f"SELECT * FROM ({numbered(6)}) WHERE id <> 3", "id")
        self.check("raw.t", orphans=False)  # the first plan's file

    def test_what_is_not_committed_is_not_there(self):
        tool = self.open(PLAIN)
        for number in range(6):
            self.commit(tool, one(number))
        before = self.pointer("raw.t")
        tool.do("compact", **NAME)
        tool.do("roll_back")
        self.assertEqual(self.pointer("raw.t"), before)
        self.expect_rows("raw.t", numbered(6), "id")
        tool.do("commit")
        self.expect_rows("raw.t", numbered(6), "id")
        self.check("raw.t", orphans=False)

    def test_expired_files_are_gone_and_nothing_else(self):
        tool = self.open(PLAIN)
        for number in range(10):
            self.commit(tool, one(number))
        self.compact(tool)
        self.commit(tool, one(10))
        tagged = self.load("raw.t").metadata.snapshots[2].snapshot_id
        with self.load("raw.t").manage_snapshots() as change:
            change.create_tag(tagged, "audit")
        expired = tool.do("expire", **NAME, keep=2, age_ms=0)
        self.assertEqual(expired["dropped"], 9)
        loaded = self.load("raw.t")
        self.assertEqual(len(loaded.metadata.snapshots), 3)
        self.expect_rows("raw.t", numbered(11), "id")
        self.assertEqual(len(loaded.scan(snapshot_id=tagged).to_arrow()), 3)
        self.check("raw.t")  # no orphan: what was only theirs is gone
        for kept in loaded.metadata.snapshots:
            loaded.scan(snapshot_id=kept.snapshot_id).to_arrow()
        data = [path for path in self.files() if path.endswith(".parquet")]
        self.assertEqual(len(data), 3 + 1 + 1)
        self.commit(tool, one(11))
        self.assertEqual(tool.do("expire", **NAME, keep=100, age_ms=0)["dropped"], 0)
        self.check("raw.t")

    def test_young_snapshots_stay(self):
        tool = self.open(PLAIN)
        for number in range(5):
            self.commit(tool, one(number))
        self.assertEqual(tool.do("expire", **NAME, keep=1, age_ms=3_600_000)["dropped"], 0)

    def test_orphans_go_when_they_are_old(self):
        tool = self.open(PLAIN)
        for number in range(4):
            self.commit(tool, one(number))
        tool.do("append", rows=[one(9)])
        tool.do("seal")  # uploaded, not committed: an orphan until then
        known = self.files()
        orphan = Path(self.folder) / "lake/raw/t/data/odd %2F name.parquet"
        orphan.write_bytes(b"left over")
        self.assertEqual(tool.do("sweep", **NAME, older_than_ms=3_600_000)["paths"], [])
        old = time.time() - 7200
        os.utime(orphan, (old, old))
        for path in known:
            os.utime(path, (old, old)) if "m0" not in path else None
        dry = tool.do("sweep", **NAME, older_than_ms=3_600_000, dry_run=True)["paths"]
        self.assertIn(f"file://{orphan}", dry)
        self.assertTrue(orphan.exists())
        swept = tool.do("sweep", **NAME, older_than_ms=3_600_000)["paths"]
        self.assertEqual(sorted(swept), sorted(dry))
        self.assertEqual(len(swept), 2, "the left-over and the old file of an open commit")
        self.expect_rows("raw.t", numbered(4), "id")
        self.check("raw.t", orphans=False)

    def test_metadata_files_behind_the_log_go_soon(self):
        tool = self.open(PLAIN)
        for number in range(130):
            self.commit(tool, one(number))
        self.assertEqual(len(self.metadata_files()), 131)
        orphan = Path(self.folder) / "lake/raw/t/metadata/orphan-m0.avro"
        orphan.write_bytes(b"left over")
        swept = tool.do("sweep", **NAME, **SUPERSEDED)["paths"]
        self.assertTrue(orphan.exists(), "only these were asked for")
        orphan.unlink()
        self.assertEqual(len(swept), 30)
        self.assertEqual(len(self.metadata_files()), 101)
        self.check("raw.t")

    def metadata_files(self):
        return [path for path in self.files() if path.endswith(".metadata.json")]

    def test_everything_at_once_and_again(self):
        """Rounds of appends and maintenance: the table stays small and right."""
        tool = self.open(PLAIN)
        for number in range(90):
            self.commit(tool, one(number))
            if number % 15 == 14:
                self.compact(tool)
                tool.do("expire", **NAME, keep=5, age_ms=0)
                tool.do("sweep", **NAME, **SUPERSEDED)
        self.expect_rows("raw.t", numbered(90), "id")
        self.check("raw.t")
        self.assertLess(len(tool.do("live", **NAME)["files"]), 20)


if __name__ == "__main__":
    unittest.main()
