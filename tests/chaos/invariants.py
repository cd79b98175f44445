"""What holds of every run, whatever happened around it. Each function reads what was seen and says what is wrong, in sentences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from tests.chaos.seen import Seen

from headrace.core.names import is_expansion, parse_job_name, task_hash
from headrace.core.run_state import CONCLUDED, counts

Invariant = Callable[[Seen], Iterable[str]]
_ENDS: Final = {
    "SUCCEEDED": {"succeeded"},
    "FAILED": {"failed"},
    "TIMED_OUT": {"failed"},
    # It may have been stopped just after its last step had concluded the run.
    "ABORTED": {"cancelled", "succeeded", "failed"},
}


def outputs_are_those_of_a_quiet_run(results: dict[str, str]) -> Invariant:
    """A run that succeeded published the same files, byte for byte, and has the same output."""

    def check(seen: Seen) -> Iterator[str]:
        if seen.run is None or seen.run.state != "succeeded":
            return
        for path in sorted(results.keys() | seen.results.keys()):
            if results.get(path) != seen.results.get(path):
                yield f"{path} is {seen.results.get(path)!r}, not {results.get(path)!r}"
        if seen.output != results["all.txt"]:
            yield f"the output `all` is {seen.output!r}"

    return check


def tasks_came_to_what_they_always_do(statuses: dict[str, str]) -> Invariant:
    """A run that succeeded has each task's record, with the status it always has; work of an earlier epoch is cached."""

    def check(seen: Seen) -> Iterator[str]:
        if seen.run is None or seen.run.state != "succeeded":
            return
        found = {task: record.status for task, record in seen.records.items() if not is_expansion(task)}
        for task in sorted(statuses.keys() | found.keys()):
            usual, status = statuses.get(task), found.get(task)
            if status != usual and (status, usual) != ("cached", "succeeded"):
                yield f"{task} is {status}, not {usual}"

    return check


def every_task_is_planned_once(seen: Seen) -> Iterator[str]:
    """No task is in two plans, none has a record without a plan, and a run that succeeded has a record of all that are planned."""
    planned = Counter(item.task for item in seen.plan)
    yield from (f"{task} is planned {times} times" for task, times in planned.items() if times > 1)
    yield from (f"{task} has a record and is in no plan" for task in seen.records if task not in planned)
    if seen.run is not None and seen.run.state == "succeeded":
        yield from (f"{task} is planned and has no record" for task in planned if task not in seen.records)


def latches_count_the_records(seen: Seen) -> Iterator[str]:
    """A latch counts each recorded task that opens it, once; an expansion on record added the tasks of its scope to those it opens."""
    done = [item for item in seen.plan if item.task in seen.records and counts(seen.records[item.task].status)]
    count = Counter(latch for item in done for latch in item.opens)
    # What only the scope itself waits for, its waiters know from its plan.
    opened = {item.task: set(item.opens) for item in done if is_expansion(item.task)}
    added = Counter(latch for item in seen.plan for latch in item.opens if latch in opened.get(item.scope, ()))
    for latch in sorted(count.keys() | added.keys() | seen.latches.keys()):
        wanted, found = (count[latch], added[latch]), seen.latches.get(latch, (0, 0))
        if wanted != found:
            yield f"latch {latch} has (count, added) {found}, the records say {wanted}"


def results_are_committed_once(seen: Seen) -> Iterator[str]:
    """outputs.json was written once, from one attempt that ended whole, and every file it names is there with its size."""
    for task, work in seen.work.items():
        if work.versions != 1:
            yield f"{task}: outputs.json was written {work.versions} times"
        if work.manifest is None or (work.manifest["stage"], work.manifest["exitCode"]) != ("done", 0):
            yield f"{task}: its result is of an attempt that did not end whole: {work.manifest}"
        for file in _files(work.result["outputs"]):
            if not str(file["$file"]).startswith(work.result["prefix"]):
                yield f"{task}: {file['$file']} is of another attempt"
            if work.files.get(file["$file"]) != file["size"]:
                yield f"{task}: {file['$file']} has {work.files.get(file['$file'])} bytes, not {file['size']}"
        record = seen.records.get(task)
        if record is not None and record.inline is not None and record.inline != work.result["outputs"]:
            yield f"{task}: the ledger has other outputs than outputs.json"


def the_run_is_over(seen: Seen) -> Iterator[str]:
    """Its execution and its record ended, alike, and nobody still has to conclude it."""
    if seen.execution not in _ENDS:
        yield f"the execution is {seen.execution}"
    if seen.open:
        yield "it is among the open runs"
    if seen.run is None:
        if seen.records or seen.jobs:
            yield "there is no record of the run, and it has tasks or jobs"
        return
    if seen.run.state not in CONCLUDED:
        yield f"its state is {seen.run.state}"
    elif seen.run.state not in _ENDS.get(seen.execution, set()):
        yield f"the ledger says {seen.run.state}, the execution {seen.execution}"
    if not seen.run.ended:
        yield "it has no time of its end"


def nothing_is_alive(seen: Seen) -> Iterator[str]:
    """No job and no execution goes on after the end."""
    for job in seen.jobs.values():
        if job["status"] not in ("SUCCEEDED", "FAILED"):
            yield f"job {job['jobName']} is {job['status']}"
    yield from (f"{arn} is running" for arn in seen.running)


def the_ledger_is_what_happened(seen: Seen) -> Iterator[str]:
    """Counts are those of the records; each job is an attempt on record; who succeeded has a job that did its work."""
    if seen.run is None:
        return
    expected = Counter(record.status for task, record in seen.records.items() if not is_expansion(task))
    missing = {item.task for item in seen.plan if item.task not in seen.records and not is_expansion(item.task)}
    expected += Counter({"cancelled": len(missing)})
    found = {status: n for status, n in seen.run.tasks.items() if n}
    if found != dict(expected):
        yield f"the run counts {found}, its records {dict(expected)}"
    tried = {(task_hash(attempt.task), attempt.n): attempt for attempt in seen.attempts}
    for job in seen.jobs.values():
        name = parse_job_name(job["jobName"])
        if name is None or (name.task_hash, name.submission) not in tried:
            yield f"job {job['jobName']} is of no attempt on record"
    for attempt in seen.attempts:
        if attempt.job and attempt.job not in seen.jobs:
            yield f"{attempt.task}, attempt {attempt.n}: there is no job {attempt.job}"
        if (
            attempt.ended
            and attempt.job
            and seen.jobs.get(attempt.job, {}).get("status") not in ("SUCCEEDED", "FAILED")
        ):
            yield f"{attempt.task}, attempt {attempt.n} has ended, its job has not"
    for task, record in seen.records.items():
        if record.status == "succeeded":
            if record.job not in seen.jobs:
                yield f"{task} succeeded without a job"
            if task not in seen.work:
                yield f"{task} succeeded without a result"


def somebody_was_told(seen: Seen) -> Iterator[str]:
    """The bus heard of the end, at least once, and never anything else than the ledger has; a person did if it was no success."""
    if seen.run is None:
        return
    if not seen.told:
        yield "nobody was told of the end"
    for event in seen.told:
        if event["state"] != seen.run.state:
            yield f"the bus was told {event['state']}, the ledger has {seen.run.state}"
        if {status: n for status, n in event["counts"].items() if n} != dict(seen.run.tasks):
            yield f"the bus was told of {event['counts']}, the ledger has {dict(seen.run.tasks)}"
    if seen.run.state != "succeeded" and not seen.alerts:
        yield "no person was told"
    for task, record in seen.records.items():
        if record.status in ("failed", "ignored") and task not in seen.failures:
            yield f"nobody was told that {task} {record.status}"
    for task in seen.failures:
        if task not in seen.records or seen.records[task].status not in ("failed", "ignored", "expanded"):
            yield f"the bus was told that {task} failed, and it did not"


def nobody_waits_in_vain(seen: Seen) -> Iterator[str]:
    """The engine waits for no job of a run that is over; called stuck, and ended, was at most one that hung while starting."""
    if seen.run is not None and seen.run.state in CONCLUDED:
        yield from (f"{job} is among the live jobs" for job in seen.watched)
    ended = {attempt.task for attempt in seen.attempts if attempt.failure == "stuck"}
    yield from (
        f"{task} was called stuck: {code}" for task, code in seen.stuck if code != "start-hangs" or task not in ended
    )


def the_digest_tells_the_same(seen: Seen) -> Iterator[str]:
    """digest.json has the state and the counts of the ledger, whoever wrote it last."""
    if seen.run is None or seen.run.state not in CONCLUDED:
        return
    if seen.digest is None:
        yield "there is no digest"
    elif seen.digest["state"] != seen.run.state:
        yield f"the digest says {seen.digest['state']}, the ledger {seen.run.state}"
    elif {status: n for status, n in seen.digest["counts"].items() if n} != dict(seen.run.tasks):
        yield f"the digest counts {seen.digest['counts']}, the ledger {dict(seen.run.tasks)}"


def nothing_is_given_up(seen: Seen) -> Iterator[str]:
    """No event ends among the dead letters: what went wrong was within what is tried again."""
    yield from (f"dead letter: {letter}" for letter in seen.dead)


ALWAYS: Final[tuple[Invariant, ...]] = (
    every_task_is_planned_once,
    latches_count_the_records,
    results_are_committed_once,
    the_run_is_over,
    nothing_is_alive,
    the_ledger_is_what_happened,
    somebody_was_told,
    the_digest_tells_the_same,
    nobody_waits_in_vain,
    nothing_is_given_up,
)


def broken(seen: Seen, invariants: Iterable[Invariant]) -> list[str]:
    """Everything that does not hold, with the invariant's name."""
    return [
        f"epoch {seen.epoch.number}: {invariant.__qualname__.partition('.')[0]}: {said}"
        for invariant in invariants
        for said in invariant(seen)
    ]


def _files(value: object) -> Iterator[dict[str, object]]:
    if isinstance(value, dict) and "$file" in value:
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _files(inner)
