"""scripts/faults: see its --help."""

import argparse
import random
import signal
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "support")]

import mutants  # noqa: E402
import on_kafka  # noqa: E402, F401
import on_machine  # noqa: E402, F401
import on_maintenance  # noqa: E402, F401
import on_postgres  # noqa: E402, F401
import on_records  # noqa: E402, F401
import on_s3  # noqa: E402, F401
import on_workers  # noqa: E402, F401
from cluster import EmbeddedCluster  # noqa: E402
from real_cluster import RealCluster  # noqa: E402
from nemesis import Nemesis, Tally, commit  # noqa: E402
from project import ROOT  # noqa: E402
from scenario import SCENARIOS, UNSUPPORTED  # noqa: E402


def arguments():
    parser = argparse.ArgumentParser(
        prog="scripts/faults", description="Kills, stops and cuts sluice and its services while "
        "records flow, and counts what is lost or doubled. The same seed draws the same faults.")
    parser.add_argument("--seed", type=int, help="of the draw (default: by chance)")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--only", action="append", metavar="NAME", help="these scenarios only")
    parser.add_argument("--list", action="store_true", help="the scenarios, and what cannot be "
                        "done here")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where the sums go")
    parser.add_argument("--embedded", action="store_true", help="the embedded broker and a folder "
                        "as the lake instead of Kafka and S3")
    parser.add_argument("--mutants", action="store_true", help="the wrong commits must turn red, "
                        "the real one stay green")
    return parser.parse_args()


def show_list():
    for scenario in sorted(SCENARIOS.values(), key=lambda s: (s.row, s.name)):
        needs = f"  [{', '.join(sorted(scenario.needs))}]" if scenario.needs else ""
        print(f"row {scenario.row:2}  {scenario.name:28} {scenario.title}{needs}")
    for row, reason in sorted(UNSUPPORTED.items()):
        print(f"row {row:2}  not done: {reason}")


def say(text):
    print(text, flush=True)


def draw(seed, minutes, make_cluster, only=(), json=None):
    """Lets the drawn faults happen; returns the sums."""
    tally = Tally(seed, commit())
    cluster = make_cluster()
    try:
        names = only or [s.name for s in SCENARIOS.values()
                         if s.needs <= cluster.has and (minutes >= 30 or not s.slow)]
        say(f"seed {seed}, {minutes:g} minutes, {len(names)} scenarios")

        def save():
            if json:
                json.parent.mkdir(parents=True, exist_ok=True)
                json.write_text(tally.as_json() + "\n", encoding="utf-8")

        Nemesis(cluster, tally, names, say, ROOT / "build/faults").run(minutes, save)
    finally:
        cluster.close()
    return tally


def main():
    args = arguments()
    # Ends the draw in order: worlds, servers and folders go with it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(75))
    if args.list:
        show_list()
        return 0
    if args.mutants:
        return 0 if mutants.run(EmbeddedCluster, say) else 1
    if unknown := [name for name in args.only or () if name not in SCENARIOS]:
        sys.exit(f"faults: no scenario {', '.join(unknown)}; see scripts/faults --list")
    seed = args.seed if args.seed is not None else random.SystemRandom().randrange(1 << 31)
    tally = draw(seed, args.minutes, EmbeddedCluster if args.embedded else RealCluster, args.only,
                 args.json)
    say(tally.as_json())
    return 1 if tally.faults else 0


if __name__ == "__main__":
    sys.exit(main())
