"""Removing old runs and unused work, on moto's S3 and DynamoDB."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from headrace.aws import ledger, ledger_runs, removing
from headrace.aws.table import Table
from headrace.core import names, run_cleanup
from headrace.core.ledger_items import waiter_item
from headrace.core.ledger_keys import last_waiter
from headrace.core.records import AttemptRecord, Epoch, RunRecord, TaskRecord, Waiter

AT = "2026-01-01T00:00:00.000Z"
LATER = "2126-01-01T00:00:00.000Z"
BUCKET = "bucket"
ROOT = f"s3://{BUCKET}/work/default/"


def in_turn(work: Any, items: Any) -> list[Any]:
    """One thing after another: moto's transactions are not safe in threads."""
    return [work(item) for item in items]


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Table, Any]]:
    """An empty ledger and an empty bucket."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        dynamodb = boto3.client("dynamodb", region_name="us-east-1")
        dynamodb.create_table(
            TableName="ledger",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
            BillingMode="PAY_PER_REQUEST",
        )
        s3 = boto3.client("s3", region_name="us-east-1")
        s3.create_bucket(Bucket=BUCKET)
        yield Table(dynamodb, "ledger", sleep=lambda _s: None, each=in_turn), s3


def put(s3: Any, uri: str, body: str = "{}") -> None:
    """An object."""
    s3.put_object(Bucket=BUCKET, Key=uri.removeprefix(f"s3://{BUCKET}/"), Body=body.encode())


def keys(s3: Any, prefix: str = "") -> set[str]:
    """The bucket's keys."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=prefix)
    return {item["Key"] for page in pages for item in page.get("Contents", [])}


def digest(name: str) -> str:
    """The hash of a piece of work."""
    return hashlib.sha256(name.encode()).hexdigest()


def piece(s3: Any, name: str) -> str:
    """A piece of work with a result; its key prefix."""
    prefix = f"work/default/{digest(name)[:2]}/{digest(name)}/"
    for rest in ("j/r.1.1/run.sh", "a/job.1/manifest.json", "a/job.1/out/x", "outputs.json"):
        put(s3, prefix + rest, name)
    return prefix


def begun(table: Table, s3: Any, name: str, *works: str, number: int = 1, tenant: str = "") -> Epoch:
    """A run whose tasks have done these works."""
    epoch = Epoch(name, number)
    ledger_runs.begin_run(table, RunRecord(epoch, f"x-{epoch}", AT, name=name, tenant=tenant))
    for work in works:
        task = f"t[n={work}]"
        ledger.put_attempt(table, epoch, AttemptRecord(task, 1, AT))
        ledger.commit(table, epoch, TaskRecord(task, "succeeded", AT, hash=digest(work)), [("t", 1)])
        planned(s3, epoch, task, work)
    folder = f"runs/{epoch.run}/{epoch.number}/"
    put(s3, folder + "scopes/0/plan.json", json.dumps([{"id": "t", "p": "t", "k": {}, "opens": [["t", 1]]}]))
    return epoch


def planned(s3: Any, epoch: Epoch, task: str, work: str) -> None:
    """What PrepareTask writes before it looks for the work's result."""
    place = f"runs/{epoch.run}/{epoch.number}/tasks/{names.task_hash(task)}/1.json"
    put(s3, place, json.dumps({"hash": digest(work)}))


def over(table: Table, epoch: Epoch) -> Epoch:
    """Conclude a run."""
    ledger_runs.conclude_run(table, epoch, "succeeded", ended=AT, by="x", tasks={"succeeded": 1})
    return epoch


def test_nothing_of_a_removed_run_is_left_and_nothing_else_is_touched(place: tuple[Table, Any]):
    """Records, attempts, latches, waiters, targets, folders and list entries of all its epochs; a run of a like name stays."""
    table, s3 = place
    one = over(table, begun(table, s3, "old", "a"))
    two = over(table, begun(table, s3, "old", "b", number=2))
    other = over(table, begun(table, s3, "older", "c"))
    for epoch in (one, two, other):
        waiter = Waiter("t", "token", waits={"t": 2})
        table.client.put_item(TableName="ledger", Item=waiter_item(last_waiter(epoch, "t"), waiter))
        table.client.put_item(
            TableName="ledger", Item={"pk": {"S": f"P#{epoch}#00"}, "sk": {"S": "s3://x/y"}, "task": {"S": "t"}}
        )
    (age,) = (age for age in run_cleanup.ages(removing.all_runs(table)) if age.run == "old")
    removing.remove_run(table, s3, BUCKET, age)
    left = [(item["pk"]["S"], item["sk"]["S"]) for item in table.client.scan(TableName="ledger")["Items"]]
    assert {pk.split("#")[1] for pk, _ in left if pk != "RUNS"} == {"older"}
    assert [sk for pk, sk in left if pk == "RUNS"] == [f"{AT}#older#1"]
    assert len(left) == 7  # run, list entry, record, attempt, latch, waiter, target
    assert {key.split("/")[1] for key in keys(s3)} == {"older"}
    removing.remove_run(table, s3, BUCKET, age)


def test_a_teams_run_goes_from_both_lists(place: tuple[Table, Any]):
    """The list of all runs and its team's; another team's run stays in both."""
    table, s3 = place
    for name in ("genomics-old", "proteomics-new"):
        over(table, begun(table, s3, name, "a", tenant=name.partition("-")[0]))
    (age,) = (age for age in run_cleanup.ages(removing.all_runs(table)) if age.run == "genomics-old")
    removing.remove_run(table, s3, BUCKET, age)
    left = {item["pk"]["S"] for item in table.client.scan(TableName="ledger")["Items"]}
    assert {pk for pk in left if pk.startswith("RUNS")} == {"RUNS", "RUNS#proteomics"}
    assert [entry.epoch.run for entry in ledger_runs.runs(table)] == ["proteomics-new"]


def test_work_goes_when_nobody_who_stays_points_to_it(place: tuple[Table, Any]):
    """Of three pieces of an old run, the one a newer run uses stays; what failed attempts left goes too."""
    table, s3 = place
    pieces = {name: piece(s3, name) for name in ("mine", "shared", "failed")}
    newer = over(table, begun(table, s3, "newer", "shared"))
    used = removing.hashes(table, [newer], "")
    assert used == {bytes.fromhex(digest("shared"))}
    listed = run_cleanup.pieces(ROOT, removing.objects(s3, ROOT))
    chosen = [each for each in listed if run_cleanup.removable(each, LATER, used)]
    gone = list(removing.remove_pieces(table, s3, BUCKET, chosen, LATER, ""))
    assert {each.hash for each in gone} == {bytes.fromhex(digest(name)) for name in ("mine", "failed")}
    assert {key.rsplit("/", 1)[-1] for key in keys(s3, pieces["shared"])} == {
        "run.sh",
        "manifest.json",
        "x",
        "outputs.json",
    }
    assert keys(s3, "work/") == keys(s3, pieces["shared"])
    assert removing.work_folders(s3, BUCKET) == [ROOT]


def test_a_result_that_a_run_finds_while_it_is_removed_is_given_back(place: tuple[Table, Any]):
    """The run's plan is written before it looks; seen after the result was withdrawn, it keeps the piece whole."""
    table, s3 = place
    found, unused = piece(s3, "found"), piece(s3, "unused")
    chosen = list(run_cleanup.pieces(ROOT, removing.objects(s3, ROOT)))
    planned(s3, begun(table, s3, "running"), "t", "found")  # after the choice was made
    (gone,) = removing.remove_pieces(table, s3, BUCKET, chosen, LATER, "")
    assert gone.hash == bytes.fromhex(digest("unused"))
    assert keys(s3, unused) == set()
    assert len(keys(s3, found)) == 4
    assert s3.get_object(Bucket=BUCKET, Key=found + "outputs.json")["Body"].read() == b"found"


def test_what_was_written_since_stays(place: tuple[Table, Any]):
    """A run that begins the same work anew while it is removed loses nothing of it: only older objects go."""
    table, s3 = place
    prefix = piece(s3, "again")
    (chosen,) = run_cleanup.pieces(ROOT, removing.objects(s3, ROOT))
    assert list(removing.remove_pieces(table, s3, BUCKET, [chosen], AT, "")) == [chosen]
    assert keys(s3, prefix) == {prefix + rest for rest in ("j/r.1.1/run.sh", "a/job.1/manifest.json", "a/job.1/out/x")}


def test_the_command_lists_and_removes_only_when_told(
    place: tuple[Table, Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    """Listed with their bytes, nothing changed; with --yes an old run and its work go, what a younger one found done stays."""
    from headrace_cli.commands import clean_runs
    from headrace_cli.target import Target

    table, s3 = place
    target = Target(None, "headrace", "here", outputs={"Bucket": BUCKET, "Ledger": "ledger"})
    target._clients |= {"s3": s3, "dynamodb": table.client}
    monkeypatch.setattr(clean_runs, "reach", lambda **_given: target)
    monkeypatch.setattr(clean_runs, "_before", lambda _text: LATER)
    own, shared = piece(s3, "own"), piece(s3, "shared")
    over(table, begun(table, s3, "old", "own", "shared"))
    begun(table, s3, "going-on", "shared")
    before = keys(s3)
    told = sum(each.size for each in removing.objects(s3, f"s3://{BUCKET}/runs/old/"))
    told += sum(each.size for each in removing.objects(s3, f"s3://{BUCKET}/{own}"))

    assert clean_runs.runs(older_than="30d") == 0
    said = capsys.readouterr()
    assert "old  succeeded  " in said.out
    assert f"1 run and 1 piece of work older than 30d: {told:,} bytes" in said.out
    assert "--yes" in said.err
    assert keys(s3) == before

    assert clean_runs.runs(older_than="30d", yes=True, json_=True) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["removed"], answer["work"]["pieces"], [each["run"] for each in answer["runs"]]) == (True, 1, ["old"])
    assert keys(s3, "runs/old") == keys(s3, own) == set()
    assert len(keys(s3, shared)) == 4
    assert clean_runs.runs(older_than="30d", yes=True) == 0
    assert "0 runs and 0 pieces of work" in capsys.readouterr().out
