"""Every payload of events/ through the deployed function it lies beside: the answer, or the error, that events/README.md tells."""

import json
import re
import subprocess
import sys

import pytest
from tests.support.live_stack import ROOT, LiveStack

from headrace_cli.sample_events import for_stack

EVENTS = ROOT / "events"
ROW = re.compile(r"^\| `([a-z_]+/[a-z_]+)` \| .+ \| `(.+)` \|$", re.MULTILINE)
TOLD = ROW.findall((EVENTS / "README.md").read_text(encoding="utf-8"))


def answer(live: LiveStack, name: str) -> str:
    """What a function says to a payload, as the page writes it."""
    payload = for_stack(
        json.loads((EVENTS / f"{name}.json").read_text()), bucket=live.bucket, stack=live.name, region="us-east-1"
    )
    function = f"{live.name}-{name.partition('/')[0].replace('_', '-')}"
    said = live.client("lambda").invoke(FunctionName=function, Payload=json.dumps(payload))
    told = json.loads(said["Payload"].read() or b"null")
    text = f"{told['errorType']}: {told['errorMessage']}" if "FunctionError" in said else json.dumps(told)
    return text.replace(live.bucket, "BUCKET")


def test_every_payload_gets_the_answer_the_page_tells(live: LiveStack):
    """All of them, in the order of the page; its run is one nobody else starts."""
    assert [(name, answer(live, name)) for name, _ in TOLD] == TOLD


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["launch_run", "events/launch_run/pipeline_yaml.json"], 0, '"outcome": "gone"'),
        (["PlanScopeFunction", "events/plan_scope/expansion.json"], 1, "ObjectMissing: 's3://"),
        (["prepare_tusk", "events/prepare_task/first.json"], 2, "did you mean 'prepare_task'?"),
        (["prepare_task", "README.md"], 2, "README.md is not JSON"),
    ],
)
def test_the_command_invokes(live: LiveStack, words: list[str], code: int, says: str):
    """By folder or logical id; an error of the function is exit code 1, a wrong name or file 2."""
    command = [sys.executable, "-m", "headrace_cli.main", "local", "invoke", *words]
    environment = {"HEADRACE_LOCAL_HOME": str(live.cloud.home), "PATH": "/usr/bin:/bin", "HOME": str(live.cloud.home)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, says in done.stdout + done.stderr) == (code, True), done.stdout + done.stderr
