"""Every option of Nextflow's `aws` scope and what becomes of it here; docs/configuration.md shows this table.

    supported   a directive says the same, for one process or for all
    replaced    something else does its work
    refused     it cannot be had, and why

`aws.batch.X` is the directive X, `aws.client.X` the key X of the directive `transfer`, wherever they are supported.
Source: Nextflow reference, "Configuration options", scope `aws`, and its plugin's source.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Verdict = Literal["supported", "replaced", "refused"]


@dataclass(frozen=True, slots=True)
class Setting:
    """One option: the verdict, what does its work here (a directive, a flag, …), and what differs or why not."""

    option: str
    verdict: Verdict
    here: str
    note: str = ""


def _supported(option: str, note: str = "", *, transfer: bool = False) -> Setting:
    name = option.rpartition(".")[2]
    return Setting(option, "supported", f"`transfer: {{{name}}}`" if transfer else f"`{name}`", note)


_HEAD: Final = "tunes the S3 client of a head node, and there is none"
_PROXY: Final = "jobs reach S3 from their VPC: give it a gateway endpoint"
_UPLOAD: Final = "without effect in Nextflow too"
_PARALLEL: Final = "`maxParallelTransfers`"
_TRIES: Final = "`maxTransferAttempts`"

SETTINGS: Final = (
    Setting("aws.accessKey", "refused", "", "secrets do not belong in files; jobs have roles (`jobRole`), you have profiles (`--profile`)"),
    Setting("aws.secretKey", "refused", "", "as accessKey"),
    Setting("aws.profile", "replaced", "`--profile`, `AWS_PROFILE`", "for the command; nothing in the cloud needs one"),
    Setting("aws.region", "replaced", "`--region`, `AWS_REGION`", "the stack's own region is that of its jobs"),
    _supported("aws.batch.cliPath", "EC2 only: Fargate mounts nothing of a host. The launch template of the stack brings `s5cmd`, so it is seldom needed"),
    _supported("aws.batch.delayBetweenAttempts", "in every retry mode"),
    _supported("aws.batch.executionRole", "default: the stack's; any other must be in the stack's parameter AllowedRoles"),
    Setting("aws.batch.fetchInstanceType", "replaced", "the job in the Batch console", "nothing is collected per task about its instance"),
    Setting("aws.batch.forceGlacierTransfer", "refused", "", "restore archived objects first (`aws s3api restore-object`): a job would pay to wait for hours"),
    _supported("aws.batch.jobRole", "default: the stack's; any other must be in the stack's parameter AllowedRoles"),
    _supported("aws.batch.logsGroup", "default: the stack's own group, which is the one `headrace logs` and the failure digest read"),
    _supported("aws.batch.maxParallelTransfers", "default 32 with `s5cmd`, 4 with `aws`"),
    _supported("aws.batch.maxSpotAttempts", "default 3. A machine lost more often is retried by `retry: {spot: n}`, on the next queue of the ladder"),
    _supported("aws.batch.maxTransferAttempts", "default: ten tries of the tool, in three rounds"),
    _supported("aws.batch.platformType", "default `ec2`; `headrace check --against QUEUE` says when the queue is of the other kind"),
    _supported("aws.batch.retryMode", "`built-in` is refused: jobs try again by themselves. `s5cmd` has one way to back off"),
    _supported("aws.batch.schedulingPriority", "with shareIdentifier"),
    _supported("aws.batch.shareIdentifier", "needed on a fair-share queue, refused by Batch on any other"),
    Setting("aws.batch.terminateUnschedulableJobs", "refused", "`waitLimit: {runnable: 2h, action: terminate}`", "it ends good jobs while machines start; a limit on waiting does not"),
    _supported("aws.batch.volumes", "also EFS: `fs-0123abcd:/path`, or a map with an access point"),
    Setting("aws.client.anonymous", "refused", "", "jobs sign with their role, which public buckets take too"),
    Setting("aws.client.connectionTimeout", "replaced", _TRIES, "the tools have timeouts of their own"),
    Setting("aws.client.debug", "replaced", "`headrace logs RUN TASK`", "what the transfer tool says is in the log of the job"),
    _supported("aws.client.endpoint", "of the jobs: a VPC endpoint, or a store that speaks S3", transfer=True),
    Setting("aws.client.glacierAutoRetrieval", "replaced", "", "removed from Nextflow; see aws.batch.forceGlacierTransfer"),
    Setting("aws.client.maxConcurrency", "replaced", _PARALLEL),
    Setting("aws.client.maxConnections", "replaced", _PARALLEL),
    Setting("aws.client.maxDownloadHeapMemory", "replaced", "", _HEAD),
    Setting("aws.client.maxErrorRetry", "replaced", _TRIES),
    Setting("aws.client.maxNativeMemory", "replaced", "", _HEAD),
    Setting("aws.client.minimumPartSize", "replaced", "", _HEAD),
    Setting("aws.client.multipartThreshold", "replaced", "", _HEAD),
    Setting("aws.client.protocol", "replaced", "", _UPLOAD),
    Setting("aws.client.proxyHost", "refused", "", _PROXY),
    Setting("aws.client.proxyPort", "refused", "", _PROXY),
    Setting("aws.client.proxyScheme", "refused", "", _PROXY),
    Setting("aws.client.proxyUsername", "refused", "", _PROXY),
    Setting("aws.client.proxyPassword", "refused", "", f"secrets do not belong in files; {_PROXY}"),
    _supported("aws.client.requesterPays", "what jobs read is paid too, and so is the look at an input before", transfer=True),
    _supported("aws.client.s3Acl", "the stack's own bucket takes no ACLs; for a `workDir` elsewhere", transfer=True),
    Setting("aws.client.s3PathStyleAccess", "refused", "", "the tools choose the style by the endpoint"),
    Setting("aws.client.signerOverride", "replaced", "", _UPLOAD),
    Setting("aws.client.socketRecvBufferSizeHint", "replaced", "", _UPLOAD),
    Setting("aws.client.socketSendBufferSizeHint", "replaced", "", _UPLOAD),
    Setting("aws.client.socketTimeout", "replaced", _TRIES, "the tools have timeouts of their own"),
    _supported("aws.client.storageClass", "of what jobs write. GLACIER and DEEP_ARCHIVE are for `publishDir: {storageClass}` alone: no task could read them", transfer=True),
    _supported("aws.client.storageEncryption", "`AES256` or `aws:kms`, of what jobs write; the bucket's own default holds for the rest", transfer=True),
    _supported("aws.client.storageKmsKeyId", "a key alone means `aws:kms`; jobs and the stack's functions must be allowed to use it", transfer=True),
    Setting("aws.client.targetThroughputInGbps", "replaced", _PARALLEL),
    Setting("aws.client.uploadChunkSize", "replaced", "", _UPLOAD),
    Setting("aws.client.uploadMaxAttempts", "replaced", "", _UPLOAD),
    Setting("aws.client.uploadMaxThreads", "replaced", "", _UPLOAD),
    Setting("aws.client.uploadRetrySleep", "replaced", "", _UPLOAD),
    Setting("aws.client.uploadStorageClass", "replaced", "`transfer: {storageClass}`", _UPLOAD),
    Setting("aws.client.userAgent", "replaced", "", _UPLOAD),
)  # fmt: skip


def settings_table() -> str:
    """Markdown: option, verdict, what to write here, what to know."""
    rows = [f"| `{each.option}` | {each.verdict}{_here(each)} | {each.note or '—'} |" for each in SETTINGS]
    return "\n".join(["| option of Nextflow | here | to know |\n|---|---|---|", *rows])


def _here(each: Setting) -> str:
    if each.verdict == "supported":
        return f" as {each.here}"
    if each.verdict == "replaced":
        return f" by {each.here}" if each.here else ": needs nothing"
    return f"; see {each.here}" if each.here else ""
