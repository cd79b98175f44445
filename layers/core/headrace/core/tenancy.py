"""Teams that share a deployment and not their data (docs/teams.md, docs/adr/0011).

Each ARN of the stack's parameter TenantRoles is the job role of a team, and the last part of its path is the team's name, its
tenant: `arn:aws:iam::123456789012:role/headrace/genomics/any-name` is a role of `genomics`. A run's id begins with its tenant and
a dash, and so does everything that is named by the run; a tenant has no dash, so that none is the beginning of another's.

Functions may read and write more than any team. So what they read or write for a team is asked here first, as it is written:

    in the stack's bucket    read    inputs/<tenant>/  inputs/shared/  pipelines/  work/<tenant>/  results/<tenant>/  launch/<tenant>/
                             write   work/<tenant>/  results/<tenant>/
    in AllowedWriteBuckets   both    <tenant>/
    elsewhere                what IAM lets the stack's roles read
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from headrace.core.errors import InvalidSpec, InvalidValue, Problem, Refused, shown
from headrace.core.glob_pattern import prefix

Teams = Mapping[str, tuple[str, ...]]
"""Tenant to the ARNs of its job roles, the first of which its jobs have unless they name another; empty: one team, nothing parted."""

SHARED: Final = "shared"
"""No team's name: what lies in inputs/shared/ is for all."""
TEAM: Final = re.compile(r"[a-z0-9]{1,16}")
ROLE: Final = re.compile(
    r"arn:aws[a-z-]*:iam::[0-9]{12}:role/(?:[A-Za-z0-9_+=.@-]+/)*(?P<tenant>[a-z0-9]{1,16})/[A-Za-z0-9_+=.@-]{1,64}"
)
_LAUNCH: Final = "launch/"
_S3: Final = re.compile(r"s3://(?P<bucket>[A-Za-z0-9][A-Za-z0-9._-]*)/(?P<key>.*)", re.DOTALL)
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_DECODINGS: Final = 8


@dataclass(frozen=True, slots=True)
class Reach:
    """What is one team's: `bucket` is the stack's, `write_buckets` the value of AllowedWriteBuckets."""

    tenant: str
    bucket: str
    write_buckets: str = ""

    @property
    def readable(self) -> tuple[str, ...]:
        """The folders of the stack's bucket that are read for the team."""
        own = tuple(f"{folder}/{self.tenant}/" for folder in ("inputs", "work", "results", "launch"))
        return (*own, f"inputs/{SHARED}/", "pipelines/")

    @property
    def writable(self) -> tuple[str, ...]:
        """The folders of the stack's bucket that are written for the team."""
        return (f"work/{self.tenant}/", f"results/{self.tenant}/")


# ------------------------------------------------------------------------------------------------ teams and what is named by them
def teams(text: str) -> Teams:
    """The teams of TenantRoles, as CloudFormation joins it; InvalidValue for an ARN without a team in its path."""
    found: dict[str, tuple[str, ...]] = {}
    for arn in (item.strip() for item in text.split(",")):
        if not arn:
            continue
        match = ROLE.fullmatch(arn)
        if match is None or match["tenant"] == SHARED:
            raise InvalidValue(
                f"{shown(arn)} in TenantRoles names no team",
                expected="a role whose path ends in a team's name, 1-16 of a-z and 0-9 and not 'shared'",
            )
        tenant = match["tenant"]
        found[tenant] = (*found.get(tenant, ()), *(() if arn in found.get(tenant, ()) else (arn,)))
    return found


def tenant_of_run(run: str, known: Teams) -> str:
    """Whose a run is: its id up to the first dash, when that is a team; else empty."""
    tenant, dash, _ = run.partition("-")
    return tenant if dash and tenant in known else ""


def tenant_of_launch(key: str, known: Teams) -> str:
    """Whose a dropped file is: `launch/<tenant>/…`; empty when there are no teams, InvalidSpec when it is none of theirs."""
    if not known:
        return ""
    tenant, slash, rest = key.removeprefix(_LAUNCH).partition("/")
    if key.startswith(_LAUNCH) and slash and rest and tenant in known:
        return tenant
    # Never which teams there are: who may write here need not know.
    raise InvalidSpec(
        [
            Problem(
                "", f"{key} is no launch of a team", expected="launch/<team>/…, of one of the teams of this deployment"
            )
        ]
    )


def check_run(run: str, tenant: str, known: Teams) -> None:
    """Refused when a run is not this team's, in the same words whether there is such a run or not."""
    if known and tenant_of_run(run, known) != tenant:
        raise Refused(f"{tenant} has no run {run}; `headrace runs` lists its runs")


def check_started(run: str, known: Teams) -> str:
    """The tenant of a run that is about to begin; InvalidSpec when it has none and the deployment has teams."""
    tenant = tenant_of_run(run, known)
    if known and not tenant:
        problem = Problem(
            "run",
            f"the run {run} is no team's",
            expected="<team>-…, of one of the teams of this deployment",
            hint="Drop the pipeline below launch/<team>/; an execution started by hand is named so itself",
        )
        raise InvalidSpec([problem])
    return tenant


# ------------------------------------------------------------------------------------------------ places
def check_read(uri: str, reach: Reach) -> None:
    """InvalidValue when what lies at a URI, or below it, is not for this team. Nothing is looked up."""
    bucket, key = _split(uri)
    if _is_own(bucket, reach):
        if not key.startswith(reach.readable):
            folders = ", ".join(reach.readable)
            raise _refusal(
                f"{shown(uri)} may not be read for {reach.tenant}", f"one of {folders} in s3://{reach.bucket}"
            )
    elif _is_written_to(bucket, reach.write_buckets) and not key.startswith(f"{reach.tenant}/"):
        raise _refusal(
            f"{shown(uri)} may not be read for {reach.tenant}",
            f"a place below s3://{bucket}/{reach.tenant}/: pipelines write to this bucket, each team below its name",
        )


def check_glob(pattern: str, reach: Reach) -> None:
    """As `check_read`, of all that a pattern may match: what stands before its first wildcard has to be the team's."""
    check_read(prefix(pattern), reach)


def check_write(uri: str, reach: Reach) -> None:
    """InvalidValue when a URI, or what is below it, is not this team's to write. That IAM allows it is asked elsewhere."""
    bucket, key = _split(uri)
    folders = reach.writable if _is_own(bucket, reach) else (f"{reach.tenant}/",)
    if not key.startswith(folders):
        places = " or ".join(f"s3://{bucket}/{folder}" for folder in folders)
        raise _refusal(f"{shown(uri)} may not be written for {reach.tenant}", f"a place below {places}")


def check_work(uri: str, reach: Reach) -> None:
    """InvalidValue when a workDir is not this team's: `work/` of the stack's bucket (its own folder is below it), or below it."""
    bucket, key = _split(f"{uri.rstrip('/')}/")
    if not _is_own(bucket, reach) or not (key == "work/" or key.startswith(f"work/{reach.tenant}/")):
        expected = f"s3://{reach.bucket}/work/, or a folder below s3://{reach.bucket}/work/{reach.tenant}/"
        raise _refusal(f"{shown(uri)} is no workDir of {reach.tenant}", expected)


def check_results(uri: str, reach: Reach) -> None:
    """InvalidValue when results of this team cannot go there: below `results/<tenant>/`, or `<tenant>/` of another bucket."""
    bucket, key = _split(f"{uri.rstrip('/')}/")
    folder = f"results/{reach.tenant}/" if _is_own(bucket, reach) else f"{reach.tenant}/"
    if not key.startswith(folder):
        raise _refusal(
            f"{shown(uri)} is no place for results of {reach.tenant}", f"s3://{bucket}/{folder}, or below it"
        )


def _split(uri: str) -> tuple[str, str]:
    """Bucket and key, when they are only what they say: no control character, no dots that lead elsewhere, however encoded.

    S3 takes a key as it stands. Tools on the way may not, so such a key is nobody's.
    """
    found = _S3.fullmatch(uri)
    if found is None or _CONTROL.search(uri):
        raise InvalidValue(f"{shown(uri)} is not a place in S3", expected="s3://bucket/key")
    key = found["key"]
    for _ in range(_DECODINGS):
        if any(part in (".", "..") for part in re.split(r"[/\\]", key)):
            raise InvalidValue(f"{shown(uri)} has '.' or '..' in its path", expected="the path itself")
        decoded = unquote(key)
        if decoded == key:
            return found["bucket"], found["key"]
        key = decoded
    raise InvalidValue(f"{shown(uri)} is encoded again and again", expected="the path itself")


def _is_own(bucket: str, reach: Reach) -> bool:
    return bucket.lower().rstrip(".") == reach.bucket


def _is_written_to(bucket: str, write_buckets: str) -> bool:
    """Whether AllowedWriteBuckets may name something in this bucket."""
    return any(
        _may_name(arn.strip().rpartition(":::")[2], f"{bucket}/") for arn in write_buckets.split(",") if arn.strip()
    )


def _may_name(pattern: str, bucket: str) -> bool:
    fixed, star, _ = pattern.partition("*")
    alike = all(one in ("?", other) for one, other in zip(fixed, bucket, strict=False))
    return alike and (bool(star) or len(fixed) >= len(bucket) - 1)


def _refusal(message: str, expected: str) -> InvalidValue:
    return InvalidValue(message, expected=expected)
