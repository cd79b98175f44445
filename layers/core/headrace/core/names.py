"""Every id Headrace writes down, made and parsed in one place (docs/contracts.md section 1).

    run         variants-0a1b2c3d4e5f            execution  variants-0a1b2c3d4e5f-1
    of a team   genomics-variants-0a1b2c3d4e5f   (tenancy.py)
    task        call[sample=a,chrom=chr1]        latch      call[sample=a]
    expansion   ~chunk[sample=a]                 one inside its scope  ~chunk[sample=a]/~part[chunk=0001]
    job         hr-variants-0a1b2c3d4e5f-1-<task hash>-1

An id is unique, deterministic and readable. Keys are user text, so the six characters that ids and the ledger's sort
keys give a meaning to (`% , = [ ] #`), blanks and controls are percent-encoded as UTF-8 bytes; nothing else is, so `a/b`
stays readable. A scope has the id of the expansion that opened it; the root's is empty.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from urllib.parse import unquote

from headrace.core.errors import InvalidValue

RUN_PATTERN: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
KEY_MAX_CHARS: Final = 128
TASK_ID_MAX_BYTES: Final = 900  # a DynamoDB sort key holds 1,024 bytes; a waiter's adds `W#<needed>#` to the task id
RECORD_PARTITIONS: Final = 16
_SLUG_MAX, _RUN_MAX, _DIGEST = 24, 40, 12
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_JOB = re.compile(r"hr-(?P<run>[a-z0-9][a-z0-9-]{0,39})-(?P<epoch>[1-9]\d*)-(?P<hash>[0-9a-f]{16})-(?P<n>[1-9]\d*)")
_ESCAPED = re.compile(
    r"[%,=\[\]#\s\x00-\x1f\x7f-\xa0\u1680\u2000-\u200f\u2028-\u202f\u205f-\u2064\u2066-\u206f\u3000\ufeff]"
)
_ID = re.compile(r"(?P<name>~?[A-Za-z][A-Za-z0-9_.]*)(?:\[(?P<keys>[^\[\]]+)\])?")


@dataclass(frozen=True, slots=True)
class Keyed:
    """A parsed task, latch or expansion part: a name and its keys, in order."""

    name: str
    keys: dict[str, str]


@dataclass(frozen=True, slots=True)
class JobName:
    """A parsed job name; the task is known by its hash only."""

    run: str
    epoch: int
    task_hash: str
    submission: int


# ---------------------------------------------------------------------------------------------- runs and executions
def launched_run_id(name: str, bucket: str, key: str, version: str, tenant: str = "") -> str:
    """The run a dropped object starts: the same object version always gives the same id, which begins with its tenant."""
    digest = hashlib.sha256(f"{bucket}\x00{key}\x00{version}".encode("utf-8", "surrogatepass")).hexdigest()[:_DIGEST]
    whose = f"{tenant}-" if tenant else ""
    room = min(_SLUG_MAX, _RUN_MAX - len(whose) - len("-") - _DIGEST)
    return f"{whose}{slug(name, room) or 'run'}-{digest}"


def named_run_id(execution_name: str) -> str:
    """The run of an execution that somebody started by hand; a UUID, which the console proposes, stays whole."""
    if _UUID.fullmatch(execution_name):
        return execution_name
    run = slug(execution_name, _RUN_MAX)
    if not run:
        raise InvalidValue(
            f"the execution name {execution_name!r} holds no letter or digit to name the run by",
            expected="a name with a-z, 0-9 or '-' in it",
        )
    return run


def slug(text: str, longest: int) -> str:
    """Lower-case letters, digits and single dashes, at most `longest` characters; empty when nothing is left."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:longest].rstrip("-")


def execution_name(run: str, epoch: int) -> str:
    """The Step Functions execution of a run's epoch."""
    return f"{run}-{epoch}"


def parse_execution_name(name: str) -> tuple[str, int]:
    """The run and the epoch; InvalidValue for a name that is not one of ours."""
    run, dash, epoch = name.rpartition("-")
    if not (dash and RUN_PATTERN.fullmatch(run) and re.fullmatch(r"[1-9]\d{0,5}", epoch)):
        raise InvalidValue(
            f"{name!r} is not an execution name", expected="<run>-<epoch>, such as variants-0a1b2c3d4e5f-1"
        )
    return run, int(epoch)


# ---------------------------------------------------------------------------------------------- tasks and latches
def task_id(process: str, keys: Mapping[str, str] | Iterable[tuple[str, str]] = ()) -> str:
    """`<process>[<axis>=<key>,…]`, axes in the order given; InvalidValue over 900 bytes."""
    pairs = keys.items() if isinstance(keys, Mapping) else keys
    body = ",".join(f"{axis}={escape(key)}" for axis, key in pairs)
    made = f"{process}[{body}]" if body else process
    if len(made) * 4 > TASK_ID_MAX_BYTES:  # only then it can be too long
        check_length(made)
    return made


def latch_id(process: str, keys: Mapping[str, str] | Iterable[tuple[str, str]] = ()) -> str:
    """`all tasks of this process on this partial key`; with the full key it is the task's own id."""
    return task_id(process, keys)


def expansion_id(scope: str, axis: str, keys: Mapping[str, str] | Iterable[tuple[str, str]] = ()) -> str:
    """`<scope>/~<axis>[…]`: the task that expands a dynamic axis; also the id of the scope that it opens.

    `keys` are those the scope has not fixed already.
    """
    made = task_id(f"~{axis}", keys)
    return check_length(f"{scope}/{made}") if scope else made


def check_length(made: str) -> str:
    """The id itself, or InvalidValue when it does not fit the ledger's sort key."""
    size = len(made.encode())
    if size > TASK_ID_MAX_BYTES:
        raise InvalidValue(
            f"the task id {made[:60]}… has {size} bytes",
            expected=f"at most {TASK_ID_MAX_BYTES}",
            hint="use shorter keys: an 'id' per record instead of a long path",
        )
    return made


def parse_id(text: str) -> Keyed:
    """A task, latch or single expansion id, taken apart; the inverse of `task_id`."""
    match = _ID.fullmatch(text)
    keys: dict[str, str] = {}
    for part in (match["keys"] or "").split(",") if match else ():
        axis, equals, key = part.partition("=")
        if equals:
            keys[axis] = unquote(key, errors="strict")
        elif part:
            match = None
            break
    if match is None:
        raise InvalidValue(f"{text!r} is not a task id", expected="<process> or <process>[<axis>=<key>,…]")
    return Keyed(match["name"], keys)


def parse_scope(scope: str) -> tuple[Keyed, ...]:
    """The expansions on the way from the root to this scope, outermost first; names without the `~`."""
    # A key may hold `/`, but never a bracket: a separator is a `/` before a `~` outside of brackets.
    parts = re.split(r"/(?=~)(?![^\[]*\])", scope) if scope else []
    parsed = [parse_id(part) for part in parts]
    if any(not part.name.startswith("~") for part in parsed):
        raise InvalidValue(f"{scope!r} is not a scope id", expected="~<axis>[…] parts joined by '/'")
    return tuple(Keyed(part.name[1:], part.keys) for part in parsed)


def is_expansion(task: str) -> bool:
    """Whether this task expands a dynamic axis instead of running a job."""
    return task.startswith("~")


@lru_cache(maxsize=65_536)
def escape(key: str) -> str:
    """A key as it stands in an id."""
    return _ESCAPED.sub(lambda match: "".join(f"%{byte:02X}" for byte in match[0].encode()), key)


def check_key(key: str) -> str:
    """The key itself when it is 1-128 characters of storable text, else InvalidValue."""
    if not 1 <= len(key) <= KEY_MAX_CHARS:
        raise InvalidValue(
            f"the key {key[:40]!r}{'…' if len(key) > 40 else ''} has {len(key)} characters",
            expected=f"1 to {KEY_MAX_CHARS}",
        )
    try:
        key.encode()
    except UnicodeEncodeError as error:
        raise InvalidValue(
            f"the key {key!r} is not valid Unicode text", expected="text without lone surrogates"
        ) from error
    return key


# ---------------------------------------------------------------------------------------------- hashes and places
def task_hash(task: str) -> str:
    """16 hex digits that stand for a task in job names."""
    return hashlib.sha256(task.encode()).hexdigest()[:16]


def scope_hash(scope: str) -> str:
    """16 hex digits that stand for a scope in object keys: `scopes/<hash>/plan.json`."""
    return task_hash(scope)


def shard_of(task: str, shards: int) -> int:
    """The latch shard a task counts on, out of `shards`."""
    return _number(task) % shards


def record_partition(task: str) -> str:
    """The two digits of the ledger partition that holds a task's record."""
    return f"{_number(task) % RECORD_PARTITIONS:02d}"


def job_name(run: str, epoch: int, task: str, submission: int) -> str:
    """The Batch job of a task's n-th submission; how a job is found when nothing else is known of it."""
    return f"{job_prefix(run, epoch)}{task_hash(task)}-{submission}"


def job_prefix(run: str, epoch: int) -> str:
    """What the names of all jobs of a run's epoch begin with."""
    return f"hr-{run}-{epoch}-"


def parse_job_name(name: str) -> JobName | None:
    """The parts of a job name, or None for a job that is not ours."""
    match = _JOB.fullmatch(name)
    return JobName(match["run"], int(match["epoch"]), match["hash"], int(match["n"])) if match else None


def _number(task: str) -> int:
    return int.from_bytes(hashlib.sha256(task.encode()).digest(), "big")
