"""Two inputs on one staged path, found at check."""

import pytest
from tests.support.programs import program_of

from headrace.core.errors import InvalidSpec

TEXT = """
processes:
  a: {each: [{s: [x, y]}], outputs: {o: out.txt, named: "${{ s }}.txt", many: '*.txt', typed: {json: out.txt}}, script: 'true'}
  b: {each: [s], outputs: {o: out.txt}, script: 'true'}
  c: {EACH inputs: {INPUTS}, script: 'true'}
"""


def linked(inputs, each="each: [s],"):
    """TEXT with these inputs of `c`."""
    return program_of(TEXT.replace("INPUTS", inputs).replace("EACH", each))


@pytest.mark.parametrize(
    "inputs",
    [
        "i: s3://b/x/ref.fa, j: s3://b/y/ref.fa",
        "i: s3://b/x/ref.fa, j: {from: s3://b/other, stageAs: ref.fa}",
        'i: "${{ a.o }}", j: "${{ b.o }}"',
        'i: ["${{ a.o }}", "${{ b.o }}"]',
        "i: {from: s3://b/x, stageAs: d/}, j: {from: s3://b/y/x, stageAs: d/x}",
    ],
)
def test_two_inputs_on_one_path_are_an_error_that_prints_the_way_out(inputs):
    """Names that are written down and equal are refused at check, with the `stageAs` to use."""
    with pytest.raises(InvalidSpec, match=r"are both staged as .*stageAs: [ij]/"):
        linked(inputs)


@pytest.mark.parametrize(
    "inputs",
    [
        "i: s3://b/x/ref.fa, j: {from: s3://b/y/ref.fa, stageAs: j/}",
        "i: s3://b/x/ref.fa, j: {from: s3://b/y/ref.fa, stage: false}",
        "i: s3://b/x/*.fa, j: s3://b/y/*.fa",
        'i: "${{ a.o }}", j: {from: "${{ b.o }}", stageAs: "${{ key.s }}.b"}',
        'i: "${{ a.o }}", j: "${{ a.typed }}", k: "${{ b.o.name }}"',
    ],
)
def test_names_that_may_differ_pass(inputs):
    """What is staged elsewhere, not at all, or under a name that is not written down is left to the run."""
    linked(inputs)


@pytest.mark.parametrize(
    ("inputs", "warned"),
    [
        ('i: "${{ a.o }}"', True),
        ('i: "${{ a.named }}"', False),
        ('i: "${{ a.many }}"', False),
        ('i: {from: "${{ a.o }}", stageAs: "${{ key.s }}/"}', False),
        ('i: {from: "${{ a.named }}", stageAs: one}', False),
    ],
)
def test_a_gather_of_one_name_is_a_warning(inputs, warned):
    """Gathered over an axis its name does not mention, an output's files would be staged over each other."""
    found = [str(each) for each in linked(inputs, each="").warnings if "gathered over s" in each.message]
    assert bool(found) is warned
    assert all("stageAs: ${{ key.s }}/" in each for each in found)
