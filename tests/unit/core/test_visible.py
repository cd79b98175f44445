"""What a template sees, and its value."""

import pytest
from tests.support.programs import plan_of, program_of

from headrace.core.axis_items import from_files
from headrace.core.errors import InvalidValue
from headrace.core.visible import Visible, used_params

TEXT = """
params: {n: 3}
processes:
  a: {each: [{s: [{id: x, size: 4}]}], env: {A: "${{ s.size * params.n }}-${{ key.s }}", B: "${{ task.attempt }}"}, script: 'true'}
  u: {uses: inner.yaml, each: [s], params: {m: "${{ s.size }}"}}
"""
INNER = (
    "params: {m: 1, k: 2}\nprocesses: {p: {env: {A: '${{ params.m + params.k }}', B: '${{ params }}'}, script: 'true'}}"
)


def visible():
    """What is seen in TEXT before the run."""
    program = program_of(TEXT, {"inner.yaml": INNER})
    return Visible(program, {"n": 3}, from_files(program, (plan_of(program).axes,)))


def test_values_at_a_key():
    """Params, the item of an axis and the key's text are seen at one key; more names are given by whoever asks."""
    seen = visible()
    env = seen.program.processes["a"].process.directives["env"]
    assert seen.value(env["A"], "", {"s": "x"}) == "12-x"
    assert seen.value(env["B"], "", {"s": "x"}, {"task": {"attempt": 2}}) == 2
    assert seen.structure({"A": [env["A"], 1]}, "", {"s": "x"}) == {"A": ["12-x", 1]}


def test_params_of_a_used_file_are_worked_out_around_it():
    """A given param is a template of the file around, at the key of the `uses`; others have their default."""
    seen = visible()
    env = seen.program.processes["u.p"].process.directives["env"]
    assert seen.value(env["A"], "u", {"s": "x"}) == 6
    assert seen.value(env["B"], "u", {"s": "x"}) == {"m": 4, "k": 2}
    assert (used_params(env["A"]), used_params(env["B"])) == (frozenset({"m", "k"}), None)


def test_before_the_run_no_process_has_made_anything():
    """A reference asked for too early is an error that says so."""
    program = program_of(
        "processes: {a: {outputs: {o: x}, script: 'true'}, b: {inputs: {i: '${{ a.o }}'}, script: 'true'}}"
    )
    seen = Visible(program, {}, from_files(program, ()))
    with pytest.raises(InvalidValue, match=r"'a\.o' is not known before the run"):
        seen.value(program.processes["b"].process.inputs["i"].value, "", {})
