"""Conditions known at plan time."""

from tests.support.programs import plan_of, program_of

from headrace.core.axis_items import from_files
from headrace.core.conditions import Conditions
from headrace.core.visible import Visible


def test_a_condition_is_worked_out_once_per_key_it_names():
    """A condition over one axis of a large product is evaluated once per item of that axis."""
    program = program_of("""
        processes:
          p: {each: [{s: [a, b]}, {t: {range: [1, 100]}}], when: "${{ s == 'a' }}", script: 'true'}
        """)
    visible = Visible(program, {}, from_files(program, (plan_of(program).axes,)))
    asked = []
    value = visible.value
    visible_value = type(visible).value

    class Counting(Visible):
        def value(self, *given, **named):
            asked.append(given)
            return visible_value(self, *given, **named)

    conditions = Conditions(Counting(program, {}, visible.items))
    process = program.processes["p"]
    made = [conditions.present(process, {"s": s, "t": str(t)}) for s in "ab" for t in range(1, 101)]
    assert (made.count(True), len(asked)) == (100, 2)
    assert value(process.whens[0].template, "", {"s": "b"}) is False
