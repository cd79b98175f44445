"""Messages to people: an SNS topic, whose subscribers are the deployment's business."""

from __future__ import annotations

from typing import Any


def notify(sns: Any, topic: str, subject: str, message: str, tenant: str = "") -> None:
    """Publish a message; `subject` is one line of ASCII under 100 characters, as mail wants it.

    `tenant` becomes an attribute, which a subscription may filter by:
    https://docs.aws.amazon.com/sns/latest/dg/sns-subscription-filter-policies.html
    """
    said = {"MessageAttributes": {"tenant": {"DataType": "String", "StringValue": tenant}}} if tenant else {}
    sns.publish(TopicArn=topic, Subject=subject, Message=message, **said)
