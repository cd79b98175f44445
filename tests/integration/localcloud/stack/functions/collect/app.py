"""Takes batches from a queue and writes down what came together; on request a message or a whole batch fails."""

import json
import os

import boto3


def handler(event, context):
    """One item per batch, with the messages in it; the answer names those that ask to fail."""
    bodies = {record["messageId"]: json.loads(record["body"]) for record in event["Records"]}
    for body in bodies.values():
        if body.get("raise"):
            raise ValueError(body["raise"])
    names = [str(body["name"]) for body in bodies.values()]
    item = {
        "pk": {"S": "batch"},
        "sk": {"S": context.aws_request_id},
        "names": {"L": [{"S": name} for name in names]},
        "worker": {"S": context.log_stream_name},
    }
    boto3.client("dynamodb").put_item(TableName=os.environ["TABLE"], Item=item)
    failed = [name for name, body in bodies.items() if body.get("fail")]
    return {"batchItemFailures": [{"itemIdentifier": name} for name in failed]}
