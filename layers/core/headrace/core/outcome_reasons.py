r"""What Batch and ECS say of a job that failed, and what it means.

Read it top down: the first rule that matches wins, so the particular stands before the general. Matched are the
container's reason, the attempt's and the job's status reason. The texts are AWS's, docker's and containerd's own:
https://docs.aws.amazon.com/batch/latest/userguide/job_stuck_in_runnable.html,
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html,
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_cannot_pull_image.html, and what people report of them.
A container's reason is cut at 255 characters, so no rule relies on an end of text.
"""

from __future__ import annotations

from typing import Final

from headrace.core.outcome_classes import TERMINATE_CANCEL, TERMINATE_STUCK, OutcomeClass, Rule, rule

C = OutcomeClass

_PULL = r"CannotPull\w*Error"
_START = r"Cannot(?:Start|Create)ContainerError"
_FULL_HOST = "wait for the retry on another host, or give the hosts a larger disk (launch template) or instance store"

ENDINGS: Final[tuple[Rule, ...]] = (
    # A process that asks for `terminate` wants the end of it, not another queue.
    rule(C.STUCK, rf"{TERMINATE_STUCK}\s*terminated:\s*(?P<why>.+)", "given up as stuck: {why}", firm=True),
    rule(C.STUCK, rf"{TERMINATE_STUCK}\s*(?P<why>.+)", "given up as stuck: {why}"),
    rule(C.CANCELLED, rf"{TERMINATE_CANCEL}\s*(?P<why>.*)", "cancelled: {why}"),
    rule(
        C.STUCK,
        r"Canceled by JobStateTimeLimit action due to reason:\s*(?P<why>.+)",
        "taken from the queue by its own time limit: {why}",
    ),
    rule(C.TIMEOUT, r"Job attempt duration exceeded timeout", "ran longer than its {limit}"),
    # blocked in the queue
    rule(
        C.STUCK,
        r"(?:MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT|MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE)\b",
        "asks for more CPU, memory or GPUs than the queue's compute environments can give",
        "lower cpus, memory or accelerator, allow larger instance types or more vCPUs, or give another queue",
        firm=True,
    ),
    rule(
        C.NO_CAPACITY, r"CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY", "AWS had no capacity for the queue's instance types"
    ),
    rule(
        C.STUCK,
        r"(?P<why>MISCONFIGURATION:\w+|ACTION_REQUIRED\b|UNDETERMINED\b)",
        "the queue could not run it: {why}",
    ),
    rule(C.NO_CAPACITY, r"Capacity is unavailable at this time", "AWS had no Fargate capacity"),
)
"""Somebody ended it: us, Batch, a person; or it was still blocked in its queue then."""

REASONS: Final[tuple[Rule, ...]] = (
    # the host went away
    rule(C.SPOT, r"Spot\s?(?:Task was )?interrupt|SpotInterruption", "its spot capacity was taken back"),
    rule(
        C.HOST_LOST,
        r"Host EC2 \(instance (?P<instance>i-[0-9a-f]+)\)",
        "its host {instance} was terminated (a spot instance taken back, or scaled in)",
    ),
    rule(C.HOST_LOST, r"Host EC2\b", "its host was terminated"),
    rule(
        C.HOST_LOST,
        r"container instance (?:\S+ )?(?:was |is )?(?:deregist|stopp|terminat|drain)|agent (?:was |is )?disconnected"
        r"|maintenance on the underlying infrastructure|infrastructure maintenance",
        "its host was taken out of service",
    ),
    # what the request asked for cannot be
    rule(
        C.SUBMIT_REFUSED,
        r"Container Overrides length must be at most (?P<most>\d+)",
        "its command and environment are longer than {most} characters",
        "put long values of env into a file or a param and pass that",
        firm=True,
    ),
    # pulling the image
    rule(
        C.DISK_FULL,
        rf"{_PULL}.*(?:no space left on device|not enough space|disk quota)",
        "its host's disk was full while pulling {image}",
        _FULL_HOST,
        own=False,
    ),
    rule(
        C.IMAGE_PULL,
        rf"{_PULL}.*(?:toomanyrequests|pull rate limit|Rate exceeded|429 Too Many)",
        "the registry limits how often it hands out {image}",
        "copy the image to ECR (or use an ECR pull-through cache), or give container.credentials",
    ),
    rule(
        C.ARCHITECTURE,
        r"does not contain descriptor matching platform '?(?P<platform>[\w/]+)?|no matching manifest for (?P<other>[\w/]+)",
        "{image} has no build for this host's CPU {platform}{other}",
        firm=True,
    ),
    rule(
        C.IMAGE_PULL,
        rf"{_PULL}.*(?:manifest unknown|manifest for .* not found|does not exist or no pull access|name unknown"
        r"|repository .* (?:not found|does not exist)|: not found|Requested image not found|404)",
        "{image} is not in the registry",
        "check the image's name and tag, and that it was pushed to this region",
        firm=True,
    ),
    rule(
        C.IMAGE_PULL,
        rf"{_PULL}.*(?:invalid reference format|failed to parse|repository name must be)",
        "{image} is not a valid image name",
        "correct container",
        firm=True,
    ),
    rule(
        C.IMAGE_PULL,
        rf"{_PULL}.*(?:pull access denied|unauthorized|authentication required|no basic auth|access ?denied"
        r"|not authorized|insufficient_scope|403 Forbidden|forbidden|denied)",
        "no permission to pull {image} (or it does not exist)",
        "check the name; let the instance or execution role read ECR, or give container.credentials",
        firm=True,
    ),
    rule(
        C.IMAGE_PULL,
        rf"{_PULL}.*(?:timeout|timed out|request canceled|context (?:canceled|deadline)|dial tcp|connection re"
        r"|no such host|unexpected EOF|\bEOF\b|no route to host|network is unreachable|50[0234]\b)",
        "the host could not reach the registry of {image} in time",
        "give the subnets a way out (NAT, public IP or ECR and S3 endpoints); large images want a nearer registry",
    ),
    rule(C.IMAGE_PULL, rf"{_PULL}:?\s*(?P<why>.*)", "{image} could not be pulled: {why}"),
    # Fargate resources
    rule(
        C.PERMISSION,
        r"ResourceInitializationError.*(?:AccessDenied|not authorized|(?P<code>403))",
        "the execution role may not read the task's secrets, registry credentials or log group",
        "let the execution role read them (secretsmanager, ssm, ecr, logs)",
        firm=True,
    ),
    rule(
        C.PERMISSION,
        r"Fetching secret data from .*(?:AccessDenied|not authorized)",
        "the execution role may not read the task's secrets",
        "let the execution role read them (secretsmanager, ssm; kms:Decrypt for a key of yours)",
        firm=True,
    ),
    rule(
        C.PERMISSION,
        r"logging driver.*(?:AccessDenied|not authorized)",
        "the host may not write to the task's log group",
        "let the instance role (on Fargate the execution role) call logs:CreateLogStream and logs:PutLogEvents",
        firm=True,
    ),
    rule(
        C.RUNTIME,
        r"logging driver.*(?:RequestError|dial tcp|i/o time|timeout|deadline|no such host|connection re)",
        "its host could not reach CloudWatch Logs",
        "give the subnet a way out (NAT, a public IP, or the VPC endpoint of logs)",
    ),
    rule(
        C.RUNTIME,
        r"Timeout waiting for EphemeralStorage provisioning",
        "Fargate gave it no disk in time",
    ),
    rule(
        C.RUNTIME,
        r"(?:log group does not exist|failed to (?:validate logger args|initialize logging driver|create Cloudwatch log))",
        "its log group or log driver could not be used",
        "create the log group named in the log options, or take the options away",
        firm=True,
    ),
    rule(
        C.RUNTIME,
        r"ResourceInitializationError.*(?:timeout|deadline|timed out|connection|unable to (?:pull|retrieve))",
        "Fargate could not reach ECR, Secrets Manager or the logs from its subnet",
        "give the subnet a way out (NAT, a public IP, or the VPC endpoints)",
    ),
    rule(
        C.RUNTIME,
        r"mount\.nfs4|EFS utils|failed to mount|error (?:while )?mounting|error mounting|invalid mount config",
        "a volume could not be mounted: {text}",
        "check the volume's path, file system, access point and security group",
        firm=True,
    ),
    # starting the container
    rule(C.ARCHITECTURE, r"exec format error", "{image} is built for another CPU", firm=True),
    rule(
        C.OUT_OF_MEMORY,
        r"container init was OOM-killed|Minimum memory limit allowed",
        "its {memory} is too little even to start the container",
    ),
    rule(
        C.ENTRYPOINT,
        rf"{_START}.*exec: [\"\\]*(?P<program>/bin/sh|sh)\W.*(?:not found|no such file|permission denied)",
        "{image} has no /bin/sh, which the job's command needs",
        "use an image with a POSIX shell (a -debug or -slim variant instead of distroless or scratch)",
        firm=True,
    ),
    rule(
        C.ENTRYPOINT,
        rf"{_START}.*exec: [\"\\]*(?P<program>[^\"\\:]+).*(?:not found|no such fi|permission denied|stat )",
        "the image's ENTRYPOINT {program} could not be run",
        "take the ENTRYPOINT out of the image, or make it one that is there, executable, and runs its arguments",
        firm=True,
    ),
    rule(
        C.RUNTIME,
        r"could not select device driver|nvidia-container|NVML|nvidia",
        "its host offers no usable GPU",
        "give a queue of GPU instances with the ECS GPU image",
        firm=True,
    ),
    rule(
        C.RUNTIME,
        r"unable to find user (?P<user>[^:\s]+)|no matching entries in passwd",
        "the image has no user {user}",
        "correct the user in containerOptions",
        firm=True,
    ),
    rule(
        C.DISK_FULL,
        rf"(?:{_START}|CannotInspect|Task failed to start).*(?:no space left on device|thin pool|devmapper)",
        "its host's disk was full while starting the container",
        _FULL_HOST,
        own=False,
    ),
    rule(
        C.PERMISSION,
        r"unable to assume the role '?(?P<role>[^'\s]+)|(?P<other>sts:AssumeRole)",
        "ECS may not use the role {role}{other}",
        "let ecs-tasks.amazonaws.com assume it (trust policy)",
        firm=True,
    ),
    # memory
    rule(
        C.OUT_OF_MEMORY,
        r"OutOfMemory|killed due to memory usage|OOM[- ]?killed|memory limit exceeded",
        "used more than its {memory}",
    ),
    # the host's agent and daemon
    rule(
        C.RUNTIME,
        r"network interface|Create Network Interface|(?P<eni>\bENI\b)",
        "its host could not get a network interface",
        "retried by itself; if it stays, the subnet is out of addresses or the instance type has too few interfaces",
    ),
    rule(
        C.RUNTIME,
        rf"(?:{_START}|CgroupError|CannotCreateVolumeError):?\s*(?P<why>.*)",
        "the container could not be started: {why}",
    ),
    rule(
        C.RUNTIME,
        r"(?:DockerTimeoutError|ContainerRuntime(?:Timeout)?Error|CannotInspectContainerError|CannotStopContainerError"
        r"|CannotGetDockerClientError|InternalError|Could not transition to|HostConfigError"
        r"|Task failed to start|TaskFailedToStart|ResourceInitializationError)\W*(?P<why>.*)",
        "the host could not run the container: {text}",
    ),
    # others
    rule(C.CANCELLED, r"Dependent Job failed", "a job it depended on failed"),
    rule(
        C.CANCELLED,
        r"(?:job|task) (?:was )?(?:cancell?ed|terminated|stopped) by (?:the )?user|^(?:user )?cancell?ed\b",
        "cancelled: {text}",
    ),
)
