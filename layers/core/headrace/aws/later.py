"""Work a function has no time left for, handed to a fresh invocation of settle_task."""

from __future__ import annotations

from collections.abc import Iterable

from headrace.aws.clients import client
from headrace.aws.gates import Point
from headrace.aws.lambdas import call_later
from headrace.core.records import Epoch

# An asynchronous event may have 256 KB; a point is two ids of 900 bytes.
_POINTS = 100


def release_later(function: str, epoch: Epoch, left: Iterable[Point], *, closing: bool = False) -> None:
    """Let settle_task go on letting waiters go, from these points; `closing`: points of the closing run."""
    points = [list(point) for point in left]
    for start in range(0, len(points), _POINTS):
        part = points[start : start + _POINTS]
        call_later(
            client("lambda"), function, {"run": epoch.run, "epoch": epoch.number, "release": part, "closing": closing}
        )
