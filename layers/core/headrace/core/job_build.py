"""A task's work as Batch requests: the definition it needs and the submission of one attempt.

Here the facts of directives, container options and deployment meet; what each request looks like is in `job_definition` and
`job_request`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from headrace.core.container_options import NO_OPTIONS
from headrace.core.definition_reference import cannot_apply, definition_reference
from headrace.core.errors import InvalidSpec
from headrace.core.job_definition import DefinitionFacts, job_definition
from headrace.core.job_request import RequestFacts, submit_request
from headrace.core.names import job_name
from headrace.core.task_work import Work

# Losses of the host that Batch makes good by itself, on the same queue; what comes after is a rung of the ladder.
INFRASTRUCTURE_ATTEMPTS: Final = 3
_NOT_IN_A_TAG: Final = re.compile(r"[^\w .:/=+@-]")


@dataclass(frozen=True, slots=True)
class Deployment:
    """What only a deployment knows. `queue` is its default queue; roles are ARNs; `log_group` takes the jobs' logs."""

    queue: str
    job_role: str = ""
    execution_role: str = ""
    log_group: str = ""
    region: str = ""
    cli_path: str = ""


# What `plan --requests` shows where only a deployment knows: legal values that say so.
PLACEHOLDER: Final = Deployment(
    queue="DEPLOYMENT-QUEUE",
    job_role="arn:aws:iam::000000000000:role/DEPLOYMENT-JOB-ROLE",
    execution_role="arn:aws:iam::000000000000:role/DEPLOYMENT-EXECUTION-ROLE",
    log_group="/headrace/DEPLOYMENT/jobs",
    region="DEPLOYMENT-REGION",
)


def definition(work: Work, deployment: Deployment) -> dict[str, Any] | None:
    """The RegisterJobDefinition request of a task, None when it names a definition of the user's own.

    InvalidSpec with what cannot be, or cannot apply beside a definition of one's own.
    """
    said = work.directives
    credentials = said.container.credentials if said.container else ""
    own = DefinitionFacts(
        image=work.container,
        options=work.options,
        volumes=said.volumes,
        cli_path=deployment.cli_path,
        job_role=said.job_role or "",
        secrets=said.secrets,
        credentials=credentials,
        arch=said.arch or "",
        disk_gib=said.disk_gib,
    )
    if definition_reference(work.container):
        if problems := cannot_apply(own):
            raise InvalidSpec([problem.at(path=f"processes.{work.process}.container") for problem in problems])
        return None
    return job_definition(
        DefinitionFacts(
            image=work.container,
            options=work.options,
            volumes=said.volumes,
            cli_path=deployment.cli_path,
            job_role=said.job_role or deployment.job_role,
            execution_role=deployment.execution_role,
            log_group=deployment.log_group,
            log_region=deployment.region,
            secrets=said.secrets,
            credentials=credentials,
            arch=said.arch or "",
            disk_gib=said.disk_gib,
            tags={"headrace": "definition"},
        )
    )


def submission(
    work: Work,
    deployment: Deployment,
    *,
    run: str,
    epoch: int,
    definition_arn: str,
    command: tuple[str, ...],
    environment: Mapping[str, str],
    labels: Mapping[str, str],
) -> dict[str, Any]:
    """The SubmitJob request of one attempt; InvalidSpec with what Batch would refuse."""
    said = work.directives
    reference = definition_reference(work.container)
    sized = reference is None or "cpus" in work.given
    return submit_request(
        RequestFacts(
            name=job_name(run, epoch, work.task, work.attempt.n),
            queue=queue_of(work, deployment),
            definition=reference.name if reference else definition_arn,
            command=command,
            options=work.options or NO_OPTIONS,
            environment={**environment, **work.environment},
            vcpus=work.cpus if sized else None,
            memory_mib=work.memory_mib if reference is None or "memory" in work.given else None,
            gpus=said.gpus,
            time_s=work.time_s,
            attempts=INFRASTRUCTURE_ATTEMPTS,
            tags={
                **{str(name): tag_value(str(value)) for name, value in {**labels, **said.resource_labels}.items()},
                "headrace:run": run,
                "headrace:process": work.process,
            },
            consumable_resources=said.consumable_resources,
        )
    )


def queue_of(work: Work, deployment: Deployment) -> str:
    """The queue of this attempt: its rung of the process's ladder, else the deployment's own."""
    ladder = work.directives.queues
    return ladder[min(work.attempt.queue_index, len(ladder) - 1)] if ladder else deployment.queue


def tag_value(text: str) -> str:
    """Text as a tag may hold it: other characters become `_`, 256 at most."""
    return _NOT_IN_A_TAG.sub("_", text)[:256]
