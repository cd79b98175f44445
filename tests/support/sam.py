"""The `sam` command, as a user runs it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from tests.support.stack import ROOT

PLACES = (Path(os.environ.get("HEADRACE_SAM", "")), ROOT / ".sam-venv/bin/sam")
SAM = next((place for place in PLACES if place.is_file()), None)
QUIET = {"AWS_DEFAULT_REGION": "us-east-1", "SAM_CLI_TELEMETRY": "0"}


def sam(*words: str | Path, environment: dict[str, str] | None = None, fails: bool = False) -> str:
    """What a sam command prints; it has succeeded, or failed when it is to."""
    if SAM is None:
        pytest.fail("no sam command: run `make sam`, or say where it is with HEADRACE_SAM")
    # Its own Python first: the layer's Makefile takes python3.11 and its pip from there.
    path = f"{SAM.parent}{os.pathsep}{os.environ['PATH']}"
    run = subprocess.run(
        [SAM, *words],
        cwd=ROOT,
        env=os.environ | QUIET | {"PATH": path} | (environment or {}),
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert (run.returncode != 0) == fails, run.stdout + run.stderr
    return run.stdout + run.stderr
