"""Where a command works: a deployed stack on AWS, or the local cloud. Its clients, and what the stack's outputs say.

The local cloud is reached over loopback alone: its clients have fixed credentials, an endpoint on 127.0.0.1 and no proxy, and
nothing of the AWS_* variables or the AWS configuration is looked at while they are made.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from headrace.aws.table import Table
from headrace_cli import installed, logbook, shown, versions
from headrace_cli.failures import MissingAws

OUTPUTS: Final = ("Bucket", "Ledger", "Queue", "JobLogs")
"""Outputs that the command works with; a stack without them is not ours."""
_NO_STACK: Final = frozenset({"ValidationError"})


@dataclass(slots=True)
class Target:
    """A deployed stack and how to talk to it; clients are made when first asked for.

    `tenant` is the team that a command works for, where teams share the stack (teams.py).
    """

    session: Any
    stack: str
    where: str
    endpoint: str = ""
    outputs: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    tenant: str = ""
    _clients: dict[str, Any] = field(default_factory=dict)

    @property
    def is_local(self) -> bool:
        """Whether this is the local cloud."""
        return bool(self.endpoint)

    @property
    def region(self) -> str:
        """The region its clients ask; empty when none is set."""
        return str(self.session.region_name or "")

    @property
    def pause_s(self) -> float:
        """Seconds between two looks at what goes on: AWS counts questions, the local cloud does not."""
        return 0.3 if self.is_local else 1.5

    @property
    def bucket(self) -> str:
        """The stack's bucket."""
        return self.outputs["Bucket"]

    @property
    def queue(self) -> str:
        """The stack's default job queue."""
        return self.outputs["Queue"]

    @property
    def job_logs(self) -> str:
        """The log group of its jobs."""
        return self.outputs["JobLogs"]

    @property
    def table(self) -> Table:
        """The ledger."""
        return Table(self.client("dynamodb"), self.outputs["Ledger"])

    @property
    def flags(self) -> str:
        """What a command to be typed next needs to reach the same place."""
        return " --local" if self.is_local else "" if self.stack == "headrace" else f" --stack {self.stack}"

    def client(self, service: str) -> Any:
        """A client of this place."""
        if service not in self._clients:
            self._clients[service] = _client(self.session, service, self.endpoint)
        return self._clients[service]


def reach(*, local: bool, profile: str | None, region: str | None, stack: str) -> Target:
    """The stack; MissingAws with what to do when it, credentials or the region are not there."""
    if local:
        return local_place(stack)
    target = _stack_on_aws(profile, region, stack)
    found = versions.compare(installed.version(), target.outputs.get("Version", ""))
    if found.relation is versions.Relation.MISMATCH:
        shown.note(f"warning: {found.says}. {found.advice}", style="yellow")
    return target


def local_place(stack: str) -> Target:
    """The stack on the local cloud, which is started when needed."""
    from headrace_cli import local_cloud

    endpoint, outputs = local_cloud.ready(stack)
    target = Target(_loopback_session(), stack, "the local cloud", endpoint, outputs)
    target.parameters = _parameters(_described(target))
    return target


def on_aws(profile: str | None, region: str | None, stack: str) -> Target:
    """A place on AWS that nobody has looked at yet."""
    import boto3

    session = boto3.session.Session(profile_name=profile, region_name=region)
    return Target(session, stack, session.region_name or "")


def _stack_on_aws(profile: str | None, region: str | None, stack: str) -> Target:
    from botocore.exceptions import ClientError

    target = on_aws(profile, region, stack)
    session = target.session
    try:
        found = _described(target)
    except ClientError as error:
        if error.response["Error"]["Code"] in _NO_STACK and "does not exist" in str(error):
            raise MissingAws(
                f"there is no stack '{stack}' in {session.region_name} of this account; `sam deploy` makes it"
            ) from None
        raise
    outputs = {each["OutputKey"]: each["OutputValue"] for each in found.get("Outputs", ())}
    target.outputs, target.parameters = complete(stack, outputs), _parameters(found)
    logbook.log.info("stack %s in %s: %s", stack, session.region_name, outputs)
    return target


def _described(target: Target) -> Mapping[str, Any]:
    found: Mapping[str, Any] = target.client("cloudformation").describe_stacks(StackName=target.stack)["Stacks"][0]
    return found


def _parameters(found: Mapping[str, Any]) -> dict[str, str]:
    """The stack's parameters, those that nobody gave with their defaults; a list has commas between its items."""
    return {each["ParameterKey"]: each.get("ParameterValue", "") for each in found.get("Parameters", ())}


def complete(stack: str, outputs: Mapping[str, str]) -> Mapping[str, str]:
    """The stack's outputs, when it is one of ours."""
    lacking = [name for name in OUTPUTS if name not in outputs]
    if lacking:
        raise MissingAws(
            f"the stack '{stack}' has no output {', '.join(lacking)}: is it a stack of Headrace, and whole?"
        )
    return outputs


@contextlib.contextmanager
def loopback_only() -> Iterator[None]:
    """The environment without AWS settings and proxies: whatever it says, nothing made here leaves this machine."""
    kept = dict(os.environ)
    gone = [name for name in os.environ if name.startswith(("AWS_", "BOTO_")) or name.lower().endswith("_proxy")]
    try:
        for name in gone:
            del os.environ[name]
        os.environ |= {
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        yield
    finally:
        os.environ.clear()
        os.environ.update(kept)


def _loopback_session() -> Any:
    import boto3

    from headrace_local.place import REGION

    with loopback_only():
        return boto3.session.Session(aws_access_key_id="local", aws_secret_access_key="local", region_name=REGION)  # noqa: S106 - dummies


def _client(session: Any, service: str, endpoint: str) -> Any:
    from botocore.config import Config

    retries = {"mode": "standard", "total_max_attempts": 6}
    if not endpoint:
        return session.client(service, config=Config(retries=retries, connect_timeout=10, read_timeout=60))
    if urlsplit(endpoint).hostname not in {"127.0.0.1", "::1"}:
        raise MissingAws(f"the local cloud is said to be at {endpoint}, which is not this machine", ways=False)
    config = Config(retries=retries, connect_timeout=10, read_timeout=60, proxies={}, s3={"addressing_style": "path"})
    with loopback_only():
        return session.client(service, endpoint_url=endpoint, config=config)
