"""The sandbox: an expression reaches data and nothing else, and cannot take much time or space."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.core.compile_expression import compile_expression
from headrace.core.errors import InvalidValue
from headrace.core.values import MAX_TEXT, File

SCOPE = {"x": "text", "n": 3, "items": ["a", "b"], "record": {"a": 1}, "file": File("s3://b/a.txt"), "none_": None}


def run(source, scope=SCOPE):
    """The value of one expression that sees the process `align`."""
    compiled = compile_expression(source, processes=frozenset({"align"}), make_reference=str)
    return compiled.code(scope, lambda reference: reference)


@pytest.mark.parametrize(
    "source",
    [
        "''.__class__.__mro__[1].__subclasses__()",
        "x.__class__",
        "x['__class__']",
        "x|attr('__class__')",
        "record.__class__",
        "record.items()",
        "record.keys",
        "record['keys']",
        "items.append('c')",
        "file.__class__.__init__.__globals__",
        "file.__dataclass_fields__",
        "file['__class__']",
        "file.items",
        "x.format(x)",
        "x.upper()",
        "'{0.__class__}'.format(x)",
        "'%s' % x",
        "cycler.__init__.__globals__.os.popen('id').read()",
        "lipsum.__globals__['os']",
        "joiner()",
        "namespace()",
        "self._TemplateReference__context",
        "config.items()",
        "request.application.__globals__",
        "get_flashed_messages.__globals__",
        "url_for.__globals__",
        "range(10)",
        "dict(a=1)",
        "x.__getattribute__('a')",
        "x | map('__class__') | list",
        "[x] | map(attribute='__class__') | first",
        "[x] | map('attr', '__class__')",
        "items | selectattr('__class__')",
        "items | map('format')",
        "() | tojson",
        "x|string|list|random",
        "x | xmlattr",
        "x is callable",
        "x is sameas x",
        "(x).mro()",
        "lambda: 1",
        "[y for y in items]",
        "x := 1",
        "x = 1",
        "x; n",
        "import os",
        "f'{x}'",
        "x if",
        "{% set a = 1 %}",
        "{{ x }}",
        "x }}{% for a in b %}{{",
        "x[1:2]",
        "x[::1]",
        "record(**record)",
        "x | default(*items)",
        "x | default(**record)",
        "x | default(1, 2, 3)",
        "x | default(other=1, other=2)",
        "x | default(value=1)",
        "x | first(nope=1)",
        "{x: 1}",
        "{'$file': 's3://other/secret'}",
        "_x",
        "é",
        "x | raw",
        "items | listFile",
        "items | map('raw')",
        "items | map(x)",
        "items | map",
        "items | map('nope')",
        "items | select(x)",
        "items | select('nope')",
        "items | selectattr",
        "items | selectattr('a', 'eq')",
        "x is nope",
        "x is defined",
        "'\\N{DIGIT ONE}'",
        "'\\d'",
        "'\\ud800'",
        "x\x00",
        "",
        "align",
        "align.at",
        "align.at.bam",
        "align.at()",
        "align.at().bam",
        "align.at('a').bam",
        "align.at(sample=align.bam).bam",
        "align.at(sample='a')",
        "align.at(sample='a').at(lane='b').bam",
        "align.all",
        "align.all.all",
        "align.all.at(sample='a').bam",
        "align.all.at",
        "align.bam()",
        "align[x]",
        "align[0]",
        "align['not a name']",
        "align | first",
    ],
)
def test_what_is_not_in_the_language_is_refused(source):
    """Known template attacks, calls, statements and everything else outside the closed lists end in InvalidValue."""
    with pytest.raises(InvalidValue) as caught:
        run(source)
    assert len(caught.value.message) < 400


@pytest.mark.parametrize(
    "source",
    [
        "'a' * 10 ** 9",
        "items * 1000000000",
        "9 ** 9 ** 9",
        "2 ** 64",
        "2 ** 63",
        "(2 ** 62) * 4",
        "10 ** -400 * 10.0 ** 400",
        "10.0 ** 400",
        "1e400",
        "9" * 50,
        "9" * 5000,
        "(-8) ** 0.5",
        "0 ** -1",
        "'1e999' | float",
        "'" + "9" * 100 + "' | int",
        "1.5e300 * 1.5e300",
        "(" * 30 + "1" + ")" * 30,
        "[" * 300 + "]" * 300,
        "not " * 500 + "true",
        "-" * 500 + "1",
        "1" + " + 1" * 300,
        "x" + ".a" * 500,
        "x" + " | lower" * 300,
        "1 if 1 else " * 200 + "1",
        "'" + "a" * 200 + "'" + " | replace('a', '" + "a" * 200 + "')" * 8,
        "big | replace('a', 'aa') | replace('a', 'aa')",
        "big ~ big ~ big",
        "big + big + big",
        "[big, big, big] | join('')",
        "[big, big, big] | json",
        "many | map('replace', 'a', big) | length",
        "many | map('default', 1) | join(big)",
        "many | join(big)",
        "1.5 | round(1000000)",
    ],
)
def test_what_would_grow_is_refused(source):
    """Numbers, texts, lists, nesting and expressions have bounds, checked before the work is done."""
    scope = SCOPE | {"big": "a" * (MAX_TEXT // 2), "many": ["a"] * 5000}
    with pytest.raises(InvalidValue):
        run(source, scope)


def test_the_longest_allowed_chains_still_run():
    """The bounds leave room: an expression near them is evaluated, not a crash."""
    assert run("1" + " + 1" * 150) == 151
    assert run("not " * 150 + "true") is True
    assert run("(" * 15 + "x" + ")" * 15) == "text"
    assert run("1 if false else " * 90 + "2") == 2
    assert run("x" + " | lower" * 150) == "text"


def test_a_record_is_looked_up_by_key_only():
    """A key named like a Python method is the key."""
    assert run("record.items", {"record": {"items": 5}}) == 5
    assert run("record['__class__']", {"record": {"__class__": 6}}) == 6


WORDS = st.sampled_from(
    [
        "x",
        "n",
        "items",
        "record",
        "file",
        "none_",
        "align",
        "bam",
        "at",
        "all",
        "true",
        "none",
        "1",
        "2.5",
        "'a'",
        '"b"',
        "'%s'",
        "[",
        "]",
        "(",
        ")",
        "{",
        "}",
        ",",
        ":",
        ".",
        "|",
        "~",
        "+",
        "-",
        "*",
        "/",
        "//",
        "%",
        "**",
        "==",
        "<",
        "in",
        "not",
        "and",
        "or",
        "if",
        "else",
        "is",
        "map",
        "first",
        "join",
        "sort",
        "group",
        "flag",
        "words",
        "json",
        "unique",
        "length",
        "min",
        "sum",
        "int",
        "round",
        "replace",
        "select",
        "selectattr",
        "attribute",
        "=",
        "eq",
        "none",
    ]
)


@settings(max_examples=500, deadline=None)
@given(st.lists(WORDS, min_size=1, max_size=14).map(" ".join))
def test_any_words_give_a_value_or_a_named_error(source):
    """No input makes the evaluator raise anything but InvalidValue."""
    with contextlib.suppress(InvalidValue):
        run(source)
