"""Messages to people: an SNS topic, whose subscribers are the deployment's business."""

from __future__ import annotations

from typing import Any


def notify(sns: Any, topic: str, subject: str, message: str) -> None:
    """Publish a message; `subject` is one line of ASCII under 100 characters, as mail wants it."""
    sns.publish(TopicArn=topic, Subject=subject, Message=message)
