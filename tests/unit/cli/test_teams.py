"""Teams that share a stack: whose a command works for, what it refuses by name, and where it puts what it uploads."""

import json
from collections import Counter
from types import SimpleNamespace

import pytest
from tests.support.canned_aws import refused
from tests.support.fake_account import Dynamo

from headrace.aws import ledger_runs
from headrace.aws.table import Table
from headrace.core import names
from headrace.core.errors import InvalidSpec, InvalidValue
from headrace.core.records import Epoch, RunRecord
from headrace_cli import deployment, launch, runs_named, teams
from headrace_cli.content_address import Uploads
from headrace_cli.target import Target
from headrace_cli.user_policies import Names, Who, user_policy
from headrace_local.iam_calls import calls_of
from headrace_local.iam_policies import Policies, statements
from headrace_local.place import ACCOUNT, REGION

ROLE = "arn:aws:iam::123456789012:role/headrace"
ROLES = f"{ROLE}/genomics/jobs,{ROLE}/proteomics/jobs,{ROLE}/genomics/more"
RUNS = ("genomics-call-1", "genomics-call-2", "proteomics-call-3")


def target(roles: str = ROLES, tenant: str = "") -> Target:
    """A stack that these teams share."""
    outputs = {"Bucket": "bucket", "Ledger": "ledger"}
    parameters = {"TenantRoles": roles, "AllowedWriteBuckets": "arn:aws:s3:::out/*"}
    return Target(None, "prod", "here", outputs=outputs, parameters=parameters, tenant=tenant)


def test_a_team_has_to_be_said_where_there_are_some():
    """One sentence that says how; none is listed. What a stack of one team is given is refused too."""
    assert teams.needed(target(), "genomics") == "genomics"
    assert teams.needed(target(""), "") == ""
    assert teams.check(target(), "") == ""
    with pytest.raises(InvalidValue, match=r"several teams share the stack prod.*HEADRACE_TENANT") as none:
        teams.needed(target(), "")
    for said in ("genomic", "Genomics", "shared", "genomics-call"):
        with pytest.raises(InvalidValue, match="has no team") as other:
            teams.needed(target(), said)
        assert "proteomics" not in f"{none.value}{other.value}"
    with pytest.raises(InvalidValue, match="prod is one team's"):
        teams.needed(target(""), "genomics")
    assert teams.of_run(target(), "genomics-call-1") == "genomics"
    assert teams.of_run(target(), "call-1") == ""
    assert teams.of_run(target(""), "genomics-call-1") == ""


def test_what_is_uploaded_lies_below_the_teams_name(tmp_path):
    """Files, folders and made texts below inputs/<team>/, the launch below launch/<team>/; the run's id begins with the team."""
    (tmp_path / "folder").mkdir()
    for name in ("a.txt", "folder/b.txt"):
        (tmp_path / name).write_text(name)
    uploads = Uploads("bucket", "genomics")
    places = [
        uploads.place(f"{tmp_path}/a.txt"),
        uploads.place(f"{tmp_path}/folder/"),
        uploads.place_text("t.csv", b"x"),
    ]
    assert all(uri.startswith("s3://bucket/inputs/genomics/") for uri in [*places, *uploads.objects])
    put = {}

    def put_object(**said):
        put.update(said)
        return {"VersionId": "v1"}

    there = target(tenant="genomics")
    there._clients["s3"] = SimpleNamespace(put_object=put_object)
    launched = launch.send(there, {"pipeline": "s3://b/p.yaml", "name": "call"}, uploads, {}, lambda _bytes: None)
    assert put["Key"].startswith("launch/genomics/call-")
    assert put["Key"] == launched.key
    expected = names.launched_run_id("call", "bucket", launched.key, "v1", "genomics")
    assert launched.epoch.run == expected
    assert expected.startswith("genomics-call-")


def test_places_of_other_teams_are_refused():
    """Work and results go below the team's name, in the stack's bucket and in every other."""
    there = target(tenant="genomics")
    launch.check_places(there, "s3://bucket/work", "s3://bucket/results/genomics/x")
    for work, out in (
        ("s3://bucket/work/proteomics", ""),
        ("", "s3://bucket/results/x"),
        ("", "s3://out/proteomics/x"),
    ):
        with pytest.raises(InvalidSpec, match="of genomics"):
            launch.check_places(there, work, out)


class Guarded:
    """A ledger in memory that a policy stands before, as IAM does."""

    def __init__(self, policy):
        self._dynamo, self._policy = Dynamo(Counter()), policy

    def __getattr__(self, operation):
        def call(**request):
            if self._policy:
                self._check(operation, request)
            return getattr(self._dynamo, operation)(**request)

        return call

    def _check(self, operation, request):
        action = "".join(word.title() for word in operation.split("_"))
        for each in calls_of("dynamodb", action, request):
            if not self._policy.decide(each).allowed:
                raise refused("AccessDeniedException")


@pytest.fixture
def asked():
    """A stack with runs of two teams, asked by somebody of a team, or by who operates."""

    def ask(who):
        names_here = Names(region=REGION, account=ACCOUNT, ledger="ledger", tenant=who)
        policy = Policies(statements("team", user_policy(Who.READ, names_here))) if who else None
        client = Guarded(None)
        table = Table(client, "ledger", each=lambda work, items: [work(item) for item in items])
        for number, run in enumerate(RUNS):
            started = f"2026-01-0{number + 1}T00:00:00.000Z"
            ledger_runs.begin_run(
                table, RunRecord(Epoch(run, 1), f"arn:{run}", started, tenant=run.partition("-")[0], name="call")
            )
        client._policy = policy
        parameters = {"TenantRoles": ROLES}
        return SimpleNamespace(table=table, parameters=parameters, stack="prod", where="here")

    return ask


def test_whose_a_run_is_its_id_tells(asked):
    """A whole id, or a beginning with the team, needs no option; nothing is asked that the team's policy does not allow."""
    mine = asked("genomics")
    assert runs_named.find(mine, "genomics-call-1").epoch.run == "genomics-call-1"
    with pytest.raises(InvalidValue, match="more than one run: genomics-call-2, genomics-call-1"):
        runs_named.find(mine, "genomics-c")
    for name in ("proteomics-call-3", "last", "call"):
        with pytest.raises(InvalidValue, match="may not read the runs of all teams"):
            runs_named.find(mine, name)
    assert runs_named.find(asked(""), "last").epoch.run == "proteomics-call-3"


def test_the_last_run_is_the_teams(asked):
    """With the team said; a run of another team is none of it, whether it is there or not."""
    mine = asked("genomics")
    assert runs_named.find(mine, "last", "genomics").epoch.run == "genomics-call-2"
    said = []
    for name in ("proteomics-call-3", "proteomics-call-9", "call"):
        with pytest.raises(InvalidValue, match=r"there is no run .* of genomics") as none:
            runs_named.find(mine, name, "genomics")
        said.append(str(none.value).replace(name, "RUN"))
    assert len(set(said)) == 1
    assert "proteomics" not in said[0]


SPEC = {"processes": {"a": {"container": "x", "script": "echo"}}}


@pytest.fixture
def check(headrace, tmp_path, monkeypatch):
    """`check` for a team of the stack, of a pipeline whose process has more."""

    def get_object(**_said):
        raise refused("NoSuchKey")

    there = target()
    there._clients["s3"] = SimpleNamespace(get_object=get_object)
    monkeypatch.setattr(deployment, "reach", lambda **_said: there)

    def run(*words, params=None, **more):
        process = {**SPEC["processes"]["a"], **more}
        place = tmp_path / "p.yaml"
        place.write_text(json.dumps({"params": params or {}, "processes": {"a": process}}, indent=1))
        (tmp_path / "mine.txt").write_text("mine")
        return headrace("check", place, "--stack", "prod", *words)

    return run


@pytest.mark.parametrize(
    ("more", "refusal"),
    [
        ({"inputs": {"i": "s3://bucket/inputs/proteomics/x"}}, "may not be read for genomics"),
        ({"inputs": {"i": "s3://bucket/runs/genomics-call-1/1/run.json"}}, "may not be read for genomics"),
        ({"publishDir": "s3://bucket/results/proteomics/"}, "for results of genomics"),
        ({"secrets": {"T": "secretsmanager:proteomics/token"}}, "not one of genomics"),
        ({"container": "job-definition://lab-x"}, "not one of genomics"),
        ({"jobRole": f"{ROLE}/proteomics/jobs"}, "may not have the role"),
    ],
)
def test_what_is_not_the_teams_is_refused_before_a_launch(check, more, refusal):
    """In the launch's words; files of this machine are nobody's yet, and the team's own roles are its."""
    found = check("--tenant", "genomics", **more)
    assert found.code == 2
    assert refusal in found.err
    assert "several teams" in check(**more).err
    assert "has no team" in check("--tenant", "metabolomics", **more).err


def test_what_is_the_teams_is_let_through(check):
    """Files of this machine, in inputs and params; places, roles and secrets of its own; the environment says the team too."""
    found = check(
        "--tenant",
        "genomics",
        params={"f": {"type": "file", "default": "mine.txt"}},
        inputs={"i": "mine.txt", "p": "${{ params.f }}", "s": "s3://bucket/inputs/shared/x"},
        publishDir="s3://out/genomics/x",
        jobRole=f"{ROLE}/genomics/more",
        secrets={"T": "secretsmanager:genomics/token"},
    )
    assert found.code == 0, found.text


def test_the_environment_says_the_team(check, monkeypatch):
    """HEADRACE_TENANT, as HEADRACE_STACK says the stack."""
    monkeypatch.setenv("HEADRACE_TENANT", "genomics")
    assert check().code == 0


def test_a_policy_for_who_operates_one_team_is_refused(headrace):
    """By name; so is a blank one for what is no team's name."""
    said = headrace("policy", "user", "operate", "--tenant", "genomics", "--blank")
    assert said.code == 2
    assert "for every team" in said.err
    assert headrace("policy", "user", "read", "--tenant", "Geno*", "--blank").code == 2
    printed = headrace("policy", "user", "read", "--tenant", "genomics", "--blank").out
    assert "RUNS#genomics" in printed
