"""Which part of a piece of work is another than it was."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from headrace.core.attempt_record import Plan
from headrace.core.task_hash import SHOWN_LIMIT, task_hash
from headrace.core.task_work import Attempt
from headrace.core.values import File
from headrace.core.work_changes import MOST_LINES, Change, changes, lines, makers

MADE = "s3://b/work/t/ab/{}/a/j.1/out/x.bam"


def plan(**more: object) -> Plan:
    """A task's plan with this script, inputs and so on."""
    said = {
        "script": "one\ntwo\nthree\nfour\n",
        "shell": "bash -eu",
        "container": "debian:12",
        "options": "",
        "environment": {"B": "2", "A": "1"},
        "inputs": [("reads", "a.fq", File("s3://b/a.fq", 3, "e1"))],
        "outputs": {"bam": ["path", "x.bam", []]},
        **more,
    }
    made = task_hash(**said)  # type: ignore[arg-type]
    return Plan("a", "a", {}, made.value, "s3://b/w/", made.parts, {}, Attempt(), 1, None, made.shown)


def test_equal_work_has_no_changes() -> None:
    """The order of env and the attempt's size are no change."""
    assert changes(plan(), plan(environment={"A": "1", "B": "2"})) == ()


def test_each_part_is_named_and_shown_as_it_was_and_as_it_is() -> None:
    """Image, env, inputs and outputs: the line that differs, old and new."""
    new = plan(
        container="debian:13",
        environment={"A": "1", "B": "3"},
        inputs=[("reads", "a.fq", File("s3://b/a.fq", 3, "e2"))],
        outputs={"bam": ["path", "y.bam", []]},
    )
    told = {change.words: lines(change) for change in changes(plan(), new)}
    assert told == {
        "the container image": ("-debian:12", "+debian:13"),
        "env": (" A: 1", "-B: 2", "+B: 3"),
        "input 'reads'": ("-a.fq <- s3://b/a.fq@e1", "+a.fq <- s3://b/a.fq@e2"),
        "the declared outputs": ("-bam: path x.bam", "+bam: path y.bam"),
    }


def test_of_a_script_only_the_changed_lines_are_shown() -> None:
    """A line of context on each side."""
    (change,) = changes(plan(), plan(script="one\ntwo\nTHREE\nfour\n"))
    assert lines(change) == (" two", "-three", "+THREE", " four")


def test_an_input_made_by_other_work_names_the_task() -> None:
    """The hash that made it is told by the task of that hash, and is what to ask about next."""
    old = plan(inputs=[("bam", "x.bam", File(MADE.format("1" * 64), 3, "e"))])
    new = plan(inputs=[("bam", "x.bam", File(MADE.format("2" * 64), 3, "f"))])
    (change,) = changes(old, new)
    assert makers(change) == {"2" * 64}
    assert lines(change, {"1" * 64: "align", "2" * 64: "align"}) == (
        "-x.bam <- x.bam made by align (111111111111)",
        "+x.bam <- x.bam made by align (222222222222)",
    )


def test_a_part_that_comes_or_goes_is_a_change() -> None:
    """`cache: false` makes work its own."""
    (change,) = changes(plan(), plan(only="run#1#a"))
    assert "nobody else's" in change.words
    assert lines(change) == ("+run#1#a",)


def test_what_was_not_kept_is_said() -> None:
    """An older plan has digests alone; a long script may differ beyond what is kept."""
    old = plan()
    bare = Plan(old.task, "a", {}, old.hash, old.prefix, old.parts, {}, Attempt(), 1, None)
    other = plan(container="debian:13")
    assert lines(changes(bare, other)[0]) == ("+debian:13",)
    assert lines(Change("script", None, None)) == ("(its values were not kept)",)
    long = "x" * SHOWN_LIMIT
    (change,) = changes(plan(script=long + "a"), plan(script=long + "b"))
    assert lines(change) == ("(the difference is beyond what is kept of it)",)


@example("--", "")
@example("@@", "++")
@given(st.text(max_size=300), st.text(max_size=300))
def test_any_two_scripts_are_shown_in_single_lines(old: str, new: str) -> None:
    """Whatever stands in a script: bounded, one line each, and empty only for equal work."""
    found = changes(plan(script=old), plan(script=new))
    assert bool(found) == (old != new)
    for change in found:
        told = lines(change)
        assert 0 < len(told) <= MOST_LINES + 1
        assert all(len(line.splitlines()) <= 1 for line in told)
