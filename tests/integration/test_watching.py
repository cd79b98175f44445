"""watch_jobs against an account as plain data: what a sweep asks, what it concludes, remembers, tells and does."""

import io
import json
from dataclasses import replace

import pytest
from tests.support.fake_account import MINUTE, Account, iso

from headrace.aws import (
    ledger,
    ledger_runs,
    ledger_watch,
    observability,
    stuck_acting,
    stuck_alerts,
    watch_looking,
    watching,
)
from headrace.core.records import Epoch, TaskRecord
from headrace.core.stuck_limits import Limits


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Account:
    """An account with the queue `default` over one environment of 64 vCPUs, and the run `r`."""
    account = Account()
    for module in (watching, watch_looking, stuck_acting, stuck_alerts):
        monkeypatch.setattr(module, "client", account.client)
    monkeypatch.setattr(observability.metrics, "add_metric", lambda **_: None)
    account.queue()
    account.run()
    return account


def test_a_job_too_big_for_its_queue_is_told_once(account: Account):
    """At the second sweep that finds Batch's firm reason, not again while it lasts."""
    job = account.job(
        statusReason="MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE - CE(s) cannot meet it.", vcpus=96
    )
    account.sweep(minutes=5)
    assert account.told() == []
    account.sweep(times=7, minutes=5)
    (told,) = account.told()
    assert (told["code"], told["queue"], told["jobs"], told["exampleJob"]) == ("max-vcpus", "default", 1, job)
    assert "96 vCPUs" in told["cause"]
    assert "maxvCpus is 64" in told["cause"]
    assert told["since"] == iso(account.now_ms - 40 * MINUTE)


def test_scaling_from_zero_is_no_alert(account: Account):
    """Batch's soft reason for four minutes, then the job runs."""
    job = account.job(statusReason="MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT - higher than can be met")
    account.sweep(minutes=2)
    account.sweep(minutes=2)
    account.start(job)
    account.sweep(times=30, minutes=5)
    assert account.told() == []
    assert account.live()[0].memory.code == ""


def test_five_hundred_jobs_behind_eight_vcpus_are_busy(account: Account):
    """Nobody hears of it, whatever the hours, and no job but the oldest is described."""
    account.environment("spot", resources={"maxvCpus": 8, "desiredvCpus": 8})
    for _ in range(8):
        account.start(account.job())
    for _ in range(492):
        account.job()
    account.sweep(minutes=30, times=20)
    assert account.told() == []
    assert account.calls["describe_jobs"] <= 20
    assert account.calls["describe_scaling_activities"] == 0


def test_instances_that_never_register(account: Account):
    """The environment wants machines, and ECS has none."""
    account.environment("spot", resources={"desiredvCpus": 16})
    account.job()
    account.job()
    account.sweep(minutes=5, times=8)
    (told,) = account.told()
    assert (told["code"], told["jobs"]) == ("never-registered", 2)


def test_next_queue_ends_the_job_with_a_word_settling_knows(account: Account):
    """Only where the ladder has a further queue, and once."""
    limits = Limits(runnable_s=1800, action="next-queue", further=1)
    moved = account.job(limits=limits, statusReason="CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY - none of m5")
    last = account.job(limits=Limits(runnable_s=1800, action="next-queue"))
    account.sweep(minutes=5, times=5)
    assert account.ended == {}
    account.sweep(minutes=5, times=4)
    assert list(account.ended) == [moved]
    assert account.ended[moved].startswith("headrace stuck: AWS has no capacity")
    assert account.jobs[last]["status"] == "RUNNABLE"


def test_a_forgotten_job_is_given_up(account: Account):
    """settle_task records the failure, then the child execution is stopped."""
    job = account.job("RUNNING")
    account.start(job)
    account.sweep(minutes=5)
    watching.take(account.watcher, {"Records": [_event(account, job, "RUNNING")]})
    del account.jobs[job]
    account.sweep(minutes=5, times=6)
    (asked, *_) = account.invoked
    assert asked["error"]["Error"] == "JobLost"
    assert "does not know its job" in asked["error"]["Cause"]


def blocked(account: Account, job: str) -> dict[str, str]:
    """The message of a `Batch Job Queue Blocked` event."""
    return _event(account, job, "RUNNABLE", kind="Batch Job Queue Blocked")


def test_the_account_is_asked_little(account: Account):
    """A queue that works is listed, once per state, and its snapshot read: no machine, no launch, no job is looked at."""
    account.environment("spot", resources={"maxvCpus": 8, "desiredvCpus": 8})
    account.start(account.job())
    account.job()
    account.calls.clear()
    account.sweep(minutes=20)
    asked = {name: times for name, times in account.calls.items() if "item" not in name and name != "query"}
    assert asked == {
        "describe_job_queues": 1,
        "describe_compute_environments": 1,
        "list_jobs": 5,
        "get_job_queue_snapshot": 1,
    }


def test_ten_queues_are_asked_about_at_once(account: Account):
    """Queues and environments in one call each; launches once, whatever the number of queues that stand still."""
    for number in range(10):
        account.environment(f"e{number}")
        account.queue(f"q{number}", f"e{number}")
        account.job(queue=f"q{number}")
    account.now_ms += 40 * MINUTE
    account.calls.clear()
    account.sweep()
    assert account.calls["describe_job_queues"] == account.calls["describe_compute_environments"] == 1
    assert account.calls["describe_scaling_activities"] == 1
    assert account.calls["get_job_queue_snapshot"] == account.calls["list_container_instances"] == 10
    assert account.calls["describe_jobs"] == 10


def test_idle_costs_two_reads(account: Account):
    """No run goes on: nothing of Batch is asked."""
    ledger_runs.forget_open(account.table, Epoch("r", 1))
    account.calls.clear()
    account.sweep()
    assert account.calls == {"query": 2}


@pytest.mark.parametrize(
    "operation", ["describe_job_queues", "describe_compute_environments", "list_jobs", "describe_jobs"]
)
def test_throttling_gives_up_politely(account: Account, operation: str):
    """What was not answered changes nothing: no alert, no recovery, and the next sweep goes on from where it was."""
    account.job(statusReason="MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE - no", vcpus=96)
    account.sweep(minutes=5, times=3)
    assert len(account.told()) == 1
    account.refuse.add(operation)
    assert account.sweep(minutes=5, times=6)["queues"] == 0
    assert account.told("Job Recovered") == []
    account.refuse.clear()
    account.sweep(minutes=5, times=3)
    assert (len(account.told()), account.told("Job Recovered")) == (1, [])


@pytest.mark.parametrize(
    "operation", ["describe_scaling_activities", "list_container_instances", "describe_instance_types"]
)
def test_what_may_not_be_known_stops_nothing(account: Account, operation: str):
    """A policy, a region, a queue of somebody else: then less is said."""
    account.snapshots = False
    account.refuse.add(operation)
    account.job()
    account.sweep(minutes=10, times=9)
    assert [each["code"] for each in account.told()] == ["undetermined"]


def test_a_sweep_without_time_leaves_the_rest_to_the_next(account: Account):
    """And the queue that was left is the first then."""
    account.queue("other", account.environment("e2"))
    account.job()
    account.job(queue="other")
    account.remaining_ms = 10_000
    assert account.sweep(minutes=5) == {"queues": 0, "left": 2}
    account.remaining_ms = 280_000
    assert account.sweep(minutes=5) == {"queues": 2, "left": 0}


def test_a_schedule_that_fires_twice_counts_once(account: Account):
    """EventBridge delivers at least once; two looks at one moment are one observation."""
    account.job(statusReason="MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE - no", vcpus=96)
    account.sweep(minutes=5)
    account.sweep()
    account.sweep(minutes=-3)
    assert account.live()[0].memory.dwell.times == 1


def test_jobs_of_others_are_no_business_of_ours(account: Account):
    """Whatever they suffer from, in the same queue: another stack's runs are not in this ledger."""
    account.job(
        run="elsewhere", live=False, statusReason="MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE - no", vcpus=96
    )
    account.job(foreign=True, statusReason="UNDETERMINED - x")
    account.sweep(minutes=30, times=10)
    assert (account.told(), account.ended) == ([], {})


def test_behind_somebody_elses_blocked_job(account: Account):
    """It is told what is in the way, at our own patience."""
    account.job(foreign=True, statusReason="MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE - no", vcpus=96)
    account.job()
    account.sweep(minutes=5, times=11)
    assert account.told() == []
    account.sweep(minutes=5)
    (told,) = account.told()
    assert (told["code"], told["jobs"]) == ("max-vcpus", 1)
    assert "somebody else" in told["cause"]


def test_a_paused_queue_is_shown_and_not_told(account: Account):
    """Switched off on purpose; a process with a limit of its own says otherwise."""
    account.queue(state="DISABLED")
    account.job()
    account.sweep(minutes=30, times=10)
    assert account.told() == []
    (episode,) = ledger_watch.episodes(account.table)
    assert (episode.code, episode.told_ms) == ("queue-disabled", 0)
    account.job(limits=Limits(runnable_s=900))
    account.sweep(minutes=5, times=4)
    assert [each["code"] for each in account.told()] == ["queue-disabled"]


def test_recovery_is_told_once(account: Account):
    """When two sweeps have not found the cause."""
    account.environment("spot", status="INVALID", statusReason="CLIENT_ERROR - no role")
    job = account.job()
    account.sweep(minutes=5, times=4)
    assert [each["code"] for each in account.told()] == ["environment-invalid"]
    account.environment("spot")
    account.start(job)
    account.sweep(minutes=5)
    assert account.told("Job Recovered") == []
    account.sweep(minutes=5, times=5)
    (told,) = account.told("Job Recovered")
    assert (told["code"], told["queue"]) == ("environment-invalid", "default")
    assert ledger_watch.episodes(account.table) == []


def test_what_the_bus_does_not_take_is_told_by_the_next_sweep(account: Account):
    """And then once."""
    account.environment("spot", status="INVALID", statusReason="no")
    account.job()
    account.refuse.add("put_events")
    account.sweep(minutes=5, times=4)
    account.refuse.clear()
    account.sweep(minutes=5, times=4)
    assert len(account.told()) == 1
    account.environment("spot")
    account.refuse.add("put_events")
    account.sweep(minutes=5, times=3)
    account.refuse.clear()
    account.sweep(minutes=5, times=3)
    assert len(account.told("Job Recovered")) == 1


def test_whoever_dies_before_it_told_tells_it_again(account: Account):
    """The same invocation, tried again by Lambda; another one does not."""
    account.environment("spot", status="INVALID", statusReason="no")
    account.job()
    account.sweep(minutes=5)
    (episode,) = ledger_watch.episodes(account.table)
    before = account.now_ms
    account.now_ms += 10 * MINUTE
    assert ledger_watch.note_told(account.table, episode, account.now_ms, "died")
    for by, times in (("other", 0), ("died", 1)):
        # The one that died had not come so far as to note that the queue was swept.
        watched = ledger_watch.watched_queues(account.table)["arn:aws:batch:eu-west-1:123456789012:job-queue/default"]
        ledger_watch.keep_watched(account.table, replace(watched, swept_ms=before))
        account.sweep(by=by)
        assert len(account.told()) == times
    account.sweep(minutes=5, times=4)
    assert len(account.told()) == 1


def test_starting_that_hangs(account: Account):
    """Half an hour from the first sweep that saw it, however long it had waited before; forty minutes of sixty are fine."""
    slow = account.job("STARTING", limits=Limits(starting_s=3600))
    hangs = account.job("STARTING")
    account.sweep(minutes=5, times=7)
    (told,) = account.told()
    assert (told["code"], told["jobs"], told["exampleJob"]) == ("start-hangs", 2, hangs)
    account.start(slow)
    account.start(hangs)
    account.sweep(minutes=5, times=2)
    assert len(account.told("Job Recovered")) == 1


def test_a_silent_job(account: Account):
    """Its log has not grown for an hour, not even by the line of each minute; asked for twice an hour."""
    job = account.job()
    account.start(job)
    account.sweep(minutes=5, times=24)
    assert account.told() == []
    assert account.calls["get_log_events"] <= 4
    account.silence(job)
    account.sweep(minutes=5, times=20)
    (told,) = account.told()
    assert (told["code"], told["state"]) == ("silent", "RUNNING")


def test_an_idle_job(account: Account):
    """It writes its line a minute, and uses no CPU for four hours."""
    job = account.job()
    account.start(job)
    account.sweep(minutes=30, times=12)
    assert account.told() == []
    account.doze(job)
    account.sweep(minutes=30, times=8)
    assert account.told() == []
    account.sweep(minutes=30, times=4)
    assert [each["code"] for each in account.told()] == ["idle"]


def test_a_log_elsewhere_is_not_looked_at(account: Account):
    """It may be anywhere, and we may not read it, also when an event has told its stream."""
    options = {"logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "theirs"}}}
    job = account.job(container=options)
    account.start(job)
    watching.take(account.watcher, {"Records": [_event(account, job, "RUNNING")]})
    account.silence(job)
    account.sweep(minutes=30, times=10)
    assert account.live()[0].stream == f"stream/{job}"
    assert (account.told(), account.calls["get_log_events"]) == ([], 0)


def test_a_retry_of_batch_begins_to_wait_anew(account: Account):
    """RUNNING for hours, host lost, RUNNABLE again: created long ago, waiting for a minute."""
    job = account.job()
    account.start(job)
    account.sweep(minutes=120)
    account.jobs[job] |= {
        "status": "RUNNABLE",
        "statusReason": "Host EC2 (instance i-0a1b2c3d) terminated.",
        "attempts": [{"startedAt": account.now_ms - 9, "stoppedAt": account.now_ms, "container": {}}],
    }
    account.sweep(minutes=15, times=3)
    assert account.told() == []
    account.sweep(minutes=15)
    assert [each["code"] for each in account.told()] == ["undetermined"]


def test_a_lost_job_ends_in_the_ledger_first(account: Account):
    """settle_task is asked until the task has its record; then its child execution is stopped, and nobody waits any more."""
    job = account.job(task="t[n=1]")
    watching.take(account.watcher, {"Records": [_event(account, job, "RUNNABLE")]})
    del account.jobs[job]
    account.sweep(minutes=5, times=8)
    assert account.stopped == []
    asked = account.invoked[0]
    assert (asked["task"]["id"], asked["failedState"], asked["scope"]) == ("t[n=1]", "JobLost", "")
    ledger.commit(account.table, Epoch("r", 1), TaskRecord("t[n=1]", "failed", iso(account.now_ms)), [])
    account.sweep(minutes=5)
    assert account.stopped == [f"arn:child:{job}"]
    assert account.live() == []


def test_jobs_that_nobody_asked_about_are_not_forgotten(account: Account):
    """Six hundred ended and wait to be settled: more than a sweep asks Batch about, which knows them all."""
    jobs = [account.job("RUNNING") for _ in range(600)]
    watching.take(account.watcher, {"Records": [_event(account, job, "RUNNING") for job in jobs]})
    for job in jobs:
        account.jobs[job] |= {"status": "SUCCEEDED"}
    account.sweep(minutes=15)
    account.sweep(minutes=5, times=8)
    assert (account.told(), account.invoked) == ([], [])


def test_jobs_whose_name_nobody_looked_up_were_submitted(account: Account):
    """Of none of them an event came, and each sweep looks up a few names only."""
    for _ in range(60):
        account.jobs[account.job("RUNNING")] |= {"status": "SUCCEEDED"}
    account.sweep(minutes=15, times=20)
    assert len(account.invoked) >= 50
    assert not [each for each in account.invoked if "no job of its name" in each["error"]["Cause"]]


def test_a_job_that_is_being_settled_is_not_lost(account: Account):
    """It ended between two sweeps, and its record goes in a moment."""
    job = account.job()
    account.start(job)
    account.sweep(minutes=15)
    account.jobs[job] |= {"status": "SUCCEEDED"}
    account.sweep(minutes=5)
    (live,) = account.live()
    ledger_watch.forget_live(account.table, live.epoch, live.task_hash, live.n)
    account.sweep(minutes=5, times=5)
    assert (account.told(), account.invoked) == ([], [])


def test_an_event_does_not_bring_back_what_is_over(account: Account):
    """The live view has records of jobs somebody waits for, and no others."""
    job = account.job()
    (live,) = account.live()
    message = _event(account, job, "RUNNING")
    assert watching.take(account.watcher, {"Records": [message, blocked(account, job)]}) == {"batchItemFailures": []}
    assert account.live()[0].state == "RUNNING"
    ledger_watch.forget_live(account.table, live.epoch, live.task_hash, live.n)
    watching.take(account.watcher, {"Records": [message]})
    assert account.live() == []


def test_what_is_no_event_goes_back(account: Account, capsys: pytest.CaptureFixture[str]):
    """Alone; the rest of the batch is taken. Nothing of any event's environment is logged."""
    job = account.job(container={"environment": [{"name": "TOKEN", "value": "hush"}]})
    records = [_event(account, job, "RUNNABLE"), {"messageId": "bad", "body": "{hush"}]
    assert watching.take(account.watcher, {"Records": records}) == {"batchItemFailures": [{"itemIdentifier": "bad"}]}
    assert account.live()[0].state == "RUNNABLE"
    assert "hush" not in capsys.readouterr().out


def _event(account: Account, job: str, status: str, *, kind: str = "Batch Job State Change") -> dict[str, str]:
    detail = {**account.jobs[job], "status": status}
    body = {"source": "aws.batch", "detail-type": kind, "time": iso(account.now_ms), "detail": detail}
    return {"messageId": f"m-{job}-{status}", "body": json.dumps(body)}


def test_what_is_done_to_a_job_is_logged_with_its_ids(account: Account, monkeypatch: pytest.MonkeyPatch):
    """A sweep looks at many jobs; the line about one names it, and the next line does not."""
    stream = io.StringIO()
    monkeypatch.setattr(observability.logger.registered_handler, "stream", stream)
    job = account.job(
        statusReason="MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE - CE(s) cannot meet it.",
        vcpus=96,
        limits=Limits(runnable_s=600, action="terminate"),
    )
    account.sweep(times=30, minutes=5)
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    (ended,) = [line for line in lines if line["message"] == "a stuck job was ended"]
    live = account.live()[0]
    assert (ended["run"], ended["epoch"], ended["task"], ended["job"]) == (live.epoch.run, 1, live.task, job)
    swept = [line for line in lines if line["message"] == "queue swept"]
    assert swept
    assert not [line for line in swept if "task" in line]
