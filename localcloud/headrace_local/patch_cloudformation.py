"""CloudFormation: the resource types that moto lacks or creates incompletely, and the refusal of what we cannot honour.

Gaps of moto 5.2.5 closed here: state machines are created in a backend that does not run them, without their
substitutions; Batch resources lose properties; functions lose layers and dead letter queues; versions, aliases and event
invoke configurations do not exist; an unknown type is a warning.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from typing import Any, Final

from headrace.core.errors import HeadraceError, InvalidSpec
from headrace_local import cloudformation_types, patch_lambda
from headrace_local.batch_requests import ClientException
from headrace_local.cloudformation_resources import DELETERS, MAKERS, Made, Maker, record
from headrace_local.seam import replace

_log = logging.getLogger(__name__)


recorded: dict[str, dict[str, str]] = {}
"""By stack: what its template has that is only recorded here."""


def apply() -> None:
    """Register our types and the check of templates."""
    from moto.awslambda.models import LambdaFunction, LayerVersion
    from moto.cloudformation import parsing
    from moto.s3.models import FakeBucket

    ours = {kind: _model(kind, maker, name) for kind, (maker, name) in MAKERS.items()}
    ours |= {kind: _model(kind, record, "") for kind in cloudformation_types.RECORDED}
    upstream_names = parsing.resource_name_property_from_type
    upstream_class = parsing.resource_class_from_type
    replace(parsing, "resource_class_from_type", lambda kind: ours.get(kind) or upstream_class(kind))
    replace(
        parsing,
        "resource_name_property_from_type",
        lambda kind: ours[kind].cloudformation_name_type() or None if kind in ours else upstream_names(kind),
    )
    _refuse_what_is_not_honoured()
    _functions(LambdaFunction)
    _layers(LayerVersion)
    _buckets(FakeBucket)
    _updates(parsing)
    _outputs_in_texts(parsing)


def _outputs_in_texts(parsing: Any) -> None:
    """`${Nested.Outputs.Name}` in `Fn::Sub`: upstream splits it at every dot."""
    upstream = parsing.clean_json

    def clean_json(resource_json: Any, resources_map: Any) -> Any:
        got = resource_json.get("Fn::GetAtt") if isinstance(resource_json, dict) else None
        if isinstance(got, list) and len(got) > 2:
            resource_json = {"Fn::GetAtt": [got[0], ".".join(got[1:])]}
        return upstream(resource_json, resources_map)

    replace(parsing, "clean_json", clean_json)


def _model(kind: str, maker: Maker, name_property: str) -> Any:
    from moto.core.common_models import CloudFormationModel

    class Model(CloudFormationModel):  # type: ignore[misc]
        def __init__(self, made: Made) -> None:
            self.made = made

        @property
        def physical_resource_id(self) -> str:
            return self.made.ref

        @staticmethod
        def cloudformation_name_type() -> str:
            return name_property

        @staticmethod
        def cloudformation_type() -> str:
            return kind

        @classmethod
        def has_cfn_attr(cls, attr: str) -> bool:
            return True

        def get_cfn_attribute(self, attribute_name: str) -> str:
            from moto.cloudformation.exceptions import UnformattedGetAttTemplateException

            if attribute_name not in self.made.attributes:
                raise UnformattedGetAttTemplateException
            return self.made.attributes[attribute_name]

        @classmethod
        def create_from_cloudformation_json(
            cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **_more: Any
        ) -> Any:
            return cls(maker(resource_name, cloudformation_json.get("Properties") or {}, None))

        @classmethod
        def update_from_cloudformation_json(
            cls,
            original_resource: Any,
            new_resource_name: str,
            cloudformation_json: Any,
            account_id: str,
            region_name: str,
        ) -> Any:
            given = cloudformation_json.get("Properties") or {}
            name = new_resource_name if name_property and name_property in given else original_resource.made.ref
            return cls(maker(name, given, original_resource.made.ref))

        @classmethod
        def delete_from_cloudformation_json(
            cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str
        ) -> None:
            if kind in DELETERS:
                DELETERS[kind](resource_name)

        def is_created(self) -> bool:
            return True

    return Model


def _refuse_what_is_not_honoured() -> None:
    from moto.cloudformation.exceptions import ValidationError
    from moto.cloudformation.models import Stack
    from moto.core.exceptions import ServiceException

    create, update = Stack.create_resources, Stack.update

    def checked(stack: Any, template: Any) -> None:
        found = list(cloudformation_types.problems(template))
        if found:
            raise ValidationError(message=f"The local cloud cannot deploy this template:\n{InvalidSpec(found)}")
        recorded[stack.name] = cloudformation_types.recorded(template)

    def create_resources(self: Any) -> None:
        checked(self, self.template_dict)
        create(self)

    def update_stack(self: Any, template: str, *args: Any, **kwargs: Any) -> None:
        checked(self, self.parse_template(template))
        update(self, template, *args, **kwargs)

    def output(self: Any, attribute_name: str) -> str:
        """`Fn::GetAtt: [Nested, Outputs.Name]`, which upstream does not know."""
        wanted = attribute_name.removeprefix("Outputs.")
        found = next((one.value for one in self.output_map.values() if one and one.key == wanted), None)
        if found is None:
            raise ValidationError(message=f"the nested stack {self.name} has no output '{wanted}'")
        return str(found)

    parse = Stack.parse_template

    def parse_template(template: str) -> Any:
        """JSON at the speed of JSON; upstream reads it with the slow YAML loader."""
        return json.loads(template) if template.lstrip().startswith("{") else parse(template)

    replace(Stack, "parse_template", staticmethod(parse_template))
    replace(Stack, "create_resources", create_resources)
    replace(Stack, "update", update_stack)
    Stack.get_cfn_attribute = output
    _name_what_fails(ValidationError, ServiceException)


def _name_what_fails(validation_error: Any, service_exception: Any) -> None:
    """Upstream answers 500 without a word about which resource could not be created."""
    from moto.cloudformation import parsing

    def naming(work: Callable[..., Any]) -> Callable[..., Any]:
        def named(logical_id: str, *args: Any, **kwargs: Any) -> Any:
            try:
                return work(logical_id, *args, **kwargs)
            except validation_error:
                raise
            except Exception as error:
                told = str(getattr(error, "message", "") or error)
                if not isinstance(error, (service_exception, HeadraceError, ClientException)):
                    _log.exception("%s", logical_id)
                    told = f"{type(error).__name__}: {told}"
                raise validation_error(message=f"{logical_id}: {told}") from error

        return named

    replace(parsing, "parse_and_create_resource", naming(parsing.parse_and_create_resource))
    replace(parsing, "parse_and_update_resource", naming(parsing.parse_and_update_resource))


def _functions(function_class: Any) -> None:
    kept = (
        "Description",
        "MemorySize",
        "Timeout",
        "VpcConfig",
        "Environment",
        "ReservedConcurrentExecutions",
        "Layers",
        "TracingConfig",
        "Architectures",
        "EphemeralStorage",
        "KmsKeyArn",
    )

    def finish(function: Any, given: Mapping[str, Any]) -> Any:
        function.dead_letter_arn = given.get("DeadLetterConfig", {}).get("TargetArn")
        function.logs_group_name = (
            given.get("LoggingConfig", {}).get("LogGroup") or f"/aws/lambda/{function.function_name}"
        )
        return function

    def create(
        cls: Any, /, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **_more: Any
    ) -> Any:
        given = cloudformation_json["Properties"]
        spec = {
            "Code": given["Code"],
            "FunctionName": resource_name,
            "Handler": given.get("Handler"),
            "Role": given["Role"],
            "Runtime": given.get("Runtime"),
        }
        spec |= {name: given[name] for name in kept if name in given}
        spec["Timeout"] = int(given.get("Timeout", 3))
        spec["MemorySize"] = int(given.get("MemorySize", 128))
        return finish(patch_lambda.backend().create_function(spec), given)

    def update(
        cls: Any,
        /,
        original_resource: Any,
        new_resource_name: str,
        cloudformation_json: Any,
        account_id: str,
        region_name: str,
    ) -> Any:
        given = cloudformation_json["Properties"]
        original_resource.update_configuration(
            {
                **given,
                "Timeout": int(given.get("Timeout", 3)),
                "Environment": given.get("Environment", {"Variables": {}}),
            }
        )
        original_resource.update_function_code(given["Code"])
        return finish(original_resource, given)

    replace(function_class, "create_from_cloudformation_json", classmethod(create))
    replace(function_class, "update_from_cloudformation_json", classmethod(update))


def _layers(layer_class: Any) -> None:
    upstream = layer_class.create_from_cloudformation_json.__func__

    def create(
        cls: Any, /, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **more: Any
    ) -> Any:
        place = cloudformation_json["Properties"]["Content"]
        name = cloudformation_json["Properties"].get("LayerName", resource_name)
        cloudformation_json["Properties"]["Content"] = {"S3Bucket": place["S3Bucket"], "S3Key": place["S3Key"]}
        made = upstream(cls, name, cloudformation_json, account_id, region_name, **more)
        made.__class__ = _named_by_arn(layer_class)
        return made

    replace(layer_class, "create_from_cloudformation_json", classmethod(create))


def _named_by_arn(layer_class: Any) -> Any:
    """`Ref` of a layer version is its ARN."""
    if not hasattr(layer_class, "physical_resource_id"):
        layer_class.physical_resource_id = property(lambda self: self.arn)
    return layer_class


def _buckets(bucket_class: Any) -> None:
    upstream = bucket_class.create_from_cloudformation_json.__func__
    change = bucket_class.update_from_cloudformation_json.__func__

    def create(
        cls: Any, /, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **more: Any
    ) -> Any:
        bucket = upstream(cls, resource_name, cloudformation_json, account_id, region_name, **more)
        return configured(bucket, cloudformation_json.get("Properties", {}))

    def update(
        cls: Any, /, original_resource: Any, new_resource_name: str, cloudformation_json: Any, *place: str, **more: str
    ) -> Any:
        given = dict(cloudformation_json.get("Properties", {}))
        return configured(change(cls, original_resource, new_resource_name, cloudformation_json, *place, **more), given)

    def configured(bucket: Any, given: Mapping[str, Any]) -> Any:
        """Upstream ignores versioning and the bridge to the event bus."""
        if status := given.get("VersioningConfiguration", {}).get("Status"):
            bucket.versioning_status = status
        bridge = given.get("NotificationConfiguration", {}).get("EventBridgeConfiguration")
        if bridge is not None and str(bridge.get("EventBridgeEnabled", True)).lower() == "true":
            bucket.set_notification_configuration({"EventBridgeConfiguration": {}})
        return bucket

    replace(bucket_class, "create_from_cloudformation_json", classmethod(create))
    replace(bucket_class, "update_from_cloudformation_json", classmethod(update))


def _updates(parsing: Any) -> None:
    """A resource that refers to a changed one is changed too, as its attributes may be: a version of a new revision."""
    resources = parsing.ResourceMap
    difference = resources.build_resource_diff

    def build_resource_diff(
        self: Any, other_template: dict[str, Any], parameters: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        found = difference(self, other_template, parameters)
        changed = set(found["Modify"])
        grown = True
        while grown:
            before = len(changed)
            for name, resource in other_template["Resources"].items():
                follows = resource.get("Type") in _FOLLOWERS and name in self._resource_json_map
                if follows and changed & _references(resource):
                    changed.add(name)
            grown = len(changed) > before
        # A new version is a copy of its function, which is changed in place: upstream would add it before that.
        late = [name for name in found["Add"] if other_template["Resources"][name].get("Type") == _VERSION]
        found["Add"] = [name for name in found["Add"] if name not in late]
        order = list(other_template["Resources"])
        found["Modify"] = sorted(
            {*changed, *late},
            key=lambda name: (_RANKS.get(other_template["Resources"][name].get("Type"), 1), order.index(name)),
        )
        return dict(found)

    replace(resources, "build_resource_diff", build_resource_diff)


_VERSION: Final = "AWS::Lambda::Version"
_RANKS: Final = {
    "AWS::Lambda::Function": 0,
    _VERSION: 2,
    "AWS::Lambda::Alias": 3,
    "AWS::StepFunctions::StateMachine": 3,
    "AWS::StepFunctions::StateMachineVersion": 4,
    "AWS::StepFunctions::StateMachineAlias": 5,
}
"""The order in which changed resources are changed: who refers to one comes behind it."""

_FOLLOWERS: Final = {"AWS::StepFunctions::StateMachineVersion", "AWS::StepFunctions::StateMachineAlias"}


def _references(value: Any) -> set[str]:
    if isinstance(value, dict):
        if "Ref" in value:
            return {str(value["Ref"])}
        if "Fn::GetAtt" in value:
            got = value["Fn::GetAtt"]
            return {str(got[0] if isinstance(got, list) else got.split(".")[0])}
        return set().union(*(_references(inner) for inner in value.values())) if value else set()
    return set().union(*(_references(inner) for inner in value)) if isinstance(value, list) and value else set()
