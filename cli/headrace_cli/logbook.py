"""The command's log file: what it did, for the day it goes wrong. Its path is printed on failure.

One file per invocation below the user's state folder, the last twenty kept. It names calls and answers, not bodies: botocore's own
debug log, which has headers in it, is written with `--debug` alone.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

log = logging.getLogger("headrace_cli")

_KEPT: Final = 20
_FORMAT: Final = "%(asctime)s %(levelname)s %(name)s: %(message)s"


@dataclass(slots=True)
class _State:
    debug: bool = False
    path: Path | None = None
    handlers: list[logging.Handler] = field(default_factory=list)


_state = _State()


def debugging() -> bool:
    """Whether `--debug` was given."""
    return _state.debug


def log_file() -> Path | None:
    """The log file of this invocation, None when none could be written."""
    return _state.path


def start(arguments: list[str]) -> None:
    """Open this invocation's log file. Values of params stay out of it: they may be secret."""
    stop()
    path = _new_file()
    root = logging.getLogger()
    log.setLevel(logging.DEBUG)
    if path is not None:
        handler = logging.FileHandler(path, encoding="utf-8", errors="backslashreplace")
        handler.setFormatter(logging.Formatter(_FORMAT))
        root.addHandler(handler)
        _state.handlers.append(handler)
    _state.path = path
    log.info("headrace %s", " ".join(_named(arguments)))


def debug() -> None:
    """Say everything, on standard error too."""
    if _state.debug:
        return
    _state.debug = True
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter(_FORMAT))
    logging.getLogger().addHandler(handler)
    logging.getLogger().setLevel(logging.DEBUG)
    _state.handlers.append(handler)


def stop() -> None:
    """Close the log file."""
    for handler in _state.handlers:
        logging.getLogger().removeHandler(handler)
        handler.close()
    _state.handlers.clear()
    _state.debug, _state.path = False, None
    logging.getLogger().setLevel(logging.WARNING)


def folder() -> Path:
    """Where log files are."""
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "headrace" / "logs"


def _new_file() -> Path | None:
    name = f"{time.strftime('%Y%m%dT%H%M%S')}-{os.getpid()}.log"
    for place in (folder, lambda: Path(tempfile.gettempdir()) / f"headrace-{os.getuid()}"):
        with contextlib.suppress(OSError, RuntimeError):
            where = place()
            where.mkdir(parents=True, exist_ok=True, mode=0o700)
            for old in sorted(where.glob("*.log"))[: -_KEPT + 1]:
                old.unlink(missing_ok=True)
            path = where / name
            path.touch(mode=0o600)
            return path
    return None


def _named(arguments: list[str]) -> list[str]:
    """The command line without values of params."""
    return [
        f"{word.partition('=')[0]}=…" if "=" in word and arguments[max(0, number - 1)] in ("--param", "-p") else word
        for number, word in enumerate(arguments)
    ]
