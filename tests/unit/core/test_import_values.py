"""Values of a nextflow.config as ours, one reader for each kind of setting."""

import pytest

from headrace.core import import_values as values
from headrace.core.errors import InvalidValue
from headrace.core.groovy_tree import Amount, Arguments, Code, Filled
from headrace.core.import_literals import NOTHING, Grown


@pytest.mark.parametrize(
    ("read", "given"),
    [
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
        (values.cache, "fast"),
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
    assert values.errors("-1").value is NOTHING
    assert values.wait("5 min").value == {"runnable": "5m", "action": "terminate"}
