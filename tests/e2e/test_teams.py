"""Two teams in one stack: each has its own runs, work and results, and is refused the other's by name."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from tests.support.live_stack import ELSEWHERE, ROOT, LiveStack, until

from headrace.aws import ledger_runs
from headrace.core.records import Epoch
from headrace_cli import target
from headrace_cli.main import main
from headrace_local import deploy

TEAMS = ("genomics", "proteomics")
ACCOUNT = "123456789012"
BUCKET = "of-both-teams"
ROLE = f"arn:aws:iam::{ACCOUNT}:role"
IMAGE = "public.ecr.aws/docker/library/debian:stable-slim"
# As open as it can be: what is refused is refused because there are teams.
OPENED = {
    "FairShare": "yes",
    "AllowedWriteBuckets": f"arn:aws:s3:::{ELSEWHERE},arn:aws:s3:::{ELSEWHERE}/*",
    "AllowedRoles": f"{ROLE}/headrace/*,{ROLE}/lab",
    "AllowedDefinitions": f"arn:aws:batch:us-east-1:{ACCOUNT}:job-definition/*",
    "AllowedQueues": f"arn:aws:batch:us-east-1:{ACCOUNT}:job-queue/*",
}


@pytest.fixture(scope="module")
def parted(live: LiveStack) -> Iterator[LiveStack]:
    """A stack made as docs/teams.md says, in a bucket of its own: the role of each team, then the stack that takes them."""
    s3, endpoint = live.client("s3"), live.cloud.endpoint
    s3.create_bucket(Bucket=BUCKET)
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    s3.put_bucket_notification_configuration(Bucket=BUCKET, NotificationConfiguration={"EventBridgeConfiguration": {}})
    template = ROOT / "template.tenant.yaml"
    roles = [
        deploy(endpoint, template, f"parted-{team}", {"Tenant": team, "Bucket": BUCKET})["JobRoleArn"] for team in TEAMS
    ]
    given = {**OPENED, "BucketName": BUCKET, "TenantRoles": ",".join(roles)}
    stack = LiveStack(live.cloud, "parted", deploy(endpoint, ROOT / "template.yaml", "parted", given), parameters=given)
    stack.listen()
    for team in TEAMS:
        stack.put(f"inputs/{team}/own.txt", f"of {team}\n")
    stack.put("inputs/shared/all.txt", "of all\n")
    yield stack
    for name in ("parted", *(f"parted-{team}" for team in TEAMS)):
        stack.client("cloudformation").delete_stack(StackName=name)


def role_of(stack: LiveStack, team: str) -> str:
    """A team's job role."""
    (role,) = (arn for arn in stack.parameters["TenantRoles"].split(",") if f"/{team}/" in arn)
    return role


def process(**more: Any) -> dict[str, Any]:
    """A process, with more."""
    return {"container": IMAGE, "outputs": {"o": "o.txt"}, "script": "echo hello > o.txt", **more}


def spec(name: str, **more: Any) -> dict[str, Any]:
    """A pipeline of one process, with more in that."""
    return {"name": name, "processes": {"p": process(**more)}}


SAME = {
    "name": "same",
    "defaults": {"container": IMAGE, "publishDir": "kept"},
    "processes": {
        "make": {
            "inputs": {"all": "s3://BUCKET/inputs/shared/all.txt"},
            "outputs": {"o": "o.txt"},
            "script": "cat ${{ all }} > o.txt",
        },
        "use": {"inputs": {"i": "${{ make.o }}"}, "outputs": {"u": "u.txt"}, "script": "cat ${{ i }} > u.txt"},
    },
}


def here(stack: LiveStack, content: Any) -> Any:
    """With the stack's bucket filled in."""
    return json.loads(json.dumps(content).replace("BUCKET", stack.bucket))


@pytest.fixture(scope="module")
def same(parted: LiveStack) -> dict[str, Epoch]:
    """The same pipeline, by both teams at once."""
    return {team: parted.drop("same.json", here(parted, SAME), "same", team) for team in TEAMS}


def test_both_run_the_same_pipeline_and_share_nothing(parted: LiveStack, same: dict[str, Epoch]):
    """Neither finds the other's work done; work and results lie below the team's name; each is listed by itself."""
    for team, epoch in same.items():
        ended = parted.ended(epoch)
        assert ended.status == "SUCCEEDED", ended.cause
        assert epoch.run.startswith(f"{team}-same-")
        assert ended.statuses() == {"make": "succeeded", "use": "succeeded"}
        assert ended.results() == {"kept/o.txt": "of all\n", "kept/u.txt": "of all\n"}
        assert ended.record.tenant == team
        work = [record.outputs for record in ended.tasks().values()]
        assert all(uri.startswith(f"s3://{parted.bucket}/work/{team}/") for uri in work)
        listed = [entry.epoch.run for entry in ledger_runs.runs(parted.table, tenant=team)]
        assert epoch.run in listed
        assert all(run.startswith(f"{team}-") for run in listed)
    assert {epoch.run for epoch in same.values()} <= {entry.epoch.run for entry in ledger_runs.runs(parted.table)}
    tops = {key.split("/")[1] for prefix in ("work/", "results/") for key in parted.keys(prefix)}
    assert tops == set(TEAMS)


def test_a_team_finds_its_own_work_done(parted: LiveStack, same: dict[str, Epoch]):
    """The same again, by one team."""
    parted.ended(same["genomics"])
    again = parted.ended(parted.drop("again.json", here(parted, SAME), "same", "genomics"))
    assert again.statuses() == {"make": "cached", "use": "cached"}


def test_a_job_is_its_teams(parted: LiveStack, same: dict[str, Epoch]):
    """Role, log stream, share and name: what IAM and people tell jobs apart by."""
    batch = parted.client("batch")
    for team, epoch in same.items():
        parted.ended(epoch)
        found = parted.jobs(f"hr-{team}-same-")
        for job in batch.describe_jobs(jobs=[each["jobId"] for each in found])["jobs"]:
            (definition,) = batch.describe_job_definitions(jobDefinitions=[job["jobDefinition"]])["jobDefinitions"]
            container = definition["containerProperties"]
            assert container["jobRoleArn"] == role_of(parted, team)
            assert container["logConfiguration"]["options"]["awslogs-stream-prefix"] == team
            assert job["container"]["logStreamName"].startswith(f"{team}/")
            assert job["shareIdentifier"] == team


def refused(team: str, key: str, content: Any, why: str) -> Any:
    """A file that one team drops, and what is said of it."""
    return pytest.param(team, key, content, why, id=key.rpartition("/")[2].partition(".")[0])


OTHERS = "s3://BUCKET/inputs/proteomics"
REFUSED = [
    refused("", "straight.json", spec("x"), r"is no launch of a team .*launch/<team>/"),
    refused("", "nobody/nobodys.json", spec("x"), r"is no launch of a team"),
    refused("genomics", "pipeline.json", {"pipeline": f"{OTHERS}/p.yaml"}, r"pipeline: .*may not be read for genomics"),
    refused("genomics", "run-folder.json", {"pipeline": "s3://BUCKET/runs/RUN/1/spec.yaml"}, r"pipeline: .*may not be"),
    refused("genomics", "uses.json", {"processes": {"q": {"uses": f"{OTHERS}/p.yaml"}}}, r"uses: .*may not be read"),
    refused(
        "genomics",
        "table.json",
        {"params": {"t": {"type": "table", "default": f"{OTHERS}/t.csv"}}, **spec("x")},
        r"params: cannot read the table .*may not be read for genomics",
    ),
    refused(
        "genomics",
        "param.json",
        {
            "params": {"f": {"type": "file", "default": f"{OTHERS}/own.txt"}},
            **spec("x", inputs={"i": "${{ params.f }}"}),
        },
        r"params\.f: .*may not be read for genomics",
    ),
    refused("genomics", "input.json", spec("x", inputs={"i": f"{OTHERS}/own.txt"}), r"inputs\.i: .*may not be read"),
    refused(
        "genomics",
        "dots.json",
        spec("x", inputs={"i": "s3://BUCKET/inputs/genomics/../proteomics/own.txt"}),
        r"inputs\.i: .*may not be read",
    ),
    refused(
        "genomics",
        "encoded.json",
        spec("x", inputs={"i": "s3://BUCKET/inputs/genomics/..%2Fproteomics/own.txt"}),
        r"inputs\.i: .*'\.' or '\.\.' in its path",
    ),
    refused("genomics", "glob.json", spec("x", each={"a": {"glob": f"{OTHERS}/*"}}), r"each.*may not be read"),
    refused(
        "genomics", "wide.json", spec("x", each={"a": {"glob": "s3://BUCKET/inputs/*/own.txt"}}), r"may not be read"
    ),
    refused("genomics", "json.json", spec("x", each={"a": {"json": f"{OTHERS}/x.json"}}), r"each.*may not be read"),
    refused(
        "genomics",
        "elsewhere.json",
        spec("x", inputs={"i": f"s3://{ELSEWHERE}/proteomics/x"}),
        rf"may not be read for genomics .*s3://{ELSEWHERE}/genomics/",
    ),
    refused(
        "genomics", "secret-of-others.json", spec("x", secrets={"A": "secretsmanager:proteomics/a"}), r"secrets\.A"
    ),
    refused("genomics", "parameter.json", spec("x", secrets={"A": "ssm:/proteomics/a"}), r"not one of genomics"),
    refused(
        "genomics",
        "registry.json",
        spec("x", container={"image": IMAGE, "credentials": f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:q"}),
        r"container\.credentials: this secret is not one of genomics",
    ),
    refused("genomics", "job-role.json", spec("x", jobRole="ROLE-OF-PROTEOMICS"), r"jobRole: .*may not have the role"),
    refused(
        "genomics", "execution-role.json", spec("x", executionRole=f"{ROLE}/nobodys"), r"executionRole: .*AllowedRoles"
    ),
    refused("genomics", "stacks-role.json", spec("x", jobRole="EXECUTION-ROLE"), r"jobRole: .*may not have the role"),
    refused(
        "genomics",
        "definition.json",
        spec("x", container="job-definition://proteomics-own"),
        r"container: the job definition .* is not one of genomics",
    ),
    refused(
        "genomics", "share.json", spec("x", shareIdentifier="proteomics"), r"shareIdentifier: .*not one of genomics"
    ),
    refused("genomics", "queue.json", spec("x", queue="proteomics-spot"), r"queue: .*not for genomics"),
    refused(
        "genomics",
        "stream.json",
        spec("x", containerOptions="--log-opt awslogs-stream-prefix=proteomics"),
        r"containerOptions: .*may not log under",
    ),
    refused(
        "genomics", "publish.json", spec("x", publishDir="s3://BUCKET/results/proteomics/x"), r"publishDir: .*no place"
    ),
    refused("genomics", "publish-root.json", spec("x", publishDir="s3://BUCKET/results/x"), r"publishDir: .*no place"),
    refused("genomics", "publish-out.json", spec("x", publishDir=f"s3://{ELSEWHERE}/x"), r"publishDir: .*no place"),
    refused(
        "genomics", "outdir.json", {"pipeline": "PIPELINE", "outdir": "s3://BUCKET/results/x"}, r"outdir: .*no place"
    ),
    refused(
        "genomics", "outdir-out.json", {"pipeline": "PIPELINE", "outdir": f"s3://{ELSEWHERE}/x"}, r"outdir: .*no place"
    ),
    refused(
        "genomics",
        "work.json",
        {"pipeline": "PIPELINE", "workDir": "s3://BUCKET/work/proteomics"},
        r"workDir: .*no workDir",
    ),
    refused(
        "genomics",
        "work-out.json",
        {"pipeline": "PIPELINE", "workDir": f"s3://{ELSEWHERE}/genomics"},
        r"workDir: .*no workDir",
    ),
    refused("genomics", "resume-theirs.json", {"resume": "RUN"}, r"genomics has no run RUN"),
    refused(
        "genomics", "resume-nothing.json", {"resume": "proteomics-nothing"}, r"genomics has no run proteomics-nothing"
    ),
    refused(
        "genomics", "resume-own.json", {"resume": "genomics-nothing"}, r"there is no run genomics-nothing to resume"
    ),
]


@pytest.mark.parametrize(("team", "key", "content", "why"), REFUSED)
def test_what_is_another_teams_is_refused_by_name(
    parted: LiveStack, same: dict[str, Epoch], team: str, key: str, content: Any, why: str
):
    """Nothing starts; the report lies below the team's errors and tells nothing of the other; the alert names the team."""
    theirs = same["proteomics"].run
    parted.put("inputs/genomics/p.json", spec("x"))
    execution = parted.client("lambda").get_function_configuration(FunctionName="parted-prepare-task")
    text = json.dumps(here(parted, content)).replace("RUN", theirs)
    text = text.replace("PIPELINE", f"s3://{parted.bucket}/inputs/genomics/p.json")
    text = text.replace("ROLE-OF-PROTEOMICS", role_of(parted, "proteomics"))
    text = text.replace("EXECUTION-ROLE", execution["Environment"]["Variables"]["HEADRACE_EXECUTION_ROLE"])
    place = f"launch/{team}/{key}" if team else f"launch/{key}"
    before = parted.executions()
    parted.put(place, text)
    until(lambda: parted.keys(f"errors/{place}.txt"), what=f"the report of {key}")
    report = parted.text(f"errors/{place}.txt")
    uri = f"s3://{parted.bucket}/{place}"
    assert re.search(why.replace("RUN", theirs), report.replace(uri, "")), report
    assert "Traceback" not in report
    assert "of proteomics" not in report
    [event] = until(lambda: parted.events(uri), what="the event")
    assert (event["state"], event["alert"], event["tenant"]) == ("refused", True, team)
    assert set(parted.executions()) - set(before) == set()


LATE = {
    "input": {"inputs": {"i": "s3://BUCKET/inputs/${{ params.other }}/own.txt"}},
    "glob": {"inputs": {"i": "s3://BUCKET/inputs/${{ params.other }}/*"}},
    "uri": {"inputs": {"i": {"from": "s3://BUCKET/inputs/${{ params.other }}/own.txt", "stage": False}}},
    "deep": {"inputs": {"i": "s3://BUCKET/inputs/${{ params.other }}/own.txt"}, "cache": "deep"},
    "secret": {"secrets": {"A": "secretsmanager:${{ params.other }}/a"}},
    "publish": {"publishDir": "s3://BUCKET/results/${{ params.other }}/x"},
}


@pytest.mark.parametrize("what", LATE)
def test_what_only_an_expression_names_is_refused_when_it_is_known(parted: LiveStack, what: str):
    """prepare_task refuses it: the run fails with that cause, and no job was submitted."""
    late = {"name": f"late-{what}", "params": {"other": "proteomics"}, "processes": {"p": process(**LATE[what])}}
    ended = parted.ended(parted.drop(f"late-{what}.json", here(parted, late), f"late-{what}", "genomics"))
    assert ended.status == "FAILED"
    assert re.search(r"may not be read for genomics|not one of genomics|no place for results of genomics", ended.cause)
    assert ended.jobs() == []
    [event] = until(lambda: parted.events(ended.epoch.run), what="the event")
    assert (event["tenant"], event["state"]) == ("genomics", "failed")
    [failed] = until(lambda: parted.events(ended.epoch.run, "Task Failed"), what="the event")
    assert failed["tenant"] == "genomics"


def test_an_axis_whose_source_an_expression_names(parted: LiveStack):
    """plan_scope reads it, and refuses it: the run fails with that cause."""
    late = spec("late-axis", each={"a": {"lines": "s3://BUCKET/inputs/${{ params.other }}/own.txt"}})
    late["params"] = {"other": "proteomics"}
    ended = parted.ended(parted.drop("late-axis.json", here(parted, late), "late-axis", "genomics"))
    assert ended.status == "FAILED"
    assert "may not be read for genomics" in ended.cause
    assert "of proteomics" not in json.dumps(ended.execution, default=str)


def test_a_result_that_a_job_forges_leads_nowhere(parted: LiveStack):
    """A job that writes over its work's result, naming another team's file, has it published to nobody."""
    made = here(parted, spec("forging", publishDir="kept"))
    first = parted.ended(parted.drop("forging.json", made, "forging", "genomics"))
    assert first.results() == {"kept/o.txt": "hello\n"}
    place = first.tasks()["p"].outputs
    result = json.loads(parted.text(place))
    result["outputs"]["o"]["$file"] = f"s3://{parted.bucket}/inputs/proteomics/own.txt"
    result["outputs"]["o"]["size"] = len("of proteomics\n")
    parted.put(place.removeprefix(f"s3://{parted.bucket}/"), result)
    again = parted.ended(parted.drop("forging-again.json", made, "forging", "genomics"))
    assert again.statuses() == {"p": "succeeded"}
    assert again.results() == {"kept/o.txt": "hello\n"}


def test_a_run_goes_on_as_its_teams(parted: LiveStack):
    """A resume of one's own run is the next epoch, with the places the first one had."""
    first = parted.ended(parted.drop("fails.json", spec("fails", script="exit 3"), "fails", "proteomics"))
    assert first.status == "FAILED"
    parted.put("inputs/proteomics/repaired.json", spec("fails", publishDir="."))
    request = {"resume": first.epoch.run, "pipeline": f"s3://{parted.bucket}/inputs/proteomics/repaired.json"}
    parted.put("launch/proteomics/resume.json", request)
    ended = until(lambda: parted.execution(Epoch(first.epoch.run, 2)), what="the second epoch")
    assert ended
    second = parted.ended(Epoch(first.epoch.run, 2))
    assert second.status == "SUCCEEDED", second.cause
    assert second.results() == {"o.txt": "hello\n"}
    assert second.record.tenant == "proteomics"


def test_by_hand_a_run_has_a_team_too(parted: LiveStack):
    """Its name says it; one that names no team begins nothing, and is in no list."""
    nobody = parted.start({"pipeline": spec("x")}, "nobody-1")
    ended = parted.ended(nobody)
    assert ended.status == "FAILED"
    assert "the run nobody-1 is no team's" in ended.cause
    assert ledger_runs.latest_run(parted.table, "nobody-1") is None
    named = parted.ended(parted.start({"pipeline": spec("x", publishDir=".")}, "proteomics-by-hand"))
    assert named.status == "SUCCEEDED", named.cause
    assert named.results() == {"o.txt": "hello\n"}


def test_alerts_are_parted_by_an_attribute(parted: LiveStack):
    """A subscription that filters by `tenant` hears of its team alone."""
    sns, sqs = parted.client("sns"), parted.client("sqs")
    url = sqs.create_queue(QueueName="of-genomics")["QueueUrl"]
    sns.subscribe(
        TopicArn=parted.outputs["AlertTopic"],
        Protocol="sqs",
        Endpoint=f"arn:aws:sqs:us-east-1:{ACCOUNT}:of-genomics",
        Attributes={"FilterPolicy": json.dumps({"tenant": ["genomics"]})},
    )
    for team in ("proteomics", "genomics"):
        parted.put(f"launch/{team}/broken.json", "{}")
        until(lambda team=team: parted.alerts(f"launch/{team}/broken.json") or None, what="the alert")
    messages = until(lambda: sqs.receive_message(QueueUrl=url).get("Messages"), what="the message")
    [told] = [json.loads(each["Body"]) for each in messages]
    assert "launch/genomics/broken.json" in told["Message"]
    assert told["MessageAttributes"]["tenant"]["Value"] == "genomics"


FAILS = """\
name: by-hand
params: {text: {type: file, default: words.txt}}
processes:
  say:
    container: any
    inputs: {text: "${{ params.text }}"}
    outputs: {said: said.txt}
    script: cat ${{ text }} > ${{ outputs.said }}; echo said
    publishDir: .
  fail:
    container: any
    after: [say]
    script: exit 3
"""


@pytest.fixture
def headrace(parted: LiveStack, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> Callable[..., str]:
    """Runs a command on the stack of the teams, as whoever deploys, or with the policy that it prints for somebody of genomics."""
    monkeypatch.setenv("HEADRACE_LOCAL_HOME", str(parted.cloud.home))
    sessions: dict[str, Any] = {"": target._loopback_session()}

    def run(*words: Any, who: str = "", code: int = 0) -> str:
        if who not in sessions:
            policy = json.loads(run("policy", "user", who, "--tenant", "genomics"))
            caller = parted.cloud.ask("POST", "/callers", {"name": f"genomics-{who}", "policy": policy})
            sessions[who] = boto3.session.Session(caller["accessKeyId"], "local", region_name="us-east-1")
        monkeypatch.setattr(target, "_loopback_session", lambda: sessions[who])
        capsys.readouterr()
        found = main([*map(str, words), "--local", "--stack", parted.name])
        said = capsys.readouterr()
        assert found == code, said.out + said.err
        return str(said.out + said.err)

    return run


def refusals(stack: LiveStack) -> list[dict[str, Any]]:
    """What somebody of genomics was refused."""
    found: list[dict[str, Any]] = stack.cloud.ask("GET", "/permissions")["refused"]
    return [each for each in found if each["who"].endswith(("genomics-read", "genomics-launch"))]


def test_a_teams_people_do_their_work_with_its_policy_alone(
    parted: LiveStack, headrace: Callable[..., str], same: dict[str, Epoch], tmp_path: Path
):
    """Run, list, status, logs, why, resume, by the command: nothing is refused. The other team's runs are: by the command, which says
    that there are none, and by the policy, where no team is said.
    """
    (tmp_path / "words.txt").write_text("hello\n")
    spec = tmp_path / "p.yaml"
    spec.write_text(FAILS)
    theirs = parted.ended(same["proteomics"]).epoch.run
    before = set(parted.keys("inputs/")) | set(parted.keys("launch/"))
    assert "several teams share the stack" in headrace("run", spec, who="launch", code=2)
    assert "has no team" in headrace("run", spec, "--tenant", "metabolomics", who="launch", code=2)
    assert set(parted.keys("inputs/")) | set(parted.keys("launch/")) == before

    run = headrace("run", spec, "--tenant", "genomics", who="launch", code=1).splitlines()[0]
    assert run.startswith("genomics-by-hand-")
    spec.write_text(FAILS.replace("exit 3", "echo done"))
    headrace("resume", run, spec, who="launch")
    assert parted.text(f"results/genomics/{run}/said.txt") == "hello\n"
    for words in (("status", run), ("logs", run, "fail"), ("why", run, "say"), ("cost", run), ("version",)):
        headrace(*words, who="read")
    for words in (("runs",), ("status", "last")):
        assert theirs not in headrace(*words, "--tenant", "genomics", who="read")
    for words in (("status", theirs), ("logs", theirs, "make"), ("resume", theirs)):
        assert "there is no run" in headrace(*words, "--tenant", "genomics", who="launch", code=2)
    assert refusals(parted) == []

    for words in (("runs",), ("status", theirs), ("status", "last"), ("resume", theirs)):
        assert "may not read the runs of all teams" in headrace(*words, who="launch", code=2)
    assert {each["action"].partition(":")[0] for each in refusals(parted)} == {"dynamodb"}
    assert theirs in headrace("runs")
