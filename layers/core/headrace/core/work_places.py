"""Where work is (docs/contracts.md section 6): `<work>/<hh>/<hash>/`, with what jobs read, what attempts wrote, what was committed."""

from __future__ import annotations


def work_prefix(work: str, digest: str) -> str:
    """The folder of a piece of work; `work` is the run's work folder with the tenant in it."""
    return f"{work}{digest[:2]}/{digest}/"


def job_prefix(prefix: str, run: str, epoch: int, submission: int) -> str:
    """What one submission reads: its script and lists."""
    return f"{prefix}j/{run}.{epoch}.{submission}/"


def attempts_prefix(prefix: str) -> str:
    """What attempts write, each below `<job id>.<attempt>/`."""
    return f"{prefix}a/"


def attempt_prefix(prefix: str, job_id: str, attempt: int) -> str:
    """What one attempt wrote; an array child's id holds a colon, which is a `-` here."""
    return f"{prefix}a/{job_id.replace(':', '-')}.{max(1, attempt)}/"
