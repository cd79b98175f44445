"""Launch requests, told from pipelines (rule 15)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.spec_texts import EXAMPLE

from headrace.core import yaml_source
from headrace.core.errors import InvalidSpec, InvalidValue, Problem
from headrace.core.launch_request import LaunchRequest, Named, check_prefix, folder_name, read_launch

SOURCE = "s3://bucket/launch/x.yaml"
OTHERS = ("http://169.254.169.254/latest/meta-data", "https://example.org/x", "file:///etc/passwd", "gopher://x/y")


def request(text: str, source: str = SOURCE) -> LaunchRequest:
    """The request of a text."""
    launch = read_launch(yaml_source.read(text, "x.yaml"), source=source)
    assert launch.kind == "request"
    assert launch.request is not None
    return launch.request


def wrong(text: str, source: str = SOURCE) -> list[Problem]:
    """What is wrong with it."""
    with pytest.raises(InvalidSpec) as refusal:
        read_launch(yaml_source.read(text, "x.yaml"), source=source)
    return list(refusal.value.problems)


def test_a_whole_spec_is_told_from_a_request() -> None:
    """What has `processes` is a pipeline; what has `pipeline` is a request."""
    assert read_launch(yaml_source.read(EXAMPLE, "x"), source=SOURCE).kind == "spec"
    assert request("pipeline: s3://bucket/p.yaml").pipeline == "s3://bucket/p.yaml"


def test_never_both() -> None:
    """A request never holds `processes`."""
    problems = wrong("pipeline: s3://bucket/p.yaml\noutdir: s3://bucket/o\nprocesses: {p: {script: x}}")
    assert [p.path for p in problems] == ["pipeline", "outdir"]
    assert "has both" in problems[0].message


def test_neither_is_an_error_that_shows_both() -> None:
    """A file with params alone is neither a pipeline nor a request."""
    assert "`pipeline`" in wrong("x: 1")[-1].message
    assert "neither a pipeline nor a launch request" in wrong("defaults: {cpus: 1}")[0].message


def test_every_part() -> None:
    """All keys of a request, each in its form."""
    found = request(
        "pipeline: variants@1.2\nname: my run\nparams: {n: 3, f: 's3://b/x'}\noutdir: s3://bucket/out\n"
        "workDir: s3://bucket/work\nlabels: {team: a}\nresume: variants-0a1b2c\n"
        "process: {cpus: 2, withLabel: {big: {memory: '${{ 8 * task.attempt }} GB'}}}\n"
    )
    assert found.pipeline == Named(name="variants", version="1.2")
    assert (found.name, found.outdir, found.work_dir, found.resume) == (
        "my run",
        "s3://bucket/out",
        "s3://bucket/work",
        "variants-0a1b2c",
    )
    assert found.params == {"n": 3, "f": "s3://b/x"}
    assert found.labels == {"team": "a"}
    assert found.process.directives == {"cpus": 2}
    assert found.process.with_label[0].pattern == "big"


def test_a_pipeline_by_name() -> None:
    """`name[@version]` of one under the deployment's pipelines prefix."""
    assert request("pipeline: variants").pipeline == Named(name="variants")
    for text in ("a b", "@1", "a@", "a@1@2", "3x!"):
        assert wrong(f"pipeline: '{text}'")[0].path == "pipeline"


def test_a_folder_of_launch_names_the_pipeline() -> None:
    """`launch/<name>/x.yaml` may leave `pipeline` out; nothing else may."""
    assert request("params: {n: 3}", "s3://bucket/launch/variants/x.yaml").pipeline == Named(name="variants")
    assert wrong("params: {n: 3}")[0].message == "a launch request without `pipeline`"
    assert [
        folder_name(f"s3://b/{key}") for key in ("launch/a/x", "launch/x", "launch/a/b/x", "other/a/x", "launch/")
    ] == ["a", "", "", "", ""]
    assert folder_name("") == ""


def test_a_folder_of_a_teams_launches_names_the_pipeline() -> None:
    """Where teams part the deployment, `launch/<team>/<name>/x.yaml` may leave `pipeline` out."""
    places = ("launch/genomics/a/x", "launch/genomics/x", "launch/a/x", "launch/genomics/a/b/x")
    assert [folder_name(f"s3://b/{key}", "genomics") for key in places] == ["a", "", "", ""]
    document = yaml_source.read("params: {n: 3}", "x.yaml")
    found = read_launch(document, source="s3://bucket/launch/genomics/variants/x.yaml", tenant="genomics")
    assert found.request is not None
    assert found.request.pipeline == Named(name="variants")


def test_a_resumed_run_knows_its_pipeline() -> None:
    """`resume: RUN` alone is enough."""
    found = request("resume: variants-0a1b")
    assert (found.pipeline, found.resume) == (None, "variants-0a1b")
    assert wrong("resume: 'Not A Run'")[0].path == "resume"


@pytest.mark.parametrize("key", ["pipeline", "outdir", "workDir"])
def test_relative_paths_in_launch_are_errors_that_say_who_uploads(key: str) -> None:
    """In a file put straight into `launch/` every path is a whole URI."""
    text = f"{key}: some/p.yaml" if key == "pipeline" else f"pipeline: p\n{key}: some/folder"
    (problem,) = wrong(text)
    assert problem.path == key
    assert "headrace run" in problem.hint


def test_a_request_elsewhere_may_be_relative() -> None:
    """A request named from outside `launch/` is relative to itself."""
    assert request("pipeline: ../p.yaml", "s3://bucket/team/requests/x.yaml").pipeline == "s3://bucket/team/p.yaml"
    assert request("pipeline: p.yaml", "/home/u/x.yaml").pipeline == "/home/u/p.yaml"


@pytest.mark.parametrize("key", ["outdir", "workDir"])
def test_nothing_is_written_below_launch(key: str) -> None:
    """Work and results below `launch/` would start runs for ever."""
    for place in ("s3://bucket/launch", "s3://bucket/launch/", "s3://bucket/launch/out", "s3://bucket/a/../launch/out"):
        assert "below launch/" in wrong(f"pipeline: p\n{key}: {place}")[0].message
    assert request(f"pipeline: p\n{key}: s3://bucket/launches/out")
    assert request(f"pipeline: p\n{key}: s3://other/launch/out")


def test_prefixes_are_checked_for_every_place() -> None:
    """Where the request lies is not always known; then every launch/ is refused."""
    with pytest.raises(InvalidValue):
        check_prefix("s3://other/launch/x", "")
    assert check_prefix("s3://other/launch/x", SOURCE)


@pytest.mark.parametrize(
    ("text", "path", "said"),
    [
        ("pipeline: p\nparam: {}", "param", "unknown key"),
        ("pipeline: p\nprocess: {cpu: 1}", "process.cpu", "unknown key"),
        ("pipeline: p\nprocess: {shell: sh}", "process.shell", "in a launch request"),
        ("pipeline: p\nprocess: {withName: {a: {shell: sh}}}", "process.withName.a.shell", "in a launch request"),
        ("pipeline: p\nprocess: {label: big}", "process.label", "in a launch request"),
        ("pipeline: p\nprocess: 3", "process", "a number stands"),
        ("pipeline: p\nparams: [a]", "params", "a list stands"),
        ("pipeline: p\nparams: {a-b: 1}", "params.a-b", "cannot name a param"),
        ("pipeline: p\nlabels: {'aws:x': a}", "labels.aws:x", "no name here"),
        ("pipeline: p\nname: ''", "name", "empty text"),
        ('pipeline: p\nname: "a\\nb"', "name", "not a name"),
        ("pipeline: p\noutdir: 3", "outdir", "a number stands"),
        ("pipeline: http://x/y.yaml", "pipeline", "not a location on S3"),
        ("pipeline: 3", "pipeline", "a number stands"),
    ],
)
def test_what_is_refused_and_where(text: str, path: str, said: str) -> None:
    """Every mistake is named at its place, with its line."""
    problems = wrong(text)
    assert [(p.path, said in p.message) for p in problems] == [(path, True)]
    assert problems[0].line


@given(
    st.dictionaries(
        st.sampled_from(["pipeline", "name", "params", "outdir", "process", "labels", "resume", "x"]),
        st.none()
        | st.text(max_size=8)
        | st.integers()
        | st.dictionaries(st.sampled_from(["cpus", "a"]), st.integers()),
        max_size=5,
    )
)
def test_any_map_is_a_request_or_our_error(value: dict[str, object]) -> None:
    """Whatever a user drops: a request, or problems."""
    import json

    try:
        launch = read_launch(yaml_source.read(json.dumps(value), "x.json"), source=SOURCE)
    except InvalidSpec:
        return
    assert launch.request is not None


@pytest.mark.parametrize("uri", OTHERS)
@pytest.mark.parametrize("key", ["pipeline", "outdir", "workDir", "process.publishDir"])
def test_another_scheme_is_refused_by_name(key: str, uri: str) -> None:
    """Nothing is read from or written to anywhere but S3, whoever asks: a request is no way into a network."""
    said = {
        "pipeline": f"pipeline: {uri}",
        "process.publishDir": f"pipeline: p\nprocess: {{publishDir: '{uri}'}}",
    }.get(key, f"pipeline: p\n{key}: {uri}")
    (problem,) = wrong(said)
    assert (problem.path, problem.value) == (key, uri)
    assert "s3://" in problem.expected
