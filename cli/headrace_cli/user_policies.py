"""IAM policies of people: who may look at runs, who may start them, who may run the place. One table; docs/policies/ is made of it.

    read       runs, status, logs, why, cost, version
    launch     read, and run, resume, check, plan: writes below launch/ and inputs/, and nothing else
    operate    read, and cancel, resume, clean, doctor

Starting a run is putting a file below launch/: whoever launches needs no right to Step Functions, Batch or the ledger's writes.
`tests/contract/test_user_policies.py` holds the table to the calls of the commands' own code, both ways.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final


class Who(StrEnum):
    """Whom a policy is for."""

    READ = "read"
    LAUNCH = "launch"
    OPERATE = "operate"


@dataclass(frozen=True, slots=True)
class Names:
    """What a deployment is called; the defaults are what one writes into a policy that is filled in by hand.

    `tenant`: the team whose runs alone the policy is about.
    """

    partition: str = "aws"
    region: str = "REGION"
    account: str = "ACCOUNT"
    stack: str = "STACK"
    bucket: str = "BUCKET"
    ledger: str = "LEDGER"
    tenant: str = ""


@dataclass(frozen=True, slots=True)
class Grant:
    """One statement: actions on resources, for some. `prefixes` narrows ListBucket to these folders, `keys` a table to these items.

    Grants of one `part` are written as one statement: none of their actions knows a resource of another's.
    """

    sid: str
    who: frozenset[Who]
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    prefixes: tuple[str, ...] = ()
    part: str = ""
    keys: tuple[str, ...] = ()


_MORE: Final = "AndMore"
_ALL: Final = frozenset(Who)
_LAUNCH: Final = frozenset({Who.LAUNCH})
_RESUME: Final = frozenset({Who.LAUNCH, Who.OPERATE})
_OPERATE: Final = frozenset({Who.OPERATE})
_S3: Final = "arn:{partition}:s3:::{bucket}"
_TABLE: Final = "arn:{partition}:dynamodb:{region}:{account}:table/{ledger}"
_JOBS: Final = "arn:{partition}:batch:{region}:{account}:job/*"
_EXECUTIONS: Final = "arn:{partition}:states:{region}:{account}:execution:{stack}-run-pipeline:*"
_STACKS: Final = "arn:{partition}:cloudformation:{region}:{account}:stack/{stack}"
_READ_FOLDERS: Final = ("runs", "work", "results")
_LAUNCH_FOLDERS: Final = ("inputs", "pipelines", "errors")


BLANK_TENANT: Final = "TEAM"
"""What stands for a team's name in a policy that is filled in by hand."""
_KEYS: Final = ("R#{tenant}-*", "RUNS#{tenant}", "A#{tenant}-*", "B#{tenant}-*", "T#{tenant}-*")
"""Partitions of a team's runs that commands read (docs/contracts.md, section 7)."""
_KEYS_OF_LAUNCHES: Final = ("D#{tenant}-*",)
"""Where a resume finds the epoch it was given."""
_KEYS_OF_ALL: Final = ("QUEUES", "STUCK")
"""How queues stand, and what holds up jobs: queues are shared, and `status` says why a job waits."""
_TEAM_FOLDERS: Final = {
    "runs": ("runs/{tenant}-*",),
    "work": ("work/{tenant}/*",),
    "results": ("results/{tenant}/*",),
    "inputs": ("inputs/{tenant}/*",),
    "launch": ("launch/{tenant}/*",),
    "errors": ("errors/launch/{tenant}/*",),
}
"""A folder of the bucket → what of it is a team's."""
_READ_TOO: Final = {"inputs": ("inputs/shared/*",)}
"""What a team reads beside, and does not write."""


def _below(*folders: str) -> tuple[str, ...]:
    return tuple(f"{_S3}/{folder}/*" for folder in folders)


GRANTS: Final = (
    Grant("Stack", _ALL, ("cloudformation:DescribeStacks",), (f"{_STACKS}/*",)),
    Grant("ReadLedger", _ALL, ("dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:Query"), (_TABLE,)),
    Grant("ReadRuns", _ALL, ("s3:GetObject",), _below(*_READ_FOLDERS)),
    Grant("ListRuns", _ALL, ("s3:ListBucket",), (_S3,), tuple(f"{each}/*" for each in _READ_FOLDERS)),
    Grant(
        "ReadLogs",
        _ALL,
        ("logs:GetLogEvents",),
        ("arn:{partition}:logs:{region}:{account}:log-group:/headrace/{stack}/jobs:*",),
    ),
    Grant("ReadJobs", _ALL, ("batch:DescribeJobs", "batch:ListJobs"), ("*",)),
    Grant("ReadInputs", _RESUME, ("s3:GetObject",), _below(*_LAUNCH_FOLDERS)),
    Grant("ReadDefaults", _RESUME, ("s3:GetObject",), (f"{_S3}/config/defaults.yaml",)),
    Grant(
        "ListInputs",
        _RESUME,
        ("s3:ListBucket",),
        (_S3,),
        tuple(f"{each}/*" for each in (*_LAUNCH_FOLDERS, "launch", "config")),
    ),
    Grant("PutInputs", _RESUME, ("s3:AbortMultipartUpload", "s3:PutObject"), _below("inputs", "launch")),
    # A file that changed while it was uploaded is taken back.
    Grant("TakeBackInputs", _RESUME, ("s3:DeleteObject",), _below("inputs")),
    Grant(
        "CompareWithQueues",
        _RESUME,
        ("batch:DescribeComputeEnvironments", "batch:DescribeJobQueues", "ec2:DescribeInstanceTypes"),
        ("*",),
    ),
    Grant("CloseRuns", _OPERATE, ("dynamodb:DeleteItem", "dynamodb:UpdateItem"), (_TABLE,)),
    Grant("LetGo", _OPERATE, ("states:SendTaskSuccess",), ("*",)),
    Grant(
        "StopRuns",
        _OPERATE,
        ("states:DescribeExecution", "states:DescribeStateMachineForExecution", "states:StopExecution"),
        (_EXECUTIONS,),
    ),
    Grant("EndJobs", _OPERATE, ("batch:TerminateJob",), (_JOBS,)),
    Grant(
        "Conclude",
        _OPERATE,
        ("lambda:InvokeFunction",),
        ("arn:{partition}:lambda:{region}:{account}:function:{stack}-conclude-run",),
    ),
    Grant("CleanLedger", _OPERATE, ("dynamodb:BatchWriteItem",), (_TABLE,)),
    Grant("CleanRuns", _OPERATE, ("s3:DeleteObject",), _below("runs", "work")),
    Grant("WithdrawWork", _OPERATE, ("s3:PutObject",), _below("work")),
    Grant("ListWork", _OPERATE, ("s3:ListBucket",), (_S3,), ("work/",)),
    Grant(
        "CleanDefinitions",
        _OPERATE,
        ("batch:DeregisterJobDefinition",),
        ("arn:{partition}:batch:{region}:{account}:job-definition/hr-*",),
        part="Clean",
    ),
    Grant(
        "CleanFunctions",
        _OPERATE,
        ("lambda:ListAliases", "lambda:ListVersionsByFunction"),
        ("arn:{partition}:lambda:{region}:{account}:function:{stack}-*",),
        part="Look",
    ),
    # With a number behind the name: a whole function or machine is out of reach.
    Grant(
        "CleanVersions",
        _OPERATE,
        ("lambda:DeleteFunction",),
        ("arn:{partition}:lambda:{region}:{account}:function:{stack}-*:*",),
        part="Clean",
    ),
    Grant(
        "CleanScopes",
        _OPERATE,
        ("states:DeleteStateMachineVersion",),
        ("arn:{partition}:states:{region}:{account}:stateMachine:{stack}-*:*",),
        part="Clean",
    ),
    Grant(
        "CleanLayers",
        _OPERATE,
        ("lambda:DeleteLayerVersion",),
        ("arn:{partition}:lambda:{region}:{account}:layer:{stack}-*:*",),
        part="Clean",
    ),
    Grant("SeeLayers", _OPERATE, ("lambda:ListLayerVersions",), ("*",)),
    Grant(
        "CleanMachines",
        _OPERATE,
        (
            "states:DescribeStateMachineAlias",
            "states:ListExecutions",
            "states:ListStateMachineAliases",
            "states:ListStateMachineVersions",
        ),
        ("arn:{partition}:states:{region}:{account}:stateMachine:{stack}-*",),
        part="Look",
    ),
    Grant("SeeDefinitions", _OPERATE, ("batch:DescribeJobDefinitions",), ("*",)),
    Grant("DoctorTool", _OPERATE, ("s3:ListBucket",), (_S3,), ("tools/*",)),
    Grant(
        "DoctorStack",
        _OPERATE,
        ("cloudformation:ListStackResources",),
        (f"{_STACKS}/*", f"{_STACKS}-*"),
        part="Look",
    ),
    Grant(
        "DoctorBucket",
        _OPERATE,
        (
            "s3:GetBucketNotification",
            "s3:GetBucketPolicy",
            "s3:GetBucketPublicAccessBlock",
            "s3:GetBucketVersioning",
        ),
        (_S3,),
        part="Look",
    ),
    Grant("DoctorLedger", _OPERATE, ("dynamodb:DescribeContinuousBackups", "dynamodb:DescribeTable"), (_TABLE,)),
    Grant(
        "DoctorFunctions",
        _OPERATE,
        ("lambda:GetFunctionConfiguration",),
        ("arn:{partition}:lambda:{region}:{account}:function:{stack}-*",),
        part="Look",
    ),
    Grant(
        "DoctorMachines",
        _OPERATE,
        ("states:DescribeStateMachine",),
        ("arn:{partition}:states:{region}:{account}:stateMachine:{stack}-*",),
        part="Look",
    ),
    Grant(
        "DoctorRules",
        _OPERATE,
        ("events:DescribeRule",),
        ("arn:{partition}:events:{region}:{account}:rule/{stack}-*",),
        part="Look",
    ),
    Grant(
        "DoctorRoles",
        _OPERATE,
        ("iam:GetInstanceProfile", "iam:GetRole"),
        ("arn:{partition}:iam::{account}:instance-profile/{stack}-*", "arn:{partition}:iam::{account}:role/{stack}-*"),
        part="Look",
    ),
    Grant(
        "DoctorLogs",
        _OPERATE,
        ("logs:DescribeLogGroups",),
        ("arn:{partition}:logs:{region}:{account}:log-group:*",),
        part="Look",
    ),
    Grant(
        "DoctorAlerts",
        _OPERATE,
        ("sns:ListSubscriptionsByTopic",),
        ("arn:{partition}:sns:{region}:{account}:{stack}-*",),
        part="Look",
    ),
    Grant(
        "DoctorLetters",
        _OPERATE,
        ("sqs:GetQueueAttributes",),
        ("arn:{partition}:sqs:{region}:{account}:{stack}-*",),
        part="Look",
    ),
    Grant(
        "DoctorAccount",
        _OPERATE,
        (
            "cloudwatch:DescribeAlarms",
            "ec2:DescribeLaunchTemplateVersions",
            "lambda:ListEventSourceMappings",
            "servicequotas:GetAWSDefaultServiceQuota",
            "servicequotas:GetServiceQuota",
            "sts:GetCallerIdentity",
        ),
        ("*",),
    ),
)


def user_policy(who: Who, names: Names, *, kms_key: str = "") -> dict[str, Any]:
    """The policy document. `kms_key` is the ARN of the key the stack was deployed with, when it was.

    With a tenant it is about that team's runs alone; of those who operate none is made, since what they end and remove is everybody's.

    Grants of the same actions, on the same resources, or of one part become one statement: a managed policy has 6,144 characters.
    """
    given = [_of_team(grant, who) if names.tenant else grant for grant in GRANTS if who in grant.who]
    if kms_key:
        actions = ("kms:Decrypt",) if who is Who.READ else ("kms:Decrypt", "kms:GenerateDataKey")
        given.append(Grant("UseKey", _ALL, actions, (kms_key,)))
    return {"Version": "2012-10-17", "Statement": [_statement(grant, names) for grant in _joined(given)]}


def _joined(grants: Sequence[Grant]) -> list[Grant]:
    """Fewer grants that say the same, first those of equal actions, then those on equal resources."""
    by_actions: dict[Any, list[Grant]] = {}
    for grant in grants:
        by_actions.setdefault((grant.actions, bool(grant.prefixes)), []).append(grant)
    by_resources: dict[Any, list[Grant]] = {}
    for grant in map(_one, by_actions.values()):
        by_resources.setdefault((grant.resources, grant.prefixes, grant.keys), []).append(grant)
    by_part: dict[Any, list[Grant]] = {}
    for grant in map(_one, by_resources.values()):
        by_part.setdefault(grant.part or grant.sid, []).append(grant)
    return [_one(alike) for alike in by_part.values()]


def _one(alike: Sequence[Grant]) -> Grant:
    """Grants that differ in their actions, or in their resources, as one."""
    first = alike[0]
    return replace(
        first,
        sid=first.sid if len(alike) == 1 else f"{first.sid.removesuffix(_MORE)}{_MORE}",
        actions=tuple(sorted({action for each in alike for action in each.actions})),
        resources=tuple(dict.fromkeys(resource for each in alike for resource in each.resources)),
        prefixes=tuple(dict.fromkeys(prefix for each in alike for prefix in each.prefixes)),
    )


def _statement(grant: Grant, names: Names) -> dict[str, Any]:
    said: dict[str, Any] = {
        "Sid": grant.sid,
        "Effect": "Allow",
        "Action": list(grant.actions),
        "Resource": [_filled(each, names) for each in grant.resources],
    }
    if grant.prefixes:
        said["Condition"] = {"StringLike": {"s3:prefix": [_filled(each, names) for each in grant.prefixes]}}
    if grant.keys:
        keys = [_filled(each, names) for each in grant.keys]
        said["Condition"] = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": keys}}
    return said


def _of_team(grant: Grant, who: Who) -> Grant:
    """A grant narrowed to a team: its folders, its items, its log streams. What AWS cannot part stays as it is."""
    reads = not any(action.startswith(("s3:Put", "s3:Delete", "s3:Abort")) for action in grant.actions)
    resources = tuple(each for arn in grant.resources for each in _team_resources(arn, reads=reads))
    prefixes = tuple(each for prefix in grant.prefixes for each in _team_folders(prefix, reads=reads))
    launches = _KEYS_OF_LAUNCHES if who is Who.LAUNCH else ()
    keys = (*_KEYS, *launches, *_KEYS_OF_ALL) if _TABLE in grant.resources else ()
    return replace(grant, resources=resources, prefixes=prefixes, keys=keys)


def _team_resources(arn: str, *, reads: bool) -> tuple[str, ...]:
    if arn.startswith(f"{_S3}/"):
        return tuple(f"{_S3}/{each}" for each in _team_folders(arn.removeprefix(f"{_S3}/"), reads=reads))
    return (arn.replace("/jobs:*", "/jobs:log-stream:{tenant}/*"),)


def _team_folders(place: str, *, reads: bool) -> tuple[str, ...]:
    folder = place.partition("/")[0]
    return (*_TEAM_FOLDERS.get(folder, (place,)), *(_READ_TOO.get(folder, ()) if reads else ()))


def _filled(resource: str, names: Names) -> str:
    return resource.format(
        partition=names.partition,
        region=names.region,
        account=names.account,
        stack=names.stack,
        bucket=names.bucket,
        ledger=names.ledger,
        tenant=names.tenant,
    )
