"""The fixed part of run.sh."""

import re

from headrace.core import job_shell
from headrace.core.bootstrap_marks import EXITS


def test_no_placeholder_is_left():
    """Every exit code is filled in, and is one the outcome knows."""
    text = job_shell.functions() + job_shell.main()
    assert not re.search(r"@[A-Z]+@", text)
    # The missing tool is the bootstrap's to tell.
    assert {int(code) for code in re.findall(r"\b9\d\b", text)} <= set(EXITS)


def test_no_group_is_signalled_behind_two_dashes():
    """`kill -TERM -- -N` is an error in dash and in busybox."""
    assert not re.search(r"kill [^\n]*-- ", job_shell.functions())
