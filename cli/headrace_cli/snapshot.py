"""How a run stands right now: its record, its plans, its tasks' records, and what Batch says of live jobs.

Plans never change once written, so each is read once. A task without a record is running or queued when Batch has a live job
of its, else it waits; in a concluded run it reads as cancelled.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from headrace.aws import batch as jobs
from headrace.aws import ledger, ledger_runs
from headrace.aws import s3 as store
from headrace.aws.sweeping import queues_of
from headrace.core import names, run_facts, run_state
from headrace.core.records import Epoch, RunRecord, TaskRecord
from headrace_cli.target import Target

COLUMNS: Final = ("waiting", "queued", "running", "done", "failed", "cancelled")
_LIVE: Final = {"STARTING": "running", "RUNNING": "running"}
_QUEUES_EVERY: Final = 10


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A run at one moment. `tasks` maps every planned task to its process, `states` to how it stands."""

    run: RunRecord
    tasks: Mapping[str, str]
    states: Mapping[str, str]
    records: Mapping[str, TaskRecord]

    @property
    def done(self) -> int:
        """Tasks that ended well."""
        return sum(run_state.counts(state) for state in self.states.values())

    def rows(self) -> dict[str, Counter[str]]:
        """Counts by process, in the order of the plan."""
        rows: dict[str, Counter[str]] = {}
        for task, process in self.tasks.items():
            state = self.states[task]
            rows.setdefault(process, Counter())["done" if run_state.counts(state) else state] += 1
        return rows


@dataclass(slots=True)
class Watch:
    """Looks at one epoch of a run, again and again."""

    target: Target
    epoch: Epoch
    _tasks: dict[str, str] = field(default_factory=dict)
    _plans: set[str] = field(default_factory=set)
    _queues: list[str] = field(default_factory=list)
    _looks: int = 0

    def look(self) -> Snapshot | None:
        """The run as it is now, None when it has not begun."""
        table = self.target.table
        # The record first: a state read before the tasks never claims an end that they do not show.
        run = ledger_runs.read_run(table, self.epoch)
        if run is None:
            return None
        self._read_plans()
        found = {name: record for name, record in ledger.tasks_with(table, self.epoch).items() if name in self._tasks}
        live = {} if run.state in run_state.CONCLUDED else self._live()
        states = {
            task: found[task].status
            if task in found
            else live.get(names.task_hash(task)) or run_state.reads_as("", run.state)
            for task in self._tasks
        }
        return Snapshot(run, dict(self._tasks), states, found)

    def _read_plans(self) -> None:
        s3 = self.target.client("s3")
        scopes = run_facts.folder(self.target.bucket, self.epoch.run, self.epoch.number) + "scopes/"
        for item in store.list_objects(s3, scopes):
            if item.uri.endswith("/plan.json") and item.uri not in self._plans:
                self._plans.add(item.uri)
                self._tasks |= {each["id"]: each["p"] for each in json.loads(store.read(s3, item.uri)) if "p" in each}

    def _live(self) -> dict[str, str]:
        """Hash of a task → `queued` or `running`, for tasks with a live job."""
        if self._looks % _QUEUES_EVERY == 0:
            self._queues = queues_of(self.target.table, self.epoch, self.target.queue)
        self._looks += 1
        prefix = names.job_prefix(self.epoch.run, self.epoch.number)
        found = {}
        for queue in self._queues:
            for job in jobs.jobs_named(self.target.client("batch"), queue, prefix):
                parsed = names.parse_job_name(job["jobName"])
                if parsed is not None:
                    found[parsed.task_hash] = _LIVE.get(job.get("status", ""), "queued")
        return found
