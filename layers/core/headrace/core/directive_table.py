"""The table of directives: what a process may say about how its tasks run, and the form it ends in (rule 12).

One row per directive: how its value is read, when it is evaluated, what the documentation says. Names are Nextflow's where it
has one: those of its `aws.batch` scope stand here one by one, those of `aws.client` that mean anything to a job in `transfer`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

from pydantic import Field

from headrace.core import batch_options, transfers, units
from headrace.core import directive_readers as readers
from headrace.core import directive_values as values
from headrace.core.expressions import Template
from headrace.core.frozen import ByInstance, Frozen
from headrace.core.named_errors import NamedError
from headrace.core.outcome_classes import OutcomeClass
from headrace.core.reading import At
from headrace.core.retry_budgets import Budget
from headrace.core.spec_errors import FORM as ERRORS_FORM
from headrace.core.spec_errors import read_errors
from headrace.core.spec_publish import Publish, read_publish
from headrace.core.volumes import Volume

Moment = Literal["check", "plan", "attempt", "success"]
DEFAULT_SHELL: Final = ("bash", "-euo", "pipefail")


@dataclass(frozen=True, slots=True)
class Directive:
    """One directive: how its value is read, when it is evaluated, and what the docs say about it.

    `field` names it in TaskDirectives. At `check` no expression may stand in it; parts named in `later` (and all of one
    evaluated after `success`) stay Templates until then.
    """

    name: str
    field: str
    read: readers.Reader
    moment: Moment
    form: str
    about: str
    by_key: bool = False
    later: frozenset[str] = frozenset()


class TaskDirectives(Frozen):
    """A task's directives, valid and in one unit each: MiB, GiB, seconds. None means: nothing was said."""

    container: values.Container | None = None
    container_options: str | list[Any] | dict[str, Any] | None = None
    cpus: int | float | None = None
    memory_mib: int | None = None
    disk_gib: int | None = None
    time_s: int | None = None
    accelerator: values.Accelerator | None = None
    queues: tuple[str, ...] = ()
    executor: Literal["awsbatch"] = "awsbatch"
    arch: Literal["x86_64", "arm64"] | None = None
    env: dict[str, str] = Field(default_factory=dict)
    secrets: dict[str, str] = Field(default_factory=dict)
    job_role: str | None = None
    volumes: tuple[ByInstance[Volume], ...] = ()
    platform: Literal["EC2", "FARGATE"] = "EC2"
    cli_path: str = ""
    execution_role: str | None = None
    logs_group: str = ""
    share_identifier: str = ""
    scheduling_priority: int | None = None
    max_spot_attempts: int | None = None
    max_transfer_attempts: int | None = None
    max_parallel_transfers: int | None = None
    transfer_delay_s: int | None = None
    retry_mode: str = ""
    transfer: transfers.Transfer = transfers.NO_TRANSFER
    consumable_resources: dict[str, int] = Field(default_factory=dict)
    resource_labels: dict[str, str] = Field(default_factory=dict)
    resource_limits: values.ResourceLimits | None = None
    error_strategy: Literal["terminate", "finish", "ignore", "retry"] = "terminate"
    max_retries: int = 1
    max_errors: values.MaxErrors | None = None
    retry: dict[OutcomeClass, ByInstance[Budget]] = Field(default_factory=dict)
    errors: tuple[ByInstance[NamedError], ...] = ()
    wait_limit: values.WaitLimit | None = None
    max_forks: int | None = None
    label: tuple[str, ...] = ()
    publish: tuple[Publish, ...] = ()
    shell: tuple[str, ...] = DEFAULT_SHELL
    cache: bool | Literal["lenient", "deep"] = True
    scratch: bool = True
    on_failure: tuple[str, ...] = ()
    stop_when: ByInstance[Template] | None = None

    @property
    def gpus(self) -> int:
        """How many GPUs the task asks for."""
        return self.accelerator.count if self.accelerator else 0


def _stop_when(at: At) -> Any:
    if isinstance(at.value, Template) and at.value.lone:
        return at.value
    at.refuse("not one lone expression", expected="one ${{ … }} that is true when the run shall stop")
    return None


_TABLE: Final = (
    Directive("container", "container", values.container, "attempt", "image · `job-definition://name[:revision]` · `{image, credentials}`", "the image a task runs in"),
    Directive("containerOptions", "container_options", values.container_options, "attempt", "text, list or map", "options as `docker run` takes them"),
    Directive("cpus", "cpus", readers.leaf(units.cpus), "attempt", "whole number; 0.25 or 0.5 on Fargate", "vCPUs"),
    Directive("memory", "memory_mib", readers.leaf(units.memory_mib), "attempt", "size, `8 GB`", "memory"),
    Directive("disk", "disk_gib", readers.leaf(units.disk_gib), "attempt", "size, `50 GB`", "disk space (Fargate)"),
    Directive("time", "time_s", readers.leaf(units.time_limit_s), "attempt", "duration, `90m`, at least `60s`", "the longest an attempt may run"),
    Directive("accelerator", "accelerator", values.accelerator, "attempt", "number · `{count, type}`", "GPUs"),
    Directive("queue", "queues", values.queue, "attempt", "name or ARN · list", "the job queue; a list is a ladder that retries climb"),
    Directive("executor", "executor", values.executor, "check", "`awsbatch`", "where tasks run"),
    Directive("arch", "arch", values.arch, "attempt", "`x86_64` · `arm64`", "processor architecture"),
    Directive("env", "env", values.env, "attempt", "map name: value", "environment variables", by_key=True),
    Directive("secrets", "secrets", values.secrets, "attempt", "map name: `ssm:…` · `secretsmanager:…`", "variables whose values Batch fetches", by_key=True),
    Directive("jobRole", "job_role", values.job_role, "attempt", "ARN", "the IAM role of the job"),
    Directive("volumes", "volumes", values.volumes, "attempt", "`host:path[:ro]` · `{efs, path, at, readOnly, accessPoint}` · list", "what is mounted into the container"),
    Directive("consumableResources", "consumable_resources", values.consumable_resources, "attempt", "map name: number", "licences and other things Batch counts"),
    Directive("resourceLabels", "resource_labels", values.resource_labels, "attempt", "map tag: text", "tags of the job, for bills", by_key=True),
    Directive("resourceLimits", "resource_limits", values.resource_limits, "attempt", "`{cpus, memory, disk, time}`", "caps on what a task may ask for"),
    Directive("platformType", "platform", batch_options.platform, "attempt", "`ec2` · `fargate`", "what kind of machines the queue has"),
    Directive("cliPath", "cli_path", batch_options.cli_path, "attempt", "path on the instance, `/opt/aws-cli/bin/aws`", "the `aws` tool mounted from the instance; its installation folder is mounted with it"),
    Directive("executionRole", "execution_role", values.job_role, "attempt", "ARN", "the IAM role that pulls the image, opens the log and fetches secrets"),
    Directive("logsGroup", "logs_group", batch_options.logs_group, "attempt", "name of a log group", "where the job's log goes in CloudWatch"),
    Directive("shareIdentifier", "share_identifier", batch_options.share_identifier, "attempt", "letters and digits", "the share of a fair-share queue"),
    Directive("schedulingPriority", "scheduling_priority", readers.whole(0, 9999), "attempt", "0 to 9999, with a shareIdentifier", "which jobs of a share start first"),
    Directive("maxSpotAttempts", "max_spot_attempts", readers.whole(0, 10), "attempt", "0 to 10", "how often Batch itself starts a job whose machine was lost; 0 and 1 are one start"),
    Directive("maxTransferAttempts", "max_transfer_attempts", transfers.tries, "attempt", "1 to 50", "how often the transfer of a file is tried"),
    Directive("maxParallelTransfers", "max_parallel_transfers", readers.whole(1, 256), "attempt", "1 to 256", "how many files a job moves at once"),
    Directive("delayBetweenAttempts", "transfer_delay_s", batch_options.delay, "attempt", "duration up to `10m`", "the pause before files that failed are tried again"),
    Directive("retryMode", "retry_mode", transfers.retry_mode, "attempt", "`standard` · `adaptive` · `legacy`", "how the `aws` tool backs off; `s5cmd` has one way"),
    Directive("transfer", "transfer", transfers.transfer, "attempt", f"`{transfers.FORM}`", "what S3 is told of the files a job moves", by_key=True),
    Directive("errorStrategy", "error_strategy", readers.choice("terminate", "finish", "ignore", "retry"), "attempt", "`terminate` · `finish` · `ignore` · `retry`", "what a failure does to the run"),
    Directive("maxRetries", "max_retries", readers.whole(0, 100), "attempt", "whole number", "how often a failed task is tried again"),
    Directive("maxErrors", "max_errors", values.max_errors, "attempt", "number · `10%`", "how many failures of the process the run survives: ignored ones, and those `errorStrategy: retry` tries again"),
    Directive("retry", "retry", values.retry, "attempt", "map class: number · `{times, delay, memory, upTo, time, codes}`", "how often each outcome class is tried again"),
    Directive("errors", "errors", read_errors, "check", ERRORS_FORM, "failures known by a text in the log or the reasons: their class, what to do, a hint", by_key=True),
    Directive("waitLimit", "wait_limit", values.wait_limit, "attempt", "duration · `{runnable, starting, action}`", "how long a job may wait, and what happens then"),
    Directive("maxForks", "max_forks", readers.whole(1), "plan", "whole number", "how many tasks of the process run at once"),
    Directive("label", "label", values.label, "check", "name · list", "marks that `withLabel` selects"),
    Directive("publishDir", "publish", read_publish, "attempt", "path · `{path, mode, pattern, only, saveAs, tags, storageClass}` · list", "which outputs are copied to the results, and where", later=frozenset({"saveAs"})),
    Directive("shell", "shell", values.shell, "check", "text · list of words", "the shell that runs the script, of the sh family"),
    Directive("cache", "cache", values.cache, "attempt", "true · false · `lenient` · `deep`", "whether equal work is used again, and what makes an input the same"),
    Directive("scratch", "scratch", readers.boolean, "attempt", "true · false", "whether the task works in a fresh folder on the machine's disk"),
    Directive("onFailure", "on_failure", values.on_failure, "attempt", "glob · list", "files kept when the task fails"),
    Directive("stopWhen", "stop_when", _stop_when, "success", "one `${{ }}`", "true after success: no task starts any more, what runs ends, the run is *stopped*"),
)  # fmt: skip
DIRECTIVES: Final[dict[str, Directive]] = {directive.name: directive for directive in _TABLE}
