"""What jobs cannot do whatever they try, what IAM refuses behind the checks, and what a run says of it."""

from __future__ import annotations

import uuid
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from tests.support.live_stack import LiveStack

# Each line says what S3 answered to one attempt.
TRYING = """\
name: NAME
defaults: {container: any}
processes:
  try:
    outputs: {o: o.txt}
    script: |
      try() { if s5cmd "$@" >said 2>&1; then echo allowed; elif grep -qE 'AccessDenied|code: 403' said; then echo denied; else cat said; fi; }
      echo mine > mine
      {
        try cat s3://BUCKET/launch/NAME.yaml
        try cat s3://BUCKET/RUN/spec.json
        try ls "s3://BUCKET/runs/*"
        try cp mine s3://BUCKET/results/NAME/forged.txt
        try cp mine s3://BUCKET/launch/forged.yaml
        try cp mine s3://BUCKET/inputs/forged.txt
        try rm s3://BUCKET/inputs/NAME.txt
        try cat s3://CLOSED/secret.txt
        try cp mine s3://CLOSED/forged.txt
        try cat s3://BUCKET/inputs/NAME.txt
        try cat s3://BUCKET/pipelines/NAME/code.txt
        try cat s3://BUCKET/results/NAME/before.txt
      } > o.txt
outputs: {o: "${{ try.o }}"}
"""
ONE = """\
name: NAME
processes:
  p:
    container: any
    DIRECTIVE
    script: "true"
"""


def one(directive: str) -> str:
    """A pipeline of one process with this directive, and work of its own."""
    return ONE.replace("NAME", f"may-{uuid.uuid4().hex[:8]}").replace("DIRECTIVE", directive)


def test_a_job_reaches_its_work_and_nothing_else(live: LiveStack):
    """Not the plan, not what starts runs, not results or inputs to write, not another bucket; inputs, code and results it reads."""
    name, closed = f"try-{uuid.uuid4().hex[:8]}", f"closed-{uuid.uuid4().hex[:8]}"
    live.client("s3").create_bucket(Bucket=closed)
    live.client("s3").put_object(Bucket=closed, Key="secret.txt", Body=b"x")
    for key in (f"inputs/{name}.txt", f"pipelines/{name}/code.txt", f"results/{name}/before.txt"):
        live.put(key, "read me\n")
    spec = TRYING.replace("NAME", name).replace("BUCKET", live.bucket).replace("CLOSED", closed)
    earlier = live.run(one("cache: false")).epoch
    ended = live.ended(live.drop(f"{name}.yaml", spec.replace("RUN", f"runs/{earlier.run}/1"), name))
    assert ended.status == "SUCCEEDED", ended.cause
    assert ended.result("o").split() == ["denied"] * 9 + ["allowed"] * 3
    assert not [key for key in live.keys("") if "forged" in key]


def test_a_queue_that_is_not_opened_fails_the_task_with_its_fix(live: LiveStack):
    """No job, and not hours of trying: what to open is in the digest."""
    batch, name = live.client("batch"), f"closed-{uuid.uuid4().hex[:8]}"
    resources = {"type": "SPOT", "maxvCpus": 16, "instanceTypes": ["optimal"], "subnets": ["s"], "instanceRole": "r"}
    environment = batch.create_compute_environment(
        computeEnvironmentName=f"{name}-env", type="MANAGED", computeResources=resources
    )["computeEnvironmentArn"]
    order = [{"order": 1, "computeEnvironment": environment}]
    batch.create_job_queue(jobQueueName=name, priority=1, computeEnvironmentOrder=order)
    ended = live.run(one(f"queue: {name}"))
    assert (ended.status, ended.jobs()) == ("FAILED", [])
    told = ended.text("digest.md")
    assert f"this deployment submits no jobs to the queue {name}" in told.replace("'", "")
    assert "AllowedQueues" in told


def test_a_secret_that_is_not_opened_fails_the_task_with_its_fix(live: LiveStack):
    """The container does not start: the execution role may not read it."""
    name = f"others/{uuid.uuid4().hex[:8]}"
    live.client("secretsmanager").create_secret(Name=name, SecretString="s")
    ended = live.run(one(f'secrets: {{TOKEN: "secretsmanager:{name}"}}'))
    assert ended.status == "FAILED"
    told = ended.text("digest.md")
    assert "the execution role may not read the task's secrets" in told
    assert "secretsmanager" in told


def test_iam_refuses_what_the_checks_would_let_through(live: LiveStack):
    """As prepare_task itself: another role is not passed, nothing privileged is registered, nor under a foreign name."""
    role = _role_of(live, "prepare-task")
    key = live.cloud.ask("POST", "/callers", {"name": "prepare", "role": role})["accessKeyId"]
    batch = boto3.client("batch", "us-east-1", endpoint_url=live.cloud.endpoint, aws_access_key_id=key, aws_secret_access_key="x")  # fmt: skip
    name = f"hr-{uuid.uuid4().hex[:8]}"

    def refusal(definition: str, **more: Any) -> str:
        container = {"image": "any", "resourceRequirements": [], **more}
        with pytest.raises(ClientError) as refused:
            batch.register_job_definition(jobDefinitionName=definition, type="container", containerProperties=container)
        return str(refused.value)

    assert "iam:PassRole on resource: arn:aws:iam::123456789012:role/admin" in refusal(name, jobRoleArn="arn:aws:iam::123456789012:role/admin")  # fmt: skip
    assert "with an explicit deny in an identity-based policy" in refusal(name, privileged=True)
    assert "batch:RegisterJobDefinition" in refusal("theirs")


def _role_of(live: LiveStack, function: str) -> str:
    return str(live.client("lambda").get_function_configuration(FunctionName=f"{live.name}-{function}")["Role"])
