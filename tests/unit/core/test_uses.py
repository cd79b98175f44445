"""`uses`: other files in the place of processes."""

import pytest
from tests.support.programs import program_of, spec_of

from headrace.core.errors import InvalidSpec
from headrace.core.link import link, used_files

LEAF = "params: {x: 1}\nprocesses: {p: {outputs: {o: x}, script: 'true'}}\noutputs: {o: '${{ p.o }}'}"


def refused(text, used):
    """What is said of files that do not link."""
    with pytest.raises(InvalidSpec) as caught:
        program_of(text, used)
    return "\n".join(str(problem) for problem in caught.value.problems)


def test_used_files_are_said_as_data():
    """Which files a spec uses is told as places, relative ones seen from the file that says them, each once."""
    spec = spec_of(
        "processes: {a: {uses: lib/x.yaml}, b: {uses: lib/x.yaml}, c: {uses: 's3://other/y.yaml'}}",
        "s3://bucket/p/main.yaml",
    )
    assert used_files(spec) == ("s3://bucket/p/lib/x.yaml", "s3://other/y.yaml")


def test_the_same_file_in_two_places_is_two_sets_of_processes():
    """Names inside are private: each use has its own processes, axes and params."""
    program = program_of("processes: {a: {uses: x.yaml}, b: {uses: x.yaml, params: {x: 2}}}", {"x.yaml": LEAF})
    assert list(program.processes) == ["a.p", "b.p"]


def test_inside_is_private():
    """Nothing outside can name what is inside, nothing inside what is around it."""
    inner = "processes: {p: {inputs: {i: '${{ outer.o }}', k: '${{ key.s }}'}, outputs: {o: x}, script: 'true'}}\noutputs: {o: '${{ p.o }}'}"
    found = refused(
        "processes: {outer: {outputs: {o: x}, script: 'true'}, u: {uses: x.yaml, each: [{s: [a]}]}, l: {inputs: {i: '${{ u.p }}'}, script: 'true'}}",
        {"x.yaml": inner},
    )
    assert "s3://bucket/x.yaml:1: processes.p.inputs.i: 'outer' is not known here" in found
    assert "'s' is not an axis of this process" in found
    assert "'u' has no output 'p' (expected one of o)" in found


def test_params_of_a_uses_are_those_the_file_declares():
    """An unknown param, and a required one that is missing, are errors at the `uses`."""
    inner = "params: {bam: {type: file}, deep: 1}\nprocesses: {p: {script: 'true'}}"
    found = refused("processes: {u: {uses: x.yaml, params: {bm: a}}}", {"x.yaml": inner})
    assert "'x.yaml' has no param 'bm' (expected one of bam, deep). did you mean 'bam'?" in found
    assert "'x.yaml' needs the param 'bam'" in found


def test_a_file_never_uses_itself():
    """A file inside itself, at once or over others, is an error that shows the way round."""
    assert "a pipeline that uses itself: s3://bucket/pipeline.yaml → s3://bucket/pipeline.yaml" in refused(
        "processes: {u: {uses: pipeline.yaml}}", {}
    )
    found = refused(
        "processes: {u: {uses: x.yaml}}",
        {"x.yaml": "processes: {v: {uses: y.yaml}}", "y.yaml": "processes: {w: {uses: x.yaml}}"},
    )
    assert "a pipeline that uses itself: s3://bucket/x.yaml → s3://bucket/y.yaml → s3://bucket/x.yaml" in found


@pytest.mark.parametrize(("depth", "good"), [(8, True), (9, False)])
def test_files_nest_8_deep(depth, good):
    """Files use each other at most 8 deep."""
    used = {f"f{n}.yaml": f"processes: {{u: {{uses: f{n + 1}.yaml}}}}" for n in range(1, depth)}
    used[f"f{depth}.yaml"] = LEAF
    text = "processes: {u: {uses: f1.yaml}}"
    if good:
        assert list(program_of(text, used).processes) == [".".join(["u"] * depth + ["p"])]
    else:
        assert "files use each other more than 8 deep" in refused(text, used)


def test_a_flood_of_uses_is_refused():
    """Ten uses in ten uses in ten uses …: refused once there are 2,000 processes, not when memory is full."""
    used = {
        f"f{n}.yaml": "processes: {" + ", ".join(f"u{i}: {{uses: f{n + 1}.yaml}}" for i in range(10)) + "}"
        for n in range(7)
    }
    used["f7.yaml"] = LEAF
    assert "more than 2,000 processes" in refused("processes: {u: {uses: f0.yaml}}", used)


def test_a_file_that_was_not_read_is_named():
    """A used file that nobody could read is an error at the `uses`; so is a place that is none."""
    assert "s3://bucket/x.yaml was not read" in refused("processes: {u: {uses: x.yaml}}", {})
    assert "processes.u.uses" in refused("processes: {u: {uses: 'ftp://x/y'}}", {})
    assert used_files(spec_of("processes: {u: {uses: 'ftp://x/y'}}")) == ()


def test_an_axis_is_defined_once_per_file():
    """A second definition is an error that proposes reuse; two files may have axes of one name."""
    found = refused("processes: {a: {each: [{s: [x]}], script: 'true'}, b: {each: [{s: [y]}], script: 'true'}}", {})
    assert "the axis 's' is defined a second time, first in processes.a.each[0].s" in found
    assert "Reuse it: `each: [s]`; a subset of it is `when`" in found
    inner = "processes: {p: {each: [{s: [q]}], script: 'true'}}"
    program = program_of(
        "processes: {a: {each: [{s: [x]}], script: 'true'}, u: {uses: x.yaml, each: [s]}}", {"x.yaml": inner}
    )
    assert program.processes["u.p"].axes == ("s", "u.s")


def test_a_process_in_each_is_answered_with_the_way():
    """Who lists a process where an axis belongs is told how an axis is made of what it makes."""
    text = "processes: {a: {outputs: {o: x}, script: 'true'}, b: {each: [a], script: 'true'}}"
    assert "'a' is a process; name what it makes" in refused(text, {})


def test_linking_needs_no_used_files_when_there_are_none():
    """A spec that uses nothing links alone."""
    assert list(link(spec_of(LEAF)).processes) == ["p"]
