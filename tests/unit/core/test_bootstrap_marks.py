"""How the bootstrap speaks to the outcome."""

from headrace.core.bootstrap_marks import EXITS, PREFIX, cpu_used_s, is_heartbeat, is_last, is_mark
from headrace.core.job_shell import functions
from headrace.core.outcome_signs import EXITS as CONVENTIONS


def test_own_exit_codes_mean_nothing_else() -> None:
    """They collide neither with the shell's codes and signals nor with sysexits."""
    assert not set(EXITS) & set(CONVENTIONS)
    assert all(code not in range(64, 79) and code not in range(124, 166) and 1 < code < 256 for code in EXITS)


def test_a_mark_begins_the_line() -> None:
    """A task that talks about headrace is no mark."""
    assert is_mark(f"{PREFIX}begin")
    assert not is_mark(f"see {PREFIX}begin")


def test_the_last_line_of_a_job_is_known() -> None:
    """It is what run.sh says when it ends by itself, stage and exit code; nothing else is."""
    assert 'hr_say "$1, exit code $2"\n  exit "$2"' in functions()
    assert all(is_last(f"{PREFIX}{stage}, exit code 7") for stage in ("stage-in", "script", "stage-out", "done"))
    assert not is_last(f"{PREFIX}the script ended with exit code 7")
    assert not is_last("script, exit code 7")


def test_the_line_of_each_minute_is_known() -> None:
    """With what the container has used of the CPU, where its cgroup tells."""
    assert is_heartbeat("headrace: running")
    assert is_heartbeat("headrace: running, 12 s of CPU\n")
    assert not is_heartbeat("headrace: running out of disk")
    assert [cpu_used_s(f"headrace: running{used}") for used in ("", ", 0 s of CPU", ", 12 s of CPU")] == [None, 0, 12]
    assert cpu_used_s("12 s of CPU") is None
