"""Times as numbers: the ledger and people read ISO 8601, Batch and sweeps count milliseconds since 1970."""

from __future__ import annotations

from datetime import UTC, datetime

from headrace.core.records import utc


def in_ms(time: str) -> int:
    """An ISO 8601 time in milliseconds; 0 for an empty text, which means not known."""
    return int(datetime.fromisoformat(utc(time)).timestamp() * 1000) if time else 0


def in_words(time_ms: int) -> str:
    """Milliseconds as the ledger writes times; empty for 0."""
    return utc(datetime.fromtimestamp(time_ms / 1000, UTC).isoformat()) if time_ms else ""
