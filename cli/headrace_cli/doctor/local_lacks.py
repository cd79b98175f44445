"""What the local cloud has no answer for, and why. Everything else the doctor asks it as it asks AWS."""

from __future__ import annotations

from typing import Final

from headrace_cli.doctor.facts import Unanswered
from headrace_cli.target import Target

_LACKS: Final = {
    "bucket events": "the local cloud sends bucket events without telling of the setting",
    "bucket public access": "nobody outside reaches the local cloud",
    "bucket policy": "policies are not enforced by the local cloud",
    "ledger recovery": "the local cloud keeps nothing",
    "alerts": "the local cloud mails nobody: `headrace local alerts` shows them",
    "alarms": "the local cloud measures nothing",
    "transfer tool": "jobs of the local cloud use the s5cmd of this machine",
    "quotas": "the local cloud has no quotas",
}


def lacks(target: Target, what: str) -> Unanswered | None:
    """Why this cannot be looked at here; None when it can, as always on AWS."""
    return Unanswered(_LACKS[what]) if target.is_local else None
