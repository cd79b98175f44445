"""Which option has which value, as docker's flag parser decides it."""

import pytest

from headrace.core.container_option_flags import Given, given_options
from headrace.core.errors import Problem


def found(source: object) -> list[tuple[str, str]]:
    """Flag and value of every option; no problems allowed."""
    uses = list(given_options(source))
    assert not [use for use in uses if isinstance(use, Problem)]
    return [(use.option.flag, use.value) for use in uses if isinstance(use, Given)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("--user a --user=b -uc -u=d -u e", [("user", v) for v in "abcde"]),
        ("-it --rm", [("interactive", "true"), ("tty", "true"), ("rm", "true")]),
        ("-itu root", [("interactive", "true"), ("tty", "true"), ("user", "root")]),
        ("-it=false", [("interactive", "true"), ("tty", "false")]),
        ("--memory-swap -1", [("memory-swap", "-1")]),
        ("-e --rm", [("env", "--rm")]),
        ("--net host --dns-opt x", [("network", "host"), ("dns-option", "x")]),
        ("--env=A=b=c", [("env", "A=b=c")]),
        ("--init=", [("init", "")]),
    ],
)
def test_values(text, expected):
    """A value is what follows =, sticks to a letter, or is the next word."""
    assert found(text) == expected


def test_unknown_option_takes_its_value_along():
    """One unknown option is one problem, not two."""
    assert len(list(given_options("--fish 3 --init"))) == 2


@pytest.mark.parametrize("text", ["--", "-", "---x", "--=x", "-Z", "-iZ", "image"])
def test_no_option(text):
    """What is no option is a problem, at its place."""
    (problem,) = [use for use in given_options(text) if isinstance(use, Problem)]
    assert "character 1" in problem.message


def test_places():
    """A text counts characters, a list items, a map names keys."""
    places = [
        use.place
        for use in given_options(["--init", {"env": {"A": 1}, "user": "x", "device": ["/a", "/b"]}])
        if isinstance(use, Given)
    ]
    assert places == ["item 1, character 1", "item 2, env.A", "item 2, user", "item 2, device[1]", "item 2, device[2]"]
