"""How the bootstrap speaks to the outcome."""

from headrace.core.bootstrap_marks import EXITS, PREFIX, is_mark
from headrace.core.outcome_signs import EXITS as CONVENTIONS


def test_own_exit_codes_mean_nothing_else() -> None:
    """They collide neither with the shell's codes and signals nor with sysexits."""
    assert not set(EXITS) & set(CONVENTIONS)
    assert all(code not in range(64, 79) and code not in range(124, 166) and 1 < code < 256 for code in EXITS)


def test_a_mark_begins_the_line() -> None:
    """A task that talks about headrace is no mark."""
    assert is_mark(f"{PREFIX}begin")
    assert not is_mark(f"see {PREFIX}begin")
