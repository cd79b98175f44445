"""Starting a run: everything local into the bucket, then the launch request, whose upload is what starts it.

The run's id is made from the request's bucket, key and version, so it is known here as soon as the upload has answered.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from headrace.aws import s3 as store
from headrace.core import names, yaml_source
from headrace.core.errors import InvalidSpec, InvalidValue, Problem
from headrace.core.launch_request import read_launch
from headrace.core.locations import is_uri
from headrace.core.records import Epoch
from headrace.core.run_facts import wrong_places
from headrace_cli import given_params, moved_params, named_files, pipeline, spec_folder, teams, uploading
from headrace_cli.checked import Checked
from headrace_cli.content_address import Uploads
from headrace_cli.local_files import Reader
from headrace_cli.target import Target

MAX_REQUEST: Final = 200_000
"""Bytes of a launch request: it travels as the input of an execution, which has 256 KiB."""


@dataclass(frozen=True, slots=True)
class Launched:
    """A run that was asked for: its id, and the object that asked."""

    epoch: Epoch
    key: str


def prepare(checked: Checked, target: Target, said: Mapping[str, Any]) -> tuple[dict[str, Any], Uploads]:
    """The launch request and what has to be uploaded for it; InvalidSpec when it cannot be."""
    loaded = checked.pipeline
    uploads = Uploads(target.bucket, target.tenant)
    reader = Reader(lambda: teams.s3(target))
    params = moved_params.move(loaded.spec.params, checked.given, loaded.place, uploads, reader)
    request = {"pipeline": loaded.place, "name": loaded.name, **said, **({"params": params} if params else {})}
    if loaded.is_local:
        if problems := named_files.absolute_paths(loaded):
            raise InvalidSpec(problems)
        request["pipeline"] = _spec_folder(checked, params, uploads, target)
    _check(request)
    return request, uploads


def send(
    target: Target,
    request: Mapping[str, Any],
    uploads: Uploads,
    objects: Mapping[str, Path | bytes],
    sent: Callable[[int], None],
) -> Launched:
    """Upload, then ask for the run."""
    s3 = target.client("s3")
    uploading.upload(s3, dict(objects), uploads, sent)
    # A resume may be without a name; launch_run then calls the launch as its file.
    stem = f"{names.slug(str(request.get('name') or request.get('resume')), 24) or 'run'}-{secrets.token_hex(6)}"
    key = f"launch/{target.tenant}/{stem}.json" if target.tenant else f"launch/{stem}.json"
    body = json.dumps(request, ensure_ascii=False, indent=1).encode()
    answer = s3.put_object(Bucket=target.bucket, Key=key, Body=body, ContentType="application/json")
    version = answer.get("VersionId", "")
    name = str(request.get("name") or stem)
    return Launched(Epoch(names.launched_run_id(name, target.bucket, key, version, target.tenant), 1), key)


def check_places(target: Target, work_dir: str, outdir: str) -> None:
    """Refuse a work dir or an outdir that cannot be: InvalidSpec naming which."""
    said = {"workDir": work_dir, "outdir": outdir}
    writable = target.outputs.get("WriteBuckets", "")
    problems = wrong_places(said, bucket=target.bucket, allowed=writable, reach=teams.reach(target))
    known = {problem.path for problem in problems}
    for path, uri in said.items():
        if not uri or path in known:
            continue
        try:
            _reachable(target, uri, same_region=path == "workDir")
        except InvalidValue as error:
            problems.append(Problem(path, error.message, uri, error.expected, error.hint))
    if problems:
        raise InvalidSpec(problems)


def _spec_folder(checked: Checked, params: Mapping[str, Any], uploads: Uploads, target: Target) -> str:
    """Plan once more with the params where they will be: what is still local then, the spec names by itself."""
    loaded = checked.pipeline
    reader = Reader(lambda: teams.s3(target), stand_ins=dict(uploads.objects))
    given = {name: given_params.Given(value, "") for name, value in params.items()}
    bound = given_params.bind(loaded.spec.params, given, loaded.place, reader)
    planned = pipeline.plan(loaded, bound, reader)
    named = named_files.find(loaded, planned, reader)
    return spec_folder.place(loaded, named, list(reader.globs), uploads)


def _check(request: Mapping[str, Any]) -> None:
    text = json.dumps(request, ensure_ascii=False)
    read_launch(yaml_source.read(text, "the launch request"))
    if len(text.encode()) > MAX_REQUEST:
        problem = Problem(
            "params",
            f"a launch request of {len(text.encode()):,} bytes",
            expected=f"at most {MAX_REQUEST:,}",
            hint="Give long lists as a table: a param of type table, by its location",
        )
        raise InvalidSpec([problem])


def _reachable(target: Target, uri: str, *, same_region: bool) -> None:
    from botocore.exceptions import ClientError

    if not is_uri(uri):
        raise InvalidValue("not a folder in S3", expected="s3://bucket/folder")
    bucket, folder = store.split_uri(uri)
    if not folder.strip("/"):
        raise InvalidValue("a bucket without a folder", expected=f"a folder in it, such as s3://{bucket}/work")
    if bucket == target.bucket:
        return
    s3 = target.client("s3")
    try:
        region = s3.head_bucket(Bucket=bucket).get("BucketRegion", "")
        s3.list_objects_v2(Bucket=bucket, Prefix=folder, MaxKeys=1)
    except ClientError as error:
        headers = error.response["ResponseMetadata"].get("HTTPHeaders", {})
        region, code = headers.get("x-amz-bucket-region", ""), error.response["Error"]["Code"]
        if not (same_region and region and region != s3.meta.region_name):
            what = "there is no such bucket" if code in {"404", "NoSuchBucket"} else f"it cannot be read ({code})"
            raise InvalidValue(what, expected="a bucket that the stack and you may use") from None
    if same_region and region and region != s3.meta.region_name:
        raise InvalidValue(
            f"its bucket is in {region}, the stack in {s3.meta.region_name}", expected="a bucket of the stack's region"
        )
