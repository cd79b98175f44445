"""The ledger on moto's DynamoDB: every function, every expression, and what happens when it is asked twice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from moto import mock_aws

from headrace.aws import gates, ledger, ledger_launches, ledger_runs
from headrace.aws.table import Table, get_many
from headrace.core import ledger_keys, names
from headrace.core.errors import InvalidValue, Refused
from headrace.core.records import AttemptRecord, Epoch, RunEntry, RunRecord, TaskRecord, Waiter

EPOCH = Epoch("r", 1)
AT = "2026-01-01T00:00:00.000Z"
RUN = RunRecord(EPOCH, "execution-1", AT, name="a run")


def in_turn(work: Any, items: Any) -> list[Any]:
    """One thing after another: moto's transactions are not safe in threads."""
    return [work(item) for item in items]


def ample() -> int:
    """Time left, plenty."""
    return 900_000


class Tokens:
    """Step Functions, as far as tokens go: each works once."""

    def __init__(self) -> None:
        self.sent: dict[str, str] = {}

    def __call__(self, token: str, output: Mapping[str, Any]) -> bool:
        """As `step_functions.send`."""
        if token in self.sent:
            return False
        self.sent[token] = output["verdict"]
        return True


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> Iterator[Table]:
    """An empty ledger."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        client = boto3.client("dynamodb", region_name="eu-west-1", config=Config(retries={"total_max_attempts": 1}))
        client.create_table(
            TableName="ledger",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
            BillingMode="PAY_PER_REQUEST",
        )
        yield Table(client, "ledger", sleep=lambda _: None, roll=lambda: 0.5, each=in_turn)


@pytest.fixture
def tokens() -> Tokens:
    """Tokens nobody has used."""
    return Tokens()


def items(table: Table, pk: str = "") -> list[dict[str, Any]]:
    """What the table holds, all of it or one kind."""
    found: list[dict[str, Any]] = table.client.scan(TableName=table.name)["Items"]
    return [item for item in found if item["pk"]["S"].startswith(pk)]


def done(task: str, status: str = "succeeded") -> TaskRecord:
    """A record."""
    return TaskRecord(task, status, AT)


def settle(table: Table, tokens: Tokens, record: TaskRecord, *opens: tuple[str, int], **more: Any) -> gates.Settled:
    """A settle with time enough."""
    return gates.settle(table, EPOCH, record, opens, send=tokens, remaining_ms=ample, **more)


def count_of(table: Table, latch: str) -> tuple[int, int]:
    """What a latch counts and adds, over all shards."""
    shards = [item for item in items(table, f"L#r#1#{latch}") if item["sk"]["S"].startswith("S#")]
    return sum(int(item["count"]["N"]) for item in shards), sum(int(item["added"]["N"]) for item in shards)


# ---------------------------------------------------------------------------------------------------- runs
def test_a_run_begins_once(table: Table) -> None:
    """The same execution again is success and changes nothing; another one is refused by name."""
    first = ledger_runs.begin_run(table, replace(RUN, started="2026-01-01T01:00:00+01:00"))
    assert first == ledger_runs.read_run(table, EPOCH) == RUN
    before = items(table)
    assert ledger_runs.begin_run(table, replace(RUN, started="2026-02-02T00:00:00Z", name="again")) == RUN
    assert items(table) == before
    with pytest.raises(Refused, match="begun by execution execution-1, and execution-2 is another one"):
        ledger_runs.begin_run(table, replace(RUN, execution="execution-2"))
    assert items(table) == before
    assert list(ledger_runs.unconcluded_runs(table)) == [RunEntry(EPOCH, execution="execution-1")]


def test_a_run_closes_once_and_keeps_its_first_reason(table: Table) -> None:
    """Closing twice, and closing what is concluded, change nothing; an unknown run is refused."""
    ledger_runs.begin_run(table, RUN)
    assert ledger_runs.close_run(table, EPOCH, "a failed").state == "closing"
    assert ledger_runs.close_run(table, EPOCH, "b failed").closing == "a failed"
    ledger_runs.conclude_run(table, EPOCH, "failed", ended=AT, by="x")
    assert ledger_runs.close_run(table, EPOCH, "late").state == "failed"
    with pytest.raises(Refused, match="no run nobody, epoch 1"):
        ledger_runs.close_run(table, Epoch("nobody", 1), "why")


def test_exactly_one_conclusion_wins(table: Table) -> None:
    """The winner is told so again, everyone else is not, nothing moves after it, and the run is no longer open."""
    ledger_runs.begin_run(table, RUN)
    assert ledger_runs.conclude_run(
        table, EPOCH, "succeeded", ended="2026-01-01T02:00:00Z", by="execution", cause="", tasks={"succeeded": 3}
    )
    concluded = ledger_runs.run_of(table, EPOCH)
    assert (concluded.state, concluded.ended, concluded.tasks) == (
        "succeeded",
        "2026-01-01T02:00:00.000Z",
        {"succeeded": 3},
    )
    assert not ledger_runs.conclude_run(table, EPOCH, "failed", ended=AT, by="schedule", cause="late")
    assert ledger_runs.conclude_run(table, EPOCH, "succeeded", ended=AT, by="execution")
    assert ledger_runs.run_of(table, EPOCH) == concluded
    assert list(ledger_runs.unconcluded_runs(table)) == []
    with pytest.raises(Refused, match="no run nobody"):
        ledger_runs.conclude_run(table, Epoch("nobody", 1), "failed", ended=AT, by="x")
    with pytest.raises(InvalidValue, match="'running'"):
        ledger_runs.conclude_run(table, EPOCH, "running", ended=AT, by="x")


def test_a_conclusion_nobody_was_told_of_stays_open(table: Table) -> None:
    """Until it is forgotten on purpose, which may happen twice; a resume need not wait for it."""
    ledger_runs.begin_run(table, RUN)
    assert ledger_runs.conclude_run(table, EPOCH, "failed", ended=AT, by="x", keep_open=True)
    assert [entry.epoch for entry in ledger_runs.unconcluded_runs(table)] == [EPOCH]
    assert ledger_runs.next_epoch(table, "r") == Epoch("r", 2)
    ledger_runs.forget_open(table, EPOCH)
    ledger_runs.forget_open(table, EPOCH)
    assert list(ledger_runs.unconcluded_runs(table)) == []


def test_of_two_resumes_at_once_one_begins_the_epoch(table: Table) -> None:
    """Both are given it, the first claims it however often it asks, the other is refused and told who was first."""
    ledger_runs.begin_run(table, RUN)
    ledger_runs.conclude_run(table, EPOCH, "failed", ended=AT, by="x")
    second = Epoch("r", 2)
    for launch in ("a", "b"):
        assert ledger_launches.epoch_of_resume(table, launch, "r") == second
        assert ledger_launches.resumed(table, launch, "r") == 0
    ledger_launches.claim_resume(table, "a", second, "s3://b/launch/a.json", AT)
    ledger_launches.claim_resume(table, "a", second, "s3://b/launch/a.json", AT)
    with pytest.raises(Refused, match=r"resumed already, as epoch 2, by s3://b/launch/a\.json since 2026-01-01T00:00"):
        ledger_launches.claim_resume(table, "b", second, "s3://b/launch/b.json", AT)
    assert (ledger_launches.resumed(table, "a", "r"), ledger_launches.resumed(table, "b", "r")) == (2, 0)


def test_a_resume_that_began_nothing_does_not_block_the_next(table: Table) -> None:
    """After a quarter of an hour another may have the epoch, but for one that has begun."""
    ledger_runs.begin_run(table, RUN)
    ledger_runs.conclude_run(table, EPOCH, "failed", ended=AT, by="x")
    second = Epoch("r", 2)
    ledger_launches.claim_resume(table, "a", second, "a.json", AT)
    with pytest.raises(Refused):
        ledger_launches.claim_resume(table, "b", second, "b.json", "2026-01-01T00:14:00.000Z")
    ledger_launches.claim_resume(table, "b", second, "b.json", "2026-01-01T00:16:00.000Z")
    with pytest.raises(Refused, match=r"by b\.json"):
        ledger_launches.claim_resume(table, "a", second, "a.json", "2026-01-01T00:16:00.000Z")
    ledger_runs.begin_run(table, replace(RUN, epoch=second, execution="execution-2"))
    with pytest.raises(Refused, match=r"by b\.json"):
        ledger_launches.claim_resume(table, "a", second, "a.json", "2026-01-02T00:00:00.000Z")


def test_a_resume_waits_for_the_conclusion(table: Table) -> None:
    """The next epoch exists when the last is concluded; beginning it before is refused as well."""
    with pytest.raises(Refused, match="no run r to resume"):
        ledger_runs.next_epoch(table, "r")
    ledger_runs.begin_run(table, RUN)
    second = replace(RUN, epoch=Epoch("r", 2), execution="execution-2")
    for state in ("running", "closing"):
        with pytest.raises(Refused, match=f"epoch 1 is {state}"):
            ledger_runs.next_epoch(table, "r")
        with pytest.raises(Refused, match=f"epoch 1 is {state}"):
            ledger_runs.begin_run(table, second)
        ledger_runs.close_run(table, EPOCH, "why")
    ledger_runs.conclude_run(table, EPOCH, "failed", ended=AT, by="x")
    assert ledger_runs.next_epoch(table, "r") == Epoch("r", 2)
    assert ledger_runs.begin_run(table, second) == ledger_runs.begin_run(table, second) == second
    assert ledger_runs.latest_run(table, "r") == second
    with pytest.raises(Refused, match="epoch 2 is running"):
        ledger_runs.next_epoch(table, "r")
    with pytest.raises(Refused, match="no earlier epoch"):
        ledger_runs.begin_run(table, replace(RUN, epoch=Epoch("other", 2)))


def test_sweeps_count_clean_ones_in_a_row(table: Table) -> None:
    """A sweep that finds a job starts again from 0; a concluded run keeps its count."""
    ledger_runs.begin_run(table, RUN)
    found = [ledger_runs.count_sweep(table, EPOCH, clean=clean) for clean in (True, False, True, True)]
    assert found == [1, 0, 1, 2]
    ledger_runs.conclude_run(table, EPOCH, "cancelled", ended=AT, by="schedule")
    assert ledger_runs.count_sweep(table, EPOCH, clean=True) == 2


def test_runs_are_listed_newest_first(table: Table) -> None:
    """By start, found by prefix, read in one go, over more than one page of the list."""
    records = [
        RunRecord(Epoch(f"{'ab'[n % 2]}{n}", 1), f"e{n}", f"2026-01-{n + 1:02d}T00:00:00.000Z") for n in range(12)
    ]
    for record in reversed(records):
        ledger_runs.begin_run(table, record)
    entries = list(ledger_runs.runs(table))
    assert [entry.epoch for entry in entries] == [record.epoch for record in reversed(records)]
    assert ledger_runs.read_runs(table, entries) == records[::-1]
    assert [entry.epoch.run for entry in ledger_runs.runs(table, "b1")] == ["b11", "b1"]
    assert next(ledger_runs.runs(table)).epoch.run == "b11"


def test_a_teams_runs_are_listed_by_themselves_too(table: Table) -> None:
    """The list of all runs has everybody's, a team's its own; beginning again lists nothing twice."""
    for number, run in enumerate(["genomics-a", "proteomics-b", "genomics-c", "d"]):
        tenant = run.partition("-")[0] if "-" in run else ""
        record = RunRecord(Epoch(run, 1), f"e-{run}", f"2026-01-0{number + 1}T00:00:00.000Z", tenant=tenant)
        assert ledger_runs.begin_run(table, record).tenant == tenant
        ledger_runs.begin_run(table, record)

    def listed(tenant: str) -> list[str]:
        return [entry.epoch.run for entry in ledger_runs.runs(table, tenant=tenant)]

    assert listed("") == ["d", "genomics-c", "proteomics-b", "genomics-a"]
    assert listed("genomics") == ["genomics-c", "genomics-a"]
    assert listed("nobody") == []


def test_a_run_of_another_format_is_listed_and_not_touched(table: Table) -> None:
    """Whoever would read, resume or begin it again is refused with its name; the list shows it."""
    later = replace(RUN, format=2)
    ledger_runs.begin_run(table, later)
    [entry] = ledger_runs.runs(table)
    assert ledger_runs.read_runs(table, [entry]) == [later]
    before = items(table)
    for touch in (ledger_runs.read_run, ledger_runs.run_of):
        with pytest.raises(Refused, match="run r, epoch 1 is written in format 2, this Headrace reads 1: deploy"):
            touch(table, EPOCH)
    with pytest.raises(Refused, match="format 2"):
        ledger_runs.begin_run(table, RUN)
    with pytest.raises(Refused, match="format 2"):
        ledger_runs.next_epoch(table, "r")
    assert items(table) == before


# ---------------------------------------------------------------------------------------------------- tasks
def test_a_task_is_committed_once(table: Table) -> None:
    """The record and the counts are one write; a second commit, also with another status, changes nothing."""
    opens = [("A", 1), ("B[sample=a]", 64)]
    assert ledger.commit(table, EPOCH, done("a"), opens) == ledger.Committed(done("a"), first=True)
    before = items(table)
    assert ledger.commit(table, EPOCH, done("a", "failed"), opens) == ledger.Committed(done("a"), first=False)
    assert items(table) == before
    assert count_of(table, "A") == count_of(table, "B[sample=a]") == (1, 0)
    assert ledger.read_task(table, EPOCH, "a") == done("a")
    assert ledger.read_task(table, Epoch("r", 2), "a") is None


def test_a_failed_task_counts_nowhere(table: Table) -> None:
    """Its record is there, its latches are untouched."""
    ledger.commit(table, EPOCH, done("a", "failed"), [("A", 1)])
    assert count_of(table, "A") == (0, 0)
    assert ledger.read_task(table, EPOCH, "a") == done("a", "failed")


def test_an_expansion_adds_and_counts_at_once(table: Table, tokens: Tokens) -> None:
    """One write: n to `added`, 1 to `count`, once."""
    expansion = done("~x", "expanded")
    for first in (True, False):
        settled = settle(table, tokens, expansion, ("A", 16), ("B", 16), adds={"A": (3, 16), "B": (0, 16)})
        assert settled == gates.Settled(expansion, first, ())
    assert count_of(table, "A") == (1, 3)
    assert count_of(table, "B") == (1, 0)


def test_99_latches_fit_one_transaction(table: Table) -> None:
    """A record and 99 latches are the 100 actions DynamoDB takes; one more is refused before anything is written."""
    with pytest.raises(InvalidValue, match="counts on 100 latches"):
        ledger.commit(table, EPOCH, done("a"), [(f"L{n}", 1) for n in range(100)])
    assert items(table) == []
    assert ledger.commit(table, EPOCH, done("a"), [(f"L{n}", 1) for n in range(99)]).first
    assert len(items(table)) == 100


def test_tasks_are_read_by_id_prefix_and_all(table: Table) -> None:
    """250 ids in three calls, a process without its namesakes, a partial key, everything; missing ones are left out."""
    tasks = [f"call[sample=s{n // 10},chrom=c{n % 10}]" for n in range(120)] + ["call", "caller[sample=s1]", "call.x"]
    for task in tasks:
        ledger.commit(table, EPOCH, done(task), [])
    ledger.commit(table, Epoch("r", 11), done("call[sample=later]"), [])
    wanted = tasks + [f"nothing{n}" for n in range(127)]
    assert set(ledger.read_tasks(table, EPOCH, wanted)) == set(tasks)
    assert set(ledger.tasks_of(table, EPOCH, "call")) == set(tasks[:121])
    assert len(ledger.tasks_with(table, EPOCH, "call[sample=s3,")) == 10
    assert list(ledger.tasks_with(table, EPOCH)) == sorted(tasks)
    assert ledger.tasks_of(table, EPOCH, "nothing") == {}


def test_reading_goes_on_after_a_page(table: Table) -> None:
    """A partition longer than DynamoDB's 1 MB page is read whole."""
    part = names.record_partition("t0")
    same = [task for task in (f"t{n}" for n in range(900)) if names.record_partition(task) == part][:45]
    for task in same:
        ledger.commit(table, EPOCH, replace(done(task), inline={"v": "x" * 32_000}), [])
    assert set(ledger.tasks_with(table, EPOCH)) == set(same)
    assert set(ledger.read_tasks(table, EPOCH, same)) == set(same)


def test_attempts_are_recorded_once_and_completed(table: Table) -> None:
    """The first submission on record stands; what becomes known is added; after its end nothing changes."""
    first = AttemptRecord("a[k=1]", 1, AT, job_name="hr-1", queue="q")
    assert ledger.put_attempt(table, EPOCH, first) == first
    assert ledger.put_attempt(table, EPOCH, replace(first, queue="other")) == first
    assert ledger.note_attempt(table, EPOCH, replace(first, at="later", job_name="", job="job-1", started=AT))
    ended = replace(first, job="job-1", started=AT, ended=AT, exit_code=0, log="stream")
    assert ledger.note_attempt(table, EPOCH, ended)
    assert not ledger.note_attempt(table, EPOCH, replace(ended, exit_code=137, failure="out-of-memory"))
    assert ledger.note_attempt(table, EPOCH, AttemptRecord("a[k=1]", 2, AT, job="job-2"))
    ledger.put_attempt(table, EPOCH, AttemptRecord("a", 1, AT))
    second = AttemptRecord("a[k=1]", 2, AT, job="job-2")
    assert ledger.attempts_of(table, EPOCH, "a[k=1]") == [ended, second]
    assert ledger.all_attempts(table, EPOCH) == {"a": [AttemptRecord("a", 1, AT)], "a[k=1]": [ended, second]}


def test_a_job_definition_is_remembered(table: Table) -> None:
    """The first ARN of a content stands for everybody, until it is found gone from Batch."""
    assert ledger.job_definition(table, "hash") == ""
    assert ledger.put_job_definition(table, "hash", "arn:1") == "arn:1"
    assert ledger.put_job_definition(table, "hash", "arn:2") == "arn:1"
    assert ledger.put_job_definition(table, "hash", "arn:3", instead_of="arn:1") == "arn:3"
    assert ledger.put_job_definition(table, "hash", "arn:4", instead_of="arn:1") == "arn:3"
    assert ledger.job_definition(table, "hash") == "arn:3"


# ---------------------------------------------------------------------------------------------------- gates
def wait(table: Table, tokens: Tokens, task: str, token: str = "", tries: int = 0, **waits: int) -> str:
    """An AwaitInputs."""
    return gates.await_inputs(table, EPOCH, Waiter(task, token or task, tries, waits), send=tokens)


def test_a_gate_opens_with_its_last_input(table: Table, tokens: Tokens) -> None:
    """Waiting for two, let go by the second, with nothing left behind."""
    ledger_runs.begin_run(table, RUN)
    assert wait(table, tokens, "z", A=1, B=2) == "waiting"
    settle(table, tokens, done("a"), ("A", 1))
    settle(table, tokens, done("b1"), ("B", 4))
    assert tokens.sent == {}
    settle(table, tokens, done("b2"), ("B", 4))
    assert tokens.sent == {"z": "ready"}
    assert not [item for item in items(table) if "token" in item]


def test_a_gate_that_is_open_resumes_at_once(table: Table, tokens: Tokens) -> None:
    """All inputs are there before the task comes: it goes by itself, also through a latch of several shards."""
    ledger_runs.begin_run(table, RUN)
    for n in range(5):
        settle(table, tokens, done(f"a{n}"), ("A", 3))
    assert wait(table, tokens, "z", A=5) == "ready"
    assert tokens.sent == {"z": "ready"}
    assert not [item for item in items(table) if "token" in item]


def test_a_later_try_has_the_fresher_token(table: Table, tokens: Tokens) -> None:
    """The hour's retry overwrites; a slow earlier try does not, and says that it is stale."""
    ledger_runs.begin_run(table, RUN)
    assert wait(table, tokens, "z", "old", 0, A=1) == "waiting"
    assert wait(table, tokens, "z", "new", 1, A=1) == "waiting"
    assert wait(table, tokens, "z", "old", 0, A=1) == "stale"
    settle(table, tokens, done("a"), ("A", 1))
    assert tokens.sent == {"new": "ready"}


def test_a_turn_comes_in_order(table: Table, tokens: Tokens) -> None:
    """MaxForks 1: each completion lets exactly the next one go."""
    ledger_runs.begin_run(table, RUN)
    for n in (3, 1, 2):
        waiter = Waiter(f"t{n}", f"t{n}", 0, {}, ("T", n))
        assert gates.await_inputs(table, EPOCH, waiter, send=tokens) == "waiting"
    for n in (1, 2, 3):
        settle(table, tokens, done(f"d{n}"), ("T", 1))
        assert list(tokens.sent) == [f"t{m}" for m in range(1, n + 1)]


def test_a_closing_run_lets_everybody_go(table: Table, tokens: Tokens) -> None:
    """Who waits, who comes later, and who had no run: cancelled, cancelled, refused."""
    ledger_runs.begin_run(table, RUN)
    for n in range(20):
        assert wait(table, tokens, f"z{n}", A=1) == "waiting"
    assert gates.close(table, EPOCH, "a failed", send=tokens, remaining_ms=ample) == ()
    assert tokens.sent == {f"z{n}": "cancelled" for n in range(20)}
    assert wait(table, tokens, "late", A=1) == "cancelled"
    assert tokens.sent["late"] == "cancelled"
    assert not [item for item in items(table) if "token" in item]
    with pytest.raises(Refused, match="no run nobody"):
        gates.await_inputs(table, Epoch("nobody", 1), Waiter("z", "t", 0, {"A": 1}), send=tokens)


def test_waiters_of_another_epoch_are_not_touched(table: Table, tokens: Tokens) -> None:
    """Latches, waiters and records are an epoch's own."""
    ledger_runs.begin_run(table, RUN)
    wait(table, tokens, "z", A=1)
    gates.settle(table, Epoch("r", 2), done("a"), [("A", 1)], send=tokens, remaining_ms=ample)
    assert tokens.sent == {}


def test_a_release_without_time_hands_the_rest_on(
    table: Table, tokens: Tokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It always does one page and says where to go on; following the points releases everybody exactly once."""
    monkeypatch.setattr(gates, "_PAGE", 10)
    ledger_runs.begin_run(table, RUN)
    for n in range(25):
        wait(table, tokens, f"z{n}", A=1)
    settled = gates.settle(table, EPOCH, done("a"), [("A", 1), ("B", 1)], send=tokens, remaining_ms=lambda: 0)
    left, rounds = settled.left, 1
    assert len(tokens.sent) == 10
    assert left[0][0] == "A"
    assert left[1:] == (("B", ""),)
    while left:
        left = gates.release(table, EPOCH, left, send=tokens, remaining_ms=lambda: 0)
        rounds += 1
    assert set(tokens.sent.values()) == {"ready"}
    assert len(tokens.sent) == 25
    assert rounds <= 5


def test_a_release_of_all_without_time_hands_the_rest_on(table: Table, tokens: Tokens) -> None:
    """The same for a closing run, over its 16 partitions."""
    ledger_runs.begin_run(table, RUN)
    for n in range(40):
        wait(table, tokens, f"z{n}", A=1)
    left, rounds = gates.close(table, EPOCH, "why", send=tokens, remaining_ms=lambda: 0), 1
    assert 0 < len(tokens.sent) < 40
    while left:
        left = gates.release_all(table, EPOCH, left, send=tokens, remaining_ms=lambda: 0)
        rounds += 1
    assert len(tokens.sent) == 40
    assert rounds <= 17


def test_failures_are_put_up_with_as_often_as_allowed_and_counted_once(table: Table) -> None:
    """The nth passes however often it is told, the one beyond does not, nor does any after it."""

    def bear(task: str, most: int, n: int = 1) -> bool:
        return ledger.bear_failure(table, EPOCH, "p", task, n, most)

    assert not bear("p[a]", 0)
    assert [bear("p[a]", 2), bear("p[a]", 2), bear("p[b]", 2), bear("p[a]", 2)] == [True] * 4
    assert [bear("p[c]", 2), bear("p[a]", 2, n=2), bear("p[c]", 2)] == [False] * 3
    assert bear("p[c]", 3)
    assert ledger.bear_failure(table, EPOCH, "q", "p[c]", 1, 1)
    assert ledger.bear_failure(table, Epoch("r", 2), "p", "p[c]", 1, 1)


def test_a_run_knows_whether_it_was_stopped_before(table: Table) -> None:
    """An earlier epoch alone counts."""
    ledger_runs.begin_run(table, RUN)
    ledger_runs.conclude_run(table, EPOCH, "stopped", ended=AT, by="x")
    assert not ledger_runs.stopped_before(table, EPOCH)
    assert ledger_runs.stopped_before(table, Epoch("r", 3))
    assert not ledger_runs.stopped_before(table, Epoch("q", 3))


def test_a_used_token_is_forgotten(table: Table, tokens: Tokens) -> None:
    """A waiter whose state is over is deleted by the next release that meets it, and nobody is resumed."""
    ledger_runs.begin_run(table, RUN)
    wait(table, tokens, "z", A=1)
    tokens.sent["z"] = "timed out"
    settle(table, tokens, done("a"), ("A", 1))
    assert tokens.sent == {"z": "timed out"}
    assert not [item for item in items(table) if "token" in item]


# ---------------------------------------------------------------------------------------------------- a busy table
class Busy:
    """A client that answers the first calls with errors, then lets the rest through."""

    def __init__(self, client: Any, errors: list[Exception]) -> None:
        self.client, self.errors = client, errors

    def __getattr__(self, operation: str) -> Any:
        def call(**request: Any) -> Any:
            if self.errors:
                raise self.errors.pop(0)
            return getattr(self.client, operation)(**request)

        return call


def cancelled(*codes: str) -> ClientError:
    """A cancelled transaction, for these reasons."""
    reasons = [{"Code": code} for code in codes]
    error = {"Error": {"Code": "TransactionCanceledException", "Message": ""}, "CancellationReasons": reasons}
    return ClientError(error, "TransactWriteItems")


def test_a_conflict_is_tried_again_and_is_not_already_done(table: Table) -> None:
    """Another transaction on the same latch is waited for, with growing jittered pauses, and then the task is committed."""
    pauses: list[float] = []
    errors: list[Exception] = [
        cancelled("None", "TransactionConflict"),
        cancelled("TransactionConflict", "ThrottlingError"),
        ClientError({"Error": {"Code": "TransactionInProgressException", "Message": ""}}, "TransactWriteItems"),
    ]
    busy = replace(table, client=Busy(table.client, errors), sleep=pauses.append, roll=lambda: 1.0)
    assert ledger.commit(busy, EPOCH, done("a"), [("A", 1)]).first
    assert pauses == [0.025, 0.05, 0.1]
    assert count_of(table, "A") == (1, 0)


def test_already_done_wins_over_a_conflict(table: Table) -> None:
    """A record that exists decides, whatever else was in the way."""
    reasons = [{"Code": "ConditionalCheckFailed", "Item": {"sk": {"S": "a"}, "status": {"S": "cached"}}}]
    error = cancelled("x", "TransactionConflict")
    error.response["CancellationReasons"][:1] = reasons
    busy = replace(table, client=Busy(table.client, [error]))
    assert ledger.commit(busy, EPOCH, done("a"), [("A", 1)]) == ledger.Committed(
        TaskRecord("a", "cached", ""), first=False
    )
    assert items(table) == []


def test_a_conflict_without_end_is_an_error(table: Table) -> None:
    """The tries are bounded; what is no conflict is not tried again."""
    errors: list[Exception] = [cancelled("TransactionConflict")] * 50
    busy = Busy(table.client, errors)
    with pytest.raises(ClientError, match="TransactionCanceled"):
        ledger.commit(replace(table, client=busy), EPOCH, done("a"), [])
    assert len(errors) == 38
    errors[:] = [cancelled("ValidationError"), cancelled("None")]
    with pytest.raises(ClientError):
        ledger.commit(replace(table, client=busy), EPOCH, done("a"), [])
    assert len(errors) == 1
    assert items(table) == []


def test_a_single_write_waits_for_a_transaction(table: Table) -> None:
    """Closing a run while somebody concludes another of its items is tried again."""
    ledger_runs.begin_run(table, RUN)
    conflict = ClientError({"Error": {"Code": "TransactionConflictException", "Message": ""}}, "UpdateItem")
    busy = replace(table, client=Busy(table.client, [conflict]))
    assert ledger_runs.close_run(busy, EPOCH, "why").state == "closing"


def test_keys_left_out_of_a_batch_are_asked_for_again(table: Table) -> None:
    """BatchGetItem may answer a part; the rest follows."""
    tasks = [f"t{n}" for n in range(7)]
    for task in tasks:
        ledger.commit(table, EPOCH, done(task), [])

    class Stingy:
        """DynamoDB on a bad day."""

        def batch_get_item(self, RequestItems: dict[str, Any]) -> Any:  # noqa: N803 - boto3's name
            (name, wanted), *_ = RequestItems.items()
            few, rest = wanted["Keys"][:2], wanted["Keys"][2:]
            answer = table.client.batch_get_item(RequestItems={name: {**wanted, "Keys": few}})
            return answer | {"UnprocessedKeys": {name: {**wanted, "Keys": rest}} if rest else {}}

    keys = [ledger_keys.task(EPOCH, task) for task in [*tasks, *tasks, "missing"]]
    assert {key.sk for key in get_many(replace(table, client=Stingy()), keys)} == set(tasks)


def test_reads_in_threads_give_the_same(table: Table) -> None:
    """The default way of doing several things at once keeps the order and loses nothing."""
    for n in range(40):
        ledger.commit(table, EPOCH, done(f"t{n}"), [])
    threaded = Table(table.client, table.name)
    assert ledger.tasks_with(threaded, EPOCH) == ledger.tasks_with(table, EPOCH)
    assert len(ledger.tasks_with(threaded, EPOCH)) == 40
