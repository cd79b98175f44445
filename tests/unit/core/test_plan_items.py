"""Items of plan.json, read."""

from tests.support.programs import items_of

from headrace.core.plan_items import is_expansion, opens, waiter
from headrace.core.records import Waiter

TEXT = """
processes:
  a: {each: [{s: [x, y]}], outputs: {o: x, many: '*'}, script: 'true'}
  b: {each: [s], inputs: {i: "${{ a.o }}"}, maxForks: 1, script: 'true'}
  c: {each: [s, {d: "${{ a.many }}"}], inputs: {i: "${{ d }}"}, script: 'true'}
"""


def test_a_waiter_waits_for_what_the_plan_says():
    """Waits and turn of an item are the waiter's; one without either waits for nothing."""
    items = items_of(TEXT)
    assert waiter(items["b[s=y]"], "token", 3) == Waiter("b[s=y]", "token", 3, {"a[s=y]": 1}, ("b", 1))
    assert waiter(items["a[s=x]"], "token", 0) == Waiter("a[s=x]", "token", 0, {}, None)


def test_latches_and_kinds():
    """A task opens its latches; what expands an axis is told from what runs a job."""
    items = items_of(TEXT)
    assert opens(items["a[s=x]"]) == [("a[s=x]", 1)]
    assert [task for task, item in items.items() if is_expansion(item)] == ["~d[s=x]", "~d[s=y]"]
