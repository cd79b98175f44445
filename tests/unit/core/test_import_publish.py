"""`publishDir` of a nextflow.config: links become copies, what always holds is left out, the rest is refused."""

import pytest

from headrace.core.errors import InvalidValue
from headrace.core.groovy_tree import Arguments, Closure, Filled
from headrace.core.import_literals import NOTHING
from headrace.core.import_publish import publish


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("out", "out"),
        ({"path": "out"}, "out"),
        ({"path": "out", "failOnError": True, "overwrite": True, "enabled": True}, "out"),
        (Arguments(("out",), {"mode": "link"}), {"path": "out", "mode": "copy"}),
        ([{"path": "a", "mode": "move"}, "b"], [{"path": "a", "mode": "move"}, "b"]),
        ([{"path": "a", "enabled": False}, "b"], "b"),
        ({"path": "a", "enabled": False}, NOTHING),
        ([], NOTHING),
    ],
)
def test_places(given, meant):
    """Texts, maps, arguments and lists of them."""
    assert publish(given).value == meant


def test_what_is_different_is_noted():
    """A link that became a copy, a path that is relative to another place; an S3 path needs no note."""
    note = publish({"path": "out", "mode": "rellink"}).note
    assert "rellink is a copy" in note
    assert "outdir" in note
    assert publish("s3://bucket/x").note == ""


@pytest.mark.parametrize(
    "given",
    [
        {"path": "a", "saveAs": Closure("it")},
        {"path": "a", "overwrite": False},
        {"path": "a", "failOnError": False},
        {"path": "a", "enabled": Closure("x")},
        {"path": "a", "contentType": True},
        {"path": Filled('"${params.outdir}"')},
        Closure("x"),
        Arguments(("a", "b"), {}),
        4,
        [["a"]],
    ],
)
def test_what_cannot_be(given):
    """Closures, and what only a head node could do."""
    with pytest.raises(InvalidValue):
        publish(given)
