"""Varied records, the same ones for the same seed: books-like lines of JSON, about 200 bytes each.

1 in 10,000 is no JSON; 1 in 1,000 has a blank title, which silver leaves out; titles differ from
each other. Also what silver has to make of them, computed from the lines alone.
"""

from dataclasses import dataclass
from pathlib import Path

import duckdb

BAD_EVERY = 10_000
BLANK_EVERY = 1_000
# Columns and types of silver, in order; the commit's own columns are not compared.
SILVER = {"book_title": "VARCHAR", "authors": "VARCHAR", "original_language": "VARCHAR",
          "first_published_year": "INTEGER", "sales_millions": "DOUBLE", "genre": "VARCHAR"}
FIELDS = {"Book": "VARCHAR", "Author(s)": "VARCHAR", "Original language": "VARCHAR",
          "First published": "INTEGER", "Approximate sales in millions": "DOUBLE",
          "Genre": "VARCHAR"}
SHORTENED = ("Author(s)", "Original language", "Genre")
WORDS = ("The A Of Night Garden Summer Winter Kingdom Shadow Letters House Daughter Last First "
         "Secret River Mountain Stone Silver Iron Glass Crown Song History Island Lighthouse Ocean "
         "Silence Memory Promise Stranger Beyond Under Golden Forgotten Little Great Long Journey "
         "Émile Señora Größe Война 三体 Children Machine Paper Ghost Winterreise Don't And").split()
NAMES = ("Anna Boris Chidi Dolores Eiji Fatima Grace Hugo Ines Jakob Karin Leo Miriam Noor Olga "
         "Pablo Quentin Rosa Sven Tolu Uma Viktor Wei Ximena Yusuf Zoë O'Neill Tolkien Achebe "
         "García Hemingway Murasaki Kafka Woolf Dickens Rowling Eco Lem Borges Brontë").split()
LANGUAGES = "English French German Spanish Chinese Russian Italian Japanese Swedish Hindi".split()
GENRES = ["Fantasy", "Historical fiction", "Mystery, thriller", "Children's literature", "Memoir",
          "Science fiction", "Romance novel", "War, historical", "Self-help", "   "]


# Steps through all numbers below any count of rows that it does not divide.
STRIDE = 999_983
# Fewer keys than this would be one row that all records fight for.
LEAST_KEYS = 1_000


@dataclass(frozen=True)
class Shape:
    """`padding`: more text in a record, in bytes, or below 0 the three shortest fields only;
    `columns`: more columns than the books' six; `repeated`: the share of records whose key others
    have too, from 0 to 1, anywhere in the file."""
    padding: int = 0
    columns: int = 0
    repeated: float = 0.0


def _pick(words, salt):
    listed = ", ".join("'" + word.replace("'", "''") + "'" for word in words)
    return f"list_extract([{listed}], 1 + (hash(n, s, {salt}) % {len(words)})::INT)"


def _number_sql(rows, repeated):
    """Whose title a record has: its own, or another one's."""
    if repeated == 0:
        return "i"
    keys = max(min(LEAST_KEYS, rows), round(rows * (1 - repeated)))
    return (f"CASE WHEN (i * {STRIDE}) % {rows} < {keys} THEN (i * {STRIDE}) % {rows} "
            f"ELSE (hash(i, s, 77) % {keys})::BIGINT END")


def _fields(shape):
    title = " || ' ' || ".join(_pick(WORDS, salt) for salt in range(1, 5))
    fields = {
        "Book": f"CASE WHEN i % {BLANK_EVERY} = 7 THEN '  ' "
                f"ELSE {title} || ' ' || n || CASE i % 5 WHEN 0 THEN ' ' ELSE '' END END",
        "Author(s)": f"CASE i % 7 WHEN 0 THEN '  ' ELSE '' END || {_pick(NAMES, 11)} || ' ' || "
                     f"{_pick(NAMES, 12)} || ' and ' || {_pick(NAMES, 13)} || ' ' || n % 997",
        "Original language": _pick(LANGUAGES, 21),
        "First published": "1600 + (hash(i, s, 31) % 424)::INT",
        "Approximate sales in millions": "((hash(i, s, 41) % 2000000)::DOUBLE / 10000)::DOUBLE",
        "Genre": _pick(GENRES, 51)}
    if shape.padding < 0:
        fields = {name: fields[name] for name in FIELDS if name not in SHORTENED}
    if shape.padding > 0:
        fields["Blurb"] = (f"left(repeat(md5((hash(i, s, 5))::VARCHAR), "
                           f"{shape.padding // 32 + 1}), {shape.padding})")
    for number in range(shape.columns):
        fields[f"c{number}"] = f"(hash(i, s, {100 + number}) % 100000)::INT"
    return fields


def _line_sql(shape):
    fields = ", ".join(f"'{name}': {sql}" for name, sql in _fields(shape).items())
    return (f"CASE WHEN i % {BAD_EVERY} = {BAD_EVERY // 2} "
            "THEN '{\"Book\": \"cut off at the ' || i || 'th' "
            f"ELSE to_json({{{fields}}})::VARCHAR END || chr(10)")


def write(path, rows, seed=1, shape=Shape()):
    """Writes `rows` lines; a file that is there already is left alone. Returns its size."""
    path = Path(path)
    if path.exists():
        return path.stat().st_size
    part = path.with_suffix(".part")
    database = duckdb.connect(config={"threads": 2})
    block = 200_000
    with open(part, "wb") as file:
        for begin in range(0, rows, block):
            end = min(begin + block, rows)
            table = database.execute(
                f"WITH i AS (SELECT range AS i, {seed} AS s FROM range({begin}, {end})), "
                f"n AS (SELECT i, s, {_number_sql(rows, shape.repeated)} AS n FROM i) "
                f"SELECT {_line_sql(shape)} AS line FROM n ORDER BY i").to_arrow_table()
            for chunk in table.column(0).chunks:
                _write_texts(file, chunk)
    part.rename(path)
    return path.stat().st_size


def _write_texts(file, strings):
    """The texts of an Arrow array lie one behind the other: they are the file's bytes."""
    _, offsets, data = strings.buffers()
    width = 8 if str(strings.type).startswith("large") else 4
    at = memoryview(offsets).cast("q" if width == 8 else "i")
    begin, end = at[strings.offset], at[strings.offset + len(strings)]
    file.write(memoryview(data)[begin:end])


def good(rows):
    """How many of them are JSON."""
    return rows - (rows + BAD_EVERY // 2 - 1) // BAD_EVERY


def keys(path):
    """How many different keys silver has: book_title and authors."""
    return duckdb.execute("SELECT count(DISTINCT (book_title, authors)) FROM "
                          + silver_relation(path)).fetchone()[0]


def silver_relation(path):
    """SQL that makes silver of the lines, by DuckDB's own reader of JSON."""
    columns = ", ".join(f"'{name}': '{kind}'" for name, kind in FIELDS.items())
    return f"""(SELECT trim("Book") AS book_title, trim("Author(s)") AS authors,
        trim("Original language") AS original_language, "First published" AS first_published_year,
        "Approximate sales in millions" AS sales_millions, nullif(trim("Genre"), '') AS genre
      FROM read_json('{path}', format='newline_delimited', ignore_errors=true,
                     columns={{{columns}}}) WHERE trim("Book") <> '')"""
