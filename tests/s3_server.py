"""An S3 server (moto's) for tests, with the environment that its clients need."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import boto3
import httpx

from serving.instance import ports

REGION = "eu-west-1"


@dataclass
class S3Server:
    """Holds everything in memory: what it held is gone with it."""

    url: str
    process: "subprocess.Popen[bytes]"

    @property
    def environment(self) -> dict[str, str]:
        """What AWS's libraries look for."""
        return {"AWS_ENDPOINT_URL": self.url, "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_DEFAULT_REGION": REGION}

    def make_bucket(self, name: str) -> None:
        """An empty one; the environment must be set."""
        boto3.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})

    def keys(self, bucket: str) -> list[str]:
        """The names of all objects."""
        return sorted(each["Key"] for each in boto3.client("s3").list_objects_v2(Bucket=bucket).get("Contents", []))

    def fail(self, failing: bool) -> None:
        """While `failing` it takes connections and answers nothing."""
        self.process.send_signal(signal.SIGSTOP if failing else signal.SIGCONT)


@contextmanager
def running_s3() -> Iterator[S3Server]:
    """Starts a server on a free port, and stops it."""
    port = ports.free()
    command = [sys.executable, "-m", "moto.server", "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ.copy())
    server = S3Server(f"http://127.0.0.1:{port}", process)
    try:
        deadline = time.monotonic() + 60
        while not _answers(server.url):
            assert time.monotonic() < deadline and process.poll() is None
            time.sleep(0.1)
        yield server
    finally:
        process.kill()
        process.wait()


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/moto-api/").is_success
    except httpx.HTTPError:
        return False
