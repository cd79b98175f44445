"""Which job definitions nobody needs any more."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from headrace.core.definition_cleanup import Registered, new_tags, registered, unused

TODAY = date(2026, 11, 22)
OLD = Registered("hr-a-1", "arn:aws:batch:r:1:job-definition/hr-a-1:1", "s", created="2026-09-01")


def found(*each: Registered, live: tuple[str, ...] = (), days: int = 30) -> list[Registered]:
    """What is unused of these."""
    return unused(each, live, stack="s", today=TODAY, days=days)


def used(day: str) -> Registered:
    """The old one, last used on this day."""
    return Registered(OLD.name, OLD.arn, "s", OLD.created, day)


def test_what_was_neither_registered_nor_used_for_long_is_unused():
    """The later of the two days counts, and the last day of the span still does."""
    assert found(OLD) == [OLD]
    assert found(used("2026-11-20")) == []
    assert found(used("2026-10-23")) == [used("2026-10-23")]
    assert found(used("2026-10-24")) == []


def test_a_live_job_keeps_its_definition():
    """By ARN, or by name and revision, however long ago it was submitted."""
    assert found(OLD, live=(OLD.arn,)) == []
    assert found(OLD, live=("hr-a-1:1",)) == []
    assert found(OLD, live=("hr-a-1:2",)) == [OLD]


def test_what_has_no_date_or_another_stack_stays():
    """Of these nothing is known here."""
    assert found(Registered("hr-b", "arn:b", "s")) == []
    assert found(Registered("hr-b", "arn:b", "other", created="2020-01-01")) == []


def test_only_definitions_of_ours_are_looked_at():
    """By name and tag: somebody else's `hr-payroll` is not ours."""
    described = {
        "jobDefinitionName": "hr-x-1",
        "jobDefinitionArn": "arn:x",
        "tags": new_tags("s", "2026-11-22T10:00:00Z"),
    }
    assert registered(described) == Registered("hr-x-1", "arn:x", "s", "2026-11-22")
    assert registered({**described, "tags": {}}) is None
    assert registered({**described, "jobDefinitionName": "payroll"}) is None
    assert registered({"jobDefinitionName": "hr-payroll", "jobDefinitionArn": "arn:y"}) is None


@given(st.lists(st.tuples(st.dates(date(2026, 1, 1), TODAY), st.booleans()), max_size=8), st.integers(0, 400))
def test_nothing_young_and_nothing_live_is_ever_selected(rows, days):
    """Whatever the span, the selection holds only rested definitions that no job names."""
    all_ = [Registered("hr-x", f"arn:{i}", "s", created=day.isoformat()) for i, (day, _) in enumerate(rows)]
    live = {each.arn for each, (_, is_live) in zip(all_, rows, strict=True) if is_live}
    chosen = unused(all_, live, stack="s", today=TODAY, days=days)
    assert not {each.arn for each in chosen} & live
    assert all((TODAY - date.fromisoformat(each.created)).days >= days for each in chosen)


@given(st.text(max_size=30))
def test_a_tag_with_nonsense_is_no_date(text):
    """Tags can be edited by anybody."""
    described = {
        "jobDefinitionName": "hr-x",
        "jobDefinitionArn": "a",
        "tags": {"headrace:stack": "s", "headrace:created": text},
    }
    one = registered(described)
    assert one is not None
    assert one.created == "" or date.fromisoformat(one.created)
