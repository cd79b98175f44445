"""Keys that `at` names."""

import pytest
from tests.support.programs import items_of, plan_of, program_of

from headrace.core.errors import InvalidSpec

TEXT = """
processes:
  a: {each: [{s: [x, y]}, {n: "${{ [s ~ '1', s ~ '2'] }}"}], outputs: {o: x}, script: 'true'}
  b: {inputs: {i: "${{ a.at(s='S', n='N').o }}"}, script: 'true'}
"""


def test_a_named_key_exists_below_its_outer_key():
    """A nested key is looked for below the outer key that is named with it."""
    assert items_of(TEXT.replace("'S'", "'x'").replace("'N'", "'x2'"))["b"]["waits"] == {"a[s=x,n=x2]": 1}
    with pytest.raises(InvalidSpec, match=r"names 'x22', and axis 'n' has no such item .*did you mean 'x2'"):
        plan_of(program_of(TEXT.replace("'S'", "'x'").replace("'N'", "'x22'")))
    with pytest.raises(InvalidSpec, match="names 'y2', and axis 'n' has no such item"):
        plan_of(program_of(TEXT.replace("'S'", "'x'").replace("'N'", "'y2'")))


@pytest.mark.parametrize("value", ["none", "[1]"])
def test_a_named_key_is_a_value_with_a_key(value):
    """None and lists name nothing."""
    with pytest.raises(InvalidSpec, match=r"processes\.b: an item is"):
        plan_of(program_of(TEXT.replace("'S'", "'x'").replace("'N'", value)))
