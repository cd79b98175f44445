"""The options about memory: `--shm-size`, `--tmpfs`, `--memory-swap`, `--memory-swappiness`.

Batch counts all of it in MiB. A bare `--shm-size` is bytes, as in docker; a bare tmpfs size and a bare `--memory-swap` are
MiB, as pipelines written for AWS Batch have always meant them. Docker's `--memory-swap` is memory *plus* swap, Batch's
maxSwap the swap alone, so a value with a unit needs the task's memory to be understood.
Sources: docker docs, "docker container run", "Resource constraints"; Batch API reference, LinuxParameters, Tmpfs.
"""

from __future__ import annotations

from headrace.core.batch_values import MOUNT_OPTIONS, VALUED_MOUNT_OPTIONS
from headrace.core.container_option_values import Known, Reading, Tmpfs, whole_number
from headrace.core.docker_size import MIB, bare_number, bounded_mib, docker_bytes, size_note, whole_mib
from headrace.core.errors import InvalidValue, nearest, shown
from headrace.core.volumes import container_path


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
    number = whole_number(text, "a whole number from 0 to 100, or -1 for the default")
    if not -1 <= number <= 100:
        raise InvalidValue(f"{number} is no swappiness", expected="0 to 100, or -1 for the default")
    return Reading(None if number == -1 else number)


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
