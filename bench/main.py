"""Measures sluice, and what it is compared with, on real Kafka and PostgreSQL on this machine.

Each part starts its servers in a folder of its own, loads topics before the clock starts, checks
what came out, and writes JSON (to stdout, or --json FILE) with commit, machine, command and load.
"""

import argparse
import importlib
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from rig import SLUICE, BenchError, say  # noqa: E402
from servers import StackError  # noqa: E402  (rig knows where they are)

# Name → module, what it does.
PARTS = {
    "compare": ("compare", "sluice and Spark on the same topic: time, CPU, memory, outputs"),
    "freshness": ("freshness", "produced → readable, in PostgreSQL and in Iceberg"),
    "limits": ("limits", "the same data through each library alone, and through sluice"),
    "profile": ("cpu_profile", "where sluice's CPU goes, by library and by its own parts"),
    "scale": ("scale", "cost by partitions, workers, rows, record size, columns, repeated keys"),
    "spike": ("spike", "twenty times the load for a minute: memory, and how soon it is drained"),
    "exactly-once": ("exactly_once", "a commit with its marks, and without them"),
    "maintenance": ("maintenance", "a run with maintenance beside it, and without"),
    "growth": ("growth", "a lake commit's time and a reader's, after more and more commits"),
    "soak": ("soak", "a stream on S3 with a commit a second, minute by minute"),
    "all": ("run_all", "all of them, JSON into a folder; 40 minutes at most"),
    "report": ("report", "the tables of docs/benchmarks.md from that folder"),
}


def parse(arguments):
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parts = parser.add_subparsers(dest="part", required=True, metavar="PART")
    for name, (module, about) in PARTS.items():
        part = parts.add_parser(name, help=about, description=about)
        if name not in ("report", "all"):
            part.add_argument("--json", metavar="FILE", help="write the result there")
        if name != "report":
            part.add_argument("--dir", help="keep servers' data and records there for the next "
                              "time")
        importlib.import_module(module).add_arguments(part)
    return parser.parse_args(arguments)


def main():
    args = parse(sys.argv[1:])
    if args.part != "report" and not SLUICE.exists():
        say(f"{SLUICE} is not built: scripts/build release sluice")
        return 69
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # servers are stopped, too
    try:
        return importlib.import_module(PARTS[args.part][0]).main(args)
    except (BenchError, StackError) as error:
        say(error)
        return 69
    except KeyboardInterrupt:
        return 75


if __name__ == "__main__":
    sys.exit(main())
