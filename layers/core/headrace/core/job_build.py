"""A task's work as Batch requests: the definition it needs and the submission of one attempt.

Here the facts of directives, container options and deployment meet; what each request looks like is in `job_definition` and
`job_request`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from headrace.core.batch_rules import pair_problems
from headrace.core.bootstrap import CLI_VARIABLE
from headrace.core.definition_reference import cannot_apply, definition_reference
from headrace.core.errors import InvalidSpec
from headrace.core.job_definition import DefinitionFacts, definition_notes, job_definition
from headrace.core.job_request import RequestFacts, job_size, submit_request
from headrace.core.names import job_name
from headrace.core.secret_reference import secret_name
from headrace.core.task_work import Work
from headrace.core.transfers import endpoint_variables

# Losses of the host that Batch makes good by itself, on the same queue; what comes after is a rung of the ladder.
INFRASTRUCTURE_ATTEMPTS: Final = 3
_NOT_IN_A_TAG: Final = re.compile(r"[^\w .:/=+@-]")


@dataclass(frozen=True, slots=True)
class Deployment:
    """What only a deployment knows. `queue` is its default queue; roles are ARNs; `log_group` takes the jobs' logs,
    whose streams begin with `log_prefix` if there is one.

    `public_ips`: Fargate jobs need an address of their own to reach anything. `share` is the share identifier of jobs that name
    none, needed where the job's queue shares fairly.
    `secret_arns` has the ARN of each secret that a task names (`secret_names`); None: not looked up, a placeholder stands.
    """

    queue: str
    job_role: str = ""
    execution_role: str = ""
    log_group: str = ""
    log_prefix: str = ""
    region: str = ""
    public_ips: bool = True
    share: str = ""
    secret_arns: Mapping[str, str] | None = None


# What `plan --requests` shows where only a deployment knows: legal values that say so.
PLACEHOLDER: Final = Deployment(
    queue="DEPLOYMENT-QUEUE",
    job_role="arn:aws:iam::000000000000:role/DEPLOYMENT-JOB-ROLE",
    execution_role="arn:aws:iam::000000000000:role/DEPLOYMENT-EXECUTION-ROLE",
    log_group="/headrace/DEPLOYMENT/jobs",
    region="deployment-region",
)


def definition(work: Work, deployment: Deployment) -> dict[str, Any] | None:
    """The RegisterJobDefinition request of a task, None when it names a definition of the user's own.

    InvalidSpec with what cannot be, or cannot apply beside a definition of one's own.
    """
    if definition_reference(work.container):
        if problems := cannot_apply(_asked(work)):
            raise InvalidSpec([problem.at(path=f"processes.{work.process}.container") for problem in problems])
        return None
    return job_definition(_facts(work, deployment))


def secret_names(work: Work) -> tuple[str, ...]:
    """The secrets of Secrets Manager that a task names without their ARN: Batch wants it, so it must be looked up."""
    return tuple(sorted({name for each in work.directives.secrets.values() if (name := secret_name(each))}))


def notes(work: Work) -> tuple[str, ...]:
    """What was asked for and is raised, decided elsewhere or without effect, for `plan` and `check` to say."""
    said = work.directives
    reference = definition_reference(work.container)
    found = list(work.options.notes if reference else definition_notes(_facts(work, PLACEHOLDER)))
    size = None if reference else job_size(_request(work, PLACEHOLDER, name="-", definition="-", command=()))
    found += size.notes if size else ()
    if said.accelerator and said.accelerator.type:
        found.append(
            f"accelerator type {said.accelerator.type}: the queue's instances decide it; name a queue that has it"
        )
    if said.transfer.acl and said.transfer.acl != "bucket-owner-full-control":
        found.append(
            f"s3Acl {said.transfer.acl}: the stack's own bucket takes no ACLs; give a workDir in a bucket that does"
        )
    if said.wait_limit and said.wait_limit.action == "next-queue" and len(said.queues) < 2:
        found.append(
            "waitLimit: next-queue: there is no further queue, so a job that waits too long is only told; write queue: [a, b]"
        )
    if said.max_errors and not _survives(work):
        found.append(
            f"maxErrors bounds nothing: with errorStrategy {said.error_strategy} the first failure ends the run"
        )
    return tuple(found)


def submission(
    work: Work,
    deployment: Deployment,
    *,
    run: str,
    epoch: int,
    definition_arn: str,
    command: tuple[str, ...],
    labels: Mapping[str, str],
    registered: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The SubmitJob request of one attempt; InvalidSpec with what Batch would refuse.

    `registered` is the task's RegisterJobDefinition request: some things are illegal only in the two together.
    """
    reference = definition_reference(work.container)
    request = submit_request(
        _request(
            work,
            deployment,
            name=job_name(run, epoch, work.task, work.attempt.n),
            definition=reference.name if reference else definition_arn,
            command=command,
            tags={
                **{
                    tag_key(name): tag_value(value)
                    for name, value in {**labels, **work.directives.resource_labels}.items()
                },
                "headrace:run": run,
                "headrace:process": work.process,
            },
        )
    )
    if registered and (problems := pair_problems(registered, request)):
        raise InvalidSpec(problems)
    return request


def queue_of(work: Work, own: str) -> str:
    """The queue of this attempt: its rung of the process's ladder, else the deployment's `own`."""
    ladder = work.directives.queues
    return ladder[min(work.attempt.queue_index, len(ladder) - 1)] if ladder else own


def tag_key(text: object) -> str:
    """A tag's name: other characters become `_`, 128 at most."""
    return _NOT_IN_A_TAG.sub("_", str(text))[:128]


def tag_value(text: object) -> str:
    """Text as a tag may hold it: other characters become `_`, 256 at most."""
    return _NOT_IN_A_TAG.sub("_", str(text))[:256]


def _asked(work: Work) -> DefinitionFacts:
    """What the task itself asks of a definition: nothing a deployment adds to every task."""
    said, given = work.directives, work.given
    return DefinitionFacts(
        image=work.container,
        platform=said.platform,
        options=work.options,
        volumes=said.volumes if "volumes" in given else (),
        cli_path=said.cli_path if "cliPath" in given else "",
        job_role=(said.job_role or "") if "jobRole" in given else "",
        execution_role=(said.execution_role or "") if "executionRole" in given else "",
        log_group=said.logs_group if "logsGroup" in given else "",
        secrets=said.secrets if "secrets" in given else {},
        credentials=said.container.credentials if said.container else "",
        arch=(said.arch or "") if "arch" in given else "",
        disk_gib=_disk(work) if "disk" in given else None,
    )


def _facts(work: Work, deployment: Deployment) -> DefinitionFacts:
    said = work.directives
    return DefinitionFacts(
        image=work.container,
        platform=said.platform,
        options=work.options,
        volumes=said.volumes,
        cli_path=said.cli_path,
        job_role=said.job_role or deployment.job_role,
        execution_role=said.execution_role or deployment.execution_role,
        log_group=said.logs_group or deployment.log_group,
        log_region=deployment.region,
        log_prefix=deployment.log_prefix,
        secrets={name: _secret(place, deployment) for name, place in said.secrets.items()},
        credentials=said.container.credentials if said.container else "",
        arch=said.arch or "",
        disk_gib=_disk(work),
        public_ip=deployment.public_ips,
        tags={"headrace": "definition"},
    )


def _request(
    work: Work,
    deployment: Deployment,
    *,
    name: str,
    definition: str,
    command: tuple[str, ...],
    tags: Mapping[str, str] | None = None,
) -> RequestFacts:
    said = work.directives
    own = definition_reference(work.container) is not None
    starts = said.max_spot_attempts
    return RequestFacts(
        name=name,
        queue=queue_of(work, deployment.queue),
        definition=definition,
        command=command,
        platform=said.platform,
        options=work.options,
        environment={**_tool(work, own=own), **work.environment},
        vcpus=None if own and "cpus" not in work.given else work.cpus,
        memory_mib=None if own and "memory" not in work.given else work.memory_mib,
        gpus=said.gpus,
        time_s=work.time_s,
        attempts=INFRASTRUCTURE_ATTEMPTS if starts is None else max(1, starts),
        tags=tags or {},
        share_identifier=said.share_identifier or deployment.share,
        scheduling_priority=said.scheduling_priority,
        consumable_resources=said.consumable_resources,
    )


def _tool(work: Work, *, own: bool) -> dict[str, str]:
    """What the job's transfer tool is told by its environment: where it is, if it is mounted, and where S3 is."""
    said = work.directives
    mounted = said.cli_path and said.platform == "EC2" and not own
    return {**({CLI_VARIABLE: said.cli_path} if mounted else {}), **endpoint_variables(said.transfer)}


def _survives(work: Work) -> bool:
    """Whether the run can survive a failure of the task's own: what `maxErrors` counts."""
    said = work.directives
    ignored = any(error.action == "ignore" for error in said.errors)
    asked = "max_retries" in said.model_fields_set and "error_strategy" not in said.model_fields_set
    return said.error_strategy in ("ignore", "retry") or ignored or asked


def _disk(work: Work) -> int | None:
    """The disk asked for, capped by `resourceLimits`."""
    asked, most = work.directives.disk_gib, work.directives.resource_limits
    return asked if asked is None or most is None or most.disk_gib is None else min(asked, most.disk_gib)


def _secret(place: str, deployment: Deployment) -> str:
    name = secret_name(place)
    if not name:
        return place
    if deployment.secret_arns is None:
        return f"arn:aws:secretsmanager:{deployment.region or 'region'}:000000000000:secret:{name}-SUFFIX"
    return deployment.secret_arns.get(name, place)
