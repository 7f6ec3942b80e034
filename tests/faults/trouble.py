"""How a scenario says that it did not end as it must."""

import shutil
import subprocess
from pathlib import Path


class Trouble(Exception):
    """A scenario did not end as it must. The draw goes on, and fails at its end."""


def stacks(pid):
    """Each thread's stack where there is a debugger, its name and what it waits in elsewhere."""
    if shutil.which("gdb"):
        return subprocess.run(["gdb", "-p", str(pid), "-batch", "-ex", "thread apply all bt 20"],
                              text=True, capture_output=True, timeout=60, check=False).stdout
    return "\n".join(f"{(task / 'comm').read_text().strip()}: {(task / 'wchan').read_text()}"
                     for task in Path(f"/proc/{pid}/task").iterdir())
