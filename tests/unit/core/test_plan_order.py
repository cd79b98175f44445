"""The order of a plan."""

from tests.support.programs import items_of


def test_depth_first_along_keys_gathers_last():
    """Each sample's tasks stand together, its gather behind them, the gather over all at the end; what is broadcast first."""
    items = items_of("""
        processes:
          report: {inputs: {i: "${{ merge.o }}"}, script: 'true'}
          merge: {each: [s], inputs: {i: "${{ call.o }}"}, outputs: {o: x}, script: 'true'}
          call: {each: [s, {c: [x, y]}], inputs: {i: "${{ align.o }}"}, outputs: {o: x}, script: 'true'}
          align: {each: [{s: [1, 2]}], inputs: {r: "${{ ref.o }}"}, outputs: {o: x}, script: 'true'}
          ref: {outputs: {o: x}, script: 'true'}
        """)
    assert list(items) == ["ref"] + [
        name.replace("#", s) for s in "12" for name in ("align[s=#]", "call[s=#,c=x]", "call[s=#,c=y]", "merge[s=#]")
    ] + ["report"]


def test_a_latch_is_written_once_per_task_that_waits():
    """Several uses of one process on the same key are one wait."""
    items = items_of("""
        processes:
          a: {each: [{s: [1]}], outputs: {o: x, p: y}, script: 'true'}
          b: {each: [s], inputs: {i: "${{ a.o }}", j: "${{ a.p }}"}, after: a, script: 'true'}
        """)
    assert items["b[s=1]"]["waits"] == {"a[s=1]": 1}
    assert items["a[s=1]"]["opens"] == [["a[s=1]", 1]]


def test_only_latches_that_somebody_waits_for_exist():
    """A process that nobody names counts on nothing."""
    assert items_of("processes: {a: {each: [{s: [1]}], script: 'true'}}")["a[s=1]"]["opens"] == []
