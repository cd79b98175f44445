"""Where a setting belongs: its profile, its selector, its row."""

import pytest

from headrace.core.errors import InvalidValue
from headrace.core.groovy_config import read_config
from headrace.core.groovy_tree import Setting
from headrace.core.import_addresses import addressed, by_profile, expanded, row_of


def test_profiles():
    """What stands in `profiles` is kept by profile, in the order of the file."""
    outside, inside = by_profile(read_config("a = 1\nprofiles { x { b = 2 }; y { c = 3 } }\nprofiles.x.d = 4", "f"))
    assert [item.path for item in outside] == [("a",)]
    assert {name: [item.path[2:] for item in items] for name, items in inside.items()} == {
        "x": [("b",), ("d",)],
        "y": [("c",)],
    }


def test_maps_given_to_scopes():
    """A map assigned to a scope is its settings; one assigned to a setting is its value."""
    given = Setting(("aws",), {"region": "x", "batch": {"volumes": ["/tmp"]}}, 3)
    assert [(path, setting.value, setting.line) for setting, path in expanded(given)] == [
        (("aws", "region"), "x", 3),
        (("aws", "batch", "volumes"), ["/tmp"], 3),
    ]
    labels = Setting(("profiles", "p", "process", "resourceLabels"), {"a": "b"}, 1)
    assert list(expanded(labels)) == [(labels, ("process", "resourceLabels"))]


def test_selectors():
    """A selector is taken out of the name."""
    assert addressed(("process", "withLabel:big", "cpus")) == (("withLabel", "big"), "process.cpus")
    assert addressed(("process", "cpus")) == (None, "process.cpus")
    assert addressed(("anything", "includeConfig")) == (None, "includeConfig")


@pytest.mark.parametrize(
    "path",
    [
        ("process", "withName:A:B", "cpus"),
        ("process", "withName:a*", "cpus"),
        ("process", "withName:cpus", "cpus"),
        ("process", "withName"),
        ("process", "$a", "cpus"),
        ("process", "withName:a", "withName:b", "cpus"),
        ("aws", "withName:a", "region"),
    ],
)
def test_selectors_that_are_none_here(path):
    """Patterns beyond ours, old forms, nesting, other scopes."""
    with pytest.raises(InvalidValue) as caught:
        addressed(path)
    assert caught.value.hint or caught.value.expected


def test_rows():
    """The exact row, the row of everything below, an entry of a map; the nearest name for an unknown one."""
    assert row_of("process.cpus", 1)[0].to == "cpus"
    assert row_of("singularity.cacheDir", "x")[0].setting == "singularity.*"
    assert row_of("process.ext.a.b", 1)[0].setting == "process.ext.*"
    assert row_of("process.resourceLimits.cpus", 4)[1] == {"cpus": 4}
    with pytest.raises(InvalidValue) as caught:
        row_of("aws.batch.cliPaht", "x")
    assert "aws.batch.cliPath" in caught.value.hint
