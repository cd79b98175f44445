"""What an attempt came to: class, cause, fix, evidence.

`classify` reads everything that is known of one attempt: the manifest it left, what Step Functions and Batch say, its
exit code, the end of its log. The order is fixed: a whole manifest is a success whatever happened around it (it is the
last thing an attempt writes); then reason texts, which AWS words the same for everyone; then the stage and exit code;
the log, which is the task's own text, comes last. The texts are in `outcome_classes`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from headrace.core import batch_detail, bootstrap_marks, log_tail, partial_json
from headrace.core.batch_detail import JobFacts
from headrace.core.outcome_classes import (
    ENDINGS,
    EXITS,
    FIXES,
    LOGS,
    NOT_OWN,
    REASONS,
    STARTS,
    SUBMITS,
    OutcomeClass,
    Rule,
)
from headrace.core.plain_text import one_line

C = OutcomeClass
Action = Literal["", "retry", "ignore", "fail"]

_TEXT: Final = 2_000  # characters of a reason that rules look at
_LOOKED_AT: Final = 50  # log lines that rules look at
_ENDED: Final = frozenset({"SUCCEEDED", "FAILED"})
_BY_SIGNAL: Final = frozenset(range(128, 160))
_STAGED: Final = {"stage-in": C.STAGE_IN, "stage-out": C.STAGE_OUT}
_LOG_MAY_TELL: Final = {C.EXIT, C.UNKNOWN}
_LOG_MAY_NARROW: Final = {C.PERMISSION, C.DISK_FULL}


@dataclass(frozen=True, slots=True)
class NamedError:
    """A failure the user names in the spec: `pattern` is plain text, `*` stands for any text, case does not matter."""

    name: str
    pattern: str
    kind: OutcomeClass | None = None
    action: Action = ""
    hint: str = ""


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
class AttemptRef:
    """Where to look at the attempt. `attempt` is Batch's number, 0 when the job never started."""

    job_id: str = ""
    attempt: int = 0
    log_group: str = ""
    log_stream: str = ""
    queue: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the attempt came to. `firm`: another try would end the same. `action`: what the user's named error asks for."""

    kind: OutcomeClass
    cause: str
    fix: str
    exit_code: int | None = None
    evidence: tuple[str, ...] = ()
    ref: AttemptRef = field(default_factory=AttemptRef)
    counts_as_own: bool = True
    firm: bool = False
    named: str = ""
    action: Action = ""

    @property
    def succeeded(self) -> bool:
        """The attempt's outputs can be committed."""
        return self.kind is C.SUCCEEDED


@dataclass(frozen=True, slots=True)
class _Verdict:
    kind: OutcomeClass
    cause: str
    fix: str = ""
    firm: bool = False
    own: bool | None = None


@dataclass(frozen=True, slots=True)
class _Known:
    """The facts, read once."""

    job: JobFacts | None
    manifest: Manifest | None
    error: str
    cause: str
    texts: tuple[str, ...]
    log: tuple[str, ...]
    exit_code: int | None
    started: bool | None
    spot: bool


def classify(facts: AttemptFacts) -> Outcome:
    """What the attempt came to. Never raises; `cause` and `fix` are always one line of at most 200 characters."""
    known = _read(facts)
    verdict = (
        _whole(known)
        or _by_submission(known)
        or _by_ending(known)
        or _by_reason(known)
        or _by_stage(known)
        or _by_start(known)
        or _by_exit(known)
        or _unknown(known)
    )
    outcome = _outcome(_narrowed(verdict, known), known)
    return outcome if outcome.succeeded else _renamed(outcome, known, facts.named)


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


def _read(facts: AttemptFacts) -> _Known:
    told = partial_json.read(facts.cause) if facts.cause.lstrip().startswith("{") else None
    job = batch_detail.read(facts.job) or batch_detail.read(told)
    manifest = read_manifest(facts.manifest)
    log = log_tail.readable(facts.log)
    code = job.last.exit_code if job else None
    if manifest and manifest.exit_code is not None and (manifest.exit_code or code is None):
        code = manifest.exit_code
    texts = (job.last.reason, job.last.status_reason, job.status_reason) if job else (facts.cause,)
    return _Known(
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


def _whole(known: _Known) -> _Verdict | None:
    return _Verdict(C.SUCCEEDED, "done") if known.manifest and known.manifest.whole else None


def _by_submission(known: _Known) -> _Verdict | None:
    """What Step Functions says; a job that ended speaks for itself."""
    if not known.error or (known.job and known.job.status in _ENDED):
        return None
    return _first(SUBMITS, (f"{known.error}: {known.cause}",), known)


def _by_ending(known: _Known) -> _Verdict | None:
    """Ended on purpose. The reason given to TerminateJob is free text, so no other rule may look at it."""
    verdict = _first(ENDINGS, known.texts, known)
    if verdict or not known.job or not (known.job.cancelled or known.job.terminated):
        return verdict
    why = known.job.status_reason
    return _Verdict(C.CANCELLED, f"cancelled: {why}" if why else "cancelled or terminated from outside")


def _by_reason(known: _Known) -> _Verdict | None:
    verdict = _first(REASONS, known.texts, known)
    return replace(verdict, kind=C.SPOT) if verdict and verdict.kind is C.HOST_LOST and known.spot else verdict


def _by_stage(known: _Known) -> _Verdict | None:
    manifest = known.manifest
    if manifest is None:
        return None
    if manifest.stage == "stage-in":
        return _staging(C.STAGE_IN, "an input could not be fetched", known)
    if manifest.exit_code:
        return _by_exit(replace(known, manifest=None, exit_code=manifest.exit_code))
    if manifest.missing:
        names = ", ".join(manifest.missing[:5]) + (
            f" and {len(manifest.missing) - 5} more" if manifest.missing[5:] else ""
        )
        return _Verdict(C.MISSING_OUTPUT, f"the script ended well but did not write: {names}")
    return _staging(C.STAGE_OUT, "an output could not be stored", known)


def _staging(kind: OutcomeClass, cause: str, known: _Known) -> _Verdict:
    line = log_tail.telling(known.log)
    return _Verdict(kind, f"{cause}: {line}" if line else cause)


def _by_start(known: _Known) -> _Verdict | None:
    """The container ran, but the bootstrap's first mark never came: the image did not run the job's command."""
    if known.started is not False or known.exit_code is None or known.exit_code in _BY_SIGNAL:
        return None
    told = _first(STARTS, reversed(known.log[-_LOOKED_AT:]), known)
    cause = f"the container ended with exit code {known.exit_code} before the job's command began"
    return told or _Verdict(C.ENTRYPOINT, cause, firm=True)


def _by_exit(known: _Known) -> _Verdict | None:
    code = known.exit_code
    if code is None:
        return None
    if code == 0:
        return _silent_success(known)
    if known.manifest is None and code in bootstrap_marks.EXITS:
        kind, cause = bootstrap_marks.EXITS[code]
        return _staging(kind, cause, known)
    if code == 143 and known.spot:
        return _Verdict(C.SPOT, "stopped from outside (SIGTERM), most likely its spot capacity was taken back")
    kind, cause, fix = EXITS.get(code, (C.EXIT, f"the script ended with exit code {code}", ""))
    line = log_tail.telling(known.log) if kind is C.EXIT else ""
    return _Verdict(kind, f"{_filled(cause, {}, known)}: {line}" if line else _filled(cause, {}, known), fix)


def _silent_success(known: _Known) -> _Verdict | None:
    if known.job is None or known.job.status != "SUCCEEDED":
        return None
    return _Verdict(
        C.MISSING_OUTPUT,
        "Batch reports success, but the attempt left no manifest",
        "look whether the image's ENTRYPOINT runs the job's command, and whether the work prefix was cleaned",
    )


def _unknown(known: _Known) -> _Verdict:
    said = " - ".join(dict.fromkeys(known.texts)) or known.error
    if known.job and known.job.array_failed:
        return _Verdict(C.EXIT, f"{known.job.array_failed} of {known.job.array_size or '?'} array children failed")
    if known.job is None and not said:
        return _Verdict(C.UNKNOWN, "nothing is known of the job: no detail, no reason, no exit code")
    return _Verdict(
        C.UNKNOWN, f"ended without an exit code: {said}" if said else "ended without a reason or an exit code"
    )


def _narrowed(verdict: _Verdict, known: _Known) -> _Verdict:
    """What the log adds to an exit code or a stage that says little by itself."""
    little = verdict.kind in _LOG_MAY_TELL and known.exit_code not in _BY_SIGNAL
    if not little and verdict.kind not in _STAGED.values():
        return verdict
    told = _first(LOGS, reversed(known.log[-_LOOKED_AT:]), known)
    return told if told and (little or told.kind in _LOG_MAY_NARROW) else verdict


def _first(rules: Iterable[Rule], texts: Iterable[str], known: _Known) -> _Verdict | None:
    lines = tuple(texts)
    for rule in rules:
        for text in lines:
            if match := rule.pattern.search(text):
                words = {name: value or "" for name, value in match.groupdict().items()}
                words |= {"text": text, "line": text, "detail": known.cause or known.error}
                return _Verdict(
                    rule.kind, _filled(rule.cause, words, known), _filled(rule.fix, words, known), rule.firm, rule.own
                )
    return None


def _filled(template: str, words: Mapping[str, str], known: _Known) -> str:
    """A line of the table with its names filled in; values are put in as they are, never read as templates."""
    return template.format_map({**_words(known), **words})


def _words(known: _Known) -> dict[str, str]:
    job = known.job or JobFacts()
    return {
        "image": job.image or "the image",
        "memory": f"{job.memory_mib} MiB of memory" if job.memory_mib else "memory",
        "had_memory": f": it had {job.memory_mib} MiB" if job.memory_mib else "",
        "limit": f"time limit of {job.timeout_s} s" if job.timeout_s else "time limit",
        "had_time": f": it had {job.timeout_s} s" if job.timeout_s else "",
    }


def _outcome(verdict: _Verdict, known: _Known) -> Outcome:
    job = known.job
    return Outcome(
        kind=verdict.kind,
        cause=one_line(log_tail.masked(verdict.cause)),
        fix=one_line(verdict.fix or _filled(FIXES[verdict.kind], {}, known)),
        exit_code=known.exit_code,
        evidence=_evidence(known),
        ref=AttemptRef(job.job_id, job.attempt, job.log_group, job.last.log_stream, job.queue) if job else AttemptRef(),
        counts_as_own=verdict.kind not in NOT_OWN if verdict.own is None else verdict.own,
        firm=verdict.firm,
    )


def _evidence(known: _Known) -> tuple[str, ...]:
    """The reasons as AWS words them, then the last log lines."""
    said = known.texts if known.job else ()
    if known.error and not (known.job and known.job.status in _ENDED):
        said = (f"{known.error}: {known.cause}" if known.cause else known.error, *said)
    reasons = tuple(log_tail.masked(one_line(f"Batch: {text}", log_tail.LINE_LIMIT)) for text in dict.fromkeys(said))
    return reasons + log_tail.choose(known.log)


def _renamed(outcome: Outcome, known: _Known, named: Iterable[NamedError]) -> Outcome:
    """The user's own names for failures come last, so that they can say more than the table."""
    texts = (*known.texts, known.cause, *known.log[-_LOOKED_AT:])
    for error in named:
        line = next((text for text in reversed(texts) if text and matches(error.pattern, text)), None)
        if line is None:
            continue
        kind = error.kind or outcome.kind
        return replace(
            outcome,
            kind=kind,
            cause=one_line(log_tail.masked(f"{error.name}: {line}")),
            fix=one_line(error.hint)
            or (outcome.fix if kind is outcome.kind else one_line(_filled(FIXES[kind], {}, known))),
            counts_as_own=outcome.counts_as_own if kind is outcome.kind else kind not in NOT_OWN,
            firm=outcome.firm and kind is outcome.kind,
            named=error.name,
            action=error.action,
        )
    return outcome


def matches(pattern: str, text: str) -> bool:
    """Whether `text` contains `pattern`; `*` stands for any text, case does not matter. Linear, whatever is given."""
    at, text = 0, text.lower()
    for piece in pattern.lower().split("*"):
        found = text.find(piece, at)
        if found < 0:
            return False
        at = found + len(piece)
    return bool(pattern.strip("* "))
