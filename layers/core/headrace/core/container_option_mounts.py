"""docker's `--volume` and `--mount`, as mounts of a Batch job.

Batch mounts paths of the instance, empty volumes docker makes for the job, and memory (tmpfs); it knows no named docker
volumes, no volume drivers and no mount propagation. A relative or named source is therefore refused, never guessed.
Sources: docker docs, "docker container run" (--volume, --mount), "Bind mounts"; Batch API reference, Volume, MountPoint.
"""

from __future__ import annotations

from collections.abc import Mapping

from headrace.core.container_option_values import Known, Reading, Tmpfs, csv_fields
from headrace.core.docker_size import MIB, bare_number, docker_bytes
from headrace.core.errors import InvalidValue, nearest, shown
from headrace.core.volumes import Volume, container_path, host_path

_NO_EFFECT = {
    "z": "SELinux relabelling does nothing on the ECS images",
    "Z": "SELinux relabelling does nothing on the ECS images",
    "rprivate": "rprivate is what Batch always does",
    "nocopy": "nocopy concerns named volumes only",
    "consistent": "a consistency mode does nothing on Linux",
    "cached": "a consistency mode does nothing on Linux",
    "delegated": "a consistency mode does nothing on Linux",
}
_PROPAGATION = frozenset({"private", "shared", "rshared", "slave", "rslave"})
_KEYS: Mapping[str, str] = {
    "type": "type", "source": "source", "src": "source", "target": "target", "dst": "target", "destination": "target",
    "readonly": "readonly", "ro": "readonly", "tmpfs-size": "tmpfs-size", "tmpfs-mode": "tmpfs-mode",
    "bind-propagation": "bind-propagation", "bind-recursive": "bind-recursive",
    "bind-nonrecursive": "bind-nonrecursive", "consistency": "consistency",
    "volume-nocopy": "volume-nocopy", "volume-driver": "volume-driver", "volume-opt": "volume-opt",
    "volume-label": "volume-label", "volume-subpath": "volume-subpath", "image-subpath": "image-subpath",
}  # fmt: skip
_WITHOUT_EFFECT = {
    "bind-propagation": "rprivate",
    "bind-recursive": "enabled",
    "bind-nonrecursive": "false",
    "volume-nocopy": "false",
}
_TRUE, _FALSE = (
    frozenset({"1", "t", "T", "true", "TRUE", "True"}),
    frozenset({"0", "f", "F", "false", "FALSE", "False"}),
)
_ANONYMOUS = "an empty volume made for the job (docker's anonymous volume); for the instance's own path write {0}:{0}"


def read_volume(text: str, _known: Known) -> Reading:
    """`/host:/container[:ro]`, or `/container` for an empty volume."""
    parts = text.split(":")
    if len(parts) > 3:
        raise InvalidValue(
            f"{shown(text)} has too many parts", expected="/host:/container[:ro]", hint="For a path with : use --mount."
        )
    if len(parts) == 1:
        path = container_path(text)
        return Reading(Volume(path), f"{path} is {_ANONYMOUS.format(path)}")
    read_only, notes = _modes(parts[2]) if len(parts) == 3 else (False, [])
    return Reading(Volume(container_path(parts[1]), host=_source(parts[0]), read_only=read_only), "; ".join(notes))


def read_mount(text: str, _known: Known) -> Reading:
    """`type=bind|tmpfs|volume,source=…,target=…[,readonly]…`; docker's default type is volume."""
    fields = _fields(text)
    kind = fields.pop("type", "volume")
    if kind not in ("bind", "tmpfs", "volume"):
        raise InvalidValue(
            f"type={kind}: Batch mounts paths, empty volumes and tmpfs", expected="type=bind or type=tmpfs"
        )
    target = container_path(fields.pop("target", ""))
    read_only = _boolean("readonly", fields.pop("readonly", "false"))
    if kind == "tmpfs":
        return _tmpfs(target, read_only, fields)
    source = fields.pop("source", "")
    notes = _without_effect(fields)
    if kind == "volume" and not source:
        return Reading(
            Volume(target, read_only=read_only), "; ".join([f"{target} is {_ANONYMOUS.format(target)}", *notes])
        )
    if kind == "volume":
        raise InvalidValue(
            f"the named volume {shown(source)}: Batch has no named volumes", expected="type=bind,source=/path"
        )
    return Reading(Volume(target, host=_source(source), read_only=read_only), "; ".join(notes))


def _source(text: str) -> str:
    if not text.startswith("/"):
        raise InvalidValue(
            f"the source {shown(text)} is a named volume or a relative path, and Batch mounts neither",
            expected="an absolute path on the instance",
            hint="For EFS use the `volumes` directive: {efs: fs-…, at: /path}.",
        )
    return host_path(text)


def _modes(text: str) -> tuple[bool, list[str]]:
    read_only, notes = False, []
    for mode in text.split(","):
        if mode in ("ro", "rw"):
            read_only = mode == "ro"
        elif mode in _NO_EFFECT:
            notes.append(_NO_EFFECT[mode])
        elif mode in _PROPAGATION:
            raise InvalidValue(f"mount propagation {mode}: Batch mounts are rprivate", expected="ro or rw")
        else:
            raise InvalidValue(
                f"{shown(mode)} is no volume option", expected="ro or rw", hint=nearest(mode, ["ro", "rw", *_NO_EFFECT])
            )
    return read_only, notes


def _fields(text: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    for part in csv_fields(text):
        name, equals, value = part.partition("=")
        key = _KEYS.get(name.lower())
        if key is None:
            raise InvalidValue(
                f"{shown(name)} is no key of --mount",
                expected="type, source, target, readonly, …",
                hint=nearest(name, _KEYS),
            )
        if not equals and key not in ("readonly", "volume-nocopy", "bind-nonrecursive"):
            raise InvalidValue(f"{shown(part)} has no value", expected=f"{name}=value")
        fields[key] = value if equals else "true"
    return fields


def _without_effect(fields: Mapping[str, str]) -> list[str]:
    for key, value in fields.items():
        if key != "consistency" and _WITHOUT_EFFECT.get(key) != value:
            raise InvalidValue(f"{key}={value}: Batch has no field for it", expected="type, source, target, readonly")
    return [f"{key}={value} is what Batch does anyway" for key, value in fields.items()]


def _tmpfs(target: str, read_only: bool, fields: dict[str, str]) -> Reading:
    if ":" in target or "source" in fields:
        raise InvalidValue(
            "a tmpfs has no source and no : in its target", expected="type=tmpfs,target=/path,tmpfs-size=64m"
        )
    size, mode = fields.pop("tmpfs-size", ""), fields.pop("tmpfs-mode", "")
    if not size:
        raise InvalidValue("a tmpfs without tmpfs-size, and Batch has none without a size", expected="tmpfs-size=64m")
    if mode and not (mode.isascii() and set(mode) <= set("01234567")):
        raise InvalidValue(f"tmpfs-mode {shown(mode)} is not octal", expected="a mode such as 1777")
    notes = _without_effect(fields)
    mib = docker_bytes(size) // MIB
    if not 1 <= mib < 2**31:
        raise InvalidValue(
            f"tmpfs-size {shown(size)} is {mib} MiB",
            expected="1 MiB or more, such as 64m",
            hint="A bare number is bytes here.",
        )
    if docker_bytes(size) != mib * MIB or bare_number(size):
        notes.append(f"tmpfs-size {size} is {mib} MiB (a bare number is bytes in --mount, as in docker)")
    options = (*(["ro"] if read_only else []), *([f"mode={mode}"] if mode else []))
    return Reading(Tmpfs(target, mib, options), "; ".join(notes))


def _boolean(key: str, text: str) -> bool:
    if text not in _TRUE | _FALSE:
        raise InvalidValue(f"{key}={shown(text)}", expected="true or false")
    return text in _TRUE
