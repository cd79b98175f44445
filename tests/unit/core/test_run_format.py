"""Runs of another format are refused by name."""

import pytest

from headrace.core import run_format
from headrace.core.errors import Refused


def test_what_we_write_we_read() -> None:
    """The current format, and nothing else is assumed to be readable."""
    assert run_format.FORMAT in run_format.READ
    for written in run_format.READ:
        run_format.check("a-run", 1, written)


@pytest.mark.parametrize(
    ("written", "advice"),
    [(run_format.FORMAT + 1, "deploy, or install, the release that started it"), (0, "use the release that ran it")],
)
def test_another_format_is_refused(written: int, advice: str) -> None:
    """With the run, its format, ours, and what to do: forwards and back are told apart."""
    with pytest.raises(
        Refused, match=rf"run a-run, epoch 3 is written in format {written}, this Headrace reads 1: {advice}"
    ):
        run_format.check("a-run", 3, written)
