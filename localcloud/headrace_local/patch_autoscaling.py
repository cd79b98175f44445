"""EC2 Auto Scaling: the group behind each compute environment, its instances and what became of its launches.

moto has no scaling activities; its own groups are still answered by itself. Groups are named as Batch names them,
`AWSBatch-<environment>-asg-<uuid>`, and tagged `AWSBatchServiceTag: batch`.
https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribeScalingActivities.html
"""

from __future__ import annotations

import json
import math
import uuid
from datetime import datetime
from typing import Any, Final

from headrace_local import batch_capacity, batch_instances, batch_queues, clock
from headrace_local.batch_instances import Instance
from headrace_local.place import ACCOUNT, REGION
from headrace_local.seam import replace

_ZONE: Final = f"{REGION}a"
_TAG: Final = ("AWSBatchServiceTag", "batch")
_PAGE: Final = 100


def apply() -> None:
    """Answer for the groups of compute environments."""
    from moto.autoscaling.responses import AutoScalingResponse as Response
    from moto.core.responses import ActionResult

    upstream = Response.describe_auto_scaling_groups

    def describe_auto_scaling_groups(self: Any) -> Any:
        wanted = [str(name) for name in self._get_param("AutoScalingGroupNames", []) or []]
        filters = self._get_param("Filters", []) or []
        own = [_group(name) for name in list(batch_queues.environments)]
        found = [one for one in own if (not wanted or one["AutoScalingGroupName"] in wanted) and _tagged(one, filters)]
        if wanted and len(found) == len(wanted):
            return ActionResult({"AutoScalingGroups": found})
        if self._get_param("NextToken"):
            return upstream(self)
        answer = upstream(self).result
        return ActionResult({**answer, "AutoScalingGroups": [*answer["AutoScalingGroups"], *found]})

    def describe_scaling_activities(self: Any) -> Any:
        wanted = self._get_param("AutoScalingGroupName")
        names = [name for name in list(batch_queues.environments) if wanted in (None, group_name(name))]
        filters = self._get_param("Filters", []) or []
        activities = [one for name in names for one in _activities(name) if _passes(one, filters)]
        found = sorted(activities, key=lambda one: -one["StartTime"].timestamp())
        start = int(self._get_param("NextToken") or 0)
        size = min(int(self._get_param("MaxRecords") or _PAGE), _PAGE)
        more = {"NextToken": str(start + size)} if start + size < len(found) else {}
        return ActionResult({"Activities": found[start : start + size], **more})

    replace(Response, "describe_auto_scaling_groups", describe_auto_scaling_groups)
    replace(Response, "describe_scaling_activities", describe_scaling_activities)


def group_name(environment: str) -> str:
    """The name of an environment's group."""
    return f"AWSBatch-{environment}-asg-{uuid.uuid5(uuid.NAMESPACE_URL, environment)}"


def _arn(environment: str) -> str:
    return f"arn:aws:autoscaling:{REGION}:{ACCOUNT}:autoScalingGroup:{uuid.uuid5(uuid.NAMESPACE_OID, environment)}:autoScalingGroupName/{group_name(environment)}"


def _launched(name: str) -> list[Instance]:
    """The machine itself is nobody's instance: only those of a planned environment were launched."""
    return batch_instances.instances(name) if batch_capacity.plan_of(name) is not None else []


def _group(name: str) -> dict[str, Any]:
    now = clock.now_ms()
    there = _launched(name)
    size = max([one.type.vcpus for one in there], default=4)
    planned = batch_capacity.plan_of(name) is not None
    key, value = _TAG
    return {
        "AutoScalingGroupName": group_name(name),
        "AutoScalingGroupARN": _arn(name),
        "MinSize": 0,
        "MaxSize": 1000,
        "DesiredCapacity": max(len(there), math.ceil(batch_capacity.desired_vcpus(name) / size)) if planned else 0,
        "DefaultCooldown": 300,
        "AvailabilityZones": [_ZONE],
        "LoadBalancerNames": [],
        "TargetGroupARNs": [],
        "HealthCheckType": "EC2",
        "HealthCheckGracePeriod": 0,
        "Instances": [
            {
                "InstanceId": one.id,
                "InstanceType": one.type.name,
                "AvailabilityZone": _ZONE,
                "LifecycleState": "InService" if one.in_service_at <= now else "Pending",
                "HealthStatus": "Healthy",
                "ProtectedFromScaleIn": True,
            }
            for one in there
        ],
        "CreatedTime": clock.from_ms(0),
        "SuspendedProcesses": [{"ProcessName": "AZRebalance", "SuspensionReason": "User suspended at creation"}],
        "EnabledMetrics": [],
        "Tags": [
            {
                "ResourceId": group_name(name),
                "ResourceType": "auto-scaling-group",
                "Key": key,
                "Value": value,
                "PropagateAtLaunch": True,
            }
        ],
        "TerminationPolicies": ["Default"],
        "NewInstancesProtectedFromScaleIn": True,
    }


def _tagged(group: dict[str, Any], filters: list[dict[str, Any]]) -> bool:
    """https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_Filter.html"""
    keys, values = {tag["Key"] for tag in group["Tags"]}, {tag["Value"] for tag in group["Tags"]}
    for item in filters:
        kind, wanted = str(item["Name"]), set(item.get("Values") or [])
        seen = keys if kind == "tag-key" else values if kind == "tag-value" else None
        if seen is None:
            seen = {tag["Value"] for tag in group["Tags"] if kind == f"tag:{tag['Key']}"}
        if not seen & wanted:
            return False
    return True


def _passes(activity: dict[str, Any], filters: list[dict[str, Any]]) -> bool:
    """`StartTimeLowerBound`, `StartTimeUpperBound` and `Status`, all of which must hold."""
    for item in filters:
        wanted = [str(value) for value in item.get("Values") or []]
        if item["Name"] == "Status":
            passes = activity["StatusCode"] in wanted
        else:
            bound = datetime.fromisoformat(wanted[0])
            lower = item["Name"] == "StartTimeLowerBound"
            passes = activity["StartTime"] >= bound if lower else activity["StartTime"] <= bound
        if not passes:
            return False
    return True


def _activities(name: str) -> list[dict[str, Any]]:
    now = clock.now_ms()
    refused = [
        _activity(name, at, at, "Failed", f"Launching a new EC2 instance.  Status Reason: {text}", text)
        for at, text in batch_instances.refusals(name)
    ]
    made = [
        _activity(
            name, one.launched_at, one.in_service_at if one.in_service_at <= now else None,
            "Successful" if one.in_service_at <= now else "PreInService", f"Launching a new EC2 instance: {one.id}", "",
        )
        for one in _launched(name)
    ]  # fmt: skip
    return [*refused, *made]


def _activity(name: str, began: int, ended: int | None, status: str, described: str, message: str) -> dict[str, Any]:
    since = clock.iso(clock.from_ms(began))
    shown = {
        "ActivityId": str(uuid.uuid5(uuid.NAMESPACE_OID, f"{name} {began} {described}")),
        "AutoScalingGroupName": group_name(name),
        "AutoScalingGroupARN": _arn(name),
        "Description": described,
        "Cause": f"At {since} an instance was started in response to a difference between desired and actual capacity, "
        "increasing the capacity from 0 to 1.",
        "StartTime": clock.from_ms(began),
        "StatusCode": status,
        "Progress": 100 if ended is not None else 30,
        "Details": json.dumps({"Subnet ID": "subnet-local", "Availability Zone": _ZONE}),
    }
    if ended is not None:
        shown["EndTime"] = clock.from_ms(ended)
    if message:
        shown["StatusMessage"] = message
    return shown
