"""watch_jobs against an account as plain data: what a sweep asks, what it concludes, remembers, tells and does."""

import pytest
from tests.support.fake_account import MINUTE, Account, iso

from headrace.aws import stuck_acting, stuck_alerts, watch_looking, watching
from headrace.core.stuck_limits import Limits


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Account:
    """An account with the queue `default` over one environment of 64 vCPUs, and the run `r`."""
    account = Account()
    for module in (watching, watch_looking, stuck_acting, stuck_alerts):
        monkeypatch.setattr(module, "client", account.client)
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


def _event(account: Account, job: str, status: str) -> dict[str, str]:
    import json

    detail = {**account.jobs[job], "status": status}
    body = {
        "source": "aws.batch",
        "detail-type": "Batch Job State Change",
        "time": iso(account.now_ms),
        "detail": detail,
    }
    return {"messageId": f"m-{job}-{status}", "body": json.dumps(body)}
