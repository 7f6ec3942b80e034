"""A sensible set of all parts, each bounded in time, one after the other; within --minutes.

What fails is said at the end; the other parts are measured all the same.
"""

import subprocess
import sys
import time
from pathlib import Path

from rig import BenchError, say
from spark_side import SUBMIT

HERE = Path(__file__).resolve().parent
SET = {
    "compare": ("compare", "--sizes", "2000000,6000000", "--pairs", "3"),
    "limits": ("limits", "--rows", "2000000"),
    "profile": ("profile",),
    "freshness-1000": ("freshness", "--rate", "1000", "--seconds", "30", "--peer"),
    "freshness-20000": ("freshness", "--rate", "20000", "--seconds", "30"),
    "spike": ("spike",),
    "exactly-once": ("exactly-once",),
    "scale": ("scale",),
    "maintenance": ("maintenance",),
    "growth": ("growth", "--commits", "10000", "--keep", "100"),
}
TRIAL = {
    "compare": ("compare", "--sizes", "50000,100000", "--pairs", "1"),
    "limits": ("limits", "--rows", "100000"),
    "profile": ("profile", "--rows", "100000"),
    "freshness-1000": ("freshness", "--rate", "1000", "--seconds", "4", "--warmup",
                       "2", "--idle", "2", "--peer"),
    "freshness-20000": ("freshness", "--rate", "20000", "--seconds", "3", "--warmup", "1",
                        "--idle", "2"),
    "spike": ("spike", "--seconds", "4", "--calm", "2"),
    "exactly-once": ("exactly-once", "--repetitions", "1"),
    "scale": ("scale", "--rows", "20000"),
    "maintenance": ("maintenance", "--rows", "50000", "--pairs", "1"),
    "growth": ("growth", "--commits", "100"),
}
SECONDS = {"compare": 900}
PART_SECONDS = 480
LEAST_SECONDS = 60


def add_arguments(parser):
    parser.add_argument("--json-dir", metavar="DIR", required=True)
    parser.add_argument("--minutes", type=float, default=40, help="what does not fit in is left "
                        "out, and said (40)")
    parser.add_argument("--no-peer", action="store_true", help="without Spark")
    parser.add_argument("--trial", action="store_true", help="small sizes: does everything work?")
    parser.add_argument("--only", action="append", choices=SET, help="may be repeated")


def main(args):
    folder = Path(args.json_dir)
    folder.mkdir(parents=True, exist_ok=True)
    if not args.no_peer and not SUBMIT.exists():
        raise BenchError("Spark is not installed: scripts/deps --bench, or --no-peer")
    end = time.monotonic() + 60 * args.minutes
    failed = [name for name in args.only or SET if not measure(name, folder, args, end)]
    if failed:
        say(f"failed: {', '.join(failed)}")
    return 1 if failed else 0


def measure(name, folder, args, end):
    seconds = min(SECONDS.get(name, PART_SECONDS), end - time.monotonic())
    if seconds < LEAST_SECONDS:
        say(f"{name}: no time left")
        return False
    wanted = (TRIAL if args.trial else SET)[name]
    words = [word for word in wanted if not (args.no_peer and word == "--peer")]
    if args.no_peer and name == "compare":
        words.append("--no-peer")
    if args.dir:
        words += ["--dir", args.dir]
    say(f"== {' '.join(words)}")
    begun = time.monotonic()
    with open(folder / f"{name}.log", "wb") as log:
        part = subprocess.Popen([sys.executable, HERE / "main.py", *words, "--json",
                                 folder / f"{name}.json"], stderr=log)
        try:
            code = part.wait(timeout=seconds)
        except (subprocess.TimeoutExpired, KeyboardInterrupt) as stop:
            part.terminate()
            code = part.wait(timeout=120)
            if isinstance(stop, KeyboardInterrupt):
                raise
    say(f"{name}: exit {code} after {time.monotonic() - begun:.0f} s")
    return code == 0
