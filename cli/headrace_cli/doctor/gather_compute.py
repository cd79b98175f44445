"""Job queues, their compute environments and launch templates, and service quotas."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from headrace.aws import queues
from headrace.core.bootstrap import MOUNTED_S5CMD
from headrace_cli.doctor.facts import Denied, Environment, Known, Queue, Role, Unanswered
from headrace_cli.doctor.gather_engine import role_name, trusted_role
from headrace_cli.doctor.gather_stack import View
from headrace_cli.doctor.local_lacks import lacks
from headrace_cli.doctor.looking import Absent, ask, ask_all
from headrace_cli.doctor.quotas import ENGINE, Quota, compute_quota
from headrace_cli.target import Target

QUEUES: Final = "AllowedQueues"
"""The stack's parameter that opens queues of others to pipelines."""
_SOURCE: Final = re.compile(r"s3://(?P<bucket>[a-z0-9][a-z0-9.-]*)/(?P<prefix>tools/[0-9a-f]+/)\$machine/s5cmd")
_SUM: Final = re.compile(r"\b(\w+)=[0-9a-f]{64}\b")
_MACHINES: Final = {"x86_64": "x86_64", "arm64": "aarch64"}
"""An architecture, as `uname -m` names its machines."""
_NO_QUOTA: Final = ("NoSuchResourceException",)


@dataclass(frozen=True, slots=True)
class Compute:
    """The facts, and the roles of the machines."""

    facts: dict[str, Any]
    roles: tuple[Role, ...]


def look(target: Target, view: View, queue: str) -> Compute:
    """The stack's queues, those its pipelines may name, and `queue`."""
    wanted = [*_named(view.outputs.get("Queue", "")), *view.named("AWS::Batch::JobQueue")]
    # A pattern names no queue.
    wanted += [each for each in _named(view.parameters.get(QUEUES, "")) if "*" not in each]
    wanted += _named(queue)
    there = ask_all(target, "batch", "describe_job_queues", "jobQueues")
    environments = ask_all(target, "batch", "describe_compute_environments", "computeEnvironments")
    by_name = {name: each for each in _list(environments) for name in _names(each, "computeEnvironment")}
    found: dict[str, Known[Queue | None]] = {}
    for name in dict.fromkeys(each.rpartition("/")[2] for each in wanted):
        if isinstance(there, Denied | Unanswered):
            found[name] = there
        elif isinstance(environments, Denied | Unanswered):
            found[name] = environments
        else:
            said = next((each for each in _list(there) if each["jobQueueName"] == name), None)
            found[name] = _queue(target, said, by_name) if said else None
    known = [queue for queue in found.values() if isinstance(queue, Queue)]
    wanted_quotas = [*ENGINE, *_quotas_of(known)]
    return Compute(
        {
            "queues": found,
            "queues_there": tuple(each["jobQueueName"] for each in there)
            if isinstance(there, list)
            else _unknown(there),
            "environments_there": len(environments) if isinstance(environments, list) else _unknown(environments),
            "quotas": {each.code: lacks(target, "quotas") or _quota(target, each) for each in wanted_quotas},
        },
        _instance_roles(target, known, by_name),
    )


def _queue(target: Target, said: Mapping[str, Any], environments: Mapping[str, Any]) -> Queue:
    order = sorted(said.get("computeEnvironmentOrder", ()), key=lambda each: int(each["order"]))
    return Queue(
        name=said["jobQueueName"],
        state=said.get("state", "ENABLED"),
        status=said.get("status", "VALID"),
        reason=said.get("statusReason", ""),
        environments=tuple(
            _environment(target, each["computeEnvironment"], int(each["order"]), environments) for each in order
        ),
    )


def _environment(target: Target, name: str, order: int, environments: Mapping[str, Any]) -> Environment:
    said = environments.get(name)
    if said is None:
        return Environment(name=name.rpartition("/")[2], order=order)
    resources = said.get("computeResources", {})
    seen = queues.environment(said, target.client("ec2"))
    images = [each["imageIdOverride"] for each in resources.get("ec2Configuration", ()) if each.get("imageIdOverride")]
    return Environment(
        name=said["computeEnvironmentName"],
        order=order,
        kind=resources.get("type", ""),
        state=said.get("state", "ENABLED"),
        status=said.get("status", "VALID"),
        reason=said.get("statusReason", ""),
        max_vcpus=int(resources.get("maxvCpus", 0)),
        types=tuple(resources.get("instanceTypes", ())),
        arch=seen.arch,
        image=next(iter(images), resources.get("imageId", "")),
        **_tool(target, resources, seen.arch),
    )


def _tool(target: Target, resources: Mapping[str, Any], arch: str) -> dict[str, Any]:
    """`tool` and `binaries` of an environment."""
    script = _start_script(target, resources)
    if not isinstance(script, str):
        return {"tool": script}
    return {"tool": MOUNTED_S5CMD in script, "binaries": _binaries(target, script, arch)}


def _start_script(target: Target, resources: Mapping[str, Any]) -> Known[str | None]:
    """What its machines run when they start; None when no launch template says it."""
    template = resources.get("launchTemplate")
    if resources.get("type", "").startswith("FARGATE") or not template:
        return None
    if lacking := lacks(target, "transfer tool"):
        return lacking
    which = {
        key: template[name]
        for key, name in (("LaunchTemplateId", "launchTemplateId"), ("LaunchTemplateName", "launchTemplateName"))
        if template.get(name)
    }
    version = template.get("version") or "$Default"
    said = ask(target, "ec2", "describe_launch_template_versions", Versions=[version], **which)
    if not isinstance(said, dict):
        return _unknown(said)
    versions = said.get("LaunchTemplateVersions", ())
    data = versions[0]["LaunchTemplateData"].get("UserData", "") if versions else ""
    try:
        return base64.b64decode(data).decode("utf-8", "replace")
    except binascii.Error:
        return ""


def _binaries(target: Target, script: str, arch: str) -> Known[Mapping[str, bool]]:
    """Whether the tool of these machines, or of all that the script knows, lies where the script gets it from."""
    source = _SOURCE.search(script)
    machines = {_MACHINES[arch]} if arch in _MACHINES else set(_SUM.findall(script))
    if source is None or not machines:
        return {}
    bucket, prefix = source["bucket"], source["prefix"]
    said = ask(target, "s3", "list_objects_v2", Bucket=bucket, Prefix=prefix)
    if not isinstance(said, dict):
        return _unknown(said)
    there = {each["Key"] for each in said.get("Contents", ())}
    keys = [f"{prefix}{machine}/s5cmd" for machine in sorted(machines)]
    return {f"s3://{bucket}/{key}": key in there for key in keys}


def _instance_roles(target: Target, known: list[Queue], environments: Mapping[str, Any]) -> tuple[Role, ...]:
    """The roles of the instance profiles; an environment may name a profile or its ARN."""
    profiles: dict[str, str] = {}
    for queue in known:
        for each in queue.environments:
            said = environments.get(each.name, {}).get("computeResources", {})
            if said.get("instanceRole") and not each.kind.startswith("FARGATE"):
                profiles.setdefault(role_name(said["instanceRole"]), each.name)
    return tuple(role for name, user in profiles.items() for role in _profile_roles(target, name, user))


def _profile_roles(target: Target, profile: str, user: str) -> list[Role]:
    said = ask(target, "iam", "get_instance_profile", absent=["NoSuchEntity"], InstanceProfileName=profile)
    used_by = f"machines of {user}"
    if not isinstance(said, dict):
        missing = None if isinstance(said, Absent) else said
        return [Role(name=profile, service="ec2.amazonaws.com", used_by=used_by, trusted=missing)]
    names = [each["RoleName"] for each in said["InstanceProfile"]["Roles"]]
    return [trusted_role(target, name, "ec2.amazonaws.com", used_by) for name in names]


def _quotas_of(known: list[Queue]) -> list[Quota]:
    found = [compute_quota(each.kind, each.types) for queue in known for each in queue.environments]
    return list(dict.fromkeys(quota for quota in found if quota))


def _quota(target: Target, quota: Quota) -> Known[float]:
    """The quota of this account, else the default that AWS gives everybody."""
    which = {"ServiceCode": quota.service, "QuotaCode": quota.code}
    said = ask(target, "service-quotas", "get_service_quota", absent=_NO_QUOTA, **which)
    if isinstance(said, Absent):
        said = ask(target, "service-quotas", "get_aws_default_service_quota", absent=_NO_QUOTA, **which)
    if isinstance(said, Absent):
        return Unanswered("AWS knows no such quota here")
    return float(said["Quota"]["Value"]) if isinstance(said, dict) else said


def _named(text: str) -> list[str]:
    return [each.strip() for each in text.split(",") if each.strip()]


def _names(said: Mapping[str, Any], kind: str) -> tuple[str, str]:
    return str(said[f"{kind}Name"]), str(said[f"{kind}Arn"])


def _list(answer: Any) -> list[dict[str, Any]]:
    return answer if isinstance(answer, list) else []


def _unknown(answer: Absent | Denied | Unanswered) -> Denied | Unanswered:
    return Unanswered("AWS knows of none") if isinstance(answer, Absent) else answer
