"""CloudFormation: the resource types that moto lacks or creates incompletely.

Gaps of moto 5.2.5 closed here: state machines are created in a backend that does not run them, without their
substitutions; Batch resources lose properties; functions lose layers and dead letter queues; versions, aliases and event
invoke configurations do not exist; an unknown type is a warning.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from headrace_local import cloudformation_types, lambda_code, patch_lambda
from headrace_local.cloudformation_resources import DELETERS, MAKERS, Made, Maker, record
from headrace_local.seam import replace


def apply() -> None:
    """Register our types."""
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
    _functions(LambdaFunction)
    _layers(LayerVersion)
    _buckets(FakeBucket)
    _values(parsing)


def _values(parsing: Any) -> None:
    """`${Nested.Outputs.Name}` in `Fn::Sub`, which upstream splits at every dot; `AWS::NoValue` in a list, which upstream keeps."""
    upstream = parsing.clean_json

    def clean_json(resource_json: Any, resources_map: Any) -> Any:
        got = resource_json.get("Fn::GetAtt") if isinstance(resource_json, dict) else None
        if isinstance(got, list) and len(got) > 2:
            resource_json = {"Fn::GetAtt": [got[0], ".".join(got[1:])]}
        if isinstance(resource_json, list):
            # clean_json calls itself by its name in the module, so this one is asked at every level.
            return [value for value in upstream(resource_json, resources_map) if value is not None]
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
        lambda_code.layer_codes(function)
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
        lambda_code.refuse_other_python(name, made.code_bytes)
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
