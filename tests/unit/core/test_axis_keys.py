"""Keys of items."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.core.axis_keys import below, chunked, fixed_part, item_key, keyed
from headrace.core.errors import InvalidValue
from headrace.core.values import File


@pytest.mark.parametrize(
    ("pattern", "part"),
    [
        ("s3://b/reads/*/x*.fq", "s3://b/reads/"),
        ("s3://b/a?/x", "s3://b/"),
        ("s3://b/x.fq", "s3://b/"),
        ("s3://b/[ab]/c", "s3://b/"),
    ],
)
def test_the_fixed_part_of_a_glob_ends_before_its_first_wildcard(pattern, part):
    """The fixed part is the folder that all matches share."""
    assert fixed_part(pattern) == part
    assert below(part)(File(f"{part}q/r.fq")) == "q/r.fq"


@pytest.mark.parametrize(
    ("value", "key"),
    [
        ("x", "x"),
        (1, "1"),
        (0.001, "0.001"),
        (True, "true"),
        ({"id": 3, "z": 1}, "3"),
        (File("s3://b/d/e.bam"), "e.bam"),
    ],
)
def test_keys_of_values(value, key):
    """A scalar's text, a record's `id`, a file's name."""
    assert item_key(value) == key


@pytest.mark.parametrize("value", [None, [1], {"n": 1}, {"id": None}, {"id": [1]}])
def test_values_without_a_key_are_refused(value):
    """None, a list and a record without a scalar `id` have no key."""
    with pytest.raises(InvalidValue):
        item_key(value)


@given(st.lists(st.integers(), max_size=60), st.integers(1, 7))
def test_chunks_hold_everything_once_in_order(values, size):
    """Chunks joined are the list; each but the last is full; keys sort as they stand."""
    pieces = chunked(values, size)
    assert [item for piece in pieces.values() for item in piece] == values
    assert all(len(piece) == size for piece in list(pieces.values())[:-1])
    assert list(pieces) == sorted(pieces)


def test_chunk_numbers_grow_when_there_are_many():
    """Beyond 9,999 chunks the number has as many digits as it takes."""
    assert list(chunked(list(range(10_000)), 1))[:2] == ["00001", "00002"]


def test_the_item_with_a_bad_key_is_named():
    """A message says which item it is about."""
    with pytest.raises(InvalidValue, match=r"item 2: an item is none"):
        keyed(["a", None], item_key)
