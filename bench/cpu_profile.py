"""Where sluice's CPU goes while it drains a topic, by library and by its own parts (perf)."""

import shutil
import subprocess
from collections import Counter

import sluice_side
from result import Result
from rig import BenchError, Rig, say

HERTZ = 997
TOP = 20
# What a symbol of our program or of libc begins with, and whose work that is.
SYMBOLS = {
    "JSON, with simdjson": ("sluice::json::", "simdjson::"),
    "librdkafka": ("rd_", "rdk_", "unittest_", "cnd_", "mtx_"),
    "Parquet": ("sluice::Parquet", "sluice::AppendHybrid", "sluice::AppendPacked",
                "sluice::FindSlots"),
    "COPY for PostgreSQL": ("sluice::CopyEncoder", "sluice::ToPgTimestamp"),
    "malloc and free": ("malloc", "free", "cfree", "calloc", "realloc", "_int_", "__libc_calloc",
                        "__libc_malloc", "__libc_free", "unlink_chunk", "operator new"),
    "copying and comparing bytes": ("__mem", "mem"),
}
LIBRARIES = {"kernel": "the kernel", "libzstd": "zstd", "libduckdb": "DuckDB",
             "libsimdjson": "JSON, with simdjson", "libpq": "libpq"}
OTHERS = "the rest of sluice and of libc"


def add_arguments(parser):
    parser.add_argument("--rows", type=int, default=2_000_000)


def main(args):
    if shutil.which("perf") is None:
        raise BenchError("perf is missing: scripts/deps --bench")
    result = Result("profile")
    with Rig(args.dir) as rig:
        sluice_side.warm(rig, args.rows)
        topic = rig.topic(args.rows)
        data = rig.folder / "perf.data"
        with sluice_side.Pipeline(rig, topic) as pipeline:
            run = pipeline.start("--once")
            sampler = subprocess.run(
                ["perf", "record", "-q", "-F", str(HERTZ), "-o", data, "-p", str(run.pid)],
                text=True, capture_output=True, check=False)
            used = pipeline.need(run.wait(sluice_side.TIMEOUT))
        if not data.exists():
            raise BenchError(f"perf record: {sampler.stderr}")
        samples = read(data)
        data.unlink()
    cpu = used.row()["cpu_s"]
    result.write(args.json, rows=args.rows, cpu_s=cpu,
                 **shares(samples, cpu * 1e6 / args.rows))
    return 0


def read(data):
    """(library, symbol) → its share of all samples."""
    said = subprocess.run(["perf", "report", "-i", data, "--stdio", "-g", "none", "--sort",
                           "dso,symbol", "-t", "\t"], text=True, capture_output=True, check=False)
    samples = Counter()
    for line in said.stdout.splitlines():
        fields = [field.strip() for field in line.split("\t")]
        if line.startswith("#") or len(fields) < 3 or not fields[0].endswith("%"):
            continue
        symbol = fields[2].removeprefix("[.] ").removeprefix("[k] ")
        samples[fields[1], symbol] += float(fields[0].removesuffix("%"))
    if not samples:
        raise BenchError(f"perf report: {said.stderr}")
    return samples


def owner(library, symbol):
    for name, whose in LIBRARIES.items():
        if name in library:
            return whose
    for whose, beginnings in SYMBOLS.items():
        if symbol.startswith(beginnings):
            return whose
    return OTHERS


def shares(samples, cpu_s_per_million):
    """By owner, the largest first, and the symbols that cost most (zstd's have no names)."""
    sums = Counter()
    for (library, symbol), share in samples.items():
        sums[owner(library, symbol)] += share
    whole = sum(sums.values())
    parts = [{"part": name, "percent": round(100 * share / whole, 1),
              "cpu_s_per_million": round(cpu_s_per_million * share / whole, 3)}
             for name, share in sums.most_common()]
    for part in parts:
        say(f"{part['part']}: {part['percent']} %, {part['cpu_s_per_million']} CPU-s per million")
    top = [{"symbol": symbol, "library": library, "percent": round(100 * share / whole, 2)}
           for (library, symbol), share in samples.most_common()
           if not symbol.startswith("0x")][:TOP]
    return {"parts": parts, "top": top}
