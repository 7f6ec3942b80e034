"""The rules of docs/STYLE that a program can check, each a function over one source or the tree.

    tidy.py [ROOT]    prints `path:line: rule: message` for each violation; exit 1 when there is one
"""
import ast
import fnmatch
import os
import pathlib
import re
import sys
from typing import NamedTuple

import cpp_text
from banned import BANNED
from include_map import (MAY_INCLUDE, ONE_FILE, SYSTEM, TEST_ONLY, TESTS_MAY_INCLUDE,
                         TESTS_MAY_INCLUDE_THIRD_PARTY, THIRD_PARTY)

MAX_FUNCTION_LINES = 70
MAX_COLUMNS = 100
MAX_FILE_LINES = 400
MAX_CORE_FILES = 25
MAX_BYTES = 1 << 20

FOLDERS = ("src", "tests", "scripts", "cmake", "examples", "docs", "bench", "fuzz", "engines",
           "web")
GENERATED = {"build", "node_modules", "dist", "target", "dbt_packages", "logs", "__pycache__"}
# Seeded faults, records that are meant to be odd, what a run of an example leaves behind.
NOT_READ = ("tests/tidy/cases/*", "tests/cases/*", "examples/*/lake/*")
CODE = (".cc", ".h", ".py")


class Violation(NamedTuple):
    path: str
    line: int
    rule: str
    message: str

    def __str__(self):
        return f"{self.path}:{self.line}: {self.rule}: {self.message}"


class Source:
    def __init__(self, path, text):
        self.path, self.text = path, text
        parts = path.split("/")
        self.name, self.folder = parts[-1], parts[1] if parts[0] == "src" and len(parts) > 2 else ""
        self.in_src = "/".join(parts[1:]) if parts[0] == "src" else ""
        self.is_cpp = path.endswith((".cc", ".h"))
        self.is_test = path.endswith("_test.cc") or parts[0] in ("tests", "bench", "fuzz")
        self.code = cpp_text.code_only(text) if self.is_cpp else ""
        self.lines = cpp_text.Lines(text)

    def found(self, rule, offset, message):
        return Violation(self.path, self.lines.of(offset), rule, message)


def read_tree(root):
    """Returns the sources of a tree: text that people wrote."""
    sources = []
    tops = [p for p in sorted(pathlib.Path(root).iterdir()) if p.is_file() and p.name[0] != "."]
    nested = [pathlib.Path(folder, name)
              for top in FOLDERS for folder, folders, names in os.walk(pathlib.Path(root, top))
              if not folders.sort() and _prune(folders) for name in sorted(names)]
    for file in [*tops, *nested]:
        path = file.relative_to(root).as_posix()
        if any(fnmatch.fnmatch(path, pattern) for pattern in NOT_READ):
            continue
        if file.is_symlink() or file.stat().st_size > MAX_BYTES:
            continue
        try:
            sources.append(Source(path, file.read_text(encoding="utf-8")))
        except UnicodeDecodeError:
            continue
    return sources


def _prune(folders):
    folders[:] = [f for f in folders if f not in GENERATED and not f.startswith(".")]
    return True


def included(source):
    """Yields (offset, header) of a C++ file."""
    if source.is_cpp:
        text = cpp_text.without_comments(source.text)
        for match in re.finditer(r'^[ \t]*#[ \t]*include[ \t]*[<"]([^>"\n]+)', text, re.MULTILINE):
            yield match.start(1), match[1]


def mark_test_headers(sources):
    """A header is a test's when nothing but tests and their headers include it."""
    includers = {}
    for source in sources:
        for _, header in included(source):
            includers.setdefault(header, []).append(source)
    headers = [s for s in sources if s.folder and s.path.endswith(".h") and s.in_src in includers]
    while new := [s for s in headers
                  if not s.is_test and all(i.is_test for i in includers[s.in_src])]:
        for source in new:
            source.is_test = True


def is_ours(header):
    return header.split("/")[0] in MAY_INCLUDE and "/" in header


def include_rule(source):
    allowed = MAY_INCLUDE.get(source.folder)
    if allowed is None:
        return
    allowed += (source.folder,) + (TESTS_MAY_INCLUDE if source.is_test else ())
    for offset, header in included(source):
        if is_ours(header) and header not in allowed and header.split("/")[0] not in allowed:
            yield source.found("include-rule", offset,
                               f"{source.folder} must not include {header}: what both need belongs "
                               "into stage, what joins them into pipeline")


def third_party(source):
    if not source.folder:
        return
    for offset, header in included(source):
        owners = next((THIRD_PARTY[p] for p in THIRD_PARTY if header.startswith(p)), None)
        if owners is not None:
            besides = TESTS_MAY_INCLUDE_THIRD_PARTY if source.is_test else ()
            if "*" not in owners and source.folder not in owners and (
                    not header.startswith(besides)):
                yield source.found("third-party", offset, f"{header} belongs to "
                                   f"{', '.join(owners)}: ask that folder through its own header")
        elif header.startswith(TEST_ONLY):
            if not source.is_test:
                yield source.found("third-party", offset, f"{header} is for tests only")
        elif not is_ours(header) and not header.startswith(SYSTEM) and "." in header:
            yield source.found("third-party", offset, f"{header} has no owner: name one in "
                               "tests/tidy/include_map.py")


def one_adapter(sources):
    for prefix in ONE_FILE:
        users = [(s, offset) for s in sources if s.folder in THIRD_PARTY[prefix]
                 for offset, header in included(s) if header.startswith(prefix)]
        for source, offset in users:
            if source.path != users[0][0].path:
                yield source.found("one-adapter", offset, f"{prefix} is {users[0][0].path}'s "
                                   "alone: it catches what throws")


def function_length(source):
    if source.is_cpp:
        found = [(f.name, f.first_line, f.lines) for f in cpp_text.functions(source.text)]
    elif source.path.endswith(".py"):
        found = [(node.name, node.lineno, node.end_lineno - node.lineno + 1)
                 for node in ast.walk(ast.parse(source.text)) if isinstance(node, ast.FunctionDef)]
    else:
        return
    for name, line, lines in found:
        if lines > MAX_FUNCTION_LINES:
            yield Violation(source.path, line, "function-length",
                            f"{name} has {lines} lines, {MAX_FUNCTION_LINES} are the limit: "
                            "keep the branches here, move the leaves out")


def line_length(source):
    if source.path.endswith(CODE):
        for number, line in enumerate(source.text.split("\n"), 1):
            if len(line) > MAX_COLUMNS:
                yield Violation(source.path, number, "line-length",
                                f"{len(line)} columns, {MAX_COLUMNS} are the limit")


def file_length(source):
    lines = source.text.count("\n")
    if source.path.endswith(CODE) and lines > MAX_FILE_LINES:
        yield Violation(source.path, lines, "file-length",
                        f"{lines} lines, {MAX_FILE_LINES} are the limit: which two things is it?")


# Parted, so that this file does not hold them.
MARKERS = re.compile(r"\b(" + "|".join(("TO" "DO", "FIX" "ME", "XX" "X", "HA" "CK")) + r")\b")


def markers(source):
    for match in MARKERS.finditer(source.text):
        yield source.found("marker", match.start(),
                           f"{match[0]}: do it, or write down in an ADR that it is not done")


def banned_call(source):
    if not source.is_cpp:
        return
    for ban in BANNED:
        if source.is_test and ban.in_tests or source.folder in ban.allowed or (
                source.in_src in ban.allowed):
            continue
        for match in re.finditer(ban.pattern, source.code):
            yield source.found("banned-call", match.start(),
                               f"{match[0].strip('( ')}: use {ban.instead}")


def pragma_once(source):
    if source.path.endswith(".h"):
        first = next((line for line in source.code.split("\n") if line.strip()), "")
        if first.strip() != "#pragma once":
            yield Violation(source.path, 1, "pragma-once", "a header begins with #pragma once")


def contract_comment(source):
    if source.path.endswith(".cc"):
        for offset, comment in cpp_text.comments(source.text):
            if comment.startswith("///"):
                yield source.found("contract-comment", offset,
                                   "/// is a contract, for headers; a reason is //")


_VAGUE_NAME = re.compile(r"(^|[_/])(utils?|helpers?|misc|common)([_./]|$)")


def name_rule(source):
    if source.folder and _VAGUE_NAME.search(source.in_src):
        yield Violation(source.path, 1, "name", "say what is inside, not that it is of use")


_LOCAL_PATH = re.compile(r"(?:(?<=file://)|(?<![\w.}/:~-]))/(work|root|home|Users)/[\w.]")
_REGISTRY = re.compile(
    r"\b(registry|index|proxy|mirrors?|artifactory|nexus)\.[a-z0-9-]+\.[a-z.]{2,}\b"
    r"|\b(pypi|pythonhosted|npmjs|rubygems|crates|maven(\.apache)?)\.(org|io|com)\b")


def local_path(source):
    for match in _LOCAL_PATH.finditer(source.text):
        yield source.found("local-path", match.start(), f"{match[0]}…: it is not there elsewhere")


def registry_host(source):
    for match in _REGISTRY.finditer(source.text):
        yield source.found("registry-host", match.start(),
                           f"{match[0]}: clients know their registry; mirrors differ")


def folder_map(sources):
    """What is true of folders of src/ rather than of files."""
    folders = {}
    for source in sources:
        if source.folder:
            folders.setdefault(source.folder, []).append(source)
    for folder, files in sorted(folders.items()):
        place = f"src/{folder}"
        cpp = [f for f in files if f.is_cpp]
        if folder not in MAY_INCLUDE:
            yield Violation(place, 1, "folder-map", "not on the map of docs/ARCHITECTURE.md; if it "
                            "belongs there, add it to tests/tidy/include_map.py too")
        if cpp and not any(f.name == "CMakeLists.txt" for f in files):
            yield Violation(place, 1, "no-target", "has no CMakeLists.txt: nothing builds it")
        if cpp and not any(f.name.endswith("_test.cc") for f in files):
            yield Violation(place, 1, "no-test", "has no *_test.cc")
        count = sum(not f.is_test for f in cpp)
        if folder == "core" and count > MAX_CORE_FILES:
            yield Violation(place, 1, "core-size", f"has {count} files, {MAX_CORE_FILES} are the "
                            "limit: it is not the place for what has no other")


FILE_RULES = (include_rule, third_party, function_length, line_length, file_length, markers,
              banned_call, pragma_once, contract_comment, name_rule, local_path, registry_host)
TREE_RULES = (one_adapter, folder_map)


def check(sources):
    """Returns all violations, sorted by place."""
    mark_test_headers(sources)
    found = [v for source in sources for rule in FILE_RULES for v in rule(source)]
    found += [v for rule in TREE_RULES for v in rule(sources)]
    return sorted(found)


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2]
    found = check(read_tree(root))
    print(*found, sep="\n", end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
