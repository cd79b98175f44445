"""A nextflow.config as settings: every form of a setting, and everything that is none, with its lines."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.core.errors import InvalidSpec
from headrace.core.groovy_config import MAX_SETTINGS, read_config
from headrace.core.groovy_tree import Amount, Arguments, Closure, Code, Filled, Setting, Statement


def value(text: str):
    """The value of `a = text`."""
    (found,) = read_config(f"a = {text}", "f")
    assert isinstance(found, Setting)
    return found.value


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("'x'", "x"),
        ("4", 4),
        ("-1", -1),
        ("0.5", 0.5),
        ("1_000", 1000),
        ("4L", 4),
        ("true", True),
        ("null", None),
        ("8.GB", Amount("8", "GB")),
        ("1.5.h", Amount("1.5", "h")),
        ("[]", []),
        ("[:]", {}),
        ("['a', 2, [3],]", ["a", 2, [3]]),
        ("[a: 1, 'b c': [d: 2.h]]", {"a": 1, "b c": {"d": Amount("2", "h")}}),
        ("[\n a: 1, // one\n\n b: 2\n]", {"a": 1, "b": 2}),
        ("\n  'next line'", "next line"),
        ("{ 8.GB * task.attempt }", Closure("8 . GB * task . attempt")),
        ('"${x}"', Filled('"${x}"')),
        ("b", Code("b")),
        ("8.GB * 2", Code("8 . GB * 2")),
        ("'a' + 'b'", Code("'a' + 'b'")),
        ("x ? 'a'\n  : 'b'", Code("x ? 'a' : 'b'")),
        ("'a'\n  .trim()", Code("'a' . trim ( )")),
        ("f(1,\n 2)", Code("f ( 1 , ; 2 )")),
        ("[1, x + 2]", [1, Code("x + 2")]),
        ("[1, a: 2]", Code("[ 1 , a : 2 ]")),
        ("[a: 1, a: 2]", Code("[ a : 1 , a : 2 ]")),
        ("010", Code("010")),
        ("0x10", Code("0x10")),
        ("1e999", Code("1e999")),
        ("9" * 5000, Code("9" * 5000)),
        ("'8 GB' as MemoryUnit", Code("'8 GB' as MemoryUnit")),
    ],
)
def test_values(text, meant):
    """Literals are what they mean; everything else is its code, whole."""
    assert value(text) == meant


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("a.b.c = 1", ("a", "b", "c")),
        ("a { b { c = 1 } }", ("a", "b", "c")),
        ("a.b {\n c 1\n}", ("a", "b", "c")),
        ("a { 'b.c' = 1 }", ("a", "b.c")),
        ("process { withLabel: big { cpus = 1 } }", ("process", "withLabel:big", "cpus")),
        ("process { withName: 'a|b' { cpus = 1 } }", ("process", "withName:a|b", "cpus")),
        ("process { 'withName: a' { cpus = 1 } }", ("process", "withName:a", "cpus")),
        ("process.'withName:a'.cpus = 1", ("process", "withName:a", "cpus")),
        ("process.$a.cpus = 1", ("process", "$a", "cpus")),
        ("a(1)", ("a",)),
    ],
)
def test_paths(text, path):
    """Scopes, dots and selectors end in one path."""
    assert read_config(text, "f") == (Setting(path, 1, 2 if "\n" in text else 1),)


def test_several_values():
    """A directive with named values, in brackets or not."""
    wanted = Arguments(("x",), {"mode": "copy", "tags": [1]})
    assert value("1") == 1
    for text in ("p 'x', mode: 'copy', tags: [1]", "p('x', mode: 'copy',\n tags: [1])"):
        assert read_config(text, "f") == (Setting(("p",), wanted, 1),)
    assert read_config("p path: 'x'", "f") == (Setting(("p",), {"path": "x"}, 1),)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("def f(x) {\n a = 1\n}", 1, 3),
        ("\nif (x)\n  a = 1", 2, 3),
        ("if (x) {\n a = 1\n}", 1, 3),
        ("if (x)\n\n if (y) a = 1", 1, 3),
        ("else a = 1", 1, 1),
        ("for (i in 1..2)\n{\n a = i\n}", 1, 4),
        ("try { a = 1 }\n", 1, 1),
        ("println 'x' +\n 'y'", 1, 2),
        ("a", 1, 1),
        ("'x'.each { a = it }.b()", 1, 1),
        ("(a) = 1", 1, 1),
        ("a = 1 2", 1, 1),
    ],
)
def test_code_is_taken_whole(text, first, last):
    """A statement that is no setting is one piece, with what depends on it; nothing inside counts as a setting."""
    found = read_config(text + "\nb = 2", "f")
    if isinstance(found[0], Setting):
        assert isinstance(found[0].value, Code)
        assert found[0].line == first
    else:
        assert (found[0].line, found[0].last_line) == (first, last)
    assert found[1:-1] == () or text.startswith("'x'")
    assert found[-1] == Setting(("b",), 2, last + 1 + text.endswith("\n"))


def test_too_many_settings():
    """Endless settings end with a problem."""
    with pytest.raises(InvalidSpec, match="too many settings"):
        read_config("a=1\n" * (MAX_SETTINGS + 1), "f")


WORDS = st.sampled_from(["a", "b.c", "=", "{", "}", "[", "]", "(", ")", ",", ":", ";", "\n", "'x'", "1", "8.GB", "if", "else", "+", "?", "withName:", "-", "."])  # fmt: skip


@settings(deadline=None, max_examples=300)
@given(st.lists(WORDS, max_size=30).map(" ".join))
def test_every_word_ends_somewhere(text):
    """Whatever the words, reading ends, and each number stands in a value or in a statement."""
    try:
        found = read_config(text, "f")
    except InvalidSpec:
        return
    told = [str(item.value) if isinstance(item, Setting) else item.text for item in found]
    assert sum(each.count("1") for each in told) >= text.split().count("1")
    assert all(isinstance(item, Setting | Statement) and item.line >= 1 for item in found)
