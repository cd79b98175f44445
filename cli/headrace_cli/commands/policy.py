"""`headrace policy …`: policies to paste, filled in."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Annotated, Final

import typer

from headrace.core.errors import InvalidValue
from headrace.core.errors import shown as quoted
from headrace.core.tenancy import TEAM
from headrace_cli import exit_codes, options, shown, teams
from headrace_cli.bucket_names import check_bucket_name
from headrace_cli.bucket_policies import bucket_policy
from headrace_cli.target import Target, reach
from headrace_cli.user_policies import BLANK_TENANT, Names, Who, user_policy

Bucket = Annotated[str, typer.Argument(metavar="BUCKET", help="The bucket's name, without s3://.")]
Principal = Annotated[
    list[str] | None,
    typer.Option(
        "--principal",
        metavar="ARN",
        help="A role or user that may read and write; may be repeated. Without it: the stack's roles.",
        show_default=False,
    ),
]
ReadOnly = Annotated[bool, typer.Option("--read-only", help="They may read and list, and write nothing.")]
KmsKey = Annotated[
    str,
    typer.Option(
        "--kms-key", metavar="ARN", help="ARN of the KMS key of the bucket, if it has one.", show_default=False
    ),
]
ForWhom = Annotated[
    Who, typer.Argument(metavar="launch|read|operate", help="What the user does.", case_sensitive=False)
]
Blank = Annotated[bool, typer.Option("--blank", help="Leave names to be filled in, such as BUCKET; asks nobody.")]

READERS: Final = ("launch-run", "plan-scope", "prepare-task", "settle-task", "conclude-run")
"""The functions that read what pipelines name; jobs read it with their own role."""
_PRINCIPAL: Final = re.compile(r"arn:aws[a-z-]*:(iam|sts)::\d{12}:(root|user/.+|role/.+|assumed-role/.+)")
_KMS_KEY: Final = re.compile(r"arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key/[0-9a-zA-Z-]+")


def bucket(
    bucket: Bucket,
    principal: Principal = None,
    read_only: ReadOnly = False,
    kms_key: KmsKey = "",
    local: options.Local = False,
    profile: options.Profile = None,
    region: options.Region = None,
    stack: options.Stack = "headrace",
) -> int:
    """Print the policy of a bucket that pipelines read from and write to.

    It allows objects and the list to the stack's roles, and refuses everybody plain HTTP, TLS before 1.2 and encryption that is not
    S3's. The stack's parameters AllowedBuckets and AllowedWriteBuckets must name the bucket as well.

    For example:

        headrace policy bucket reads --read-only
    """
    check_bucket_name(bucket)
    for arn in principal or ():
        _check(arn, _PRINCIPAL, "the ARN of a role or user")
    _check(kms_key, _KMS_KEY, "the ARN of a KMS key")
    who = principal or _roles(reach(local=local, profile=profile, region=region, stack=stack))
    shown.as_json(bucket_policy(bucket, who, partition=who[0].split(":")[1], read_only=read_only, kms_key=kms_key))
    return exit_codes.DONE


def user(
    user: ForWhom,
    blank: Blank = False,
    kms_key: KmsKey = "",
    local: options.Local = False,
    profile: options.Profile = None,
    region: options.Region = None,
    stack: options.Stack = "headrace",
    tenant: options.Tenant = "",
) -> int:
    """Print the IAM policy of somebody who launches, reads or operates: what the commands of that work call, and nothing else.

    read: runs, status, logs, why, cost. launch: these, and run, resume, check, plan. operate: all of them, and cancel, clean, doctor.
    With --tenant it is about the runs of one team alone; who operates does so for all.

    For example:

        headrace policy user launch --stack headrace
    """
    _check(kms_key, _KMS_KEY, "the ARN of a KMS key")
    if tenant and user is Who.OPERATE:
        raise InvalidValue(
            "who operates ends jobs, removes work and cleans up for every team: there is no such policy for one",
            expected="read or launch with --tenant, or operate without it",
        )
    if blank:
        names = Names(tenant=_blank_tenant(tenant))
    else:
        target = reach(local=local, profile=profile, region=region, stack=stack)
        names = replace(_names(target), tenant=teams.check(target, tenant))
    shown.as_json(user_policy(user, names, kms_key=kms_key))
    return exit_codes.DONE


def _blank_tenant(tenant: str) -> str:
    if tenant and tenant != BLANK_TENANT and not TEAM.fullmatch(tenant):
        raise InvalidValue(f"{quoted(tenant)} is no team's name", expected=f"1-16 of a-z and 0-9, or {BLANK_TENANT}")
    return tenant


def _check(arn: str, form: re.Pattern[str], expected: str) -> None:
    if arn and not form.fullmatch(arn):
        raise InvalidValue(f"{quoted(arn)} is not {expected}", expected="an ARN, as the console shows it")


def _roles(target: Target) -> list[str]:
    """The roles of jobs, and of the functions that read what pipelines name."""
    found = set()
    for name in READERS:
        said = target.client("lambda").get_function_configuration(FunctionName=f"{target.stack}-{name}")
        variables = said.get("Environment", {}).get("Variables", {})
        found |= {said["Role"], variables.get("HEADRACE_JOB_ROLE", "")}
        found |= set(variables.get("HEADRACE_TENANT_ROLES", "").split(","))
    return sorted(found - {""})


def _names(target: Target) -> Names:
    """The names of a stack; its account is in the ARN CloudFormation knows it by."""
    found = target.client("cloudformation").describe_stacks(StackName=target.stack)["Stacks"][0]
    _, partition, _, region, account, _ = found["StackId"].split(":", 5)
    return Names(
        partition=partition,
        region=region,
        account=account,
        stack=target.stack,
        bucket=target.bucket,
        ledger=target.outputs["Ledger"],
    )
