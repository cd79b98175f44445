"""Paths: through which expansions a process's tasks appear."""

from tests.support.programs import program_of

from headrace.core.scope_paths import kept_after_gathered, path_of, refinements

TWO = """
processes:
  one: {outputs: {o: '*'}, script: 'true'}
  two: {outputs: {o: '*'}, script: 'true'}
  both: {each: [{s: [a]}, {d: "${{ one.o }}"}, {e: "${{ two.o }}"}], outputs: {o: x}, script: 'true'}
  CONSUMER
"""


def path(consumer):
    """The path of `both` with this consumer."""
    program = program_of(TWO.replace("CONSUMER", consumer))
    return [(step.axis, step.fixed) for step in program.processes["both"].path]


def test_independent_dynamic_axes_expand_one_inside_the_other():
    """In `each` order, each once, when nothing is kept by a gather."""
    assert path("") == [("d", ()), ("e", ())]
    assert path('all: {inputs: {i: "${{ both.o }}"}, script: "true"}') == [("d", ()), ("e", ())]


def test_a_step_fixes_what_a_gather_over_its_axis_keeps():
    """A gather per `s` splits both expansions by `s`; one per `d` splits the inner one by `d`."""
    assert path('per: {each: [s], inputs: {i: "${{ both.o }}"}, script: "true"}') == [("d", ("s",)), ("e", ("s",))]
    assert path('per: {each: [d], inputs: {i: "${{ both.o }}"}, script: "true"}') == [("d", ()), ("e", ("d",))]
    assert path('per: {each: [d, s], inputs: {i: "${{ both.o }}"}, script: "true"}') == [("d", ()), ("e", ("s", "d"))]


def test_all_processes_over_an_axis_are_split_alike():
    """A process that nobody gathers follows the others, so that a chain stays in one scope."""
    program = program_of(
        TWO.replace(
            "CONSUMER",
            """next: {each: [s, d, e], inputs: {i: "${{ both.o }}"}, outputs: {o: x}, script: 'true'}
  per: {each: [s], inputs: {i: "${{ next.o }}"}, script: 'true'}""",
        )
    )
    assert program.processes["both"].path == program.processes["next"].path


def test_pieces_agree_with_the_whole():
    """The functions give what linking puts together."""
    program = program_of(TWO.replace("CONSUMER", 'per: {each: [s], inputs: {i: "${{ both.o }}"}, script: "true"}'))
    both = program.processes["both"]
    refined = refinements({"both": both.axes}, {"both": dict.fromkeys(both.latches)}, program.axes)
    assert refined == {"d": {"s"}, "e": {"s"}}
    assert path_of(both.axes, program.axes, refined) == both.path
    [need] = program.processes["per"].needs
    assert kept_after_gathered(both.dynamic, need) is None
