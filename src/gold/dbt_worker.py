"""Runs `dbt build` for sluice, again and again in one process.

One JSON object a line. In, on stdin: the settings first, then {"verb": "build"} for each build.
Out, on the stdout this process was born with: {"event": "node", …} as nodes finish, then one
{"event": "result", …} or {"event": "error", …} for the build. {"verb": "parse"} only reads the
project: {"event": "parsed", "manifest": PATH}. The end of stdin ends the process.
"""
import contextlib
import getpass
import hashlib
import json
import os
import pickle
import queue
import signal
import sys
import threading
import time
import traceback
from datetime import datetime, timezone

MESSAGE_CHARS = 2048
TESTS = ("test", "unit_test")
HASHED_FILE_BYTES = 1 << 20
CANCEL_SECONDS = 2
LOG_FILE_BYTES = 10 << 20
# dbt hides the values of variables with this prefix in all that it writes.
PASSWORD_VARIABLE = "DBT_ENV_SECRET_SLUICE_PASSWORD"

# What a dbt profile has a key for; other libpq keywords travel as libpq's own variables.
PROFILE_KEYS = ("connect_timeout", "keepalives_idle", "sslmode", "sslcert", "sslkey", "sslrootcert")
LIBPQ_VARIABLES = {
    "hostaddr": "PGHOSTADDR", "passfile": "PGPASSFILE",
    "options": "PGOPTIONS", "channel_binding": "PGCHANNELBINDING", "requirepeer": "PGREQUIREPEER",
    "sslcrl": "PGSSLCRL", "sslcrldir": "PGSSLCRLDIR", "sslsni": "PGSSLSNI",
    "ssl_min_protocol_version": "PGSSLMINPROTOCOLVERSION",
    "ssl_max_protocol_version": "PGSSLMAXPROTOCOLVERSION",
    "gssencmode": "PGGSSENCMODE", "krbsrvname": "PGKRBSRVNAME",
    "target_session_attrs": "PGTARGETSESSIONATTRS",
}


class BuildError(Exception):
    """A build that has no result. `kind` is config, retryable or fatal."""

    def __init__(self, kind, message, hint=""):
        super().__init__(message)
        self.kind, self.hint = kind, hint


class Channel:
    """The protocol's two ends, out of reach of anything that prints."""

    def __init__(self):
        self._in = os.fdopen(os.dup(0), "r", encoding="utf-8")
        self._out = os.fdopen(os.dup(1), "w", encoding="utf-8")
        self._lock = threading.Lock()
        null = os.open(os.devnull, os.O_RDONLY)
        os.dup2(null, 0)
        os.dup2(2, 1)
        os.close(null)

    def receive(self):
        """Returns the next object, None at the end."""
        line = self._in.readline()
        return json.loads(line) if line.endswith("\n") else None

    def send(self, event):
        with self._lock:
            self._out.write(json.dumps(event) + "\n")
            self._out.flush()


def write_profile(settings):
    """Writes profiles.yml for the address in JSON, which is YAML; returns what connect() takes."""
    import psycopg2
    from psycopg2.extensions import parse_dsn

    try:
        address = parse_dsn(settings["conninfo"])
    except psycopg2.ProgrammingError as error:
        raise BuildError("config", f"the warehouse's address is not one: {error}") from None
    os.environ[PASSWORD_VARIABLE] = settings["password"] or address.get("password", "")
    # The address is complete: a service file could only add what somebody meant for others.
    os.environ.pop("PGSERVICE", None)
    for keyword, variable in LIBPQ_VARIABLES.items():
        if keyword in address:
            os.environ[variable] = address[keyword]

    socket_folder = "/var/run/postgresql"
    default_host = socket_folder if os.path.isdir(socket_folder) else "localhost"
    user = address.get("user") or os.environ.get("PGUSER") or getpass.getuser()
    target = {key: address[key] for key in PROFILE_KEYS if key in address}
    for key in ("connect_timeout", "keepalives_idle"):
        if key in target:
            target[key] = int(target[key])
    target |= {
        "type": "postgres",
        "host": address.get("host") or os.environ.get("PGHOST") or default_host,
        "port": int((address.get("port") or os.environ.get("PGPORT") or "5432").split(",")[0]),
        "user": user,
        "dbname": address.get("dbname") or os.environ.get("PGDATABASE") or user,
        "schema": settings["schema"],
        "threads": settings["threads"],
        "application_name": address.get("application_name", "sluice:dbt"),
        "password": "{{ env_var('%s') }}" % PASSWORD_VARIABLE,
    }
    path = os.path.join(settings["profiles"], "profiles.yml")
    fresh = f"{path}.{os.getpid()}"  # another process may be writing the same
    with open(fresh, "w", encoding="utf-8") as file:
        json.dump({"sluice": {"target": "sluice", "outputs": {"sluice": target}}}, file, indent=2)
    os.replace(fresh, path)
    return {key: target[key] for key in
            ("host", "port", "user", "dbname", "application_name", *PROFILE_KEYS) if key in target}


def fingerprint(folder):
    """Returns a hash of the project's files; of very large ones only size and time count."""
    digest = hashlib.sha256()
    for root, folders, files in os.walk(folder):
        generated = ("target", "logs") if root == folder else ()
        folders[:] = sorted(f for f in folders if not f.startswith(".") and f not in generated)
        for name in sorted(files):
            path = os.path.join(root, name)
            with contextlib.suppress(FileNotFoundError):
                status = os.stat(path)
                digest.update(f"{path}\0{status.st_size}\0".encode("utf-8", "surrogateescape"))
                if status.st_size > HASHED_FILE_BYTES:
                    digest.update(str(status.st_mtime_ns).encode())
                    continue
                with open(path, "rb") as file:
                    digest.update(file.read(HASHED_FILE_BYTES))
    return digest.digest()


def cut(text):
    text = text or ""
    return text if len(text) <= MESSAGE_CHARS else text[:MESSAGE_CHARS] + "…"


def freshness_record(result):
    """What `dbt source freshness` says of one source, in the words of a test."""
    node, status = result.node, str(result.status)
    message = result.message or ""
    if getattr(result, "max_loaded_at", None) is not None:
        limits = " and ".join(
            f"{name.replace('_', ' ')} {limit.count} {limit.period}"
            for name in ("warn_after", "error_after")
            if (limit := getattr(node.freshness, name, None)) and limit.count)
        message = (f"the newest row is of {result.max_loaded_at:%Y-%m-%d %H:%M:%S} UTC, "
                   f"{result.age / 3600:.1f} hours old ({limits})")
    return {
        "unique_id": node.unique_id, "name": node.name, "kind": "source",
        # dbt's word for stale is `error`, for a query that failed `runtime error`.
        "status": "fail" if status == "error" else status, "message": cut(message),
        "seconds": result.execution_time, "failures": None,
    }


def node_record(result):
    node, kind = result.node, str(result.node.resource_type)
    return {
        "unique_id": node.unique_id, "name": node.name, "kind": kind,
        "status": str(result.status), "message": cut(result.message),
        "seconds": result.execution_time,
        "failures": result.failures if kind in TESTS else None,
    }


class Worker:
    def __init__(self, settings, channel):
        self._settings, self._channel = settings, channel
        self._manifest, self._nodes, self._parsed, self._address = None, None, None, None
        state = settings["state"]
        self._flags = [
            "--project-dir", settings["project"], "--profiles-dir", settings["profiles"],
            "--profile", "sluice", "--target", "sluice",
            "--target-path", os.path.join(state, "target"),
            "--log-path", os.path.join(state, "logs"),
            "--log-level", "none", "--log-level-file", "info",
            "--log-file-max-bytes", str(LOG_FILE_BYTES),
            "--quiet", "--no-use-colors", "--no-use-colors-file", "--no-send-anonymous-usage-stats",
        ]

    def prepare(self):
        """Imports dbt and parses the project, unless that was done and nothing changed."""
        if self._address is None:
            try:
                from dbt.cli.main import dbtRunner  # noqa: F401, three seconds the first time
                import dbt.adapters.postgres  # noqa: F401
            except ImportError as error:
                raise BuildError("config", f"this Python has no dbt for PostgreSQL: {error}",
                                 "pip install 'dbt-postgres==1.11.*'") from None
            self._address = write_profile(self._settings)
        files = fingerprint(self._settings["project"])
        if files != self._parsed:
            self._manifest = self._invoke("parse").result
            self._nodes = pickle.dumps(self._manifest.nodes, pickle.HIGHEST_PROTOCOL)
            self._parsed = files
        # A build leaves compiled code in its nodes, and ephemeral models would fail the next time.
        self._manifest.nodes = pickle.loads(self._nodes)

    def parse(self):
        """Reads the project, if it was not since it changed; dbt writes its manifest.json."""
        self.prepare()
        return {"event": "parsed",
                "manifest": os.path.join(self._settings["state"], "target", "manifest.json")}

    def answer(self, verb):
        """Does what is asked; what goes wrong is an answer too."""
        try:
            return self.parse() if verb == "parse" else self.build()
        except BuildError as error:
            return {"event": "error", "kind": error.kind,
                    "message": cut(str(error)), "hint": error.hint}
        except Exception as error:  # of a project's macros, or of dbt itself
            traceback.print_exc()
            return {"event": "error", "kind": "fatal", "message": cut(repr(error)),
                    "hint": f"see {self._settings['state']}/logs/worker.log"}

    def build(self):
        started, clock = datetime.now(timezone.utc), time.monotonic()
        self.prepare()
        from dbt_common.invocation import get_invocation_id  # not before dbt was looked for
        with self._only_builder():
            run = self._invoke("build", self._manifest, self._on_event)
            invocation = get_invocation_id()
            sources = self._freshness()
        stale = any(source["status"] in ("fail", "runtime error") for source in sources)
        return {
            "event": "result", "ok": run.success and not stale,
            "seconds": time.monotonic() - clock,
            "started_at": started.strftime("%Y-%m-%dT%H:%M:%S.") + f"{started:%f}"[:3] + "Z",
            "invocation_id": invocation,
            "nodes": [node_record(result) for result in run.result.results] + sources,
        }

    def _freshness(self):
        """Asks how old the sources are that say how old they may be; `dbt build` does not."""
        if not any(source.has_freshness for source in self._manifest.sources.values()):
            return []
        run = self._invoke("source freshness", self._manifest)
        return [freshness_record(result) for result in run.result.results]

    @contextlib.contextmanager
    def _only_builder(self):
        """Lets one process at a time build these models; waits for its turn."""
        import psycopg2

        project = self._manifest.metadata.project_name
        name = f"sluice:dbt:{self._settings['schema']}:{project}"
        try:
            with contextlib.closing(psycopg2.connect(
                    **self._address, password=os.environ[PASSWORD_VARIABLE])) as connection:
                connection.autocommit = True
                cursor = connection.cursor()
                # Polled, because a wait inside libpq could not be interrupted.
                attempt = "SELECT pg_try_advisory_lock(hashtextextended(%s, 0))"
                while not (cursor.execute(attempt, (name,)) or cursor.fetchone()[0]):
                    time.sleep(0.2)
                yield
        except psycopg2.OperationalError as error:
            raise BuildError("retryable", f"dbt got no session: {error}") from None

    def _invoke(self, verb, manifest=None, callback=None):
        from dbt.cli.main import dbtRunner

        runner = dbtRunner(manifest=manifest, callbacks=[callback] if callback else [])
        run = runner.invoke([*verb.split(), *self._flags])
        if isinstance(run.exception, KeyboardInterrupt):
            raise run.exception
        if run.result is None or run.exception is not None:
            raise BuildError("fatal" if manifest else "config",
                             f"dbt {verb} gave no result: {run.exception or 'see its log'}",
                             f"see {self._settings['state']}/logs/dbt.log")
        return run

    def _on_event(self, event):
        if event.info.name == "NodeFinished":
            node, result = event.data.node_info, event.data.run_result
            self._channel.send({
                "event": "node", "unique_id": node.unique_id, "name": node.node_name,
                "kind": node.resource_type, "status": result.status,
                "message": cut(result.message), "seconds": result.execution_time,
                "failures": result.num_failures if node.resource_type in TESTS else None,
            })


def read_requests(channel, requests):
    """Runs on a thread of its own, so that the end of stdin is seen during a build as well."""
    with contextlib.suppress(ValueError, OSError):
        while (request := channel.receive()) is not None:
            requests.put(request)
    # dbt answers an interrupt by cancelling what it has running on the server.
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(CANCEL_SECONDS)
    os._exit(0)


def main():
    channel = Channel()
    settings = channel.receive()
    if settings is None:
        return
    requests = queue.SimpleQueue()
    threading.Thread(target=read_requests, args=(channel, requests), daemon=True).start()
    worker = Worker(settings, channel)
    with contextlib.suppress(Exception):  # the next build says it
        worker.prepare()
    while True:
        channel.send(worker.answer(requests.get()["verb"]))


if __name__ == "__main__":
    try:
        main()
    except (KeyboardInterrupt, BrokenPipeError):
        sys.stderr.flush()
        os._exit(0)
