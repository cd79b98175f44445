"""YAML without its traps (rules 6 and 16)."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from headrace.core import yaml_source
from headrace.core.errors import InvalidSpec, Problem
from headrace.core.yaml_source import MAX_BYTES, MAX_DEPTH, MAX_VALUES, read


def problems(text: str | bytes) -> list[Problem]:
    """What is wrong with a text."""
    with pytest.raises(InvalidSpec) as refusal:
        read(text, "f.yaml")
    return list(refusal.value.problems)


def one(text: str | bytes) -> Problem:
    """The one thing wrong with a text."""
    found = problems(text)
    assert len(found) == 1, found
    return found[0]


@pytest.mark.parametrize(
    "text",
    [
        "NO",
        "no",
        "on",
        "yes",
        "y",
        "1:30",
        "2020-01-01",
        "2020-01-01T00:00:00Z",
        "007",
        "-007",
        "1_000",
        "0b1",
        "00",
        ".",
        "1e",
        "0x",
        "=",
        "12e03x",
    ],
)
def test_what_other_yamls_convert_is_text(text: str) -> None:
    """Only YAML 1.2 core scalars are anything but text; leading zeros make text."""
    assert read(f"a: {text}", "f").value == {"a": text}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 0.001),
        ("1", 1),
        ("-1", -1),
        ("+1", 1),
        ("0", 0),
        ("0o17", 15),
        ("0x1F", 31),
        (".5", 0.5),
        ("1.", 1.0),
        ("1.5E+3", 1500.0),
        ("true", True),
        ("True", True),
        ("TRUE", True),
        ("false", False),
        ("null", None),
        ("~", None),
        ("Null", None),
        ("", None),
    ],
)
def test_core_scalars_have_their_types(text: str, value: Any) -> None:
    """Numbers, booleans and null as the core schema spells them, with their own types."""
    found = read(f"a: {text}", "f").value["a"]
    assert found == value
    assert type(found) is type(value)


def test_quoted_scalars_are_text() -> None:
    """What stands in quotes is text, whatever it looks like."""
    assert read("a: \"1\"\nb: 'true'\nc: |\n  1\n", "f").value == {"a": "1", "b": "true", "c": "1\n"}


@pytest.mark.parametrize("text", [".inf", "-.Inf", ".NAN", "1e999", "9" * 30, "9" * 5000, "0x" + "f" * 20])
def test_numbers_that_cannot_travel_are_refused(text: str) -> None:
    """No infinity and no more than 64 bits: the value would change on its way through JSON."""
    assert "quotes" in one(f"a: {text}").hint


def test_keys_are_text_as_written() -> None:
    """A key is never converted."""
    assert list(read("1: a\non: b\ntrue: c\nnull: d\n1.50: e", "f").value) == ["1", "on", "true", "null", "1.50"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: !!str x", "tags"),
        ("a: !thing {b: 1}", "tags"),
        ("a: !!python/object/apply:os.system [x]", "tags"),
        ("a: &x 1", "anchors"),
        ("a: &x [1]", "anchors"),
        ("a: *x", "aliases"),
        ("a: {<<: {b: 1}}", "merge keys"),
        ("a: 1\n---\nb: 1", "second document"),
        ("a: 1\n...\n---\nb: 1", "second document"),
        ("a: 1\nb: 2\na: 3", "twice, first on line 1"),
        ("? [a]\n: 1", "not plain text"),
        ("%YAML 1.1\n---\na: 1", "another version"),
        ("- a", "holds a list"),
        ("x", "holds one value"),
        ("", "empty"),
        ("# only a comment", "empty"),
        ("~", "empty"),
        (b"\xff\xfea", "UTF-8"),
        (b"a: \xe9", "UTF-8"),
        ("a: \ud800", "UTF-8"),
        ("a: \x07", "U+0007"),
        ('a: "\\0"', "NUL"),
    ],
)
def test_refused_by_name(text: str | bytes, said: str) -> None:
    """Tags, anchors, aliases, merge keys, second documents, duplicate keys and non-text are each refused by name."""
    assert any(said in problem.message for problem in problems(text))


def test_every_refusal_is_reported_with_its_line_and_path() -> None:
    """All problems of a file come at once, each in its place."""
    found = problems("a: !t 1\nb:\n  c: &x 2\n  c: 3\n")
    assert [(p.line, p.path) for p in found] == [(1, "a"), (3, "b.c"), (4, "b.c")]
    assert all(p.file == "f.yaml" for p in found)


@pytest.mark.parametrize("text", ["a: {b: ${{ c }}}", "a: *.fq", "a: @x", "a: [b?: , {c?: ]", "a: `x`"])
def test_an_error_beside_our_signs_says_put_it_in_quotes(text: str) -> None:
    """A YAML error on a line with `${{`, `*`, `@` or `name?:` gets the hint 'put it in quotes'."""
    assert any("put it in quotes" in problem.hint for problem in problems(text))


def test_other_yaml_errors_get_no_such_hint() -> None:
    """The hint is for lines that have the signs, not for every mistake."""
    assert "quotes" not in one("a: [1").hint
    assert "tabs" in one("a:\n\tb: 1").hint


def test_over_ten_megabytes_is_refused_before_parsing() -> None:
    """The bound holds for bytes, not characters."""
    assert "10 MB" in one(b"a: " + b"x" * MAX_BYTES).message
    assert "10 MB" in one("a: " + "é" * (MAX_BYTES // 2)).message


@pytest.mark.parametrize("text", ["[" * 1_000_000, "{a: " * 200_000, "- " * 100_000, "a: " + "[[" * 500])
def test_deep_nesting_is_refused(text: str) -> None:
    """Nesting is bounded, whatever the rest of the file holds."""
    assert f"deeper than {MAX_DEPTH}" in problems(text)[-1].message


def test_bombs_cost_no_more_events_than_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading stops at the bound: the events taken from the parser are counted."""
    taken = 0
    parse = yaml.parse

    def counting(*args: Any, **options: Any) -> Any:
        nonlocal taken
        for event in parse(*args, **options):
            taken += 1
            yield event

    monkeypatch.setattr(yaml, "parse", counting)
    monkeypatch.setattr(yaml_source, "MAX_VALUES", 1000)
    assert "more than 1,000 values" in one("a: [" + "x," * 100_000 + "]").message
    assert taken < 1100


def test_a_billion_laughs_is_refused_at_its_first_anchor() -> None:
    """Aliases are never expanded."""
    text = 'a: &a ["lol"]\n' + "".join(
        f"{b}: &{b} [{','.join([f'*{a}'] * 9)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    assert {problem.message.split("(")[0] for problem in problems(text)} == {"anchors ", "aliases "}


def test_a_flood_of_problems_is_cut() -> None:
    """Nobody reads ten thousand problems; a hundred are enough."""
    assert len(problems("a: 1\n" * 10_000)) == 100


def test_values_up_to_the_bound_are_read() -> None:
    """A big but honest file is fine."""
    assert len(read("a: [" + "x," * 50_000 + "]", "f").value["a"]) == 50_000 < MAX_VALUES


def test_json_is_read() -> None:
    """JSON with tabs, escaped slashes and surrogate pairs, which YAML parsers trip over."""
    text = json.dumps({"a": ["\U0001f600", "/", 1.5, None, True], "b": {"c": "x\ny"}}, indent="\t").replace("/", "\\/")
    document = read(text, "f")
    assert document.value == json.loads(text)
    assert document.is_json
    assert document.line("b.c") == 10


def test_a_byte_order_mark_is_nothing() -> None:
    """Files saved by Windows editors begin with one."""
    assert read(b"\xef\xbb\xbfa: 1\r\nb: 2\r\n", "f").line("b") == 2


PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_characters="\x00\x7f", exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text("abc.?[]{}*&!#: \"'", max_size=6), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(st.dictionaries(st.text("abc", max_size=3), PLAIN, max_size=5), st.sampled_from([None, 2, "\t"]), st.booleans())
def test_any_json_reads_as_itself(value: dict[str, Any], indent: int | str | None, ascii_only: bool) -> None:
    """What json.dumps writes, we read."""
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    if any(0x7F <= ord(char) < 0xA0 or ord(char) in (0xFFFE, 0xFFFF) for char in text):
        return
    assert read(text, "f").value == value


@pytest.mark.parametrize("indent", [None, "\t"])
def test_separators_in_json_are_text(indent: str | None) -> None:
    """YAML 1.1 breaks lines at U+2028 and U+2029, and would take the blanks around them away; lines stay those that are seen."""
    value = {"a": " \u2028 \u2029 ", "b": [{"c d": "x\u2028"}], "e": "\U0001f600"}
    document = read(json.dumps(value, indent=indent, ensure_ascii=False), "f")
    assert document.value == value
    assert document.line("e") == (8 if indent else 1)


@settings(max_examples=300)
@given(
    st.text(st.sampled_from("ab:- \n\t#&*!|>'\"%@`{}[],?~<.0179eE+$x\\é\u2028\x85\ufeff"), max_size=60)
    | st.binary(max_size=60)
    | st.text(max_size=40)
)
@example("a: |\n")
@example("a: ''\n")
@example("? \n")
@example("a: |2-\n   x\n")
@example("{a: }")
def test_nothing_but_our_error(text: str | bytes) -> None:
    """Whatever the bytes: a document, or InvalidSpec with problems that can be printed."""
    try:
        document = read(text, "f")
    except InvalidSpec as error:
        said = error
    else:
        said = None
        assert isinstance(document.value, dict)
        for key in document.value:
            assert document.line(key) >= 1
            document.is_commented(key)
    assert said is None or (said.problems and str(said))


@settings(max_examples=100)
@given(st.text(st.sampled_from("ab:- \n#|>'\"{}[],?0.x\\"), max_size=60))
def test_the_parser_in_python_agrees_with_the_one_in_c(text: str) -> None:
    """Where PyYAML has no libyaml, what is read is the same; what only one of them takes is refused by the other."""

    def outcome(loader: Any) -> Any:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(yaml_source, "_LOADER", loader)
            try:
                return read(text, "f").value
            except InvalidSpec:
                return None

    in_c, in_python = outcome(yaml.CSafeLoader), outcome(yaml.SafeLoader)
    assert in_c is None or in_python is None or in_c == in_python
