"""The items of axes, and walking over their keys."""

import pytest
from tests.support.programs import plan_of, program_of

from headrace.core.axis_items import AxisItems, from_files, to_file, walk
from headrace.core.errors import InvalidValue
from headrace.core.values import File

TEXT = (
    "processes: {p: {each: [{s: [a, b]}, {t: [x, y]}, {n: \"${{ [s, 'z'] if s == 'a' else [s] }}\"}], script: 'true'}}"
)


def known():
    """The items of TEXT, read back from its plan."""
    program = program_of(TEXT)
    return from_files(program, (plan_of(program).axes,))


def test_walking_goes_depth_first_the_first_axis_slowest():
    """Every key in order, each with its positions; counts differ per outer item."""
    items = known()
    assert [keys for _, keys in walk(items, ("s", "n"), {})] == [("a", "a"), ("a", "z"), ("b", "b")]
    assert list(walk(items, ("t",), {})) == [((0,), ("x",)), ((1,), ("y",))]
    assert list(walk(items, (), {})) == [((), ())]


def test_a_fixed_axis_has_its_one_key():
    """Fixed keys are taken as they are, and what is nested in them is walked."""
    items = known()
    assert list(walk(items, ("s", "n"), {"s": "a"})) == [((0, 0), ("a", "a")), ((0, 1), ("a", "z"))]
    assert list(walk(items, ("t",), {"t": "y"})) == [((0,), ("y",))]


def test_items_are_found_by_their_keys():
    """An item is named by its key and those of its outer axes; an unknown one is an error with the nearest."""
    items = known()
    assert items.value("n", {"s": "a", "t": "x", "n": "z"}) == "z"
    assert [items.position("n", {"s": "a", "n": key}) for key in ("a", "z", "nowhere")] == [0, 1, 2]
    with pytest.raises(InvalidValue, match="axis 's' has no item with the key 'A'"):
        items.value("s", {"s": "A"})


def test_what_is_written_is_read_back():
    """axes.json keeps order, outer keys and typed values."""
    program = program_of(TEXT)
    items = AxisItems(program)
    items.add("s", {}, {"b": File("s3://b/b", 3, "e"), "a": {"id": "a", "n": None}})
    items.add("n", {"s": "b"}, {"1": 1})
    written = to_file(program, items.entries)
    assert list(written) == ["s", "n"]
    assert written["n"] == [{"o": ["b"], "k": "1", "v": 1}]
    assert from_files(program, (written,)).entries == items.entries
    assert from_files(program, ({"s": written["s"]}, {"n": written["n"]})).entries == items.entries
