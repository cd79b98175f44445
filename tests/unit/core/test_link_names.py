"""Which names are seen where."""

import pytest
from tests.support.programs import program_of

from headrace.core.errors import InvalidSpec

BASE = "params: {p: 1}\nprocesses:\n  other: {outputs: {o: {json: f}}, script: 'true'}\n  a: {each: [{s: [x]}], REST}\n"


def links(rest):
    """What is said of BASE with these parts; nothing when it links."""
    try:
        program_of(BASE.replace("REST", rest))
    except InvalidSpec as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    "rest",
    [
        "inputs: {i: '${{ params.p }}', j: '${{ s }}', k: '${{ key.s }}', l: '${{ other.o }}'}, script: 'true'",
        "when: '${{ params.p == key.s and other.o }}', script: 'true'",
        "memory: '${{ params.p * task.attempt + other.o }} GB', env: {R: '${{ run.id }}', K: '${{ key.s }}'}, script: 'true'",
        "inputs: {i: s3://b/x}, outputs: {o: '${{ i.stem }}-${{ s }}-${{ params.p }}-${{ task.attempt }}'}, publishDir: {path: '${{ s }}', saveAs: '${{ file.name }}-${{ key.s }}'}, script: 'true'",
        "inputs: {i: {from: s3://b/x, stageAs: '${{ file.name }}.${{ key.s }}'}}, outputs: {o: x}, publishDir: r, script: 'echo ${{ i }} ${{ outputs.o }} ${{ s }} ${{ key.s }} ${{ task.cpus }} ${{ run.id }} ${{ params.p }}'",
    ],
)
def test_every_place_sees_its_names(rest):
    """`inputs`, `when`, directives see params, axes, key, processes; scripts and outputs see inputs, params, axes, key, task, run."""
    assert links(rest) == ""


@pytest.mark.parametrize(
    ("rest", "message"),
    [
        (
            "inputs: {i: s3://b/x, j: '${{ i }}'}, script: 'true'",
            "Inputs are seen by `script` and `outputs`; here name the process that makes it",
        ),
        (
            "inputs: {i: '${{ params.q }}'}, script: 'true'",
            "`params.q`: 'q' is not a param of this file (expected one of p)",
        ),
        ("inputs: {i: '${{ parms.p }}'}, script: 'true'", "did you mean 'params'?"),
        (
            "outputs: {o: '${{ other.o }}'}, script: 'true'",
            "'other' is a process, and this place sees none. Data enters through inputs",
        ),
        (
            "outputs: {o: x}, script: 'echo ${{ outputs.p }}'",
            "`outputs.p`: 'p' is not an output of this process (expected one of o)",
        ),
        ("script: 'echo ${{ key.z }}'", "`key.z`: 'z' is not an axis of this process (expected one of s)"),
        (
            "inputs: {i: {from: s3://b/x, stageAs: '${{ params.p }}'}}, script: 'true'",
            "'params' is not known here (expected file, key)",
        ),
        (
            "outputs: {o: x}, publishDir: {path: r, saveAs: '${{ s }}'}, script: 'true'",
            "'s' is not known here (expected file, key)",
        ),
        ("script: 'echo ${{ file }}'", "'file' is not known here"),
    ],
)
def test_a_name_that_means_nothing_is_an_error_with_the_way_out(rest, message):
    """An unknown name says what is known there, and what was most likely meant."""
    assert message in links(rest)


def test_an_axis_of_another_process_is_named_as_such():
    """An axis that this process does not have: list it, or name one key."""
    text = "processes: {a: {each: [{s: [x]}], script: 'true'}, b: {inputs: {i: '${{ s }}'}, script: 'true'}}"
    with pytest.raises(InvalidSpec, match=r"It is an axis of other processes: list it in `each`"):
        program_of(text)
