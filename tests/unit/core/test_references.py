"""References: alignment, `at`, `all`, and the way through used files."""

import pytest
from tests.support.programs import program_of

from headrace.core.errors import InvalidSpec
from headrace.core.references import is_plain, templates_in

PAIRS = """
params: {pairs: {type: table, default: [{id: p1, tumour: a, normal: b}]}}
processes:
  align: {each: [{sample: [a, b]}, {lane: [x, y]}], outputs: {bam: x}, script: 'true'}
  use: {each: [EACH], inputs: {i: "${{ REFERENCE }}"}, script: 'true'}
"""


def need_of(each, reference):
    """How the axes of `align` are split for a reference."""
    program = program_of(PAIRS.replace("EACH", each).replace("REFERENCE", reference))
    [need] = program.processes["use"].needs
    return need.aligned, [axis for axis, _ in need.at], need.gathered


@pytest.mark.parametrize(
    ("each", "reference", "expected"),
    [
        ("sample, lane", "align.bam", (("sample", "lane"), [], ())),
        ("lane, sample", "align.bam", (("sample", "lane"), [], ())),
        ("lane", "align.bam", (("lane",), [], ("sample",))),
        ("sample, {other: [1]}", "align.bam", (("sample",), [], ("lane",))),
        ("sample, lane", "align.all.bam", ((), [], ("sample", "lane"))),
        ("{pair: '${{ params.pairs }}'}", "align.at(sample=pair.tumour).bam", ((), ["sample"], ("lane",))),
        ("lane", "align.at(sample='a').bam", (("lane",), ["sample"], ())),
        ("sample", "align.at(sample='a', lane='x').bam", ((), ["sample", "lane"], ())),
    ],
)
def test_the_axes_of_a_producer_are_split_in_three(each, reference, expected):
    """Shared axes align, `at` names a key, what is left is gathered; `all` gathers over every axis."""
    assert need_of(each, reference) == expected


def test_all_inside_a_used_file_keeps_the_axes_around_it():
    """`each` on a `uses` repeats the whole, so `all` inside gathers within one repetition."""
    inner = """
    processes:
      a: {each: [{lane: [x]}], outputs: {o: x}, script: 'true'}
      b: {each: [lane], inputs: {i: '${{ a.all.o }}'}, outputs: {o: x}, script: 'true'}
    outputs: {o: '${{ b.o }}'}
    """
    program = program_of("processes: {u: {uses: x.yaml, each: [{s: [1, 2]}]}}", {"x.yaml": inner})
    [need] = program.processes["u.b"].needs
    assert (need.aligned, need.gathered) == (("s",), ("u.lane",))


def test_data_flows_through_params_and_outputs_of_several_files():
    """A param given from outer data makes what uses it depend on that data, through any number of files."""
    leaf = "params: {f: {type: file}}\nprocesses: {p: {inputs: {i: '${{ params.f }}'}, outputs: {o: x}, script: 'true'}}\noutputs: {o: '${{ p.o }}'}"
    middle = "params: {g: {type: file}}\nprocesses: {m: {uses: leaf.yaml, params: {f: '${{ params.g }}'}}}\noutputs: {r: '${{ m.o }}'}"
    program = program_of(
        """
        processes:
          a: {each: [{s: [1]}], outputs: {o: x}, script: 'true'}
          u: {uses: middle.yaml, each: [s], params: {g: '${{ a.o }}'}}
          z: {each: [s], inputs: {i: '${{ u.r }}'}, script: 'true'}
        """,
        {"middle.yaml": middle, "leaf.yaml": leaf},
    )
    [inside] = program.processes["u.m.p"].needs
    [after] = program.processes["z"].needs
    assert (inside.process, inside.aligned) == ("a", ("s",))
    assert (after.process, after.output, after.aligned) == ("u.m.p", "o", ("s",))
    reference = program.processes["z"].process.inputs["i"].value.references[0]
    assert is_plain(program.sketch, "", reference)


def test_a_used_file_is_reached_by_at_too():
    """`at` on an axis of a `uses` names that repetition."""
    inner = "processes: {p: {each: [{lane: [x]}], outputs: {o: x}, script: 'true'}}\noutputs: {o: '${{ p.o }}'}"
    program = program_of(
        "processes: {u: {uses: x.yaml, each: [{s: [a, b]}]}, z: {inputs: {i: \"${{ u.at(s='b').o }}\"}, script: 'true'}}",
        {"x.yaml": inner},
    )
    [need] = program.processes["z"].needs
    assert ([axis for axis, _ in need.at], need.gathered) == (["s"], ("u.lane",))


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        (
            "align.at(smple='a').bam",
            "'align' has no axis 'smple' (expected one of sample, lane). did you mean 'sample'?",
        ),
        ("one.at(sample='a').o", "'one' has no axis 'sample' (expected 'one' is one task: no `at`)"),
        ("split.at(part='0001').o", "the keys of the dynamic axis 'part' are not known before the run"),
    ],
)
def test_wrong_at_is_named(reference, message):
    """A key on an axis the producer has not, or one that only the run will know, is an error."""
    with pytest.raises(InvalidSpec) as caught:
        program_of(f"""
            processes:
              one: {{outputs: {{o: '*'}}, script: 'true'}}
              align: {{each: [{{sample: [a]}}, {{lane: [x]}}], outputs: {{bam: x}}, script: 'true'}}
              split: {{each: [{{part: '${{{{ one.o }}}}'}}], outputs: {{o: x}}, script: 'true'}}
              use: {{inputs: {{i: "${{{{ {reference} }}}}"}}, script: 'true'}}
            """)
    assert message in str(caught.value)


def test_at_on_an_outer_axis_names_the_inner_one_too():
    """Another sample may have other lanes: a lane cannot stay aligned when the sample is named."""
    text = """
        processes:
          a: {each: [{s: [x, y]}, {n: "${{ [s] }}"}], outputs: {o: x}, script: 'true'}
          b: {each: [s, n], inputs: {i: "${{ a.at(s='x'REST).o }}"}, script: 'true'}
        """
    with pytest.raises(InvalidSpec, match="another s may have no such n"):
        program_of(text.replace("REST", ""))
    program_of(text.replace("REST", ", n='x'"))


def test_templates_are_found_in_any_structure():
    """Templates stand in maps and lists at any depth."""
    program = program_of("processes: {a: {env: {A: '${{ key }}'}, script: 'true'}}")
    template = program.processes["a"].process.directives["env"]["A"]
    assert list(templates_in({"x": [1, {"y": (template, "z")}], "w": template})) == [template, template]
