"""JSONata as Step Functions has it, evaluated in Python.

Values are bound, never pasted into the expression's text: a string with a quote in it stays a string, and an expression
is parsed once however often it runs. Step Functions adds six functions to JSONata and takes `$eval` away (asl_subset
refuses it). Source: https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html
"""

from __future__ import annotations

import copy
import functools
import hashlib
import json
import random
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from jsonata import jsonata as engine
from jsonata.utils import Utils

from headrace.core.errors import InvalidValue
from headrace_local.json_values import as_json


def evaluate(expression: str, variables: Mapping[str, Any]) -> Any:
    """The value of `expression`, plain JSON; `InvalidValue` when it fails, is undefined or is a function."""
    try:
        parsed = copy.copy(_parse(expression))
        parsed.environment = parsed.create_frame(engine.Jsonata.static_frame)
        engine.Jsonata.CURRENT.jsonata = parsed
        bindings = {name: Utils.NULL_VALUE if value is None else value for name, value in variables.items()}
        result = parsed.evaluate(None, {**_FUNCTIONS, **bindings})
    except Exception as error:
        raise InvalidValue(f"The JSONata expression '{expression}' failed: {error}") from error
    if result is None:
        raise InvalidValue(f"The JSONata expression '{expression}' returned nothing (undefined).")
    return _plain(expression, result)


def looked_up(expression: str, states: Mapping[str, Any]) -> Any:
    """The value of a plain path of `$states`, or whether that is a certain text: most of what machines ask. None: `evaluate` has to say.

    Only where JSONata's own rules for what is missing, null or a list do not come in.
    """
    place = _place(expression)
    if place is None:
        return None
    value: Any = states
    for name in place.names:
        value = value.get(name) if type(value) is dict else None
    if place.text is not None:
        return value == place.text if isinstance(value, str) else None
    return _plain(expression, as_json(value)) if isinstance(value, (str, bool, int, dict)) else None


@dataclass(frozen=True, slots=True)
class _Place:
    names: tuple[str, ...]
    text: str | None


@functools.lru_cache(4096)
def _place(expression: str) -> _Place | None:
    found = _PLACE.fullmatch(expression.strip())
    return _Place(tuple(found["path"].split(".")[1:]), found["text"]) if found else None


@functools.lru_cache(4096)
def _parse(expression: str) -> Any:
    parsed = engine.Jsonata(expression)
    parsed.set_output_convert_nulls(False)
    parsed.set_validate_input(False)
    return parsed


def _plain(expression: str, value: Any) -> Any:
    if value is None or value is Utils.NULL_VALUE:
        return None
    if isinstance(value, (str, bool, int, float)):
        return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT else value
    if isinstance(value, list):
        return [_plain(expression, value[index]) for index in range(len(value))]
    if isinstance(value, dict):
        return {name: _plain(expression, inner) for name, inner in value.items()}
    raise InvalidValue(f"The JSONata expression '{expression}' returned an unsupported result type.")


def _partition(values: Any, size: Any) -> Any:
    items = list(values) if isinstance(values, list) else [values]
    return [items[start : start + int(size)] for start in range(0, len(items), int(size))]


def _range(first: Any, last: Any, step: Any) -> Any:
    if step == 0:
        raise InvalidValue("$range: the step is 0")
    return [first + step * index for index in range(int((last - first) // step) + 1)]


def _hash(value: Any, algorithm: str) -> str:
    name = algorithm.replace("-", "").lower()
    if name not in ("md5", "sha1", "sha256", "sha384", "sha512"):
        raise InvalidValue(f"$hash: unknown algorithm '{algorithm}'")
    text = value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
    return hashlib.new(name, text.encode(), usedforsecurity=False).hexdigest()


def _random(seed: Any = None) -> float:
    return random.Random(seed).random()  # noqa: S311 - a JSONata function, not a secret


_EXACT: Final = 2**53
_PLACE: Final = re.compile(r"(?P<path>\$states(\.[A-Za-z_]\w*)+)( = \"(?P<text>[\w ./:-]*)\")?", re.ASCII)
_FUNCTIONS: Final = {
    name: engine.Jsonata.JLambda(function)
    for name, function in {
        "partition": _partition,
        "range": _range,
        "hash": _hash,
        "random": _random,
        "uuid": lambda: str(uuid.uuid4()),
        "parse": json.loads,
    }.items()
}
