"""Policies of resources: who may invoke a function, send to a queue or a topic, and what a bucket refuses everybody.

Services that act for nobody (EventBridge) are judged by these alone; roles by their own policies and the bucket's.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from headrace_local import iam_policies
from headrace_local.iam_policies import Call, Policies
from headrace_local.place import ACCOUNT, REGION

_functions: dict[str, tuple[str, dict[str, Any]]] = {}
"""By the name of the AWS::Lambda::Permission: the function's ARN, and the statement."""
_topics: dict[str, str] = {}
_read: dict[str, tuple[Any, Policies]] = {}
_ACTIONS: Final = {"lambda": "lambda:InvokeFunction", "sqs": "sqs:SendMessage", "sns": "sns:Publish"}


def of_bucket(resource: str) -> Policies | None:
    """The policy of the bucket that an ARN is of, or is in."""
    if not resource.startswith("arn:aws:s3:::"):
        return None
    from moto.s3.models import s3_backends

    name = resource.removeprefix("arn:aws:s3:::").partition("/")[0]
    bucket = s3_backends[ACCOUNT]["aws"].buckets.get(name)
    text = bucket.policy if bucket is not None else None
    return _policies(f"the bucket {name}", text) if text else None


def admits(resource: str, service: str, source: str) -> bool:
    """Whether a function, queue or topic lets a service (`events.amazonaws.com`) reach it for `source`, the ARN of a rule."""
    kind = resource.split(":")[2]
    found = {"lambda": _of_function, "sqs": _of_queue, "sns": _of_topic}[kind](resource)
    context = (("aws:SourceArn", (source,)), ("aws:SourceAccount", (ACCOUNT,)))
    return found is not None and found.decide(Call(_ACTIONS[kind], resource, context), [service]).allowed


def permit(name: str, given: Mapping[str, Any]) -> None:
    """What an AWS::Lambda::Permission allows, under a name of its own."""
    condition = {key: {f"aws:{key}": given[key]} for key in ("SourceArn", "SourceAccount") if key in given}
    conditions = {
        operator: condition[key]
        for operator, key in (("ArnLike", "SourceArn"), ("StringEquals", "SourceAccount"))
        if key in condition
    }
    arn = str(given["FunctionName"])
    whole = arn if arn.startswith("arn:") else f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{arn}"
    principal = str(given["Principal"])
    statement = {
        "Effect": "Allow",
        "Principal": {"Service" if principal.endswith(".amazonaws.com") else "AWS": principal},
        "Action": given["Action"],
        "Resource": whole,
        "Condition": conditions,
    }
    iam_policies.statements(name, {"Statement": [statement]}, of_resource=True)
    _functions[name] = (whole, statement)


def withdraw(name: str) -> None:
    """The permission goes."""
    _functions.pop(name, None)


def set_queue(url: str, document: Any) -> None:
    """A queue's policy; None takes it away."""
    _sqs_queue(url.rpartition("/")[2]).policy = json.dumps(document) if document else None


def set_topic(arn: str, document: Any) -> None:
    """A topic's policy; None takes it away."""
    _topics[arn] = json.dumps(document) if document else ""


def set_bucket(name: str, document: Any) -> None:
    """A bucket's policy; None takes it away."""
    from moto.s3.models import s3_backends

    s3_backends[ACCOUNT]["aws"].get_bucket(name).policy = json.dumps(document).encode() if document else None


def _of_function(arn: str) -> Policies | None:
    statements = [statement for whole, statement in list(_functions.values()) if whole == arn]
    return _policies(arn, json.dumps(statements)) if statements else None


def _of_queue(arn: str) -> Policies | None:
    queue = _sqs_queue(arn.rpartition(":")[2])
    return _policies(arn, queue.policy) if queue is not None and queue.policy else None


def _of_topic(arn: str) -> Policies | None:
    text = _topics.get(arn)
    return _policies(arn, text) if text else None


def _sqs_queue(name: str) -> Any:
    from moto.sqs.models import sqs_backends

    return sqs_backends[ACCOUNT][REGION].queues.get(name)


def _policies(name: str, text: Any) -> Policies:
    """The statements of a text, read again when it changes."""
    read = _read.get(name)
    if read is None or read[0] != text:
        document = json.loads(text) if isinstance(text, str | bytes) else text
        shaped = {"Statement": document} if isinstance(document, list) else document
        read = (text, Policies(iam_policies.statements(name, shaped, of_resource=True)))
        _read[name] = read
    return read[1]
