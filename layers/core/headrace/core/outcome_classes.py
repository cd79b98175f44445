r"""The table of what can happen to an attempt: every class, and the texts, exit codes and log lines that tell it.

Read it top down; the first rule that matches wins, so the particular stands before the general. `REASONS` is matched
against what Batch and ECS say (the container's reason, the attempt's and the job's status reason), `SUBMITS` against what
Step Functions says of a submission (`<error>: <cause>`), `LOGS` against lines of the log. The texts are AWS's, docker's
and containerd's own:
https://docs.aws.amazon.com/batch/latest/userguide/job_stuck_in_runnable.html,
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html,
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_cannot_pull_image.html and what people report of them.
A container's reason is cut at 255 characters, so no rule relies on an end of text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class OutcomeClass(StrEnum):
    """What an attempt came to."""

    SUCCEEDED = "succeeded"
    HOST_LOST = "host-lost"
    SPOT = "spot"
    NO_CAPACITY = "no-capacity"
    IMAGE_PULL = "image-pull"
    RUNTIME = "runtime"
    ARCHITECTURE = "architecture"
    ENTRYPOINT = "entrypoint"
    SHELL = "shell"
    TRANSFER_TOOL = "transfer-tool"
    STAGE_IN = "stage-in"
    STAGE_OUT = "stage-out"
    MISSING_OUTPUT = "missing-output"
    OUT_OF_MEMORY = "out-of-memory"
    DISK_FULL = "disk-full"
    TIMEOUT = "timeout"
    PERMISSION = "permission"
    SUBMIT_REFUSED = "submit-refused"
    THROTTLED = "throttled"
    STUCK = "stuck"
    CANCELLED = "cancelled"
    ENGINE = "engine"
    EXIT = "exit"
    UNKNOWN = "unknown"


C = OutcomeClass

NOT_OWN: Final = frozenset(
    {
        C.SUCCEEDED,
        C.HOST_LOST,
        C.SPOT,
        C.NO_CAPACITY,
        C.IMAGE_PULL,
        C.RUNTIME,
        C.THROTTLED,
        C.STUCK,
        C.CANCELLED,
        C.ENGINE,
    }
)
"""What the world did to the task: such an attempt does not raise `task.attempt`."""

TERMINATE_STUCK: Final = "headrace stuck:"
TERMINATE_CANCEL: Final = "headrace cancel:"
"""How the reason begins when Headrace itself terminates a job (TerminateJob keeps it as the job's status reason)."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A text that tells the class. `cause` and `fix` may name the pattern's groups and the words `outcome` fills in.

    A `firm` failure is the same on every try. `own` overrules the class (`NOT_OWN`).
    """

    kind: OutcomeClass
    pattern: re.Pattern[str]
    cause: str
    fix: str = ""
    firm: bool = False
    own: bool | None = None


def _rule(
    kind: OutcomeClass, pattern: str, cause: str, fix: str = "", *, firm: bool = False, own: bool | None = None
) -> Rule:
    return Rule(kind, re.compile(pattern, re.IGNORECASE), cause, fix, firm, own)


FIXES: Final[dict[OutcomeClass, str]] = {
    C.SUCCEEDED: "",
    C.HOST_LOST: "nothing is wrong with the task; if hosts go often, give it an on-demand queue: queue: [spot, on-demand]",
    C.SPOT: "nothing is wrong with the task; if it happens often, end the ladder on demand: queue: [spot, on-demand]",
    C.NO_CAPACITY: "add a queue to the ladder (queue: [a, b]), or allow more instance types or zones",
    C.IMAGE_PULL: "check that the host can reach the registry and may pull {image}",
    C.RUNTIME: "retried on another host; if it stays, look at the host's ECS agent log and disk",
    C.ARCHITECTURE: "build {image} for the queue's CPU, or set arch and a queue of that kind",
    C.ENTRYPOINT: "the image needs /bin/sh and an ENTRYPOINT that runs the command it is given (or none)",
    C.SHELL: "name a shell that is in the image: shell: [/bin/sh, -eu]",
    C.TRANSFER_TOOL: (
        "mount it from the host (cliPath), use the launch template that puts s5cmd at /opt/headrace/bin, "
        "or install aws or s5cmd in the image"
    ),
    C.STAGE_IN: "check that the input named in the log is there and may be read, then resume",
    C.STAGE_OUT: "check that the job role may write to the work prefix and that the disk has room, then resume",
    C.MISSING_OUTPUT: "make the script write the declared outputs, or declare one as optional (name?:)",
    C.OUT_OF_MEMORY: "raise memory{had_memory}",
    C.DISK_FULL: "raise disk, or use a queue whose hosts have more room",
    C.TIMEOUT: "raise time{had_time}",
    C.PERMISSION: "give the role named here the permission named here, then resume",
    C.SUBMIT_REFUSED: "correct the directive Batch names, then resume",
    C.THROTTLED: "retried by itself; if it stays, lower maxForks or ask AWS for a higher rate",
    C.STUCK: "make the queue able to run it (see the reason), or give another queue, then resume",
    C.CANCELLED: "resume the run to go on from here",
    C.ENGINE: "resume the run; if it comes again, report it with the execution's history",
    C.EXIT: "read the log lines; correct the script or its inputs, then resume",
    C.UNKNOWN: "look at the log and at the job in the Batch console",
}
"""One line of what to do per class, where no rule knows better."""

_PULL = r"CannotPull\w*Error"
_START = r"Cannot(?:Start|Create)ContainerError"
_FULL_HOST = "wait for the retry on another host, or give the hosts a larger disk (launch template) or instance store"

ENDINGS: Final[tuple[Rule, ...]] = (
    _rule(C.STUCK, rf"{TERMINATE_STUCK}\s*(?P<why>.+)", "given up as stuck: {why}"),
    _rule(C.CANCELLED, rf"{TERMINATE_CANCEL}\s*(?P<why>.*)", "cancelled: {why}"),
    _rule(
        C.STUCK,
        r"Canceled by JobStateTimeLimit action due to reason:\s*(?P<why>.+)",
        "taken from the queue by its own time limit: {why}",
    ),
    _rule(C.TIMEOUT, r"Job attempt duration exceeded timeout", "ran longer than its {limit}"),
    # blocked in the queue
    _rule(
        C.STUCK,
        r"(?:MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT|MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE)\b",
        "asks for more CPU, memory or GPUs than the queue's compute environments can give",
        "lower cpus, memory or accelerator, allow larger instance types or more vCPUs, or give another queue",
        firm=True,
    ),
    _rule(
        C.NO_CAPACITY, r"CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY", "AWS had no capacity for the queue's instance types"
    ),
    _rule(
        C.STUCK,
        r"(?P<why>MISCONFIGURATION:\w+|ACTION_REQUIRED\b|UNDETERMINED\b)",
        "the queue could not run it: {why}",
    ),
    _rule(C.NO_CAPACITY, r"Capacity is unavailable at this time", "AWS had no Fargate capacity"),
)
"""Somebody ended it: us, Batch, a person; or it was still blocked in its queue then."""

REASONS: Final[tuple[Rule, ...]] = (
    # the host went away
    _rule(C.SPOT, r"Spot\s?(?:Task was )?interrupt|SpotInterruption", "its spot capacity was taken back"),
    _rule(
        C.HOST_LOST,
        r"Host EC2 \(instance (?P<instance>i-[0-9a-f]+)\)",
        "its host {instance} was terminated (a spot instance taken back, or scaled in)",
    ),
    _rule(C.HOST_LOST, r"Host EC2\b", "its host was terminated"),
    _rule(
        C.HOST_LOST,
        r"container instance (?:\S+ )?(?:was |is )?(?:deregist|stopp|terminat|drain)|agent (?:was |is )?disconnected"
        r"|maintenance on the underlying infrastructure|infrastructure maintenance",
        "its host was taken out of service",
    ),
    # what the request asked for cannot be
    _rule(
        C.SUBMIT_REFUSED,
        r"Container Overrides length must be at most (?P<most>\d+)",
        "its command and environment are longer than {most} characters",
        "put long values of env into a file or a param and pass that",
        firm=True,
    ),
    # pulling the image
    _rule(
        C.DISK_FULL,
        rf"{_PULL}.*(?:no space left on device|not enough space|disk quota)",
        "its host's disk was full while pulling {image}",
        _FULL_HOST,
        own=False,
    ),
    _rule(
        C.IMAGE_PULL,
        rf"{_PULL}.*(?:toomanyrequests|pull rate limit|Rate exceeded|429 Too Many)",
        "the registry limits how often it hands out {image}",
        "copy the image to ECR (or use an ECR pull-through cache), or give container.credentials",
    ),
    _rule(
        C.ARCHITECTURE,
        r"does not contain descriptor matching platform '?(?P<platform>[\w/]+)?|no matching manifest for (?P<other>[\w/]+)",
        "{image} has no build for this host's CPU {platform}{other}",
        firm=True,
    ),
    _rule(
        C.IMAGE_PULL,
        rf"{_PULL}.*(?:manifest unknown|manifest for .* not found|does not exist or no pull access|name unknown"
        r"|repository .* (?:not found|does not exist)|: not found|Requested image not found|404)",
        "{image} is not in the registry",
        "check the image's name and tag, and that it was pushed to this region",
        firm=True,
    ),
    _rule(
        C.IMAGE_PULL,
        rf"{_PULL}.*(?:invalid reference format|failed to parse|repository name must be)",
        "{image} is not a valid image name",
        "correct container",
        firm=True,
    ),
    _rule(
        C.IMAGE_PULL,
        rf"{_PULL}.*(?:pull access denied|unauthorized|authentication required|no basic auth|access ?denied"
        r"|not authorized|insufficient_scope|403 Forbidden|forbidden|denied)",
        "no permission to pull {image} (or it does not exist)",
        "check the name; let the instance or execution role read ECR, or give container.credentials",
        firm=True,
    ),
    _rule(
        C.IMAGE_PULL,
        rf"{_PULL}.*(?:timeout|timed out|request canceled|context (?:canceled|deadline)|dial tcp|connection re"
        r"|no such host|unexpected EOF|\bEOF\b|no route to host|network is unreachable|50[0234]\b)",
        "the host could not reach the registry of {image} in time",
        "give the subnets a way out (NAT, public IP or ECR and S3 endpoints); large images want a nearer registry",
    ),
    _rule(C.IMAGE_PULL, rf"{_PULL}:?\s*(?P<why>.*)", "{image} could not be pulled: {why}"),
    # Fargate resources
    _rule(
        C.PERMISSION,
        r"ResourceInitializationError.*(?:AccessDenied|not authorized|(?P<code>403))",
        "the execution role may not read the task's secrets, registry credentials or log group",
        "let the execution role read them (secretsmanager, ssm, ecr, logs)",
        firm=True,
    ),
    _rule(
        C.RUNTIME,
        r"(?:log group does not exist|failed to (?:validate logger args|initialize logging driver|create Cloudwatch log))",
        "its log group or log driver could not be used",
        "create the log group named in the log options, or take the options away",
        firm=True,
    ),
    _rule(
        C.RUNTIME,
        r"ResourceInitializationError.*(?:timeout|deadline|timed out|connection|unable to (?:pull|retrieve))",
        "Fargate could not reach ECR, Secrets Manager or the logs from its subnet",
        "give the subnet a way out (NAT, a public IP, or the VPC endpoints)",
    ),
    _rule(
        C.RUNTIME,
        r"mount\.nfs4|EFS utils|failed to mount|error (?:while )?mounting|error mounting|invalid mount config",
        "a volume could not be mounted: {text}",
        "check the volume's path, file system, access point and security group",
        firm=True,
    ),
    # starting the container
    _rule(C.ARCHITECTURE, r"exec format error", "{image} is built for another CPU", firm=True),
    _rule(
        C.OUT_OF_MEMORY,
        r"container init was OOM-killed|Minimum memory limit allowed",
        "its {memory} is too little even to start the container",
    ),
    _rule(
        C.ENTRYPOINT,
        rf"{_START}.*exec: [\"\\]*(?P<program>/bin/sh|sh)\W.*(?:not found|no such file|permission denied)",
        "{image} has no /bin/sh, which the job's command needs",
        "use an image with a POSIX shell (a -debug or -slim variant instead of distroless or scratch)",
        firm=True,
    ),
    _rule(
        C.ENTRYPOINT,
        rf"{_START}.*exec: [\"\\]*(?P<program>[^\"\\:]+).*(?:not found|no such fi|permission denied|stat )",
        "the image's ENTRYPOINT {program} could not be run",
        "take the ENTRYPOINT out of the image, or make it one that is there, executable, and runs its arguments",
        firm=True,
    ),
    _rule(
        C.RUNTIME,
        r"could not select device driver|nvidia-container|NVML|nvidia",
        "its host offers no usable GPU",
        "give a queue of GPU instances with the ECS GPU image",
        firm=True,
    ),
    _rule(
        C.RUNTIME,
        r"unable to find user (?P<user>[^:\s]+)|no matching entries in passwd",
        "the image has no user {user}",
        "correct the user in containerOptions",
        firm=True,
    ),
    _rule(
        C.DISK_FULL,
        rf"(?:{_START}|CannotInspect|Task failed to start).*(?:no space left on device|thin pool|devmapper)",
        "its host's disk was full while starting the container",
        _FULL_HOST,
        own=False,
    ),
    _rule(
        C.PERMISSION,
        r"unable to assume the role '?(?P<role>[^'\s]+)|(?P<other>sts:AssumeRole)",
        "ECS may not use the role {role}{other}",
        "let ecs-tasks.amazonaws.com assume it (trust policy)",
        firm=True,
    ),
    # memory
    _rule(
        C.OUT_OF_MEMORY,
        r"OutOfMemory|killed due to memory usage|OOM[- ]?killed|memory limit exceeded",
        "used more than its {memory}",
    ),
    # the host's agent and daemon
    _rule(
        C.RUNTIME,
        r"network interface|Create Network Interface|(?P<eni>\bENI\b)",
        "its host could not get a network interface",
        "retried by itself; if it stays, the subnet is out of addresses or the instance type has too few interfaces",
    ),
    _rule(
        C.RUNTIME,
        rf"(?:{_START}|CgroupError|CannotCreateVolumeError):?\s*(?P<why>.*)",
        "the container could not be started: {why}",
    ),
    _rule(
        C.RUNTIME,
        r"(?:DockerTimeoutError|ContainerRuntime(?:Timeout)?Error|CannotInspectContainerError|CannotStopContainerError"
        r"|CannotGetDockerClientError|InternalError|Could not transition to|HostConfigError"
        r"|Task failed to start|TaskFailedToStart|ResourceInitializationError)\W*(?P<why>.*)",
        "the host could not run the container: {text}",
    ),
    # others
    _rule(C.CANCELLED, r"Dependent Job failed", "a job it depended on failed"),
    _rule(
        C.CANCELLED,
        r"(?:job|task) (?:was )?(?:cancell?ed|terminated|stopped) by (?:the )?user|^(?:user )?cancell?ed\b",
        "cancelled: {text}",
    ),
)

_HTTP_5XX = r"Status ?Code: 5\d\d"

SUBMITS: Final[tuple[Rule, ...]] = (
    _rule(
        C.THROTTLED,
        r"TooManyRequests|ThrottlingException|Rate exceeded|Status ?Code: 429",
        "Batch took no more requests for too long",
    ),
    _rule(
        C.SUBMIT_REFUSED,
        r"Job size must be less than (?P<most>[\d.]+ ?KiB), got (?P<size>[\d.]+ ?KiB)",
        "its request is {size}, Batch takes {most}",
        "pass fewer or shorter values by env and params",
        firm=True,
    ),
    _rule(
        C.PERMISSION,
        r"^(?:Batch|States)\.\w*(?:AccessDenied|Permissions|NotAuthorized)\w*|(?:is not authorized to perform: ?(?P<action>[\w:]+))|AccessDeniedException",
        "the state machine's role may not submit it: {detail}",
        "add the action to the role of the state machine (template.yaml), or allow the job role in the stack's parameters",
        firm=True,
    ),
    _rule(
        C.SUBMIT_REFUSED,
        r"^Batch\.ClientException:.*(?:JobQueue|job queue) (?P<queue>\S+) (?:not found|does not exist|(?:is not in|is in) )",
        "Batch does not take jobs for the queue {queue}",
        "correct queue; it must exist in this region and be enabled",
        firm=True,
    ),
    _rule(
        C.SUBMIT_REFUSED,
        r"^Batch\.ClientException:.*Job ?Definition.*(?:not found|does not exist|INACTIVE|not ACTIVE)",
        "its job definition is not there any more",
        "resume: Headrace registers its own again; correct job-definition://… for one of yours",
    ),
    _rule(
        C.ENGINE,
        rf"^Batch\.(?:ServerException|AWSBatchException|BatchException)\b|{_HTTP_5XX}",
        "AWS Batch failed to take it: {detail}",
    ),
    _rule(C.SUBMIT_REFUSED, r"^Batch\.", "Batch refused it: {detail}", firm=True),
    _rule(
        C.TIMEOUT,
        r"^States\.(?:Timeout|HeartbeatTimeout)\b",
        "did not end within the state machine's limit, waiting included",
        "find out why it waited (headrace status), then resume",
    ),
    _rule(
        C.ENGINE, r"^(?:States\.(?!TaskFailed)|Lambda\.|Sandbox\.|Runtime\.)\S*", "Headrace could not go on: {detail}"
    ),
)

LOGS: Final[tuple[Rule, ...]] = (
    _rule(
        C.OUT_OF_MEMORY,
        r"java\.lang\.OutOfMemoryError|std::bad_alloc|\bMemoryError\b|Cannot allocate memory|cannot allocate vector of size"
        r"|oom-kill|Out of memory: Kill|\bout of memory\b|Unable to allocate .* for an array",
        "ran out of memory ({line})",
    ),
    _rule(C.DISK_FULL, r"No space left on device|\bENOSPC\b|Disk quota exceeded", "its disk was full ({line})"),
    _rule(
        C.PERMISSION,
        r"AccessDenied|is not authorized to perform|Unable to locate credentials|NoCredentialProviders|ExpiredToken|InvalidAccessKeyId",
        "AWS refused it ({line})",
        "give the job role (jobRole) the permission named in the log line, then resume",
    ),
    _rule(C.ARCHITECTURE, r"exec format error", "a program in {image} is built for another CPU ({line})", firm=True),
)

STARTS: Final[tuple[Rule, ...]] = (
    _rule(C.ARCHITECTURE, r"exec format error", "{image} is built for another CPU", firm=True),
    _rule(
        C.ENTRYPOINT,
        r"exec user process caused.*no such file or directory|no such file or directory|not found|usage:|unrecognized|unknown command",
        "the image's ENTRYPOINT did not run the job's command ({line})",
        firm=True,
    ),
)
"""Log lines of a container that ended before the bootstrap's first mark."""

EXITS: Final[dict[int, tuple[OutcomeClass, str, str]]] = {
    2: (C.EXIT, "the script ended with exit code 2 (often a wrong option or a syntax error)", ""),
    124: (
        C.EXIT,
        "a command was stopped by `timeout` (exit code 124)",
        "raise the limit given to `timeout` in the script",
    ),
    125: (C.EXIT, "the script ended with exit code 125 (a wrapper could not start its command)", ""),
    126: (
        C.EXIT,
        "a command is not executable (exit code 126)",
        "make it executable, or call it through its interpreter",
    ),
    127: (C.EXIT, "a command was not found (exit code 127)", "use an image that has it, or correct its name or PATH"),
    128: (C.EXIT, "the script ended with exit code 128 (an invalid exit value, or git)", ""),
    129: (C.EXIT, "killed by SIGHUP (exit code 129)", ""),
    130: (C.EXIT, "interrupted by SIGINT (exit code 130)", ""),
    131: (C.EXIT, "killed by SIGQUIT (exit code 131)", ""),
    132: (
        C.ARCHITECTURE,
        "a program used an instruction this CPU does not have (SIGILL, exit code 132)",
        "use a queue of newer CPUs, or a build for the ones it has",
    ),
    133: (C.EXIT, "killed by SIGTRAP (exit code 133)", ""),
    134: (C.EXIT, "a program aborted (SIGABRT, exit code 134)", "read the assertion or exception in the log"),
    135: (
        C.EXIT,
        "a memory-mapped file could not be read (SIGBUS, exit code 135)",
        "raise --shm-size in containerOptions or disk; then look at the file",
    ),
    136: (C.EXIT, "arithmetic error (SIGFPE, exit code 136)", ""),
    137: (C.OUT_OF_MEMORY, "killed (SIGKILL, exit code 137), most likely for using more than its {memory}", ""),
    139: (
        C.EXIT,
        "a program crashed (segmentation fault, exit code 139)",
        "look at the program and its input; try another version",
    ),
    141: (
        C.EXIT,
        "a pipe was closed early (SIGPIPE, exit code 141)",
        "let the left side finish, or drop `-o pipefail` for that line",
    ),
    143: (
        C.EXIT,
        "stopped from outside (SIGTERM, exit code 143)",
        "resume; if it comes again, see who stops the host or the job",
    ),
}
"""What exit codes mean by convention: the shell's (126 to 128), 128 + signal, and coreutils' (124, 125)."""


def general_fix(kind: str) -> str:
    """What to do about a class, where nothing more is known than the class; empty for a word that is none."""
    words = {"image": "the image", "had_memory": "", "had_time": ""}
    return FIXES[OutcomeClass(kind)].format_map(words) if kind in list(OutcomeClass) else ""
