"""What a rule does with its targets: shaping the payload, and one delivery per kind of target.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-targets.html and eb-transform-target-input.html
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Mapping
from typing import Any, Final

from headrace_local import clock, permissions, resource_policies
from headrace_local.clients import client
from headrace_local.iam_policies import Call
from headrace_local.place import ACCOUNT, REGION

_EVENTBRIDGE: Final = "events.amazonaws.com"
_BY_POLICY: Final = ("lambda", "sqs", "sns")
"""Targets whose own policies let EventBridge in."""
_BY_ROLE: Final = {"states": "states:StartExecution", "batch": "batch:SubmitJob", "events": "events:PutEvents"}
"""Targets that EventBridge reaches as the role a rule names for them. (What lets it write logs is a policy of the account: not looked at.)"""
_PLACEHOLDER: Final = re.compile(r'("?)<([A-Za-z0-9_.-]+)>("?)')


def payload(target: Mapping[str, Any], event: dict[str, Any]) -> str:
    """What the target receives: the event, a part of it, a constant, or the transformed template."""
    if target.get("Input"):
        return str(target["Input"])
    if target.get("InputPath"):
        return json.dumps(_at(event, target["InputPath"]))
    if target.get("InputTransformer"):
        return _transformed(target["InputTransformer"], event)
    return json.dumps(event)


class NotAdmitted(Exception):  # noqa: N818 - reads as what it is
    """A target that does not let EventBridge in; trying again would not help."""


def deliver(target: Mapping[str, Any], body: str, event: Mapping[str, Any], rule: str) -> None:
    """Hand `body` to the target of the rule with this ARN; `NotAdmitted`, or what the target's service raises."""
    service = target["Arn"].split(":")[2]
    if service in _BY_ROLE:
        role, call = str(target.get("RoleArn", "")), Call(_BY_ROLE[service], target["Arn"])
        if not role or not permissions.allows(role, call):
            raise NotAdmitted(f"the rule's target has {role or 'no role'}, which may not {call.action} {call.resource}")
    elif service in _BY_POLICY and not resource_policies.admits(target["Arn"], _EVENTBRIDGE, rule):
        raise NotAdmitted(f"the policy of {target['Arn']} does not let {_EVENTBRIDGE} in for {rule}")
    hand_over(target, body, event)


def hand_over(target: Mapping[str, Any], body: str, event: Mapping[str, Any]) -> None:
    """Hand `body` to the target, whoever may; raises what the target's service raises."""
    service = target["Arn"].split(":")[2]
    if service not in _KINDS:
        raise NotImplementedError(f"the local cloud delivers to {', '.join(sorted(_KINDS))}, not to {target['Arn']}")
    _KINDS[service](target, body, event)


def dead_letter_of_rule(queue_arn: str, body: str, attributes: Mapping[str, str], rule: str) -> None:
    """Put what could not be delivered into a rule's queue; `NotAdmitted` when the queue does not let it."""
    if not resource_policies.admits(queue_arn, _EVENTBRIDGE, rule):
        raise NotAdmitted(f"the policy of {queue_arn} does not let {_EVENTBRIDGE} in for {rule}")
    dead_letter(queue_arn, body, attributes)


def dead_letter(queue_arn: str, body: str, attributes: Mapping[str, str]) -> None:
    """Put what could not be done into a queue."""
    shaped = {name: {"DataType": "String", "StringValue": value} for name, value in attributes.items() if value}
    client("sqs").send_message(QueueUrl=_queue_url(queue_arn), MessageBody=body, MessageAttributes=shaped)


def deliverable(arn: str) -> bool:
    """Whether there is a delivery for a target of this ARN."""
    return arn.split(":")[2] in _KINDS


def _at(event: Mapping[str, Any], path: str) -> Any:
    value: Any = event
    for name in path.removeprefix("$").strip(".").split(".") if path != "$" else []:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _transformed(transformer: Mapping[str, Any], event: dict[str, Any]) -> str:
    values = {name: _at(event, path) for name, path in transformer.get("InputPathsMap", {}).items()}
    values |= {"aws.events.event.json": event, "aws.events.event.ingestion-time": event["time"]}

    def fill(found: re.Match[str]) -> str:
        if found[2] not in values:
            return found[0]
        value = values[found[2]]
        if found[1] and found[3]:
            return json.dumps(value if isinstance(value, str) else json.dumps(value))
        inside = json.dumps(value)
        shown = (
            inside
            if not isinstance(value, str) or not _inside_string(transformer["InputTemplate"], found.start(2))
            else inside[1:-1]
        )
        return found[1] + shown + found[3]

    return _PLACEHOLDER.sub(fill, transformer["InputTemplate"])


def _inside_string(template: str, position: int) -> bool:
    return len(re.findall(r'(?<!\\)"', template[:position])) % 2 == 1


def _to_lambda(target: Mapping[str, Any], body: str, _event: Mapping[str, Any]) -> None:
    client("lambda").invoke(FunctionName=target["Arn"], InvocationType="Event", Payload=body.encode())


def _to_states(target: Mapping[str, Any], body: str, event: Mapping[str, Any]) -> None:
    name = f"{event['id']}_{uuid.uuid4()}"[:80]
    client("stepfunctions").start_execution(stateMachineArn=target["Arn"], input=body, name=name)


def _to_sns(target: Mapping[str, Any], body: str, _event: Mapping[str, Any]) -> None:
    client("sns").publish(TopicArn=target["Arn"], Message=body)


def _to_sqs(target: Mapping[str, Any], body: str, _event: Mapping[str, Any]) -> None:
    from moto.sqs.models import sqs_backends

    # Past the API, whose two calls here were a tenth of what a job costs this cloud: it has five events. So plans of faults in
    # calls do not reach it; those of events do.
    group = target.get("SqsParameters", {}).get("MessageGroupId")
    sqs_backends[ACCOUNT][REGION].send_message(target["Arn"].rpartition(":")[2], body, group_id=group)


def _to_logs(target: Mapping[str, Any], body: str, _event: Mapping[str, Any]) -> None:
    from moto.logs.models import logs_backends

    logs = logs_backends[ACCOUNT][REGION]
    group, stream = target["Arn"].split(":log-group:")[1].removesuffix(":*"), str(uuid.uuid4())
    logs.ensure_log_group(group)
    logs.ensure_log_stream(group, stream)
    logs.put_log_events(group, stream, [{"timestamp": clock.now_ms(), "message": body}])


def _to_batch(target: Mapping[str, Any], _body: str, _event: Mapping[str, Any]) -> None:
    job = target["BatchParameters"]
    more = {"arrayProperties": {"size": job["ArrayProperties"]["Size"]}} if job.get("ArrayProperties") else {}
    more |= {"retryStrategy": {"attempts": job["RetryStrategy"]["Attempts"]}} if job.get("RetryStrategy") else {}
    client("batch").submit_job(
        jobName=job["JobName"], jobQueue=target["Arn"], jobDefinition=job["JobDefinition"], **more
    )


def _to_bus(target: Mapping[str, Any], _body: str, event: Mapping[str, Any]) -> None:
    from headrace_local.event_bus import publish

    publish(
        event["source"],
        event["detail-type"],
        event["resources"],
        event["detail"],
        bus=target["Arn"].rsplit("/", 1)[-1],
        at=event["time"],
    )


def _queue_url(arn: str) -> str:
    return str(client("sqs").get_queue_url(QueueName=arn.rsplit(":", 1)[-1])["QueueUrl"])


_KINDS: Final[dict[str, Callable[[Mapping[str, Any], str, Mapping[str, Any]], None]]] = {
    "lambda": _to_lambda,
    "states": _to_states,
    "sns": _to_sns,
    "sqs": _to_sqs,
    "logs": _to_logs,
    "batch": _to_batch,
    "events": _to_bus,
}
