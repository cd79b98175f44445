"""One resource of a stack: made, changed in place, replaced or removed, each step told as an event.

A resource is changed when its properties, with every reference resolved, are not what they were: that follows a changed
parameter or a new version through the template as exactly as AWS does. What moto cannot change is refused by name, unless
the properties that differ have no effect here.
"""

from __future__ import annotations

import contextlib
import copy
import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

from headrace.core.errors import HeadraceError
from headrace_local import (
    cloudformation_limits,
    cloudformation_types,
    iam_documents,
    lambda_workers,
    patch_iam,
    patch_lambda,
)
from headrace_local.batch_requests import ClientException
from headrace_local.place import ACCOUNT, REGION

_log = logging.getLogger(__name__)
_REPLACED: Final = {"AWS::Lambda::LayerVersion", "AWS::Lambda::Version"}
"""Types of which every property is part of what they are."""


class Failed(Exception):  # noqa: N818 - reads as what it is
    """A resource could not be made as wanted; the message begins with its logical id."""


@dataclass(frozen=True, slots=True)
class Policies:
    """Whether it stays when the template drops it, and when another one takes its place."""

    removed: bool
    replaced: bool


@dataclass(frozen=True, slots=True)
class Applied:
    """A resource as it was last made: what the template said, and the thing itself."""

    kind: str
    name: str
    properties: dict[str, Any]
    policies: Policies
    thing: Any

    @property
    def ref(self) -> str:
        """Its physical id."""
        return str(getattr(self.thing, "physical_resource_id", None) or self.name)


def create(stack: Any, logical: str, body: dict[str, Any]) -> Applied:
    """Make it."""
    with _told(stack, logical, body["Type"], "CREATE"):
        return _made(stack, logical, body, _resolved(stack, body))


def change(stack: Any, logical: str, body: dict[str, Any], old: Applied) -> Applied:
    """Bring it to what the template says; the same object when nothing differs. A new `thing` of another name replaces it."""
    properties = _resolved(stack, body)
    policies = _policies(body)
    if old.kind == body["Type"] and old.properties == properties:
        return old if old.policies == policies else replace(old, policies=policies)
    with _told(stack, logical, body["Type"], "UPDATE"):
        named = properties.get(_name_property(body["Type"]) or "", old.name)
        if old.kind != body["Type"] or old.kind in _REPLACED or named != old.name:
            return _made(stack, logical, body, properties)
        _within_limits(old.kind, old.name, properties)
        thing = _changed(stack, old, properties)
        thing.cf_resource_type, thing.logical_resource_id = old.kind, logical
        return Applied(old.kind, old.name, properties, policies, thing)


def remove(stack: Any, logical: str, applied: Applied, *, replaced: bool = False) -> None:
    """Take it away, unless its policy keeps it."""
    if applied.policies.replaced if replaced else applied.policies.removed:
        tell(stack, logical, applied.kind, "DELETE_SKIPPED", ref=applied.ref)
        return
    with _told(stack, logical, applied.kind, "DELETE"):
        _removed(applied)


def tell(stack: Any, logical: str, kind: str, status: str, reason: str | None = None, ref: str = "") -> None:
    """Tell what happened to a resource."""
    from moto.cloudformation.models import Event

    stack.events.append(Event(stack.stack_id, stack.name, logical, ref, kind, status, reason, None))


@contextlib.contextmanager
def _told(stack: Any, logical: str, kind: str, verb: str) -> Iterator[None]:
    """Tells the beginning and the end of a step, and turns whatever goes wrong in it into `Failed`."""
    tell(stack, logical, kind, f"{verb}_IN_PROGRESS")
    try:
        yield
    except Exception as error:
        reason = _reason(logical, error)
        tell(stack, logical, kind, f"{verb}_FAILED", reason)
        raise Failed(f"{logical}: {reason}") from error
    tell(stack, logical, kind, f"{verb}_COMPLETE")


def _reason(logical: str, error: BaseException) -> str:
    from moto.core.exceptions import ServiceException

    told = str(getattr(error, "message", "") or error)
    if isinstance(error, (ServiceException, HeadraceError, ClientException, Failed)):
        return told
    _log.error("%s", logical, exc_info=error)
    return f"{type(error).__name__}: {told}"


def _resolved(stack: Any, body: dict[str, Any]) -> dict[str, Any]:
    from moto.cloudformation.parsing import clean_json

    return dict(clean_json(copy.deepcopy(body.get("Properties") or {}), stack.resource_map))


def _policies(body: dict[str, Any]) -> Policies:
    stays = ("Retain", "RetainExceptOnCreate", "Snapshot")
    return Policies(body.get("DeletionPolicy") in stays, body.get("UpdateReplacePolicy") in stays)


def _name_property(kind: str) -> str | None:
    from moto.cloudformation import parsing

    found: str | None = parsing.resource_name_property_from_type(kind)
    return found


def _made(stack: Any, logical: str, body: dict[str, Any], properties: dict[str, Any]) -> Applied:
    from moto.cloudformation import parsing

    kind = body["Type"]
    generated = cloudformation_limits.fitted(kind, parsing.generate_resource_name(kind, stack.name, logical))
    name = str(properties.get(_name_property(kind) or "") or generated)
    _within_limits(kind, name, properties)
    thing = parsing.resource_class_from_type(kind).create_from_cloudformation_json(
        name,
        {**body, "Properties": copy.deepcopy(properties)},
        ACCOUNT,
        REGION,
        LogicalId=logical,
        StackId=stack.stack_id,
        ResourceType=kind,
    )
    thing.cf_resource_type, thing.logical_resource_id = kind, logical
    return Applied(kind, name, properties, _policies(body), thing)


def _within_limits(kind: str, name: str, properties: dict[str, Any]) -> None:
    found = [*cloudformation_limits.problems(kind, name, properties), *iam_documents.problems(kind, properties)]
    if found:
        raise Failed("; ".join(found))


def _changed(stack: Any, old: Applied, properties: dict[str, Any]) -> Any:
    from moto.cloudformation import parsing

    differ = [
        name for name in _differences(old.properties, properties) if cloudformation_types.has_effect(old.kind, name)
    ]
    if not differ:
        return old.thing
    given = {"Type": old.kind, "Properties": copy.deepcopy(properties)}
    if old.kind in _UPDATES:
        return _UPDATES[old.kind](old, given)
    model = parsing.resource_class_from_type(old.kind)
    if hasattr(model.update_from_cloudformation_json, "__isabstractmethod__"):
        raise Failed(f"the local cloud cannot change {', '.join(differ)} of {old.kind} that is there")
    return model.update_from_cloudformation_json(
        original_resource=old.thing,
        new_resource_name=old.name,
        cloudformation_json=given,
        account_id=ACCOUNT,
        region_name=REGION,
    )


def _removed(applied: Applied) -> None:
    from moto.cloudformation import parsing

    model = parsing.resource_class_from_type(applied.kind)
    if applied.kind in _REMOVALS:
        _REMOVALS[applied.kind](applied)
    elif hasattr(applied.thing, "delete"):
        applied.thing.delete(ACCOUNT, REGION)
    elif not hasattr(model.delete_from_cloudformation_json, "__isabstractmethod__"):
        body = {"Type": applied.kind, "Properties": copy.deepcopy(applied.properties)}
        model.delete_from_cloudformation_json(applied.ref, body, ACCOUNT, REGION)
    else:
        raise Failed(f"the local cloud cannot remove an {applied.kind}")


def _differences(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    return sorted(name for name in {*old, *new} if old.get(name) != new.get(name))


def _rule(old: Applied, given: dict[str, Any]) -> Any:
    """In place, so that no event finds it missing: upstream deletes the rule first."""
    wanted = [target["Id"] for target in given["Properties"].get("Targets", [])]
    gone = [target["Id"] for target in old.thing.targets if target["Id"] not in wanted]
    rule = type(old.thing).create_from_cloudformation_json(old.name, given, ACCOUNT, REGION)
    rule.remove_targets(gone)
    return rule


def _topic(old: Applied, given: dict[str, Any]) -> Any:
    """In place, with its subscriptions: upstream deletes the topic first."""
    old.thing.display_name = given["Properties"].get("DisplayName", "")
    return old.thing


def _role(old: Applied, given: dict[str, Any]) -> Any:
    """Its trust and its policies too, which upstream leaves as they were."""
    properties = given["Properties"]
    old.thing.assume_role_policy_document = json.dumps(properties["AssumeRolePolicyDocument"])
    old.thing.description = properties.get("Description", "")
    for name in list(old.thing.policies):
        old.thing.delete_policy(name)
    for policy in properties.get("Policies", []):
        old.thing.put_policy(policy["PolicyName"], policy["PolicyDocument"])
    before, after = old.properties.get("ManagedPolicyArns", []), properties.get("ManagedPolicyArns", [])
    patch_iam.detach(old.thing, [arn for arn in before if arn not in after])
    patch_iam.attach(old.thing, [arn for arn in after if arn not in before])
    return old.thing


def _managed_policy(old: Applied, given: dict[str, Any]) -> Any:
    """Its document becomes the default version; upstream cannot change one at all."""
    from moto.iam.models import iam_backends

    backend = iam_backends[ACCOUNT]["aws"]
    policy, properties = old.thing, given["Properties"]
    policy.versions = [version for version in policy.versions if version.is_default]
    backend.create_policy_version(policy.arn, json.dumps(properties["PolicyDocument"]), True)
    before, after = set(old.properties.get("Roles", [])), set(properties.get("Roles", []))
    for role in before - after:
        backend.detach_role_policy(policy.arn, role)
    for role in after - before:
        backend.attach_role_policy(policy.arn, role)
    return policy


def _log_group(old: Applied, given: dict[str, Any]) -> Any:
    """Upstream cannot change one at all."""
    old.thing.retention_in_days = given["Properties"].get("RetentionInDays")
    return old.thing


_UPDATES: Final[dict[str, Callable[[Applied, dict[str, Any]], Any]]] = {
    "AWS::Events::Rule": _rule,
    "AWS::SNS::Topic": _topic,
    "AWS::IAM::Role": _role,
    "AWS::IAM::ManagedPolicy": _managed_policy,
    "AWS::Logs::LogGroup": _log_group,
}


def _remove_bucket(applied: Applied) -> None:
    """Upstream passes over one that is not empty."""
    from moto.s3.models import s3_backends

    if s3_backends[ACCOUNT]["aws"].delete_bucket(applied.ref) is None:
        raise Failed("The bucket you tried to delete is not empty")


def _remove_stack(applied: Applied) -> None:
    from headrace_local import stack_operations

    stack_operations.delete(applied.thing)


def _remove_function(applied: Applied) -> None:
    patch_lambda.backend().delete_function(applied.ref)
    lambda_workers.retire(applied.ref)


def _remove_layer(applied: Applied) -> None:
    """Workers that run, and versions that name it, keep what they have unpacked."""
    layer, _, version = applied.ref.rpartition(":")
    patch_lambda.backend().delete_layer_version(layer.rpartition(":")[2], version)


def _remove_role(applied: Applied) -> None:
    """Its managed policies are taken from it first, as CloudFormation does."""
    patch_iam.detach(applied.thing, list(applied.thing.managed_policies))
    applied.thing.delete_from_cloudformation_json(applied.thing.name, {}, ACCOUNT, REGION)


def _remove_managed_policy(applied: Applied) -> None:
    from moto.iam.models import iam_backends

    backend = iam_backends[ACCOUNT]["aws"]
    for role in list(backend.roles.values()):
        if applied.ref in role.managed_policies:
            backend.detach_role_policy(applied.ref, role.name)
    backend.delete_policy(applied.ref)


_REMOVALS: Final[dict[str, Callable[[Applied], Any]]] = {
    "AWS::CloudFormation::Stack": _remove_stack,
    "AWS::S3::Bucket": _remove_bucket,
    "AWS::Lambda::Function": _remove_function,
    "AWS::Lambda::LayerVersion": _remove_layer,
    "AWS::IAM::ManagedPolicy": _remove_managed_policy,
    "AWS::IAM::Role": _remove_role,
}
