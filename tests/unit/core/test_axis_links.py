"""Axes: what is nested in what, and what is dynamic."""

import pytest
from tests.support.programs import program_of

from headrace.core.errors import InvalidSpec


def axes_of(text, used=None):
    """Every axis: what is around it, whether it is dynamic, the dynamic axes it needs."""
    program = program_of(text, used)
    return {name: (axis.outer, axis.dynamic, axis.roots) for name, axis in program.axes.items()}


def test_a_source_may_use_the_axes_before_it():
    """A nested axis depends on the axes its source names, and on their outer ones; others before it do not matter."""
    assert axes_of("""
        processes:
          p: {each: [{s: [a]}, {t: [b]}, {n: "${{ [s] }}"}, {m: "${{ [key.n] }}"}], script: 'true'}
        """) == {"s": ((), False, ()), "t": ((), False, ()), "n": (("s",), False, ()), "m": (("s", "n"), False, ())}


def test_chunks_of_a_split_over_samples_nest_in_samples():
    """A source that is another process's output is aligned first: a split over `s` gives an axis nested in `s`."""
    text = """
        processes:
          work: {each: [s, t, {part: "${{ split.o }}"}], script: 'true'}
          split: {each: [{s: [a]}, {t: [x]}], outputs: {o: '*'}, script: 'true'}
        """
    assert axes_of(text)["part"] == (("s", "t"), True, ("part",))
    assert axes_of(text.replace("[s, t, {", "[s, {"))["part"] == (("s",), True, ("part",))
    assert axes_of(text.replace("[s, t, {part", "[{part"))["part"] == ((), True, ("part",))


def test_an_axis_nested_in_a_dynamic_one_is_known_with_it():
    """An axis whose source names a dynamic axis is no expansion of its own, and comes after the dynamic one."""
    assert axes_of("""
        processes:
          split: {outputs: {o: '*'}, script: 'true'}
          work: {each: [{part: "${{ split.o }}"}, {row: "${{ [part.name] }}"}], script: 'true'}
        """)["row"] == (("part",), False, ("part",))


def test_a_param_from_outer_data_makes_an_axis_dynamic():
    """Inside a used file an axis over a param is dynamic when the param comes from what a process makes."""
    inner = "params: {items: {type: list}}\nprocesses: {p: {each: [{i: '${{ params.items }}'}], outputs: {o: x}, script: 'true'}}\noutputs: {o: '${{ p.o }}'}"
    text = """
        params: {items: [a, b]}
        processes:
          split: {each: [{s: [x, y]}], outputs: {o: {json: f}}, script: 'true'}
          u: {uses: x.yaml, each: [s], params: {items: GIVEN}}
        """
    assert axes_of(text.replace("GIVEN", "'${{ split.o }}'"), {"x.yaml": inner})["u.i"] == (("s",), True, ("u.i",))
    assert axes_of(text.replace("GIVEN", "'${{ params.items }}'"), {"x.yaml": inner})["u.i"] == ((), False, ())
    assert axes_of(text.replace("GIVEN", "['${{ s }}']"), {"x.yaml": inner})["u.i"] == (("s",), False, ())


@pytest.mark.parametrize(
    ("each", "message"),
    [
        ("[n]", "the axis 'n' is nested in s, which does not stand before it (expected each: [s, n])"),
        ("[n, s]", "the axis 'n' is nested in s, which does not stand before it"),
    ],
)
def test_a_nested_axis_is_reused_together_with_its_outer_ones(each, message):
    """A nested axis without its outer ones before it is an error that shows the way."""
    with pytest.raises(InvalidSpec) as caught:
        program_of(f"""
            processes:
              a: {{each: [{{s: [x]}}, {{n: "${{{{ [s] }}}}"}}], script: 'true'}}
              b: {{each: {each}, script: 'true'}}
            """)
    assert message in str(caught.value)


def test_axes_that_depend_on_each_other_are_refused():
    """Two axes whose sources use each other are an error that shows the way round."""
    with pytest.raises(InvalidSpec, match="axes that depend on each other: b → a → b"):
        program_of("""
            processes:
              p: {each: [b, {a: "${{ [b] }}"}], script: 'true'}
              q: {each: [a, {b: "${{ [a] }}"}], script: 'true'}
            """)


def test_a_source_sees_only_what_stands_before_it():
    """An axis after it in the same `each` is not known to a source."""
    with pytest.raises(InvalidSpec, match="'t' is not known here"):
        program_of("processes: {p: {each: [{n: '${{ [t] }}'}, {t: [a]}], script: 'true'}}")
