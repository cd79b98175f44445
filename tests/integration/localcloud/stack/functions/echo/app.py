"""Returns its event; on request it fails, writes, or exits."""

import os

import boto3
from shared_words import GREETING


def handler(event, context):
    """Do as the event says."""
    if "detail" in event and "object" in event.get("detail", {}):
        event = event["detail"]
    if event.get("raise"):
        raise ValueError(event["raise"])
    if event.get("exit"):
        os._exit(int(event["exit"]))
    if event.get("put"):
        table = boto3.client("dynamodb")
        for number in range(int(event.get("times", 1))):
            table.put_item(TableName=os.environ["TABLE"], Item={"pk": {"S": event["put"]}, "sk": {"S": str(number)}})
    print("echo says", event)  # noqa: T201 - what a function prints is what is tested
    return {**event, "greeting": GREETING, "version": context.function_version, "arn": context.invoked_function_arn}
