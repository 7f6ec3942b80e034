"""scripts/bench on small sizes: the result's shape, and that what came out is what was sent."""

import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def folder():
    """Servers' data, made once; not below pytest's own folder, which PostgreSQL cannot enter."""
    path = Path(tempfile.mkdtemp(prefix="sluice-bench-test-"))
    yield path
    shutil.rmtree(path)


def bench(folder, *args):
    path = folder / "result.json"
    done = subprocess.run([ROOT / "scripts/bench", *args, "--dir", folder, "--json", path],
                          text=True, capture_output=True, timeout=300, check=False, env={
                              "SLUICE_BIN": str(ROOT / "build/dev/bin/sluice"), **os.environ})
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(path.read_text(encoding="utf-8"))


def test_compare(folder):
    result = bench(folder, "compare", "--rows", "20000", "--pairs", "1", "--no-peer")
    assert result["what"] == "compare" and result["rows"] == 20_000
    assert result["outputs_equal"] is True
    # 2 records are no JSON, 20 have a blank title.
    assert result["expected"]["rows"] == result["expected"]["distinct"] == 20_000 - 2 - 20
    run = result["sluice"]["runs"][0]
    assert (run["records"], run["quarantined"]) == (20_000, 2)
    for name in ("wall_s", "cpu_s", "memory_mb", "kafka_cpu_s", "postgres_cpu_s"):
        assert result["sluice"][name] > 0, name
    assert result["sluice"]["lake"]["files"] > 0
    for name in ("commit", "machine", "command", "loadavg", "version"):
        assert result[name], name


def test_spike(folder):
    result = bench(folder, "spike", "--rate", "200", "--seconds", "3", "--calm", "2")
    assert result["outputs_equal"] is True
    assert result["sent"] > 10_000 and result["spike_per_s"] > 2_000
    assert all(result["memory_mb"][phase] > 0 for phase in ("before", "spike", "after"))
    assert result["drained_s"] >= 0


def test_soak(folder):
    result = bench(folder, "soak", "--minutes", "0.2", "--rate", "100")
    assert result["outputs_equal"] is True and result["files_verified"] > 0
    sample = result["samples"][0]
    for name in ("cpu_s_per_s", "lake_commits", "memory_mb", "objects", "store_mb"):
        assert sample[name] > 0, name


def test_scale_makes_many_records_in_pieces(folder):
    result = bench(folder, "scale", "--rows", "5000", "--only", "rows", "--piece", "8000")
    assert result["outputs_equal"] is True
    # Blank titles, one in a thousand, are left out; two pieces have a record that is no JSON.
    made = [(case["rows"], case["lake_rows"]) for case in result["cases"]]
    assert made == [(1_000, 999), (5_000, 4_995), (20_000, 20_000 - 20 - 2)]


def test_exactly_once(folder):
    result = bench(folder, "exactly-once", "--repetitions", "1")
    assert [case["rows"] for case in result["cases"]] == [12, 1_000, 50_000]
    for case in result["cases"]:
        assert case["with_marks_ms"] > 0 and case["without_ms"] > 0


def test_maintenance(folder):
    result = bench(folder, "maintenance", "--rows", "20000", "--pairs", "1")
    assert result["off"]["compactions"] == 0
    for side in ("off", "on"):
        assert result[side]["appends"] >= 2 and result[side]["rows_per_s"] > 0, side


def test_freshness(folder):
    result = bench(folder, "freshness", "--seconds", "3", "--warmup", "1", "--rate", "500",
                   "--idle", "1")
    assert result["outputs_equal"] is True
    assert result["lake_every"] == "1s" and result["iceberg"]["commits"] > 0
    for where in ("postgresql", "iceberg"):
        age = result[where]
        assert age["rows"] > 1_000
        assert 0 < age["p50_ms"] <= age["p99_ms"] <= age["max_ms"], age
    assert result["first_commit_ms"] > 0


def test_profile(folder):
    if shutil.which("perf") is None:
        pytest.skip("perf is not installed: the part says so")
    result = bench(folder, "profile", "--rows", "100000")
    assert 99 < sum(part["percent"] for part in result["parts"]) < 101
    assert {"zstd", "librdkafka", "Parquet"} < {part["part"] for part in result["parts"]}
