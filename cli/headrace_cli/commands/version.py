"""`headrace version`."""

from __future__ import annotations

import importlib.metadata
import platform

from headrace_cli import exit_codes, shown


def version() -> int:
    """Print the version of the command.

    For example:

        headrace version
    """
    try:
        number = importlib.metadata.version("headrace")
    except importlib.metadata.PackageNotFoundError:
        number = "unknown (not installed as a package)"
    shown.line(f"headrace {number}, Python {platform.python_version()}")
    return exit_codes.DONE
