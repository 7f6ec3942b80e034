r"""Reads cases/*.test: a pipeline file, then cases of records and what must become of each.

    == 14 duplicate keys                the row of the list of bad input, and a title
    sql CREATE INDEX ON public.bad (s)  before any record is sent
    key k                               of the next record, as `header name=value` (`name` alone:
                                        null) and `timestamp milliseconds`; none: no key, no headers
    record {"a":1}                      or `tombstone`
    row {"a": 1}                        in bronze, silver and warehouse; columns left out are NULL
    made {"b": 2}                       and what silver and warehouse have besides
    reject REASON [FIELD]               or: in the quarantine, with these bytes
    detail TEXT                         and TEXT is part of what it says
    skipped                             or: nowhere, but counted

In records and names `\xHH` is a byte and `${60*text$}` is text 60 times.
"""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "cases"


@dataclass
class Record:
    value: bytes
    key: bytes = None
    headers: list = field(default_factory=list)
    timestamp: int = None
    outcome: str = ""    # row, reject or skipped
    row: dict = None     # the columns that are not NULL
    made: dict = field(default_factory=dict)
    reason: str = ""     # reason, and field where there is one
    detail: str = ""


@dataclass
class Case:
    title: str
    records: list = field(default_factory=list)


@dataclass
class CaseFile:
    name: str
    pipeline: str
    sql: list
    cases: list

    @property
    def records(self):
        return [record for case in self.cases for record in case.records]


def unescaped(text):
    """The bytes that a line of a case stands for."""
    text = re.sub(r"\$\{(\d+)\*(.*?)\$\}", lambda m: int(m[1]) * m[2], text, flags=re.S)
    plain = text.encode()
    return re.sub(rb"\\x([0-9A-Fa-f]{2})", lambda m: bytes([int(m[1], 16)]), plain)


def read(path):
    head, *blocks = re.split(r"^== ", path.read_text(encoding="utf-8"), flags=re.M)
    sql, cases = [], []
    for block in blocks:
        title, *lines = block.splitlines()
        case, coming = Case(title), {}
        cases.append(case)
        for line in lines:
            if line and not line.startswith("#"):
                coming = take(line, case, coming, sql)
    return CaseFile(path.stem, head, sql, cases)


def take(line, case, coming, sql):
    """One line; returns what was said of the record to come."""
    word, _, text = line.partition(" ")
    if word == "sql":
        sql.append(text)
    elif word == "key":
        coming["key"] = unescaped(text)
    elif word == "header":
        name, given, value = text.partition("=")
        pair = (unescaped(name).decode("utf-8", "surrogateescape"),
                unescaped(value) if given else None)
        coming.setdefault("headers", []).append(pair)
    elif word == "timestamp":
        coming["timestamp"] = int(text)
    elif word in ("record", "tombstone"):
        value = unescaped(text) if word == "record" else None
        case.records.append(Record(value, **coming))
        return {}
    elif word in ("row", "reject", "skipped"):
        last = case.records[-1]
        assert not last.outcome, f"two outcomes: {line}"
        last.outcome = word
        if word == "row":
            last.row = json.loads(unescaped(text).decode())
        last.reason = text if word == "reject" else ""
    elif word == "made":
        case.records[-1].made = json.loads(unescaped(text).decode())
    elif word == "detail":
        case.records[-1].detail = text
    else:
        raise ValueError(f"{case.title}: {line}")
    return coming


def all_files():
    return [read(path) for path in sorted(FOLDER.glob("*.test"))]
