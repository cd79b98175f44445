"""ContainerOptions and mounts as the fields of Batch's containerProperties, one small function per field.

Each function answers the fields it is about, or nothing; merging them with `**` gives the whole. A field whose option
says docker's default is left out, so equal options make equal definitions.
Source: Batch API reference, ContainerProperties, LinuxParameters, Volume, MountPoint, LogConfiguration.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from headrace.core.batch_values import PERMISSIONS
from headrace.core.container_option_values import Device, Named, Tmpfs
from headrace.core.container_options import ContainerOptions
from headrace.core.volumes import Volume

Platform = Literal["EC2", "FARGATE"]
Fields = dict[str, Any]


def options_fragment(options: ContainerOptions, platform: Platform) -> Fields:
    """Everything of containerProperties the options say, the per-job parts (environment, GPUs) included."""
    return {
        **environment_fields(options.environment),
        **({"resourceRequirements": [{"type": "GPU", "value": str(options.gpus)}]} if options.gpus else {}),
        **shared_fields(options),
        **mount_fields(options.volumes, platform),
        **log_fields(options, {}),
    }


def shared_fields(options: ContainerOptions) -> Fields:
    """The fields SubmitJob cannot override, mounts and log apart."""
    return {**_identity(options), **_limits(options), **_linux(options)}


def environment_fields(variables: Iterable[Named]) -> Fields:
    """`environment`; a variable without a value is a name alone."""
    items = [{"name": v.name} if v.value is None else {"name": v.name, "value": v.value} for v in variables]
    return {"environment": items} if items else {}


def mount_fields(volumes: Sequence[Volume], platform: Platform) -> Fields:
    """`volumes` and `mountPoints`, one volume per mount, named by its place in the list."""
    if not volumes:
        return {}
    names = [f"vol-{number}" for number in range(1, len(volumes) + 1)]
    return {
        "volumes": [_volume(name, volume, platform) for name, volume in zip(names, volumes, strict=True)],
        "mountPoints": [_mount_point(name, volume) for name, volume in zip(names, volumes, strict=True)],
    }


def log_fields(options: ContainerOptions, group_options: Mapping[str, str]) -> Fields:
    """`logConfiguration`: the user's driver and options over those of the log group, which are awslogs's."""
    own = {option.name: option.value or "" for option in options.log_options}
    driver = options.log_driver or ("awslogs" if own or group_options else "")
    if not driver:
        return {}
    settings = {**group_options, **own} if driver == "awslogs" else own
    return {"logConfiguration": {"logDriver": driver, **({"options": settings} if settings else {})}}


def _identity(options: ContainerOptions) -> Fields:
    return {
        **({"user": options.user} if options.user else {}),
        **({"privileged": True} if options.privileged else {}),
        **({"readonlyRootFilesystem": True} if options.read_only else {}),
    }


def _limits(options: ContainerOptions) -> Fields:
    limits = [{"name": u.name, "softLimit": u.soft, "hardLimit": u.hard} for u in options.ulimits]
    return {"ulimits": limits} if limits else {}


def _linux(options: ContainerOptions) -> Fields:
    fields: Fields = {
        **({"devices": [_device(device) for device in options.devices]} if options.devices else {}),
        **({"initProcessEnabled": True} if options.init else {}),
        **({"sharedMemorySize": options.shm_mib} if options.shm_mib is not None else {}),
        **({"tmpfs": [_tmpfs(tmpfs) for tmpfs in options.tmpfs]} if options.tmpfs else {}),
        **({"maxSwap": options.swap_mib} if options.swap_mib is not None else {}),
        **({"swappiness": options.swappiness} if options.swappiness is not None else {}),
    }
    return {"linuxParameters": fields} if fields else {}


def _device(device: Device) -> Fields:
    permissions = [PERMISSIONS[letter] for letter in device.permissions]
    return {"hostPath": device.host_path, "containerPath": device.container_path, "permissions": permissions}


def _tmpfs(tmpfs: Tmpfs) -> Fields:
    options = {"mountOptions": list(tmpfs.options)} if tmpfs.options else {}
    return {"containerPath": tmpfs.container_path, "size": tmpfs.size_mib, **options}


def _volume(name: str, volume: Volume, platform: Platform) -> Fields:
    if volume.efs:
        access = {"authorizationConfig": {"accessPointId": volume.efs.access_point}} if volume.efs.access_point else {}
        efs = {
            "fileSystemId": volume.efs.file_system,
            "rootDirectory": volume.efs.path,
            "transitEncryption": "ENABLED",
            **access,
        }
        return {"name": name, "efsVolumeConfiguration": efs}
    if volume.host:
        return {"name": name, "host": {"sourcePath": volume.host}}
    return {"name": name} if platform == "FARGATE" else {"name": name, "host": {}}


def _mount_point(name: str, volume: Volume) -> Fields:
    return {"sourceVolume": name, "containerPath": volume.container_path, "readOnly": volume.read_only}
