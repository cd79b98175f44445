"""Every setting of a nextflow.config that is known, and where it goes: a directive, another place, or nowhere.

`ours` rows have a reader and the directive's name; `elsewhere` rows say where it is said here, or that nothing needs to be;
`refused` rows say why and what to write. A name that ends in `.*` stands for everything below it. What is not here is
refused as unknown. The table in docs/coming_from_nextflow.md is made from this one.
Source: Nextflow reference, "Configuration options" and "Process directives".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from headrace.core import import_amounts as amounts
from headrace.core import import_values as values
from headrace.core.absent_directives import ELSEWHERE
from headrace.core.import_literals import Read
from headrace.core.import_publish import publish

Outcome = Literal["ours", "elsewhere", "refused"]


@dataclass(frozen=True, slots=True)
class Row:
    """One setting: what becomes of it. `to` is a directive or a place, `why` what to know; `flag` takes the value."""

    setting: str
    outcome: Outcome
    to: str = ""
    why: str = ""
    read: Read = values.as_is
    flag: str = ""


def _ours(setting: str, read: Read, to: str = "", why: str = "") -> Row:
    return Row(setting, "ours", to or setting.rpartition(".")[2], why, read)


def _elsewhere(setting: str, to: str, why: str = "", flag: str = "") -> Row:
    return Row(setting, "elsewhere", to, why, flag=flag)


def _refused(setting: str, why: str, to: str = "") -> Row:
    return Row(setting, "refused", to, why)


def _absent(name: str, why: str = "there is no such directive") -> Row:
    return _refused(f"process.{name}", why, ELSEWHERE[name])


_NOT_SHARED: Final = "a secret does not belong in a file that is shared"
_KEYS: Final = "The role of the job reads and writes S3 (jobRole); for yourself use a profile or a role (`--profile`)"
_HEAD: Final = "there is no head node to tune"
_NOTHING: Final = "nothing"
_RUNS: Final = "`headrace status RUN`, `headrace logs RUN TASK` and the run's digest"
_DOCKER: Final = "tasks are started by AWS Batch, not by docker on your machine (on awsbatch Nextflow ignores it too)"

TABLE: Final = (
    _ours("process.accelerator", values.accelerator),
    _absent("afterScript"),
    _ours("process.arch", values.text),
    _elsewhere("process.array", _NOTHING, ELSEWHERE["array"]),
    _absent("beforeScript"),
    _ours("process.cache", values.cache),
    _absent("clusterOptions"),
    _absent("conda"),
    _ours("process.container", values.text),
    _ours("process.containerOptions", values.as_is),
    _ours("process.cpus", values.number),
    _elsewhere("process.debug", _NOTHING, ELSEWHERE["debug"]),
    _ours("process.disk", values.disk),
    _elsewhere("process.echo", _NOTHING, ELSEWHERE["debug"]),
    _ours("process.errorStrategy", values.text, why="what is retried by itself, and how often, says `retry`"),
    _ours("process.executor", values.text, why="`awsbatch` is the only one"),
    _absent("ext"),
    _refused("process.ext.*", "there is no such directive", ELSEWHERE["ext"]),
    _elsewhere("process.fair", _NOTHING, ELSEWHERE["fair"]),
    _ours("process.hints", values.resources, "consumableResources"),
    _ours("process.label", values.as_is),
    _absent("machineType"),
    _ours("process.maxErrors", values.errors),
    _ours("process.maxForks", values.limit),
    _ours("process.maxRetries", values.number),
    _ours("process.maxSubmitAwait", values.wait, "waitLimit"),
    _ours("process.memory", amounts.size),
    _absent("module"),
    _absent("penv"),
    _absent("pod"),
    _ours("process.publishDir", publish),
    _ours("process.queue", values.as_is),
    _ours("process.resourceLabels", values.texts),
    _ours("process.resourceLimits", values.limits),
    _ours("process.scratch", values.as_is),
    _refused("process.secret", "secrets are named with the place they are fetched from", ELSEWHERE["secret"]),
    _ours("process.shell", values.as_is),
    _absent("spack"),
    _elsewhere("process.stageInMode", _NOTHING, ELSEWHERE["stageInMode"]),
    _elsewhere("process.stageOutMode", _NOTHING, ELSEWHERE["stageOutMode"]),
    _absent("storeDir"),
    _elsewhere("process.tag", _NOTHING, ELSEWHERE["tag"]),
    _ours("process.time", amounts.span),
    _refused("aws.accessKey", _NOT_SHARED, _KEYS),
    _refused("aws.secretKey", _NOT_SHARED, _KEYS),
    _refused("aws.sessionToken", _NOT_SHARED, _KEYS),
    _elsewhere("aws.profile", "`--profile`", flag="--profile"),
    _elsewhere("aws.region", "`--region`", "the region of the stack", flag="--region"),
    _ours("aws.batch.cliPath", values.text),
    _ours("aws.batch.delayBetweenAttempts", amounts.span),
    _ours("aws.batch.executionRole", values.text),
    _elsewhere("aws.batch.fetchInstanceType", _NOTHING, ELSEWHERE["fetchInstanceType"]),
    _refused("aws.batch.forceGlacierTransfer", "archived objects are not restored by a job", ELSEWHERE["forceGlacierTransfer"]),
    _ours("aws.batch.jobRole", values.text),
    _ours("aws.batch.logsGroup", values.text),
    _ours("aws.batch.maxParallelTransfers", values.number),
    _ours("aws.batch.maxSpotAttempts", values.number, why="a lost machine is also retried without it (`retry`)"),
    _ours("aws.batch.maxTransferAttempts", values.number),
    _ours("aws.batch.platformType", values.text),
    _ours("aws.batch.retryMode", values.text),
    _ours("aws.batch.schedulingPriority", values.number),
    _ours("aws.batch.shareIdentifier", values.text),
    _refused("aws.batch.terminateUnschedulableJobs", "it ends good jobs while a compute environment starts up", ELSEWHERE["terminateUnschedulableJobs"]),
    _ours("aws.batch.volumes", values.volumes),
    _ours("aws.client.endpoint", values.transfer("endpoint"), "transfer"),
    _ours("aws.client.requesterPays", values.transfer("requesterPays"), "transfer", "downloads too"),
    _ours("aws.client.s3Acl", values.transfer("s3Acl"), "transfer"),
    _ours("aws.client.storageClass", values.transfer("storageClass"), "transfer"),
    _ours("aws.client.storageEncryption", values.transfer("storageEncryption"), "transfer"),
    _ours("aws.client.storageKmsKeyId", values.transfer("storageKmsKeyId"), "transfer"),
    _refused("aws.client.anonymous", "jobs sign what they ask with the role of the job", "A public bucket needs nothing said"),
    _refused("aws.client.proxyPassword", _NOT_SHARED, "Give jobs a way to S3: a gateway endpoint of the VPC"),
    _refused("aws.client.proxyUsername", "jobs reach S3 from their VPC", "Give jobs a way to S3: a gateway endpoint of the VPC"),
    _refused("aws.client.proxyHost", "jobs reach S3 from their VPC", "Give jobs a way to S3: a gateway endpoint of the VPC"),
    _refused("aws.client.proxyPort", "jobs reach S3 from their VPC", "Give jobs a way to S3: a gateway endpoint of the VPC"),
    _refused("aws.client.proxyScheme", "jobs reach S3 from their VPC", "Give jobs a way to S3: a gateway endpoint of the VPC"),
    _refused("aws.client.s3PathStyleAccess", "the transfer tool chooses the style from the endpoint", "aws.client.endpoint alone (`transfer`)"),
    _elsewhere("aws.client.*", _NOTHING, "it tunes the client of a head node; jobs have maxParallelTransfers and maxTransferAttempts"),
    _ours("env.*", values.text, "env"),
    _refused("docker.runOptions", _DOCKER, "containerOptions take the same options"),
    _refused("docker.registry", "images are named in full", "Write the registry into each `container`"),
    _refused("docker.registryOverride", "images are named in full", "Write the registry into each `container`"),
    _refused("docker.envWhitelist", _DOCKER, "env: {NAME: value}"),
    _refused("docker.mountFlags", _DOCKER, "volumes: /host:/path:ro"),
    _refused("docker.temp", _DOCKER, "volumes: /tmp, or containerOptions: --tmpfs /tmp:size=1g"),
    _elsewhere("docker.*", _NOTHING, _DOCKER),
    _elsewhere("workDir", "`--work-dir`", flag="--work-dir"),
    _elsewhere("bucketDir", "`--work-dir`", flag="--work-dir"),
    _elsewhere("outputDir", "`--outdir`", flag="--outdir"),
    _elsewhere("params.*", "`params:` of the pipeline file, `--param` or `--params-file`"),
    _elsewhere("resume", "`headrace resume RUN`", "equal work is found again in any run"),
    _elsewhere("cleanup", _NOTHING, "work files expire by the rules of the bucket"),
    _elsewhere("dumpHashes", _NOTHING, "equal work is found by its hash in any run"),
    _elsewhere("executor.queueSize", "maxForks, or the size of the compute environment", _HEAD),
    _elsewhere("executor.*", _NOTHING, _HEAD),
    _elsewhere("manifest.*", "`name:` of the pipeline file, and its repository"),
    _elsewhere("trace.*", _RUNS),
    _elsewhere("report.*", _RUNS),
    _elsewhere("timeline.*", _RUNS),
    _elsewhere("dag.*", "`headrace plan`"),
    _elsewhere("mail.*", "the stack's SNS topic"),
    _elsewhere("notification.*", "the stack's SNS topic"),
    _elsewhere("weblog.*", "EventBridge events, source `headrace`"),
    _elsewhere("lineage.*", "the run's ledger"),
    _elsewhere("nextflow.*", _NOTHING, "there is no Nextflow to configure"),
    _elsewhere("validation.*", "types, `required` and `enum` of `params:`"),
    _refused("plugins.*", "there are no plugins", "Leave it out"),
    _refused("includeConfig", "other files are not read: what they say depends on where they lie", "Run this command on that file too, and merge what it prints"),
    _refused("tower.*", "the platform is not part of this", _RUNS),
    _refused("seqera.*", "the platform is not part of this", _RUNS),
    _refused("wave.*", "images are not built or changed on the way", "Name an image that has the tools: `container`"),
    _refused("fusion.*", "files are moved by a transfer tool, not mounted", "cliPath, or the stack's own s5cmd"),
    *(
        _refused(f"{name}.*", "tasks run in the containers of AWS Batch only", "Name an image that has the tools: `container`")
        for name in ("apptainer", "charliecloud", "conda", "podman", "sarus", "shifter", "singularity", "spack")
    ),
    *(_refused(f"{name}.*", "AWS is the only cloud here", "Leave it out") for name in ("azure", "google", "k8s")),
)  # fmt: skip

ROWS: Final[dict[str, Row]] = {row.setting: row for row in TABLE}
