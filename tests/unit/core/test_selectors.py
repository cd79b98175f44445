"""Selectors of directives (rule 12)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.core.errors import InvalidValue
from headrace.core.selectors import Defaults, Selector, check_pattern, selects


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        ("align", ["align"], ["aligner", "alig", "ALIGN"]),
        ("align|call", ["align", "call"], ["aligncall", "merge"]),
        ("al.*", ["al", "align"], ["mal", "call"]),
        (".*_qc", ["_qc", "raw_qc"], ["qc", "raw_qc2"]),
        ("a.*|.*z", ["a", "xz"], ["b"]),
        ("!align", ["call"], ["align"]),
        ("!align|call", ["merge"], ["align", "call"]),
        ("qc.stats", ["qc.stats"], ["qcxstats", "stats"]),
        ("qc..*", ["qc.stats", "qc.deep.er"], ["qc"]),
        (".*", ["anything"], []),
    ],
)
def test_names_alternatives_stars_and_negation(pattern: str, yes: list[str], no: list[str]) -> None:
    """A selector selects whole names; a dot is a dot."""
    check_pattern(pattern)
    assert [selects(pattern, [name]) for name in yes + no] == [True] * len(yes) + [False] * len(no)


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("a b", "' '"),
        ("a(b)", "'()'"),
        ("[ab]", "'[]'"),
        ("a+", "'+'"),
        ("a*", "'*'"),
        ("a||b", "empty"),
        ("", "empty"),
        ("!", "empty"),
        ("^a$", "'$^'"),
        ("a\\d", "'\\\\'"),
        ("a?", "'?'"),
        ("a!", "'!'"),
        ("x" * 300, "too long"),
        (".*a" * 5, "too many"),
    ],
)
def test_other_patterns_are_refused_by_name(pattern: str, said: str) -> None:
    """What a regular expression could say beyond that is named, not ignored."""
    with pytest.raises(InvalidValue) as refusal:
        check_pattern(pattern)
    assert said in refusal.value.message or said in repr(refusal.value.message)


def test_a_process_with_several_labels() -> None:
    """One matching label is enough; a negated pattern wants none of them to match."""
    assert selects("big", ["small", "big"])
    assert not selects("!big", ["small", "big"])
    assert selects("!big", [])
    assert not selects("big", [])


def test_later_selectors_are_stronger_and_names_beat_labels() -> None:
    """The layers of a process come weak to strong."""
    defaults = Defaults(
        directives={"cpus": 1},
        with_label=(Selector(pattern="l", directives={"cpus": 2}), Selector(pattern="m", directives={"cpus": 3})),
        with_name=(Selector(pattern="p", directives={"cpus": 4}), Selector(pattern="p|q", directives={"cpus": 5})),
    )
    assert [layer["cpus"] for layer in defaults.layers("p", ["m", "l"])] == [1, 2, 3, 4, 5]
    assert [layer["cpus"] for layer in defaults.layers("q", ["m"])] == [1, 3, 5]
    assert [layer["cpus"] for layer in defaults.layers("r", [])] == [1]


def test_a_selector_that_selects_nothing_is_found() -> None:
    """Most likely a name is mistyped."""
    defaults = Defaults(
        with_label=(Selector(pattern="l", directives={}),),
        with_name=(Selector(pattern="p", directives={}), Selector(pattern="x.*", directives={})),
    )
    assert [each.pattern for each in defaults.idle(["p", "q"], ["m"])] == ["l", "x.*"]


@given(st.text(st.sampled_from("ab.*|!_-x"), max_size=24), st.text("ab_x-.", max_size=40))
def test_a_pattern_is_refused_or_decides(pattern: str, name: str) -> None:
    """No pattern that is taken can fail later, and negation turns the answer round."""
    try:
        check_pattern(pattern)
    except InvalidValue:
        return
    assert selects(pattern, [name]) is not selects(
        pattern.removeprefix("!") if pattern.startswith("!") else f"!{pattern}", [name]
    )
