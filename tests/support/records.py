"""The records of the fault suite and what must become of them, both made from a number.

Shares no code with sluice: this is the second opinion.
"""

import json

BUCKETS = 1000


def amount(number):
    if number % 97 == 0:
        return "none"  # does not fit the column
    if number % 101 == 0:
        return -number - 0.5  # fails the expectation
    return number + 0.25


def name(number):
    return f" name {number}, the {number % 7}th "


def value(number):
    """The record as it is sent."""
    return value_of(number, name(number), amount(number))


def value_of(number, text, quantity):
    """The bytes that a bronze row must have come from."""
    return json.dumps({"id": number, "name": text, "amount": quantity}).encode()


def accepted(number):
    return number % 97 != 0 and number % 101 != 0


def silver(number):
    """The row of processed.events, in the lake as in the warehouse."""
    return number, name(number).strip(), amount(number) * 2


def bucket(number):
    return number % BUCKETS


PIPELINE = """
version: 1
pipeline: {name}
source:
  kafka: {kafka}
  topic: {name}
  partitions: {partitions}
  options: {{{options}}}
lake: {lake}
warehouse: ${{DATABASE_URL}}
bronze:
  raw.{name}:
    format: json
    coerce: true
    columns: {{id: long, name: string, amount: double}}
silver:
  processed.{name}:
    from: raw.{name}
    sql: |
      SELECT id, trim(name) AS name, amount * 2 AS twice FROM raw.{name}
    expect:
      positive: {{check: twice >= 0, else: quarantine}}
    warehouse: {{table: public.{name}, mode: append}}
  processed.{name}_latest:
    from: raw.{name}
    sql: |
      SELECT id % 1000 AS bucket, id FROM raw.{name}
    warehouse: {{table: public.{name}_latest, mode: upsert, key: [bucket]}}
"""
