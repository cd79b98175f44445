"""Ends what a cloud leaves behind when it is killed.

The server tells this small process, over a pipe, which process groups it starts and which have ended. When the pipe
closes, for whatever reason, every group that is left is killed. So no worker or job outlives its cloud, not even after
`kill -9`.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading

_lock = threading.Lock()
_process: list[subprocess.Popen[bytes]] = []


def start() -> None:
    """Start the guardian of this process."""
    command = [sys.executable, "-I", "-S", __file__]
    _process[:] = [
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
    ]


def started(group: int) -> None:
    """A process group was started."""
    _tell(f"+{group}\n")


def ended(group: int) -> None:
    """A process group has ended."""
    _tell(f"-{group}\n")


def _tell(line: str) -> None:
    with _lock, contextlib.suppress(OSError):
        if _process and _process[0].stdin is not None:
            _process[0].stdin.write(line.encode())
            _process[0].stdin.flush()


def watch() -> None:
    """Be the guardian: keep the list until the pipe closes, then kill what is on it."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    groups: set[int] = set()
    for line in sys.stdin.buffer:
        (groups.add if line.startswith(b"+") else groups.discard)(int(line[1:]))
    for group in groups:
        with contextlib.suppress(OSError):
            os.killpg(group, signal.SIGKILL)


if __name__ == "__main__":
    watch()
