"""`scripts/demo --stack`: the shipped file, unedited, on Kafka, S3 and PostgreSQL."""

import os
import subprocess
import sys
from pathlib import Path

from pyiceberg.catalog.sql import SqlCatalog

sys.path.insert(0, str(Path(__file__).resolve().parent))
from case import shared  # noqa: E402
from project import ROOT, SLUICE  # noqa: E402


def test_the_books_on_real_servers():
    stack = shared()
    env = {**os.environ, "SLUICE_STACK_DIR": str(stack.folder),
           "SLUICE_BIN": str(Path(SLUICE).resolve())}
    for variable in stack.env():
        env.pop(variable, None)
    done = subprocess.run([str(ROOT / "scripts/demo"), "--stack"], env=env, text=True,
                          capture_output=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "174 records to topic `sensor_stream`" in done.stdout
    assert "complete: " in done.stdout and "all pass" in done.stdout
    assert stack.sql("SELECT count(*) FROM books_silver") == [(174,)]
    assert stack.sql("SELECT count(*) FROM fact_books") == [(174,)]
    database = stack.env()["DATABASE_URL"].replace("postgresql://", "postgresql+psycopg2://")
    s3 = stack.s3
    catalog = SqlCatalog("lake", uri=database, **{
        "s3.endpoint": f"http://{s3.address}", "s3.region": "us-east-1",
        "s3.access-key-id": s3.env()["AWS_ACCESS_KEY_ID"],
        "s3.secret-access-key": s3.env()["AWS_SECRET_ACCESS_KEY"]})
    for bucket in ("raw", "processed"):
        table = catalog.load_table(f"{bucket}.books")
        assert table.location() == f"s3://{bucket}/books"
        assert table.scan().to_arrow().num_rows == 174
    catalog.engine.dispose()
