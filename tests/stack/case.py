"""What the tests of real servers share: a small pipeline on a topic and a database of its own."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from oracle import Oracle  # noqa: E402
from project import Project, wait_until  # noqa: E402
from stack import shared, write_acks  # noqa: E402

__all__ = ["Case", "shared", "thing", "wait_until", "write_acks"]

PIPELINE = """
version: 1
pipeline: things
source:
  kafka: ${{KAFKA_BROKERS}}
  topic: {topic}
{source}
lake: {{root: ./lake, every: 300ms}}
warehouse: ${{DATABASE_URL}}
bronze:
  raw.things:
    format: json
    columns: {{id: long, name: string}}
silver:
  processed.things:
    from: raw.things
    sql: SELECT id, trim(name) AS name FROM raw.things
    warehouse: {{table: public.things, mode: append}}
"""


class Case:
    """One pipeline; `options` are librdkafka's, `source` is more YAML for that section."""

    def __init__(self, topic, options=None, source="", stack=None, **variables):
        self.stack = stack or shared("kafka", "postgres")
        self.topic = topic
        self.database = shared("kafka", "postgres").database()
        lines = [f"    {name}: {value}" for name, value in (options or {}).items()]
        section = "  options:\n" + "\n".join(lines) if lines else ""
        text = PIPELINE.format(topic=topic, source="\n".join(filter(None, (section, source))))
        env = {**self.stack.env(), "DATABASE_URL": self.database, **variables}
        env.pop("LAKE", None)
        self.project = Project(pipeline=text, **env)
        self.acks = self.project.folder / "acks.jsonl"
        self.acks.touch()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.project.close()

    def produce(self, values, **options):
        return self.stack.produce(self.topic, values, acks=self.acks, **options)

    def edit(self, old, new):
        """Puts something else into the pipeline file."""
        text = (self.project.folder / "sluice.yml").read_text(encoding="utf-8")
        assert old in text, text
        self.project.write("sluice.yml", text.replace(old, new))

    def once(self, code=0, *args):
        """Runs until all that is there is read; returns the finished process."""
        done = self.project.sluice("run", "--once", *args)
        assert done.returncode == code, f"exit {done.returncode}\n{done.stdout}{done.stderr}"
        return done

    def fails(self, code, *args, **options):
        """Runs a verb that must fail; returns what it told."""
        done = self.project.sluice(*args, **options)
        text = done.stdout + done.stderr
        assert done.returncode == code, f"{args}: exit {done.returncode}\n{text}"
        return text

    def count(self, table="public.things"):
        """Rows of a warehouse table, 0 while there is none."""
        there = self.oracle.sql(f"SELECT to_regclass('{table}') IS NOT NULL")[0][0]
        return self.oracle.sql(f"SELECT count(*) FROM {table}")[0][0] if there else 0

    @property
    def oracle(self):
        uri = self.database.replace("postgresql://", "postgresql+psycopg2://")
        return Oracle(self.database, uri, self.acks)

    def check(self):
        """Each acknowledged record is in every table, or in the quarantine, once."""
        tables = ["raw.things", "processed.things"]
        assert self.oracle.compare(tables, ["public.things"]) == []


def thing(number, name="x"):
    return f'{{"id": {number}, "name": "{name}"}}'.encode()
