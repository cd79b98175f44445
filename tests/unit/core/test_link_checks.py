"""What a program as a whole may not be."""

import pytest
from tests.support.programs import program_of

from headrace.core.errors import InvalidSpec


def test_a_gather_that_nobody_could_count_is_refused_with_the_way_out():
    """Aligned on a dynamic axis that comes after a gathered dynamic one: refused; in the other order it works."""
    text = """
        processes:
          one: {outputs: {o: '*'}, script: 'true'}
          two: {outputs: {o: '*'}, script: 'true'}
          both: {each: [{d: "${{ one.o }}"}, {e: "${{ two.o }}"}], outputs: {o: 'x*'}, script: 'true'}
          keep: {each: [KEPT], inputs: {i: "${{ both.o }}"}, script: 'true'}
        """
    with pytest.raises(InvalidSpec) as caught:
        program_of(text.replace("KEPT", "e"))
    assert "'both' is gathered over the dynamic axis 'd' and aligned on the dynamic axis 'e'" in str(caught.value)
    assert "List 'e' before 'd' in the `each` of 'both', or gather over both" in str(caught.value)
    program_of(text.replace("KEPT", "d"))


def processes(count, start):
    """Consumers of `base`, each over other axes."""
    return "\n".join(
        f"  p{n}: {{each: [{', '.join(start(n))}], inputs: {{i: '${{{{ base.o }}}}'}}, script: 'true'}}"
        for n in range(count)
    )


@pytest.mark.parametrize(("count", "good"), [(90, True), (91, False)])
def test_a_task_counts_on_at_most_90_latches(count, good):
    """A process gathered in more than 90 different ways is refused: its record and its latches are one transaction."""
    axes = [f"a{n}" for n in range(7)]
    subsets = [[axis for place, axis in enumerate(axes) if number >> place & 1] for number in range(1, 128)]
    text = (
        "processes:\n  base: {each: ["
        + ", ".join(f"{{{axis}: [x]}}" for axis in axes)
        + "], outputs: {o: 'x*'}, script: 'true'}\n"
    )
    text += processes(count, lambda n: subsets[n])
    if good:
        program_of(text)
    else:
        with pytest.raises(InvalidSpec, match="'base' is gathered in 91 different ways"):
            program_of(text)


@pytest.mark.parametrize(("count", "good"), [(90, True), (91, False)])
def test_a_task_waits_for_at_most_90_latches(count, good):
    """A consumer of more than 90 processes is refused."""
    text = "processes:\n" + "\n".join(f"  p{n}: {{outputs: {{o: 'x*'}}, script: 'true'}}" for n in range(count))
    text += "\n  all: {inputs: {i: [" + ", ".join(f"'${{{{ p{n}.o }}}}'" for n in range(count)) + "]}, script: 'true'}"
    if good:
        program_of(text)
    else:
        with pytest.raises(InvalidSpec, match="'all' waits for 91 things"):
            program_of(text)


@pytest.mark.parametrize(("count", "good"), [(90, True), (91, False)])
def test_an_expansion_counts_on_at_most_90_latches(count, good):
    """More than 90 gathers over one dynamic axis are refused."""
    text = "processes:\n  split: {outputs: {o: '*'}, script: 'true'}\n  w0: {each: [{d: '${{ split.o }}'}], outputs: {o: 'x*'}, script: 'true'}\n"
    text += "\n".join(f"  w{n}: {{each: [d], outputs: {{o: 'x*'}}, script: 'true'}}" for n in range(1, count))
    text += "\n" + "\n".join(f"  g{n}: {{inputs: {{i: '${{{{ w{n}.o }}}}'}}, script: 'true'}}" for n in range(count))
    if good:
        program_of(text)
    else:
        with pytest.raises(InvalidSpec, match="91 gathers over the dynamic axis 'd'"):
            program_of(text)


def test_at_takes_params_and_axes_only():
    """A key from what a process makes could not be known at plan time."""
    inner = "params: {which: {type: string}}\nprocesses: {a: {each: [{s: [x]}], outputs: {o: 'x*'}, script: 'true'}, b: {inputs: {i: '${{ a.at(s=params.which).o }}'}, script: 'true'}}"
    outer = (
        "processes: {w: {outputs: {o: {json: f}}, script: 'true'}, u: {uses: x.yaml, params: {which: '${{ w.o }}'}}}"
    )
    with pytest.raises(InvalidSpec, match="names what a process makes, which is not known before the run"):
        program_of(outer, {"x.yaml": inner})
