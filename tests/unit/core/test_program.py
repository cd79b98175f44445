"""A linked program, as the planner asks it."""

from tests.support.programs import program_of


def test_axes_are_in_the_order_they_first_stand_in_outer_before_inner():
    """Whatever order axes are named in, they come outer before inner, also when a file lists them the other way round."""
    program = program_of("""
        processes:
          late: {each: [s, n], script: 'true'}
          split: {each: [{s: [a]}, {n: "${{ [s] }}"}], outputs: {o: '*'}, script: 'true'}
          work: {each: [s, n, {d: "${{ split.o }}"}], script: 'true'}
        """)
    assert program.in_order(["d", "n", "s"]) == ("s", "n", "d")
    assert [process.name for process in program.placed(())] == ["late", "split"]
    [node] = program.children(())
    assert (node.behind, [step.axis for step in node.path], node.path[0].fixed) == (("work",), ["d"], ("s", "n"))
    assert [process.name for process in program.placed(node.path)] == ["work"]
