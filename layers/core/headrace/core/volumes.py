"""What a job's container mounts: host paths, EFS file systems, and volumes docker makes for the job.

A Batch volume is `{name, host | efsVolumeConfiguration}` plus a mount point naming it. Three notations end here: the
`volumes` directive (`/tmp`, `/host:/cont[:ro|rw]`, `fs-…:/cont`, or a map), docker's `--volume` and docker's `--mount`.
They differ in one form: a single path is *the host's same path* in the directive and *an anonymous volume* in docker.
Sources: Batch API reference, Volume and EFSVolumeConfiguration; docker docs, "docker container run", "Bind mounts".
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from headrace.core.errors import InvalidSpec, InvalidValue, Problem, nearest, shown

_EFS_ID = re.compile(r"fs-[0-9a-f]{8,40}")
_ACCESS_POINT = re.compile(r"fsap-[0-9a-f]{8,40}")
_FORMS = "`/path`, `/host:/container`, `/host:/container:ro`, `fs-0123abcd:/container` or {efs, path, at, readOnly, accessPoint}"
_MAP_KEYS = ("host", "efs", "path", "at", "readOnly", "accessPoint")
_LONGEST_PATH = 4096


@dataclass(frozen=True, slots=True)
class Efs:
    """An EFS file system, a folder of it, and the access point that enforces who one is there."""

    file_system: str
    path: str = "/"
    access_point: str = ""


@dataclass(frozen=True, slots=True)
class Volume:
    """One mount: `container_path` shows `host` (a path), `efs`, or with neither an empty volume made for the job."""

    container_path: str
    host: str = ""
    efs: Efs | None = None
    read_only: bool = False


def parse_volumes(value: object) -> tuple[Volume, ...]:
    """The `volumes` directive: comma text, a list of texts and maps, or one map. InvalidSpec with every bad item."""
    volumes: dict[str, Volume] = {}
    problems = []
    for item in _items(value):
        try:
            volume = parse_volume(item)
        except InvalidValue as error:
            problems.append(Problem("", error.message, item, error.expected, error.hint))
            continue
        if volume.container_path in volumes:
            problems.append(Problem("", f"two volumes are mounted at {volume.container_path}", item, "one per path"))
        volumes[volume.container_path] = volume
    if problems:
        raise InvalidSpec(problems)
    return tuple(volumes.values())


def parse_volume(item: object) -> Volume:
    """One item of the `volumes` directive. Text: `/p`, `/host:/cont[:ro|rw]`, `fs-…:/cont[:ro|rw]`."""
    if isinstance(item, Mapping):
        return _from_map(item)
    if not isinstance(item, str):
        raise InvalidValue("a volume is text or a map", expected=_FORMS)
    source, _, rest = item.strip().partition(":")
    target, _, mode = rest.partition(":")
    if mode not in ("", "ro", "rw"):
        raise InvalidValue(f"{shown(mode)} is no mount mode", expected="ro or rw", hint=f"A volume is {_FORMS}.")
    if _EFS_ID.fullmatch(source):
        return Volume(container_path(target), efs=Efs(source), read_only=mode == "ro")
    return Volume(container_path(target or source), host=host_path(source), read_only=mode == "ro")


def container_path(text: str) -> str:
    """A path in the container, made plain (`/a//b/` is `/a/b`): absolute, not the root, without `..`."""
    path = _plain(text, "a path in the container")
    if path == "/":
        raise InvalidValue("/ cannot be a mount point: it is the image itself", expected="a path below /")
    return path


def host_path(text: str) -> str:
    """A path on the instance, made plain: absolute, without `..`."""
    return _plain(text, "a path on the instance")


def _plain(text: str, what: str) -> str:
    if not text.startswith("/") or len(text) > _LONGEST_PATH or any(ord(char) < 32 for char in text):
        raise InvalidValue(f"{shown(text)} is not {what}", expected="an absolute path", hint="Start it with /.")
    parts = [part for part in text.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise InvalidValue(f"{shown(text)} climbs with ..", expected="a path without ..")
    return "/" + "/".join(parts)


def _items(value: object) -> Sequence[object]:
    if value is None:
        return ()
    if isinstance(value, str):
        return [part for part in value.split(",") if part.strip()]
    return value if isinstance(value, Sequence) else (value,)


def _from_map(item: Mapping[object, object]) -> Volume:
    for key in item:
        if key not in _MAP_KEYS:
            raise InvalidValue(
                f"{shown(key)} is no key of a volume", expected=", ".join(_MAP_KEYS), hint=nearest(str(key), _MAP_KEYS)
            )
    read_only = item.get("readOnly", False)
    if not isinstance(read_only, bool):
        raise InvalidValue(f"readOnly is {shown(read_only)}", expected="true or false")
    texts = {key: _text(key, item[key]) for key in _MAP_KEYS if key != "readOnly" and item.get(key) is not None}
    if ("host" in texts) == ("efs" in texts):
        raise InvalidValue("a volume has exactly one of host and efs", expected=_FORMS)
    if "host" in texts:
        if extra := sorted({"path", "accessPoint"} & texts.keys()):
            raise InvalidValue(
                f"{', '.join(extra)} belongs to an EFS volume, not to a host path", expected="host, at, readOnly"
            )
        return Volume(
            container_path(texts.get("at", texts["host"])), host=host_path(texts["host"]), read_only=read_only
        )
    if "at" not in texts:
        raise InvalidValue("an EFS volume says where it is mounted", expected="at: /path/in/the/container")
    return Volume(container_path(texts["at"]), efs=_efs(texts), read_only=read_only)


def _efs(texts: Mapping[str, str]) -> Efs:
    path, access_point = host_path(texts.get("path", "/")), texts.get("accessPoint", "")
    if not _EFS_ID.fullmatch(texts["efs"]):
        raise InvalidValue(f"{shown(texts['efs'])} is no EFS file system", expected="an id like fs-0123456789abcdef0")
    if access_point and not _ACCESS_POINT.fullmatch(access_point):
        raise InvalidValue(
            f"{shown(access_point)} is no EFS access point", expected="an id like fsap-0123456789abcdef0"
        )
    if access_point and path != "/":
        raise InvalidValue(
            "an access point fixes the folder, so path cannot be given too", expected="one of path and accessPoint"
        )
    return Efs(texts["efs"], path, access_point)


def _text(key: str, value: object) -> str:
    if not isinstance(value, str) or not value:
        raise InvalidValue(f"{key} of a volume is {shown(value)}", expected="text")
    return value
