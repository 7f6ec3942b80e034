"""scripts/stack as a person uses it, and the servers that it starts."""

import http.server
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
from project import wait_until  # noqa: E402
from stack import servers, shared  # noqa: E402


def script(folder, *args, code=0):
    """Runs scripts/stack on a folder; returns what it printed."""
    done = subprocess.run([str(ROOT / "scripts/stack"), *args, "--dir", str(folder)], text=True,
                          capture_output=True, timeout=120, check=False)
    assert done.returncode == code, f"{args}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


def s3_pid(folder):
    told = script(folder, "status", "-o", "json", code=69).splitlines()[0]
    return {row["name"]: row for row in json.loads(told)["servers"]}["s3"]["pid"]


def test_up_and_down_as_a_person_uses_them(tmp_path):
    folder = tmp_path / "here"
    script(folder, "env", code=69)
    assert "nothing runs" in script(folder, "down")
    assert "scripts/stack env" in script(folder, "up", "s3")
    first = s3_pid(folder)
    script(folder, "up", "s3")
    assert s3_pid(folder) == first, "the second `up` started another"
    assert (folder / "stack.json").stat().st_mode & 0o077 == 0, "others can read the secrets"
    script(folder, "down", "--keep")
    assert s3_pid(folder) is None and (folder / "s3/data/raw").is_dir()
    script(folder, "up", "s3")
    os.kill(s3_pid(folder), signal.SIGKILL)
    wait_until(lambda: s3_pid(folder) is None)
    script(folder, "up", "s3")
    assert "down" in script(folder, "status", code=69)  # kafka and postgres are
    assert "removed" in script(folder, "down")
    assert not folder.exists()
    lines = servers.process.command_lines().values()
    assert not [line for line, _ in lines if str(folder) in " ".join(line)]


def test_a_foreign_folder_and_a_foreign_server_are_told(tmp_path):
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters/mine.txt").write_text("mine", encoding="utf-8")
    assert "holds something else" in script(tmp_path / "letters", "up", "s3", code=69)
    assert "nothing runs" in script(tmp_path / "letters", "down")
    assert (tmp_path / "letters/mine.txt").exists()
    # Somebody else's server on our port, while ours is down: not taken for ours.
    folder = tmp_path / "here"
    script(folder, "up", "s3")
    port = json.loads((folder / "stack.json").read_text(encoding="utf-8"))["s3"]["port"]
    script(folder, "down", "--keep")
    other = http.server.HTTPServer(("127.0.0.1", port), http.server.SimpleHTTPRequestHandler)
    threading.Thread(target=other.serve_forever, daemon=True).start()
    try:
        script(folder, "up", "s3")
        moved = json.loads((folder / "stack.json").read_text(encoding="utf-8"))["s3"]["port"]
        assert moved != port
    finally:
        other.shutdown()
        other.server_close()
        script(folder, "down")


def test_topics_and_records_of_a_fresh_stack():
    stack = shared("kafka", "postgres")
    topic = stack.topic(partitions=2)
    acks = stack.produce(topic, [b"a", b"b"], partition=1)
    assert [(ack.partition, ack.offset) for ack in acks] == [(1, 0), (1, 1)]
    assert stack.sql("SELECT current_database()") == [("sluice",)]
    assert {row["state"] for row in stack.status() if row["name"] != "s3"} == {"up"}


def test_a_killed_server_recovers_with_its_data():
    """PostgreSQL; outage_test.py kills Kafka."""
    stack = shared("kafka", "postgres")
    stack.sql("CREATE TABLE IF NOT EXISTS kept (a int)")
    address = stack.postgres.address
    stack.postgres.kill()
    assert not stack.postgres.is_up()
    stack.postgres.start()
    assert stack.postgres.address == address
    assert stack.sql("SELECT count(*) FROM kept") == [(0,)]
    stack.sql("DROP TABLE kept")
