"""Which grants of the stack's roles some call needed while the tests ran: the rest has a reason below, or is taken out of the templates.

    GRANTS=build/grants pytest && python -m tests.support.grants build/grants

`make test` does both. The local cloud notes every grant that alone allowed a call (`headrace_local.permissions`); the clouds of
a session are put together here, for the stack they share. Policies of AWS (logs, traces) are AWS's own words and not looked at.
"""

from __future__ import annotations

import json
import re
import sys
import uuid
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final, NamedTuple

GRANTS: Final = "GRANTS"
STACK: Final = "headrace"
_MANAGED_BY_AWS: Final = re.compile(r"(?:service-role/)?(?:AWS|Amazon)\w+")
_SUFFIX: Final = re.compile(r"-[A-Z0-9]{12}\b", re.IGNORECASE)


class Grant(NamedTuple):
    """An action on a resource that a role's policy allows: all without account, region and generated endings."""

    role: str
    action: str
    resource: str


class Reason(NamedTuple):
    """Why grants of this shape (wildcards) stay although no test needed them. `seldom`: some runs of the tests do need them."""

    role: str
    action: str
    resource: str
    why: str
    seldom: bool = False


REASONS: Final = (
    Reason("*", "sqs:SendMessage", "*-DeadLetters*", "Lambda itself sends there what failed for good", seldom=True),
    Reason("*", "s3:*", "elsewhere*", "AllowedBuckets and AllowedWriteBuckets in the user's words, a bucket and what is in it", seldom=True),
    Reason("ExecutionRole", "*", "*team/*", "AllowedSecrets in the user's words, for both services that keep secrets", seldom=True),
    Reason("RunScopeMachineRole", "batch:SubmitJob", "job-queue/own-*", "AllowedQueues in the user's words", seldom=True),
    Reason("*", "s3:AbortMultipartUpload", "*", "a copy or upload in parts, 5 GiB and more, that breaks half-way"),
    Reason("RunScopeMachineRole", "s3:*", "*/runs/*/map/*", "Step Functions writes the results of a Map there; the local cloud does not ask as the role"),
    Reason("RunScopeMachineRole", "states:*Execution", "execution:headrace-run-scope/*", "how Step Functions waits for what it started (.sync), by its documentation"),
    Reason("RunScopeMachineRole", "dynamodb:UpdateItem", "*", "the count of a scope that could not be planned", seldom=True),
    Reason("RunPipelineMachineRole", "states:StartExecution", "stateMachine:headrace-run-scope", "the authorization reference wants the machine beside its version"),
    Reason("PrepareTaskFunctionRole", "s3:PutObjectTagging", "*/work/*", "a copy that replaces tags by none: S3's documentation does not say"),
    Reason("ConcludeRunFunctionRole", "s3:PutObjectTagging", "*/work/*", "a bucket of the user's own that keeps no versions"),
    Reason("*", "lambda:InvokeFunction", "*settle-task*", "more waiters than 15 minutes can let go", seldom=True),
    Reason("WatchJobsFunctionRole", "ec2:DescribeInstanceTypes", "*", "why a job fits no machine: tests/integration/stuck_jobs", seldom=True),
    Reason("WatchJobsFunctionRole", "ecs:*", "*", "whether machines have room, if there are any then: tests/integration/stuck_jobs", seldom=True),
    Reason("WatchJobsFunctionRole", "autoscaling:*", "*", "why no machine comes: tests/integration/stuck_jobs", seldom=True),
    Reason("WatchJobsFunctionRole", "batch:GetJobQueueSnapshot", "*", "what is before a job: tests/integration/stuck_jobs", seldom=True),
    Reason("WatchJobsFunctionRole", "logs:GetLogEvents", "*", "whether a job still says something: tests/integration/stuck_jobs", seldom=True),
)  # fmt: skip


def keep(report: Mapping[str, Any], folder: Path) -> None:
    """Note what one cloud has seen."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{uuid.uuid4().hex}.json").write_text(json.dumps(report["roles"]))


def seen(reports: Iterable[Mapping[str, Any]]) -> dict[Grant, bool]:
    """Every grant of the stack's roles, and whether some call needed it, there or in another stack of the same templates."""
    everywhere = [each for roles in reports for each in _grants(roles)]
    ours = {grant for stack, grant, _ in everywhere if stack == STACK}
    needed = {grant for _, grant, was_needed in everywhere if was_needed}
    return {grant: grant in needed for grant in ours}


def _grants(roles: Mapping[str, Any]) -> Iterator[tuple[str, Grant, bool]]:
    """Stack, grant and whether it was needed, of what roles of stacks are allowed by the templates."""
    for who, grants in roles.items():
        role = re.fullmatch(r".*:role/([a-z0-9]+)-(\w+Role)-[A-Z0-9]+", who)
        for each in grants if role else ():
            policy = each["policy"].rpartition(":policy/")[2]
            if role and each["effect"] == "Allow" and not _MANAGED_BY_AWS.fullmatch(policy):
                resource = _plain(each["resource"]).replace(role[1], STACK)
                yield role[1], Grant(role[2], each["action"], resource), bool(each["needed"])


def unexplained(found: Mapping[Grant, bool]) -> list[Grant]:
    """Grants that no call needed and no reason keeps."""
    return sorted(each for each, needed in found.items() if not needed and not any(_is(each, why) for why in REASONS))


def outdated(found: Mapping[Grant, bool]) -> list[Reason]:
    """Reasons that explain nothing: what they speak of is gone, or was needed after all."""
    unneeded = [each for each, needed in found.items() if not needed]
    about = {reason: any(_is(each, reason) for each in (found if reason.seldom else unneeded)) for reason in REASONS}
    return [reason for reason, speaks in about.items() if not speaks]


def _is(grant: Grant, reason: Reason) -> bool:
    return all(fnmatchcase(said, pattern) for said, pattern in zip(grant, reason[:3], strict=True))


def _plain(resource: str) -> str:
    return _SUFFIX.sub("", re.sub(r"^arn:aws:[\w-]*:[\w-]*:\d*:", "", resource))


def main() -> int:
    """Compare; 1 when something is granted for nothing."""
    files = sorted(Path(sys.argv[1]).glob("*.json"))
    found = seen(json.loads(each.read_text()) for each in files)
    too_many, too_old = unexplained(found), outdated(found)
    for grant in too_many:
        print(f"no call needed it: {' '.join(grant)}")  # noqa: T201
    for reason in too_old:
        print(f"a reason for nothing: {' '.join(reason[:3])}: {reason.why}")  # noqa: T201
    needed = sum(found.values())
    kept = len(found) - needed - len(too_many)
    print(f"grants of the stack's own policies: {len(found)}, needed {needed}, kept for a reason {kept}")  # noqa: T201
    return 1 if too_many or too_old or not needed else 0


if __name__ == "__main__":
    sys.exit(main())
