"""What every result says besides its figures: commit, machine, command, load, versions."""

import json
import os
import platform
import shlex
import subprocess
import sys
import time
from pathlib import Path

from rig import ROOT, SLUICE, say


def _text(*argv):
    return subprocess.run(argv, text=True, capture_output=True, check=False,
                          cwd=ROOT).stdout.strip()


def _commit():
    commit = _text("git", "rev-parse", "--short=10", "HEAD")
    return commit + ("+changes" if _text("git", "status", "--porcelain", "src") else "")


def _machine():
    cpu = next((line.partition(":")[2].strip()
                for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
                if line.startswith("model name")), platform.machine())
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {"cpu": cpu, "cores": os.cpu_count(), "memory_gb": round(pages / 2**30),
            "system": f"{platform.system()} {platform.release()}"}


def _load():
    return [round(load, 2) for load in os.getloadavg()]


class Result:
    """Collects a subcommand's figures; `write` adds where and how they came to be."""

    def __init__(self, what):
        self._begun = time.monotonic()
        self.data = {"what": what, "commit": _commit(), "version": _text(str(SLUICE), "version"),
                     "program": os.path.relpath(SLUICE, ROOT), "machine": _machine(),
                     "command": "scripts/bench " + shlex.join(sys.argv[1:]),
                     "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
                     "loadavg": {"before": _load()}}

    def write(self, path, **figures):
        self.data |= figures
        self.data["loadavg"]["after"] = _load()
        self.data["seconds"] = round(time.monotonic() - self._begun, 1)
        text = json.dumps(self.data, indent=1, ensure_ascii=False) + "\n"
        if path:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            Path(path).write_text(text, encoding="utf-8")
            say(f"{path} written")
        else:
            print(text, end="")
        return self.data
