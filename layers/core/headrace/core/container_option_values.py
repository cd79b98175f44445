"""The value of each mapped `docker run` option, read as docker reads it and held in the units of the Batch API.

Every reader takes the text and what is known around it, and answers a `Reading`: the value, and a note where the value
as understood may surprise. (Memory is in container_option_memory, mounts are in container_option_mounts.)
Sources: docker docs, "docker container run"; Batch API reference: Ulimit, Device, KeyValuePair, LogConfiguration.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from headrace.core.batch_values import LARGEST_INT, LOG_DRIVERS, ULIMITS, check_env_name, check_tag
from headrace.core.errors import InvalidValue, nearest, shown
from headrace.core.volumes import container_path, host_path

_WHOLE = re.compile(r"-?[0-9]{1,18}")
_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*\$?(:[A-Za-z0-9_][A-Za-z0-9_.-]*\$?)?")


@dataclass(frozen=True, slots=True)
class Known:
    """What an option's meaning may depend on: the declared environment and the task's memory in MiB."""

    declared_env: Mapping[str, object] = field(default_factory=dict)
    memory_mib: int | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """A value understood, and a note where that is worth saying."""

    value: object
    note: str = ""


@dataclass(frozen=True, slots=True)
class Named:
    """A name with a text: an environment variable (None: the name alone), a label, a log option."""

    name: str
    value: str | None


@dataclass(frozen=True, slots=True)
class Ulimit:
    """A resource limit; -1 is unlimited."""

    name: str
    soft: int
    hard: int


@dataclass(frozen=True, slots=True)
class Tmpfs:
    """A memory file system: path, size in MiB, mount options without the size."""

    container_path: str
    size_mib: int
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Device:
    """A device of the instance shown in the container, with its cgroup permissions (letters of `rwm`)."""

    host_path: str
    container_path: str
    permissions: str = "rwm"


def read_env(text: str, known: Known) -> Reading:
    """`NAME=value`, or `NAME`: the declared environment's value, else the name alone."""
    name, equals, value = text.partition("=")
    check_env_name(name)
    if equals:
        return Reading(Named(name, value))
    if name in known.declared_env:
        return Reading(Named(name, str(known.declared_env[name])), f"{name} takes its value from the declared env")
    return Reading(
        Named(name, None), f"{name} has no value here and is not in the declared env: it is sent as a name alone"
    )


def read_user(text: str, _known: Known) -> Reading:
    """`user`, `uid`, `user:group`, `uid:gid`; empty is the image's own user."""
    if text and not _USER.fullmatch(text):
        raise InvalidValue(f"{shown(text)} is no user", expected="name or uid, optionally :group or :gid")
    if any(part.isdecimal() and int(part) > LARGEST_INT for part in text.split(":")):
        raise InvalidValue(f"{shown(text)} has an id beyond {LARGEST_INT}", expected="an id the kernel knows")
    return Reading(text)


def read_ulimit(text: str, _known: Known) -> Reading:
    """`name=soft[:hard]`; without hard it equals soft; `unlimited` is -1."""
    name, equals, limits = text.partition("=")
    if name not in ULIMITS:
        raise InvalidValue(f"{shown(name)} is no ulimit", expected=" ".join(ULIMITS), hint=nearest(name, ULIMITS))
    soft_text, colon, hard_text = limits.partition(":")
    if not equals or not soft_text or (colon and not hard_text):
        raise InvalidValue(f"{shown(text)} has no limit", expected=f"{name}=soft or {name}=soft:hard")
    soft = _limit(soft_text)
    hard = _limit(hard_text) if colon else soft
    if hard != -1 and (soft == -1 or soft > hard):
        raise InvalidValue(f"{shown(text)}: the soft limit is above the hard one", expected="soft at most hard")
    return Reading(Ulimit(name, soft, hard))


def read_device(text: str, _known: Known) -> Reading:
    """`/dev/host[:/dev/container][:rwm]`."""
    source, *rest = text.split(":")
    if not source.startswith("/") and "=" in source:
        raise InvalidValue(
            f"{shown(text)} is a CDI device, which Batch cannot name", expected="a path such as /dev/fuse"
        )
    if len(rest) > 2:
        raise InvalidValue(f"{shown(text)} has too many parts", expected="/dev/host[:/dev/container][:rwm]")
    permissions = rest.pop() if len(rest) == 2 or (rest and not rest[0].startswith("/")) else "rwm"
    if not permissions or set(permissions) - set("rwm") or len(set(permissions)) != len(permissions):
        raise InvalidValue(f"{shown(permissions)} are no device permissions", expected="some of r, w and m, each once")
    ordered = "".join(letter for letter in "rwm" if letter in permissions)
    return Reading(Device(host_path(source), container_path(rest[0] if rest else source), ordered))


def read_gpus(text: str, _known: Known) -> Reading:
    """A count: `2` or `count=2`; Batch gives whole GPUs by number only."""
    fields = dict(part.partition("=")[::2] for part in csv_fields(text))
    count = fields.pop("count", None) or next((name for name, value in fields.items() if not value), "")
    fields.pop(count, None)
    for name, value in fields.items():
        if (name, value) not in (("driver", "nvidia"), ("capabilities", "gpu")):
            raise InvalidValue(
                f"{shown(f'{name}={value}')}: Batch gives GPUs by number only",
                expected="a count, such as 1",
                hint="For driver features set NVIDIA_DRIVER_CAPABILITIES with --env." if name == "capabilities" else "",
            )
    if count in ("all", "-1"):
        raise InvalidValue(
            "all: Batch reserves GPUs by number, and the number on the instance is not known before it is chosen",
            expected="a count, such as 1",
        )
    number = whole_number(count, "a count, such as 1")
    if not 0 <= number <= LARGEST_INT:
        raise InvalidValue(f"{number} is no count of GPUs", expected="a count, such as 1")
    return Reading(number, "" if number else "0 GPUs: nothing is sent")


def read_log_driver(text: str, _known: Known) -> Reading:
    """One of the eight drivers Batch can name."""
    if text not in LOG_DRIVERS:
        raise InvalidValue(
            f"{shown(text)} is no log driver of Batch", expected=" ".join(LOG_DRIVERS), hint=nearest(text, LOG_DRIVERS)
        )
    note = (
        ""
        if text == "awslogs"
        else f"with {text} the task's log is not in CloudWatch: failure summaries have reasons only"
    )
    return Reading(text, note)


def read_log_opt(text: str, _known: Known) -> Reading:
    """`name=value`, an option of the log driver."""
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise InvalidValue(f"{shown(text)} is no log option", expected="name=value")
    return Reading(Named(name, value))


def read_label(text: str, _known: Known) -> Reading:
    """`key=value` or `key`: a tag of the job."""
    key, _, value = text.partition("=")
    check_tag(key, value)
    return Reading(Named(key, value))


def csv_fields(text: str) -> list[str]:
    """The fields of a comma-separated option value; a field may stand in double quotes."""
    try:
        rows = list(csv.reader([text], strict=True))
    except csv.Error as error:
        raise InvalidValue(
            f"{shown(text)} is no comma-separated list: {error}", expected="key=value,key=value"
        ) from None
    return [part for row in rows for part in row if part]


def _limit(text: str) -> int:
    number = -1 if text == "unlimited" else whole_number(text, "a whole number, -1 or unlimited")
    if not -1 <= number <= LARGEST_INT:
        raise InvalidValue(
            f"{shown(text)} is no limit the API can hold", expected=f"0 to {LARGEST_INT}, or -1 for unlimited"
        )
    return number


def whole_number(text: str, expected: str) -> int:
    """A whole number in digits; InvalidValue with what is expected for anything else."""
    if not _WHOLE.fullmatch(text):
        raise InvalidValue(f"{shown(text)} is no whole number", expected=expected)
    return int(text)
