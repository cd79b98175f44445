"""How a process's output is named (spec rule 3)."""

import pytest

from headrace.core.errors import InvalidValue
from headrace.core.expressions import parse


@pytest.mark.parametrize(
    ("source", "mode", "output"),
    [
        ("align.bam", "align", "bam"),
        ("align['bam']", "align", "bam"),
        ("align.all.bam", "all", "bam"),
        ("align.at(sample='a').bam", "at", "bam"),
        ("align.bam.name", "align", "bam"),
        ("align.bam[0].all", "align", "bam"),
    ],
)
def test_a_use_names_its_mode_and_output(source, mode, output):
    """`at` and `all` are modes, the next name is the output, the rest is looked up in what it gives."""
    (reference,) = parse(f"${{{{ {source} }}}}", processes=frozenset({"align"})).references
    assert (reference.process, reference.mode, reference.output) == ("align", mode, output)


@pytest.mark.parametrize(
    ("source", "message", "expected"),
    [
        ("align", "names no output", "align.output"),
        ("align.all", "names no output", "align.all.output"),
        ("align.at", "without its key", "align.at(axis=…).output"),
        ("align.at('a').bam", "says which axis", "align.at(axis=key)"),
        ("align.at(x=align.b).bam", "uses the process 'align'", "params and axes"),
        ("align.all.at(x=1).bam", "do not combine", "align.all.output"),
    ],
)
def test_a_use_that_is_not_whole_says_how_it_goes(source, message, expected):
    """Each mistake shows the form that was meant."""
    with pytest.raises(InvalidValue, match=message) as caught:
        parse(f"${{{{ {source} }}}}", processes=frozenset({"align"}))
    assert expected in caught.value.expected


def test_another_root_of_the_same_shape_is_data():
    """Only the names of processes have outputs."""
    template = parse("${{ sample.all.at }}", processes=frozenset({"align"}))
    assert template.references == ()
    assert template.uses == {("sample", "all", "at")}
