"""What makes containerProperties illegal though their model allows them: ranges, enumerations, and what Fargate lacks.

Each rule looks at the fields it is about, in a whole or a fragment, and yields a Problem per violation, in words of the
option or directive that caused it.
Source: Batch API reference, ContainerProperties and the shapes below it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from headrace.core import fargate_sizes
from headrace.core.batch_values import (
    LARGEST_INT,
    LOG_DRIVERS,
    MOUNT_OPTIONS,
    PERMISSIONS,
    ULIMITS,
    check_env_name,
)
from headrace.core.errors import InvalidValue, Problem, shown
from headrace.core.job_container import Platform

Properties = Mapping[str, Any]
_IMAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@#-]{0,254}")
_VOLUME_NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")
_NUMBER = re.compile(r"[0-9]{1,4}(\.[0-9]{1,4})?")
_ROLE = re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:role/\S{1,500}")
_ON_EC2 = "Leave {0} out, or use a queue of EC2 instances."
_FARGATE_LINUX: Final = {
    "devices": "--device",
    "sharedMemorySize": "--shm-size",
    "tmpfs": "--tmpfs",
    "maxSwap": "--memory-swap",
    "swappiness": "--memory-swappiness",
}
_FARGATE_ONLY: Final = {
    "networkConfiguration": "a public address",
    "fargatePlatformConfiguration": "a platform version",
    "ephemeralStorage": "a disk size",
    "runtimePlatform": "a runtime platform",
}


def container_problems(properties: Properties, platform: Platform) -> list[Problem]:
    """Everything illegal in containerProperties (a fragment of them too) on this platform."""
    rules: tuple[Callable[[Properties], Iterable[Problem]], ...] = (
        _image,
        _roles,
        environment_problems,
        _ulimits,
        _linux,
        _mounts,
        _log,
        _fargate if platform == "FARGATE" else _not_fargate,
    )
    found = [problem for rule in rules for problem in rule(properties)]
    return found + list(resource_problems(properties.get("resourceRequirements", ()), platform))


def _image(properties: Properties) -> Iterator[Problem]:
    image = properties.get("image")
    if image is not None and ("://" in image or not _IMAGE.fullmatch(image)):
        yield Problem(
            "",
            f"{shown(image)} is no image",
            expected="at most 255 letters, digits and - _ : . / # @, such as quay.io/biocontainers/samtools:1.21",
        )


def _roles(properties: Properties) -> Iterator[Problem]:
    for field, words in (("jobRoleArn", "jobRole"), ("executionRoleArn", "executionRole")):
        role = properties.get(field)
        if role is not None and not _ROLE.fullmatch(role):
            yield Problem("", f"{words} {shown(role)} is no role", expected="arn:aws:iam::<account>:role/<name>")


def environment_problems(fields: Properties, *, own: bool = False) -> Iterator[Problem]:
    """Names of variables and secrets that are illegal, reserved or given twice; `own`: Headrace's names may pass."""
    seen: set[str] = set()
    for item in (*fields.get("environment", ()), *fields.get("secrets", ())):
        name = item.get("name", "")
        try:
            check_env_name(name, own=own)
        except InvalidValue as error:
            yield Problem("", error.message, expected=error.expected)
        if name in seen:
            yield Problem("", f"{name} is set twice among variables and secrets", expected="once")
        seen.add(name)


def _ulimits(properties: Properties) -> Iterator[Problem]:
    for limit in properties.get("ulimits", ()):
        if limit["name"] not in ULIMITS:
            yield Problem("", f"{shown(limit['name'])} is no ulimit", expected=" ".join(ULIMITS))
        if not all(-1 <= limit[key] <= LARGEST_INT for key in ("softLimit", "hardLimit")):
            yield Problem("", f"ulimit {limit['name']} is out of range", expected=f"-1 to {LARGEST_INT}")


def _linux(properties: Properties) -> Iterator[Problem]:
    linux = properties.get("linuxParameters", {})
    for device in linux.get("devices", ()):
        if not device["permissions"] or set(device["permissions"]) - set(PERMISSIONS.values()):
            yield Problem("", f"device permissions {device['permissions']}", expected="READ, WRITE, MKNOD")
    for tmpfs in linux.get("tmpfs", ()):
        if tmpfs["size"] < 1 or not tmpfs["containerPath"].startswith("/"):
            yield Problem(
                "",
                f"tmpfs {tmpfs['containerPath']} of {tmpfs['size']} MiB",
                expected="an absolute path and 1 MiB or more",
            )
        for option in tmpfs.get("mountOptions", ()):
            if option.partition("=")[0] not in MOUNT_OPTIONS:
                yield Problem("", f"{shown(option)} is no mount option", expected="an option the Tmpfs page lists")
    for field, least, most in (
        ("sharedMemorySize", 1, LARGEST_INT),
        ("maxSwap", 0, LARGEST_INT),
        ("swappiness", 0, 100),
    ):
        if field in linux and not least <= linux[field] <= most:
            yield Problem("", f"{field} is {linux[field]}", expected=f"{least} to {most}")


def _mounts(properties: Properties) -> Iterator[Problem]:
    names = [volume["name"] for volume in properties.get("volumes", ())]
    paths = [tmpfs["containerPath"] for tmpfs in properties.get("linuxParameters", {}).get("tmpfs", ())]
    for name in names:
        if not _VOLUME_NAME.fullmatch(name) or names.count(name) > 1:
            yield Problem(
                "", f"{shown(name)} is no volume name of its own", expected="1-255 letters, digits, - and _, once"
            )
    for point in properties.get("mountPoints", ()):
        if point["sourceVolume"] not in names:
            yield Problem("", f"nothing is called {shown(point['sourceVolume'])}", expected="the name of a volume")
        if point["containerPath"] in paths:
            yield Problem("", f"two mounts at {point['containerPath']}", expected="one mount per path of the container")
        paths.append(point["containerPath"])


def _log(properties: Properties) -> Iterator[Problem]:
    driver = properties.get("logConfiguration", {}).get("logDriver", "awslogs")
    if driver not in LOG_DRIVERS:
        yield Problem("", f"{shown(driver)} is no log driver", expected=" ".join(LOG_DRIVERS))


def _fargate(properties: Properties) -> Iterator[Problem]:
    linux = properties.get("linuxParameters", {})
    used = [words for field, words in _FARGATE_LINUX.items() if field in linux]
    used += ["--privileged"] * bool(properties.get("privileged")) + ["--ulimit"] * bool(properties.get("ulimits"))
    used += ["a host path among the volumes"] * any("host" in volume for volume in properties.get("volumes", ()))
    yield from (Problem("", f"{words}: Fargate has no such thing", hint=_ON_EC2.format("it")) for words in used)
    driver = properties.get("logConfiguration", {}).get("logDriver", "awslogs")
    if driver in LOG_DRIVERS and driver not in ("awslogs", "splunk"):
        yield Problem("", f"--log-driver {driver}: Fargate has awslogs and splunk only", hint=_ON_EC2.format("it"))
    disk = properties.get("ephemeralStorage", {}).get("sizeInGiB", 21)
    if not 21 <= disk <= 200:
        yield Problem("", f"a disk of {disk} GiB on Fargate", expected="21 to 200 GiB", hint=_ON_EC2.format("it"))
    if "image" in properties and "executionRoleArn" not in properties:
        yield Problem(
            "",
            "a Fargate job needs an execution role",
            expected="executionRole: the ARN of a role that pulls images and writes logs",
        )


def _not_fargate(properties: Properties) -> Iterator[Problem]:
    for field, words in _FARGATE_ONLY.items():
        if field in properties:
            yield Problem("", f"{words} ({field}) exists on Fargate only", hint="Leave it out on EC2.")


def resource_problems(requirements: Iterable[Mapping[str, str]], platform: Platform) -> Iterator[Problem]:
    """vCPUs, memory and GPUs the platform does not have."""
    sizes = {requirement["type"]: requirement["value"] for requirement in requirements}
    vcpus, memory, gpus = (sizes.get(kind) for kind in ("VCPU", "MEMORY", "GPU"))
    if gpus is not None and (platform == "FARGATE" or not _whole(gpus, 1)):
        yield Problem("", f"{gpus} GPUs on {platform}", expected="1 or more, on EC2 only")
    if memory is not None and not _whole(memory, 4):
        yield Problem("", f"memory of {shown(memory)} MiB", expected="a whole number, 4 or more")
        return
    if vcpus is not None:
        yield from _ec2_vcpus(vcpus) if platform == "EC2" else _fargate_size(vcpus, memory)


def _ec2_vcpus(vcpus: str) -> Iterator[Problem]:
    if not _whole(vcpus, 1):
        hint = "Parts of a vCPU exist on Fargate."
        yield Problem("", f"{shown(vcpus)} vCPUs on EC2", expected="a whole number, 1 or more", hint=hint)


def _fargate_size(vcpus: str, memory: str | None) -> Iterator[Problem]:
    if not _NUMBER.fullmatch(vcpus):
        yield Problem("", f"{shown(vcpus)} vCPUs", expected="a number")
    elif memory is not None and not fargate_sizes.is_legal(float(vcpus), int(memory)):
        near = fargate_sizes.nearest_sizes(float(vcpus), int(memory))
        yield Problem("", f"{vcpus} vCPU with {memory} MiB is no Fargate size", expected=near)


def _whole(text: str, least: int) -> bool:
    return text.isascii() and text.isdigit() and least <= int(text) <= LARGEST_INT
