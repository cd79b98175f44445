"""The events Headrace puts on the bus, and how a person reads them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from headrace.core import alert_events
from headrace.core.alert_events import (
    DETAIL_LIMIT,
    EVENTS,
    AlertEvent,
    JobRecovered,
    JobStuck,
    RunStateChange,
    TaskFailed,
    entry,
    launch_refused,
    run_ended,
    schemas,
    subject,
    tenant,
    text,
)
from headrace.core.attempt_facts import AttemptFacts
from headrace.core.digest import build
from headrace.core.errors import InvalidValue
from headrace.core.log_summary import END
from headrace.core.outcome import classify
from headrace.core.records import Epoch, RunRecord, TaskRecord

AT = "2026-01-01T01:00:00.000Z"
STUCK = JobStuck(
    stack="hr",
    at=AT,
    alert=True,
    queue="spot",
    state="RUNNABLE",
    code="MAX_RESOURCE",
    cause="too big",
    advice="smaller",
    since=AT,
    jobs=7,
    run="demo-1",
    task="call[s=a]",
    action="next-queue",
)
RECOVERED = JobRecovered(stack="hr", at=AT, alert=True, queue="spot", code="MAX_RESOURCE", cause="too big", since=AT)
FAILED = TaskFailed(
    stack="hr",
    at=AT,
    alert=False,
    run="demo-1",
    epoch=1,
    task="call[s=a]",
    process="call",
    failure="exit",
    cause="exit code 7",
    fix="mend it",
    attempts=2,
    evidence=("one", "two"),
    commands=("headrace logs demo-1 'call[s=a]'",),
)


def ended(state: str = "failed", causes: int = 2) -> RunStateChange:
    """The event of a run in which some tasks failed."""
    run = RunRecord(Epoch("demo-1", 1), "arn:execution", "2026-01-01T00:00:00.000Z", name="demo", state=state, ended=AT)
    letters = [chr(97 + n) for n in range(causes)]
    records = [TaskRecord(f"p{letter}", "failed", AT, failure="exit", cause=f"cause {letter}") for letter in letters]
    return run_ended(
        build(run, records, (), {"failed": causes, "succeeded": 5}), stack="hr", digest_uri="s3://b/runs/digest.md"
    )


ALL: list[AlertEvent] = [ended(), FAILED, STUCK, RECOVERED]


@pytest.mark.parametrize("event", ALL, ids=lambda event: event.detail_type)
def test_an_entry_is_what_put_events_takes(event: AlertEvent) -> None:
    """Source, detail type and a detail that reads back as the event with its text."""
    made = entry(event, bus="default")
    assert (made["Source"], made["DetailType"], made["EventBusName"]) == ("headrace", event.detail_type, "default")
    detail = json.loads(made["Detail"])
    assert detail["text"] == text(event)
    assert (detail["version"], detail["stack"], detail["alert"]) == (1, "hr", event.alert)
    assert type(event).model_validate_json(made["Detail"]).model_copy(update={"text": ""}) == event


def test_a_failed_run_tells_each_cause_with_its_fix_and_how_to_go_on() -> None:
    """What must hold: cause in one line, fix, command to resume, in the text itself."""
    shown = text(ended())
    for part in (
        "run demo-1 (demo) failed",
        "5 succeeded",
        "pa: exit",
        "cause a",
        "cause b",
        "What to change:",
        "headrace resume demo-1",
        "s3://b/runs/digest.md",
    ):
        assert part in shown
    assert "{" not in shown


def test_a_run_that_succeeded_is_no_alert_and_any_other_end_is() -> None:
    """The topic hears of what needs a person."""
    assert not ended("succeeded", 0).alert
    assert all(ended(state).alert for state in ("failed", "cancelled", "stopped"))


def test_more_causes_than_an_event_shows_are_counted() -> None:
    """Ten are shown."""
    event = ended(causes=15)
    assert (len(event.causes), event.causes_left_out) == (10, 5)
    assert "5 more causes" in text(event)


def test_a_refused_launch_is_an_alert_of_its_own() -> None:
    """It names the object, the errors and where all of them are."""
    event = launch_refused(
        "x.yaml:3: processes.a: no container\nx.yaml:9: bad\n",
        stack="hr",
        at=AT,
        launch="s3://b/launch/x.yaml",
        report="s3://b/errors/x.yaml.txt",
    )
    assert (event.alert, event.state, event.run, event.epoch, tenant(event)) == (True, "refused", "", 0, "")
    assert tenant(event.model_copy(update={"tenant": "genomics"})) == "genomics"
    shown = text(event)
    assert "s3://b/launch/x.yaml started nothing" in shown
    assert "x.yaml:9: bad" in shown
    assert "s3://b/errors/x.yaml.txt" in shown


def test_texts_say_what_matters_of_the_other_events() -> None:
    """Tries, ignored or not, how many jobs, what was done."""
    assert "tried 2 times" in text(FAILED)
    assert "failed and was ignored" in text(FAILED.model_copy(update={"ignored": True}))
    assert "7 jobs stuck in RUNNABLE on queue spot: too big" in text(STUCK)
    assert "next-queue" in text(STUCK)
    assert "no job is held up any more" in text(RECOVERED)


def test_the_log_in_an_alert_is_plain_text_with_what_matters_first() -> None:
    """A mail shows the trace whole, as the summary has it, before the end of the log; colours and bars are gone."""
    log = (
        *[
            "\x1b[32mreading\x1b[0m sample",
            "\r 10%|█   | 1/10 [00:01<00:02, 3.1it/s]\r",
            "Traceback (most recent call last):",
        ],
        *[
            '  File "merge.py", line 3, in <module>',
            "    main()",
            "ValueError: \x1b[31mbad\x1b[0m sheet",
            "password=hunter2",
        ],
    )
    outcome = classify(AttemptFacts(job={"jobId": "j", "status": "FAILED"}, log=log))
    shown = text(FAILED.model_copy(update={"evidence": outcome.evidence})).splitlines()
    start = shown.index("Log, what matters first:")
    assert shown[start + 1 : start + 8] == [
        "    Traceback (most recent call last):",
        '      File "merge.py", line 3, in <module>',
        "        main()",
        "    ValueError: bad sheet",
        f"    {END}",
        "    reading sample",
        "    password=***",
    ]


@pytest.mark.parametrize("event", ALL, ids=lambda event: event.detail_type)
def test_a_subject_is_one_short_line_of_ascii(event: AlertEvent) -> None:
    """SNS takes no other."""
    line = subject(event.model_copy(update={"cause": "größe 東京 " * 50}))
    assert line.isascii()
    assert line.isprintable()
    assert len(line) < 100


@pytest.mark.parametrize(
    "wild",
    [
        {"evidence": ("x" * 300,) * 5_000},
        {"cause": "ä" * 500_000},
        {"cause": "\x00" * 500_000},
        {"evidence": ("x",) * 300_000, "commands": ("y" * 300,) * 5_000, "task": "z" * 400_000},
    ],
)
def test_no_detail_is_too_big(wild: dict[str, Any]) -> None:
    """Lists go first, then texts are cut; the event is still of its schema."""
    detail = entry(FAILED.model_copy(update=wild))["Detail"]
    assert len(detail.encode()) <= DETAIL_LIMIT
    assert TaskFailed.model_validate_json(detail).run == "demo-1"


@given(st.text(), st.lists(st.text(), max_size=3).map(tuple))
def test_any_text_makes_an_entry(wild: str, lines: tuple[str, ...]) -> None:
    """Hostile causes and lines travel and read as text."""
    event = FAILED.model_copy(update={"cause": wild.encode("utf-8", "replace").decode(), "evidence": lines})
    assert "\x1b" not in text(event)
    assert json.loads(entry(event)["Detail"])["task"] == "call[s=a]"


def test_unknown_fields_are_refused() -> None:
    """A typo does not travel."""
    with pytest.raises(ValidationError):
        TaskFailed.model_validate({**FAILED.model_dump(), "taks": "x"})


def test_schemas_are_named_by_detail_type_and_describe_the_envelope() -> None:
    """One file per event."""
    assert set(schemas()) == {"run_state_change.json", "task_failed.json", "job_stuck.json", "job_recovered.json"}
    for model, schema in zip(EVENTS, schemas().values(), strict=True):
        assert schema["properties"]["detail-type"] == {"const": model.detail_type}
        assert schema["properties"]["detail"]["properties"]["version"]["const"] == 1


def test_an_event_is_read_back_as_it_was_put():
    """What EventBridge delivers is the model that was put; an event of anyone else is refused."""
    put = alert_events.launch_refused(
        "line 1: wrong", stack="s", at="2026-01-01T00:00:00.000Z", launch="s3://b/x", report="s3://b/y"
    )
    made = alert_events.entry(put)
    told = alert_events.from_event(
        {"source": made["Source"], "detail-type": made["DetailType"], "detail": json.loads(made["Detail"])}
    )
    assert told.model_copy(update={"text": ""}) == put
    with pytest.raises(InvalidValue):
        alert_events.from_event({"source": "aws.s3", "detail-type": made["DetailType"], "detail": {}})
