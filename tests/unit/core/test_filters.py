"""The filters, one by one (spec rule 8)."""

import pytest

from headrace.core.errors import InvalidValue
from headrace.core.expressions import evaluate, parse
from headrace.core.filters import FILTERS, HIGHER, TESTS, describe_filters, describe_tests
from headrace.core.values import File

TABLE = [
    {"id": "r1", "sample": "b", "lane": 1, "site": "x"},
    {"id": "r2", "sample": "a", "lane": 2, "site": "y"},
    {"id": "r3", "sample": "b", "lane": 3, "site": "x"},
]
SCOPE = {"table": TABLE, "files": [File("s3://b/b.txt", 2), File("s3://b/a.txt", 9)], "row": TABLE[0]}


def value(source):
    """The value of one expression."""
    return evaluate(parse(f"${{{{ {source} }}}}"), SCOPE)


@pytest.mark.parametrize(
    ("source", "result"),
    [
        ("['a', none, 'b'] | flag('-I')", ["-I", "a", "-I", "b"]),
        ("['a', 1] | flag('--x=')", ["--x=a", "--x=1"]),
        ("none | flag('-I')", []),
        ("'a' | flag('-I')", ["-I", "a"]),
        ("[] | flag('-I')", []),
        ("\"-a 'b c' d\\\\ e\" | words", ["-a", "b c", "d e"]),
        ("none | words", []),
        ("['a b', 'c'] | words", ["a", "b", "c"]),
        ("['a', none, 1, true] | join", "a,1,true"),
        ("['a', 'b'] | join(' ')", "a b"),
        ("[] | join", ""),
        ("{'a': [1, none, true, 'é\"']} | json", '{"a": [1, null, true, "é\\""]}'),
        ("files | json", '["s3://b/b.txt", "s3://b/a.txt"]'),
        ("[3, 1, 2] | sort", [1, 2, 3]),
        ("['b', 'B', 'a'] | sort", ["B", "a", "b"]),
        ("['a', 'b'] | sort(reverse=true)", ["b", "a"]),
        ("files | sort | map(attribute='name')", ["a.txt", "b.txt"]),
        ("table | sort(attribute='sample') | map(attribute='id')", ["r2", "r1", "r3"]),
        ("[1, true, 1, 'a', 'A', [1], [1]] | unique", [1, True, "a", "A", [1]]),
        ("table | unique(attribute='sample') | map(attribute='id')", ["r1", "r2"]),
        ("[1, 2] | first", 1),
        ("[1, 2] | last", 2),
        ("[] | first", None),
        ("[] | last", None),
        ("[1, 2] | length", 2),
        ("'abc' | length", 3),
        ("row | length", 4),
        ("[3, 1.5] | min", 1.5),
        ("[3, 1.5] | max", 3),
        ("[] | min", None),
        ("[] | max", None),
        ("files | max(attribute='size') | map", None),
        ("table | max(attribute='lane')", TABLE[2]),
        ("table | sum(attribute='lane')", 6),
        ("[] | sum", 0),
        ("[0.5, 1] | sum", 1.5),
        ("' 12 ' | int", 12),
        ("'-1e3' | int", -1000),
        ("2.9 | int", 2),
        ("'1.5' | float", 1.5),
        ("2 | float", 2.0),
        ("none | default('x')", "x"),
        ("'' | default('x')", ""),
        ("'a.b.c' | replace('.', '')", "abc"),
        ("'aB' | upper", "AB"),
        ("'aB' | lower", "ab"),
        ("2.5 | round", 3),
        ("-2.5 | round", -3),
        ("2.34 | round(1)", 2.3),
        ("2.1 | round(0, 'ceil')", 3),
        ("2.9 | round(method='floor')", 2),
        ("['a', 'b'] | map('upper')", ["A", "B"]),
        ("['a.x', 'b.x'] | map('replace', '.x', '')", ["a", "b"]),
        ("[[2, 1], [3]] | map('map', 'default', 0) | map('sort')", [[1, 2], [3]]),
        ("[none, 0, '', [], false, 'a'] | select", [0, "", "a"]),
        ("[1, 2, 3] | select('gt', 1)", [2, 3]),
        ("[1, none] | select('none')", [None]),
        ("table | selectattr('lane', 'ge', 2) | map(attribute='id')", ["r2", "r3"]),
        ("table | selectattr('sample', 'in', ['a']) | length", 1),
        ("files | selectattr('ext', 'eq', '.txt') | length", 2),
    ],
)
def test_filters_give(source, result):
    """What each filter makes of its value."""
    if source.endswith("| map"):
        with pytest.raises(InvalidValue):
            value(source)
        return
    found = value(source)
    assert found == result
    assert type(found) is type(result)


def test_group_gives_one_record_per_value_in_order_of_first_appearance():
    """`{id, rows}` and the columns that do not vary within the group."""
    assert value("table | group('sample')") == [
        {"id": "b", "rows": [TABLE[0], TABLE[2]], "sample": "b", "site": "x"},
        {"id": "a", "rows": [TABLE[1]], "sample": "a", "lane": 2, "site": "y"},
    ]
    assert value("[] | group('sample')") == []


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("table | group('smaple')", "row 1 of the table has no 'smaple'"),
        ("[{'a': none}] | group('a')", "row 1 of the table has none in 'a'"),
        ("[1] | group('a')", "item 1 is the number 1"),
        ("row | group('a')", "group cannot take a record"),
        ("none | join", "join cannot take none"),
        ("files | join", "join cannot take the file"),
        ("[[1]] | join", "join cannot take a list"),
        ("[1] | join(1)", "as the separator"),
        ("[1, 'a'] | sort", "numbers and texts together"),
        ("table | sort", "cannot order a record"),
        ("[none] | sort", "cannot order none"),
        ("[1] | sort(reverse=1)", "as reverse"),
        ("['a'] | sum", "cannot add the text"),
        ("'x' | int", "int cannot read"),
        ("'1_000' | int", "int cannot read"),
        ("'٣' | int", "int cannot read"),
        ("true | int", "int cannot read true"),
        ("'nan' | float", "float cannot read"),
        ("'a' | round", "round cannot take"),
        ("1.5 | round(-1)", "round cannot keep"),
        ("1.5 | round(0, [1])", "no method"),
        ("'a' | replace('', 'x')", "an empty text"),
        ("1 | flag('-I', 2)", "too many positional"),
        ("1 | flag(2)", "flag cannot take the number 2 as the option"),
        ("files | flag('--x=')", "flag cannot take the file"),
        ('"a \'b" | words', "words cannot split"),
        ("1 | length", "length cannot measure"),
        ("files | map(attribute='nam')", "has no 'nam'"),
        ("1 | nosuch", "no filter 'nosuch'"),
        ("1 | uper", "no filter 'uper'"),
    ],
)
def test_filters_refuse(source, message):
    """What a filter cannot do is an error that names it."""
    with pytest.raises(InvalidValue, match=message):
        value(source)


def test_the_closed_list_is_described():
    """`headrace schema` shows exactly the filters and tests there are, each with a sentence."""
    described = describe_filters()
    assert [entry["name"] for entry in described] == [*FILTERS, *HIGHER]
    assert set(FILTERS) | set(HIGHER) == {
        "flag",
        "words",
        "join",
        "json",
        "listFile",
        "raw",
        "group",
        "map",
        "select",
        "selectattr",
        "sort",
        "unique",
        "first",
        "last",
        "length",
        "min",
        "max",
        "sum",
        "int",
        "float",
        "default",
        "replace",
        "upper",
        "lower",
        "round",
    }
    assert all(entry["summary"].endswith(".") and entry["usage"].startswith(entry["name"]) for entry in described)
    assert describe_tests() == list(TESTS)
