"""Writes the tables of docs/benchmarks.md from the JSON of a folder, and keeps that JSON beside it.

In the document `<!-- bench NAME -->` … `<!-- end -->` hold the table that this file makes; the text
around them is people's.
"""

import json
import re
from pathlib import Path

import tables
from rig import ROOT, BenchError, say

DOCUMENT = ROOT / "docs/benchmarks.md"
KEPT = ROOT / "docs/benchmarks"
MARK = re.compile(r"(<!-- bench ([\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def add_arguments(parser):
    parser.add_argument("folder", metavar="DIR", help="where the JSON of the parts lies")


def main(args):
    found = {path.stem: json.loads(path.read_text(encoding="utf-8"))
             for path in sorted(Path(args.folder).glob("*.json"))}
    if not found:
        raise BenchError(f"no JSON in {args.folder}: scripts/bench all --json-dir {args.folder}")
    text = DOCUMENT.read_text(encoding="utf-8")
    DOCUMENT.write_text(MARK.sub(lambda mark: mark[1] + table(mark[2], found) + mark[3], text),
                        encoding="utf-8")
    keep(found)
    say(f"{DOCUMENT.relative_to(ROOT)} has the tables of {', '.join(found)}")
    return 0


def table(name, found):
    """The table of one mark; what was not measured says so."""
    kind = tables.KINDS.get(name)
    if kind is None:
        raise BenchError(f"{DOCUMENT.name} asks for `{name}`, which no table has")
    source, make = kind
    if source not in found:
        return f"Not measured: there was no {source}.json.\n"
    result = found[source]
    return make(result) + "\n" + origin(source, result)


def origin(source, result):
    load, machine = result["loadavg"], result["machine"]
    return (f"<sub>Commit {result['commit']}, {result['at'][:10]}, {machine['cores']} cores "
            f"({machine['cpu']}), {machine['memory_gb']} GB, load {load['before'][0]:.1f} before "
            f"and {load['after'][0]:.1f} after, `{command(result)}`, "
            f"[raw](benchmarks/{source}.json).</sub>\n")


def command(result):
    """Without where it wrote to."""
    return re.sub(r" --(json|dir) \S+", "", result["command"])


def keep(found):
    """Beside the document, without the folders of the machine that they were made on."""
    KEPT.mkdir(exist_ok=True)
    for name, result in found.items():
        (KEPT / f"{name}.json").write_text(
            json.dumps({**result, "command": command(result)}, indent=1) + "\n", encoding="utf-8")
