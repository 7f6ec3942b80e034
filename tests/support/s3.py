"""S3 stores for tests, versitygw and MinIO, and a relay in front of them that breaks things."""

import datetime
import hashlib
import hmac
import http.client
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from pyarrow import fs

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))
from servers.process import die_with_parent  # noqa: E402

BIN = ROOT / ".deps/bin"
KEY, SECRET = "testkey", "testsecret123"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Store:
    """One server on a free port of this machine, its data in a temporary folder."""

    scheme = "http"
    ca_file = ""

    def __init__(self, key=KEY, secret=SECRET, port=None):
        self.key, self.secret = key, secret
        self.folder = tempfile.mkdtemp(prefix="sluice-s3-", dir="/tmp")
        self.port = port or free_port()
        self.process = None
        self.start()

    def start(self):
        arguments, env = self.command()
        with open(self.folder + "/log", "ab") as log:
            self.process = subprocess.Popen(arguments, env={**os.environ, **env},
                                            cwd=self.folder, stdout=log, stderr=log,
                                            preexec_fn=die_with_parent)
        self.wait()

    def wait(self):
        for _ in range(600):
            if self.process.poll() is not None:
                raise RuntimeError(Path(self.folder + "/log").read_text(encoding="utf-8"))
            try:
                self.list_buckets()
                return
            except OSError:
                time.sleep(0.1)
        raise RuntimeError("the store does not start; see " + self.folder + "/log")

    def list_buckets(self):
        """Proves that it is this server: no other knows the key."""
        return [info.path for info in self.arrow().get_file_info(fs.FileSelector("/"))]

    @property
    def endpoint(self):
        return f"{self.scheme}://127.0.0.1:{self.port}"

    def arrow(self):
        """The store as another client sees it."""
        return fs.S3FileSystem(access_key=self.key, secret_key=self.secret, scheme=self.scheme,
                               endpoint_override=f"127.0.0.1:{self.port}", region="us-east-1",
                               allow_bucket_creation=True, connect_timeout=5, request_timeout=10,
                               **({"tls_ca_file_path": self.ca_file} if self.ca_file else {}))

    def make_buckets(self, *names):
        for name in names:
            self.arrow().create_dir(name)

    def read(self, path):
        with self.arrow().open_input_file(path) as stream:
            return stream.read()

    def keys(self, bucket):
        """Names of a bucket's objects."""
        found = self.arrow().get_file_info(fs.FileSelector(bucket, recursive=True))
        return sorted(info.path[len(bucket) + 1:] for info in found if info.is_file)

    def env(self, endpoint=None):
        """What a user would export."""
        return {"S3_ENDPOINT": endpoint or self.endpoint, "AWS_ACCESS_KEY_ID": self.key,
                "AWS_SECRET_ACCESS_KEY": self.secret, "AWS_REGION": "us-east-1"}

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def close(self):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


class Versity(Store):
    """versitygw; with `tls`, a (certificate, key, authority) of files, it speaks TLS."""

    def __init__(self, tls=None, options=(), **more):
        self.tls, self.options = tls, options
        if tls:
            self.scheme, self.ca_file = "https", tls[2]
        super().__init__(**more)

    def command(self):
        os.makedirs(self.folder + "/data", exist_ok=True)
        tls = ["--cert", self.tls[0], "--key", self.tls[1]] if self.tls else []
        return [str(BIN / "versitygw"), "--access", self.key, "--secret", self.secret, "--port",
                f"127.0.0.1:{self.port}", "--region", "us-east-1", "--quiet", *tls, *self.options,
                "posix", self.folder + "/data"], {}


class Minio(Store):
    def session(self):
        """Keys with a session token, as its STS gives them."""
        body = b"Action=AssumeRole&Version=2011-06-15&DurationSeconds=900"
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        host, digest = f"127.0.0.1:{self.port}", hashlib.sha256(body).hexdigest()
        scope = f"{now[:8]}/us-east-1/sts/aws4_request"
        canonical = f"POST\n/\n\nhost:{host}\nx-amz-date:{now}\n\nhost;x-amz-date\n{digest}"
        text = (f"AWS4-HMAC-SHA256\n{now}\n{scope}\n"
                f"{hashlib.sha256(canonical.encode()).hexdigest()}")
        key = f"AWS4{self.secret}".encode()
        for part in (*scope.split("/"), text):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        connection = http.client.HTTPConnection(host, timeout=10)
        connection.request("POST", "/", body, {
            "Content-Type": "application/x-www-form-urlencoded", "X-Amz-Date": now,
            "Authorization": f"AWS4-HMAC-SHA256 Credential={self.key}/{scope}, "
                             f"SignedHeaders=host;x-amz-date, Signature={key.hex()}"})
        answer = connection.getresponse().read().decode()
        connection.close()
        found = [re.search(f"<{name}>(.*?)</{name}>", answer)
                 for name in ("AccessKeyId", "SecretAccessKey", "SessionToken")]
        if not all(found):
            raise RuntimeError(answer)
        return dict(zip(("id", "secret", "token"), (one[1] for one in found)))

    def command(self):
        os.makedirs(self.folder + "/data", exist_ok=True)
        return [str(BIN / "minio"), "server", "--address", f"127.0.0.1:{self.port}",
                "--console-address", f"127.0.0.1:{free_port()}", self.folder + "/data"], {
                    "MINIO_ROOT_USER": self.key, "MINIO_ROOT_PASSWORD": self.secret,
                    "MINIO_BROWSER": "off", "MINIO_UPDATE": "off"}


def certificate(folder, host="127.0.0.1", name="server"):
    """A certificate for one host by an authority of its own: (certificate, key, authority)."""
    def path(what):
        return f"{folder}/{name}-{what}.pem"

    def run(*words):
        subprocess.run(["openssl", *words], check=True, capture_output=True)

    kind = "IP" if host[0].isdigit() else "DNS"
    run("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name} CA",
        "-keyout", path("ca-key"), "-out", path("ca"))
    run("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={host}", "-keyout", path("key"),
        "-out", path("request"))
    Path(path("names")).write_text(f"subjectAltName={kind}:{host}\n", encoding="utf-8")
    run("x509", "-req", "-in", path("request"), "-CA", path("ca"), "-CAkey", path("ca-key"),
        "-CAcreateserial", "-days", "2", "-extfile", path("names"), "-out", path("cert"))
    return path("cert"), path("key"), path("ca")


class Relay:
    """Stands between a client and a store. `rules` are functions of a Call, asked in turn; the
    first that returns something decides: an action of this module, or a (status, headers, body)
    to answer in place of the store."""

    def __init__(self, upstream_port):
        self.rules, self.calls, self.lock = [], [], threading.Lock()
        self.closing = threading.Event()
        relay = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one_request(self):
                self.raw_requestline = self.rfile.readline(65537)
                if not self.raw_requestline or not self.parse_request():
                    self.close_connection = True
                    return
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                relay.serve(self, Call(self.command, self.path, self.headers, body))

            def log_message(self, *_):
                pass

        self.upstream_port = upstream_port
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def serve(self, client, call):
        with self.lock:
            self.calls.append(call)
            action = next(filter(None, (rule(call) for rule in self.rules)), FORWARD)
        call.action = action
        try:
            if action == HANG:
                self.closing.wait(120)
            if action in (DROP, HANG):
                client.close_connection = True
                return
            reply = action if isinstance(action, tuple) else self.forward(call)
            call.status = reply[0]
            if action == SWALLOW:
                client.close_connection = True
                return
            self.answer(client, call, *reply)
        except OSError:
            client.close_connection = True

    def forward(self, call):
        connection = http.client.HTTPConnection("127.0.0.1", self.upstream_port, timeout=30)
        try:
            # The client signed its Host, so it stays.
            connection.putrequest(call.method, call.path, skip_host=True, skip_accept_encoding=True)
            for name, value in call.headers.items():
                connection.putheader(name, value)
            connection.endheaders(call.body)
            reply = connection.getresponse()
            return reply.status, reply.getheaders(), reply.read()
        finally:
            connection.close()

    @staticmethod
    def answer(client, call, status, headers, body):
        client.send_response_only(status)
        for name, value in dict(headers).items():
            if name.lower() not in ("transfer-encoding", "connection", "content-length"):
                client.send_header(name, value)
        length = dict((n.lower(), v) for n, v in dict(headers).items()).get("content-length")
        client.send_header("Content-Length", length if call.method == "HEAD" and length
                           else str(len(body)))
        client.end_headers()
        if call.action == TRUNCATE:
            body = body[:len(body) // 2]
            client.close_connection = True
        if call.method != "HEAD":
            client.wfile.write(body)

    def count(self, method, what=""):
        return sum(call.method == method and what in call.path for call in self.calls)

    def close(self):
        self.closing.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


class Call:
    """One request that passed, what was done with it, and the store's status."""

    def __init__(self, method, path, headers, body):
        self.method, self.path, self.headers, self.body = method, path, headers, body
        self.action = self.status = None


FORWARD, SWALLOW, DROP, TRUNCATE, HANG = "forward", "swallow", "drop", "truncate", "hang"


def times(count, method, action, what=""):
    """A rule for the first `count` requests of a method whose path has `what` in it."""
    left = [count]

    def rule(call):
        if call.method != method or what not in call.path or left[0] == 0:
            return None
        left[0] -= 1
        return action(call) if callable(action) else action

    return rule


def error(status, code, message="as the test has it"):
    """A store's answer of that kind."""
    body = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    return status, {"Content-Type": "application/xml"}, body.encode()


def damaged(call):
    """Flips a bit of the body and lets it pass."""
    call.body = bytes([call.body[0] ^ 1]) + call.body[1:]
    return FORWARD
