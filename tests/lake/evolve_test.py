"""Tables that change under us: by our own pipeline file, and by other engines."""

import json
import re
import unittest

from lake_case import LakeCase, table
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.types import IntegerType, StringType

FIRST = table("t", "id: int!; name: string; place: struct<city: string>")
SECOND = table("t", "id: int!; extra: decimal(9,2); name: string;"
               " place: struct<city: string, zip: string>; tags: list<string>")
FIRST_ROWS = "SELECT {0}::int AS id, 'n{0}' AS name, {'city': 'c{0}'} AS place"
SECOND_ROWS = ("SELECT {0}::int AS id, 1.25::decimal(9,2) AS extra, 'n{0}' AS name,"
               " {'city': 'c{0}', 'zip': 'z'} AS place, ['a'] AS tags")


def rows(text, number):
    return text.replace("{0}", str(number))


class EvolveTest(LakeCase):
    def refused(self, changed, text):
        tool = self.open_unprepared(changed)
        for op in ("plan", "prepare"):
            answer = tool.ask(op)
            self.assertEqual((answer.get("kind"), answer.get("code")), ("invalid_config", "E0401"))
            self.assertIn(text, answer["error"])

    def test_columns_are_added_and_old_files_stay_readable(self):
        self.commit(self.open(FIRST), rows(FIRST_ROWS, 1))
        tool = self.open_unprepared(SECOND)
        self.assertEqual(tool.do("plan")["changes"], [[
            "raw.t", "add column", "extra: decimal(9,2), place.zip: string, tags: list<string>"]])
        tool.do("prepare")
        self.assertEqual(tool.do("plan")["changes"], [["raw.t", "none", ""]])
        self.commit(tool, rows(SECOND_ROWS, 2))
        self.assertEqual(
            tool.do("live", namespace="raw", name="t")["columns"],
            [[1, "id", "int", True], [2, "name", "string", False],
             [3, "place", "struct<city: string, zip: string>", False],
             [5, "extra", "decimal(9,2)", False], [7, "tags", "list<string>", False]])
        scanned = self.load("raw.t").scan().to_arrow().sort_by("id").to_pylist()
        self.assertEqual([row["place"] for row in scanned],
                         [{"city": "c1", "zip": None}, {"city": "c2", "zip": "z"}])
        self.assertEqual([row["tags"] for row in scanned], [None, ["a"]])
        found = self.duckdb_rows("raw.t", "id, extra::varchar, place.zip", "true ORDER BY 1")
        self.assertEqual(found, [(1, None, None), (2, "1.25", "z")])
        self.check("raw.t")

    def test_what_adding_cannot_bridge_is_refused_by_name(self):
        self.open(FIRST)
        self.refused(table("t", "id: long!; name: string; place: struct<city: string>"),
                     "column `id` is int in the table, but long in the pipeline")
        self.refused(table("t", "id: int; name: string; place: struct<city: string>"),
                     "column `id` must not be null in the table, but may be in the pipeline")
        self.refused(table("t", "id: int!; title: string; place: struct<city: string>"),
                     "`name` is in the table, but not in the pipeline, where `title` is new")
        self.refused(table("t", "id: int!; name: string; place: struct<city: int>"),
                     "column `place.city` is string in the table, but int in the pipeline")
        self.refused(table("t", "name: string; place: struct<city: string>"),
                     "column `id` must not be null in the table, but is not in the pipeline")
        moved = table("t", "id: int!; name: string; place: struct<city: string>")
        self.refused({**moved, "location": self.root + "/elsewhere/t"}, "not at")

    def test_the_split_may_change_and_change_back(self):
        def split(*by):
            return table("t", "id: int!; at: timestamptz", by)
        text = "SELECT {0}::int AS id, TIMESTAMPTZ '2026-01-0{0} 00:00:00+00' AS at"
        tool = self.open(split())
        self.commit(tool, rows(text, 1))
        for by, number in ((["day at"], 2), (["month at", "identity id"], 3), ([], 4),
                           (["day at"], 5)):
            tool = self.open_unprepared(split(*by))
            self.assertEqual(tool.do("plan")["changes"][0][1], "partition")
            tool.do("prepare")
            self.commit(tool, rows(text, number))
        self.assertEqual(len(self.load("raw.t").specs()), 3)
        self.expect_rows("raw.t", " UNION ALL ".join(rows(text, i) for i in range(1, 6)), "id")
        self.check("raw.t")

    def test_pyiceberg_writes_in_between(self):
        tool = self.open(FIRST)
        self.commit(tool, rows(FIRST_ROWS, 1))
        foreign = self.load("raw.t")
        foreign.append(foreign.scan().to_arrow())
        with foreign.update_schema() as update:
            update.add_column("theirs", IntegerType())
        with foreign.transaction() as transaction:
            transaction.set_properties({"my.prop": "kept"})
        self.commit(tool, rows(FIRST_ROWS, 2))
        restarted = self.open(FIRST)
        self.commit(restarted, rows(FIRST_ROWS, 3))
        foreign.refresh().append(foreign.scan("id = 3").to_arrow())
        self.commit(restarted, rows(FIRST_ROWS, 4))
        got = sorted(self.load("raw.t").scan().to_arrow()["id"].to_pylist())
        self.assertEqual(got, [1, 1, 2, 3, 3, 4])
        self.assertEqual(self.load("raw.t").properties["my.prop"], "kept")
        self.assertEqual(self.duckdb_rows("raw.t", "count(*), count(theirs)"), [(6, 0)])
        self.check("raw.t", orphans=False)

    def test_a_column_dropped_or_renamed_under_us_stops_the_commit(self):
        for change in (lambda update: update.delete_column("name"),
                       lambda update: update.rename_column("name", "title")):
            self.postgres_run("DROP TABLE IF EXISTS iceberg_tables")
            tool = self.open(FIRST)
            self.commit(tool, rows(FIRST_ROWS, 1))
            with self.load("raw.t").update_schema() as update:
                change(update)
            tool.do("append", rows=[rows(FIRST_ROWS, 2)])
            tool.do("seal")
            answer = tool.ask("commit")
            self.assertEqual((answer["kind"], answer["code"]), ("fatal", "E0401"))
            self.assertEqual(len(self.load("raw.t").scan().to_arrow()), 1)

    def test_a_table_of_pyiceberg_is_taken_over(self):
        catalog = SqlCatalog("lake", uri=self.postgres.uri, warehouse=self.root)
        catalog.create_namespace("raw")
        with self.load_into(catalog):
            pass
        tool = self.open_unprepared(FIRST)
        changes = tool.do("plan")["changes"]
        self.assertEqual(changes, [["raw.t", "add column", "place: struct<city: string>"]])
        tool.do("prepare")
        self.commit(tool, rows(FIRST_ROWS, 7))
        self.assertEqual(self.load("raw.t").scan().to_arrow()["id"].to_pylist(), [7])
        self.check("raw.t")

    def load_into(self, catalog):
        from pyiceberg.schema import Schema
        from pyiceberg.types import NestedField
        schema = Schema(NestedField(1, "id", IntegerType(), required=True),
                        NestedField(2, "name", StringType()))
        return catalog.create_table("raw.t", schema, location=f"{self.root}/raw/t").transaction()

    def test_a_v0_catalog_works(self):
        self.postgres_run(
            "CREATE TABLE iceberg_tables (catalog_name VARCHAR(255) NOT NULL, table_namespace"
            " VARCHAR(255) NOT NULL, table_name VARCHAR(255) NOT NULL, metadata_location"
            " VARCHAR(1000), previous_metadata_location VARCHAR(1000),"
            " PRIMARY KEY (catalog_name, table_namespace, table_name))")
        tool = self.open(FIRST)
        self.commit(tool, rows(FIRST_ROWS, 1))
        self.assertEqual(tool.do("live", namespace="raw", name="t")["tables"], 1)
        self.expect_rows("raw.t", rows(FIRST_ROWS, 1), "id")

    def test_another_spelling_of_the_pointer_stays_as_it_is(self):
        tool = self.open(FIRST)
        self.commit(tool, rows(FIRST_ROWS, 1))
        self.postgres_run("UPDATE iceberg_tables SET metadata_location ="
                          " replace(metadata_location, 'file:///', 'file:/')")
        other = self.open(FIRST)
        self.commit(other, rows(FIRST_ROWS, 2))
        previous = self.postgres_run("SELECT previous_metadata_location FROM iceberg_tables")[0][0]
        self.assertTrue(previous.startswith("file:/") and not previous.startswith("file://"))
        self.assertEqual(len(self.load("raw.t").scan().to_arrow()), 2)

    def test_broken_metadata_is_refused(self):
        tool = self.open(FIRST)
        self.commit(tool, rows(FIRST_ROWS, 1))
        path = self.pointer("raw.t")[len("file://"):]
        with open(path, encoding="utf-8") as file:
            whole = json.load(file)
        damages = [{**whole, "format-version": 3}]
        for key in ("location", "table-uuid", "last-sequence-number", "schemas",
                    "partition-specs", "current-snapshot-id", "snapshots", "last-column-id"):
            damages.append({name: value for name, value in whole.items() if name != key})
        damages.append({**whole, "schemas": [{"schema-id": 0, "type": "struct", "fields": [7]}]})
        damages.append({**whole, "snapshots": "none"})
        damages.append({**whole, "last-sequence-number": 0})
        for damaged in damages:
            with open(path, "w", encoding="utf-8") as file:
                json.dump(damaged, file)
            answer = self.open_unprepared(FIRST).ask("prepare")
            self.assertIn("error", answer)
            self.assertRegex(answer["code"] + answer["kind"], "lake_metadata_broken|invalid_config")
        with open(path, "w", encoding="utf-8") as file:
            file.write("[" * 100_000)
        self.assertEqual(self.open_unprepared(FIRST).ask("prepare")["code"], "lake_metadata_broken")

    def test_the_log_of_old_metadata_is_cut_and_the_names_count(self):
        tool = self.open(FIRST)
        for number in range(105):
            self.commit(tool, rows(FIRST_ROWS, number))
        log = self.load("raw.t").metadata.metadata_log
        self.assertEqual(len(log), 100)
        self.assertTrue(re.search(r"/00105-[0-9a-f-]{36}\.metadata\.json$", self.pointer("raw.t")))


if __name__ == "__main__":
    unittest.main()
