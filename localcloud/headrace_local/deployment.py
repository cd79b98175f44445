"""Deploying a SAM template: what `sam build` and `sam deploy` do, in a second instead of half a minute.

Code, layers, state machine definitions and nested templates are put into a bucket, and a change set is made and executed
with them. From there on it is the cloud's own way (templates.py, change_sets.py), the one that `sam deploy` takes too. One
thing differs from `sam build`: nothing is installed. Third-party packages of functions and layers come from the Python that
runs the local cloud.
"""

from __future__ import annotations

import hashlib
import io
import json
import time
import uuid
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import boto3
import yaml
from botocore.config import Config
from botocore.exceptions import ClientError

from headrace.core.errors import InvalidSpec, Problem, Refused, nearest
from headrace_local import templates
from headrace_local.place import REGION

_BUCKET: Final = "headrace-local-artifacts"
_LEFT_OUT: Final = {"__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache"}
_UNCHANGED: Final = "didn't contain changes"
_CAPABILITIES: Final = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]


def deploy(
    endpoint: str, template_path: str | Path, stack_name: str, parameters: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Create or update the stack and return its outputs.

    `InvalidSpec` names a parameter the template does not have; `Refused` carries what CloudFormation found wrong.
    """
    given = dict(parameters or {})
    aws = _Cloud(endpoint)
    template = _packaged(Path(template_path), aws)
    known = template.get("Parameters", {})
    if unknown := sorted(set(given) - set(known)):
        raise InvalidSpec(
            Problem(name, "not a parameter of the template", hint=nearest(name, known), file=str(template_path))
            for name in unknown
        )
    try:
        failed = aws.apply(stack_name, aws.keep(json.dumps(template, default=str).encode(), ".template"), given)
    except ClientError as error:
        failed = str(error.response["Error"]["Message"])
    if failed:
        raise Refused(f"{template_path} was not deployed: {failed}")
    return outputs(endpoint, stack_name)


def outputs(endpoint: str, stack_name: str) -> dict[str, str]:
    """The outputs of a deployed stack."""
    stack = _client(endpoint, "cloudformation").describe_stacks(StackName=stack_name)["Stacks"][0]
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}


class _Cloud:
    """Where artifacts go and stacks are made."""

    def __init__(self, endpoint: str) -> None:
        self._s3, self._stacks = _client(endpoint, "s3"), _client(endpoint, "cloudformation")
        self._s3.create_bucket(Bucket=_BUCKET)

    def keep(self, content: bytes, suffix: str) -> str:
        """Store an artifact under its hash; its key."""
        key = f"{hashlib.sha256(content).hexdigest()}{suffix}"
        self._s3.put_object(Bucket=_BUCKET, Key=key, Body=content)
        return key

    def apply(self, name: str, template_key: str, parameters: Mapping[str, str]) -> str:
        """Make and execute a change set; what went wrong, or nothing. A stack that was rolled back is made anew."""
        status = self._status(name)
        if status == "ROLLBACK_COMPLETE":
            self._stacks.delete_stack(StackName=name)
            self._settled(name)
        made = self._stacks.create_change_set(
            StackName=name,
            ChangeSetName=f"headrace-{uuid.uuid4().hex[:12]}",
            ChangeSetType="CREATE" if status in ("", "ROLLBACK_COMPLETE", "REVIEW_IN_PROGRESS") else "UPDATE",
            TemplateURL=_url(template_key),
            Parameters=[{"ParameterKey": key, "ParameterValue": str(value)} for key, value in parameters.items()],
            Capabilities=_CAPABILITIES,
        )
        told = self._stacks.describe_change_set(ChangeSetName=made["Id"])
        if told["Status"] == "FAILED":
            return "" if _UNCHANGED in told["StatusReason"] else str(told["StatusReason"])
        seen = {event["EventId"] for event in self._events(name)}
        self._stacks.execute_change_set(ChangeSetName=made["Id"])
        if self._settled(name) in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
            return ""
        failed = [event for event in self._events(name) if event["EventId"] not in seen and _is_failure(event)]
        return "\n".join(f"{event['LogicalResourceId']}: {event['ResourceStatusReason']}" for event in reversed(failed))

    def _events(self, name: str) -> list[dict[str, Any]]:
        return list(self._stacks.describe_stack_events(StackName=name)["StackEvents"])

    def _status(self, name: str) -> str:
        try:
            return str(self._stacks.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"])
        except ClientError:
            return ""

    def _settled(self, name: str) -> str:
        while (status := self._status(name)).endswith("_IN_PROGRESS"):
            time.sleep(0.2)
        return status


def _is_failure(event: Mapping[str, Any]) -> bool:
    """A resource that failed, or a reason of the stack's own when nothing of it was reached."""
    return str(event["ResourceStatus"]).endswith("_FAILED") and bool(event.get("ResourceStatusReason"))


def _client(endpoint: str, service: str) -> Any:
    return boto3.session.Session(aws_access_key_id="local", aws_secret_access_key="local", region_name=REGION).client(  # noqa: S106
        service,
        endpoint_url=endpoint,
        config=Config(retries={"total_max_attempts": 1}, read_timeout=120, s3={"addressing_style": "path"}),
    )


def _url(key: str) -> str:
    return f"https://s3.amazonaws.com/{_BUCKET}/{key}"


def _packaged(path: Path, aws: _Cloud) -> dict[str, Any]:
    """The template with everything local uploaded, as `sam package` makes it."""
    template = templates.read(path.read_text())
    shared = template.get("Globals", {}).get("Function", {})
    for resource in template.get("Resources", {}).values():
        package = _PACKAGES.get(resource["Type"])
        if package is not None:
            properties = resource.setdefault("Properties", {})
            if (
                resource["Type"] == "AWS::Serverless::Function"
                and "CodeUri" in shared
                and "InlineCode" not in properties
            ):
                properties.setdefault("CodeUri", shared["CodeUri"])
            package(path.parent, resource, aws)
    shared.pop("CodeUri", None)
    return template


def _function(base: Path, resource: dict[str, Any], aws: _Cloud) -> None:
    _upload(resource["Properties"], "CodeUri", aws, lambda folder: _zipped(folder, ""), base)


def _layer(base: Path, resource: dict[str, Any], aws: _Cloud) -> None:
    method = str(resource.get("Metadata", {}).get("BuildMethod", ""))
    # A Makefile of ours does what `python3.11` does, and adds the bytecode.
    built = method == "makefile" or method.startswith("python")
    _upload(resource["Properties"], "ContentUri", aws, lambda folder: _zipped(folder, "python/" if built else ""), base)
    resource.get("Metadata", {}).pop("BuildMethod", None)


def _machine(base: Path, resource: dict[str, Any], aws: _Cloud) -> None:
    properties = resource["Properties"]
    if isinstance(properties.get("DefinitionUri"), str):
        definition = yaml.safe_load((base / properties["DefinitionUri"]).read_text())
        properties["DefinitionUri"] = {"Bucket": _BUCKET, "Key": aws.keep(json.dumps(definition).encode(), ".asl.json")}


def _nested(base: Path, resource: dict[str, Any], aws: _Cloud) -> None:
    properties = resource["Properties"]
    place = properties.pop("Location", None) or properties.get("TemplateURL")
    if isinstance(place, str) and "://" not in place:
        template = _packaged(base / place, aws)
        properties["TemplateURL"] = _url(aws.keep(json.dumps(template).encode(), ".template"))
    resource["Type"] = "AWS::CloudFormation::Stack"


_PACKAGES: Final[dict[str, Callable[[Path, dict[str, Any], _Cloud], None]]] = {
    "AWS::Serverless::Function": _function,
    "AWS::Serverless::LayerVersion": _layer,
    "AWS::Serverless::StateMachine": _machine,
    "AWS::Serverless::Application": _nested,
    "AWS::CloudFormation::Stack": _nested,
}


def _upload(properties: dict[str, Any], name: str, aws: _Cloud, pack: Callable[[Path], bytes], base: Path) -> None:
    place = properties.get(name)
    if not isinstance(place, str) or place.startswith("s3://"):
        return
    folder = base / place
    if not folder.is_dir():
        raise Refused(f"{name} '{place}' is not a folder below {base}")
    properties[name] = {"Bucket": _BUCKET, "Key": aws.keep(pack(folder), ".zip")}


def _zipped(folder: Path, prefix: str) -> bytes:
    """The folder as a zip that is the same for the same content, so that nothing is redeployed for nothing."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.rglob("*")):
            inside = file.relative_to(folder)
            if file.is_file() and not _LEFT_OUT & set(inside.parts):
                info = zipfile.ZipInfo(prefix + inside.as_posix())
                info.external_attr = (file.stat().st_mode & 0o777) << 16
                archive.writestr(info, file.read_bytes(), zipfile.ZIP_DEFLATED)
    return content.getvalue()
