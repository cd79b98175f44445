"""Ranks: what gathers comes after what it gathers."""

from tests.support.programs import program_of


def test_a_gather_raises_the_rank_at_the_depth_of_what_it_keeps():
    """One to one keeps the rank, a partial gather raises it inside the key it keeps, a full gather at the top."""
    program = program_of("""
        processes:
          a: {each: [{s: [x]}, {c: [y]}], outputs: {o: x}, script: 'true'}
          same: {each: [s, c], inputs: {i: "${{ a.o }}"}, outputs: {o: x}, script: 'true'}
          per: {each: [s], inputs: {i: "${{ same.o }}"}, outputs: {o: x}, script: 'true'}
          all: {inputs: {i: "${{ per.o }}"}, outputs: {o: x}, script: 'true'}
        """)
    assert {name: process.rank for name, process in program.processes.items()} == {
        "a": (0, 0, 0), "same": (0, 0, 0), "per": (0, 1, 0), "all": (1, 0, 0),
    }  # fmt: skip
    numbers = [program.processes[name].number for name in ("a", "same", "per", "all")]
    assert numbers == sorted(set(numbers))
