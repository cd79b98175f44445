"""Small things that moto works out anew for every call, or for every message and object it looks at.

None is slow alone; together they were a sixth of what a run costs this cloud.
"""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any

from headrace_local.seam import rebind, replace


def apply() -> None:
    """Backends, the time of messages, and the keys of a bucket are found at once."""
    _backends_of_an_account()
    _the_time_of_messages()
    _keys_of_a_bucket()


def _backends_of_an_account() -> None:
    """Upstream takes one lock for all services and lists all backends, each time a backend is asked for."""
    from moto.core.base_backend import BackendDict

    make = BackendDict.__getitem__

    def get(self: Any, account_id: str) -> Any:
        found = dict.get(self, account_id)
        return make(self, account_id) if found is None else found

    replace(BackendDict, "__getitem__", get)


def _the_time_of_messages() -> None:
    """Upstream counts all messages of a queue to learn how long it keeps one, and makes two dates for each message it looks at."""
    from moto.core import utils
    from moto.sqs.models import SQSBackend

    dated = utils.unix_time

    def unix_time(at: datetime | None = None) -> float:
        return time.time() if at is None else float(dated(at))

    def unix_time_millis(at: datetime | None = None) -> float:
        return unix_time(at) * 1000.0

    def still_kept(self: Any, queue_name: str, message: Any) -> bool:
        kept_s = float(self.get_queue(queue_name).message_retention_period)
        return bool(kept_s + message.sent_timestamp / 1000 > time.time())

    rebind("moto", "unix_time", unix_time)
    rebind("moto", "unix_time_millis", unix_time_millis)
    replace(SQSBackend, "is_message_valid_based_on_retention_period", still_kept)


def _keys_of_a_bucket() -> None:
    """Upstream copies the keys and looks each one up again. The list is a copy too, so that others may write meanwhile."""
    from moto.s3.utils import _VersionedKeyStore

    def newest(self: Any) -> list[tuple[str, Any]]:
        return [(key, versions[-1]) for key, versions in list(dict.items(self))]

    for name in ("items", "iteritems", "_iteritems"):
        replace(_VersionedKeyStore, name, newest)
