"""The three servers under one folder, and the file that keeps their ports and secrets."""

import base64
import fcntl
import json
import os
import secrets
import shutil
import uuid
from contextlib import contextmanager
from pathlib import Path

from .kafka import Kafka
from .postgres import Postgres
from .process import StackError
from .s3 import S3

KINDS = {kind.name: kind for kind in (Kafka, S3, Postgres)}


def new_settings():
    cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    return {
        "kafka": {"cluster_id": "s" + cluster[1:], "password": secrets.token_hex(12)},
        "s3": {"secret": secrets.token_hex(20)},
        "postgres": {"password": secrets.token_hex(12),
                     "superuser_password": secrets.token_hex(12)},
    }


class Stack:
    def __init__(self, folder, ports=None, die_with_parent=False):
        """`ports` chooses ports by server; without it free ones are found, once."""
        self.folder = Path(folder).resolve()
        self._file = self.folder / "stack.json"
        self.settings = self._load()
        for name, port in (ports or {}).items():
            self.settings[name]["port"] = port
        self.servers = {name: kind(self.folder / name, self.settings[name], self._save,
                                   die_with_parent)
                        for name, kind in KINDS.items()}

    def _load(self):
        if not self._file.exists():
            return new_settings()
        try:
            return json.loads(self._file.read_text(encoding="utf-8"))
        except ValueError as error:
            raise StackError(f"{self._file} is damaged: {error}; remove {self.folder}") from error

    def _save(self):
        new = self._file.with_suffix(".new")
        new.touch(mode=0o600)
        new.write_text(json.dumps(self.settings, indent=1) + "\n", encoding="utf-8")
        new.replace(self._file)

    @property
    def exists(self):
        return self._file.exists()

    @contextmanager
    def locked(self):
        """Only one `up` or `down` works on a folder at a time."""
        if self.folder.exists() and not self.exists and any(self.folder.iterdir()):
            if {path.name for path in self.folder.iterdir()} != {"lock"}:
                raise StackError(f"{self.folder} holds something else: choose another with --dir")
        self.folder.mkdir(parents=True, exist_ok=True)
        with open(self.folder / "lock", "w", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def up(self, names=None, on_start=lambda server: None):
        """Starts the named servers, or all; those that run are left alone."""
        with self.locked():
            self._save()
            for name in names or KINDS:
                server = self.servers[name]
                on_start(server)
                server.start()

    def down(self, names=None, keep=False):
        """Stops servers; all of them and without `keep`, their folder goes too."""
        with self.locked():
            for name in names or reversed(KINDS):
                self.servers[name].stop()
        if not names and not keep:
            shutil.rmtree(self.folder)

    def env(self):
        """What `sluice run` needs, by the names that the shipped example reads."""
        variables = {}
        for server in self.servers.values():
            if "port" in server.settings:
                variables.update(server.env())
        return variables

    def status(self):
        return [self._status(server) for server in self.servers.values()]

    def _status(self, server):
        known = "port" in server.settings
        pid = server.pid() if known else None
        state, detail = "down", ""
        if pid is not None:
            try:
                server.check()
                state = "up"
            except (OSError, StackError) as error:
                state, detail = "silent", str(error)
        return {"name": server.name, "state": state, "pid": pid, "detail": detail,
                "address": server.address if known else None, "log": str(server.log)}


def default_folder():
    root = Path(__file__).resolve().parents[2]
    return Path(os.environ.get("SLUICE_STACK_DIR", root / ".stack"))
