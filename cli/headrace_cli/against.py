"""`check --against QUEUE`: whether the machines of a queue could run the tasks, asked of Batch and EC2 before anything is submitted.

A task that names its own queues is compared with each of them, any other with QUEUE. Equal demands are asked once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from headrace.aws import queues
from headrace.core import preflight
from headrace.core.errors import Problem
from headrace.core.plan import ScopePlan
from headrace.core.preflight import Demand, Queue
from headrace.core.task_work import Work
from headrace_cli import task_requests
from headrace_cli.target import reach


@dataclass(frozen=True, slots=True)
class Compared:
    """What was found: `problems` of tasks and queues, and how many demands were compared with how many queues."""

    problems: tuple[Problem, ...]
    demands: int
    queues: int


def compare(
    plan: ScopePlan,
    deployment: Mapping[str, Any],
    queue: str,
    *,
    local: bool,
    profile: str | None,
    region: str | None,
    stack: str,
) -> Compared:
    """Every task known before the run against its queues."""
    asked = _asked(plan, deployment, queue)
    clients, where = _clients(local=local, profile=profile, region=region, stack=stack)
    found: dict[str, Queue | None] = {}
    problems: list[Problem] = []
    for name in dict.fromkeys(name for _, name, _ in asked):
        found[name] = there = queues.read(clients("batch"), clients("ec2"), name)
        if there is None:
            problems.append(preflight.no_queue(name, where, queues.names(clients("batch"))))
        else:
            problems += preflight.ailments(there)
    for process, name, demand in asked:
        if there := found[name]:
            problems += [_of(process, problem) for problem in preflight.misfits(demand, there)]
    return Compared(tuple(dict.fromkeys(problems)), len({demand for _, _, demand in asked}), len(found))


def _asked(plan: ScopePlan, deployment: Mapping[str, Any], queue: str) -> list[tuple[str, str, Demand]]:
    """Process, queue and demand of every task, each once."""
    found: dict[tuple[str, str, Demand], None] = {}
    for each in task_requests.requests(plan, deployment):
        if each.work is None or each.submit is None:
            continue
        demand = _demand(each.work, each.submit)
        for name in each.work.directives.queues or (queue,):
            found[each.process, name, demand] = None
    return list(found)


def _demand(work: Work, submit: Any) -> Demand:
    return preflight.demand_of(submit, work.directives.platform, work.directives.arch or "")


def _of(process: str, problem: Problem) -> Problem:
    return Problem(f"processes.{process}", problem.message, expected=problem.expected, hint=problem.hint)


def _clients(*, local: bool, profile: str | None, region: str | None, stack: str) -> tuple[Any, str]:
    """A maker of clients, and the region they ask. On AWS no stack is needed: the queue may be there before it."""
    if local:
        target = reach(local=True, profile=profile, region=region, stack=stack)
        return target.client, target.where
    import boto3

    session = boto3.session.Session(profile_name=profile, region_name=region)
    return session.client, str(session.region_name or "no region")
