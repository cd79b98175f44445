"""How a task failed for good, written down when it is known, for the run's digest.

The ledger's record holds one line of it; the log and Batch's own words are looked at only once, when the attempt is settled:
later the job may be forgotten and the log gone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from headrace.core.outcome import AttemptRef, Outcome
from headrace.core.outcome_classes import OutcomeClass


def to_json(outcome: Outcome) -> dict[str, Any]:
    """The outcome as JSON data."""
    return asdict(outcome)


def from_json(value: Mapping[str, Any]) -> Outcome:
    """The outcome of JSON data."""
    return Outcome(
        **{
            **value,
            "kind": OutcomeClass(value["kind"]),
            "evidence": tuple(value["evidence"]),
            "ref": AttemptRef(**value["ref"]),
        }
    )
