"""What is known of a deployment: plain values, as checks want them. A piece that could not be read says why instead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Denied:
    """Not allowed to look: the IAM action that is missing."""

    action: str


@dataclass(frozen=True, slots=True)
class Unanswered:
    """Nobody answered, or nobody can here."""

    why: str


Known: TypeAlias = T | Denied | Unanswered


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose credentials these are."""

    account: str
    arn: str


@dataclass(frozen=True, slots=True)
class Nobody:
    """There are no credentials, or AWS does not take them: why."""

    why: str


@dataclass(frozen=True, slots=True)
class Stack:
    """A CloudFormation stack. `version` is its output, empty when it has none; `lacks` are outputs a stack of ours would have."""

    name: str
    status: str
    reason: str = ""
    version: str = ""
    lacks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """The stack's bucket. `policy` None: it has none; `blocks` are the four public access blocks that are on."""

    name: str
    there: Known[bool] = True
    versioning: Known[str] = ""
    events: Known[bool] = False
    blocks: Known[frozenset[str]] = frozenset()
    policy: Known[Mapping[str, Any] | None] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The ledger; `status` empty: it is not there."""

    name: str
    status: Known[str] = ""
    keys: tuple[str, ...] = ()
    recovery: Known[bool] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """A Lambda function; `state` empty: it is not there. `sources`: the state of each event source by its queue's name."""

    state: str = ""
    reason: str = ""
    update: str = ""
    update_reason: str = ""
    sources: Known[Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """A role, the service that must be able to take it on, and for whom. `trusted` None: the role is not there."""

    name: str
    service: str
    used_by: str
    trusted: Known[frozenset[str] | None] = None


@dataclass(frozen=True, slots=True)
class LogGroup:
    """A log group; `days` None: its events are kept for ever."""

    days: int | None


@dataclass(frozen=True, slots=True)
class Topic:
    """The alert topic's subscriptions."""

    confirmed: int
    pending: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """A compute environment as its queue names it. `kind`: EC2, SPOT, FARGATE, FARGATE_SPOT; empty `state`: it is not there.

    `tool`: whether the launch template installs the transfer tool; None: there is no launch template. `binaries`: whether the
    objects that it gets it from are there, by URI; none when it names none. `image`: an AMI of somebody.
    """

    name: str
    order: int
    kind: str = ""
    state: str = ""
    status: str = ""
    reason: str = ""
    max_vcpus: int = 0
    types: tuple[str, ...] = ()
    arch: str = ""
    image: str = ""
    tool: Known[bool | None] = None
    binaries: Known[Mapping[str, bool]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """A job queue and its compute environments, in order."""

    name: str
    state: str = ""
    status: str = ""
    reason: str = ""
    environments: tuple[Environment, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything; by name where there are several. None is not there: then what belongs to it is empty.

    `clock` is how many seconds this machine is ahead of AWS. `parts` are the stack's resources and
    their status, those of nested stacks too. `machines`, `rules` and `alarms` give a state, empty: not there.
    """

    client_version: str
    region: str
    regions: frozenset[str] = frozenset()
    caller: Known[Caller | Nobody]
    clock: Known[float]
    stack: Known[Stack | None] = None
    parts: Known[Mapping[str, str]] = field(default_factory=dict)
    bucket: Bucket | None = None
    table: Table | None = None
    functions: Mapping[str, Known[Function]] = field(default_factory=dict)
    machines: Mapping[str, Known[str]] = field(default_factory=dict)
    rules: Mapping[str, Known[str]] = field(default_factory=dict)
    roles: tuple[Role, ...] = ()
    log_groups: Mapping[str, Known[LogGroup | None]] = field(default_factory=dict)
    topic: Known[Topic | None] = None
    dead_letters: Mapping[str, Known[int]] = field(default_factory=dict)
    alarms: Known[Mapping[str, str]] = field(default_factory=dict)
    queues: Mapping[str, Known[Queue | None]] = field(default_factory=dict)
    queues_there: Known[tuple[str, ...]] = ()
    environments_there: Known[int] = 0
    quotas: Mapping[str, Known[float]] = field(default_factory=dict)
