"""Shows that each rule fires on a seeded fault and nowhere else, then holds the tree to them.

A file of cases/ is a small tree: `== PATH` begins a file (`f{1..26}.h` makes 26), a line
`@repeat N TEXT` stands for N lines with {n} counting, and `== expect` lists `PATH:LINE RULE`.
"""
import pathlib
import re
import unittest

import tidy

HERE = pathlib.Path(__file__).parent


def expand_repeats(text):
    def lines(match):
        return "".join(match[2].replace("{n}", str(n)) + "\n" for n in range(int(match[1])))
    return re.sub(r"^@repeat (\d+) (.*)\n", lines, text, flags=re.MULTILINE)


def expand_path(path):
    match = re.search(r"\{(\d+)\.\.(\d+)\}", path)
    if not match:
        return [path]
    return [path.replace(match[0], str(n)) for n in range(int(match[1]), int(match[2]) + 1)]


def read_case(path):
    """Returns the case's sources and its expected violations."""
    pieces = re.split(r"^== (.*)\n", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    files = dict(zip(pieces[1::2], map(expand_repeats, pieces[2::2])))
    expected = sorted(files.pop("expect").split("\n"))
    sources = [tidy.Source(each, text) for name, text in files.items()
               for each in expand_path(name)]
    return sources, [line for line in expected if line]


class TidyTest(unittest.TestCase):
    def test_cases(self):
        fired = set()
        for path in sorted((HERE / "cases").iterdir()):
            with self.subTest(path.name):
                sources, expected = read_case(path)
                found = tidy.check(sources)
                self.assertEqual(sorted(f"{v.path}:{v.line} {v.rule}" for v in found), expected)
                fired |= {v.rule for v in found}
        rules = set(re.findall(r'(?:found\(|Violation\([\w.]+, \w+, )"([a-z-]+)"',
                               (HERE / "tidy.py").read_text(encoding="utf-8")))
        self.assertGreater(len(rules), 12)
        self.assertEqual(fired, rules, "each rule has a case in which it fires")

    def test_every_ban_has_a_case(self):
        sources, _ = read_case(HERE / "cases/banned_calls.case")
        messages = " ".join(v.message for v in tidy.check(sources))
        for ban in tidy.BANNED:
            self.assertIn(ban.instead, messages)

    def test_tree(self):
        found = tidy.check(tidy.read_tree(HERE.parents[1]))
        if found:
            self.fail("\n" + "\n".join(map(str, found)))


if __name__ == "__main__":
    unittest.main()
