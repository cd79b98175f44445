"""ECS: the cluster behind each compute environment, and its container instances.

moto's ECS knows nothing of Batch; what it is asked about other clusters it still answers itself.
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeContainerInstances.html
"""

from __future__ import annotations

from typing import Any, Final

from headrace_local import batch_instances, batch_queues, clock
from headrace_local.batch_instances import Instance
from headrace_local.place import ACCOUNT, REGION
from headrace_local.seam import replace

_SUFFIX: Final = "_Batch_local"
_CLUSTER: Final = f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/"
_PAGE: Final = 100
_LOG_DRIVERS: Final = ("json-file", "syslog", "awslogs", "none")
_PORTS: Final = ("22", "2375", "2376", "51678", "51679")


def apply() -> None:
    """Answer for the clusters of compute environments."""
    from moto.core.responses import ActionResult
    from moto.ecs.responses import EC2ContainerServiceResponse as Response

    lists, describes, clusters = (
        Response.list_container_instances,
        Response.describe_container_instances,
        Response.list_clusters,
    )
    describe_clusters = Response.describe_clusters

    def list_container_instances(self: Any) -> Any:
        name = environment_of(str(self._get_param("cluster", "default")))
        if name is None:
            return lists(self)
        status = str(self._get_param("status") or "ACTIVE")
        arns = [batch_instances.arn_of(name, one) for one in registered(name)] if status == "ACTIVE" else []
        start = int(self._get_param("nextToken") or 0)
        size = min(int(self._get_param("maxResults") or _PAGE), _PAGE)
        more = {"nextToken": str(start + size)} if start + size < len(arns) else {}
        return ActionResult({"containerInstanceArns": arns[start : start + size], **more})

    def describe_container_instances(self: Any) -> Any:
        name = environment_of(str(self._get_param("cluster", "default")))
        if name is None:
            return describes(self)
        found = {batch_instances.arn_of(name, one): _described(name, one) for one in registered(name)}
        by_name = {arn.rsplit("/", 1)[-1]: shown for arn, shown in found.items()} | found
        wanted = [str(arn) for arn in self._get_param("containerInstances") or []]
        failures = [{"arn": arn, "reason": "MISSING"} for arn in wanted if arn not in by_name]
        return ActionResult(
            {"containerInstances": [by_name[arn] for arn in wanted if arn in by_name], "failures": failures}
        )

    def list_clusters(self: Any) -> Any:
        own = [str(environment["ecsClusterArn"]) for environment in list(batch_queues.environments.values())]
        return ActionResult({"clusterArns": [*clusters(self).result["clusterArns"], *own]})

    def describe_some_clusters(self: Any) -> Any:
        wanted = [str(name) for name in self._get_param("clusters") or []]
        own = [name for name in map(environment_of, wanted) if name is not None]
        if len(own) < len(wanted) or not wanted:
            return describe_clusters(self)
        return ActionResult({"clusters": [_cluster(name) for name in own], "failures": []})

    replace(Response, "list_container_instances", list_container_instances)
    replace(Response, "describe_container_instances", describe_container_instances)
    replace(Response, "list_clusters", list_clusters)
    replace(Response, "describe_clusters", describe_some_clusters)


def environment_of(cluster: str) -> str | None:
    """The compute environment a cluster's name or ARN belongs to; None when it is none of Batch's."""
    name = cluster.rsplit("/", 1)[-1].removesuffix(_SUFFIX)
    return name if cluster.endswith(_SUFFIX) and name in batch_queues.environments else None


def registered(name: str) -> list[Instance]:
    """The instances of an environment that have registered by now."""
    now = clock.now_ms()
    return [
        one for one in batch_instances.instances(name) if one.registered_at is not None and one.registered_at <= now
    ]


def _described(name: str, one: Instance) -> dict[str, Any]:
    return {
        "containerInstanceArn": batch_instances.arn_of(name, one),
        "ec2InstanceId": one.id,
        "version": 1,
        "versionInfo": {"agentVersion": "1.98.0", "agentHash": "local", "dockerVersion": "DockerVersion: 25.0.8"},
        "registeredResources": _resources(one, one.type.vcpus, one.type.usable_mib),
        "remainingResources": _resources(
            one, one.type.vcpus - one.used_vcpus, one.type.usable_mib - one.used_memory_mib
        ),
        "status": "ACTIVE",
        "agentConnected": one.connected,
        "runningTasksCount": one.tasks,
        "pendingTasksCount": 0,
        "attributes": _attributes(one),
        "registeredAt": clock.from_ms(one.registered_at or 0),
        "attachments": [],
        "tags": [],
    }


def _attributes(one: Instance) -> dict[str, str | None]:
    """What the agent of the optimised image says it can do, as far as jobs of Batch need it; moto makes a list of it."""
    drivers = [name for name in _LOG_DRIVERS if one.logs or name != "awslogs"]
    return {
        **{f"com.amazonaws.ecs.capability.logging-driver.{name}": None for name in drivers},
        "com.amazonaws.ecs.capability.docker-remote-api.1.25": None,
        "ecs.os-type": "linux",
        "ecs.cpu-architecture": "x86_64",
        "ecs.instance-type": one.type.name,
    }


def _resources(one: Instance, vcpus: float, memory_mib: float) -> list[dict[str, Any]]:
    numbers = {"CPU": int(vcpus * 1024), "MEMORY": int(memory_mib)}
    sets = {"PORTS": list(_PORTS), "PORTS_UDP": []}
    if one.type.gpus:
        sets["GPU"] = [f"GPU-{one.id[2:]}-{number}" for number in range(one.type.gpus)]
    return [
        *({"name": n, "type": "INTEGER", "doubleValue": 0.0, "longValue": 0, "integerValue": v} for n, v in numbers.items()),
        *({"name": n, "type": "STRINGSET", "doubleValue": 0.0, "longValue": 0, "integerValue": 0, "stringSetValue": v} for n, v in sets.items()),
    ]  # fmt: skip


def _cluster(name: str) -> dict[str, Any]:
    there = registered(name)
    return {
        "clusterArn": f"{_CLUSTER}{name}{_SUFFIX}",
        "clusterName": f"{name}{_SUFFIX}",
        "status": "ACTIVE",
        "registeredContainerInstancesCount": len(there),
        "runningTasksCount": sum(one.tasks for one in there),
        "pendingTasksCount": 0,
        "activeServicesCount": 0,
    }
