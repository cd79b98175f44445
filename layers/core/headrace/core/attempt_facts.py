"""What is known of one attempt, given as it comes and read once.

Nothing of it is trusted to be well formed: details come in two casings and two shapes, Step Functions' Cause can be cut,
a manifest can be any JSON, a log can hold anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from headrace.core import batch_detail, bootstrap_marks, partial_json
from headrace.core.batch_detail import JobFacts
from headrace.core.log_lines import readable
from headrace.core.named_errors import NamedError
from headrace.core.plain_text import one_line

_TEXT: Final = 1_100  # characters of a reason that rules look at


@dataclass(frozen=True, slots=True)
class Manifest:
    """How far an attempt came, by its own `manifest.json` (docs/contracts.md section 6)."""

    stage: str
    exit_code: int | None
    missing: tuple[str, ...] = ()

    @property
    def whole(self) -> bool:
        """The work is done and every declared output is there."""
        return self.stage == "done" and self.exit_code == 0 and not self.missing


@dataclass(frozen=True, slots=True)
class AttemptFacts:
    """Everything known of one attempt; nothing of it is trusted to be well formed.

    `job` is a JobDetail in either casing, or `None`; `error` and `cause` are Step Functions' raw strings (the cause may be
    cut); `manifest` the parsed `manifest.json`; `log` raw lines from the end of the stream, oldest first. `started`: the
    bootstrap's first mark was (not) in the log, `None` when that was not looked for. `spot`: its queue runs on spot.
    """

    job: object = None
    error: str = ""
    cause: str = ""
    manifest: object = None
    log: tuple[str, ...] = ()
    started: bool | None = None
    spot: bool = False
    named: tuple[NamedError, ...] = ()


@dataclass(frozen=True, slots=True)
class Known:
    """The facts, read once: every text is one line, every log line as a reader sees it."""

    job: JobFacts | None
    manifest: Manifest | None
    error: str
    cause: str
    texts: tuple[str, ...]
    log: tuple[str, ...]
    exit_code: int | None
    started: bool | None
    spot: bool


def read(facts: AttemptFacts) -> Known:
    """What the rules look at. Never raises."""
    told = partial_json.read(facts.cause) if facts.cause.lstrip().startswith("{") else None
    job = batch_detail.read(facts.job) or batch_detail.read(told)
    manifest = read_manifest(facts.manifest)
    log = readable(facts.log)
    code = job.last.exit_code if job else None
    if manifest and manifest.exit_code is not None and (manifest.exit_code or code is None):
        code = manifest.exit_code
    texts = (job.last.reason, job.last.status_reason, job.status_reason) if job else (facts.cause,)
    return Known(
        job=job,
        manifest=manifest,
        error=one_line(facts.error, 300),
        cause=one_line(facts.cause, _TEXT) if told is None else "",
        texts=tuple(one_line(text, _TEXT) for text in texts if text),
        log=log,
        exit_code=code,
        started=True if any(bootstrap_marks.is_mark(line) for line in log) else facts.started,
        spot=facts.spot,
    )


def read_manifest(value: object) -> Manifest | None:
    """A parsed `manifest.json` as far as the outcome needs it; `None` for anything else."""
    if not isinstance(value, Mapping) or not isinstance(value.get("stage"), str):
        return None
    code, missing = value.get("exitCode"), value.get("missing")
    return Manifest(
        stage=value["stage"],
        exit_code=code if isinstance(code, int) and not isinstance(code, bool) else None,
        missing=tuple(str(name) for name in missing) if isinstance(missing, list | tuple) else (),
    )
