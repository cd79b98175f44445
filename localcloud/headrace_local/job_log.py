"""From a process's output to CloudWatch Logs."""

from __future__ import annotations

import os
import threading
from typing import IO, Any, Final

from headrace_local import clock
from headrace_local.place import ACCOUNT, REGION

_CHUNK: Final = 64 * 1024
_LONGEST_LINE: Final = 256 * 1024
_lock = threading.Lock()


def copy_lines(output: IO[bytes] | None, group: str, stream: str) -> None:
    """Copy every line to the stream as it comes, until the output ends; the stream is made by its first line."""
    if output is None:
        return
    rest = b""
    while chunk := os.read(output.fileno(), _CHUNK):
        *lines, rest = (rest + chunk).split(b"\n")
        if len(rest) > _LONGEST_LINE:
            lines, rest = [*lines, rest], b""
        write(group, stream, lines)
    write(group, stream, [rest] if rest else [])
    output.close()


def write(group: str, stream: str, lines: list[bytes]) -> None:
    """Append lines to a stream, making group and stream when they are missing."""
    from moto.logs.models import logs_backends

    if not lines:
        return
    now = clock.now_ms()
    events: list[dict[str, Any]] = [
        {"timestamp": now, "message": line.decode(errors="replace").rstrip("\r") or " "} for line in lines
    ]
    logs = logs_backends[ACCOUNT][REGION]
    with _lock:
        logs.ensure_log_group(group)
        logs.ensure_log_stream(group, stream)
        logs.put_log_events(group, stream, events)
