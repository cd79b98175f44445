"""Names and tags Batch accepts."""

import pytest

from headrace.core.batch_values import check_env_name, check_tag
from headrace.core.errors import InvalidValue


@pytest.mark.parametrize("name", ["A", "a.b", "_", "JAVA_OPTS", "é"])
def test_variables(name):
    """Any name docker takes that nobody else sets."""
    check_env_name(name)


@pytest.mark.parametrize(
    "name", ["", "-it", "a b", "a=b", "a\n", "AWS_BATCH", "AWS_BATCH_X", "MANAGED_BY_AWS", "HEADRACE_RUN_ID"]
)
def test_reserved_variables(name):
    """Batch's, Step Functions' and Headrace's names are theirs."""
    with pytest.raises(InvalidValue):
        check_env_name(name)


def test_own_names_pass_when_they_are_our_own():
    """Headrace sets its own names."""
    check_env_name("HEADRACE_RUN_ID", own=True)


@pytest.mark.parametrize(
    ("key", "value"),
    [("", ""), ("k" * 129, ""), ("k", "v" * 257), ("aws:x", ""), ("AWS:x", ""), ("k#", ""), ("k", "a;b"), ("k\n", "")],
)
def test_bad_tags(key, value):
    """Length, prefix and characters."""
    with pytest.raises(InvalidValue):
        check_tag(key, value)


def test_good_tags():
    """Letters of any script, digits, blanks and the allowed signs."""
    check_tag("Équipe 1", "a_b.c:/d=e+f-g@h")
    check_tag("k" * 128, "v" * 256)
