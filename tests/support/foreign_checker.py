"""Runs a checker of Iceberg tables that is not ours, and takes what it says."""

import subprocess
import sys

# Ends without the interpreter's own end: there pyarrow's threads abort it now and then, after the
# verdict was given.
RUN = """
import os, runpy, sys
sys.argv = sys.argv[1:]
code = 0
try:
    runpy.run_path(sys.argv[0], run_name="__main__")
except SystemExit as end:
    code = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
sys.stdout.flush()
sys.stderr.flush()
os._exit(code)
"""


def run(script, *arguments):
    """Returns the checker's exit code and output."""
    return subprocess.run([sys.executable, "-c", RUN, str(script), *map(str, arguments)],
                          capture_output=True, text=True, check=False)
