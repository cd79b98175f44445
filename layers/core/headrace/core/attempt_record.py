"""What is written down of an attempt before it runs, and read back when it has ended (`runs/…/tasks/<hash>/<n>.json`).

Jobs cannot write there: what a task declared, and where its results go, is not theirs to change.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from headrace.core.task_work import Attempt, DeclaredOutput, Work


@dataclass(frozen=True, slots=True)
class Plan:
    """An attempt as settle_task needs it. `prefix` is the work's folder; `shown` are the hash's parts as `why` shows them."""

    task: str
    process: str
    keys: Mapping[str, str]
    hash: str
    prefix: str
    parts: Mapping[str, str]
    outputs: Mapping[str, DeclaredOutput]
    attempt: Attempt
    memory_mib: int
    time_s: int | None
    shown: Mapping[str, str] = field(default_factory=dict)

    @property
    def mode(self) -> str:
        """What `cache` was: `true`, `false`, `lenient` or `deep`."""
        return self.shown.get("cache", "true")


def plan_of(work: Work, prefix: str) -> Plan:
    """The part of a task's work that outlives its submission."""
    return Plan(
        task=work.task,
        process=work.process,
        keys=work.keys,
        hash=work.hash.value,
        prefix=prefix,
        parts=work.hash.parts,
        outputs=work.outputs,
        attempt=work.attempt,
        memory_mib=work.memory_mib,
        time_s=work.time_s,
        shown=work.hash.shown,
    )


def to_json(plan: Plan) -> dict[str, Any]:
    """The plan as JSON data."""
    return asdict(plan)


def brief(plan: Plan) -> dict[str, Any]:
    """The plan as far as a result that was found done needs it, short enough to travel in a state."""
    return to_json(replace(plan, parts={}, outputs={}, shown={}))


def from_json(value: Mapping[str, Any]) -> Plan:
    """The plan of JSON data."""
    outputs = {
        name: DeclaredOutput(**{**output, "data_path": tuple(output["data_path"])})
        for name, output in value["outputs"].items()
    }
    return Plan(**{**value, "outputs": outputs, "attempt": Attempt(**value["attempt"])})
