"""What functions did in this test's own runs, and in whatever ran before in this cloud, beside what their policies allow.

The local cloud judges every call by the caller's role, so a permission that is missing fails a run; what is refused and borne is told here.
"""

from __future__ import annotations

import uuid
from collections import Counter
from typing import Any

from botocore import xform_name
from tests.support.live_stack import ELSEWHERE, LiveStack, until
from tests.support.permissions import ACTIONS, FUNCTIONS, allowed

# Another try, an axis known when a job has ended, tasks that wait for others, a secret, a result that moves, a table that lies elsewhere.
SUCCEEDING = """\
name: PIPELINE
params:
  rows: {type: table, columns: {word: string}, default: "s3://ELSEWHERE/PIPELINE/rows.csv"}
defaults: {container: any}
processes:
  parts:
    outputs: {names: {json: names.json}}
    secrets: {TOKEN: "secretsmanager:team/calls"}
    script: echo '["x", "y"]' > names.json
    publishDir: {path: ., mode: move}
  each_part:
    each: {part: "${{ parts.names }}"}
    outputs: {o: "${{ part }}.txt"}
    script: |
      [ ${{ task.attempt }} -gt 1 ] || [ ${{ part }} = x ] || exit 7
      echo ${{ part }} > ${{ outputs.o }}
    errorStrategy: retry
    maxRetries: 1
    publishDir: {path: parts, tags: {kind: part}}
  all:
    inputs: {all: "${{ each_part.o }}"}
    outputs: {o: all.txt}
    script: cat ${{ all }} > ${{ outputs.o }}
    publishDir: {path: "s3://ELSEWHERE/PIPELINE/out", mode: move, tags: {kind: last}}
  rows:
    each: {row: "${{ params.rows }}"}
    env: {WORD: "${{ row.word }}"}
    script: echo "$WORD"
  texts:
    each: {text: {glob: "s3://BUCKET/inputs/PIPELINE/*.txt"}}
    inputs: {said: "${{ text }}"}
    script: cat ${{ said }}
"""
FAILING = """\
name: PIPELINE
defaults: {container: any}
processes:
  no:
    script: exit 3
"""
WAITING = """\
name: PIPELINE
defaults: {container: any}
processes:
  waits:
    script: sleep 300
"""
CALLED = {name.replace("_", "").lower(): name for name in ACTIONS}
# What a role may not do, and why nothing is lost.
BORNE = {("SummariseLogsFunction", "s3:ListBucket"): "a summary that may not be read is as good as none: it is written"}


def test_every_call_made_is_allowed(live: LiveStack) -> None:
    """Success, another try, work found done, other buckets, a secret, failure, a refused launch, an abort, sweeps: nothing is refused."""
    before = _refused(live)
    _do_a_bit_of_everything(live)
    # Other tests of this cloud have things refused on purpose.
    assert {each for each in _refused(live) - before if each not in BORNE} == set()
    made = _made(live)
    assert {logical: calls - CALLED.keys() for logical, calls in made.items() if calls - CALLED.keys()} == {}
    lacking = {
        logical: sorted(set().union(*(ACTIONS[CALLED[call]] for call in calls)) - allowed(logical))
        for logical, calls in made.items()
    }
    assert {logical: actions for logical, actions in lacking.items() if actions} == {}
    silent = sorted(logical for logical, calls in made.items() if not calls)
    assert silent == [], "functions that called nothing say nothing about their policies"


def _do_a_bit_of_everything(live: LiveStack) -> None:
    name = f"calls-{uuid.uuid4().hex[:8]}"
    refused = f"{name}-refused.yaml"
    s3 = live.client("s3")
    s3.put_object(Bucket=ELSEWHERE, Key=f"{name}/rows.csv", Body=b"id,word\na,one\nb,two\n")
    live.put(f"inputs/{name}/t.txt", "text\n")
    live.client("secretsmanager").create_secret(Name="team/calls", SecretString="s")
    spec = SUCCEEDING.replace("PIPELINE", name).replace("ELSEWHERE", ELSEWHERE).replace("BUCKET", live.bucket)
    live.put(f"launch/{refused}", "name: [")
    launched = live.drop(f"{name}.yaml", spec, name)
    failed = live.begin(FAILING.replace("PIPELINE", name))
    waiting = live.begin(WAITING.replace("PIPELINE", name))
    done = live.ended(launched)
    assert done.status == "SUCCEEDED", done.cause
    again = live.run(spec)
    assert again.status == "SUCCEEDED", again.cause
    assert live.ended(failed).status == "FAILED"
    until(lambda: live.keys(f"errors/launch/{refused}"), what="the report of the refused launch")
    until(lambda: live.alerts(failed.run), what="the alert of the failed run")
    live.until_running(waiting)
    live.client("stepfunctions").stop_execution(executionArn=live.execution(waiting)["executionArn"])
    live.conclude()
    live.conclude()
    live.invoke("watch-jobs", {"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}, "resources": []})
    live.invoke("launch-run", live.object_created("launch/gone.yaml", ""))


def _made(live: LiveStack) -> dict[str, set[str]]:
    """The operations each function of the stack has called, in small letters, as Batch's paths are."""
    counted: dict[str, Any] = live.calls()["calls"]
    return {
        logical: {call.partition(":")[2].lower() for call in counted.get(f"lambda:{_named(live, logical)}", {})}
        for logical in FUNCTIONS
    }


def _named(live: LiveStack, logical: str) -> str:
    return f"{live.name}-{xform_name(logical.removesuffix('Function'), '-')}"


def _refused(live: LiveStack) -> Counter[tuple[str, str]]:
    """How often a function or machine of the stack was refused an action."""
    found: list[dict[str, Any]] = live.cloud.ask("GET", "/permissions")["refused"]
    own = f":role/{live.name}-"
    told: Counter[tuple[str, str]] = Counter()
    for each in found:
        role = each["who"].partition(own)[2].rpartition("-")[0]
        if role.endswith(("FunctionRole", "MachineRole")):
            told[role.removesuffix("Role"), each["action"]] += each["times"]
    return told
