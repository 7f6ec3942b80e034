"""How the cost of a lake commit grows with the number of commits, maintenance running.

One writer appends to one table in a folder, as fast as it can; after every so many commits the
table is maintained as a run does it: compaction, expiry, removal of what fell off the metadata-log.
At 1, 100, 1,000, … commits the table is measured: the median time of the last hundred commits, the
size of the metadata file and of the manifest list, and how long PyIceberg takes to load the table
and plan a scan.

usage: .deps/check/bin/python bench/growth.py [--commits N] [--every-maintain K] [--keep N]
                                              [--rows N] [--json FILE]
`--every-maintain 0` shows what happens without. LAKE_TOOL names another build of lake_tool.
"""

import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
os.environ.setdefault("LAKE_TOOL", str(ROOT / "build/dev/tests/lake/lake_tool"))
sys.path += [str(ROOT / "tests/lake"), str(ROOT / "tests/support")]  # behind our own modules
from lake_case import Tool, table  # noqa: E402
from postgres import Postgres  # noqa: E402
from pyiceberg.catalog.sql import SqlCatalog  # noqa: E402
from result import Result  # noqa: E402

NAME = {"namespace": "raw", "name": "t"}
TABLE = table("t", "id: long!; who: string; amount: double; at: timestamptz")
ROWS = ("SELECT i AS id, md5(i::varchar) AS who, i / 7 AS amount,"
        " TIMESTAMPTZ '2026-01-01 00:00:00+00' + to_seconds(i) AS at FROM range({}, {}) r(i)")
WINDOW = 100


class Growth:
    def __init__(self, given):
        self.given = given
        self.folder = tempfile.mkdtemp(prefix="sluice-growth-")
        self.root = f"file://{self.folder}/lake"
        self.postgres = Postgres()
        self.tool = Tool()
        self.tool.do("open", conninfo=self.postgres.conninfo, root=self.root, tables=[TABLE],
                     spool=self.folder + "/spool")
        self.tool.do("prepare")
        self.seconds = []      # of the commits since the last measurement's window
        self.maintained = []   # seconds of each round

    def close(self):
        self.tool.close()
        self.postgres.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def commit(self, number):
        self.tool.do("append", rows=[ROWS.format(number * self.given.rows,
                                                 (number + 1) * self.given.rows)])
        self.tool.do("seal")
        start = time.perf_counter()
        self.tool.do("commit")
        self.seconds.append(time.perf_counter() - start)
        self.seconds = self.seconds[-WINDOW:]

    def maintain(self):
        start = time.perf_counter()
        if self.tool.do("compact", **NAME)["files"]:
            self.tool.do("commit")
        self.tool.do("expire", **NAME, keep=self.given.keep, age_ms=0)
        self.tool.do("sweep", **NAME, older_than_ms=10**12, superseded_ms=0, data=False)
        self.maintained.append(time.perf_counter() - start)

    def measure(self, commits):
        catalog = SqlCatalog("lake", uri=self.postgres.uri, warehouse=self.root,
                             init_catalog_tables="false")
        times = []
        for _ in range(5):
            start = time.perf_counter()
            loaded = catalog.load_table("raw.t")
            files = list(loaded.scan().plan_files())
            times.append(time.perf_counter() - start)
        snapshot = loaded.current_snapshot()
        rows = sum(file.file.record_count for file in files)
        if rows != commits * self.given.rows:
            raise SystemExit(f"growth: {rows} rows after {commits} commits of {self.given.rows}")
        objects = [path for path in Path(self.folder, "lake").rglob("*") if path.is_file()]
        return {"commits": commits,
                "commit_ms": round(1000 * statistics.median(self.seconds), 2),
                "commit_p99_ms": round(1000 * sorted(self.seconds)[
                    int(0.99 * (len(self.seconds) - 1))], 2),
                "metadata_bytes": os.path.getsize(loaded.metadata_location[7:]),
                "list_bytes": os.path.getsize(snapshot.manifest_list[7:]),
                "manifests": len(snapshot.manifests(loaded.io)),
                "snapshots": len(loaded.metadata.snapshots),
                "data_files": len(files),
                "planning_ms": round(1000 * statistics.median(times), 1),
                "objects": len(objects),
                "objects_bytes": sum(path.stat().st_size for path in objects),
                "maintain_ms": round(1000 * statistics.median(self.maintained[-10:]), 1)
                if self.maintained else None}

    def run(self):
        points, results = {1}, []
        while max(points) * 10 < self.given.commits:
            points.add(max(points) * 10)
        points.add(self.given.commits)
        for number in range(self.given.commits):
            self.commit(number)
            done = number + 1
            if self.given.every_maintain and done % self.given.every_maintain == 0:
                self.maintain()
            if done in points:
                results.append(self.measure(done))
                print(json.dumps(results[-1]), file=sys.stderr, flush=True)
        return results


def add_arguments(parser):
    parser.add_argument("--commits", type=int, default=1000)
    parser.add_argument("--every-maintain", type=int, default=60, help="commits between two rounds "
                        "of maintenance; 0 shows what happens without")
    parser.add_argument("--keep", type=int, default=900,
                        help="snapshots; 900 are a quarter of an hour at a commit a second")
    parser.add_argument("--rows", type=int, default=100)


def main(args):
    result = Result("growth")
    growth = Growth(args)
    try:
        points = growth.run()
    finally:
        growth.close()
    result.write(args.json, every_maintain=args.every_maintain, keep=args.keep, rows=args.rows,
                 points=points)
    return 0
