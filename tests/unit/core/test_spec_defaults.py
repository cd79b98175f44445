"""`defaults` and its selectors (rule 12)."""

from __future__ import annotations

import pytest
from tests.support.spec_texts import refused_spec, spec

PROCESS = "\nprocesses: {p: {script: x}}"


def test_directives_and_selectors() -> None:
    """Plain directives stand beside withLabel and withName, in written order."""
    defaults = spec(
        "defaults: {cpus: 1, withName: {b: {cpus: 2}, a: {cpus: 3}}, withLabel: {l: {memory: 1 GB}}}" + PROCESS
    ).defaults
    assert defaults.directives == {"cpus": 1}
    assert [(each.pattern, each.directives) for each in defaults.with_name] == [("b", {"cpus": 2}), ("a", {"cpus": 3})]
    assert defaults.with_label[0].path == "defaults.withLabel.l"


@pytest.mark.parametrize(
    ("block", "path", "said"),
    [
        ("{withlabel: {l: {cpus: 1}}}", "defaults.withlabel", "unknown key"),
        ("{script: x}", "defaults.script", "unknown key"),
        ("{withLabel: {l: {cpu: 1}}}", "defaults.withLabel.l.cpu", "unknown key"),
        ("{withLabel: {cpus: 1}}", "defaults.withLabel.cpus", "where a pattern is wanted"),
        ("{withLabel: {'a b': {cpus: 1}}}", "defaults.withLabel.a b", "not known in a selector"),
        ("{withLabel: {l: 3}}", "defaults.withLabel.l", "a number stands"),
        ("{withLabel: [l]}", "defaults.withLabel", "a list stands"),
        ("{withName: {p: {label: big}}}", "defaults.withName.p.label", "given by a selector"),
        ("{withName: {p: {withLabel: {l: {cpus: 1}}}}}", "defaults.withName.p.withLabel", "unknown key"),
        ("[cpus]", "defaults", "a list stands"),
    ],
)
def test_what_is_refused_and_where(block: str, path: str, said: str) -> None:
    """Every mistake in `defaults` is named at its place."""
    assert [(p.path, said in p.message) for p in refused_spec(f"defaults: {block}{PROCESS}")] == [(path, True)]


def test_a_selector_mistyped_is_proposed() -> None:
    """`withlabel` is one letter away."""
    assert refused_spec(f"defaults: {{withlabel: {{l: {{cpus: 1}}}}}}{PROCESS}")[0].hint == "did you mean 'withLabel'?"
