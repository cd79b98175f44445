"""The time, for adapters that pass it on to the core."""

from __future__ import annotations

from datetime import UTC, datetime

from headrace.core.records import utc


def utc_now() -> str:
    """Now, as the ledger writes times: ISO 8601 in UTC, to the millisecond."""
    return utc(datetime.now(UTC).isoformat())
