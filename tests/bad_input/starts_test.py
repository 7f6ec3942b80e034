"""Rows 51 to 60 of the list of bad input: see cases/starts.cases."""

import json
import re
import shlex
import sys
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).resolve().parent),
                str(Path(__file__).resolve().parents[1] / "support")]
from postgres import Postgres  # noqa: E402
from project import Project  # noqa: E402
from record_cases import FOLDER, unescaped  # noqa: E402

PIPELINE = """version: 1
pipeline: bad
source: {kafka: embedded, topic: bad}
lake: ./lake
warehouse: ${DATABASE_URL}
bronze:
  raw.bad:
    format: json
    columns: {s: string, n: int}
silver:
  processed.bad:
    from: raw.bad
    sql: SELECT s, n FROM raw.bad
    warehouse: {table: public.bad, mode: append}
"""


def read_cases():
    text = (FOLDER / "starts.cases").read_text(encoding="utf-8")
    for block in re.split(r"^== ", text, flags=re.M)[1:]:
        title, *lines = block.splitlines()
        yield title, [line for line in lines if line and not line.startswith("#")]


CASES = list(read_cases())


@pytest.fixture(scope="module")
def postgres():
    server = Postgres()
    yield server
    server.close()


class Start:
    """One case: does what its lines say, in their order."""

    def __init__(self, postgres, number):
        self.postgres, self.database = postgres, f"case_{number}"
        postgres.sql(f"CREATE DATABASE {self.database}")
        address = postgres.conninfo.replace("dbname=postgres", f"dbname={self.database}")
        self.project = Project(pipeline=PIPELINE, DATABASE_URL=address)
        self.done = self.broker = None

    def close(self):
        self.project.close()

    def do(self, line):
        word, _, text = line.partition(" ")
        getattr(self, f"do_{word}")(text)

    def do_change(self, text):
        old, _, new = text.partition(" => ")
        path = self.project.folder / "sluice.yml"
        before = path.read_text(encoding="utf-8")
        assert old in before, text
        new = unescaped(new.replace("\\n", "\n")).decode()
        path.write_text(before.replace(old, new), encoding="utf-8")

    def do_file(self, text):
        name, mode, content = re.fullmatch(r"(\S+) (?:(0\d{3}) )?(.*)", text).groups()
        path = self.project.folder / name
        path.write_bytes(unescaped(content.replace("\\n", "\n").replace("\\r", "\r")))
        path.chmod(int(mode or "0644", 8))

    def do_env(self, text):
        name, _, value = text.partition("=")
        self.project.env[name] = value

    def do_sql(self, text):
        self.postgres.sql(text.replace("{db}", self.database), database=self.database)

    def do_run(self, text):
        if text.startswith("produce") and self.broker is None:
            self.broker = self.project.broker()
        self.done = self.project.sluice(*shlex.split(text))

    def do_exit(self, text):
        assert self.done.returncode == int(text), self.done.stdout + self.done.stderr

    def do_says(self, text):
        assert unescaped(text).decode() in self.done.stdout + self.done.stderr

    def do_rows(self, text):
        query, _, wanted = text.partition(" => ")
        rows = self.postgres.sql(query, database=self.database)
        assert [list(row) for row in rows] == json.loads(wanted)


@pytest.mark.parametrize("number", range(len(CASES)), ids=[title for title, _ in CASES])
def test_start(postgres, number):
    start = Start(postgres, number)
    try:
        for line in CASES[number][1]:
            start.do(line)
    finally:
        start.close()
