"""CloudWatch Logs: its clock is the movable one, so that what jobs write is not refused as too new or too old."""

from __future__ import annotations

from datetime import datetime

from headrace_local import clock
from headrace_local.seam import replace


def apply() -> None:
    """Put our clock in place of the real one."""
    from moto.logs import models

    replace(models, "utcnow", _now)


def _now() -> datetime:
    """UTC without a zone, as moto has it."""
    return clock.now().replace(tzinfo=None)
