"""Values of a nextflow.config as ours: units, bytes and milliseconds, closures that are trivial, and what is code."""

import pytest

from headrace.core import import_values as values
from headrace.core.errors import InvalidValue
from headrace.core.groovy_config import Amount, Arguments, Closure, Code, Filled
from headrace.core.import_values import NOTHING, Grown, opened


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        (Amount("8", "GB"), "8 GB"),
        (Amount("1.5", "TB"), "1.5 TB"),
        (Amount("4", "G"), "4 GB"),
        ("8 GB", "8 GB"),
        ("8.GB", "8 GB"),
        ("512mb", "512 MB"),
        (8589934592, "8 GB"),
        ("1536", "1536 B"),
        (1048576, "1 MB"),
        (Grown("8", "GB"), "${{ 8 * task.attempt }} GB"),
    ],
)
def test_sizes(given, meant):
    """Amounts, texts and bare bytes; what is no whole KB is refused."""
    if meant.endswith(" B"):
        with pytest.raises(InvalidValue, match="no whole KB"):
            values.size(given)
    else:
        assert values.size(given).value == meant


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        (Amount("2", "h"), "2h"),
        (Amount("90", "min"), "90m"),
        ("1d 2h 30 minutes", "1d 2h 30m"),
        ("1day6hours", "1d 6h"),
        (3600000, "3600s"),
        (Amount("5000", "ms"), "5s"),
        (Grown("1.5", "h"), "${{ 1.5 * task.attempt }}h"),
    ],
)
def test_spans(given, meant):
    """Durations in every unit; a bare number is milliseconds."""
    assert values.span(given).value == meant


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("8 . GB * task . attempt", Grown("8", "GB")),
        ("task . attempt * 2", Grown("2")),
        ("1.5 . h * task . attempt", Grown("1.5", "h")),
        ("8 . GB", Amount("8", "GB")),
        ("4", 4),
        ("'spot'", "spot"),
        ("; 4 ;", 4),
    ],
)
def test_trivial_closures(text, meant):
    """A constant, or an amount times the attempt, in either order."""
    assert opened(Closure(text)) == meant


@pytest.mark.parametrize(
    "text",
    ["2 * 3", "task . attempt * task . attempt", "8 . GB * task . attempt * 2", "f ( )", "'a' + 'b'", '"${x}"', ""],
)
def test_other_closures_stay_closures(text):
    """Everything else is for Groovy, and refused with its text."""
    assert opened(Closure(text)) == Closure(text)
    with pytest.raises(InvalidValue, match="closure"):
        values.number(Closure(text))


@pytest.mark.parametrize(
    ("read", "given"),
    [
        (values.size, Amount("8", "XB")),
        (values.size, Amount("8", "PB")),
        (values.size, "much"),
        (values.size, True),
        (values.size, 0),
        (values.size, [1]),
        (values.size, Grown("8", "h")),
        (values.size, Grown("8", "B")),
        (values.span, Amount("1", "GB")),
        (values.span, "soon"),
        (values.span, 1500),
        (values.span, "1h x"),
        (values.number, Amount("4", "GB")),
        (values.number, Grown("4", "GB")),
        (values.number, "four"),
        (values.number, True),
        (values.number, None),
        (values.text, ["a"]),
        (values.texts, "a"),
        (values.as_is, "a ${{ b }}"),
        (values.as_is, ["x", Code("y")]),
        (values.as_is, {"x": Filled('"$y"')}),
        (values.limits, [1]),
        (values.limits, {"gpus": 1}),
        (values.limits, Code("x")),
        (values.disk, {"request": Amount("1", "GB"), "type": "ssd"}),
        (values.accelerator, {"request": 1, "vendor": "x"}),
        (values.cache, "lenient"),
        (values.volumes, 4),
        (values.resources, {"other": 1}),
        (values.resources, "x"),
    ],
)
def test_what_is_no_such_value(read, given):
    """Each reader refuses in our words, saying what it wants or what to do."""
    with pytest.raises(InvalidValue) as caught:
        read(given)
    assert caught.value.message


def test_readers_of_maps():
    """Accelerators, limits, hints, volumes, labels and single entries."""
    assert values.accelerator(Arguments((2,), {"type": "a"})).value == {"count": 2, "type": "a"}
    assert values.accelerator({"limit": 3}).value == 3
    assert values.accelerator(1).value == 1
    assert values.disk(Arguments((Amount("50", "GB"),), {})).value == "50 GB"
    assert values.limits({"cpus": 4, "memory": Amount("8", "GB")}).value == {"cpus": 4, "memory": "8 GB"}
    assert values.resources({"awsbatch/consumableResources": {"a": 1}}).value == {"a": 1}
    assert values.resources({}).value is NOTHING
    assert values.volumes("/tmp, /a:/b:ro").value == ["/tmp", "/a:/b:ro"]
    assert values.texts({"a": 1, "b": True}).value == {"a": "1", "b": "true"}
    assert values.transfer("s3Acl")("Private").value == {"s3Acl": "Private"}
    assert values.limit(0).value is NOTHING
    assert values.errors(-1).value is NOTHING
    assert values.wait("5 min").value == {"runnable": "5m", "action": "terminate"}


def test_a_param_in_a_string_is_pointed_out():
    """A string that is one param says how it is written here."""
    with pytest.raises(InvalidValue) as caught:
        values.text(Filled('"${params.queue}"'))
    assert "${{ params.queue }}" in caught.value.hint
