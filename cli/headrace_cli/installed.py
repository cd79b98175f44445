"""The version of the command that runs."""

from __future__ import annotations

import importlib.metadata


def version() -> str:
    """The installed package's version; `unknown` when it is not installed as one."""
    try:
        return importlib.metadata.version("headrace")
    except importlib.metadata.PackageNotFoundError:
        return "unknown"
