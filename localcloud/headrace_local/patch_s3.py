"""S3: object events for EventBridge as S3 sends them, and keys of any bytes.

Gaps of moto 5.2.5 closed here: every event has the same id and sequencer; `reason` names the notification instead of the
call; finishing a multipart upload emits Object Created twice; EventBridge configuration in CloudFormation is ignored; conditions of a bucket's policy are ignored; over
HTTP a key with a newline in it is not found.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
"""

from __future__ import annotations

import itertools
import threading
import time
import uuid
from typing import Any, Final

from headrace_local import event_bus
from headrace_local.place import ACCOUNT
from headrace_local.seam import replace

_REASONS: Final = {
    "s3:ObjectCreated:Put": "PutObject",
    "s3:ObjectCreated:Post": "POST Object",
    "s3:ObjectCreated:Copy": "CopyObject",
    "s3:ObjectCreated:CompleteMultipartUpload": "CompleteMultipartUpload",
    "s3:ObjectRemoved:Delete": "DeleteObject",
    "s3:ObjectRemoved:DeleteMarkerCreated": "DeleteObject",
}
_sequence = itertools.count(1)


def apply() -> None:
    """Patch the events and the bucket's CloudFormation."""
    from moto.s3 import models, notifications

    replace(notifications, "_send_event_bridge_message", _send)
    _conditional_writes_are_atomic()
    _newlines_in_keys()
    _policies_are_ours(models)
    _one_event_per_multipart(models)


def _send(account_id: str, bucket: Any, event_name: Any, key: Any) -> None:
    from moto.s3.notifications import _detail_type

    reason = _REASONS.get(str(getattr(event_name, "value", event_name)))
    if reason is None:
        return
    kind = _detail_type(event_name)
    stored = {"key": key.name, "sequencer": f"{time.time_ns():016X}{next(_sequence):04X}"[-18:]}
    if kind == "Object Created":
        stored |= {"size": key.size, "etag": key.etag.replace('"', "")}
    if key.version_id and key.version_id != "null":
        stored["version-id"] = key.version_id
    detail = {
        "version": "0",
        "bucket": {"name": bucket.name},
        "object": stored,
        "request-id": uuid.uuid4().hex[:16].upper(),
        "requester": ACCOUNT,
        "source-ip-address": "127.0.0.1",
        "reason": reason,
    }
    if kind == "Object Deleted":
        marker = str(getattr(event_name, "value", event_name)).endswith("DeleteMarkerCreated")
        detail["deletion-type"] = "Delete Marker Created" if marker else "Permanently Deleted"
    event_bus.announce("aws.s3", kind, [bucket.arn], lambda: detail)


def _conditional_writes_are_atomic() -> None:
    """Upstream looks and then writes: two writers with `If-None-Match: *` can both win."""
    from moto.s3.responses import S3Response

    lock = threading.RLock()

    def atomic(name: str) -> None:
        write = getattr(S3Response, name)

        def conditional(self: Any, *args: Any, **kwargs: Any) -> Any:
            if "If-None-Match" not in self.headers and "If-Match" not in self.headers:
                return write(self, *args, **kwargs)
            with lock:
                return write(self, *args, **kwargs)

        replace(S3Response, name, conditional)

    for name in ("put_object", "_key_response_post"):
        atomic(name)


def _newlines_in_keys() -> None:
    """In a route `.` stands for any character: a key may have a newline."""
    from moto.moto_server.utilities import RegexConverter

    upstream = RegexConverter.__init__

    def init(self: Any, url_map: Any, *items: Any) -> None:
        upstream(self, url_map, *items)
        self.regex = f"(?s:{self.regex})"

    replace(RegexConverter, "__init__", init)


def _policies_are_ours(models: Any) -> None:
    """Upstream takes every statement of a bucket's policy for one without conditions; resource_policies.py reads them."""
    from moto.iam.access_control import PermissionResult

    replace(models.FakeBucket, "get_permission", lambda _self, _action, _resource: PermissionResult.NEUTRAL)


def _one_event_per_multipart(models: Any) -> None:
    from moto.s3 import notifications

    finishing = threading.local()
    complete, send = models.S3Backend.complete_multipart_upload, notifications.send_event

    def complete_multipart_upload(self: Any, *args: Any, **kwargs: Any) -> Any:
        finishing.sent = set()
        try:
            return complete(self, *args, **kwargs)
        finally:
            del finishing.sent

    def send_event(account_id: str, event_name: Any, bucket: Any, key: Any) -> None:
        sent = getattr(finishing, "sent", None)
        if sent is not None:
            if event_name != notifications.S3NotificationEvent.OBJECT_CREATED_COMPLETE_MULTIPART_UPLOAD_EVENT or sent:
                return
            sent.add(event_name)
        send(account_id, event_name, bucket, key)

    replace(models.S3Backend, "complete_multipart_upload", complete_multipart_upload)
    replace(notifications, "send_event", send_event)
