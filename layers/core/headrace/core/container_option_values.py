"""The value of each mapped `docker run` option, read as docker reads it and held in the units of the Batch API.

Every reader takes the text and what is known around it, and answers a `Reading`: the value, and a note where the value
as understood may surprise. Sizes become MiB, rounded down. A bare `--shm-size` is bytes, as in docker; a bare tmpfs size
and a bare `--memory-swap` are MiB, as pipelines written for AWS Batch have always meant them.
Sources: docker docs, "docker container run"; Batch API reference: LinuxParameters, Tmpfs, Ulimit, Device, KeyValuePair.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from headrace.core.batch_values import (
    LARGEST_INT,
    LOG_DRIVERS,
    MOUNT_OPTIONS,
    ULIMITS,
    VALUED_MOUNT_OPTIONS,
    check_env_name,
    check_tag,
)
from headrace.core.docker_size import MIB, bare_number, bounded_mib, docker_bytes, size_note, whole_mib
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


def read_shm_size(text: str, _known: Known) -> Reading:
    """A docker size, a bare number being bytes; 0 is docker's default."""
    size = docker_bytes(text)
    if size == 0:
        return Reading(None, "0 means docker's own default (64 MiB); nothing is sent")
    mib = whole_mib(text, size, "write 16m for 16 MiB: a bare number is bytes")
    return Reading(mib, size_note(text, size, mib, "a bare number is bytes, as in docker"))


def read_tmpfs(text: str, _known: Known) -> Reading:
    """`path:options,size=N`; the size anywhere, in MiB or with a unit; Batch has no tmpfs without one."""
    path, _, option_text = text.partition(":")
    size_text, options = "", []
    for option in filter(None, option_text.split(",")):
        name, _, value = option.partition("=")
        if name == "size":
            size_text = value
        else:
            options.append(_mount_option(option, name, value))
    target = container_path(path)
    if not size_text:
        raise InvalidValue(f"{shown(text)} has no size, and Batch has no tmpfs without one", expected="path:size=64")
    mib = tmpfs_mib(size_text)
    notes = [size_note(size_text, mib * MIB, mib, "a bare tmpfs size is MiB")] if bare_number(size_text) else []
    notes += [f"{o} is sent as it stands; AWS lists only the name, so try it once" for o in options if "=" in o]
    return Reading(Tmpfs(target, mib, tuple(options)), "; ".join(notes))


def tmpfs_mib(text: str) -> int:
    """A tmpfs size in MiB: a bare number is MiB, else docker's units."""
    if text.endswith("%"):
        raise InvalidValue(f"{shown(text)}: Batch knows no share of the memory", expected="a size such as 64m")
    size = docker_bytes(text) * (MIB if bare_number(text) else 1)
    return whole_mib(text, size, "write 64m for 64 MiB")


def read_memory_swap(text: str, known: Known) -> Reading:
    """Swap in MiB: a bare number as it is, docker's memory-plus-swap minus the memory when it has a unit."""
    if text == "-1":
        raise InvalidValue(
            "-1 (unlimited swap) cannot be said to Batch: maxSwap is 0 or a number of MiB", expected="MiB of swap"
        )
    size = docker_bytes(text)
    if bare_number(text):
        bounded_mib(text, size)
        return Reading(
            size,
            f"{text} is {size} MiB of swap: a bare number is MiB of swap alone, not docker's memory plus swap in bytes",
        )
    if known.memory_mib is None:
        raise InvalidValue(
            f"{text} is memory plus swap, and the memory is not known here",
            expected="MiB of swap alone, without a unit (1024 for 1 GiB)",
            hint="Or give the process a `memory` directive.",
        )
    if size < known.memory_mib * MIB:
        raise InvalidValue(
            f"{text} is less than the memory ({known.memory_mib} MiB), and it counts memory plus swap",
            expected=f"at least {known.memory_mib}m",
            hint="For MiB of swap alone, leave the unit out.",
        )
    swap = bounded_mib(text, size // MIB - known.memory_mib)
    return Reading(swap, f"{text} is {swap} MiB of swap beside {known.memory_mib} MiB of memory")


def read_swappiness(text: str, _known: Known) -> Reading:
    """0 to 100; -1 is docker's "not set"."""
    number = _whole(text, "a whole number from 0 to 100, or -1 for the default")
    if not -1 <= number <= 100:
        raise InvalidValue(f"{number} is no swappiness", expected="0 to 100, or -1 for the default")
    return Reading(None if number == -1 else number)


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
    number = _whole(count, "a count, such as 1")
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


def _mount_option(option: str, name: str, value: str) -> str:
    if name not in MOUNT_OPTIONS:
        raise InvalidValue(
            f"{shown(option)} is no mount option of Batch",
            expected="size=N and docker's mount options",
            hint=nearest(name, MOUNT_OPTIONS),
        )
    if bool(value) != (name in VALUED_MOUNT_OPTIONS) or ("=" in option and not value):
        wants = f"{name}=value" if name in VALUED_MOUNT_OPTIONS else f"{name} without a value"
        raise InvalidValue(f"{shown(option)} is incomplete or has too much", expected=wants)
    return option


def _limit(text: str) -> int:
    number = -1 if text == "unlimited" else _whole(text, "a whole number, -1 or unlimited")
    if not -1 <= number <= LARGEST_INT:
        raise InvalidValue(
            f"{shown(text)} is no limit the API can hold", expected=f"0 to {LARGEST_INT}, or -1 for unlimited"
        )
    return number


def _whole(text: str, expected: str) -> int:
    if not _WHOLE.fullmatch(text):
        raise InvalidValue(f"{shown(text)} is no whole number", expected=expected)
    return int(text)
