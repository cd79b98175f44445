"""Events of Batch may be lost, repeated and late: the verdicts are those of a world without any event."""

import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.support.fake_account import Account, iso

from headrace.aws import observability, stuck_acting, stuck_alerts, watch_looking, watching
from headrace.core.stuck_limits import Limits

REASONS = (
    "",
    "",
    "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT - too big",
    "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE - no",
    "UNDETERMINED - x",
)
MOVES = ("wait", "wait", "wait", "wait", "starting", "start", "start", "retry", "retry", "end", "silence", "vanish")
LIMITS = (
    Limits(),
    Limits(runnable_s=900, starting_s=900, action="terminate"),
    Limits(runnable_s=1800, action="next-queue", further=1),
)


@dataclass
class Story:
    """What happens to two jobs in twelve steps of some minutes, and how each of its events is delivered."""

    moves: list[tuple[int, str, str]]
    minutes: list[int]
    limits: list[int]
    deliveries: list[int] = field(default_factory=list)  # per event: steps of delay, one digit each; none: lost


# Batch takes a reason back, and the event of that is lost: whoever believes events still sees it.
TAKEN_BACK = Story(
    moves=[(0, "wait", REASONS[2]), *[(0, "wait", "")] * 11], minutes=[5] * 12, limits=[0, 0], deliveries=[1, *[0] * 39]
)
# The event of the first attempt's end comes after the second has begun to wait.
LATE = Story(
    moves=[(0, "start", ""), (0, "retry", ""), (0, "starting", ""), *[(0, "wait", "")] * 9],
    minutes=[5] * 12,
    limits=[1, 0],
    deliveries=[3, 2, 1, *[0] * 37],
)
stories = st.builds(
    Story,
    moves=st.lists(
        st.tuples(st.integers(0, 1), st.sampled_from(MOVES), st.sampled_from(REASONS)), min_size=12, max_size=12
    ),
    minutes=st.lists(st.integers(1, 25), min_size=12, max_size=12),
    limits=st.lists(st.integers(0, 2), min_size=2, max_size=2),
    deliveries=st.lists(st.sampled_from([0, 1, 2, 3]), min_size=40, max_size=40),
)


def message(account: Account, job: str, number: int) -> dict[str, Any]:
    """The event of a job as it is now."""
    known = account.jobs[job]
    blocked = known["status"] == "RUNNABLE" and known.get("statusReason", "").startswith(("MIS", "UND"))
    body = {
        "source": "aws.batch",
        "detail-type": "Batch Job Queue Blocked" if blocked else "Batch Job State Change",
        "time": iso(account.now_ms),
        "detail": json.loads(json.dumps(known)),
    }
    return {"messageId": str(number), "body": json.dumps(body)}


def move(account: Account, job: str, what: str, reason: str) -> bool:
    """One thing that happens to a job; whether it did."""
    known = account.jobs.get(job)
    if known is None or known["status"] in ("SUCCEEDED", "FAILED"):
        return False
    match what:
        case "wait" if known["status"] == "RUNNABLE":
            known["statusReason"] = reason
        case "starting" if known["status"] == "RUNNABLE":
            known["status"] = "STARTING"
        case "start" if known["status"] in ("RUNNABLE", "STARTING"):
            account.start(job)
        case "retry" if known["status"] == "RUNNING":
            known["attempts"].append({"startedAt": known["startedAt"], "stoppedAt": account.now_ms, "container": {}})
            known |= {"status": "RUNNABLE", "statusReason": "Host EC2 (instance i-0a) terminated."}
        case "end" if known["status"] == "RUNNING":
            known["status"] = "SUCCEEDED"
        case "vanish":
            del account.jobs[job]
            return False
        case "silence" if known["status"] == "RUNNING":
            account.silence(job)
        case _:
            return False
    return True


def told(account: Account, story: Story, *, events: bool) -> dict[str, Any]:
    """What there is to see of a story when it is over: alerts, ends, jobs that were given up, memories."""
    account.queue()
    account.run()
    jobs = [account.job(task=f"t[n={number}]", limits=LIMITS[story.limits[number]]) for number in range(2)]
    late: list[tuple[int, dict[str, Any]]] = []
    deliveries = iter(story.deliveries)
    for step, ((which, what, reason), minutes) in enumerate(zip(story.moves, story.minutes, strict=True)):
        if move(account, jobs[which], what, reason) and events:
            copies = next(deliveries)
            late += [(step + 2 * copy, message(account, jobs[which], step * 10 + copy)) for copy in range(copies)]
        due = [body for at, body in late if at <= step]
        late = [(at, body) for at, body in late if at > step]
        if due:
            watching.take(account.watcher, {"Records": due[::-1]})
        account.sweep(minutes=minutes)
    return {
        "alerts": [(each["code"], each["jobs"], each["since"], each["cause"], each["at"]) for each in account.told()],
        "recovered": [(each["code"], each["at"]) for each in account.told("Job Recovered")],
        "ended": account.ended,
        "memories": {live.task: live.memory for live in account.live() if live.memory.state != "LOST"},
    }


@example(story=TAKEN_BACK)
@example(story=LATE)
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(story=stories)
def test_events_change_no_verdict(monkeypatch: pytest.MonkeyPatch, story: Story):
    """Whichever of them come, however often and in whatever order.

    But for one thing: only an event (or a sweep's own look) tells the id of a job that Batch forgets before a sweep described it.
    Without the id it is told later, never otherwise: as a job that was never submitted.
    """
    found = []
    for events in (False, True):
        account = Account()
        for module in (watching, watch_looking, stuck_acting, stuck_alerts):
            monkeypatch.setattr(module, "client", account.client)
        monkeypatch.setattr(observability.metrics, "add_metric", lambda **_: None)
        seen = told(account, story, events=events)
        seen["alerts"] = [each for each in seen["alerts"] if each[0] not in ("forgotten", "unsubmitted")]
        found.append(seen)
    assert found[0] == found[1]
