"""Values go to JSON and come back equal, and are bounded."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.core.errors import InvalidValue
from headrace.core.values import (
    MAX_DEPTH,
    MAX_TEXT,
    File,
    Staged,
    bounded,
    cut_name,
    describe,
    files_of,
    from_json,
    text_of,
    to_json,
    type_name,
    user_value,
)

TEXT = st.text(max_size=10)
FILES = st.builds(File, TEXT, st.none() | st.integers(0, 2**50), TEXT, st.dictionaries(TEXT, TEXT, max_size=2))
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT | FILES
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(TEXT.filter(lambda key: key != "$file"), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(VALUES)
def test_a_value_comes_back_from_json_equal(value):
    """from_json(to_json(x)) is x, files included."""
    assert from_json(to_json(value)) == value
    assert bounded(value) is value
    assert describe(value)


def test_a_file_is_json_without_what_is_not_known():
    """Size, ETag and key are left out when unknown."""
    assert to_json(File("s3://b/a")) == {"$file": "s3://b/a"}
    assert to_json(File("s3://b/a", 0, "e", {"sample": "x"})) == {
        "$file": "s3://b/a",
        "size": 0,
        "etag": "e",
        "key": {"sample": "x"},
    }


@pytest.mark.parametrize(
    "record",
    [
        {"$file": 1},
        {"$file": "a", "size": -1},
        {"$file": "a", "size": True},
        {"$file": "a", "etag": None},
        {"$file": "a", "key": {"x": 1}},
        {"$file": "a", "more": 1},
    ],
)
def test_a_file_record_that_is_not_ours_is_refused(record):
    """Only the four known keys, each of its type."""
    with pytest.raises(InvalidValue, match="is not a file record"):
        from_json(record)


@pytest.mark.parametrize(
    "value", [{"a": [{"$file": "s3://other/secret"}]}, File("a"), Staged("a"), float("nan"), {1: 2}, (1, 2)]
)
def test_a_user_value_holds_no_file_and_nothing_strange(value):
    """What a user's JSON says cannot pass for a file of ours."""
    with pytest.raises(InvalidValue):
        user_value(value)


def test_values_are_bounded_in_depth_and_size():
    """Nesting and text beyond the limits are refused, also when a value refers to one list often."""
    deep = []
    for _ in range(MAX_DEPTH + 1):
        deep = [deep]
    wide = ["x"]
    for _ in range(25):
        wide = [wide, wide]
    for check in (bounded, user_value):
        for value in (deep, wide, "x" * (MAX_TEXT + 1)):
            with pytest.raises(InvalidValue):
                check(value)
    for read in (to_json, from_json):
        with pytest.raises(InvalidValue, match="nested too deeply"):
            read(deep)


@pytest.mark.parametrize(
    ("name", "stem", "ext"),
    [
        ("a.bam", "a", ".bam"),
        ("a.fastq.gz", "a", ".fastq.gz"),
        ("a.b.vcf.bgz", "a.b", ".vcf.bgz"),
        ("a.gz", "a", ".gz"),
        ("a", "a", ""),
        (".bashrc", ".bashrc", ""),
        (".a.gz", ".a", ".gz"),
        ("a.", "a", "."),
        ("", "", ""),
        ("..", "..", ""),
    ],
)
def test_a_name_is_cut_into_stem_and_suffix(name, stem, ext):
    """A compression suffix takes the one before it, a leading dot starts none."""
    assert cut_name(name) == (stem, ext)


def test_a_file_knows_its_parts():
    """name, stem, ext, size, uri and key are what expressions look up."""
    file = File("s3://b/x/a.fastq.gz", 3, "e", {"sample": "s"})
    assert (file.name, file.stem, file.ext) == ("a.fastq.gz", "a", ".fastq.gz")
    assert file.items()["key"] == {"sample": "s"}
    assert File("s3://b/dir/").name == "dir"
    assert hash(file) == hash(File("s3://b/x/a.fastq.gz", 3, "e", {"sample": "other"}))
    assert Staged("in/b.txt", file).items()["name"] == "a.fastq.gz"
    assert Staged("in/b.txt").items() | {"key": None} == {
        "name": "b.txt", "stem": "b", "ext": ".txt", "size": None, "uri": "in/b.txt", "path": "in/b.txt", "key": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("value", "text", "name"),
    [
        (None, "none", "none"),
        (True, "true", "boolean"),
        (2, "the number 2", "number"),
        ("a", "the text 'a'", "string"),
        ([], "an empty list", "list"),
        ([1], "a list of 1", "list"),
        ({"id": 1, "r1": 2}, "a record (id, r1)", "record"),
        (File("s3://b/a"), "the file 's3://b/a'", "file"),
        (Staged("a"), "the file 'a'", "file"),
        (object, "a type", "type"),
    ],
)
def test_values_are_described_in_the_users_words(value, text, name):
    """Messages name values as the documentation does, and never at length."""
    assert (describe(value), type_name(value)) == (text, name)
    assert len(describe([value] * 1000)) < 200


def test_only_scalars_have_a_text_form():
    """true, 3, 0.5 and text; the rest says what to do."""
    assert [text_of(value) for value in (True, False, 3, 0.5, "x")] == ["true", "false", "3", "0.5", "x"]
    for value in (None, [], {}, File("a")):
        with pytest.raises(InvalidValue, match="has no text form") as caught:
            text_of(value)
        assert caught.value.hint


def test_every_file_of_a_value_is_found_in_order():
    """In lists and records, at any depth; what is no file is passed over."""
    a, b, c = File("s3://b/a"), File("s3://b/b"), File("s3://b/c")
    assert files_of({"x": [a, 1, {"y": b}], "z": None, "w": c}) == [a, b, c]
    assert (files_of(a), files_of("s3://b/a"), files_of([])) == ([a], [], [])
