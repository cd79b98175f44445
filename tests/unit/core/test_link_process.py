"""What one process depends on."""

from tests.support.programs import program_of, spec_of

from headrace.core.link_process import check_using, find
from headrace.core.uses import flatten

TEXT = """
processes:
  a: {outputs: {o: x, p: y}, script: 'true'}
  b: {inputs: {i: "${{ a.o }}"}, when: "${{ a.p is not none }}", after: [a], maxForks: 3, script: 'true'}
"""


def test_needs_conditions_and_directives_are_found_together():
    """One reading of a process gives its needs, one per output it names and one for its end, and what applies to it."""
    program = program_of(TEXT)
    found = find(program.sketch, program.axes, program.sketch.processes["b"], None, {"cpus": 2})
    assert [need.output for need in found.needs] == ["o", "p", ""]
    assert [when.early for when in found.whens] == [False]
    assert found.directives == {"cpus": 2, "maxForks": 3}


def test_a_uses_is_read_although_nothing_inside_uses_its_params():
    """A bad name in the params of a `uses` is found also when no process inside names the param."""
    inner = spec_of("params: {x: 1}\nprocesses: {p: {script: 'true'}}", "s3://bucket/x.yaml")
    sketch = flatten(
        spec_of("processes: {u: {uses: x.yaml, params: {x: '${{ nobody }}'}}}"), {"s3://bucket/x.yaml": inner}
    )
    check_using(sketch, {}, sketch.using["u"])
    assert [problem.message for problem in sketch.problems] == ["'nobody' is not known here"]
