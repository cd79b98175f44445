"""CloudFormation's operations on whole stacks, in place of moto's.

Gaps of moto 5.2.5 closed here: no transform; a failure is an answer 500 and nothing is rolled back; an update removes what
its policy retains and recreates nested stacks, rules and topics; what changed is guessed from the text of the template;
change sets execute without statuses; parameters are not checked and secrets among them are shown.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from headrace_local import change_sets, stack_changes, stack_operations, template_parameters, template_rules, templates
from headrace_local.clients import client
from headrace_local.place import REGION
from headrace_local.seam import replace
from headrace_local.stack_resources import Failed
from headrace_local.surroundings import current


def apply() -> None:
    """Patch the API's actions and what nested stacks do."""
    from moto.cloudformation import responses
    from moto.cloudformation.models import Stack
    from moto.cloudformation.parsing import ResourceMap

    for name, action in _ACTIONS.items():
        replace(responses.CloudFormationResponse, name, action)
    replace(ResourceMap, "load_parameters", _load_parameters)
    replace(ResourceMap, "__getitem__", _item)
    replace(Stack, "create_from_cloudformation_json", classmethod(_create_nested))
    replace(Stack, "update_from_cloudformation_json", classmethod(_update_nested))
    replace(Stack, "physical_resource_id", property(lambda self: self.stack_id))
    replace(Stack, "parameter_list", property(_parameter_list))
    replace(
        Stack, "stack_resources", property(lambda self: [one.thing for one in stack_changes.applied(self).values()])
    )
    Stack.get_cfn_attribute = _output


# ---------------------------------------------------------------------- actions of the API
def _create_stack(self: Any) -> Any:
    name = self._get_param("StackName")
    if any(stack.name == name for stack in stack_operations.backend().stacks.values()):
        from moto.cloudformation.exceptions import AlreadyExistsException

        raise AlreadyExistsException(f"Stack [{name}] already exists")
    want = _wanted(self, _text(self, None), {})
    _fit(want)
    stack = stack_operations.fresh(name, status="REVIEW_IN_PROGRESS", tags=_tags(self))
    rollback = not self._get_bool_param("DisableRollback", False) and self._get_param("OnFailure") != "DO_NOTHING"
    stack_operations.in_background(
        stack, "CREATE_IN_PROGRESS", lambda: stack_operations.create(stack, want, rollback=rollback)
    )
    return _answer({"StackId": stack.stack_id})


def _update_stack(self: Any) -> Any:
    stack = stack_operations.backend().get_stack(self._get_param("StackName"))
    stack_operations.free(stack)
    want = _wanted(self, _text(self, stack), stack.headrace_wanted.given)
    _fit(want)
    tags = _tags(self)
    if not change_sets.differs(stack, want, tags or stack.tags):
        raise stack_operations.refused("No updates are to be performed.")
    stack.tags = tags or stack.tags
    stack_operations.in_background(stack, "UPDATE_IN_PROGRESS", lambda: stack_operations.update(stack, want))
    return _answer({"StackId": stack.stack_id})


def _delete_stack(self: Any) -> Any:
    name = self._get_param("StackName")
    stack = next((s for s in stack_operations.backend().stacks.values() if name in (s.name, s.stack_id)), None)
    if stack is not None:
        if stack.status.endswith("_IN_PROGRESS") and stack.status != "REVIEW_IN_PROGRESS":
            raise stack_operations.refused(f"Stack [{name}] cannot be deleted while in status {stack.status}")
        retained = self._get_param("RetainResources", [])
        stack_operations.in_background(stack, "DELETE_IN_PROGRESS", lambda: stack_operations.delete(stack, retained))
    return _answer(None)


def _create_change_set(self: Any) -> Any:
    from moto.cloudformation.exceptions import ValidationError
    from moto.cloudformation.utils import validate_create_change_set

    name, kind = self._get_param("StackName"), self._get_param("ChangeSetType", "UPDATE")
    validate_create_change_set(self._get_param("ChangeSetName"))
    try:
        stack = stack_operations.backend().get_stack(name)
    except ValidationError:
        stack = None
    if kind == "CREATE" and stack is not None and stack.status != "REVIEW_IN_PROGRESS":
        raise stack_operations.refused(
            f"Stack [{name}] already exists and cannot be created again with the changeSet [{self._get_param('ChangeSetName')}]."
        )
    if kind == "UPDATE":
        if stack is None:
            raise ValidationError(name)
        stack_operations.free(stack)
    previous = stack.headrace_wanted.given if kind == "UPDATE" else {}
    want = _wanted(self, _text(self, stack if kind == "UPDATE" else None), previous)
    _fit(want)
    tags = _tags(self)
    if stack is None:
        stack = stack_operations.fresh(name, status="REVIEW_IN_PROGRESS", tags=tags)
    made = change_sets.make(stack, self._get_param("ChangeSetName"), kind, want, self._get_param("Description"), tags)
    return _answer({"Id": made.change_set_id, "StackId": stack.stack_id})


def _describe_change_set(self: Any) -> Any:
    return _answer(change_sets.find(self._get_param("ChangeSetName"), self._get_param("StackName")))


def _execute_change_set(self: Any) -> Any:
    chosen = change_sets.find(self._get_param("ChangeSetName"), self._get_param("StackName"))
    change_sets.execute(chosen, rollback=not self._get_bool_param("DisableRollback", False))
    return _answer(None)


def _delete_change_set(self: Any) -> Any:
    chosen = change_sets.find(self._get_param("ChangeSetName"), self._get_param("StackName"))
    stack_operations.backend().change_sets.pop(chosen.change_set_id)
    return _answer(None)


def _list_change_sets(self: Any) -> Any:
    stack = stack_operations.backend().get_stack(self._get_param("StackName"))
    found = [one for one in stack_operations.backend().change_sets.values() if one.stack is stack]
    return _answer({"Summaries": found})


def _get_template(self: Any) -> Any:
    stack = stack_operations.backend().get_stack(self._get_param("StackName"))
    asked = self._get_param("TemplateStage", "Original")
    # `sam package` writes our endpoint into a nested TemplateURL, and `sam delete` only knows AWS's.
    original = stack.headrace_wanted.text.replace(f"{current().endpoint}/", f"https://s3.{REGION}.amazonaws.com/")
    text = stack.template if asked == "Processed" else original
    return _answer({"TemplateBody": text, "StagesAvailable": ["Original", "Processed"]})


def _answer(result: Any) -> Any:
    from moto.core.responses import ActionResult, EmptyResult

    return EmptyResult() if result is None else ActionResult(result)


def _text(self: Any, stack: Any) -> str:
    """The template of a request."""
    if self._get_bool_param("UsePreviousTemplate", False) and stack is not None:
        return str(stack.headrace_wanted.text)
    url = self._get_param("TemplateURL")
    text = self._get_param("TemplateBody") or (url and _fetched(url))
    if not text:
        raise stack_operations.refused("Either Template URL or Template Body must be specified.")
    return str(text)


def _fetched(url: str) -> str:
    """A template of a bucket. The bucket is in the path of an S3 endpoint, ours or AWS's, else in the name of the host."""
    from botocore.exceptions import ClientError

    place = urlsplit(url)
    host, path = place.netloc, place.path.lstrip("/")
    in_path = host.startswith(("s3.", "s3-")) or host == urlsplit(current().endpoint).netloc
    bucket, _, key = path.partition("/") if in_path else (host.partition(".")[0], "", path)
    version = dict(parse_qsl(place.query)).get("versionId")
    try:
        found = client("s3").get_object(Bucket=bucket, Key=unquote(key), **({"VersionId": version} if version else {}))
    except ClientError as error:
        raise stack_operations.refused(f"S3 error: {error.response['Error']['Message']} ({url})") from error
    return str(found["Body"].read().decode())


def _wanted(self: Any, text: str, previous: dict[str, Any]) -> stack_changes.Wanted:
    given = {}
    for slot in self._get_param("Parameters", []):
        name = slot["ParameterKey"]
        if slot.get("UsePreviousValue"):
            if name in previous:
                given[name] = previous[name]
        else:
            given[name] = slot.get("ParameterValue", "")
    return stack_operations.wanted(text, given, self._get_param("Capabilities", []))


def _fit(want: stack_changes.Wanted) -> None:
    """An error of the API when the parameters do not fit the template."""
    try:
        template_rules.check(want.template, template_parameters.bound(want.template.get("Parameters", {}), want.given))
    except template_parameters.Unfit as error:
        raise stack_operations.refused(str(error)) from error


def _tags(self: Any) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in self._get_param("Tags", [])}


def _get_template_summary(self: Any) -> Any:
    name = self._get_param("StackName")
    return _answer(
        _summary(stack_operations.backend().get_stack(name).headrace_wanted.text if name else _text(self, None))
    )


def _summary(text: str) -> dict[str, Any]:
    try:
        template = templates.read(text)
    except templates.Unreadable as error:
        raise stack_operations.refused(str(error)) from error
    slots = template.get("Parameters", {})
    return {
        "Description": template.get("Description"),
        "Version": template.get("AWSTemplateFormatVersion"),
        "ResourceTypes": sorted({body["Type"] for body in template["Resources"].values()}),
        "Parameters": [
            {
                "ParameterKey": name,
                "ParameterType": slot.get("Type", "String"),
                "DefaultValue": slot.get("Default"),
                "NoEcho": slot.get("NoEcho", False),
                "Description": slot.get("Description", ""),
                "ParameterConstraints": {key: slot[key] for key in ("AllowedValues",) if key in slot},
            }
            for name, slot in slots.items()
        ],
    }


_ACTIONS: dict[str, Callable[[Any], Any]] = {
    "create_stack": _create_stack,
    "update_stack": _update_stack,
    "delete_stack": _delete_stack,
    "create_change_set": _create_change_set,
    "describe_change_set": _describe_change_set,
    "execute_change_set": _execute_change_set,
    "delete_change_set": _delete_change_set,
    "list_change_sets": _list_change_sets,
    "get_template": _get_template,
    "get_template_summary": _get_template_summary,
}


# ---------------------------------------------------------------------- what a stack has in it
def _load_parameters(self: Any) -> None:
    """Upstream splits and counts only what was given, never a default."""
    slots = self._template.get("Parameters", {})
    for name in self.resolved_parameters:
        self._parsed_resources.pop(name, None)
    values = getattr(self, "headrace_values", {})
    self.no_echo_parameter_keys = [name for name, slot in slots.items() if slot.get("NoEcho")]
    self.resolved_parameters = {}
    for name, value in values.items():
        kind = slots[name].get("Type", "String")
        stored = kind.startswith("AWS::SSM::Parameter::") and value
        found = self.parse_ssm_parameter(value, kind) if stored else template_parameters.typed(slots[name], value)
        self.resolved_parameters[name] = found
    self._parsed_resources.update(self.resolved_parameters)


def _item(self: Any, name: str) -> Any:
    """What is there; upstream makes what it is asked for, even by a description."""
    if name in self._parsed_resources:
        return self._parsed_resources[name]
    if name in self._resource_json_map:
        return None
    raise KeyError(name)


def _parameter_list(self: Any) -> list[dict[str, Any]]:
    hidden = self.resource_map.no_echo_parameter_keys
    return [
        {"ParameterKey": name, "ParameterValue": "****" if name in hidden else value}
        for name, value in getattr(self.resource_map, "headrace_values", {}).items()
    ]


# ---------------------------------------------------------------------- nested stacks
def _create_nested(cls: Any, /, name: str, body: Any, account_id: str, region_name: str, **more: Any) -> Any:
    parent = stack_operations.backend().stacks[more["StackId"]]
    want = _nested_wanted(body["Properties"], parent.headrace_granted)
    stack = stack_operations.fresh(name, status="CREATE_IN_PROGRESS", tags=dict(parent.tags))
    stack.headrace_granted = parent.headrace_granted
    try:
        stack_operations.create(stack, want)
    except Failed as failed:
        stack_operations.delete(stack)
        raise Failed(f"Embedded stack {stack.stack_id} was not successfully created: {failed}") from failed
    return stack


def _update_nested(
    cls: Any,
    /,
    original_resource: Any,
    new_resource_name: str,
    cloudformation_json: Any,
    account_id: str,
    region_name: str,
) -> Any:
    """In place: upstream deletes the stack and makes another one."""
    stack = original_resource
    try:
        stack_operations.update(stack, _nested_wanted(cloudformation_json["Properties"], stack.headrace_granted))
    except Failed as failed:
        raise Failed(f"Embedded stack {stack.stack_id} was not successfully updated: {failed}") from failed
    return stack


def _nested_wanted(properties: dict[str, Any], granted: tuple[str, ...]) -> stack_changes.Wanted:
    return stack_operations.wanted(_fetched(properties["TemplateURL"]), properties.get("Parameters", {}), list(granted))


def _output(self: Any, attribute_name: str) -> str:
    """`Fn::GetAtt: [Nested, Outputs.Name]`, which upstream does not know."""
    wanted = attribute_name.removeprefix("Outputs.")
    found = next((one.value for one in self.output_map.values() if one and one.key == wanted), None)
    if found is None:
        raise stack_operations.refused(f"the nested stack {self.name} has no output '{wanted}'")
    return str(found)
