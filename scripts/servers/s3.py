"""versitygw: S3 over a folder."""

import datetime
import hashlib
import hmac
import urllib.error
import urllib.request

from .process import DEPS, Server, StackError

BUCKETS = ("raw", "processed")
REGION = "us-east-1"


class S3(Server):
    name = "s3"
    start_seconds = 20

    def argv(self):
        return [DEPS / "bin/versitygw", "--port", self.address, "--region", REGION, "--quiet",
                "posix", self.data]

    @property
    def address(self):
        return f"127.0.0.1:{self.settings.get('port')}"

    def environment(self):
        return {"ROOT_ACCESS_KEY": "sluice", "ROOT_SECRET_KEY": self.settings["secret"]}

    def make(self):
        if not (DEPS / "bin/versitygw").exists():
            raise StackError("versitygw is not installed: run scripts/deps")
        self.data.mkdir()

    def request(self, method, path):
        """One signed request without a body; returns (status, body)."""
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        headers = {"host": self.address, "x-amz-content-sha256": hashlib.sha256(b"").hexdigest(),
                   "x-amz-date": now}
        headers["authorization"] = self._authorization(method, path, headers)
        asked = urllib.request.Request(f"http://{self.address}{path}", method=method,
                                       headers=headers)
        try:
            with urllib.request.urlopen(asked, timeout=5) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def _authorization(self, method, path, headers):
        names = ";".join(sorted(headers))
        lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
        canonical = f"{method}\n{path}\n\n{lines}\n{names}\n{headers['x-amz-content-sha256']}"
        scope = f"{headers['x-amz-date'][:8]}/{REGION}/s3/aws4_request"
        text = (f"AWS4-HMAC-SHA256\n{headers['x-amz-date']}\n{scope}\n"
                f"{hashlib.sha256(canonical.encode()).hexdigest()}")
        key = f"AWS4{self.settings['secret']}".encode()
        for part in (*scope.split("/"), text):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        return (f"AWS4-HMAC-SHA256 Credential=sluice/{scope}, SignedHeaders={names}, "
                f"Signature={key.hex()}")

    def check(self):
        # Only our server knows our secret.
        status, _ = self.request("GET", "/")
        if status != 200:
            raise StackError(f"another server answers at {self.address}, with status {status}")

    def after_start(self):
        for bucket in BUCKETS:
            status, body = self.request("PUT", f"/{bucket}")
            if status not in (200, 409):
                raise StackError(f"bucket {bucket} cannot be made: {status} {body[:200]}")

    def env(self):
        return {"LAKE": "s3://", "S3_ENDPOINT": f"http://{self.address}", "S3_REGION": REGION,
                "AWS_ACCESS_KEY_ID": "sluice", "AWS_SECRET_ACCESS_KEY": self.settings["secret"]}
