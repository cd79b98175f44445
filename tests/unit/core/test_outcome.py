"""What an attempt came to, told from texts AWS, docker, containerd and tools really write."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.core import bootstrap_marks
from headrace.core.attempt_facts import AttemptFacts
from headrace.core.named_errors import NamedError
from headrace.core.outcome import Outcome, cancelled, classify
from headrace.core.outcome_classes import FIXES, NOT_OWN, OutcomeClass, general_fix
from headrace.core.outcome_reasons import ENDINGS, REASONS
from headrace.core.outcome_signs import EXITS, SUBMITS

C = OutcomeClass
EXITED = "Essential container in task exited"
NOT_STARTED = "Task failed to start"
WHOLE = {"version": 1, "exitCode": 0, "stage": "done", "outputs": [], "missing": []}


def job(
    status_reason: str = EXITED,
    reason: str = "",
    exit_code: int | None = None,
    *,
    status: str = "FAILED",
    **more: object,
) -> dict[str, Any]:
    """A finished job's detail, as DescribeJobs gives it."""
    container: dict[str, Any] = {"image": "acme/tool:1"}
    if reason:
        container["reason"] = reason
    if exit_code is not None:
        container |= {"exitCode": exit_code, "logStreamName": "hr/default/0a"}
    container["resourceRequirements"] = [{"type": "MEMORY", "value": "512"}]
    attempt = {"container": {k: container[k] for k in ("reason", "exitCode", "logStreamName") if k in container}}
    return {
        "jobId": "j-1",
        "status": status,
        "statusReason": status_reason,
        "attempts": [{**attempt, "statusReason": status_reason}],
        "container": container,
        "timeout": {"attemptDurationSeconds": 60},
        **more,
    }


# (id, status reason, container reason, exit code, class, words of the cause)
# fmt: off
TEXTS: list[tuple[str, str, str, int | None, OutcomeClass, str]] = [
    ("host", "Host EC2 (instance i-0d3c5b0f7c2f9a1e4) terminated.", "", None, C.HOST_LOST, "i-0d3c5b0f7c2f9a1e4"),
    ("log-driver-offline", NOT_STARTED, "CannotStartContainerError: Error response from daemon: failed to initialize logging driver: failed to create Cloudwatch log stream: RequestError: send request failed caused by: Post https://logs.us-east-2.amazonaws.com/: dial tcp 10.20.10.16:443: i/o time", None, C.RUNTIME, "could not reach CloudWatch Logs"),
    ("log-driver-denied", NOT_STARTED, "CannotStartContainerError: Error response from daemon: failed to initialize logging driver: failed to create Cloudwatch log stream: AccessDeniedException: User: arn:aws:sts::1:assumed-role/x is not authorized to perform: logs:CreateLogStream", None, C.PERMISSION, "may not write to the task's log group"),
    ("secret-denied", "Fetching secret data from AWS Secrets Manager in region eu-west-1: secret arn:aws:secretsmanager:eu-west-1:1:secret:x: AccessDeniedException: User is not authorized to perform: secretsmanager:GetSecretValue", "", None, C.PERMISSION, "may not read the task's secrets"),
    ("no-ephemeral-storage", "Timeout waiting for EphemeralStorage provisioning to complete.", "", None, C.RUNTIME, "no disk in time"),
    ("host-with-code", "Host EC2 (instance i-0d3c5b0f7c2f9a1e4) terminated.", "", 1, C.HOST_LOST, "i-0d3c5b0f7c2f9a1e4"),
    ("host-no-instance", "Host EC2 terminated.", "", None, C.HOST_LOST, "host was terminated"),
    ("fargate-spot", "Your Spot Task was interrupted.", "", None, C.SPOT, "spot capacity"),
    ("fargate-maintenance", "ECS is performing maintenance on the underlying infrastructure hosting the task.", "", None, C.HOST_LOST, "out of service"),
    ("deregistered", "Container instance deregistration forced by user", "", None, C.HOST_LOST, "out of service"),
    ("fargate-capacity", "Capacity is unavailable at this time. Please try again later or in a different availability zone", "", None, C.NO_CAPACITY, "Fargate"),
    ("timeout", "Job attempt duration exceeded timeout", "", 137, C.TIMEOUT, "60 s"),
    ("timeout-no-code", "Job attempt duration exceeded timeout", "", None, C.TIMEOUT, "60 s"),
    ("oom", EXITED, "OutOfMemoryError: Container killed due to memory usage", 137, C.OUT_OF_MEMORY, "512 MiB"),
    ("oom-code-1", EXITED, "OutOfMemoryError: Container killed due to memory usage", 1, C.OUT_OF_MEMORY, "512 MiB"),
    ("oom-fargate", "OutOfMemory: container killed due to memory usage", "", 137, C.OUT_OF_MEMORY, "512 MiB"),
    ("oom-at-start", NOT_STARTED, "CannotStartContainerError: Error response from daemon: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: container init was OOM-killed (memory limit too low?): unknown", None, C.OUT_OF_MEMORY, "too little"),
    ("kill-without-words", EXITED, "", 137, C.OUT_OF_MEMORY, "most likely"),
    ("pull-unknown", NOT_STARTED, "CannotPullContainerError: Error response from daemon: manifest for acme/tool:1 not found: manifest unknown: Requested image not found", None, C.IMAGE_PULL, "acme/tool:1 is not in the registry"),
    ("pull-404", EXITED, "CannotPullContainerError: API error (404): repository acme/tool not found: does not exist or no pull access", None, C.IMAGE_PULL, "not in the registry"),
    ("pull-denied", NOT_STARTED, "CannotPullContainerError: Error response from daemon: pull access denied for acme/tool, repository does not exist or may require 'docker login'", None, C.IMAGE_PULL, "permission|not in the registry"),
    ("pull-scope", NOT_STARTED, 'CannotPullContainerError: failed to resolve ref "docker.io/library/x:latest": pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed', None, C.IMAGE_PULL, "permission|not in the registry"),
    ("pull-ecr-auth", NOT_STARTED, "CannotPullECRContainerError: AccessDeniedException: User: arn:aws:sts::1:assumed-role/x is not authorized to perform: ecr:GetAuthorizationToken on resource: * because no identity-based policy allows it", None, C.IMAGE_PULL, "permission"),
    ("pull-unauthorized", NOT_STARTED, "CannotPullContainerError: Error response from daemon: Head https://quay.io/v2/x/manifests/1: unauthorized: access to the requested resource is not authorized", None, C.IMAGE_PULL, "permission"),
    ("pull-basic-auth", NOT_STARTED, "CannotPullContainerError: Error response from daemon: no basic auth credentials", None, C.IMAGE_PULL, "permission"),
    ("pull-403", NOT_STARTED, "CannotPullContainerError: inspect image has been retried 1 time(s): failed to resolve ref: unexpected status from HEAD request to https://1.dkr.ecr.eu-west-1.amazonaws.com/v2/x/manifests/1: 403 Forbidden", None, C.IMAGE_PULL, "permission"),
    ("pull-hub-limit", NOT_STARTED, "CannotPullContainerError: inspect image has been retried 1 time(s): httpReaderSeeker: failed open: unexpected status code https://registry-1.docker.io/v2/x/manifests/1: 429 Too Many Requests - Server message: toomanyrequests: You have reached your pull rate limit", None, C.IMAGE_PULL, "limits how often"),
    ("pull-ecr-rate", NOT_STARTED, "CannotPullContainerError: Error response from daemon: toomanyrequests: Rate exceeded", None, C.IMAGE_PULL, "limits how often"),
    ("pull-timeout", NOT_STARTED, 'CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref "1.dkr.ecr.us-east-1.amazonaws.com/api:v42": failed to do request: Head "https://1.dkr.ecr.us-east-1.amazonaws.com/v2/api/manifests/v42": dial tcp 10.0.3.17:443: i/o timeout', None, C.IMAGE_PULL, "could not reach"),
    ("pull-cancelled", NOT_STARTED, "CannotPullContainerError: Error response from daemon: Get https://registry-1.docker.io/v2/: net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)", None, C.IMAGE_PULL, "could not reach"),
    ("pull-context", NOT_STARTED, "CannotPullContainerError: context canceled", None, C.IMAGE_PULL, "could not reach"),
    ("pull-bare", NOT_STARTED, "CannotPullContainerError: timeout", None, C.IMAGE_PULL, "could not reach"),
    ("pull-dns", NOT_STARTED, "CannotPullContainerError: Error response from daemon: Get https://quay.io/v2/: dial tcp: lookup quay.io on 10.0.0.2:53: no such host", None, C.IMAGE_PULL, "could not reach"),
    ("pull-layers", NOT_STARTED, "CannotPullContainerError: ref pull has been retried 1 time(s): failed to unpack image on snapshotter overlayfs: mismatched image rootfs and manifest layers", None, C.IMAGE_PULL, "mismatched image rootfs"),
    ("pull-zstd", NOT_STARTED, "CannotPullContainerError: ref pull has been retried 1 time(s): number of layers and diffIDs don't match: 3 != 15", None, C.IMAGE_PULL, "diffIDs"),
    ("pull-reference", NOT_STARTED, "CannotPullContainerError: Error response from daemon: invalid reference format", None, C.IMAGE_PULL, "not a valid image name"),
    ("pull-platform", NOT_STARTED, "CannotPullContainerError: pull image manifest has been retried 7 time(s): image Manifest does not contain descriptor matching platform 'linux/amd64'.", None, C.ARCHITECTURE, "linux/amd64"),
    ("pull-no-arm", NOT_STARTED, "CannotPullContainerError: Error response from daemon: no matching manifest for linux/arm64/v8 in the manifest list entries", None, C.ARCHITECTURE, "linux/arm64/v8"),
    ("pull-disk", NOT_STARTED, "CannotPullContainerError: write /var/lib/docker/tmp/GetImageBlob887491687: no space left on device", None, C.DISK_FULL, "while pulling"),
    ("pull-disk-layer", NOT_STARTED, "CannotPullContainerError: failed to register layer: write /usr/local/bin/ripples-fast: no space left on device", None, C.DISK_FULL, "while pulling"),
    ("no-shell", NOT_STARTED, 'CannotStartContainerError: Error response from daemon: OCI runtime create failed: container_linux.go:380: starting container process caused: exec: "/bin/sh": stat /bin/sh: no such file or directory: unknown', None, C.ENTRYPOINT, "no /bin/sh"),
    ("no-sh-in-path", NOT_STARTED, 'CannotStartContainerError: Error response from daemon: failed to create task for container: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: exec: "sh": executable file not found in $PATH: unknown', None, C.ENTRYPOINT, "no /bin/sh"),
    ("entrypoint-cut", NOT_STARTED, 'CannotStartContainerError: Error response from daemon: failed to create task for container: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: exec: "/usr/local/bin/_entrypoint.sh": stat /usr/loca', None, C.ENTRYPOINT, "/usr/local/bin/_entrypoint.sh"),
    ("entrypoint-escaped", NOT_STARTED, 'CannotStartContainerError: Error response from daemon: OCI runtime create failed: container_linux.go:348: starting container process caused "exec: \\"gzipdata\\": executable file not found in $PATH": unknown', None, C.ENTRYPOINT, "gzipdata"),
    ("entrypoint-permission", NOT_STARTED, 'CannotStartContainerError: Error response from daemon: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: exec: "/home/user/pipeline.py": permission denied: unknown', None, C.ENTRYPOINT, "/home/user/pipeline.py"),
    ("exec-format", NOT_STARTED, "CannotStartContainerError: Error response from daemon: failed to create shim task: OCI runtime create failed: exec /entry: exec format error: unknown", None, C.ARCHITECTURE, "another CPU"),
    ("user", NOT_STARTED, "CannotStartContainerError: Error response from daemon: unable to find user nobody2: no matching entries in passwd file", None, C.RUNTIME, "nobody2"),
    ("gpu", NOT_STARTED, 'CannotStartContainerError: Error response from daemon: could not select device driver "" with capabilities: [[gpu]]', None, C.RUNTIME, "GPU"),
    ("gpu-hook", NOT_STARTED, "CannotStartContainerError: Error response from daemon: OCI runtime create failed: nvidia-container-cli: initialization error: driver error: failed to process request", None, C.RUNTIME, "GPU"),
    ("start-disk", NOT_STARTED, "CannotCreateContainerError: Error response from daemon: mkdir /var/lib/docker/overlay2/0a-init: no space left on device", None, C.DISK_FULL, "while starting"),
    ("thin-pool", NOT_STARTED, "CannotCreateContainerError: API error (500): devmapper: Thin Pool has 4350 free data blocks which is less than minimum required 4454 free data blocks", None, C.DISK_FULL, "while starting"),
    ("mount", NOT_STARTED, "ResourceInitializationError: failed to invoke EFS utils commands to set up EFS volumes: stderr: Failed to resolve fs-1.efs.eu-west-1.amazonaws.com", None, C.RUNTIME, "volume"),
    ("mount-rootfs", NOT_STARTED, 'CannotStartContainerError: Error response from daemon: OCI runtime create failed: error mounting "/opt/aws" to rootfs at "/opt/aws": not a directory: unknown', None, C.RUNTIME, "volume"),
    ("docker-timeout", NOT_STARTED, "DockerTimeoutError: Could not transition to created; timed out after waiting 4m0s", None, C.RUNTIME, "timed out"),
    ("docker-start", NOT_STARTED, "DockerTimeoutError: Could not transition to started; timed out after waiting 3m0s", None, C.RUNTIME, "timed out"),
    ("inspect", EXITED, "CannotInspectContainerError: Could not transition to inspecting; timed out after waiting 30s", None, C.RUNTIME, "inspecting"),
    ("containerd-timeout", NOT_STARTED, "ContainerRuntimeTimeoutError: Could not transition to running; timed out after waiting 1m", None, C.RUNTIME, "running"),
    ("cgroup", NOT_STARTED, "CgroupError: Agent could not create task's platform resources", None, C.RUNTIME, "platform resources"),
    ("eni", "Timeout waiting for network interface provisioning to complete.", "", None, C.RUNTIME, "network interface"),
    ("eni-create", "Unexpected EC2 error while attempting to Create Network Interface with public IP assignment enabled in subnet 'subnet-1': InsufficientFreeAddressesInSubnet", "", None, C.RUNTIME, "network interface"),
    ("secrets-denied", NOT_STARTED, "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secret from asm: service call has been retried 1 time(s): AccessDeniedException: User: arn:aws:sts::1:assumed-role/x", None, C.PERMISSION, "execution role"),
    ("secrets-network", NOT_STARTED, "ResourceInitializationError: unable to pull secrets or registry auth: pull command failed: : signal: killed, context deadline exceeded", None, C.RUNTIME, "could not reach"),
    ("log-group", NOT_STARTED, "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: failed to create Cloudwatch log stream: ResourceNotFoundException: The specified log group does not exist.", None, C.RUNTIME, "log group"),
    ("log-driver", NOT_STARTED, "CannotStartContainerError: Error response from daemon: failed to initialize logging driver: failed to create Cloudwatch log stream: AccessDeniedException", None, C.PERMISSION, "log group"),
    ("role", "ECS was unable to assume the role 'arn:aws:iam::1:role/job' that was provided for this task. Please verify that the role being passed has the proper trust relationship and permissions", "", None, C.PERMISSION, "arn:aws:iam::1:role/job"),
    ("overrides", "Container Overrides length must be at most 8192", "", None, C.SUBMIT_REFUSED, "8192"),
    ("blocked-requirement", "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT - The job resource requirement (vCPU/memory/GPU) is higher than that can be met by the CE(s) attached to the job queue.", "", None, C.STUCK, "asks for more"),
    ("blocked-max", "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE - CE(s) associated with the job queue cannot meet the CPU requirement of the job.", "", None, C.STUCK, "asks for more"),
    ("blocked-role", "MISCONFIGURATION:SERVICE_ROLE_PERMISSIONS \u2013 Batch service role has a permission issue.", "", None, C.STUCK, "SERVICE_ROLE_PERMISSIONS"),
    ("blocked-capacity", "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY - Service cannot fulfill the capacity requested for instance type [p4d.24xlarge]", "", None, C.NO_CAPACITY, "no capacity"),
    ("blocked-invalid", "ACTION_REQUIRED - CE(s) associated with the job queue are invalid.", "", None, C.STUCK, "ACTION_REQUIRED"),
    ("blocked-unknown", "UNDETERMINED - Batch job is blocked, root cause is undetermined.", "", None, C.STUCK, "UNDETERMINED"),
    ("auto-cancel", "Canceled by JobStateTimeLimit action due to reason: MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT", "", None, C.STUCK, "time limit"),
    ("ours-stuck", "headrace stuck: no instance registers in queue spot since 30 min", "", None, C.STUCK, "no instance registers"),
    ("ours-given-up", "headrace stuck: terminated: no instance registers in queue spot", "", None, C.STUCK, "no instance registers"),
    ("ours-cancel", "headrace cancel: run demo was stopped", "", None, C.CANCELLED, "run demo was stopped"),
    ("dependency", "Dependent Job failed", "", None, C.CANCELLED, "depended"),
    ("by-user", "Job terminated by user", "", None, C.CANCELLED, "terminated by user"),
    ("only-failed-to-start", NOT_STARTED, "", None, C.RUNTIME, NOT_STARTED),
    ("words-nobody-knows", "Something entirely new happened", "", None, C.UNKNOWN, "entirely new"),
    ("exit-1", EXITED, "", 1, C.EXIT, "exit code 1"),
    ("exit-2", EXITED, "", 2, C.EXIT, "exit code 2"),
    ("exit-7", EXITED, "", 7, C.EXIT, "exit code 7"),
    ("exit-125", EXITED, "", 125, C.EXIT, "125"),
    ("exit-126", EXITED, "", 126, C.EXIT, "not executable"),
    ("exit-127", EXITED, "", 127, C.EXIT, "not found"),
    ("exit-130", EXITED, "", 130, C.EXIT, "SIGINT"),
    ("exit-132", EXITED, "", 132, C.ARCHITECTURE, "SIGILL"),
    ("exit-134", EXITED, "", 134, C.EXIT, "SIGABRT"),
    ("exit-135", EXITED, "", 135, C.EXIT, "SIGBUS"),
    ("exit-139", EXITED, "", 139, C.EXIT, "segmentation fault"),
    ("exit-141", EXITED, "", 141, C.EXIT, "SIGPIPE"),
    ("exit-143", EXITED, "", 143, C.EXIT, "SIGTERM"),
    ("exit-255", EXITED, "", 255, C.EXIT, "exit code 255"),
]
# fmt: on


@pytest.mark.parametrize(
    ("status_reason", "reason", "code", "kind", "words"), [t[1:] for t in TEXTS], ids=[t[0] for t in TEXTS]
)
def test_real_texts_tell_the_class(
    status_reason: str, reason: str, code: int | None, kind: OutcomeClass, words: str
) -> None:
    """Each text AWS, docker or containerd writes has its class, and a cause that says what it was."""
    outcome = classify(AttemptFacts(job=job(status_reason, reason, code)))
    assert outcome.kind is kind
    assert any(word.lower() in outcome.cause.lower() for word in words.split("|")), outcome.cause
    assert outcome.fix
    assert outcome.exit_code == code
    assert outcome.counts_as_own is (kind not in NOT_OWN and "host's disk" not in outcome.cause)


FIRM = {
    "pull-unknown",
    "pull-404",
    "pull-denied",
    "pull-403",
    "pull-platform",
    "no-shell",
    "entrypoint-cut",
    "exec-format",
    "secrets-denied",
    "role",
    "overrides",
    "blocked-requirement",
    "log-group",
    "gpu",
    "user",
}
PASSING = {
    "host",
    "fargate-spot",
    "pull-timeout",
    "pull-hub-limit",
    "pull-cancelled",
    "pull-disk",
    "docker-timeout",
    "inspect",
    "cgroup",
    "oom",
    "exit-7",
    "secrets-network",
    "eni",
    "words-nobody-knows",
}


@pytest.mark.parametrize("name", sorted(FIRM | PASSING))
def test_what_another_try_cannot_help_is_firm(name: str) -> None:
    """A missing image stays missing; an overloaded registry does not."""
    status_reason, reason, code = next(t[1:4] for t in TEXTS if t[0] == name)
    assert classify(AttemptFacts(job=job(status_reason, reason, code))).firm is (name in FIRM)


# fmt: off
SUBMISSIONS = [
    ("Batch.TooManyRequestsException", "Too Many Requests (Service: AWSBatch; Status Code: 429; Error Code: TooManyRequestsException; Request ID: x; Proxy: null)", C.THROTTLED, "no more requests"),
    ("Batch.ClientException", "Error executing request, Exception : Job size must be less than 30 KiB, got 47 KiB, RequestId: x", C.SUBMIT_REFUSED, "47 KiB"),
    ("Batch.ClientException", "Error executing request, Exception : JobQueue arn:aws:batch:us-east-1:1:job-queue/x not found. (Service: AWSBatch; Status Code: 400)", C.SUBMIT_REFUSED, "job-queue/x"),
    ("Batch.ClientException", "Error executing request, Exception : Job Queue spot is not in ENABLED state", C.SUBMIT_REFUSED, "spot"),
    ("Batch.ClientException", "Error executing request, Exception : JobDefinition arn:aws:batch:us-east-1:1:job-definition/hr-x-0a1b:3 is INACTIVE or does not exist", C.ENGINE, "registered again"),
    ("Batch.ClientException", "Error executing request, Exception : JobDefinition arn:aws:batch:us-east-1:1:job-definition/x:3 is INACTIVE or does not exist", C.SUBMIT_REFUSED, "not there any more"),
    ("Batch.ClientException", "Error executing request, Exception : Container vcpus should be greater than 0", C.SUBMIT_REFUSED, "vcpus"),
    ("Batch.AccessDeniedException", "User: arn:aws:sts::1:assumed-role/machine/x is not authorized to perform: batch:SubmitJob on resource: arn:aws:batch:us-east-1:1:job-queue/x", C.PERMISSION, "batch:SubmitJob"),
    ("Batch.ServerException", "Failed to create shareIdentifier default (Service: AWSBatch; Status Code: 500; Error Code: ServerException; Request ID: x; Proxy: null)", C.ENGINE, "shareIdentifier"),
    ("Batch.AWSBatchException", "null (Service: AWSBatch; Status Code: 500; Error Code: AuthorizerConfigurationException; Request ID: x; Proxy: null)", C.ENGINE, "AuthorizerConfigurationException"),
    ("States.Timeout", "", C.TIMEOUT, "waiting included"),
    ("States.Runtime", "An error occurred while executing the state 'SubmitJob'", C.ENGINE, "SubmitJob"),
    ("States.DataLimitExceeded", "The state/task 'SubmitJob' returned a result with a size exceeding the maximum", C.ENGINE, "size exceeding"),
    ("Lambda.TooManyRequestsException", "Rate exceeded", C.THROTTLED, ""),
    ("States.TaskFailed", NOT_STARTED, C.RUNTIME, NOT_STARTED),
    ("", "", C.UNKNOWN, "nothing is known"),
]
# fmt: on


@pytest.mark.parametrize(
    ("error", "cause", "kind", "words"),
    SUBMISSIONS,
    ids=[f"{n}-{s[0] or 'nothing'}" for n, s in enumerate(SUBMISSIONS)],
)
def test_what_step_functions_says_tells_the_class(error: str, cause: str, kind: OutcomeClass, words: str) -> None:
    """A submission that was refused, throttled or lost is told apart from a job that failed."""
    outcome = classify(AttemptFacts(error=error, cause=cause))
    assert outcome.kind is kind
    assert words in outcome.cause


def test_every_rule_decides_some_real_text() -> None:
    """No rule stands in the shadow of one before it."""
    reasons = [*ENDINGS, *REASONS]
    told = [next((rule for rule in reasons for text in row[1:3] if rule.pattern.search(text)), None) for row in TEXTS]
    assert [rule.pattern.pattern for rule in reasons if rule not in told] == []
    sent = [next((rule for rule in SUBMITS if rule.pattern.search(f"{row[0]}: {row[1]}")), None) for row in SUBMISSIONS]
    assert [rule.pattern.pattern for rule in SUBMITS if rule not in sent] == []


def pascal(value: Any) -> Any:
    """The same detail as Step Functions writes it."""
    if isinstance(value, dict):
        return {key[0].upper() + key[1:]: pascal(item) for key, item in value.items()}
    return [pascal(item) for item in value] if isinstance(value, list) else value


def test_a_cause_of_step_functions_is_read_like_a_detail() -> None:
    """States.TaskFailed carries the whole job as a JSON string."""
    detail = job(NOT_STARTED, "CannotPullContainerError: context canceled")
    outcome = classify(AttemptFacts(error="States.TaskFailed", cause=json.dumps(pascal(detail))))
    assert outcome == classify(AttemptFacts(job=detail))
    assert outcome.ref.job_id == "j-1"


def test_a_cause_that_was_cut_still_tells_the_class() -> None:
    """Cut anywhere behind the reason, a long Cause says the same."""
    detail = pascal(job(EXITED, "OutOfMemoryError: Container killed due to memory usage", 137))
    text = json.dumps({**detail, "Zcommand": ["x" * 1000]})
    start = text.index('"Container"', text.index("StatusReason", text.index("Attempts")))
    for end in range(start, len(text), 7):
        assert classify(AttemptFacts(error="States.TaskFailed", cause=text[:end])).kind is C.OUT_OF_MEMORY


@pytest.mark.parametrize(
    ("manifest", "code", "kind", "words"),
    [
        (WHOLE, 0, C.SUCCEEDED, "done"),
        ({**WHOLE, "missing": ["vcf", "log"]}, 0, C.MISSING_OUTPUT, "vcf, log"),
        ({**WHOLE, "stage": "script", "exitCode": 3}, 3, C.EXIT, "exit code 3"),
        ({**WHOLE, "stage": "done", "exitCode": 3}, 0, C.EXIT, "exit code 3"),
        ({**WHOLE, "stage": "stage-in"}, 1, C.STAGE_IN, "input"),
        ({**WHOLE, "stage": "stage-out"}, 1, C.STAGE_OUT, "output"),
        ({**WHOLE, "stage": "stage-out", "missing": ["bam"]}, 1, C.MISSING_OUTPUT, "bam"),
        ({**WHOLE, "stage": "script", "exitCode": 137}, 1, C.OUT_OF_MEMORY, "137"),
        ({**WHOLE, "stage": "script", "exitCode": 127}, 127, C.EXIT, "not found"),
        (None, 0, C.UNKNOWN, "failed with exit code 0"),
    ],
)
def test_the_manifest_tells_how_far_it_came(manifest: object, code: int, kind: OutcomeClass, words: str) -> None:
    """Stage and the script's own exit code, where Batch's words say nothing."""
    outcome = classify(AttemptFacts(job=job(exit_code=code), manifest=manifest))
    assert outcome.kind is kind
    assert words in outcome.cause


@pytest.mark.parametrize("name", ["host", "inspect", "by-user", "timeout", "oom"])
def test_a_whole_manifest_is_a_success_whatever_came_after(name: str) -> None:
    """The manifest is the last thing an attempt writes: a host lost after it loses nothing."""
    status_reason, reason, code = next(t[1:4] for t in TEXTS if t[0] == name)
    outcome = classify(AttemptFacts(job=job(status_reason, reason, code), manifest=WHOLE))
    assert outcome.succeeded
    assert not outcome.counts_as_own


def test_success_without_a_manifest_is_a_missing_output() -> None:
    """Batch's SUCCEEDED alone commits nothing."""
    outcome = classify(AttemptFacts(job=job(status="SUCCEEDED", exit_code=0)))
    assert outcome.kind is C.MISSING_OUTPUT
    assert "manifest" in outcome.cause


def test_a_terminated_job_is_cancelled_whatever_its_reason_says() -> None:
    """The reason of TerminateJob is anybody's text; it makes no other class."""
    for flag in ("isTerminated", "isCancelled"):
        outcome = classify(AttemptFacts(job=job("OutOfMemoryError, says a prankster", "", 143) | {flag: True}))
        assert outcome.kind is C.CANCELLED
        assert "prankster" in outcome.cause


def test_on_a_spot_queue_a_lost_host_is_spot() -> None:
    """Batch uses the same words for both; the queue knows."""
    lost = job("Host EC2 (instance i-0d3c5b0f7c2f9a1e4) terminated.")
    assert classify(AttemptFacts(job=lost, spot=True)).kind is C.SPOT
    assert classify(AttemptFacts(job=job(exit_code=143), spot=True)).kind is C.SPOT


LOG_LINES = [
    ("java.lang.OutOfMemoryError: Java heap space", 1, C.OUT_OF_MEMORY),
    ("terminate called after throwing an instance of 'std::bad_alloc'", 1, C.OUT_OF_MEMORY),
    ("numpy.core._exceptions.MemoryError: Unable to allocate 8.00 GiB", 1, C.OUT_OF_MEMORY),
    ("Error: cannot allocate vector of size 2.0 Gb", 1, C.OUT_OF_MEMORY),
    ("sort: write failed: /tmp/sortA1: No space left on device", 2, C.DISK_FULL),
    ("An error occurred (AccessDenied) when calling the GetObject operation: Access Denied", 1, C.PERMISSION),
    ('Unable to locate credentials. You can configure credentials by running "aws configure".', 1, C.PERMISSION),
    ("/opt/tool/bin/run: cannot execute binary file: Exec format error", 126, C.ARCHITECTURE),
    ("ValueError: bad sample sheet", 1, C.EXIT),
]


@pytest.mark.parametrize(("line", "code", "kind"), LOG_LINES)
def test_the_log_tells_more_than_a_plain_exit_code(line: str, code: int, kind: OutcomeClass) -> None:
    """Exit code 1 says nothing; the line before it does, and it is the cause."""
    outcome = classify(AttemptFacts(job=job(exit_code=code), log=("starting", line, "bye")))
    assert outcome.kind is kind
    assert line[:30] in outcome.cause
    assert line in outcome.evidence


def test_our_own_last_words_are_not_the_tasks() -> None:
    """The bootstrap says the exit code at the end of every log; the cause shows what the script said."""
    log = ("headrace: began", "no reads for sample a", "headrace: the script ended with exit code 4")
    assert classify(AttemptFacts(job=job(exit_code=4), log=log)).cause == (
        "the script ended with exit code 4: no reads for sample a"
    )
    assert classify(AttemptFacts(job=job(exit_code=4), log=log[::2])).cause == "the script ended with exit code 4"


def test_the_log_never_overrules_a_reason_or_a_signal() -> None:
    """A task that prints the words of another failure does not change its own."""
    log = ("No space left on device", "CannotPullContainerError: manifest unknown")
    assert classify(AttemptFacts(job=job("Host EC2 (instance i-1) terminated.", "", 1), log=log)).kind is C.HOST_LOST
    assert classify(AttemptFacts(job=job(exit_code=139), log=log)).kind is C.EXIT
    assert classify(AttemptFacts(job=job(exit_code=137), log=log)).kind is C.OUT_OF_MEMORY


@pytest.mark.parametrize(
    ("log", "kind"),
    [
        ((), C.ENTRYPOINT),
        (("usage: samtools <command> [options]",), C.ENTRYPOINT),
        (("standard_init_linux.go:228: exec user process caused: no such file or directory",), C.ENTRYPOINT),
        (("standard_init_linux.go:228: exec user process caused: exec format error",), C.ARCHITECTURE),
        (("exec /entrypoint.sh: exec format error",), C.ARCHITECTURE),
    ],
)
def test_a_command_that_never_began_is_the_images_fault(log: tuple[str, ...], kind: OutcomeClass) -> None:
    """Without the bootstrap's first mark, the ENTRYPOINT did not run the job's command."""
    outcome = classify(AttemptFacts(job=job(exit_code=1), log=log, started=False))
    assert outcome.kind is kind
    assert outcome.firm


@pytest.mark.parametrize("code", sorted(bootstrap_marks.EXITS))
def test_the_bootstraps_own_exit_codes_tell_their_class(code: int) -> None:
    """Its last line is the cause; the same code from a user's script, which left a manifest, is the script's."""
    kind, cause = bootstrap_marks.EXITS[code]
    line = f"{bootstrap_marks.PREFIX}cannot: s3://b/k"
    own = classify(AttemptFacts(job=job(exit_code=code), log=("x", line)))
    assert own.kind is kind
    assert cause in own.cause
    assert line in own.cause
    script = classify(AttemptFacts(job=job(exit_code=code), manifest={**WHOLE, "stage": "script", "exitCode": code}))
    assert script.kind is C.EXIT


def test_staging_that_was_denied_or_had_no_room_says_so() -> None:
    """The tool's own words make the class more exact; other words of the log do not."""
    for line, kind in (
        ("AccessDenied: s3://b/k", C.PERMISSION),
        ("No space left on device", C.DISK_FULL),
        ("out of memory", C.STAGE_IN),
    ):
        outcome = classify(AttemptFacts(job=job(exit_code=bootstrap_marks.STAGE_IN_FAILED), log=(f"headrace: {line}",)))
        assert outcome.kind is kind


def test_the_fix_of_a_missing_transfer_tool_names_the_three_ways() -> None:
    """Host mount, launch template, image."""
    fix = classify(AttemptFacts(job=job(exit_code=bootstrap_marks.TRANSFER_TOOL_MISSING))).fix
    assert all(way in fix for way in ("cliPath", "/opt/headrace/bin", "image"))


def test_the_evidence_is_the_reasons_then_the_log() -> None:
    """AWS's words are kept as they are; equal ones once, and what it says of every failed script only where the log is empty."""
    outcome = classify(AttemptFacts(job=job(EXITED, "bad things", 7), log=("one", "two")))
    assert outcome.evidence == ("Batch: bad things", "one", "two")
    assert classify(AttemptFacts(job=job(EXITED, "", 7))).evidence == (f"Batch: {EXITED}",)
    assert (outcome.ref.log_stream, outcome.ref.attempt) == ("hr/default/0a", 1)


def test_a_job_without_stream_or_attempt_gives_its_reason() -> None:
    """A job that never started has attempt 0 and its status reason as evidence."""
    detail = {"jobId": "j", "status": "FAILED", "statusReason": "Container Overrides length must be at most 8192"}
    outcome = classify(AttemptFacts(job=detail))
    assert (outcome.ref.attempt, outcome.ref.log_stream) == (0, "")
    assert outcome.evidence == ("Batch: Container Overrides length must be at most 8192",)


def test_an_array_parent_says_how_many_children_failed() -> None:
    """The parent has no attempt of its own."""
    detail = {
        "jobId": "j",
        "status": "FAILED",
        "statusReason": "Array Child Job failed",
        "arrayProperties": {"size": 10, "statusSummary": {"FAILED": 2}},
    }
    assert classify(AttemptFacts(job=detail)).cause == "2 of 10 array children failed"


def test_a_named_error_of_the_spec_adds_its_class_action_and_hint() -> None:
    """Users know their tools' words; the first that matches counts."""
    named = (
        NamedError("other", "not there"),
        NamedError("licence", "licence*denied", kind=C.THROTTLED, action="retry", hint="wait for a licence"),
    )
    outcome = classify(AttemptFacts(job=job(exit_code=9), log=("LICENCE request 7 was DENIED", "bye"), named=named))
    assert (outcome.kind, outcome.named, outcome.action, outcome.fix) == (
        C.THROTTLED,
        "licence",
        "retry",
        "wait for a licence",
    )
    assert outcome.cause == "licence: LICENCE request 7 was DENIED"
    assert not outcome.counts_as_own
    unnamed = classify(AttemptFacts(job=job(exit_code=9), named=named))
    assert (unnamed.kind, unnamed.named) == (C.EXIT, "")
    assert classify(AttemptFacts(job=job(exit_code=0), manifest=WHOLE, log=("licence denied",), named=named)).succeeded


def test_a_secret_in_a_cause_is_masked() -> None:
    """A cause is mailed; the log line in it is masked like any evidence."""
    outcome = classify(AttemptFacts(job=job(exit_code=1), log=("error: AKIAIOSFODNN7EXAMPLE is unknown",)))
    assert "AKIA" not in repr(outcome)


def test_every_class_has_a_fix() -> None:
    """No failure leaves the reader without something to do."""
    assert set(FIXES) == set(OutcomeClass)
    assert all(general_fix(kind) for kind in OutcomeClass if kind is not C.SUCCEEDED)
    assert general_fix("no class") == ""


def test_every_exit_code_of_the_table_can_be_said() -> None:
    """Each line of the table is a one-line cause with its fix."""
    for code in EXITS:
        outcome = classify(AttemptFacts(job=job(exit_code=code)))
        assert str(code) in outcome.cause
        assert outcome.fix


WILD = st.text(max_size=60) | st.sampled_from(
    [t[1] for t in TEXTS] + [t[2] for t in TEXTS] + ["{image}", "{0}", "%s", "\x1b[0m"]
)
VALUES = (
    st.none()
    | st.booleans()
    | st.integers()
    | WILD
    | st.lists(st.dictionaries(st.sampled_from(["container", "exitCode"]), WILD), max_size=2)
)
DETAILS = st.dictionaries(
    st.sampled_from(["jobId", "JobId", "status", "StatusReason", "attempts", "container", "isTerminated"]), VALUES
)


FACTS = st.builds(
    AttemptFacts,
    job=st.none() | DETAILS | st.builds(job, WILD, WILD, st.none() | st.integers()),
    error=WILD,
    cause=WILD,
    manifest=st.none() | st.dictionaries(st.sampled_from(["stage", "exitCode", "missing"]), VALUES),
    log=st.lists(WILD, max_size=5).map(tuple),
    started=st.none() | st.booleans(),
)


@given(FACTS)
def test_anything_gives_an_outcome_in_single_lines(facts: AttemptFacts) -> None:
    """Whatever the facts are: no exception, one line each, never longer than a child execution may return."""
    outcome = classify(facts)
    assert isinstance(outcome, Outcome)
    for line in (outcome.cause, outcome.fix, *outcome.evidence):
        assert len(line.splitlines()) <= 1
    assert 0 < len(outcome.cause) <= 200
    assert len(outcome.fix) <= 200


def test_a_job_we_ended_is_cancelled_whatever_it_came_to() -> None:
    """A job that dies while it stores its results leaves an exit code of its own; known to be ended by us, it is no failure."""
    died = classify(AttemptFacts(job=job(exit_code=bootstrap_marks.STAGE_OUT_FAILED)))
    assert died.kind is C.STAGE_OUT
    ended = cancelled(died, "the run drains")
    assert (ended.kind, ended.cause, ended.counts_as_own) == (C.CANCELLED, "cancelled: the run drains", False)
    assert (ended.exit_code, ended.ref) == (died.exit_code, died.ref)
