"""What an attempt came to: class, cause, fix, evidence.

`classify` reads everything that is known of one attempt: the manifest it left, what Step Functions and Batch say, its
exit code, the end of its log. The order is fixed: a whole manifest is a success whatever happened around it (it is the
last thing an attempt writes); then reason texts, which AWS words the same for everyone; then the stage and exit code;
the log, which is the task's own text, comes last. The texts are in `outcome_reasons`
and `outcome_signs`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from headrace.core import bootstrap_marks, log_summary
from headrace.core.attempt_facts import AttemptFacts, Known, read
from headrace.core.batch_detail import JobFacts
from headrace.core.log_secrets import masked
from headrace.core.named_errors import Action, NamedError, first_match
from headrace.core.outcome_classes import FIXES, NOT_OWN, OutcomeClass, Rule
from headrace.core.outcome_reasons import ENDINGS, REASONS
from headrace.core.outcome_signs import EXITS, LOGS, STARTS, SUBMITS
from headrace.core.plain_text import one_line

C = OutcomeClass

_LOOKED_AT: Final = 50  # log lines that rules look at
_ENDED: Final = frozenset({"SUCCEEDED", "FAILED"})
_BY_SIGNAL: Final = frozenset(range(128, 160))
_STAGED: Final = {"stage-in": C.STAGE_IN, "stage-out": C.STAGE_OUT}
_LOG_MAY_TELL: Final = {C.EXIT, C.UNKNOWN}
_LOG_MAY_NARROW: Final = {C.PERMISSION, C.DISK_FULL}


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


def classify(facts: AttemptFacts) -> Outcome:
    """What the attempt came to. Never raises; `cause` and `fix` are always one line of at most 200 characters."""
    known = read(facts)
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


def cancelled(outcome: Outcome, why: str) -> Outcome:
    """The same attempt, known to have been ended by us: whatever it came to while it died is nobody's failure."""
    return replace(
        outcome,
        kind=C.CANCELLED,
        cause=one_line(masked(f"cancelled: {why}")),
        fix=FIXES[C.CANCELLED],
        counts_as_own=False,
        firm=False,
        named="",
        action="",
    )


def _whole(known: Known) -> _Verdict | None:
    return _Verdict(C.SUCCEEDED, "done") if known.manifest and known.manifest.whole else None


def _by_submission(known: Known) -> _Verdict | None:
    """What Step Functions says; a job that ended speaks for itself."""
    if not known.error or (known.job and known.job.status in _ENDED):
        return None
    return _first(SUBMITS, (f"{known.error}: {known.cause}",), known)


def _by_ending(known: Known) -> _Verdict | None:
    """Ended on purpose. The reason given to TerminateJob is free text, so no other rule may look at it."""
    verdict = _first(ENDINGS, known.texts, known)
    if verdict or not known.job or not (known.job.cancelled or known.job.terminated):
        return verdict
    why = known.job.status_reason
    return _Verdict(C.CANCELLED, f"cancelled: {why}" if why else "cancelled or terminated from outside")


def _by_reason(known: Known) -> _Verdict | None:
    verdict = _first(REASONS, known.texts, known)
    return replace(verdict, kind=C.SPOT) if verdict and verdict.kind is C.HOST_LOST and known.spot else verdict


def _by_stage(known: Known) -> _Verdict | None:
    manifest = known.manifest
    if manifest is None:
        return None
    if manifest.stage == "stage-in":
        return _staging(C.STAGE_IN, "an input could not be fetched", known)
    if manifest.exit_code:
        return _by_script(manifest.exit_code, known)
    if manifest.missing:
        names = ", ".join(manifest.missing[:5]) + (
            f" and {len(manifest.missing) - 5} more" if manifest.missing[5:] else ""
        )
        return _Verdict(C.MISSING_OUTPUT, f"the script ended well but did not write: {names}")
    return _staging(C.STAGE_OUT, "an output could not be stored", known)


def _staging(kind: OutcomeClass, cause: str, known: Known) -> _Verdict:
    line = log_summary.telling(known.log)
    return _Verdict(kind, f"{cause}: {line}" if line else cause)


def _by_start(known: Known) -> _Verdict | None:
    """The container ran, but the bootstrap's first mark never came: the image did not run the job's command."""
    if known.started is not False or known.exit_code is None or known.exit_code in _BY_SIGNAL:
        return None
    told = _first(STARTS, reversed(known.log[-_LOOKED_AT:]), known)
    cause = f"the container ended with exit code {known.exit_code} before the job's command began"
    return told or _Verdict(C.ENTRYPOINT, cause, firm=True)


def _by_exit(known: Known) -> _Verdict | None:
    code = known.exit_code
    if code is None:
        return None
    if code == 0:
        return _silent_success(known)
    if code in bootstrap_marks.EXITS:
        kind, cause = bootstrap_marks.EXITS[code]
        return _staging(kind, cause, known)
    return _by_script(code, known)


def _by_script(code: int, known: Known) -> _Verdict:
    if code == 143 and known.spot:
        return _Verdict(C.SPOT, "stopped from outside (SIGTERM), most likely its spot capacity was taken back")
    kind, cause, fix = EXITS.get(code, (C.EXIT, f"the script ended with exit code {code}", ""))
    own = tuple(line for line in known.log if not bootstrap_marks.is_mark(line))
    line = log_summary.telling(own) if kind is C.EXIT else ""
    return _Verdict(kind, f"{_filled(cause, {}, known)}: {line}" if line else _filled(cause, {}, known), fix)


def _silent_success(known: Known) -> _Verdict | None:
    if known.job is None or known.job.status != "SUCCEEDED":
        return None
    return _Verdict(
        C.MISSING_OUTPUT,
        "Batch reports success, but the attempt left no manifest",
        "look whether the image's ENTRYPOINT runs the job's command, and whether the work prefix was cleaned",
    )


def _unknown(known: Known) -> _Verdict:
    said = " - ".join(dict.fromkeys(known.texts)) or known.error
    if known.job and known.job.array_failed:
        return _Verdict(C.EXIT, f"{known.job.array_failed} of {known.job.array_size or '?'} array children failed")
    if known.job is None and not said:
        return _Verdict(C.UNKNOWN, "nothing is known of the job: no detail, no reason, no exit code")
    how = "ended without an exit code" if known.exit_code is None else f"failed with exit code {known.exit_code}"
    return _Verdict(C.UNKNOWN, f"{how}: {said}" if said else f"{how} and without a reason")


def _narrowed(verdict: _Verdict, known: Known) -> _Verdict:
    """What the log adds to an exit code or a stage that says little by itself."""
    little = verdict.kind in _LOG_MAY_TELL and known.exit_code not in _BY_SIGNAL
    if not little and verdict.kind not in _STAGED.values():
        return verdict
    told = _first(LOGS, reversed(known.log[-_LOOKED_AT:]), known)
    return told if told and (little or told.kind in _LOG_MAY_NARROW) else verdict


def _first(rules: Iterable[Rule], texts: Iterable[str], known: Known) -> _Verdict | None:
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


def _filled(template: str, words: Mapping[str, str], known: Known) -> str:
    """A line of the table with its names filled in; values are put in as they are, never read as templates."""
    return template.format_map({**_words(known), **words})


def _words(known: Known) -> dict[str, str]:
    job = known.job or JobFacts()
    return {
        "image": job.image or "the image",
        "memory": f"{job.memory_mib} MiB of memory" if job.memory_mib else "memory",
        "had_memory": f": it had {job.memory_mib} MiB" if job.memory_mib else "",
        "limit": f"time limit of {job.timeout_s} s" if job.timeout_s else "time limit",
        "had_time": f": it had {job.timeout_s} s" if job.timeout_s else "",
    }


def _outcome(verdict: _Verdict, known: Known) -> Outcome:
    job = known.job
    return Outcome(
        kind=verdict.kind,
        cause=one_line(masked(verdict.cause)),
        fix=one_line(verdict.fix or _filled(FIXES[verdict.kind], {}, known)),
        exit_code=known.exit_code,
        evidence=_evidence(known),
        ref=AttemptRef(job.job_id, job.attempt, job.log_group, job.last.log_stream, job.queue) if job else AttemptRef(),
        counts_as_own=verdict.kind not in NOT_OWN if verdict.own is None else verdict.own,
        firm=verdict.firm,
    )


def _evidence(known: Known) -> tuple[str, ...]:
    """The reasons as AWS words them, then the log."""
    said = known.texts if known.job else ()
    if known.error and not (known.job and known.job.status in _ENDED):
        said = (f"{known.error}: {known.cause}" if known.cause else known.error, *said)
    return log_summary.evidence(said, known.log).lines


def _renamed(outcome: Outcome, known: Known, named: Iterable[NamedError]) -> Outcome:
    """The user's own names for failures come last, so that they can say more than the table."""
    found = first_match(named, (*known.texts, known.cause, *known.log[-_LOOKED_AT:]))
    if found is None:
        return outcome
    error, line = found
    kind = error.kind or outcome.kind
    same = kind is outcome.kind
    return replace(
        outcome,
        kind=kind,
        cause=one_line(masked(f"{error.name}: {line}")),
        fix=one_line(error.hint) or (outcome.fix if same else one_line(_filled(FIXES[kind], {}, known))),
        counts_as_own=outcome.counts_as_own if same else kind not in NOT_OWN,
        firm=outcome.firm and same,
        named=error.name,
        action=error.action,
    )
