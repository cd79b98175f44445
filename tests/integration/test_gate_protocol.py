"""The gate protocol, model-checked: the real adapter, every interleaving of small cases, and random walks through big ones.

What is proved of each case: nobody is let go early, nobody who may go waits for ever (an hour is allowed to help only where
a function died and nobody came again), nobody is resumed twice, latches hold exactly what the records say, and without
crashes no waiter's item is left behind. The last part plants faults and expects the checker to find each.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from tests.support.interleavings import Case, Checker, Gate, Job, UnderTest, Violation

from headrace.aws import gates, ledger, ledger_runs
from headrace.aws.table import Table, put
from headrace.core import gates as core_gates
from headrace.core import ledger_items, names
from headrace.core.records import Epoch, Waiter

A1 = Job("a", (("A", 1),))
B1 = Job("b", (("B", 1),))
ONE = Gate("z", (("A", 1),))
BOTH = Gate("z", (("A", 1), ("B", 1)))
EXPANDS_TO_1 = (Job("~x", (("A", 2),), (("A", 1, 2),)), Job("t1", (("A", 2),), after="~x"))


def torn_case(order: str) -> Case:
    """An expansion on the shard that is read first, and its first task on the other: the sum of both can be torn."""
    early, late = (0, 1) if order == "up" else (1, 0)
    expansion, first, last = named("~x", early), named("t", late), named("u", early)
    jobs = (
        Job(expansion, (("A", 2),), (("A", 2, 2),)),
        Job(first, (("A", 2),), after=expansion),
        Job(last, (("A", 2),), after=first),
    )
    return Case(jobs, (ONE,), torn=order)


def named(prefix: str, shard: int) -> str:
    """A task that counts on this shard of two."""
    return next(task for task in (f"{prefix}{i}" for i in range(64)) if names.shard_of(task, 2) == shard)


CASES = {
    "one input": Case((A1,), (ONE,)),
    "one input, settled twice at once": Case((Job("a", (("A", 1),), twice=True),), (ONE,)),
    "one input, anything dies once": Case((A1,), (ONE,), crashes=1),
    "one input, anything dies twice": Case((A1,), (ONE,), crashes=2),
    "one input, an hour passes": Case((A1,), (ONE,), hours=1),
    "one input, two hours pass": Case((A1,), (ONE,), hours=2),
    "a release dies and nobody comes again": Case((Job("a", (("A", 1),), retried=False),), (ONE,), crashes=1),
    "a release is lost around an hour": Case((Job("a", (("A", 1),), retried=False),), (ONE,), crashes=1, hours=1),
    "one input, the run closes": Case((A1,), (ONE,), closes=True),
    "one input, the run closes, anything dies once": Case((A1,), (ONE,), closes=True, crashes=1),
    "a failed input counts nowhere": Case((Job("a", (("A", 1),), status="failed"),), (ONE,), hours=1),
    "a failed input closes the run": Case((Job("a", (("A", 1),), status="failed"),), (ONE,), closes=True, crashes=1),
    "two inputs": Case((A1, B1), (BOTH,)),
    "two inputs, anything dies once": Case((A1, B1), (BOTH,), crashes=1),
    "two inputs, one early, an hour passes": Case((Job("a", (("A", 1),), early=True), B1), (BOTH,), hours=1),
    "two inputs, the run closes": Case((A1, B1), (BOTH,), closes=True),
    "two members on two shards": Case((Job("a", (("A", 2),)), Job("b", (("A", 2),))), (Gate("z", (("A", 2),)),)),
    "two who wait for one": Case((A1,), (ONE, Gate("y", (("A", 1),))), crashes=1),
    "a turn": Case((A1, Job("y", (("Y", 1),), gated=True)), (Gate("y", (("A", 1),)), Gate("z", (("A", 1),), ("Y", 1)))),
    "two who wait for one, page by page": Case((A1,), (ONE, Gate("y", (("A", 1),))), hurried=True),
    "two who wait for one, page by page, anything dies once": Case(
        (A1,), (Gate("z", (("A", 1),)), Gate("y", (("A", 1),))), hurried=True, crashes=1
    ),
    "two of which one is not ready, page by page": Case((A1,), (BOTH, Gate("zz", (("A", 1),))), hurried=True),
    "two in a closing run, page by page": Case((), (ONE, Gate("y", (("A", 1),))), closes=True, hurried=True, crashes=1),
    "an expansion to nothing": Case((Job("~x", (("A", 2),), (("A", 0, 2),)),), (ONE,), crashes=1, torn="up"),
    "an expansion to one": Case(EXPANDS_TO_1, (ONE,), crashes=1),
    "an expansion to one, read in pieces": Case(EXPANDS_TO_1, (ONE,), torn="up"),
    "an expansion to one, closing": Case(EXPANDS_TO_1, (ONE,), closes=True),
    "an expansion to two": Case(
        (Job("~x", (("A", 2),), (("A", 2, 2),)), Job("t", (("A", 2),), after="~x"), Job("u", (("A", 2),), after="~x")),
        (ONE,),
    ),
    "an expansion to two, read in pieces": torn_case("up"),
    "an expansion to two, read in pieces backwards": torn_case("down"),
    "two expansions, one to nothing": Case(
        (
            Job("~x", (("A", 2),), (("A", 0, 2),)),
            Job("~y", (("A", 2),), (("A", 1, 2),)),
            Job("t", (("A", 2),), after="~y"),
        ),
        (Gate("z", (("A", 2),)),),
    ),
    "nested expansions": Case(
        (
            Job("~x", (("A", 2),), (("A", 1, 2),)),
            Job("~y", (("A", 2),), (("A", 1, 2),), after="~x"),
            Job("t", (("A", 2),), after="~y"),
        ),
        (ONE,),
        crashes=1,
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_every_interleaving_keeps_the_promises(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each case, in every order and with every death it allows, ends as promised, and there was something to explore."""
    monkeypatch.setattr(gates, "_PAGE", 1 if case.hurried else 100)
    assert Checker(case).explore() > 20


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Static latches, a dynamic one with nested expansions, waiting tasks with turns, a failing task, deaths and hours."""
    jobs: list[Job] = []
    planned: dict[str, int] = {}
    for latch in draw(st.sampled_from(["A", "AB"])):
        shards, members = draw(st.integers(1, 3)), draw(st.integers(1, 3))
        planned[latch] = members
        jobs += [Job(f"{latch.lower()}{i}", ((latch, shards),), twice=draw(st.booleans())) for i in range(members)]
    if draw(st.booleans()):
        planned["D"] = 1
        inner = draw(st.integers(0, 2))
        jobs.append(Job("~x", (("D", 2),), (("D", inner, 2),)))
        for i in range(inner):
            if draw(st.booleans()):
                n = draw(st.integers(0, 2))
                jobs.append(Job(f"~y{i}", (("D", 2),), (("D", n, 2),), after="~x"))
                jobs += [Job(f"d{i}{k}", (("D", 2),), after=f"~y{i}") for k in range(n)]
            else:
                jobs.append(Job(f"d{i}", (("D", 2),), after="~x"))
    waiting = []
    for i in range(draw(st.integers(1, 3))):
        waits = tuple((latch, planned[latch]) for latch in draw(st.sets(st.sampled_from(sorted(planned)), min_size=1)))
        turn = ("T", i) if i and draw(st.booleans()) else None
        waiting.append(Gate(f"w{i}", waits, turn))
        jobs.append(Job(f"w{i}", (("T", 1),), gated=True))
    fails = draw(st.booleans())
    if fails:
        victim = next(job for job in jobs if not job.adds)
        jobs[jobs.index(victim)] = Job(victim.task, victim.opens, status="failed", twice=victim.twice)
    return Case(
        jobs=tuple(jobs),
        gates=tuple(waiting),
        closes=fails or draw(st.booleans()),
        crashes=draw(st.integers(0, 3)),
        hours=draw(st.integers(0, 2)),
        torn=draw(st.sampled_from(["", "up", "down"])),
    )


class RandomRuns(RuleBasedStateMachine):
    """A bigger run, taken forward in a random order with deaths and hours in between."""

    @initialize(case=cases())
    def begin(self, case: Case) -> None:
        """A run that has just begun."""
        self.checker = Checker(case)
        self.world = self.checker.start()

    @rule(choice=st.integers(0, 9_999))
    def move(self, choice: int) -> None:
        """One of the things that may happen next."""
        moves = list(self.checker.moves(self.world))
        if moves:
            self.world = moves[choice % len(moves)]()

    @invariant()
    def latches_hold_what_the_records_say(self) -> None:
        """At every moment."""
        if hasattr(self, "world"):
            self.checker.check(self.world)

    def teardown(self) -> None:
        """Let the run come to rest, and see that nobody is left."""
        if hasattr(self, "world"):
            while moves := list(self.checker.moves(self.world)):
                self.world = moves[0]()
            self.checker.check_end(self.world)


RandomRuns.TestCase.settings = settings(max_examples=40, stateful_step_count=60, deadline=None)
TestRandomRuns = RandomRuns.TestCase


# ---------------------------------------------------------------------------------------------------- planted faults
def _looks_first(table: Table, epoch: Epoch, waiter: Waiter, *, send: gates.Send) -> str:
    """An AwaitInputs that looks at the latches, and only then puts its waiter."""
    latches = gates._Latches(table, epoch)
    goes = all(latches.reached(waiter, latch) for latch in core_gates.latches_of(waiter))
    verdict = core_gates.verdict(ledger_runs.run_of(table, epoch).state, goes=goes)
    if verdict == core_gates.WAITING:
        for key in gates._places(epoch, waiter):
            put(table, ledger_items.waiter_item(key, waiter))
    else:
        send(waiter.token, {"verdict": verdict})
    return verdict


def _releases_once(table: Table, epoch: Epoch, record: Any, opens: Any, **more: Any) -> gates.Settled:
    """A SettleTask that thinks a task recorded before needs no release any more."""
    adds = more.pop("adds")
    committed = ledger.commit(table, epoch, record, opens, adds)
    latches = [(latch, "") for latch in dict.fromkeys([latch for latch, _ in opens] + list(adds))]
    left = gates.release(table, epoch, latches, **more) if committed.first else ()
    return gates.Settled(committed.record, committed.first, left)


def _releases_first(table: Table, epoch: Epoch, record: Any, opens: Any, **more: Any) -> gates.Settled:
    """A SettleTask that lets waiters go before it has counted."""
    adds = more.pop("adds")
    gates.release(table, epoch, [(latch, "") for latch, _ in opens], **more)
    committed = ledger.commit(table, epoch, record, opens, adds)
    return gates.Settled(committed.record, committed.first, ())


def _forgets_the_rest(table: Table, epoch: Epoch, record: Any, opens: Any, **more: Any) -> gates.Settled:
    """A SettleTask that does not hand on what it had no time for."""
    settled = gates.settle(table, epoch, record, opens, **more)
    return gates.Settled(settled.record, settled.first, ())


def _closes_after(table: Table, epoch: Epoch, why: str, **more: Any) -> tuple[gates.Point, ...]:
    """A closing that lets everybody go, and only then marks the run."""
    left = gates.release_all(table, epoch, gates.ALL_WAITERS, **more)
    ledger_runs.close_run(table, epoch, why)
    return left


def _puts_always(table: Table, key: Any, waiter: Waiter) -> bool:
    put(table, ledger_items.waiter_item(key, waiter))
    return True


def _deletes_always(table: Table, epoch: Epoch, waiter: Waiter, verdict: str, send: gates.Send) -> None:
    send(waiter.token, {"verdict": verdict})
    for key in gates._places(epoch, waiter):
        table.client.delete_item(TableName=table.name, Key=ledger_items.key_item(key))


def _forgets_first(table: Table, epoch: Epoch, waiter: Waiter, verdict: str, send: gates.Send) -> None:
    for key in gates._places(epoch, waiter):
        table.client.delete_item(TableName=table.name, Key=ledger_items.key_item(key))
    send(waiter.token, {"verdict": verdict})


FUNCTION_FAULTS: dict[str, tuple[UnderTest, str]] = {
    "reads before it puts": (UnderTest(await_inputs=_looks_first), "one input"),
    "a repeated settle does not release": (UnderTest(settle=_releases_once), "one input, anything dies once"),
    "releases before it counts": (UnderTest(settle=_releases_first), "one input"),
    "does not hand on the rest": (UnderTest(settle=_forgets_the_rest), "two who wait for one, page by page"),
    "closes after it released": (UnderTest(close=_closes_after), "a failed input closes the run"),
}
INNER_FAULTS = {
    "a stale token overwrites": ("_put_waiter", _puts_always, "one input, an hour passes"),
    "deletes whatever token is there": ("_let_go", _deletes_always, "one input, an hour passes"),
    "forgets before it sends": ("_let_go", _forgets_first, "one input, anything dies once"),
}


@pytest.mark.parametrize(("fault", "case"), FUNCTION_FAULTS.values(), ids=FUNCTION_FAULTS)
def test_the_checker_finds_a_planted_fault(fault: UnderTest, case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A function that does its steps in a wrong order, or leaves one out, is caught by a case that passes with the right one."""
    monkeypatch.setattr(gates, "_PAGE", 1 if CASES[case].hurried else 100)
    with pytest.raises(Violation):
        Checker(CASES[case], fault).explore()


@pytest.mark.parametrize(("name", "fault", "case"), INNER_FAULTS.values(), ids=INNER_FAULTS)
def test_the_checker_finds_a_missing_condition(
    name: str, fault: Callable[..., Any], case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Leaving one condition or one order out is caught by the case that passes with it."""
    monkeypatch.setattr(gates, name, fault)
    with pytest.raises(Violation):
        Checker(CASES[case]).explore()


@pytest.mark.parametrize("torn", ["up", "down"])
def test_the_checker_finds_a_sum_that_trusts_one_query(torn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the second reading of `added`, an expansion between two shards of one Query lets its gather go early."""
    monkeypatch.setattr(core_gates, "doubtful", lambda *_: False)
    with pytest.raises(Violation, match="early"):
        Checker(torn_case(torn)).explore()
