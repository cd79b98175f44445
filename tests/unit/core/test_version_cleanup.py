"""Which versions go: only what nobody names, of no run in flight, and not among the newest."""

import random

import pytest

from headrace.core.version_cleanup import IN_FLIGHT, Version, judge, named_in

LAMBDA = "arn:aws:lambda:eu-west-1:123456789012:function:s"


def version(number: int, of: str = "f", at: str = "", names: tuple[str, ...] = ()) -> Version:
    """Version `number` of a function, published on that day of January."""
    return Version(f"{of}:{number}", of, number, at or f"2026-01-{number:02}", frozenset(names))


def staying(versions, named=None, newest=1, since=""):
    """What stays, by ARN, and why."""
    found = judge(versions, named or {}, newest=newest, since=since)
    return {each.version.arn: each.stays for each in found if each.stays}


def test_the_newest_stay_of_each():
    """However many there are, and whatever their order."""
    versions = [version(number, of) for of in "fg" for number in range(1, 13)]
    random.Random(1).shuffle(versions)
    assert staying(versions, newest=3) == dict.fromkeys(
        [f"{of}:{number}" for of in "fg" for number in (10, 11, 12)], "one of the newest 3"
    )
    assert set(staying(versions[:2], newest=3)) == {each.arn for each in versions[:2]}


def test_what_somebody_names_stays_and_what_that_names_too():
    """Through any number of versions, in circles too; what only a version names that goes does not."""
    versions = [
        version(1, "f", names=("g:2",)),
        version(2, "f", names=("g:1",)),
        version(9, "f"),
        version(1, "g"),
        version(2, "g", names=("h:1", "gone:1")),
        version(9, "g"),
        version(1, "h", names=("g:2",)),
        version(9, "h"),
    ]
    assert staying(versions, {"f:1": "an alias", "other:1": "x"}) == {
        **{f"{of}:9": "one of the newest 1" for of in "fgh"},
        "f:1": "an alias",
        "g:2": "f 1 names it",
        "h:1": "g 2 names it",
    }


@pytest.mark.parametrize(
    ("since", "stays"),
    [
        ("2026-01-06T12:00:00.000Z", {6, 7, 8, 9}),
        ("2026-01-06", {5, 6, 7, 8, 9}),
        ("2026-01-31", {9}),
        ("2025-12-31", set(range(1, 10))),
        ("", {9}),
    ],
)
def test_what_a_run_in_flight_may_have_begun_with_stays(since, stays):
    """The last one published before it began, and all that came after; before the first there is nothing to spare."""
    found = staying([version(number) for number in range(1, 10)], since=since)
    assert {int(arn.partition(":")[2]) for arn in found} == stays
    assert {why for arn, why in found.items() if arn != "f:9"} <= {IN_FLIGHT}


def test_names_are_found_in_definitions_and_variables():
    """Versions of functions, layers and machines; no aliases, no $LATEST, nothing without a number."""
    text = (
        f'{{"Resource": "{LAMBDA}-plan:12", "a": "{LAMBDA}-x:live", "b": "{LAMBDA}-y", "c": "{LAMBDA}-z:$LATEST",'
        '"d": "arn:aws-cn:states:cn-north-1:123456789012:stateMachine:s-run-scope:3", "e": ["arn:aws:lambda:r:123456789012:layer:l:4"]}'
    )
    assert named_in(text) == {
        f"{LAMBDA}-plan:12",
        "arn:aws-cn:states:cn-north-1:123456789012:stateMachine:s-run-scope:3",
        "arn:aws:lambda:r:123456789012:layer:l:4",
    }
