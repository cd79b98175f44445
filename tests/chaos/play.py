"""Playing a seed: start the run, let it happen, wait for its end in so many steps, look, and resume what did not end well."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from botocore.exceptions import ClientError
from tests.chaos import pipeline
from tests.chaos.plans import Chaos
from tests.chaos.seen import Seen, look
from tests.support.live_stack import LiveStack

from headrace.aws import ledger_runs
from headrace.core import names
from headrace.core.records import Epoch

POLLS: Final = 3_000
"""Looks at an execution before it is said to hang; a tenth of a second apart, and one sweep in each `SWEEP_EACH`."""
SWEEP_EACH: Final = 30
SWEEPS: Final = 25
"""Sweeps of the schedule after the execution's end, by which the run has to be concluded and quiet."""


class EndlessRunError(AssertionError):
    """A run did not end within its bound."""


def play(live: LiveStack, chaos: Chaos) -> list[Seen]:
    """The epochs of a seed's run."""
    live.cloud.ask("DELETE", "/faults")
    live.dead_letters()
    live.put("inputs/chaos/used.yaml", pipeline.USED)
    spec = pipeline.spec(f"s3://{live.bucket}/inputs/chaos/used.yaml")
    params = {"seed": uuid.uuid4().hex, "trip": chaos.trip or "never"}
    for fault in chaos.faults:
        live.fault(**fault)
    epoch = _launch(live, spec, params, drop=chaos.drop)
    first = _end(live, epoch)
    _go_on_misbehaving(live)
    if first.run is None:
        # Stopped before it had begun: there is nothing to resume.
        return [first, _end(live, _launch(live, spec, {**params, "trip": "never"}, drop=False))]
    if first.run.state == "succeeded":
        return [first]
    return [first, _end(live, _resume(live, epoch, {**params, "trip": "never"}))]


def _go_on_misbehaving(live: LiveStack) -> None:
    """What has not struck yet strikes the next epoch; but it is not stopped again."""
    left = [fault for fault in live.cloud.ask("GET", "/faults") if fault["left"] and fault["kind"] != "execution"]
    live.cloud.ask("DELETE", "/faults")
    for fault in left:
        again = {name: value for name, value in fault.items() if name not in ("struck", "left")}
        live.cloud.ask("POST", "/faults", {**again, "times": fault["left"]})


def _launch(live: LiveStack, spec: dict[str, Any], params: dict[str, str], *, drop: bool) -> Epoch:
    if not drop:
        return live.start({"pipeline": spec, "params": params})
    at = f"inputs/chaos/{params['seed']}.yaml"
    live.put(at, json.dumps(spec))
    request = {"pipeline": f"s3://{live.bucket}/{at}", "params": params, "name": "chaos"}
    return live.drop(f"{params['seed']}.json", request, "chaos")


def _resume(live: LiveStack, epoch: Epoch, params: dict[str, str]) -> Epoch:
    following = Epoch(epoch.run, epoch.number + 1)
    said = {"resume": epoch.run, "epoch": following.number, "params": params}
    live.client("stepfunctions").start_execution(
        stateMachineArn=live.outputs["RunPipeline"],
        name=names.execution_name(following.run, following.number),
        input=json.dumps(said),
    )
    return following


def _end(live: LiveStack, epoch: Epoch) -> Seen:
    """Wait for the end, as the schedule would: sweep now and then, at the end until nothing is open."""
    execution = _steps(POLLS, lambda step: _over(live, epoch, step), f"{epoch}: its execution goes on")
    _steps(SWEEPS, lambda _step: _concluded(live, epoch), f"{epoch}: nobody concluded it")
    _steps(SWEEPS, lambda _step: _quiet(live, epoch), f"{epoch}: jobs go on")
    _steps(SWEEPS, lambda _step: _heard(live, epoch), "")
    return look(live, epoch, execution)


def _steps(most: int, look_once: Callable[[int], Any], what: str) -> Any:
    for step in range(most):
        if found := look_once(step):
            return found
        time.sleep(0.1)
    if what:
        raise EndlessRunError(f"{what} after {most} looks")
    return None


def _over(live: LiveStack, epoch: Epoch, step: int) -> str:
    found = live.execution(epoch)
    if found is not None and found["status"] != "RUNNING":
        return str(found["status"])
    if step % SWEEP_EACH == SWEEP_EACH - 1:
        _sweep(live)
    return ""


def _concluded(live: LiveStack, epoch: Epoch) -> bool:
    """Whether it is closed and off the list; else one sweep. What was stopped before it had begun may still begin."""
    run = ledger_runs.read_run(live.table, epoch)
    if epoch in live.open_runs() or run is None:
        _sweep(live)
        time.sleep(0.2)
    return epoch not in live.open_runs() and _begun_or_never(live, epoch)


def _begun_or_never(live: LiveStack, epoch: Epoch) -> bool:
    """Whether it has begun, or nothing of it runs that could begin it."""
    if ledger_runs.read_run(live.table, epoch) is not None:
        return True
    status = live.cloud.status()
    return not status["executions"] and not status["invocations"]


def _quiet(live: LiveStack, epoch: Epoch) -> bool:
    jobs = live.jobs(names.job_prefix(epoch.run, epoch.number))
    return all(job["status"] in ("SUCCEEDED", "FAILED") for job in jobs)


def _heard(live: LiveStack, epoch: Epoch) -> bool:
    """Events and messages are on their way for a while."""
    run = ledger_runs.read_run(live.table, epoch)
    told = [event for event in live.events(epoch.run) if event["epoch"] == epoch.number]
    alerted = run is None or run.state == "succeeded" or live.alerts(f"runs/{epoch.run}/{epoch.number}/digest.md")
    return bool(run is None or (told and alerted))


def _sweep(live: LiveStack) -> None:
    """What the schedules do; a sweep that dies is made good by the next."""
    event = {"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}, "resources": []}
    for function in ("conclude-run", "watch-jobs"):
        with suppress(ClientError):
            told = live.client("lambda").invoke(FunctionName=f"{live.name}-{function}", Payload=json.dumps(event))
            told["Payload"].read()
