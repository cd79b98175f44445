"""What a function is told by its environment: read once, checked at cold start, passed on as a frozen value.

Each function declares the settings it uses as one frozen dataclass; the contract tests compare them with template.yaml in
both directions. Plain dataclasses, because building a pydantic model costs more cold-start time than five strings are worth.
"""

from __future__ import annotations

import os
from dataclasses import MISSING, dataclass, fields
from typing import TypeVar

from headrace.core.errors import HeadraceError

PREFIX = "HEADRACE_"

SettingsT = TypeVar("SettingsT", bound="Settings")


@dataclass(frozen=True, slots=True)
class Settings:
    """What every function has: the stack's name, bucket and ledger, and the tenant whose work it shares."""

    stack: str
    bucket: str
    ledger: str
    tenant: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AllowingSettings(Settings):
    """What pipelines may ask for, for the functions that refuse the rest: the stack's parameters, lists with commas.

    `tenant_roles` parts the deployment among teams; `execution_role` is the stack's own, which no team's job may have.
    """

    allow_privileged: str = "no"
    allowed_images: str = ""
    allowed_definitions: str = ""
    allowed_roles: str = ""
    allowed_host_paths: str = ""
    allowed_write_buckets: str = ""
    tenant_roles: str = ""
    execution_role: str = ""


@dataclass(frozen=True, slots=True)
class LaunchRunSettings(AllowingSettings):
    """launch_run also starts executions of run_pipeline."""

    run_pipeline: str


@dataclass(frozen=True, slots=True)
class PlanScopeSettings(AllowingSettings):
    """plan_scope also knows how many tasks one Map may have and who releases what it has no time for."""

    map_concurrency: int
    settle_task: str


@dataclass(frozen=True, slots=True)
class PrepareTaskSettings(AllowingSettings):
    """prepare_task also knows where jobs run, as whom, and where their logs go."""

    queue: str
    public_ips: str
    job_logs: str
    work_days: int
    job_role: str = ""
    allowed_queues: str = ""


@dataclass(frozen=True, slots=True)
class SettleTaskSettings(Settings):
    """settle_task also reads the logs of failed jobs."""

    job_logs: str
    work_days: int


@dataclass(frozen=True, slots=True)
class ConcludeRunSettings(Settings):
    """conclude_run also looks for executions and jobs that are left, and has summaries made that are missing."""

    run_pipeline: str
    queue: str
    settle_task: str
    summarise_logs: str
    job_logs: str


@dataclass(frozen=True, slots=True)
class SummariseLogsSettings(Settings):
    """summarise_logs also knows where jobs' logs go."""

    job_logs: str


@dataclass(frozen=True, slots=True)
class WatchJobsSettings(Settings):
    """watch_jobs also knows the default queue, how long jobs may wait, where they log, and who settles a lost one's task."""

    queue: str
    settle_task: str
    job_logs: str
    wait_runnable_minutes: int
    wait_firm_minutes: int
    wait_starting_minutes: int
    silent_minutes: int
    alert_again_hours: int


@dataclass(frozen=True, slots=True)
class SendAlertSettings(Settings):
    """send_alert also knows the topic."""

    topic: str


def read(kind: type[SettingsT]) -> SettingsT:
    """The function's settings from `HEADRACE_*`; HeadraceError naming every variable that is missing or not a number."""
    values: dict[str, object] = {}
    wrong = []
    for field in fields(kind):
        name = PREFIX + field.name.upper()
        text = os.environ.get(name, "")
        if not text and field.default is MISSING:
            wrong.append(f"{name} is not set")
        elif field.type in (int, "int"):
            if text.isdigit():
                values[field.name] = int(text)
            else:
                wrong.append(f"{name} is {text!r}, expected a number")
        else:
            values[field.name] = text
    if wrong:
        raise HeadraceError("; ".join(wrong))
    return kind(**values)  # type: ignore[arg-type]  # built from the dataclass's own fields
