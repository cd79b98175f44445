"""From a seed, what goes wrong in a run: the same for the same seed, for ever.

A run either is to end well whatever happens, or fails because a task does (`tripped`), or it or one of its scopes is stopped at
some transition (`aborted`); the last two are resumed. Faults stay within what the engine promises to bear: a function that is called
asynchronously is tried three times by Lambda, a class of failures has its budget, and EventBridge loses none of our own events.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from tests.chaos.pipeline import JOBS

from headrace.core.names import task_hash

Fault = dict[str, Any]

CALLS: Final[dict[str, dict[str, int]]] = {
    "launch_run": {"s3:GetObject": 4, "states:StartExecution": 1},
    "plan_scope": {
        "dynamodb:TransactWriteItems": 5,
        "dynamodb:UpdateItem": 1,
        "dynamodb:DeleteItem": 3,
        "dynamodb:Query": 18,
        "s3:PutObject": 20,
        "states:SendTaskSuccess": 1,
    },
    "await_inputs": {"dynamodb:PutItem": 31, "dynamodb:Query": 19, "dynamodb:GetItem": 12},
    "prepare_task": {"dynamodb:PutItem": 22, "dynamodb:GetItem": 39, "s3:PutObject": 102, "s3:GetObject": 41},
    "settle_task": {
        "dynamodb:TransactWriteItems": 17,
        "dynamodb:UpdateItem": 17,
        "dynamodb:DeleteItem": 28,
        "dynamodb:PutItem": 3,
        "dynamodb:Query": 120,
        "s3:PutObject": 15,
        "s3:CopyObject": 3,
        "states:SendTaskSuccess": 11,
        "events:PutEvents": 1,
    },
    "conclude_run": {
        "dynamodb:TransactWriteItems": 1,
        "dynamodb:DeleteItem": 1,
        "dynamodb:Query": 51,
        "s3:PutObject": 3,
        "events:PutEvents": 1,
        "batch:ListJobs": 1,
    },
    "send_alert": {"sns:Publish": 1},
    "watch_jobs": {"dynamodb:UpdateItem": 57, "dynamodb:Query": 10, "batch:*": 4},
}
"""Calls to AWS that each function makes in a quiet run, and so where its worker may die."""
TRANSITIONS: Final = 170
"""State transitions of a quiet run."""
_USUAL: Final = ("throttle", "server", "unanswered", "slow")
_WRITES: Final = (*_USUAL, "conflict")
API: Final[tuple[tuple[str, str, int, tuple[str, ...]], ...]] = (
    ("lambda:*", "dynamodb:*", 450, _USUAL),
    ("lambda:*", "dynamodb:TransactWriteItems", 23, _WRITES),
    ("lambda:*", "dynamodb:PutItem", 56, _WRITES),
    ("lambda:*", "dynamodb:UpdateItem", 18, _WRITES),
    ("lambda:*", "dynamodb:DeleteItem", 32, _WRITES),
    ("lambda:*", "dynamodb:GetItem", 58, _USUAL),
    ("lambda:*", "dynamodb:Query", 270, _USUAL),
    ("lambda:*", "dynamodb:BatchGetItem", 12, (*_USUAL, "partial")),
    ("lambda:*", "s3:*", 320, _USUAL),
    ("lambda:*", "s3:GetObject", 150, _USUAL),
    ("lambda:*", "s3:PutObject", 140, _USUAL),
    ("lambda:*", "s3:CopyObject", 3, _USUAL),
    ("lambda:*", "s3:ListObjectsV2", 16, _USUAL),
    ("lambda:*", "states:SendTaskSuccess", 12, _USUAL),
    ("lambda:*", "states:*", 15, _USUAL),
    ("lambda:*", "batch:*", 2, _USUAL),
    ("lambda:*", "logs:*", 6, _USUAL),
    ("lambda:*", "sns:*", 1, _USUAL),
    ("lambda:*", "events:PutEvents", 2, (*_USUAL, "partial")),
    ("batch:*", "s3:*", 190, _USUAL),
    ("batch:*", "s3:PutObject", 34, _USUAL),
    ("cloud", "batch:SubmitJob", 17, _USUAL),
    ("cloud", "lambda:Invoke", 70, _USUAL),
    ("cloud", "states:StartExecution", 5, _USUAL),
    ("cloud", "s3:GetObject", 5, ("throttle", "server", "slow")),
)
"""Who is not answered as usual, how often it calls in a quiet run, and the ways: functions, jobs, and the state machines."""
_LOSABLE: Final = ("duplicate", "delay", "reorder", "lose")
EVENTS: Final[dict[str, tuple[str, ...]]] = {
    "Object Created": ("duplicate", "delay", "reorder"),  # without it there is no run
    "Step Functions Execution Status Change": _LOSABLE,
    "Batch Job State Change": _LOSABLE,
    "Run State Change": ("duplicate", "delay", "reorder"),
    "Task Failed": ("duplicate", "delay", "reorder"),
}
_BATCH_TIMES: Final = {"spot": 4, "oom": 2, "pull": 3, "lost": 3, "race": 2, "hang": 2}


@dataclass(frozen=True, slots=True)
class Chaos:
    """What a seed stands for. `ending` is well, tripped or aborted; `trip` how a tripped run drains; `drop` how it starts."""

    seed: int
    ending: str
    trip: str
    drop: bool
    faults: tuple[Fault, ...]

    def __str__(self) -> str:
        started = "a file under launch/" if self.drop else "StartExecution"
        lines = [f"seed {self.seed}: {self.ending}{f' ({self.trip})' if self.trip else ''}, started by {started}"]
        return "\n  ".join([*lines, *(f"{fault}" for fault in self.faults)])


def plan(seed: int) -> Chaos:
    """What goes wrong with this seed."""
    chance = random.Random(f"headrace {seed}")
    ending = _one(chance, ("well", "well", "well", "aborted", "aborted", "tripped"))
    taken: set[str] = set()
    faults = [_MAKERS[_one(chance, tuple(_MAKERS))](chance, taken) for _ in range(_whole(chance, 1, 6))]
    if ending == "aborted":
        faults.append(
            {
                "kind": "execution",
                "machine": _one(chance, ("*run-pipeline", "*run-pipeline", "*run-scope")),
                "transition": _whole(chance, 2, TRANSITIONS),
                "fault": _one(chance, ("abort", "abandon")),
            }
        )
    trip = _one(chance, ("terminate", "finish")) if ending == "tripped" else ""
    return Chaos(seed, ending, trip, chance.random() < 0.7, tuple(fault for fault in faults if fault))


def seeds(said: str) -> list[int]:
    """`200`: so many, from 0; `17,` or `3,5`: these; `0-99`: from and to, both included."""
    if said.isdecimal():
        return list(range(int(said)))
    found: list[int] = []
    for part in filter(None, said.split(",")):
        first, _, last = part.partition("-")
        found += range(int(first), int(last or first) + 1)
    return found


def asked(usual: Iterable[int]) -> list[int]:
    """What SEED (one) or SEEDS ask for, else the usual ones."""
    if one := os.environ.get("SEED"):
        return [int(one)]
    said = os.environ.get("SEEDS")
    return seeds(said) if said else list(usual)


def _kill(chance: random.Random, taken: set[str]) -> Fault:
    function = _one(chance, tuple(CALLS))
    if function in taken:
        return {}
    taken.add(function)
    calls = CALLS[function]
    operation = "*" if chance.random() < 0.4 else _one(chance, tuple(calls))
    most = sum(calls.values()) if operation == "*" else calls[operation]
    return {
        "kind": "lambda",
        "function": function,
        "operation": operation,
        "call": _whole(chance, 1, most),
        "when": _one(chance, ("before", "after")),
        "fault": _one(chance, ("exit", "timeout")),
        "times": _whole(chance, 1, 2),
    }


def _job(chance: random.Random, taken: set[str]) -> Fault:
    task = _one(chance, JOBS)
    if task in taken:
        return {}
    taken.add(task)
    fault = _one(chance, tuple(_BATCH_TIMES))
    struck: Fault = {"afterSeconds": round(chance.random() / 2, 2)}
    if chance.random() < 0.5:
        struck = {
            "operation": _one(chance, ("*", "s3:PutObject")),
            "call": _whole(chance, 1, 3),
            "when": _one(chance, ("before", "after")),
        }
    return {
        "kind": "batch",
        "job": f"hr-*-{task_hash(task)}-*",
        "fault": fault,
        **(struck if fault in ("spot", "oom", "race") else {}),
        "times": _whole(chance, 1, _BATCH_TIMES[fault]),
    }


def _answer(chance: random.Random, _taken: set[str]) -> Fault:
    caller, operation, calls, faults = _one(chance, API)
    times = _whole(chance, 1, 3)
    return {
        "kind": "api",
        "caller": caller,
        "operation": operation,
        "fault": _one(chance, faults),
        "call": _whole(chance, 1, max(1, calls // times)),
        "seconds": round(chance.random(), 2),
        "times": times,
    }


def _event(chance: random.Random, _taken: set[str]) -> Fault:
    detail_type = _one(chance, tuple(EVENTS))
    fault = _one(chance, EVENTS[detail_type])
    return {
        "kind": "event",
        "detailType": detail_type,
        "fault": fault,
        "seconds": round(chance.random() * 2, 2),
        "times": _whole(chance, 1, 20),
    }


_MAKERS: Final[dict[str, Callable[[random.Random, set[str]], Fault]]] = {
    "kill": _kill,
    "kill again": _kill,
    "job": _job,
    "job again": _job,
    "answer": _answer,
    "answer again": _answer,
    "event": _event,
}


def _one(chance: random.Random, of: tuple[Any, ...]) -> Any:
    # `random()` alone is the same in every version of Python.
    return of[int(chance.random() * len(of))]


def _whole(chance: random.Random, least: int, most: int) -> int:
    return least + int(chance.random() * (most - least + 1))
