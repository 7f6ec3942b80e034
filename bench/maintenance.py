"""Does maintenance beside a run slow it? The same topic drained with many lake commits, with
maintenance off, and with it on far more often than by itself."""

from statistics import median

import sluice_side
import visible
from result import Result
from rig import BenchError, Rig, say

SIDES = {"off": "off", "on": "{every: 2s}"}


def add_arguments(parser):
    parser.add_argument("--rows", type=int, default=12_000_000)
    parser.add_argument("--pairs", type=int, default=2, help="runs of each, alternating (2)")
    parser.add_argument("--every", default="100ms", help="lake.every (100ms)")


def main(args):
    result = Result("maintenance")
    runs = {side: [] for side in SIDES}
    with Rig(args.dir) as rig:
        sluice_side.warm(rig, args.rows)
        topic = rig.topic(args.rows)
        for number in range(args.pairs):
            for side in SIDES if number % 2 == 0 else reversed(SIDES):
                runs[side].append(drain(rig, topic, args, side))
    rows = {side: middle(of_side, args.rows) for side, of_side in runs.items()}
    result.write(args.json, rows=args.rows, lake_every=args.every, runs=runs, **rows)
    return 0


def drain(rig, topic, args, side):
    with sluice_side.Pipeline(rig, topic, every=args.every,
                              maintenance=SIDES[side]) as pipeline:
        rig.stack.sql("CHECKPOINT")
        with rig.meter() as servers:
            used, said = pipeline.once()
        if said["records"] != args.rows:
            raise BenchError(f"sluice read {said['records']} records of {args.rows}")
        operations = [snapshot["summary"]["operation"] for table in ("raw.books", "processed.books")
                      for snapshot in visible.snapshots(pipeline.url, table)]
    row = {**used.row(), **servers.row(), "appends": operations.count("append"),
           "compactions": operations.count("replace")}
    say(f"{side}: {row['wall_s']} s, {row['cpu_s']} CPU-s, {row['appends']} appends, "
        f"{row['compactions']} compactions")
    return row


def middle(runs, rows):
    names = ("wall_s", "cpu_s", "memory_mb", "appends", "compactions")
    row = {name: median(run[name] for run in runs) for name in names}
    return {**row, "rows_per_s": round(rows / row["wall_s"])}
