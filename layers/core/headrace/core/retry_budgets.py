"""How often each class of failure may be tried again, and what changes then: one table, and how a spec alters it.

Budgets are per class: a lost host never uses up a task's own retries. What only the world did (host-lost, spot, capacity,
pulls, the engine) is tried again by itself; what the script did is not, unless the spec asks for it; more memory is given
after out-of-memory, twice. `retry:` in a spec replaces entries:

    retry:
      out-of-memory: {times: 3, memory: 1.5, upTo: 64 GB}   # each time 1.5 times the memory, at most 64 GB
      timeout: {times: 1, time: 2}                          # once more, with twice the time
      exit: {times: 2, codes: [104, 143], delay: 30s}       # only after these exit codes
      image-pull: 5                                         # a number alone is `times`
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from headrace.core import units
from headrace.core.errors import InvalidValue, nearest, shown
from headrace.core.outcome_classes import OutcomeClass

C = OutcomeClass


@dataclass(frozen=True, slots=True)
class Budget:
    """`times` further tries. `delay_s` before the first, doubling; factors for memory and time, `memory_max_mib` at most.

    `next_queue`: each try moves one queue down the ladder; `must_move`: without a further queue there is no try.
    `codes`: only after these exit codes (empty: any).
    """

    times: int = 0
    delay_s: int = 0
    memory_factor: float = 1.0
    memory_max_mib: int | None = None
    time_factor: float = 1.0
    next_queue: bool = False
    must_move: bool = False
    codes: tuple[int, ...] = ()


DEFAULTS: Final[dict[OutcomeClass, Budget]] = {
    C.HOST_LOST: Budget(times=3, next_queue=True),
    C.SPOT: Budget(times=3, next_queue=True),
    C.NO_CAPACITY: Budget(times=9, next_queue=True, must_move=True),
    C.STUCK: Budget(times=9, next_queue=True, must_move=True),
    C.IMAGE_PULL: Budget(times=3, delay_s=30),
    C.RUNTIME: Budget(times=3, delay_s=15),
    C.THROTTLED: Budget(times=5, delay_s=60),
    C.ENGINE: Budget(times=2, delay_s=30),
    C.OUT_OF_MEMORY: Budget(times=2, memory_factor=2.0),
    C.DISK_FULL: Budget(times=1),
    C.TIMEOUT: Budget(times=0, time_factor=2.0),
    C.STAGE_IN: Budget(times=2, delay_s=15),
    C.STAGE_OUT: Budget(times=2, delay_s=15),
    C.UNKNOWN: Budget(times=1, delay_s=15),
    C.EXIT: Budget(),
    C.MISSING_OUTPUT: Budget(),
    C.ARCHITECTURE: Budget(),
    C.ENTRYPOINT: Budget(),
    C.SHELL: Budget(),
    C.TRANSFER_TOOL: Budget(),
    C.PERMISSION: Budget(),
    C.SUBMIT_REFUSED: Budget(),
    C.CANCELLED: Budget(),
    C.SUCCEEDED: Budget(),
}

FIRM: Final = frozenset(
    {
        C.SUCCEEDED,
        C.CANCELLED,
        C.ARCHITECTURE,
        C.ENTRYPOINT,
        C.SHELL,
        C.TRANSFER_TOOL,
        C.PERMISSION,
        C.SUBMIT_REFUSED,
    }
)
"""Where another try ends the same: `errorStrategy: retry` does not reach these, only an entry of their own in `retry:`."""

MOST_TIMES: Final = 20
_FACTOR: Final = (1.0, 16.0)
_KEYS: Final = ("times", "delay", "memory", "upTo", "time", "codes")
_MOST_DELAY_S: Final = 3600


def read(table: object) -> dict[OutcomeClass, Budget]:
    """The entries of a spec's `retry:` as budgets. InvalidValue says which entry is wrong and what it may be."""
    if not isinstance(table, Mapping):
        raise InvalidValue(f"retry is {shown(table)}", expected="a mapping of failure classes, as {out-of-memory: 3}")
    return {_kind(name): _budget(_kind(name), value) for name, value in table.items()}


def _kind(name: object) -> OutcomeClass:
    known = [str(kind) for kind in OutcomeClass if kind is not C.SUCCEEDED]
    if name not in known:
        raise InvalidValue(
            f"retry has no class {shown(name)}", expected=f"one of {', '.join(known)}", hint=nearest(str(name), known)
        )
    return OutcomeClass(str(name))


def _budget(kind: OutcomeClass, value: object) -> Budget:
    base = replace(DEFAULTS[kind], must_move=False)  # who names a class asks for tries, on the same queue if need be
    if not isinstance(value, Mapping):
        return replace(base, times=_times(kind, value))
    for key in value:
        if key not in _KEYS:
            raise InvalidValue(
                f"retry.{kind} has no key {shown(key)}",
                expected=f"one of {', '.join(_KEYS)}",
                hint=nearest(str(key), _KEYS),
            )
    if value.get("memory") is not None and kind is not C.OUT_OF_MEMORY:
        raise InvalidValue(f"retry.{kind}.memory has no meaning", expected="memory under out-of-memory only")
    if value.get("time") is not None and kind is not C.TIMEOUT:
        raise InvalidValue(f"retry.{kind}.time has no meaning", expected="time under timeout only")
    return Budget(
        times=_times(kind, value.get("times", max(1, base.times))),
        delay_s=_delay(kind, value["delay"]) if "delay" in value else base.delay_s,
        memory_factor=_factor(kind, "memory", value.get("memory", base.memory_factor)),
        memory_max_mib=units.memory_mib(value["upTo"]) if "upTo" in value else None,
        time_factor=_factor(kind, "time", value.get("time", base.time_factor)),
        next_queue=base.next_queue,
        codes=_codes(kind, value.get("codes", ())),
    )


def _times(kind: OutcomeClass, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MOST_TIMES:
        raise InvalidValue(f"retry.{kind}.times is {shown(value)}", expected=f"a whole number from 0 to {MOST_TIMES}")
    return value


def _delay(kind: OutcomeClass, value: object) -> int:
    seconds = units.duration_s(value)
    if seconds > _MOST_DELAY_S:
        raise InvalidValue(f"retry.{kind}.delay is {shown(value)}", expected="at most 1 h")
    return seconds


def _factor(kind: OutcomeClass, key: str, value: object) -> float:
    least, most = _FACTOR
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise InvalidValue(
            f"retry.{kind}.{key} is {shown(value)}", expected=f"a factor from {least:g} to {most:g}, as 2"
        )
    return float(value)


def _codes(kind: OutcomeClass, value: object) -> tuple[int, ...]:
    codes = tuple(value) if isinstance(value, list | tuple) else (value,)
    if not all(isinstance(code, int) and not isinstance(code, bool) and 0 < code <= 255 for code in codes):
        raise InvalidValue(f"retry.{kind}.codes is {shown(value)}", expected="exit codes from 1 to 255, as [104, 143]")
    return codes
