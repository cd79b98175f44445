"""What a launch must be, and what follows from it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.core.errors import InvalidSpec, InvalidValue
from headrace.core.names import RUN_PATTERN
from headrace.core.run_facts import (
    RunFacts,
    check_launch,
    check_results,
    facts,
    folder,
    from_json,
    run_of,
    wrong_places,
    wrong_targets,
)
from headrace.core.tenancy import Reach

KEYS = ["pipeline", "version", "params", "name", "outdir", "workDir", "process", "labels", "resume", "run", "epoch"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


OTHER = "arn:aws:s3:::other,arn:aws:s3:::other/*"
OTHERS = ("http://169.254.169.254/latest/meta-data", "https://example.org/x", "file:///etc/passwd", "gopher://x/y")


def facts_of(allowed: str = "", parted: bool = False, **launch: object) -> RunFacts:
    """The facts of a launch of s3://mine/p.yaml."""
    return facts(
        {"pipeline": "s3://mine/p.yaml", **launch},
        run="r",
        epoch=2,
        name="fallback",
        bucket="mine",
        tenant="team",
        execution="arn",
        started="2026-01-01T00:00:00.000Z",
        allowed=allowed,
        parted=parted,
    )


def refused(launch: object) -> list[str]:
    """The problems of a launch, as told."""
    with pytest.raises(InvalidSpec) as error:
        check_launch(launch)
    return [str(problem) for problem in error.value.problems]


def test_a_launch_is_taken_as_it_is():
    """What is known stays, null says nothing, and what Step Functions adds is left out."""
    given = {"pipeline": {"processes": {}}, "params": {"n": 1}, "name": None, "epoch": None, "version": "v"}
    taken = check_launch({**given, "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID": "arn"})
    assert taken == {"pipeline": {"processes": {}}, "params": {"n": 1}, "version": "v"}
    assert check_launch({"resume": "old-run"}) == {"resume": "old-run"}


@pytest.mark.parametrize(
    ("launch", "told"),
    [
        ([], "the input is not a launch"),
        ({}, "pipeline: missing"),
        ({"pipeline": 7}, "pipeline: not a pipeline (got 7"),
        ({"pipeline": "s3://b/p", "param": {}}, "did you mean 'params'?"),
        ({"pipeline": "s3://b/p", "name": 1}, "name: not text"),
        ({"pipeline": "s3://b/p", "params": []}, "params: not a map"),
        ({"pipeline": "s3://b/p", "run": "../x"}, "run: not a run id"),
        ({"resume": "../x"}, "resume: not a run id"),
        ({"pipeline": "s3://b/p", "epoch": 0}, "epoch: not an epoch (got 0"),
        ({"pipeline": "s3://b/p", "epoch": True}, "epoch: not an epoch"),
        ({"pipeline": "s3://b/p", "epoch": 1_000_000}, "from 1 to 999,999"),
        ({"pipeline": "s3://b/p", "epoch": 1.5}, "epoch: not an epoch"),
    ],
)
def test_what_is_wrong_is_named(launch: object, told: str):
    """Each wrong key says where it is, what was there and what is expected."""
    assert told in "\n".join(refused(launch))


def test_all_problems_come_at_once():
    """Nobody mends a launch one error at a time."""
    assert len(refused({"nme": 1, "params": 1, "epoch": "x", "run": "A"})) == 5


@given(st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=6), JSON, max_size=5) | JSON)
def test_any_input_is_taken_or_refused(launch: object):
    """Nothing a user can send makes another error; what is taken has the types the rest relies on."""
    try:
        taken = check_launch(launch)
    except InvalidSpec:
        return
    assert set(taken) <= set(KEYS)
    assert isinstance(taken.get("pipeline", ""), str | dict)
    assert all(RUN_PATTERN.fullmatch(taken[key]) for key in ("run", "resume") if key in taken)
    assert 1 <= taken.get("epoch", 1) <= 999_999
    json.dumps(taken)


def test_a_run_is_named_by_what_it_resumes_else_by_its_execution():
    """A resume keeps the run; by hand the execution's name, slugged, is the run's."""
    assert run_of({"resume": "old", "run": "new"}, "x") == "old"
    assert run_of({"run": "new"}, "x") == "new"
    assert run_of({}, "My Run_1") == "my-run-1"
    with pytest.raises(InvalidSpec, match="run: the execution name '___'"):
        run_of({}, "___")


def test_places_end_in_a_slash():
    """Work has the tenant in it; results go to a folder of the run unless said otherwise; the launch's name wins."""
    made = facts_of()
    assert (made.work, made.outdir, made.folder) == (
        "s3://mine/work/team/",
        "s3://mine/results/r/",
        "s3://mine/runs/r/2/",
    )
    own = facts_of(workDir="s3://other/w", outdir="s3://other/o//", name="mine", labels={"a": "b"}, allowed=OTHER)
    assert (own.work, own.outdir, own.name, own.labels) == ("s3://other/w/team/", "s3://other/o/", "mine", {"a": "b"})
    assert (made.name, folder("b", "r", 1)) == ("fallback", "s3://b/runs/r/1/")


def test_facts_are_written_and_read_back():
    """run.json holds all of them; a spec given in place is not repeated there; one of before there were teams is read too."""
    made = facts_of(pipeline={"processes": {}}, process={"cpus": 2})
    assert (made.pipeline, made.reach) == ("", None)
    kept = json.loads(json.dumps(made.to_json()))
    assert from_json(kept) == made
    del kept["parted"], kept["write_buckets"]
    assert from_json(kept) == made
    of_a_team = facts_of(parted=True, allowed=OTHER)
    assert from_json(json.loads(json.dumps(of_a_team.to_json()))) == of_a_team
    assert of_a_team.reach == Reach("team", "mine", OTHER)


def test_a_teams_run_has_its_places():
    """Its results lie below its name, its work as everybody's; what it names is below its name too."""
    made = facts_of(parted=True)
    assert (made.work, made.outdir) == ("s3://mine/work/team/", "s3://mine/results/team/r/")
    own = facts_of(parted=True, workDir="s3://mine/work/team/x", outdir="s3://other/team/o", allowed=OTHER)
    assert (own.work, own.outdir) == ("s3://mine/work/team/x/team/", "s3://other/team/o/")
    for key, uri in (
        ("workDir", "s3://mine/work/x"),
        ("workDir", "s3://other/team/w"),
        ("outdir", "s3://mine/results/x"),
        ("outdir", "s3://other/o"),
    ):
        with pytest.raises(InvalidSpec) as error:
            facts_of(parted=True, allowed=OTHER, **{key: uri})
        assert [problem.path for problem in error.value.problems] == [key]


@pytest.mark.parametrize(
    ("launch", "key"),
    [
        ({"workDir": "s3://other"}, "workDir"),
        ({"workDir": "s3://mine/runs/x"}, "workDir"),
        ({"workDir": "/data"}, "workDir"),
        ({"workDir": "s3://mine/$(x)"}, "workDir"),
        ({"outdir": "s3://other/"}, "outdir"),
        ({"outdir": "gs://other/x"}, "outdir"),
        ({"outdir": "s3://mine/launch/x"}, "outdir"),
        ({"outdir": "s3://mine/errors"}, "outdir"),
        ({"workDir": "s3://other/work"}, "workDir"),
        ({"workDir": "s3://mine/scratch/"}, "workDir"),
        ({"outdir": "s3://other/results/"}, "outdir"),
        ({"outdir": "s3://mine/work/out"}, "outdir"),
    ],
)
def test_a_place_that_cannot_be_is_refused_by_its_key(launch: dict[str, object], key: str):
    """A bucket without a folder, another scheme, and folders with a meaning of their own."""
    with pytest.raises(InvalidSpec) as error:
        facts_of(**launch)
    assert [problem.path for problem in error.value.problems] == [key]


def test_every_wrong_place_of_a_launch_is_told_and_only_what_it_names():
    """Before a run is begun, and again by whoever starts one by hand."""
    wrong = wrong_places({"workDir": "s3://other/w", "outdir": "s3://other/o", "name": "x"}, bucket="mine", allowed="")
    assert [problem.path for problem in wrong] == ["workDir", "outdir"]
    assert "no role of the stack may write there" in wrong[0].message
    assert wrong_places({"workDir": "s3://other/w", "outdir": "s3://other/o"}, bucket="mine", allowed=OTHER) == []
    assert wrong_places({}, bucket="mine", allowed="") == []


def test_results_may_go_to_any_folder_that_starts_nothing():
    """launch/ is only special in the deployment's own bucket."""
    check_results("s3://other/launch/x", bucket="mine")
    with pytest.raises(InvalidValue):
        check_results("s3://mine/launch/x", bucket="mine")


@pytest.mark.parametrize("uri", OTHERS)
@pytest.mark.parametrize("key", ["outdir", "workDir"])
def test_a_place_of_another_scheme_is_refused_by_its_key(key: str, uri: str):
    """In the input of an execution as in a file."""
    with pytest.raises(InvalidSpec) as error:
        facts_of(**{key: uri})
    assert {problem.path for problem in error.value.problems} == {key}
    assert "not a folder in S3" in str(error.value)


@pytest.mark.parametrize("key", ["pipeline", "params", "process", "labels", "outdir", "epoch", "other"])
def test_what_is_nested_too_deeply_is_refused_whatever_its_key(key: str):
    """As deep as a file may be, and no deeper: showing such a value, or writing it, would recurse without end."""
    for levels, deep in ((63, False), (70, True), (990, True), (100_000, True)):
        value: object = 1
        for _ in range(levels):
            value = {"a": value} if levels % 2 else [value]
        try:
            check_launch({"pipeline": "s3://mine/p.yaml", key: value})
            told = ""
        except InvalidSpec as error:
            told = str(error)
        assert ("nested deeper than 64 levels" in told) is deep


def test_places_to_publish_to_are_judged_as_an_outdir_is():
    """What is below the outdir is none of them; a place of Headrace's own and one nobody opened are refused, each by itself."""
    paths = ["vcf", "s3://mine/results/x", "s3://mine/runs/x", "s3://other/x", "s3://other"]
    found = wrong_targets("p", paths, bucket="mine", allowed="")
    assert [(each.path, each.value) for each in found] == [("processes.p.publishDir", path) for path in paths[2:]]
    assert [each.value for each in wrong_targets("p", paths[:4], bucket="mine", allowed=OTHER)] == [paths[2]]
