"""What a pipeline names literally and is not its team's: told when it is launched."""

import pytest
from tests.support.programs import program_of

from headrace.core import team_places
from headrace.core.tenancy import Reach
from headrace.core.values import File

OURS = Reach("genomics", "mine")
THEIRS = "s3://mine/inputs/proteomics"


def refused(spec: str, **params: object) -> list[str]:
    """The places of what is refused."""
    found = team_places.refused(program_of(spec), params, OURS)  # type: ignore[arg-type]
    assert all("may not be read for genomics" in each.message for each in found)
    return [each.path for each in found]


@pytest.mark.parametrize(
    ("inside", "path"),
    [
        (f"inputs: {{i: {THEIRS}/x}}", "processes.p.inputs.i"),
        (f"inputs: {{i: [{THEIRS}/x, s3://mine/inputs/genomics/y]}}", "processes.p.inputs.i"),
        ("inputs: {i: s3://mine/inputs/genomics/../proteomics/x}", "processes.p.inputs.i"),
        ("inputs: {i: 's3://mine/inputs/*/x'}", "processes.p.inputs.i"),
        (f"each: {{a: {{glob: '{THEIRS}/*'}}}}", "processes.p.each.a"),
        (f"each: {{a: {{lines: '{THEIRS}/x'}}}}", "processes.p.each.a"),
        (f"each: {{a: {{rows: '{THEIRS}/x.csv'}}}}", "processes.p.each.a"),
        (f"each: {{a: {{json: '{THEIRS}/x.json'}}}}", "processes.p.each.a"),
    ],
)
def test_inputs_and_sources_of_axes(inside: str, path: str):
    """Each in its place."""
    said = refused(f"processes:\n  p:\n    container: d\n    {inside}\n    script: echo x\n")
    assert said
    assert all(each.startswith(path) for each in said)


def test_what_is_the_teams_own_is_not_refused():
    """And what expressions say is not known yet."""
    spec = (
        "params: {f: x}\nprocesses:\n  p:\n    container: d\n    each: {a: {glob: 's3://mine/inputs/genomics/*'}}\n"
        '    inputs: {i: s3://mine/inputs/shared/ref, j: "${{ params.f }}"}\n    script: echo x\n'
    )
    assert refused(spec, f=File("s3://mine/work/genomics/x")) == []


def test_files_of_params():
    """Of tables and lists too; of a long table the first twenty."""
    spec = "processes: {p: {container: d, script: echo x}}\n"
    rows = [{"id": str(n), "reads": File(f"{THEIRS}/{n}")} for n in range(50)]
    assert refused(spec, one=File(f"{THEIRS}/x"), ours=[File("s3://mine/inputs/genomics/x")], n=3) == ["params.one"]
    assert refused(spec, table=rows) == ["params.table"] * 20


def test_what_is_not_in_s3_yet_is_nobodys():
    """The command looks at a pipeline of its machine: relative places and local files go to the team's inputs when they are uploaded."""
    spec = "processes: {p: {container: d, inputs: {i: data/x.txt}, script: echo x}}\n"
    assert refused(spec, one=File("/home/somebody/x.txt")) == []
