"""Directives of a deployment."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.core import yaml_source
from headrace.core.deployment_defaults import from_kept, names, read_deployment
from headrace.core.errors import HeadraceError, InvalidSpec


def read(text: str) -> dict:
    """The directives of a file."""
    return read_deployment(yaml_source.read(text, "s3://b/config/defaults.yaml"))


def test_a_map_of_directives():
    """As under `defaults` of a pipeline; what was kept with a run reads the same."""
    raw = read("queue: [spot, on-demand]\nresourceLabels: {team: a}\n")
    assert raw == {"queue": ["spot", "on-demand"], "resourceLabels": {"team": "a"}}
    assert from_kept(raw) == raw
    assert from_kept({}) == {}


@pytest.mark.parametrize("body", ["label: big", "shell: bash -eu", "stopWhen: ${{ true }}"])
def test_what_belongs_to_a_process_is_refused(body):
    """With the place and the way out."""
    with pytest.raises(InvalidSpec) as refusal:
        read(body)
    assert "for a whole deployment" in str(refusal.value)
    assert "s3://b/config/defaults.yaml:1" in str(refusal.value)
    assert body.partition(":")[0] not in names()


def test_every_problem_is_told_with_its_line():
    """A misspelt directive, a bad value, a selector."""
    with pytest.raises(InvalidSpec) as refusal:
        read("queu: x\nmemory: 8\nwithLabel: {big: {cpus: 4}}\n")
    assert [problem.line for problem in refusal.value.problems] == [1, 2, 3]


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=8), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*names(), "x"]), inner, max_size=3), max_leaves=8))  # fmt: skip
def test_nothing_but_our_own_error(value):
    """Whatever stands in the file."""
    with contextlib.suppress(HeadraceError):
        from_kept({"queue": value} if not isinstance(value, dict) else value)
