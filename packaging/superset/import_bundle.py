#!/usr/bin/env python3
"""Puts a bundle of `sluice export superset` into a running Superset; may be run again and again.

    import_bundle.py BUNDLE.zip [--url http://127.0.0.1:8088] [--wait 120]

Only the standard library is used. The bundle's databases, datasets, charts and dashboards overwrite
those that an earlier import made. What it needs besides comes from the environment, where no
process list shows it:

    SUPERSET_URL                  where Superset is, when --url is not given
    SUPERSET_USERNAME             default admin
    SUPERSET_PASSWORD             its password, or SUPERSET_PASSWORD_FILE
    SUPERSET_WAREHOUSE_PASSWORD   PostgreSQL's, or SUPERSET_WAREHOUSE_PASSWORD_FILE; needed by the
                                  first import when the bundle's address has a password

In Compose's profile `bi` it runs once, after Superset is healthy.
Exit codes: 0 imported, 65 no bundle, 69 Superset stayed away, 78 it refused the user, 2 it refused
the bundle, 64 usage.
"""
import argparse
import http.cookiejar
import json
import os
import pathlib
import sys
import time
import urllib.error
import urllib.request
import uuid
import zipfile

USAGE, BAD_BUNDLE, AWAY, REFUSED_USER, REFUSED_BUNDLE = 64, 65, 69, 78, 2
ANSWER_SECONDS = 120


class Failed(Exception):
    def __init__(self, exit_code, message):
        super().__init__(message)
        self.exit_code = exit_code


def secret(name):
    """Returns the variable, else the content of the file that name_FILE names, else nothing."""
    if os.environ.get(name):
        return os.environ[name]
    file = os.environ.get(name + "_FILE")
    return pathlib.Path(file).read_text(encoding="utf-8").rstrip("\r\n") if file else None


class Superset:
    """One session: cookies, the access token, the CSRF token."""

    def __init__(self, url):
        self.url = url.rstrip("/")
        self._headers = {"Accept": "application/json", "Referer": self.url + "/"}
        jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self._opener = urllib.request.build_opener(jar)

    def call(self, path, body=None, content_type="application/json"):
        """Returns the answer as JSON; one that is a page instead is a failure, whatever its
        status: without a token Superset answers 200 and a log-in page, and does nothing."""
        headers = dict(self._headers)
        if body is not None:
            headers["Content-Type"] = content_type
        request = urllib.request.Request(self.url + path, body, headers)
        try:
            with self._opener.open(request, timeout=ANSWER_SECONDS) as answer:
                text = answer.read().decode("utf-8", "replace")
        except urllib.error.HTTPError as error:
            text = error.read().decode("utf-8", "replace")
            code = REFUSED_USER if error.code in (401, 403) else REFUSED_BUNDLE
            more = "; Superset's log has the reason" if error.code >= 500 else ""
            raise Failed(code, f"{path} was refused with {error.code}: {reason(text)}{more}"
                         ) from None
        except (urllib.error.URLError, OSError) as error:
            raise Failed(AWAY, f"{self.url} does not answer: {error}") from None
        try:
            return json.loads(text)
        except ValueError:
            raise Failed(REFUSED_BUNDLE, f"{path} answered with a page, not with JSON") from None

    def wait(self, seconds):
        end = time.monotonic() + seconds
        while True:
            try:
                with self._opener.open(self.url + "/health", timeout=10):
                    return
            except (urllib.error.URLError, OSError) as error:
                if time.monotonic() > end:
                    raise Failed(AWAY, f"{self.url} stayed away for {seconds} s: {error}") from None
            time.sleep(1)

    def log_in(self, username, password):
        body = {"username": username, "password": password, "provider": "db", "refresh": False}
        answer = self.call("/api/v1/security/login", json.dumps(body).encode())
        self._headers["Authorization"] = "Bearer " + answer["access_token"]
        self._headers["X-CSRFToken"] = self.call("/api/v1/security/csrf_token/")["result"]

    def import_assets(self, bundle, passwords):
        fields = {"passwords": json.dumps(passwords)} if passwords else {}
        body, content_type = multipart(fields, "bundle", bundle)
        answer = self.call("/api/v1/assets/import/", body, content_type)
        if answer != {"message": "OK"}:
            raise Failed(REFUSED_BUNDLE, f"the import was not confirmed: {json.dumps(answer)}")


def reason(text):
    """Returns what went wrong in Superset's error document, in one line."""
    try:
        document = json.loads(text)
    except ValueError:
        return text[:200].replace("\n", " ")
    errors = [document.get("message")]
    for error in document.get("errors", []):
        errors += [error.get("message")]
        errors += [f"{name}: {json.dumps(what)}" for name, what in error.get("extra", {}).items()
                   if name != "issue_codes"]
    return "; ".join(str(error) for error in errors if error) or text[:200]


def multipart(fields, name, path):
    """Returns a form's body and its type: text fields and one file."""
    boundary = uuid.uuid4().hex
    parts = [f'--{boundary}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'
             .encode() for key, value in fields.items()]
    parts += [f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; '
              f'filename="bundle.zip"\r\nContent-Type: application/zip\r\n\r\n'.encode(),
              path.read_bytes(), f"\r\n--{boundary}--\r\n".encode()]
    return b"".join(parts), f"multipart/form-data; boundary={boundary}"


def databases(path):
    """Returns the names of the bundle's databases as the `passwords` field wants them."""
    try:
        with zipfile.ZipFile(path) as bundle:
            names = [name.split("/", 1)[-1] for name in bundle.namelist()]
    except (OSError, zipfile.BadZipFile) as error:
        raise Failed(BAD_BUNDLE, f"{path} is no bundle: {error}") from None
    return [name for name in names if name.startswith("databases/")]


def import_into(superset, path, names):
    warehouse = secret("SUPERSET_WAREHOUSE_PASSWORD")
    try:
        superset.import_assets(path, dict.fromkeys(names, warehouse) if warehouse else {})
    except Failed as failure:
        if not warehouse:
            raise Failed(failure.exit_code, f"{failure}; a database that Superset does not know "
                         "yet needs SUPERSET_WAREHOUSE_PASSWORD") from None
        raise


def arguments():
    parser = argparse.ArgumentParser(
        prog="import_bundle.py", description="Puts a bundle of `sluice export superset` into a "
        "running Superset. The file's first lines name the variables it reads.")
    parser.add_argument("bundle", type=pathlib.Path)
    parser.add_argument("--url", default=os.environ.get("SUPERSET_URL", "http://127.0.0.1:8088"))
    parser.add_argument("--wait", type=float, default=120, metavar="SECONDS",
                        help="for Superset to be healthy (default 120)")
    try:
        return parser.parse_args()
    except SystemExit as leave:
        sys.exit(USAGE if leave.code else 0)


def main():
    args = arguments()
    try:
        found = databases(args.bundle)
        password = secret("SUPERSET_PASSWORD")
        if not password:
            raise Failed(USAGE, "SUPERSET_PASSWORD is not set")
        superset = Superset(args.url)
        superset.wait(args.wait)
        superset.log_in(os.environ.get("SUPERSET_USERNAME", "admin"), password)
        import_into(superset, args.bundle, found)
    except (Failed, OSError) as error:
        print(f"import_bundle: {error}", file=sys.stderr)
        return getattr(error, "exit_code", REFUSED_BUNDLE)
    print(f"import_bundle: {args.bundle.name} is in {args.url}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
