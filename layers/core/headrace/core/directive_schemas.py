"""The form of each directive as JSON Schema; one entry per row of the table in `directives.py`."""

from __future__ import annotations

from typing import Any, Final

from headrace.core.cache_modes import WORDS as CACHE_WORDS
from headrace.core.directive_values import ACTIONS, RETRY_CLASSES
from headrace.core.retry_budgets import MOST_TIMES
from headrace.core.spec_errors import ACTIONS as ERROR_ACTIONS
from headrace.core.spec_errors import CLASSES, MOST, MOST_HINT, MOST_PATTERN, NAME
from headrace.core.spec_publish import STORAGE_CLASSES
from headrace.core.transfers import ENCRYPTIONS, READABLE_CLASSES, RETRY_MODES

_TEMPLATE: Final = {"type": "string", "pattern": r"\$\{\{"}
_TEXT: Final = {"type": "string", "minLength": 1}
_SIZE: Final = {"type": "string", "pattern": r"^\s*[0-9.]+\s*[KMGTkmgt](i?[Bb])?\s*$|\$\{\{"}
_SPAN: Final = {"type": "string", "pattern": r"^\s*([0-9.]+\s*[a-z]+\s*)+$|\$\{\{"}


def expression(schema: dict[str, Any]) -> dict[str, Any]:
    """The form, or an expression that will give it."""
    return {"anyOf": [schema, _TEMPLATE]}


def one_or_more(schema: dict[str, Any], *, least: int = 1) -> dict[str, Any]:
    """One of it, or a list of some."""
    return {"anyOf": [schema, {"type": "array", "items": schema, "minItems": least}]}


def _whole(least: int, most: int | None = None) -> dict[str, Any]:
    return expression({"type": "integer", "minimum": least, **({} if most is None else {"maximum": most})})


def _map(value: dict[str, Any]) -> dict[str, Any]:
    return expression({"type": "object", "additionalProperties": value})


def _closed(required: list[str], **properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "additionalProperties": False, "required": required}


_CPUS: Final = expression({"anyOf": [{"type": "integer", "minimum": 1}, {"enum": [0.25, 0.5]}]})
_BOOLEAN: Final = expression({"type": "boolean"})
_PUBLISH: Final = _closed(
    [],
    path=_TEXT,
    mode=expression({"enum": ["copy", "move"]}),
    pattern=one_or_more(_TEXT, least=0),
    only=one_or_more(_TEXT, least=0),
    saveAs=_TEXT,
    tags=_map(_TEXT),
    storageClass=expression({"enum": list(STORAGE_CLASSES)}),
)
_TIMES: Final = _whole(0, MOST_TIMES)
_FACTOR: Final = expression({"type": "number", "minimum": 1, "maximum": 16})
_BUDGET: Final = _closed(
    [],
    times=_TIMES,
    delay=_SPAN,
    memory=_FACTOR,
    upTo=_SIZE,
    time=_FACTOR,
    codes=one_or_more(expression({"type": "integer", "minimum": 1, "maximum": 255})),
)

SCHEMAS: Final[dict[str, dict[str, Any]]] = {
    "container": {"anyOf": [_TEXT, _closed(["image"], image=_TEXT, credentials=_TEXT)]},
    "containerOptions": {"type": ["string", "array", "object"]},
    "cpus": _CPUS,
    "memory": _SIZE,
    "disk": _SIZE,
    "time": _SPAN,
    "accelerator": {"anyOf": [_whole(0, 64), _closed(["count"], count=_whole(0, 64), type=_TEXT)]},
    "queue": one_or_more(_TEXT),
    "executor": {"const": "awsbatch"},
    "arch": _TEXT,
    "env": _map({"type": ["string", "number", "boolean"]}),
    "secrets": _map(_TEXT),
    "jobRole": _TEXT,
    "volumes": one_or_more({"type": ["string", "object"]}, least=0),
    "consumableResources": _map(_whole(1)),
    "resourceLabels": _map({"type": ["string", "number"]}),
    "resourceLimits": expression(_closed([], cpus=_CPUS, memory=_SIZE, disk=_SIZE, time=_SPAN)),
    "platformType": expression({"enum": ["ec2", "fargate"]}),
    "cliPath": _TEXT,
    "executionRole": _TEXT,
    "logsGroup": _TEXT,
    "shareIdentifier": _TEXT,
    "schedulingPriority": _whole(0, 9999),
    "maxSpotAttempts": _whole(0, 10),
    "maxTransferAttempts": _whole(1, 50),
    "maxParallelTransfers": _whole(1, 256),
    "delayBetweenAttempts": _SPAN,
    "retryMode": expression({"enum": list(RETRY_MODES)}),
    "transfer": expression(
        _closed(
            [],
            storageClass=expression({"enum": list(READABLE_CLASSES)}),
            storageEncryption=expression({"enum": list(ENCRYPTIONS)}),
            storageKmsKeyId=_TEXT,
            s3Acl=_TEXT,
            requesterPays=_BOOLEAN,
            endpoint=_TEXT,
        )
    ),
    "errorStrategy": expression({"enum": ["terminate", "finish", "ignore", "retry"]}),
    "maxRetries": _whole(0, 100),
    "maxErrors": {"anyOf": [_whole(0), {"type": "string", "pattern": r"^\s*[0-9.]+\s*%\s*$"}]},
    "retry": expression(_closed([], **{name: {"anyOf": [_TIMES, _BUDGET]} for name in RETRY_CLASSES})),
    "errors": {
        "type": "array",
        "maxItems": MOST,
        "items": _closed(
            ["name", "pattern"],
            name={"type": "string", "pattern": f"^{NAME}$"},
            pattern={"type": "string", "pattern": "[^* ]", "maxLength": MOST_PATTERN},
            **{"class": {"enum": list(CLASSES)}},
            action={"enum": list(ERROR_ACTIONS)},
            hint={"type": "string", "pattern": r"\S", "maxLength": MOST_HINT},
        ),
    },
    "waitLimit": {
        "anyOf": [_SPAN, _closed([], runnable=_SPAN, starting=_SPAN, action=expression({"enum": list(ACTIONS)}))]
    },
    "maxForks": _whole(1),
    "label": one_or_more({"type": "string", "pattern": "^[A-Za-z][A-Za-z0-9_]{0,63}$"}, least=0),
    "publishDir": one_or_more({"anyOf": [_TEXT, _PUBLISH]}, least=0),
    "shell": {"anyOf": [_TEXT, {"type": "array", "items": _TEXT, "minItems": 1}]},
    "cache": expression({"enum": [True, False, *CACHE_WORDS]}),
    "scratch": _BOOLEAN,
    "onFailure": one_or_more(_TEXT, least=0),
    "stopWhen": {"type": "string", "pattern": r"^\s*\$\{\{[\s\S]*\}\}\s*$"},
}
