"""The execution behind an expansion is known before it starts."""

from headrace.core import scope_execution

CHILD = "arn:aws:states:eu-west-1:123456789012:execution:hr-run-scope/tasks:0b6e-1"
MACHINE = "arn:aws:states:eu-west-1:123456789012:stateMachine:hr-run-scope"


def test_it_is_named_like_the_child_that_starts_it():
    """And numbered from the second time on."""
    assert scope_execution.name(CHILD) == "0b6e-1"
    assert scope_execution.name(CHILD, 2) == "0b6e-1-2"


def test_its_arn_is_that_of_its_machine_whatever_the_version():
    """Executions of a version are named without it."""
    expected = "arn:aws:states:eu-west-1:123456789012:execution:hr-run-scope:x"
    assert scope_execution.arn(MACHINE, "x") == scope_execution.arn(f"{MACHINE}:7", "x") == expected
