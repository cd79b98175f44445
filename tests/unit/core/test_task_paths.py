"""Paths inside a task's folder (rule 9)."""

from __future__ import annotations

import posixpath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.core.errors import InvalidValue
from headrace.core.expressions import parse
from headrace.core.task_paths import check_inside, check_template_inside


@given(st.text(st.sampled_from("a./*\\ -é\n\x00h"), max_size=12) | st.text(max_size=8))
def test_what_is_taken_stays_inside(path: str) -> None:
    """No path that is taken leads out of the folder, to the folder itself, or into ours."""
    try:
        check_inside(path)
    except InvalidValue:
        return
    real = posixpath.normpath(posixpath.join("/task", path))
    assert real.startswith("/task/")
    assert not real.startswith("/task/.headrace/")
    assert "\n" not in path


@pytest.mark.parametrize(
    "text", ["a..b", "a..", "..a", "${{ x }}..${{ y }}", "${{ x }}..", "a/${{ x }}", "${{ x }}/b", "./a", "a//b", "-a"]
)
def test_dots_within_a_name_are_fine(text: str) -> None:
    """Only a whole component `..` leads out; an expression beside it makes it a part of a name."""
    template = parse(text)
    assert check_template_inside(template) is template


def test_a_path_too_long_for_a_key() -> None:
    """An S3 key has 1,024 bytes, and the work prefix needs some of them."""
    with pytest.raises(InvalidValue, match="too long"):
        check_inside("é" * 600)


@pytest.mark.parametrize(
    "text",
    [
        "../${{ x }}",
        "${{ x }}/..",
        "${{ x }}/../${{ y }}",
        "a/../${{ x }}",
        "/${{ x }}",
        "s3://${{ x }}",
        ".headrace/${{ x }}",
    ],
)
def test_what_is_written_around_expressions_is_judged_at_once(text: str) -> None:
    """A path that leads out whatever its expressions give is refused at check time."""
    with pytest.raises(InvalidValue):
        check_template_inside(parse(text))
