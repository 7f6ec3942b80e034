"""The Dockerfiles: hadolint, the files they copy, and the libraries of the program against the
packages of the image."""

import os
import re
import subprocess
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SLUICE = Path(os.environ.get("SLUICE_BIN", ROOT / "build/dev/bin/sluice"))
HADOLINT = ROOT / ".deps/check/bin/hadolint"
DOCKERFILES = ["Dockerfile", "packaging/compose/s3.Dockerfile", "packaging/superset/Dockerfile"]
# Debian calls these essential or required: each image has them.
IN_EVERY_IMAGE = {"libc6", "libgcc-s1", "libstdc++6"}

def run(*command, **options):
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False,
                          **options)

def instructions(text):
    """Returns (word, rest) for each instruction, comments gone, lines joined."""
    text = re.sub(r"^\s*#.*\n", "", text, flags=re.M)
    text = re.sub(r"\\\n", " ", text)
    return [tuple(line.split(None, 1)) for line in text.splitlines() if line.strip()]

def runtime_packages(text):
    """Returns what the last stage installs."""
    last = text.split("\nFROM ")[-1]
    listed = re.search(r"--no-install-recommends(.*?)&&", last.replace("\\\n", " "), re.S)[1]
    return set(listed.split())

def with_dependencies(packages):
    """Returns the packages and all that they depend on."""
    found = run("apt-cache", "depends", "--recurse", "--no-recommends", "--no-suggests",
                "--no-conflicts", "--no-breaks", "--no-replaces", "--no-enhances", *packages).stdout
    return {line.strip() for line in found.splitlines() if line and line[0].isalnum()}

def libraries(program):
    """Returns the paths of the shared libraries that the program is linked with itself."""
    needed = re.findall(r"NEEDED\s+(\S+)", run("objdump", "-p", program).stdout)
    paths = dict(re.findall(r"(\S+) => (\S+)", run("ldd", program).stdout))
    return [paths[name] for name in needed if name in paths]

def package_of(library):
    """Returns the package that has the file; a merged /usr has it under two names."""
    real = os.path.realpath(library)
    for path in (library, real, real.removeprefix("/usr"), "/usr" + library):
        found = run("dpkg-query", "-S", path).stdout
        if found:
            return found.split(":")[0]
    return None

class DockerTest(unittest.TestCase):
    def setUp(self):
        self.text = (ROOT / "Dockerfile").read_text(encoding="utf-8")

    def lint(self, text):
        return run(HADOLINT, "--no-color", "-", input=text)

    def test_hadolint_finds_nothing(self):
        for name in DOCKERFILES:
            with self.subTest(file=name):
                done = self.lint((ROOT / name).read_text(encoding="utf-8"))
                self.assertEqual((done.returncode, done.stdout), (0, ""), done.stderr)

    def test_hadolint_finds_seeded_errors(self):
        for before, after, rule in [
                ("FROM debian:12-slim AS build", "FROM debian AS build", "DL3006"),
                ("FROM debian:12-slim AS build", "FROM debian:latest AS build", "DL3007"),
                ("WORKDIR /pipeline", "WORKDIR pipeline", "DL3000"),
                ("CMD [\"run\"]", "CMD run", "DL3025"),
                ("USER 10001:10001", "USER root", "DL3002")]:
            with self.subTest(rule=rule):
                self.assertIn(before, self.text)
                done = self.lint(self.text.replace(before, after))
                self.assertNotEqual(done.returncode, 0)
                self.assertIn(rule, done.stdout)

    def test_what_is_copied_exists_and_is_sent(self):
        ignored = [line for line in (ROOT / ".dockerignore").read_text().splitlines()
                   if line and line[0] != "#"]
        sent = [line[1:] for line in ignored if line.startswith("!")]
        self.assertEqual(ignored[0], "*", "nothing but what is named")
        copied = 0
        for word, rest in instructions(self.text):
            if word != "COPY" or rest.startswith("--from"):
                continue
            for source in rest.split()[:-1]:
                copied += 1
                self.assertTrue((ROOT / source).exists(), source)
                self.assertTrue(any(source == top or source.startswith(top + "/")
                                    for top in sent), f"{source} is not in .dockerignore's list")
        self.assertGreaterEqual(copied, 6)

    def test_the_image_has_the_programs_libraries(self):
        found = libraries(SLUICE)
        self.assertGreaterEqual(len(found), 10, "ldd knew them")
        installed = with_dependencies(runtime_packages(self.text)) | IN_EVERY_IMAGE
        for library in found:
            if "/.deps/" in library:
                part = library.split("/.deps/")[1].split("/")[0]
                self.assertIn(f".deps/{part}", self.text)
                continue
            package = package_of(library)
            self.assertIsNotNone(package, library)
            self.assertIn(package, installed, library)

    def test_libraries_of_our_own_lie_where_the_program_looks(self):
        lookup = re.search(r"R(?:UN)?PATH\s+(\S+)", run("objdump", "-p", SLUICE).stdout)[1]
        self.assertIn("/.deps/duckdb", lookup)
        build = next(rest for word, rest in instructions(self.text) if word == "WORKDIR")
        for folder in lookup.split(":"):
            part = folder.split("/.deps/")[1].split("/")[0]
            self.assertIn(f"/image{build}/.deps/{part}", self.text)

    def test_a_missing_library_would_be_found(self):
        packages = runtime_packages(self.text) - {"libyaml-cpp0.7"}
        self.assertNotIn("libyaml-cpp0.7", with_dependencies(packages))
        self.assertIn("libyaml-cpp0.7", map(package_of, libraries(SLUICE)))

    def test_the_program_runs_as_nobody_special(self):
        words = dict(instructions(self.text))
        self.assertEqual(words["USER"], "10001:10001")
        self.assertEqual(words["ENTRYPOINT"], '["sluice"]')
        self.assertIn('"status", "--health"', words["HEALTHCHECK"])

if __name__ == "__main__":
    unittest.main()
