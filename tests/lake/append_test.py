"""Tables that the sink writes, as PyIceberg and DuckDB read them and the checker weighs them."""

import unittest

from lake_case import LakeCase, table
from pyiceberg.expressions import EqualTo, IsNull

EVERY_TYPE = table(
    "types",
    "id: int!; flag: bool; whole: long; small: float; x: double; amount: decimal(12,2);"
    " wide: decimal(38,10); name: string; raw: binary; day: date; local: timestamp;"
    " at: timestamptz; tags: list<string>; place: struct<city: string, geo: struct<lat: double>>;"
    " visits: list<struct<key: string, value: binary>>")
TYPE_ROWS = """
SELECT i::int AS id, i % 3 = 0 AS flag, i * 10000000000 - 5 AS whole, (i / 7)::float AS small,
       CASE i % 5 WHEN 0 THEN 'nan'::double WHEN 1 THEN -0.0 WHEN 2 THEN 'inf'::double
                  WHEN 3 THEN NULL ELSE -i / 3.0 END AS x,
       (i * 1.25 - 300)::decimal(12,2) AS amount,
       (i * -1234567890123.25)::decimal(38,10) AS wide,
       CASE WHEN i % 7 = 0 THEN NULL WHEN i % 7 = 1 THEN ''
            WHEN i % 7 = 2 THEN repeat('長い😀', i::int) ELSE 'name ' || i END AS name,
       CASE WHEN i % 4 = 0 THEN NULL
            ELSE ('\\xFF\\xFF'::blob || encode(repeat('b', i::int))) END AS raw,
       DATE '1969-11-01' + i::int AS day,
       TIMESTAMP '1969-12-31 22:00:00.000001' + to_minutes(i * 7) AS local,
       TIMESTAMPTZ '1969-12-31 23:59:59.999999+00' + to_hours(i::int) AS at,
       CASE WHEN i % 3 = 0 THEN NULL ELSE ['t' || i, NULL, 'same'] END AS tags,
       CASE WHEN i % 6 = 0 THEN NULL ELSE {'city': 'c' || i, 'geo': {'lat': i / 4}} END AS place,
       [{'key': 'k', 'value': encode('v' || i)}] AS visits
FROM range({start}, {end}) r(i)"""

ODD = table("odd", "id: long!; at: timestamptz; Author(s): string; _log: int!; _partition: int!;"
            " _offset: long!", ["day at", "identity Author(s)"])
ODD_VALUES = ["a/b", "", None, "..", ".", "日本 +%=&", "50% off", "it's \"q\"", "%2F", "null",
              "x" * 2000, "😀" * 100, "a\\b", "tab\there", "../../x"]


def type_rows(start, end):
    return TYPE_ROWS.replace("{start}", str(start)).replace("{end}", str(end))


def odd_rows(start, count):
    values = ", ".join("NULL" if value is None else "'" + value.replace("'", "''") + "'"
                       for value in ODD_VALUES)
    return (f"SELECT i AS id, CASE WHEN i % 11 = 0 THEN NULL ELSE "
            f"TIMESTAMPTZ '1969-12-31 12:00:00+00' + to_hours((i * 5 % 48)::int) END AS at,"
            f" [{values}][(i % {len(ODD_VALUES)} + 1)::int] AS \"Author(s)\","
            f" 1::int AS _log, 0::int AS _partition, i AS _offset"
            f" FROM range({start}, {start + count}) r(i)")


class AppendTest(LakeCase):
    def test_every_type_over_several_appends(self):
        tool = self.open(EVERY_TYPE)
        for start in (0, 100, 150):
            self.commit(tool, type_rows(start, start + 50))
        rows = " UNION ALL ".join(type_rows(start, start + 50) for start in (0, 100, 150))
        self.expect_rows("raw.types", rows, "id")
        self.check("raw.types")
        names = self.postgres_run("SELECT * FROM iceberg_namespace_properties")
        self.assertEqual(names, [("lake", "raw", "exists", "true")])

    def test_filters_find_what_bounds_promise(self):
        tool = self.open(EVERY_TYPE)
        self.commit(tool, type_rows(0, 50))
        self.commit(tool, type_rows(50, 100))
        scan = self.load("raw.types").scan
        self.assertEqual(len(scan("id = 0 or id = 99").to_arrow()), 2)
        self.assertEqual(len(scan("name = '長い😀長い😀'").to_arrow()), 1)
        self.assertEqual(len(scan("day = '1969-11-11'").to_arrow()), 1)
        self.assertEqual(len(scan("x is nan").to_arrow()), 20)
        self.assertEqual(len(scan("name is null").to_arrow()), 15)
        self.assertEqual(self.duckdb_rows("raw.types", "count(*)", "amount = -300.00"), [(1,)])

    def test_partitions_by_day_and_odd_values(self):
        tool = self.open(ODD)
        self.commit(tool, odd_rows(0, 400))
        self.commit(tool, odd_rows(400, 30))
        self.expect_rows("raw.odd", odd_rows(0, 430), "id")
        self.check("raw.odd")
        live = tool.do("live", namespace="raw", name="odd")
        self.assertEqual(live["problems"], [])
        self.assertEqual(live["partition_by"], ["day(at)", "Author(s)"])
        values = {file["partition"]["Author(s)"] for file in live["files"]}
        self.assertEqual(values, set(ODD_VALUES))
        days = {file["partition"]["at_day"] for file in live["files"]}
        self.assertEqual(days, {None, "1969-12-31", "1970-01-01", "1970-01-02"})
        for value in ODD_VALUES:
            wanted = IsNull("Author(s)") if value is None else EqualTo("Author(s)", value)
            self.assertGreater(len(self.load("raw.odd").scan(wanted).to_arrow()), 0, value)

    def test_month_hour_and_other_identities(self):
        split = table("split", "id: int!; at: timestamp; d: date; ok: bool; amount: decimal(9,3);"
                      " n: long", ["month at", "hour at", "month d", "identity d", "identity ok",
                       "identity amount", "identity n"])
        rows = ("SELECT i::int AS id, TIMESTAMP '1969-12-31 22:30:00' + to_hours(i * 400) AS at,"
                " DATE '1970-02-01' - (i * 20)::int AS d, i % 2 = 0 AS ok,"
                " (i * -1.5)::decimal(9,3) AS amount, i - 2 AS n FROM range(6) r(i)")
        tool = self.open(split)
        self.commit(tool, rows)
        self.expect_rows("raw.split", rows, "id")
        self.check("raw.split")

    def test_several_tables_move_together(self):
        bronze = table("books", "id: int!; text: string")
        silver = table("books", "id: int!", namespace="processed")
        tool = self.open(bronze, silver)
        snapshots = self.commit(tool, "SELECT 1::int AS id, 'x' AS text", "SELECT 1::int AS id")
        self.assertEqual(set(snapshots), {"raw.books", "processed.books"})
        snapshots = self.commit(tool, "SELECT 2::int AS id, 'y' AS text", "")
        self.assertEqual(set(snapshots), {"raw.books"})
        self.assertEqual(self.commit(tool, "", ""), {})
        self.expect_rows("raw.books", "SELECT * FROM (VALUES (1, 'x'), (2, 'y')) t(id, text)", "id")
        self.expect_rows("processed.books", "SELECT 1 AS id", "id")
        self.check("raw.books")
        self.check("processed.books")

    def test_the_summary_tells_of_the_commit(self):
        tool = self.open(table("t", "id: int!"))
        tool.do("append", rows=["SELECT 1::int AS id"], start=10, end=15)
        tool.do("append", rows=["SELECT 2::int AS id"], start=15, end=40)
        tool.do("seal", commit_id="11111111-2222-4333-8444-555555555555")
        tool.do("commit")
        summary = self.load("raw.t").current_snapshot().summary
        self.assertEqual(summary["sluice.commit-id"], "11111111-2222-4333-8444-555555555555")
        self.assertEqual(summary["sluice.positions"],
                         '[{"log":1,"partition":0,"start":10,"end":40}]')

    def test_what_is_discarded_or_rolled_back_is_not_there(self):
        tool = self.open(table("t", "id: int!"))
        tool.do("append", rows=["SELECT 1::int AS id"])
        tool.do("discard")
        tool.do("append", rows=["SELECT 2::int AS id"])
        tool.do("seal")
        before = self.pointer("raw.t")
        tool.do("roll_back")
        self.assertEqual(self.pointer("raw.t"), before)
        tool.do("roll_back")
        tool.do("commit")  # the same seal once more
        self.expect_rows("raw.t", "SELECT 2 AS id", "id")
        self.check("raw.t", orphans=False)
        again = tool.ask("commit")
        self.assertEqual(again["kind"], "invariant")
        self.assertIn("already", again["error"])

    def test_small_files_split_one_seal(self):
        tool = self.open(table("t", "id: long!; text: string"), file_size=1_000_000)
        rows = ("SELECT i AS id, md5(i::varchar) || md5((i * 7)::varchar) AS text"
                " FROM range({}, {}) r(i)")
        for start in range(0, 400_000, 100_000):
            tool.do("append", rows=[rows.format(start, start + 100_000)])
        tool.do("seal")
        tool.do("commit")
        self.assertGreater(len(tool.do("live", namespace="raw", name="t")["files"]), 1)
        self.expect_rows("raw.t", rows.format(0, 400_000), "id")
        self.check("raw.t")


if __name__ == "__main__":
    unittest.main()
