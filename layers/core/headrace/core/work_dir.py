"""Where a piece of work lives in the bucket (docs/contracts.md, section 6).

    <workDir>/<tenant>/<hh>/<hash>/       one piece of work; hh is the first two digits of its hash
        j/<run>.<epoch>.<n>/              what a job reads: run.sh, inputs.sh, inputs.tsv, script, lists/
        a/<job id>.<attempt>/             what an attempt wrote: manifest.json, out/…, failure/…
        outputs.json                      the committed result

All are URIs that end in a slash, except the objects. A work dir needs at least one folder below its bucket: a bucket's root
is where other things live, and lifecycle rules and permissions go by prefix.
"""

from __future__ import annotations

import re
from typing import Final

from headrace.core.errors import InvalidValue, shown

MAX_WORK_DIR: Final = 300  # of the 1,024 bytes of a key; hash, job and the file's own path take the rest

# The bucket of an access point or a directory bucket passes too; S3 itself knows the exact rules.
_BUCKET: Final = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
# What no tool, shell or URL reads as anything but itself: a work dir is written into commands as it stands.
_FOLDER: Final = re.compile(r"[A-Za-z0-9_.=+@-]+")
_HASH: Final = re.compile(r"[0-9a-f]{64}")
_OWN: Final = frozenset({"launch", "errors", "inputs", "pipelines", "runs", "results"})


def check_work_dir(uri: str, *, bucket: str = "") -> str:
    """`uri` with one slash at its end; InvalidValue when no work can live there. `bucket` is the deployment's own."""
    place, folders = _split(uri)
    expected = f"s3://{place}/<folder>"
    if not folders:
        raise InvalidValue(
            f"workDir {shown(uri)} is a bucket without a folder",
            expected=expected,
            hint=f"for example s3://{place}/work",
        )
    for folder in folders:
        if not _FOLDER.fullmatch(folder) or folder in {".", ".."}:
            raise InvalidValue(
                f"workDir {shown(uri)} has the folder {shown(folder)}",
                expected="letters, digits and _ . = + @ - in its folders",
            )
    if place == bucket and folders[0] in _OWN:
        raise InvalidValue(
            f"workDir {shown(uri)} lies below {folders[0]}/, which has its own meaning",
            expected=f"a folder beside {', '.join(f'{own}/' for own in sorted(_OWN))}",
        )
    if len(uri) > MAX_WORK_DIR:
        raise InvalidValue(f"a workDir of {len(uri)} characters", expected=f"at most {MAX_WORK_DIR}")
    return f"s3://{place}/{'/'.join(folders)}/"


def work_prefix(work: str, work_hash: str) -> str:
    """The folder of one piece of work; `work` is the work dir with the tenant: `s3://bucket/work/<tenant>/`."""
    if not _HASH.fullmatch(work_hash):
        raise InvalidValue(f"{shown(work_hash)} is not a work hash", expected="64 hexadecimal digits")
    return f"{work.rstrip('/')}/{work_hash[:2]}/{work_hash}/"


def job_prefix(prefix: str, run: str, epoch: int, submission: int) -> str:
    """What one job reads, below the piece's folder."""
    return f"{prefix}j/{run}.{epoch}.{submission}/"


def attempts_prefix(prefix: str) -> str:
    """What all attempts write below; the job appends its own `<job id>.<attempt>/`."""
    return f"{prefix}a/"


def attempt_prefix(prefix: str, job: str, attempt: int) -> str:
    """What one attempt wrote. Batch counts attempts from 1; `job` may be an array child's, `<id>:<index>`."""
    return f"{attempts_prefix(prefix)}{job}.{attempt}/"


def manifest_uri(attempt: str) -> str:
    """The last thing an attempt writes."""
    return f"{attempt}manifest.json"


def output_prefix(attempt: str) -> str:
    """The folder whose objects are an attempt's outputs, each under its path in the task's folder."""
    return f"{attempt}out/"


def failure_prefix(attempt: str) -> str:
    """What `onFailure` kept of a failed attempt."""
    return f"{attempt}failure/"


def outputs_uri(prefix: str) -> str:
    """The committed result of a piece of work."""
    return f"{prefix}outputs.json"


def _split(uri: str) -> tuple[str, list[str]]:
    scheme, found, rest = uri.partition("://")
    place, _, key = rest.partition("/")
    if scheme != "s3" or not found or not _BUCKET.fullmatch(place):
        raise InvalidValue(f"workDir {shown(uri)} is not a folder in S3", expected="s3://bucket/folder")
    return place, [folder for folder in key.split("/") if folder]
