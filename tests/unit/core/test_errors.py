"""How what is wrong is said."""

from hypothesis import given
from hypothesis import strategies as st

from headrace.core.errors import InvalidSpec, Problem, nearest, shown


def test_a_problem_says_where_what_and_what_to_do():
    """File, line, path, what was there, what is expected, a hint; what is not known is left out."""
    whole = Problem("processes.a", "not a number", "x", "a whole number", "Write 2", "p.yaml", 3)
    assert str(whole) == "p.yaml:3: processes.a: not a number (got 'x'; expected a whole number). Write 2"
    assert str(Problem("", "empty")) == "empty"
    assert str(Problem("a", "bad", line=3)) == "line 3: a: bad"
    assert str(Problem("a", "bad", None)) == "a: bad (got None)"


def test_a_place_that_is_known_is_kept():
    """Whoever knows more fills in what is missing and nothing else."""
    placed = Problem("a", "bad", line=3).at(path="b", file="p.yaml", line=9)
    assert (placed.path, placed.file, placed.line) == ("a", "p.yaml", 3)


def test_all_problems_are_in_the_message_in_order():
    """The exception's text is what Step Functions shows."""
    error = InvalidSpec(Problem(name, "bad") for name in "ab")
    assert str(error) == "a: bad\nb: bad"
    assert [problem.path for problem in error.problems] == ["a", "b"]


def test_the_nearest_name_is_proposed():
    """A slip of a letter or of a case is found; nothing is made up."""
    assert nearest("memroy", ["memory", "cpus"]) == "did you mean 'memory'?"
    assert nearest("CPUS", ["cpus"]) == "did you mean 'cpus'?"
    assert nearest("zzz", ["cpus"]) == ""


@given(st.text() | st.lists(st.integers()))
def test_a_value_is_shown_at_a_bearable_length(value: object):
    """However long it is."""
    assert len(shown(value)) <= 80
