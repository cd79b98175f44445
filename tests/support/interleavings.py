"""Every interleaving of the gate protocol, on the real adapter.

A *function* (an AwaitInputs, a SettleTask, a closer) is the real code on a client that stops at each call. Where a function
stands is nothing but the answers it has had, so one step is: run it again on those answers up to its next call, perform
that call on the store, remember the answer. No threads, no clocks; a world is a value, and worlds that are equal are
explored once.

Between any two calls a function may die (`crashes`), an hour may pass (`hours`: the old token dies, AwaitInputs comes again
with a fresh one while the old function may still run), and every other function may go on. With `torn`, a latch's
shards are read one by one, as DynamoDB's isolation levels allow. `Violation` carries the story that led to it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

from botocore.exceptions import ClientError
from tests.support.tiny_dynamodb import Failure, Store, perform

from headrace.aws import gates
from headrace.aws.table import Table
from headrace.core import ledger_items, ledger_keys
from headrace.core.records import Epoch, RunRecord, TaskRecord, Waiter

EPOCH = Epoch("r", 1)
AT = "2026-01-01T00:00:00.000Z"
ENDLESS = 10**9


@dataclass(frozen=True)
class Job:
    """A task that ends: what it opens and adds. It starts when the task `after` has a record, or the gate of `gated` let it go."""

    task: str
    opens: tuple[tuple[str, int], ...] = ()
    adds: tuple[tuple[str, int, int], ...] = ()
    status: str = "succeeded"
    after: str = ""
    gated: bool = False
    twice: bool = False
    early: bool = False  # settled before anything else begins
    retried: bool = True  # False: when its function dies, nobody comes again


@dataclass(frozen=True)
class Gate:
    """A task that waits."""

    task: str
    waits: tuple[tuple[str, int], ...] = ()
    turn: tuple[str, int] | None = None


@dataclass(frozen=True)
class Case:
    """What there is to interleave."""

    jobs: tuple[Job, ...] = ()
    gates: tuple[Gate, ...] = ()
    closes: bool = False
    crashes: int = 0
    hours: int = 0
    hurried: bool = False  # no time after the first page: the rest is handed on, and nobody retries that
    torn: str = ""  # "up" or "down": the shards of a latch are read one by one, in this order


class Function(NamedTuple):
    """A function under way: what it does, which entry of its state it is, and the answers it has had (`Checker.history`)."""

    kind: str
    task: str = ""
    tries: int = 0
    history: int = 0


class World(NamedTuple):
    """One moment. `store` is a number of `Checker.stores`; `resumed` is what waiting states were resumed with."""

    store: int
    functions: tuple[Function, ...]
    started: frozenset[str]
    live: frozenset[str]
    resumed: tuple[tuple[str, str], ...]
    crashes: int
    hours: int
    lost: bool = False


class Violation(AssertionError):  # noqa: N818 - reads as the sentence it is
    """Something the protocol promises did not hold; the story is the steps that led there."""


class Call(NamedTuple):
    """A call of a client."""

    operation: str
    request: str


class Paused(BaseException):
    """A function has come to a call that has no answer yet; not an Exception, so nothing can swallow it."""

    def __init__(self, operation: str, request: str) -> None:
        self.call = Call(operation, request)


@dataclass(frozen=True)
class UnderTest:
    """The code that is checked; a test may plant a fault."""

    await_inputs: Callable[..., str] = gates.await_inputs
    settle: Callable[..., gates.Settled] = gates.settle
    close: Callable[..., Any] = gates.close


@dataclass
class Checker:
    """Explores a case.

    Stores and histories of answers are numbered, and what a call does to a store is worked out once.
    """

    case: Case
    under_test: UnderTest = field(default_factory=UnderTest)
    stores: list[Store] = field(default_factory=list)
    _store_numbers: dict[str, int] = field(default_factory=dict)
    _histories: list[tuple[Any, ...]] = field(default_factory=lambda: [()])
    _history_numbers: dict[tuple[int, str], int] = field(default_factory=dict)
    _calls: dict[Function, Call | None] = field(default_factory=dict)
    _moved: dict[tuple[Function, int, frozenset[str]], tuple[Function, ...]] = field(default_factory=dict)
    _left: dict[Function, tuple[gates.Point, ...]] = field(default_factory=dict)
    _effects: dict[tuple[int, Call], tuple[int, str]] = field(default_factory=dict)

    # ------------------------------------------------------------------------------------------------ exploring
    def explore(self, most: int = 400_000) -> int:
        """Every reachable world; how many there are. Violation when one of them breaks a promise."""
        first = self.start()
        came_from: dict[World, World | None] = {first: None}
        todo = [first]
        while todo:
            world = todo.pop()
            end = True
            try:
                for move in self.moves(world):
                    end = False
                    further = move()
                    if further not in came_from:
                        came_from[further] = world
                        todo.append(further)
                        if further.store != world.store:
                            self.check(further)
                if end:
                    self.check_end(world)
            except Violation as violation:
                raise Violation(f"{violation}\n{self._story(came_from, world)}") from None
            assert len(came_from) <= most, f"over {most} worlds: make the case smaller"
        return len(came_from)

    def start(self) -> World:
        """A run that has just begun, and the functions that are there from the start."""
        awaits = [Function("await", gate.task) for gate in self.case.gates]
        early = [job for job in self.case.jobs if job.early]
        world = World(
            store=self._number(_begun()),
            functions=(),
            started=frozenset(job.task for job in self.case.jobs),
            live=frozenset(_token(gate.task, 0) for gate in self.case.gates),
            resumed=(),
            crashes=self.case.crashes,
            hours=self.case.hours,
        )
        world = self._with(world, *(Function("settle", job.task) for job in early))
        while world.functions:
            world = self.step(world, world.functions[0])
        world = world._replace(started=frozenset(job.task for job in early))
        return self._with(world, *awaits, *([Function("close")] if self.case.closes else []))

    def moves(self, world: World) -> Iterator[Callable[[], World]]:
        """What may happen next."""
        for function in world.functions:
            yield partial(self.step, world, function)
            if world.crashes and function.history:
                yield partial(self.crash, world, function)
        for token in world.live:
            if world.hours or (world.lost and not world.functions and self._owed(world, token.split("/")[0])):
                yield partial(self.hour, world, token)

    # ------------------------------------------------------------------------------------------------ steps
    def call(self, function: Function) -> Call | None:
        """The next call a function makes after the answers it has had, None when it ends."""
        if function not in self._calls:
            client = _Replay(self._histories[function.history], self._places())
            table = Table(client, "ledger", sleep=lambda _: None, roll=lambda: 0.0, each=_in_turn)
            try:
                self._left[function] = self._run(function, table, client.send)
                self._calls[function] = None
            except Paused as paused:
                self._calls[function] = paused.call
        return self._calls[function]

    def step(self, world: World, function: Function) -> World:
        """One call of one function."""
        call = self.call(function)
        assert call is not None
        if call.operation == "send":
            answer, world = self._resume(world, call)
        else:
            store, answer = self._effect(world.store, call)
            world = world._replace(store=store)
        return self._with(_without(world, function), self._answered(function, answer))

    def crash(self, world: World, function: Function) -> World:
        """A function dies; Step Functions retries what it called itself, and nobody retries the rest."""
        world = _without(world, function)._replace(crashes=world.crashes - 1)
        if function.kind == "await":
            token = _token(function.task, function.tries)
            return self._again(world, token) if token in world.live else world
        if function.kind.startswith("release") or (function.kind == "settle" and not self._job(function.task).retried):
            return world._replace(lost=True)
        return self._with(world, function._replace(history=0))

    def hour(self, world: World, token: str) -> World:
        """AwaitInputs times out and is entered again."""
        return self._again(world, token)._replace(hours=max(0, world.hours - 1), lost=world.lost and world.hours > 0)

    # ------------------------------------------------------------------------------------------------ promises
    def check(self, world: World) -> None:
        """What holds at every moment: latches hold exactly the records that count on them."""
        store = self.stores[world.store]
        ended = _ended(store)
        counted = {latch: [0, 0] for latch in self._latches()}
        for (pk, sk), item in store.items():
            if sk.startswith("S#"):
                count, added, _ = ledger_items.shard_numbers(item)
                sums = counted[pk.split("#", 3)[3]]
                sums[0], sums[1] = sums[0] + count, sums[1] + added
        for latch, sums in counted.items():
            jobs = [job for job in self.case.jobs if job.task in ended and job.status != "failed"]
            count = sum(1 for job in jobs if latch in dict(job.opens))
            added = sum(n for job in jobs for name, n, _ in job.adds if name == latch)
            if sums != [count, added]:
                raise Violation(f"latch {latch} holds {sums}, its records say {[count, added]}")

    def check_end(self, world: World) -> None:
        """What holds when nothing moves any more: whoever may go has gone, nobody twice, and no waiter is left behind."""
        tasks = [task for task, _ in world.resumed]
        for gate in self.case.gates:
            if tasks.count(gate.task) > 1:
                raise Violation(f"{gate.task} was resumed twice")
            if self._owed(world, gate.task):
                raise Violation(f"{gate.task} may go and waits for ever")
        keys = self.stores[world.store]
        left = {str(sk).rsplit("#", 1)[-1] for pk, sk in keys if sk.startswith("W#") or pk.startswith("C#")}
        if not (self.case.crashes or self.case.hours) and left & set(tasks):
            raise Violation(f"waiters left behind: {left}")

    def _resume(self, world: World, call: Call) -> tuple[str, World]:
        request = json.loads(call.request)
        token, verdict = request["token"], request["verdict"]
        if token not in world.live:
            return "false", world
        task = token.split("/")[0]
        if verdict == "ready" and not self._complete(world.store, task):
            raise Violation(f"{task} was let go early")
        if verdict == "cancelled" and _state(self.stores[world.store]) == "running":
            raise Violation(f"{task} was cancelled in a running run")
        return "true", world._replace(live=world.live - {token}, resumed=(*world.resumed, (task, verdict)))

    def _owed(self, world: World, task: str) -> bool:
        gone = any(resumed == task for resumed, _ in world.resumed)
        closing = _state(self.stores[world.store]) != "running"
        return not gone and (closing or self._complete(world.store, task))

    def _complete(self, store: int, task: str) -> bool:
        """The truth, from the records alone: every task that the plan or an expansion puts behind the latches has counted."""
        gate = next(gate for gate in self.case.gates if gate.task == task)
        ended = _ended(self.stores[store])
        for latch, planned in gate.waits:
            behind = [job for job in self.case.jobs if latch in dict(job.opens)]
            if len(behind) < planned or not all(job.task in ended and job.status != "failed" for job in behind):
                return False
        if gate.turn:
            latch, least = gate.turn
            return sum(1 for job in self.case.jobs if latch in dict(job.opens) and job.task in ended) >= least
        return True

    # ------------------------------------------------------------------------------------------------ plumbing
    def _run(self, function: Function, table: Table, send: Callable[..., object]) -> tuple[gates.Point, ...]:
        """The real code; what it had no time for."""
        more: dict[str, Any] = {"send": send, "remaining_ms": lambda: 0 if self.case.hurried else ENDLESS}
        match function.kind:
            case "await":
                gate = next(gate for gate in self.case.gates if gate.task == function.task)
                token = _token(function.task, function.tries)
                waiter = Waiter(function.task, token, function.tries, dict(gate.waits), gate.turn)
                self.under_test.await_inputs(table, EPOCH, waiter, send=send)
                return ()
            case "settle":
                job = self._job(function.task)
                record = TaskRecord(job.task, "expanded" if job.adds else job.status, AT)
                adds = {latch: (n, shards) for latch, n, shards in job.adds}
                return self.under_test.settle(table, EPOCH, record, job.opens, adds=adds, **more).left
            case "release":
                return gates.release(table, EPOCH, _points(function.task), **more)
            case "release_all":
                return gates.release_all(table, EPOCH, _points(function.task), **more)
        left: tuple[gates.Point, ...] = self.under_test.close(table, EPOCH, "a task failed", **more)
        return left

    def _job(self, task: str) -> Job:
        return next(job for job in self.case.jobs if job.task == task)

    def _places(self) -> list[str]:
        """The places of a latch's shards in the order they are read in, none when a Query is one moment."""
        most = max((job_shards for job in self.case.jobs for _, job_shards in job.opens), default=1)
        places = [f"S#{number:02d}" for number in range(most)]
        return {"": [], "up": places, "down": places[::-1]}[self.case.torn]

    def _latches(self) -> set[str]:
        opened = {latch for job in self.case.jobs for latch, _ in job.opens}
        return opened | {latch for job in self.case.jobs for latch, _, _ in job.adds}

    def _again(self, world: World, token: str) -> World:
        task, tries = token.split("/")
        fresh = Function("await", task, int(tries) + 1)
        live = world.live - {token} | {_token(task, fresh.tries)}
        return self._with(world._replace(live=live), fresh)

    def _with(self, world: World, *functions: Function) -> World:
        """The world with these functions under way, past the calls nobody can notice, and those whose time has come."""
        fresh = self._fresh(world) if len(world.started) < len(self.case.jobs) else []
        settles = [Function("settle", job.task) for job in fresh for _ in range(1 + job.twice)]
        moved: list[Function] = []
        for function in (*world.functions, *functions, *settles):
            moved += self._advanced(world, function)
        return World(
            world.store,
            tuple(sorted(moved)),
            world.started.union(job.task for job in fresh) if fresh else world.started,
            *world[3:],
        )

    def _advanced(self, world: World, function: Function) -> tuple[Function, ...]:
        """A function past the calls nobody can notice; when that was its end, the one it handed the rest to."""
        key = function, world.store, world.live
        if key not in self._moved:
            further = self._unnoticed(world, function)
            if self.call(further):
                self._moved[key] = (further,)
            elif left := self._left.get(further):
                kind = "release" if further.kind in {"settle", "release"} else "release_all"
                self._moved[key] = self._advanced(world, Function(kind, json.dumps(left)))
            else:
                self._moved[key] = ()
        return self._moved[key]

    def _fresh(self, world: World) -> list[Job]:
        """Jobs whose time has come: what an expansion made, what a gate let go."""
        ended = _ended(self.stores[world.store])
        ready = {task for task, verdict in world.resumed if verdict == "ready"}
        return [
            job
            for job in self.case.jobs
            if job.task not in world.started
            and (not job.after or job.after in ended)
            and (not job.gated or job.task in ready)
        ]

    def _unnoticed(self, world: World, function: Function) -> Function:
        """A function past the calls whose time does not matter, since their answer is the same from now on.

        A token that is used up, a record that exists, the state of a run that nobody closes, the run's waiters where none of
        this case can be: to try them now or later is one and the same.
        """
        while (call := self.call(function)) and self._is_settled(world, call):
            answer = "false" if call.operation == "send" else self._effect(world.store, call)[1]
            function = self._answered(function, answer)
        return function

    def _is_settled(self, world: World, call: Call) -> bool:
        match call.operation:
            case "send":
                return json.loads(call.request)["token"] not in world.live
            case "transact_write_items":
                return self._effect(world.store, call)[1] != "{}"
            case "get_item":
                return not self.case.closes or _state(self.stores[world.store]) != "running"
            case "query":
                places = {ledger_keys.last_waiter(EPOCH, gate.task).pk for gate in self.case.gates}
                partition = json.loads(call.request)["ExpressionAttributeValues"][":pk"]["S"]
                return partition.startswith("C#") and partition not in places
        return False

    def _answered(self, function: Function, answer: str) -> Function:
        key = function.history, answer
        if key not in self._history_numbers:
            self._history_numbers[key] = len(self._histories)
            self._histories.append((*self._histories[function.history], json.loads(answer)))
        return function._replace(history=self._history_numbers[key])

    def _effect(self, store: int, call: Call) -> tuple[int, str]:
        if (store, call) not in self._effects:
            before, request = self.stores[store], json.loads(call.request)
            after: Store = before
            answer: Any = {}
            if call.operation == "shard":
                answer = before.get((request["pk"], request["sk"]))
            else:
                try:
                    after, answer = perform(before, call.operation, request)
                except Failure as failure:
                    answer = {"failure": failure.response}
            self._effects[store, call] = store if after is before else self._number(after), _text(answer)
        return self._effects[store, call]

    def _number(self, store: Store) -> int:
        text = _text(sorted((*key, item) for key, item in store.items()))
        if text not in self._store_numbers:
            self._store_numbers[text] = len(self.stores)
            self.stores.append(store)
        return self._store_numbers[text]

    def _story(self, came_from: Mapping[World, World | None], world: World) -> str:
        lines = []
        at: World | None = world
        while at is not None:
            calls = [f"{f.kind} {f.task}/{f.tries}: {_short(self.call(f))}" for f in at.functions]
            lines.append(f"resumed {list(at.resumed)}, live {sorted(at.live)}, next {calls}")
            at = came_from[at]
        return "\n".join(reversed(lines))


class _Replay:
    """A client that gives the answers a function has had, then stops it at the next call."""

    def __init__(self, answers: Sequence[Any], torn: Sequence[str]) -> None:
        self._answers, self._given, self._torn = answers, 0, torn

    def send(self, token: str, output: Mapping[str, str]) -> bool:
        return bool(self._call("send", {"token": token, "verdict": output["verdict"]}))

    def query(self, **request: Any) -> Any:
        """At once; or a latch's shards place by place, as they are just then, present or not."""
        within = {name: value["S"] for name, value in request["ExpressionAttributeValues"].items()}
        if not self._torn or within.get(":low") != "S#":
            return self._call("query", request)
        found = [self._call("shard", {"pk": within[":pk"], "sk": place}) for place in self._torn]
        return {"Items": sorted((item for item in found if item), key=lambda item: str(item["sk"]["S"]))}

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        return lambda **request: self._call(operation, request)

    def _call(self, operation: str, request: Mapping[str, Any]) -> Any:
        if self._given == len(self._answers):
            raise Paused(operation, _text(request))
        answer = self._answers[self._given]
        self._given += 1
        if isinstance(answer, dict) and "failure" in answer:
            raise ClientError(answer["failure"], operation)
        return answer


def _in_turn(work: Callable[[Any], Any], items: Sequence[Any]) -> list[Any]:
    return [work(item) for item in items]


def _begun() -> Store:
    item = ledger_items.run_item(RunRecord(EPOCH, "execution", AT))
    key = ledger_keys.run(EPOCH)
    return {(key.pk, key.sk): item}


def _state(store: Store) -> str:
    key = ledger_keys.run(EPOCH)
    return str(store[key.pk, key.sk]["state"]["S"])


def _token(task: str, tries: int) -> str:
    return f"{task}/{tries}"


def _short(call: Call | None) -> str:
    places = re.findall(r'"(?:S|token)": "([A-Z]#[^"]*|[^"]*/\d)"', call.request) if call else []
    return f"{call.operation} {' '.join(places)}" if call else "end"


def _points(text: str) -> list[gates.Point]:
    return [(place, after) for place, after in json.loads(text)]


def _ended(store: Store) -> set[str]:
    return {sk for pk, sk in store if pk.startswith("T#")}


def _without(world: World, function: Function) -> World:
    place = world.functions.index(function)
    return world._replace(functions=world.functions[:place] + world.functions[place + 1 :])


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)
