"""Tables of docs/benchmarks.md, each from one part's JSON."""


def table(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(map(text, line)) + " |\n" for line in lines)


def text(value):
    if value is None:
        return "–"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}" if value else "0"
    return str(value)


def spread(side, name):
    low, high = side[f"{name}_range"]
    return f"{text(side[name])} ({text(low)}–{text(high)})"


def compare(result):
    sizes = [result] + ([result["larger"]] if "larger" in result else [])
    rows = []
    for size in sizes:
        for side in ("sluice", "peer"):
            if side in size:
                rows.append(compared(side, size))
    head = ["rows", "side", "wall, s", "rows/s", "CPU, s", "PostgreSQL's CPU, s", "Kafka's CPU, s",
            "peak memory, MB", "files", "MB written"]
    return table(head, rows) + "\n" + verdict(sizes, result)


def compared(side, size):
    row = size[side]
    return [size["rows"], {"sluice": "sluice", "peer": "Spark"}[side], spread(row, "wall_s"),
            row["rows_per_s"], spread(row, "cpu_s"), row["postgres_cpu_s"], row["kafka_cpu_s"],
            spread(row, "memory_mb"), row["lake"]["files"], round(row["lake"]["bytes"] / 1e6)]


def verdict(sizes, result):
    equal = "equal" if result["outputs_equal"] else "**not equal**"
    lines = [f"Outputs are {equal}: count, distinct, sum and the hash of all sorted rows, of "
             "PostgreSQL and of the lake, against the records that were sent.\n"]
    for size in sizes:
        if size.get("ratios"):
            ratios = size["ratios"]
            lines.append(f"{size['rows']:,} rows, Spark over sluice: {ratios['cpu']} times the CPU "
                         f"({ratios['cpu_with_postgresql']} with PostgreSQL's), {ratios['wall']} "
                         f"times the wall time, {ratios['memory']} times the memory.\n")
    lines += [cost(result["marginal"])] if "marginal" in result else []
    return "\n".join(lines)


def cost(marginal):
    parts = [f"{name} {row['cpu_s']} CPU-s (+ {row['postgres_cpu_s']} of PostgreSQL)"
             for key, name in (("sluice", "sluice"), ("peer", "Spark"))
             if (row := marginal.get(key))]
    ratio = f", {marginal['ratios']['cpu']} times" if "ratios" in marginal else ""
    return f"A million rows more cost {'; '.join(parts)}{ratio}.\n"


STATIONS = {"librdkafka": "consume: librdkafka alone", "simdjson_stage1": "simdjson, first stage",
            "simdjson": "simdjson, six fields on demand", "decode": "sluice's decoder alone",
            "parquet_bronze": "bronze Parquet: DuckDB's COPY, one thread",
            "parquet_silver": "silver Parquet: the same",
            "copy": r"PostgreSQL: `\copy`, binary, no key", "copy_with_key": "the same with a key"}


def limits(result):
    rows = [[name, row["rows_per_s"], row["cpu_s_per_million"],
             row.get("postgres_cpu_s_per_million"), result["ratios"][f"{key}_of_raw"]]
            for key, name in STATIONS.items() if (row := result["raw"].get(key))]
    ours, ratios = result["sluice"], result["ratios"]
    rows.append(["**sluice, all of it**", ours["rows_per_s"], ours["cpu_s_per_million"],
                 ours["postgres_cpu_s_per_million"], 1])
    head = ["station", "rows/s", "CPU-s per million", "PostgreSQL's CPU-s per million",
            "sluice's rows/s as a share"]
    return table(head, rows) + (
        f"\nsluice's CPU is {ratios['cpu_over_floor']} times the sum of what the libraries need "
        f"alone ({ratios['floor_cpu_s_per_million']} CPU-s per million), PostgreSQL's "
        rf"{ratios['postgres_cpu_over_copy']} times that of `\copy`." "\n")


def freshness(result):
    rows = []
    for side, name in ((result, "sluice"), (result.get("peer"), "Spark")):
        for key, where in (("postgresql", "PostgreSQL"), ("iceberg", "Iceberg")):
            if side:
                age = side[key]
                rows.append([name, where, age["p50_ms"], age["p90_ms"], age["p99_ms"],
                             age["max_ms"], age["startup"].get("p99_ms"), age.get("commits"),
                             age.get("cpu_s_per_s", side.get("cpu_s_per_s"))])
    head = ["side", "where", "p50, ms", "p90", "p99", "max", "p99 of the start", "snapshots",
            "CPU-s a second"]
    every = result["lake_every"]
    return table(head, rows) + (
        f"\n{result['rate']:,.0f} records a second for {result['seconds_sent']:.0f} s, "
        f"`lake.every: {every}`, after {result['warmup_s']:.0f} s of the same load, which are the "
        "start. sluice makes both in one process, Spark in a session each. Idle, sluice uses "
        f"{result['idle_cpu_percent']} % of a core. From its start to its first commit: "
        f"{result['first_commit_ms']:.0f} ms on an empty database, "
        f"{result['first_commit_again_ms']:.0f} ms the second time.\n")


def scale(result):
    head = ["what changes", "rows", "B per record", "columns", "partitions", "workers",
            "repeated keys", "rows/s", "MB/s", "CPU-s per million", "PostgreSQL's", "peak MB"]
    return table(head, [
        [case["group"], case["rows"], case["bytes_per_record"], case["columns"],
         case["partitions"], case["workers"],
         f"{case['repeated']:.0%}" if case["upsert"] else None, case["rows_per_s"],
         case["mb_per_s"], case["cpu_s_per_million"], case["postgres_cpu_s_per_million"],
         case["memory_mb"]] for case in result["cases"]])


def spike(result):
    memory = result["memory_mb"]
    head = ["records a second", "peak MB before", "in the spike", "after it", "drained after, s"]
    return table(head, [[f"{result['rate']:,.0f}, then {result['spike_per_s']:,} for "
                         f"{result['spike_s']:.0f} s", memory["before"], memory["spike"],
                         memory["after"], result["drained_s"]]]) + (
        f"\n`lake.every: {result['lake_every']}`; drained: from the last record of the spike until "
        "both sinks have all.\n")


def growth(result):
    head = ["commits", "commit, ms (median of 100)", "its p99", "metadata, kB", "manifest list, kB",
            "snapshots", "data files", "a reader plans in, ms", "maintenance, ms"]
    return table(head, [
        [at["commits"], at["commit_ms"], at["commit_p99_ms"], round(at["metadata_bytes"] / 1000),
         round(at["list_bytes"] / 1000, 1), at["snapshots"], at["data_files"], at["planning_ms"],
         at["maintain_ms"]] for at in result["points"]]) + (
        f"\n{result['rows']} rows a commit, as fast as it goes; maintenance after every "
        f"{result['every_maintain']} commits keeps {result['keep']} snapshots.\n")


def soak(result):
    samples = result["samples"]
    head = ["minute", "lake commits in it", "CPU-s a second", "memory, MB", "objects in the store",
            "MB there"]
    return table(head, [
        [round(at["minute"]), at["lake_commits"], at["cpu_s_per_s"], at["memory_mb"],
         at["objects"], at["store_mb"]]
        for number, at in enumerate(samples, 1) if number in (1, 2, 5) or number % 5 == 0]) + (
        f"\n{result['rate']:,.0f} records a second, `lake.every: {result['lake_every']}`, "
        f"maintenance as it is by itself. All {result['sent']:,} records are in both sinks, once; "
        "`sluice verify` agrees.\n")


def exactly_once(result):
    return table(["rows a commit", "with marks, ms", "without, ms", "costs, %"],
                 [[case["rows"], case["with_marks_ms"], case["without_ms"],
                   case["costs_percent"]] for case in result["cases"]])


def profile(result):
    return table(["part", "%", "CPU-s per million"],
                 [[part["part"], part["percent"], part["cpu_s_per_million"]]
                  for part in result["parts"]]) + (
        "\nThe symbols that cost most: " + ", ".join(
            f"`{at['symbol']}` {at['percent']} %" for at in result["top"][:8]) + ".\n")


def maintenance(result):
    return table(["maintenance", "rows/s", "CPU, s", "peak memory, MB", "commits a table",
                  "compactions a table"],
                 [[side, row["rows_per_s"], row["cpu_s"], row["memory_mb"],
                   round(row["appends"] / 2), round(row["compactions"] / 2)]
                  for side in ("off", "on") for row in [result[side]]]) + (
        f"\n{result['rows']:,} rows, `lake.every: {result['lake_every']}`; on: every 2 s.\n")


# Mark in the document → (file, what makes its table).
KINDS = {"compare": ("compare", compare), "limits": ("limits", limits),
         "freshness-1000": ("freshness-1000", freshness),
         "freshness-20000": ("freshness-20000", freshness), "scale": ("scale", scale),
         "rows": ("rows", scale),
         "spike": ("spike", spike), "profile": ("profile", profile),
         "maintenance": ("maintenance", maintenance),
         "exactly-once": ("exactly-once", exactly_once), "soak": ("soak", soak),
         "growth": ("growth", growth)}
