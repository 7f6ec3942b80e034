"""What exactly once costs a commit into PostgreSQL: the same code with its marks and without."""

import json
import os
import subprocess
from collections import defaultdict
from statistics import median

from result import Result
from rig import TOOLS, BenchError, Rig, build_tools, say

NAMES = {"BM_Commit": "with_marks_ms", "BM_RowsAlone": "without_ms"}


def add_arguments(parser):
    parser.add_argument("--repetitions", type=int, default=9, help="of each size, in a drawn "
                        "order; the medians count (9)")


def main(args):
    result = Result("exactly-once")
    build_tools("commit_bench")
    with Rig(args.dir) as rig:
        cases = measure(rig, args.repetitions)
    result.write(args.json, repetitions=args.repetitions, cases=cases)
    return 0


def measure(rig, repetitions):
    done = subprocess.run(
        [TOOLS / "commit_bench", "--benchmark_format=json",
         f"--benchmark_repetitions={repetitions}",
         "--benchmark_enable_random_interleaving=true",
         "--benchmark_min_time=0.3"],
        env={**os.environ, "SLUICE_BENCH_DATABASE": rig.stack.database()}, text=True,
        capture_output=True, check=False)
    if done.returncode != 0:
        raise BenchError(done.stderr)
    times = defaultdict(list)
    for run in json.loads(done.stdout)["benchmarks"]:
        if run["run_type"] == "iteration":
            name, rows = run["run_name"].split("/")[:2]
            times[int(rows), NAMES[name]].append(run["real_time"])
    sizes = {}
    for (rows, name), found in sorted(times.items()):
        sizes.setdefault(rows, {})[name] = round(median(found), 3)
    cases = [{"rows": rows, **row, "costs_percent": percent(row)} for rows, row in sizes.items()]
    for case in cases:
        say(f"{case['rows']:,} rows a commit: {case['with_marks_ms']} ms with marks, "
            f"{case['without_ms']} without")
    return cases


def percent(times):
    return round(100 * (times["with_marks_ms"] / times["without_ms"] - 1), 1)
