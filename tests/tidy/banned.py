"""Calls that have a better one. Each names it."""
from typing import NamedTuple


class Banned(NamedTuple):
    pattern: str         # in code without comments and strings
    instead: str
    allowed: tuple = ()  # folders, or files, under src/
    in_tests: bool = False


BANNED = (
    Banned(r"\bv?sn?printf\s*\(", "fmt::format"),
    Banned(r"\b(strcpy|strcat|strncpy|strncat|strtok|gets)\s*\(", "std::string"),
    Banned(r"\b(ato[ifl]|atoll|strto[dfl]|strtol[ld]|strtou?ll?)\s*\(", "std::from_chars",
           in_tests=True),
    Banned(r"\bstd::sto(i|l|ll|ul|ull|f|d|ld)\s*\(", "std::from_chars: this one throws",
           in_tests=True),
    Banned(r"(?<![\w.>])(std::)?(system|popen)\s*\(", "posix_spawn: a shell reads its words"),
    Banned(r"\b(std::)?s?rand\s*\(", "Uuid::Random of core/types.h, or <random>"),
    Banned(r"\bstd::(cout|cerr|clog)\b|(?<![\w:])f?(printf|puts)\s*\(|\bfmt::print\s*\(\s*[\"s]",
           "Log of core/log.h; data for people is cli's", allowed=("cli",), in_tests=True),
    Banned(r"\b(std::)?(secure_)?getenv\s*\(|\benviron\b",
           "a value from config; the environment is read in one place",
           # Programs that we start get a chosen part of our environment; libpq finds files by HOME.
           allowed=("config", "cli", "gold/python.cc", "postgres/child_process.cc",
                    "postgres/conninfo.cc", "core/failpoint.cc"),
           in_tests=True),
    Banned(r"\b(setenv|putenv|unsetenv)\s*\(", "an option; other threads read the environment",
           in_tests=True),
    Banned(r"\bthrow\b(?!\s+std::bad_alloc\(\))", "Fail of core/result.h: errors are values",
           in_tests=True),
    Banned(r"\bcatch\s*\(\s*\.\.\.\s*\)", "the exceptions by name; all of them only at a "
           "thread's root", allowed=("cli/main/main.cc", "lake/parquet_file.cc")),
    Banned(r"\bsleep_(for|until)\s*\(|(?<![\w:.>])(u|nano)?sleep\s*\(",
           "a condition, or PauseFor of core/pause.h, which hears a stop",
           # The keeper is a process of one thread and no library.
           allowed=("core/pause.cc", "postgres/keeper.cc"), in_tests=True),
    Banned(r"\bstd::regex\b", "a few lines by hand: this one is slow and recurses"),
    Banned(r"\busing\s+namespace\s+std\s*;", "std::"),
    Banned(r"\.detach\s*\(\s*\)", "std::jthread in an owner that joins it"),
    Banned(r"\b(std::)?(localtime|gmtime|asctime|ctime)\s*\(",
           "<chrono>, or the _r form: this one shares a buffer"),
    Banned(r"\bNULL\b", "nullptr"),
    Banned(r"(?<!__extension__ )\btypedef\b", "using"),
)
