"""The language as a JSON Schema, for editors and for `headrace schema`.

It says what the forms are; names, references, axes and units are judged by `headrace check`, which says more. The closed
lists (directives, filters, tests) stand in it too: `x-filters` and `x-tests`. https://json-schema.org/draft/2020-12
"""

from __future__ import annotations

from typing import Any, Final

from headrace.core.directive_schemas import SCHEMAS, expression, one_or_more
from headrace.core.directives import DIRECTIVES
from headrace.core.filters import describe_filters, describe_tests
from headrace.core.launch_request import KEYS as LAUNCH_KEYS
from headrace.core.params import TYPES
from headrace.core.plain_types import PLAIN_TYPES
from headrace.core.spec_names import RESERVED

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_NAME: Final = "[A-Za-z][A-Za-z0-9_]{0,63}"
_RESERVED: Final = f"(?!(?:{'|'.join(sorted(RESERVED))})\\??$)"
_TEXT: Final = {"type": "string", "pattern": "\\S"}
_LONE: Final = {"type": "string", "pattern": r"^\s*\$\{\{[\s\S]*\}\}\s*$"}
_BOOLEAN: Final = {"type": "boolean"}
_SCALAR: Final = {"type": ["string", "number", "boolean"]}


def json_schema() -> dict[str, Any]:
    """The schema of a pipeline file, as plain data."""
    return {
        "$schema": DIALECT,
        "title": "Headrace pipeline",
        **_closed(
            {
                "name": {"type": "string", "minLength": 1, "maxLength": 128, "description": "the pipeline's name"},
                "params": {**_named({"$ref": "#/$defs/param"}), "description": "what the pipeline takes from outside"},
                "defaults": {"$ref": "#/$defs/defaults"},
                "errors": {**SCHEMAS["errors"], "description": "failures known by name, for all processes"},
                "processes": {**_named({"$ref": "#/$defs/process"}), "minProperties": 1, "description": "the steps"},
                "outputs": {**_named(_LONE), "description": "what a pipeline that uses this one sees of it"},
            },
            required=["processes"],
        ),
        "$defs": {
            "param": _param(),
            "column": {
                "anyOf": [
                    {"enum": list(PLAIN_TYPES)},
                    _closed({"type": {"enum": list(PLAIN_TYPES)}, "optional": _BOOLEAN}),
                ]
            },
            "defaults": _defaults(),
            "directives": _closed(_directives()),
            "process": {"anyOf": [_process(), _uses()]},
            "each": one_or_more(
                {"anyOf": [{"type": "string", "pattern": f"^{_RESERVED}{_NAME}$"}, _named({"$ref": "#/$defs/source"})]}
            ),
            "source": _source(),
            "input": _input(),
            "output": _output(),
        },
        "x-filters": describe_filters(),
        "x-tests": describe_tests(),
    }


def launch_schema() -> dict[str, Any]:
    """The schema of a launch request; its definitions are those of `json_schema`."""
    forms: dict[str, Any] = {
        "pipeline": {**_TEXT, "description": "URI of a pipeline file, or name[@version]"},
        "name": {"type": "string", "minLength": 1, "maxLength": 128},
        "params": _named({}),
        "outdir": _TEXT,
        "workDir": _TEXT,
        "process": {"$ref": "#/$defs/defaults"},
        "labels": {"type": "object", "additionalProperties": {"type": ["string", "number"]}},
        "resume": {"type": "string", "pattern": "^[a-z0-9][a-z0-9-]{0,39}$"},
    }
    definitions = {name: json_schema()["$defs"][name] for name in ("defaults", "directives")}
    return {
        "$schema": DIALECT,
        "title": "Headrace launch request",
        **_closed({key: forms[key] for key in LAUNCH_KEYS}),
        "$defs": definitions,
    }


def _closed(properties: dict[str, Any], *, required: list[str] | None = None) -> dict[str, Any]:
    schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**schema, "required": required} if required else schema


def _named(value: dict[str, Any], *, optional: bool = False) -> dict[str, Any]:
    """A map whose keys are names, with a `?` behind them where that means optional."""
    end = r"\??" if optional else ""
    pattern = f"^{_RESERVED}{_NAME}{end}$"
    return {"type": "object", "patternProperties": {pattern: value}, "additionalProperties": False}


def _directives() -> dict[str, Any]:
    return {
        name: {**SCHEMAS[name], "description": f"{directive.about} ({directive.form})"}
        for name, directive in DIRECTIVES.items()
    }


def _defaults() -> dict[str, Any]:
    selected = {"type": "object", "additionalProperties": {"$ref": "#/$defs/directives"}}
    about = {"withLabel": "directives for processes with a label", "withName": "directives for processes by name"}
    selectors = {name: {**selected, "description": text} for name, text in about.items()}
    return {**_closed({**_directives(), **selectors}), "description": "directives for every process"}


def _param() -> dict[str, Any]:
    long_form = _closed(
        {
            "type": {"enum": list(TYPES)},
            "default": {},
            "required": _BOOLEAN,
            "enum": {"type": "array", "items": _SCALAR, "minItems": 1},
            "description": _TEXT,
            "secret": _BOOLEAN,
            "of": {"enum": list(PLAIN_TYPES)},
            "key": _TEXT,
            "columns": {"type": "object", "additionalProperties": {"$ref": "#/$defs/column"}},
        }
    )
    long_form["anyOf"] = [{"required": ["type"]}, {"required": ["default"]}]
    return {"anyOf": [_SCALAR, {"type": "array", "items": _SCALAR}, long_form]}


def _process() -> dict[str, Any]:
    parts = {
        "each": {"$ref": "#/$defs/each"},
        "inputs": _named({"$ref": "#/$defs/input"}, optional=True),
        "outputs": _named({"$ref": "#/$defs/output"}, optional=True),
        "script": {"anyOf": [_TEXT, {"type": "array", "items": _TEXT, "minItems": 1}]},
        "when": _LONE,
        "after": one_or_more(_TEXT),
    }
    return _closed({**parts, **_directives()}, required=["script"])


def _uses() -> dict[str, Any]:
    parts = {
        "uses": _TEXT,
        "params": _named({}),
        "each": {"$ref": "#/$defs/each"},
        "when": _LONE,
        "after": one_or_more(_TEXT),
    }
    return _closed(parts, required=["uses"])


def _source() -> dict[str, Any]:
    whole = expression({"type": "integer"})
    items = {"type": "array", "minItems": 1}
    return {
        "anyOf": [
            items,
            _LONE,
            _closed({"glob": _TEXT}, required=["glob"]),
            _closed({"range": {"type": "array", "items": whole, "minItems": 2, "maxItems": 2}}, required=["range"]),
            _closed({"lines": _TEXT}, required=["lines"]),
            _closed({"rows": _TEXT}, required=["rows"]),
            _closed({"json": _TEXT, "at": _TEXT}, required=["json"]),
            _closed({"chunk": {"anyOf": [items, _LONE]}, "size": whole}, required=["chunk", "size"]),
        ]
    }


def _input() -> dict[str, Any]:
    value = {"anyOf": [_TEXT, {"type": "array", "items": _TEXT, "minItems": 1}]}
    long_form = _closed({"from": value, "stageAs": _TEXT, "optional": _BOOLEAN, "stage": _BOOLEAN}, required=["from"])
    return {"anyOf": [*value["anyOf"], long_form]}


def _output() -> dict[str, Any]:
    return {
        "anyOf": [
            _TEXT,
            _closed({"path": _TEXT, "optional": _BOOLEAN}, required=["path"]),
            _closed({"json": _TEXT, "at": _TEXT, "optional": _BOOLEAN}, required=["json"]),
        ]
    }
