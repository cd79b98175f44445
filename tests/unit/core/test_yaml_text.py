"""Writing YAML: what is written reads back as the same."""

import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from headrace.core import yaml_source
from headrace.core.yaml_text import yaml_text

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20)
PLAIN = st.recursive(
    st.one_of(st.booleans(), st.integers(-(2**62), 2**62), st.floats(-1e12, 1e12), TEXT),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXT.filter(bool), inner, max_size=3)),
    max_leaves=8,
)


@given(st.dictionaries(TEXT.filter(bool), PLAIN, min_size=1, max_size=4))
@example(
    {
        "a": "NO",
        "b": "1e-3",
        "c": "007",
        "d": "1:30",
        "e": "~",
        "f": "a\n b",
        "g": " ",
        "h": "0o7",
        "i": ".5",
        "j": "=",
        "no": "x",
    }
)
def test_what_is_written_reads_back(value):
    """Our reader and a YAML 1.1 reader both see the same data."""
    text = yaml_text(value)
    assert yaml_source.read(text, "x").value == value
    assert yaml.safe_load(text) == value


def test_it_is_readable():
    """Keys in their order, lists below their key, quotes only where they are needed, no anchors."""
    same = {"k": "v"}
    assert yaml_text({"b": 1, "a": ["x", "1"], "t": "${{ 8 * task.attempt }} GB", "m": same, "n": same}) == (
        "b: 1\na:\n  - x\n  - '1'\nt: ${{ 8 * task.attempt }} GB\nm:\n  k: v\nn:\n  k: v\n"
    )
