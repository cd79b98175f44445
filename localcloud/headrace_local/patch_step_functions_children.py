"""Step Functions: the children of a Distributed Map, each an execution of its own.

Gap of moto 5.2.5 closed here: children have no ARNs, so that none can be described or stopped by itself.
https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html
"""

from __future__ import annotations

import threading
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any


@dataclass(kw_only=True)
class Child:
    """One child; `frame` is the environment it runs in while it runs, `parent` the execution whose Map made it."""

    arn: str
    machine: str
    map_run: str
    name: str
    frame: Any
    parent: str
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    status: str = "RUNNING"
    stopped: datetime | None = None
    told: dict[str, str] = field(default_factory=dict)
    over: threading.Event = field(default_factory=threading.Event)

    def shown(self) -> dict[str, Any]:
        """The child as ListExecutions shows it."""
        item = {
            "executionArn": self.arn,
            "stateMachineArn": self.machine,
            "mapRunArn": self.map_run,
            "name": self.name,
            "status": self.status,
            "startDate": self.started,
            "itemCount": 1,
        }
        return item if self.stopped is None else {**item, "stopDate": self.stopped}

    def described(self) -> dict[str, Any]:
        """The child as DescribeExecution shows it; its input and output are not kept."""
        return {**self.shown(), **self.told, "redriveCount": 0, "redriveStatus": "NOT_REDRIVABLE"}

    def stop(self, error: str | None, cause: str | None) -> datetime:
        """End it as ABORTED, and what it waits for; one that is over stays as it is. When it ended."""
        frame = self.frame
        if frame is not None:
            frame.set_stop(stop_date=datetime.now(UTC), cause=cause, error=error)
            self.over.wait(10)
        return self.stopped or datetime.now(UTC)

    def end(self, status: str, state: Any) -> None:
        """Note how it ended: `state` is the last one of its program, None when that never ran."""
        failure = getattr(state, "error", None)
        said = (
            failure if isinstance(failure, dict) else {name: getattr(state, name, None) for name in ("error", "cause")}
        )
        self.told = {name: str(said[name]) for name in ("error", "cause") if said.get(name)}
        self.stopped, self.status, self.frame = datetime.now(UTC), status, None
        self.over.set()


_of_run: dict[str, list[Child]] = {}
_by_arn: dict[str, Child] = {}


def named(record: Any, frame: Any) -> Child:
    """A new child of a map run, under a name of its own."""
    name = str(uuid.uuid4())
    arn = record.map_state_machine_arn.replace(":stateMachine:", ":execution:")
    child = Child(
        arn=f"{arn}:{name}",
        machine=record.map_state_machine_arn,
        map_run=record.map_run_arn,
        name=name,
        frame=frame,
        parent=str(frame.states.context_object.context_object_data["Execution"]["Id"]),
    )
    _of_run.setdefault(child.map_run, []).append(child)
    _by_arn[child.arn] = child
    return child


def of_run(map_run_arn: str) -> list[dict[str, Any]]:
    """The child executions of a map run, newest first, as ListExecutions shows them."""
    return [child.shown() for child in reversed(_of_run.get(map_run_arn, []))]


def find(arn: str) -> Child | None:
    """The child of this ARN."""
    return _by_arn.get(arn)
