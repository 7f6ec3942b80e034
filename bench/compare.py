"""The same work on the same topic: sluice, and Spark in one tuned session."""

from statistics import median

import outputs
import records
import sluice_side
import spark_side
from result import Result
from rig import PARTITIONS, Rig, say

SIDES = {"sluice": sluice_side.run, "peer": spark_side.run}
MEDIANS = ("wall_s", "cpu_s", "memory_mb", "kafka_cpu_s", "postgres_cpu_s")


def add_arguments(parser):
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--sizes", metavar="A,B",
                        help="two sizes instead: what one million rows more cost")
    parser.add_argument("--pairs", type=int, default=3, help="runs of each side (3), alternating; "
                        "2 at most of the larger size")
    parser.add_argument("--no-peer", action="store_true", help="sluice alone")


def main(args):
    sizes = [int(size) for size in args.sizes.split(",")] if args.sizes else [args.rows]
    sides = ["sluice"] if args.no_peer else ["sluice", "peer"]
    result = Result("compare")
    with Rig(args.dir) as rig:
        sluice_side.warm(rig, sizes[0])
        measured = sizes_in_turn(rig, sizes, sides, args.pairs)
    first = measured[0]
    figures = {**first, "outputs_equal": all(size["outputs_equal"] for size in measured)}
    if not args.no_peer:
        figures["peer_is"] = spark_side.ABOUT
    if len(measured) == 2:
        figures |= {"larger": measured[1], "marginal": marginal(*measured)}
    result.write(args.json, **figures)
    return 0 if figures["outputs_equal"] else 1


def sizes_in_turn(rig, sizes, sides, pairs):
    """All sizes in each round: a machine that becomes slower meanwhile does so for each of them."""
    given = [Size(rig, rows, sides) for rows in sizes]
    for number in range(pairs):
        for size in given if number < 2 else given[:1]:
            # A B, B A, …: whoever comes second finds warmer caches.
            size.measure(sides if number % 2 == 0 else reversed(sides))
    rig.forget()
    return [size.row() for size in given]


class Size:
    """So many rows on a topic, and what each side's runs made of them."""

    def __init__(self, rig, rows, sides):
        self.rig, self.rows = rig, rows
        path = rig.lines(rows)
        self.bytes_per_record = round(path.stat().st_size / rows, 1)
        self.expected = outputs.of_lines(path)
        self.topic = rig.topic(rows)
        self.runs = {side: [] for side in sides}

    def measure(self, sides):
        for side in sides:
            figures, made = SIDES[side](self.rig, self.topic)
            figures["outputs_equal"] = right(made, self.expected, self.rows)
            if not figures["outputs_equal"]:
                figures["made"] = made
                say(f"{side} made something else: {made}, expected {self.expected}")
            say(f"{self.rows:,} rows, {side}: {figures['wall_s']} s, {figures['cpu_s']} CPU-s + "
                f"{figures['postgres_cpu_s']} PostgreSQL's, {figures['memory_mb']} MB")
            self.runs[side].append(figures)

    def row(self):
        equal = all(run["outputs_equal"] for runs in self.runs.values() for run in runs)
        row = {"rows": self.rows, "partitions": PARTITIONS, "expected": self.expected,
               "outputs_equal": equal, "bytes_per_record": self.bytes_per_record}
        for side, runs in self.runs.items():
            row[side] = {**middle(runs, self.rows), "runs": runs}
        row["ratios"] = ratios(row) if "peer" in self.runs else None
        return row


def right(made, expected, rows):
    """Bronze leaves bad records out (sluice), or has rows of nulls for them (Spark)."""
    return (made["warehouse"] == expected and made["lake"] == expected
            and made["bronze_rows"] in (rows, records.good(rows)))


def middle(runs, rows):
    """Medians, with the range they come from."""
    row = {name: median(run[name] for run in runs) for name in MEDIANS}
    for name in MEDIANS[:3]:
        row[f"{name}_range"] = [min(run[name] for run in runs), max(run[name] for run in runs)]
    millions = rows / 1e6
    return {**row, "rows_per_s": round(rows / row["wall_s"]),
            "cpu_s_per_million": round(row["cpu_s"] / millions, 3),
            "postgres_cpu_s_per_million": round(row["postgres_cpu_s"] / millions, 3),
            "lake": runs[-1]["lake"]}


def ratios(size):
    """Peer over sluice."""
    peer, ours = size["peer"], size["sluice"]
    both = {side: size[side]["cpu_s"] + size[side]["postgres_cpu_s"] for side in ("peer", "sluice")}
    return {"cpu": round(peer["cpu_s"] / ours["cpu_s"], 2),
            "wall": round(peer["wall_s"] / ours["wall_s"], 2),
            "memory": round(peer["memory_mb"] / ours["memory_mb"], 2),
            "cpu_with_postgresql": round(both["peer"] / both["sluice"], 2)}


def marginal(small, large):
    """What a million rows more cost: start-up cancels."""
    millions = (large["rows"] - small["rows"]) / 1e6
    rows = {}
    for side in ("sluice", "peer"):
        if side in small:
            rows[side] = {name: round((large[side][name] - small[side][name]) / millions, 3)
                          for name in ("cpu_s", "wall_s", "postgres_cpu_s")}
    if "peer" in rows:
        rows["ratios"] = {name.removesuffix("_s"): round(rows["peer"][name] / rows["sluice"][name],
                                                         2) for name in ("cpu_s", "wall_s")}
    return rows
