"""Who may include what: docs/ARCHITECTURE.md as data."""

STATIONS = ("source", "decode", "transform", "lake", "warehouse", "postgres", "ledger", "gold")
_CONTRACTS = ("core", "stage", "config/spec.h")

# A folder may include itself and these: whole folders, or single headers.
MAY_INCLUDE = {
    "core": (),
    "stage": ("core",),
    "config": ("core", "stage"),
    **{station: _CONTRACTS for station in STATIONS},
    "pipeline": ("core", "stage", "config", *STATIONS),
    "serve": ("core", "stage", "config/spec.h", "pipeline/status_board.h"),
    "export": _CONTRACTS,
    "cli": ("core", "stage", "config", *STATIONS, "pipeline", "serve", "export"),
}
# What a test may include besides: a server to test against, another reader to compare with.
TESTS_MAY_INCLUDE = ("postgres/scratch_server.h",)
TESTS_MAY_INCLUDE_THIRD_PARTY = ("nlohmann/",)

# Headers from outside by their beginning, and the folders that own them; * is everybody.
THIRD_PARTY = {
    "fmt/": ("*",),
    "spdlog/": ("core",),
    "openssl/": ("core",),
    "librdkafka/": ("source",),
    "simdjson": ("decode",),
    "duckdb": ("stage", "decode", "transform", "lake"),
    "libpq": ("postgres",),
    # Documents, never records.
    "nlohmann/": ("lake", "gold", "cli", "transform", "serve", "export"),
    "yaml-cpp/": ("config",),
    "CLI/": ("cli",),
    "curl/": ("lake",),
    "zlib.h": ("lake",),
    "zstd.h": ("lake",),
    "boost/": ("serve",),
    "prometheus/": ("serve",),
}
# These only in tests and what helps them.
TEST_ONLY = ("gtest/", "gmock/", "benchmark/", "rapidcheck")

# In one file of their folder.
ONE_FILE = ("yaml-cpp/", "boost/")

# The system's own, besides the standard library's (which have no ending).
SYSTEM = (
    "arpa/", "dirent.h", "fcntl.h", "grp.h", "linux/", "malloc.h", "net/", "netdb.h", "netinet/",
    "poll.h", "pwd.h", "signal.h", "spawn.h", "sys/", "termios.h", "time.h", "unistd.h",
)
