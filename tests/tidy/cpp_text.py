"""Just enough of C++'s grammar to know code from comments and where functions lie."""
import bisect
import re
from typing import NamedTuple

_TOKEN = re.compile(
    r'(?P<comment>//[^\n]*|/\*.*?\*/)'
    r'|(?P<raw>(?:u8|[uUL])?R"(?P<delimiter>[^()\\\s]{0,16})\(.*?\)(?P=delimiter)")'
    r'|(?P<string>"(?:[^"\\\n]|\\.)*")'
    r"|(?P<number>\b\d[\w.']*)"
    r"|(?P<char>'(?:[^'\\\n]|\\.)+')",
    re.DOTALL)
_BLANK = re.compile(r"[^\n]")


def without_comments(text):
    """Returns the text with comments blanked, line breaks and strings kept."""
    return _TOKEN.sub(lambda m: _BLANK.sub(" ", m[0]) if m["comment"] else m[0], text)


def code_only(text):
    """Returns the text with comments and the insides of strings blanked, line breaks kept."""
    def blank(match):
        if match["number"]:
            return match[0]
        if match["comment"]:
            return _BLANK.sub(" ", match[0])
        return match[0][0] + _BLANK.sub(" ", match[0][1:-1]) + match[0][-1]
    return _TOKEN.sub(blank, text)


def comments(text):
    """Yields (offset, comment)."""
    return ((m.start(), m[0]) for m in _TOKEN.finditer(text) if m["comment"])


class Lines:
    """Offsets to line numbers, from 1."""

    def __init__(self, text):
        self._ends = [m.start() for m in re.finditer("\n", text)]

    def of(self, offset):
        return bisect.bisect_left(self._ends, offset) + 1


class Function(NamedTuple):
    name: str
    first_line: int
    lines: int


_DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", re.MULTILINE)
_SCOPE = re.compile(r"\b(namespace|class|struct|union|enum)\b[^()]*$|\bextern\s*$")
_NAME = re.compile(r"([~\w]+(?:::[~\w]+)*|operator\s*\S+?)\s*\(")
_MEMBER_INIT = re.compile(r"\)[^;{}]*[^:]:[^:].*[\w>]\s*$", re.DOTALL)


def functions(text):
    """Yields every function that has a body outside another function's body."""
    code = _DIRECTIVE.sub(lambda m: _BLANK.sub(" ", m[0]), code_only(text))
    lines = Lines(code)
    start = position = 0
    while (brace := re.compile(r"[;{}]").search(code, position)) is not None:
        position = brace.end()
        header = code[start:brace.start()]
        if brace[0] != "{":
            start = position
            continue
        kind = _kind(header)
        if kind == "scope":
            start = position
            continue
        position = _closing(code, brace.start()) + 1
        if kind == "member init":
            continue
        if kind == "function":
            first = lines.of(start + len(header) - len(header.lstrip()))
            name = _NAME.search(header)
            yield Function(name[1] if name else "a function", first,
                           lines.of(position - 1) - first + 1)
        start = position


def _kind(header):
    if _MEMBER_INIT.search(header):
        return "member init"
    if "(" in header and not re.search(r"[^=!<>]=\s*$", header):
        return "function"
    return "scope" if _SCOPE.search(header) else "value"


def _closing(code, opening):
    depth = 0
    for brace in re.compile(r"[{}]").finditer(code, opening):
        depth += 1 if brace[0] == "{" else -1
        if depth == 0:
            return brace.start()
    return len(code) - 1
