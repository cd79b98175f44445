"""What `containerOptions` mean: `docker run` options, understood once, in the units of the Batch API.

`parse` reads a text, a map or a list; every option ends as a field, as a note, or as a problem that names it, and all
problems come together. Equal meanings are equal values (notes aside): the last of repeated single options counts,
repeats of one variable, limit or label replace each other, `--flag=false` is the same as nothing. `option_text` prints
the canonical text, and parsing that gives the same options again.
Source: docker docs, "docker container run"; the table is container_option_table.
"""

from __future__ import annotations

import csv
import io
import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from headrace.core.container_option_flags import Given, given_options
from headrace.core.container_option_values import Device, Known, Named, Reading, Tmpfs, Ulimit
from headrace.core.errors import InvalidSpec, InvalidValue, Problem
from headrace.core.volumes import Volume

_TRUE: Final = frozenset({"1", "t", "T", "true", "TRUE", "True"})
_FALSE: Final = frozenset({"0", "f", "F", "false", "FALSE", "False"})


@dataclass(frozen=True, slots=True)
class ContainerOptions:
    """Options as understood; a field left alone means the option was not given, or said docker's default."""

    environment: tuple[Named, ...] = ()
    user: str = ""
    privileged: bool = False
    read_only: bool = False
    init: bool = False
    ulimits: tuple[Ulimit, ...] = ()
    shm_mib: int | None = None
    tmpfs: tuple[Tmpfs, ...] = ()
    swap_mib: int | None = None
    swappiness: int | None = None
    devices: tuple[Device, ...] = ()
    gpus: int = 0
    volumes: tuple[Volume, ...] = ()
    log_driver: str = ""
    log_options: tuple[Named, ...] = ()
    labels: tuple[Named, ...] = ()
    notes: tuple[str, ...] = field(default=(), compare=False)


NO_OPTIONS: Final = ContainerOptions()


def parse(
    source: object, *, declared_env: Mapping[str, object] | None = None, memory_mib: int | None = None
) -> ContainerOptions:
    """The options of a text, a map or a list. InvalidSpec with every problem; `memory_mib` is the task's memory."""
    known = Known(declared_env or {}, memory_mib)
    problems: list[Problem] = []
    fields: dict[str, Any] = {}
    notes: list[str] = []
    for use in given_options(source):
        if isinstance(use, Problem):
            problems.append(use)
            continue
        try:
            reading = _reading(use, known)
        except InvalidValue as error:
            problems.append(_problem(use, error))
            continue
        notes += [f"{use.spelled}: {note}" for note in (reading.note, _unexpanded(use)) if note]
        _keep(fields, use, reading.value)
    options = ContainerOptions(
        **{name: _settled(value) for name, value in fields.items()}, notes=tuple(dict.fromkeys(notes))
    )
    problems += _conflicts(options)
    if problems:
        raise InvalidSpec(problems)
    return _with_notes(options)


def option_text(options: ContainerOptions) -> str:
    """The canonical `docker run` text of the options; `parse` of it gives the same options."""
    return " ".join(shlex.quote(word) for word in _words(options))


def _reading(use: Given, known: Known) -> Reading:
    option, value = use.option, use.value
    if use.broken and not option.refused:
        return Reading(None)
    if option.is_flag:
        value = _boolean(value)
    if option.refused:
        harmless = option.harmless or (("false",) if option.is_flag else ())
        if value in harmless:
            return Reading(None, option.note)
        raise InvalidValue(option.reason, hint=f"Use {option.instead}." if option.instead else "Leave it out.")
    if option.is_flag and option.mapped:
        return Reading(value == "true")
    return option.read(value, known) if option.read else Reading(None, option.note)


def _boolean(text: str) -> str:
    if text not in _TRUE | _FALSE:
        raise InvalidValue(f"{text!r} is neither true nor false", expected="true or false")
    return "true" if text in _TRUE else "false"


def _keep(fields: dict[str, Any], use: Given, value: object) -> None:
    option = use.option
    if not option.mapped or use.broken:
        return
    if not option.many:
        fields[option.field] = value
        return
    name = "tmpfs" if isinstance(value, Tmpfs) else option.field
    items = fields.setdefault(name, {})
    key = (
        (value,) if isinstance(value, Volume | Device) else getattr(value, "name", getattr(value, "container_path", ""))
    )
    items[key] = value


def _settled(value: Any) -> Any:
    return tuple(value.values()) if isinstance(value, dict) else value


def _unexpanded(use: Given) -> str:
    return f"{', '.join(use.variables)} is sent as it stands: no shell reads this" if use.variables else ""


def _problem(use: Given, error: InvalidValue) -> Problem:
    return Problem("", f"{use.spelled} at {use.place}: {error.message}", expected=error.expected, hint=error.hint)


def _conflicts(options: ContainerOptions) -> Iterator[Problem]:
    seen: set[str] = set()
    paths = [volume.container_path for volume in options.volumes] + [tmpfs.container_path for tmpfs in options.tmpfs]
    for path in paths:
        if path in seen:
            yield Problem("", f"two mounts at {path}", expected="one mount per path of the container")
        seen.add(path)


def _with_notes(options: ContainerOptions) -> ContainerOptions:
    notes = []
    if options.swappiness is not None and options.swap_mib is None:
        notes.append("--memory-swappiness: AWS Batch ignores it without --memory-swap")
    if options.log_options and not options.log_driver:
        notes.append("--log-opt: without --log-driver the options go to awslogs, the driver of AWS Batch")
    return replace(options, notes=(*options.notes, *notes)) if notes else options


def _words(options: ContainerOptions) -> Iterator[str]:
    yield from (f"--device={d.host_path}:{d.container_path}:{d.permissions}" for d in options.devices)
    yield from (f"--env={_pair(variable)}" for variable in options.environment)
    yield from (f"--{flag}={value}" for flag, value in _single(options) if value not in (None, "", 0))
    yield from (f"--{flag}" for flag, on in _switches(options) if on)
    yield from (f"--label={_pair(label)}" for label in options.labels)
    yield from (f"--log-opt={_pair(option)}" for option in options.log_options)
    yield from (f"--tmpfs={t.container_path}:{','.join((*t.options, f'size={t.size_mib}m'))}" for t in options.tmpfs)
    yield from (f"--ulimit={limit.name}={limit.soft}:{limit.hard}" for limit in options.ulimits)
    yield from (_mount(volume) for volume in options.volumes)


def _single(options: ContainerOptions) -> Iterable[tuple[str, object]]:
    shm = f"{options.shm_mib}m" if options.shm_mib is not None else None
    swap = None if options.swap_mib is None else str(options.swap_mib)
    swappiness = None if options.swappiness is None else str(options.swappiness)
    return (
        ("gpus", options.gpus),
        ("log-driver", options.log_driver),
        ("memory-swap", swap),
        ("memory-swappiness", swappiness),
        ("shm-size", shm),
        ("user", options.user),
    )


def _switches(options: ContainerOptions) -> Iterable[tuple[str, bool]]:
    return ("init", options.init), ("privileged", options.privileged), ("read-only", options.read_only)


def _pair(item: Named) -> str:
    return item.name if item.value is None else f"{item.name}={item.value}"


def _mount(volume: Volume) -> str:
    if volume.host and ":" not in volume.host + volume.container_path:
        return f"--volume={volume.host}:{volume.container_path}{':ro' if volume.read_only else ''}"
    fields = [f"type={'bind' if volume.host else 'volume'}", f"target={volume.container_path}"]
    fields += [f"source={volume.host}"] if volume.host else []
    fields += ["readonly"] if volume.read_only else []
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(fields)
    return f"--mount={line.getvalue()}"
