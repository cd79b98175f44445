"""One sweep: its time, its policy, and the answers it has got so far."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from headrace.aws.queue_facts import Account
from headrace.aws.settings import WatchJobsSettings
from headrace.aws.table import Table
from headrace.core.moments import in_words
from headrace.core.stuck_limits import Policy

RemainingMs = Callable[[], int]
ENOUGH_MS: Final = 30_000
"""Nothing new is begun with less: what was found must still be written down."""


@dataclass(frozen=True, slots=True)
class Watcher:
    """What watching needs of the function it runs in."""

    settings: WatchJobsSettings
    table: Table
    policy: Policy


@dataclass(frozen=True, slots=True)
class Sweep:
    """One sweep. `by` names the invocation that makes it."""

    watcher: Watcher
    now_ms: int
    by: str
    account: Account
    remaining_ms: RemainingMs

    @property
    def now(self) -> str:
        """Its time, as the ledger writes it."""
        return in_words(self.now_ms)
