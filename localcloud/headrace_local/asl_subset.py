"""Which state machines the local cloud runs: the definition is checked and bridged before moto's interpreter sees it.

Unknown is an error: a field, state type, resource or reader that the interpreter lacks is refused by name and place,
never ignored. Three gaps are bridged here, and only here:

- `ResultWriter` with JSONata `Arguments` does not parse upstream: the field is taken out, so no result files are written
  and the state's result is the list of results instead of the writer's details. Our machines drop that output.
- `ExecutionType: EXPRESS` of a Distributed Map runs as STANDARD: the same states, without the five-minute limit.
- `ToleratedFailurePercentage: 50`, an integer, becomes `50.0`.

Source: https://docs.aws.amazon.com/step-functions/latest/dg/statemachine-structure.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from headrace.core.errors import InvalidSpec, Problem, nearest

_COMMON: Final = {"Type", "Comment", "QueryLanguage", "Next", "End", "Output", "Assign", "InputPath", "OutputPath"}
_WORK: Final = _COMMON | {"Arguments", "Parameters", "ResultSelector", "ResultPath", "Retry", "Catch"}
_STATES: Final[dict[str, set[str]]] = {
    "Task": _WORK
    | {"Resource", "TimeoutSeconds", "TimeoutSecondsPath", "HeartbeatSeconds", "HeartbeatSecondsPath", "Credentials"},
    "Map": _WORK
    | {"ItemProcessor", "Items", "ItemsPath", "ItemSelector", "ItemReader", "ResultWriter", "Label"}
    | {"MaxConcurrency", "MaxConcurrencyPath", "ToleratedFailureCount", "ToleratedFailureCountPath"}
    | {"ToleratedFailurePercentage", "ToleratedFailurePercentagePath"},
    "Parallel": _WORK | {"Branches"},
    "Choice": (_COMMON - {"Next", "End"}) | {"Choices", "Default"},
    "Wait": _COMMON | {"Seconds", "SecondsPath", "Timestamp", "TimestampPath"},
    "Pass": _COMMON | {"Result", "ResultPath", "Parameters"},
    "Succeed": _COMMON - {"Next", "End"},
    "Fail": {"Type", "Comment", "QueryLanguage", "Error", "ErrorPath", "Cause", "CausePath"},
}
_MACHINE: Final = {"Comment", "StartAt", "States", "TimeoutSeconds", "Version", "QueryLanguage"}
_NESTED: Final = {"Comment", "StartAt", "States"}
_RETRIER: Final = {
    "ErrorEquals",
    "IntervalSeconds",
    "MaxAttempts",
    "BackoffRate",
    "MaxDelaySeconds",
    "JitterStrategy",
    "Comment",
}
_CATCHER: Final = {"ErrorEquals", "Next", "ResultPath", "Output", "Assign", "Comment"}
_READER: Final = {"Resource", "Arguments", "Parameters", "ReaderConfig"}
_READER_CONFIG: Final = {"InputType", "CSVHeaderLocation", "CSVHeaders", "MaxItems", "MaxItemsPath"}
_RESOURCES: Final = re.compile(
    r"arn:[a-z-]+:states:[a-z0-9-]*:[0-9]*:(?:"
    r"lambda:invoke(?:\.waitForTaskToken)?|states:startExecution(?:\.sync|\.sync:2|\.waitForTaskToken)?|batch:submitJob(?:\.sync)?"
    r"|dynamodb:(?:getItem|putItem|updateItem|deleteItem)|sns:publish|sqs:sendMessage|events:putEvents"
    r"|aws-sdk:(?:dynamodb|s3|sns|sqs|sfn|batch|lambda|eventbridge):[a-zA-Z0-9]+)"
)
_LAMBDA: Final = re.compile(r"arn:[a-z-]+:lambda:[a-z0-9-]+:[0-9]+:function:.+")
_READERS: Final = re.compile(r"arn:[a-z-]+:states:[a-z0-9-]*:[0-9]*:s3:getObject")
_NOT_HERE: Final = re.compile(r"\$eval\s*\(|\$\$(?![A-Za-z.])")


@dataclass(frozen=True, slots=True)
class Runnable:
    """A definition the interpreter takes, and what was bridged in it, one line each."""

    definition: str
    bridged: tuple[str, ...]


def runnable(definition: str) -> Runnable:
    """The definition as the interpreter takes it; `InvalidSpec` naming every field it cannot run."""
    try:
        machine = json.loads(definition)
    except ValueError as error:
        raise InvalidSpec([Problem("", f"the definition is not JSON: {error}")]) from error
    if not isinstance(machine, dict):
        raise InvalidSpec([Problem("", "the definition is not an object", machine)])
    problems = [*_machine("", machine)]
    if problems:
        raise InvalidSpec(problems)
    bridged = [line for path, state in _all_states("", machine) for line in _bridge(path, state)]
    return Runnable(json.dumps(machine), tuple(bridged))


def _machine(path: str, machine: Mapping[str, Any], known: set[str] = _MACHINE) -> Iterator[Problem]:
    yield from _unknown(path, machine, known, "of a state machine")
    for name, state in machine.get("States", {}).items():
        yield from _state(f"{path}States.{name}", state)


def _state(path: str, state: Mapping[str, Any]) -> Iterator[Problem]:
    known = _STATES.get(state.get("Type", ""))
    if known is None:
        yield Problem(f"{path}.Type", "unknown state type", state.get("Type"), f"one of {', '.join(_STATES)}")
        return
    yield from _unknown(f"{path}.", state, known, f"of a {state['Type']} state that the local cloud runs")
    for retrier in state.get("Retry", []):
        yield from _unknown(f"{path}.Retry.", retrier, _RETRIER, "of a retrier")
    for catcher in state.get("Catch", []):
        yield from _unknown(f"{path}.Catch.", catcher, _CATCHER, "of a catcher")
    yield from (_STATE_CHECKS.get(state["Type"], _nothing))(path, state)
    yield from _expressions(path, {k: v for k, v in state.items() if k not in ("ItemProcessor", "Branches")})


def _nothing(_path: str, _state: Mapping[str, Any]) -> Iterator[Problem]:
    return iter(())


def _task(path: str, state: Mapping[str, Any]) -> Iterator[Problem]:
    resource = state.get("Resource", "")
    if not isinstance(resource, str) or not (_RESOURCES.fullmatch(resource) or _LAMBDA.fullmatch(resource)):
        yield Problem(f"{path}.Resource", "not a resource the local cloud can call", resource)


def _choice(path: str, state: Mapping[str, Any]) -> Iterator[Problem]:
    if "Default" not in state:
        yield Problem(
            path,
            "a Choice without Default",
            hint="no match would end as States.Runtime here and as States.NoChoiceMatched on AWS",
        )


def _map(path: str, state: Mapping[str, Any]) -> Iterator[Problem]:
    processor = state.get("ItemProcessor")
    if not isinstance(processor, dict):
        yield Problem(f"{path}.ItemProcessor", "missing")
        return
    yield from _machine(f"{path}.ItemProcessor.", processor, _NESTED | {"ProcessorConfig"})
    config = processor.get("ProcessorConfig", {})
    yield from _unknown(
        f"{path}.ItemProcessor.ProcessorConfig.", config, {"Mode", "ExecutionType"}, "of ProcessorConfig"
    )
    reader = state.get("ItemReader")
    if reader is None:
        return
    yield from _unknown(f"{path}.ItemReader.", reader, _READER, "of an ItemReader")
    yield from _unknown(
        f"{path}.ItemReader.ReaderConfig.", reader.get("ReaderConfig", {}), _READER_CONFIG, "of a ReaderConfig"
    )
    if not _READERS.fullmatch(str(reader.get("Resource"))):
        yield Problem(
            f"{path}.ItemReader.Resource", "not a reader the local cloud has", reader.get("Resource"), "s3:getObject"
        )
    if reader.get("ReaderConfig", {}).get("InputType") not in ("JSON", "CSV"):
        yield Problem(
            f"{path}.ItemReader.ReaderConfig.InputType",
            "not a type the local cloud reads",
            reader.get("ReaderConfig", {}).get("InputType"),
            "JSON or CSV",
        )


def _parallel(path: str, state: Mapping[str, Any]) -> Iterator[Problem]:
    for index, branch in enumerate(state.get("Branches", [])):
        yield from _machine(f"{path}.Branches[{index}].", branch, _NESTED)


_STATE_CHECKS: Final = {"Task": _task, "Choice": _choice, "Map": _map, "Parallel": _parallel}


def _unknown(path: str, value: Any, known: set[str], what: str) -> Iterator[Problem]:
    if not isinstance(value, dict):
        yield Problem(path.rstrip("."), f"not an object {what}", value)
        return
    for name in value:
        if name not in known:
            yield Problem(f"{path}{name}", f"not a field {what}", hint=nearest(name, known))


def _expressions(path: str, value: Any) -> Iterator[Problem]:
    if isinstance(value, str):
        if value.startswith("{%") and (found := _NOT_HERE.search(value)):
            yield Problem(path, f"JSONata '{found[0]}' does not exist in Step Functions", value)
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _expressions(f"{path}.{name}", inner)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _expressions(f"{path}[{index}]", inner)


def _all_states(path: str, machine: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, state in machine.get("States", {}).items():
        yield f"{path}{name}", state
        for inner in [state.get("ItemProcessor"), *state.get("Branches", [])]:
            if inner:
                yield from _all_states(f"{path}{name}.", inner)


def _bridge(path: str, state: dict[str, Any]) -> Iterator[str]:
    config = state.get("ItemProcessor", {}).get("ProcessorConfig", {})
    if config.get("ExecutionType") == "EXPRESS":
        config["ExecutionType"] = "STANDARD"
        yield f"{path}: children run as STANDARD, without the limit of five minutes"
    if config.get("Mode") == "DISTRIBUTED":
        config.setdefault("ExecutionType", "STANDARD")
    if "ResultWriter" in state:
        del state["ResultWriter"]
        yield f"{path}: ResultWriter is not run, no result files are written"
    if isinstance(state.get("ToleratedFailurePercentage"), int):
        state["ToleratedFailurePercentage"] = float(state["ToleratedFailurePercentage"])
