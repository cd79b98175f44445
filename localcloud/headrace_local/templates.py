"""Templates as CloudFormation takes them: JSON or YAML, expanded by the SAM transform when they ask for it.

The transform is the translator that AWS itself runs (aws-sam-translator), at the moment AWS runs it: when a stack or a
change set is made from the template, whoever packaged it: `sam deploy`, the AWS CLI or `headrace_local.deploy`.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/transform-aws-serverless.html
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Mapping
from typing import Any, Final

from headrace_local.place import REGION

SAM: Final = "AWS::Serverless-2016-10-31"
_IAM: Final = {"AWS::IAM::Role": "RoleName", "AWS::IAM::ManagedPolicy": "ManagedPolicyName", "AWS::IAM::Policy": ""}
logging.getLogger("samtranslator").setLevel(logging.ERROR)  # it warns of metrics that only AWS publishes
_lock = threading.Lock()
"""The translator keeps state of its own (the YAML loader's constructors, the plugins it loads)."""


class Unreadable(ValueError):  # noqa: N818 - reads as what it is
    """A template that cannot be read or transformed."""


def read(text: str) -> dict[str, Any]:
    """The template as it was written, its short intrinsic forms spelled out."""
    import yaml
    from samtranslator.yaml_helper import yaml_parse

    try:
        with _lock:
            template = json.loads(text) if text.lstrip().startswith("{") else yaml_parse(text)
    except (ValueError, yaml.YAMLError) as error:
        raise Unreadable(f"Template format error: {error}") from error
    if not isinstance(template, dict) or not template.get("Resources"):
        raise Unreadable("Template format error: At least one Resources member must be defined.")
    return dict(json_like(template))


def json_like(value: Any) -> Any:
    """Plain dicts, lists and texts; YAML reads some versions as dates."""
    return json.loads(json.dumps(value, default=str))


def processed(template: Mapping[str, Any], given: Mapping[str, str]) -> dict[str, Any]:
    """The template with its transform applied; `given` are the parameters as they were given."""
    said = template.get("Transform")
    names = [said] if isinstance(said, str) else list(said or [])
    if unknown := [name for name in names if name != SAM]:
        raise Unreadable(f"The local cloud has no transform '{unknown[0]}', only {SAM}")
    return _translated(json_like(template), dict(given)) if names else json_like(template)


def needs(template: Mapping[str, Any]) -> list[str]:
    """The capabilities that somebody has to grant for a processed template, the strongest alone."""
    found = [body for body in template["Resources"].values() if body.get("Type") in _IAM]
    if any(_IAM[body["Type"]] in body.get("Properties", {}) for body in found):
        return ["CAPABILITY_NAMED_IAM"]
    return ["CAPABILITY_IAM"] if found else []


def _translated(template: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """As samtranslator.translator.transform does it, but for our region instead of the user's.

    Managed policies must be written as ARNs, or be among those it knows: other short names would be looked up in IAM.
    """
    import boto3
    from samtranslator.model.exceptions import InvalidDocumentException
    from samtranslator.parser.parser import Parser
    from samtranslator.translator.translator import Translator
    from samtranslator.utils.py27hash_fix import to_py27_compatible_template, undo_mark_unicode_str_in_template

    with _lock:
        to_py27_compatible_template(template, given)
        translator = Translator(None, Parser(), boto_session=boto3.session.Session(region_name=REGION))
        try:
            translated = translator.translate(template, parameter_values=given, get_managed_policy_map=dict)
        except InvalidDocumentException as error:
            reasons = " ".join(str(cause.message) for cause in error.causes)
            raise Unreadable(f"Transform {SAM} failed with: {error.message} {reasons}") from error
        done: dict[str, Any] = json_like(undo_mark_unicode_str_in_template(translated))
    done.pop("Transform", None)
    return done
