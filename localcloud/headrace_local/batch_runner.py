"""Running one attempt of a job: a host process in a session and folder of its own.

The image is not used; the command runs with the programs of this machine. What Batch would report is reported in its own
words, since that is what failures are classified by.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import threading
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from headrace_local import batch_instances, batch_roles, batch_secrets, callers, faults, guardian, job_log
from headrace_local.batch_jobs import Job
from headrace_local.clock import now_ms
from headrace_local.place import ACCOUNT, REGION
from headrace_local.surroundings import current, environment

ESSENTIAL: Final = "Essential container in task exited"
GRACE_S: Final = 30.0
_ECS: Final = f"arn:aws:ecs:{REGION}:{ACCOUNT}:"
_running: set[subprocess.Popen[bytes]] = set()


@dataclass(frozen=True, slots=True)
class Ended:
    """How an attempt ended: the exit code if a container ran, Batch's reasons, and whether a retry is allowed at all."""

    exit_code: int | None
    reason: str | None = None
    status_reason: str = ESSENTIAL
    retryable: bool = True


def run_attempt(job: Job) -> Ended:
    """Run the next attempt of the job to its end, recording it in the job."""
    number = len(job.attempts) + 1
    fault = faults.begin_attempt(job.id, job.name)
    attempt = _begin(job, fault.fault if fault else "")
    job.move("STARTING")
    if fault and fault.fault == "hang":
        ended = _hang(job)
    elif fault and fault.fault == "pull":
        ended = Ended(
            None,
            f"CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref {job.properties['image']}",
            "Task failed to start",
        )
    else:
        ended = _run(job, attempt, number, fault)
    _finish(job, attempt, ended)
    return ended


def new_container(job: Job) -> dict[str, Any]:
    """What Batch knows of an attempt's container from its placement on."""
    return {
        "containerInstanceArn": batch_instances.host_of(str(job.environment)),
        "taskArn": f"{_ECS}task/local/{uuid.uuid4().hex}",
        "networkInterfaces": [],
    }


def kill_all() -> None:
    """Kill every job's processes at once; the cloud is going down."""
    for process in list(_running):
        _signal(process, signal.SIGKILL)


def alive() -> int:
    """How many attempts have a process now."""
    return len(_running)


def _begin(job: Job, fault: str) -> dict[str, Any]:
    container = new_container(job)
    if fault not in ("pull", "hang"):
        container["logStreamName"] = f"{_stream_prefix(job)}/default/{container['taskArn'].rsplit('/', 1)[-1]}"
    attempt = {"container": container, "startedAt": now_ms()}
    with job.lock:
        job.attempts.append(attempt)
    return attempt


def _finish(job: Job, attempt: dict[str, Any], ended: Ended) -> None:
    with job.lock:
        attempt |= {"stoppedAt": now_ms(), "statusReason": job.stopping or ended.status_reason}
        if ended.exit_code is not None:
            attempt["container"]["exitCode"] = ended.exit_code
        if ended.reason:
            attempt["container"]["reason"] = ended.reason


def _hang(job: Job) -> Ended:
    freed = threading.Event()
    with job.lock:
        job.interrupt = freed.set
        if job.stopping is not None:
            freed.set()
    freed.wait()
    return Ended(None, None, job.stopping or "Task failed to start", retryable=False)


def _run(job: Job, attempt: dict[str, Any], number: int, fault: faults.Attempt | None) -> Ended:
    folder = current().home / "jobs" / job.id.replace(":", "_") / str(number)
    (folder / "tmp").mkdir(parents=True, exist_ok=True)
    try:
        role = batch_roles.role_of(job)
        batch_roles.check(job, _group(job))
        pulled = batch_secrets.values(job.properties)
    except batch_roles.NotAssumed as error:
        return Ended(None, None, f"{error}", retryable=False)
    except batch_secrets.Unpulled as error:
        return Ended(None, f"{error}", "Task failed to start")
    key = callers.register(
        f"batch:{job.id}", lambda: _signal(process, signal.SIGKILL), role=role, session=job.id.replace(":", "_")
    )
    try:
        process = subprocess.Popen(
            job.command(),
            cwd=folder,
            env=_variables(job, number, key if role else "", folder) | pulled,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except (OSError, ValueError, IndexError) as error:
        callers.forget(key)
        return Ended(127, f"CannotStartContainerError: Error response from daemon: {error}", "Task failed to start")
    _running.add(process)
    guardian.started(process.pid)

    def forget() -> None:
        process.wait()
        _running.discard(process)
        guardian.ended(process.pid)
        callers.forget(key)
        if process.returncode == 0:
            shutil.rmtree(folder, ignore_errors=True)

    ended = None
    try:
        ended = _watch(job, attempt, process, fault)
    finally:
        if ended is None:
            _signal(process, signal.SIGKILL)
        if ended is None or process.poll() is not None:
            forget()
        else:
            # Its host is lost to Batch, which tries again; what runs on it goes on.
            threading.Thread(target=forget, daemon=True, name="lost attempt").start()
    return ended


def _watch(job: Job, attempt: dict[str, Any], process: subprocess.Popen[bytes], fault: faults.Attempt | None) -> Ended:
    with job.lock:
        job.started_at = attempt["startedAt"] = now_ms()
        job.interrupt = lambda: _end_gently(process)
        stopped_already = job.stopping is not None
    job.move("RUNNING")
    if stopped_already:
        _end_gently(process)
    stream = attempt["container"]["logStreamName"]
    reader = threading.Thread(
        target=job_log.copy_lines, args=(process.stdout, _group(job), stream), daemon=True, name="job log"
    )
    reader.start()
    limit_s = (job.either("timeout") or {}).get("attemptDurationSeconds")
    how = _wait(process, limit_s, fault)
    if how == "race":
        return Ended(None, None, _host_lost())
    _signal(
        process, signal.SIGKILL
    )  # as when the first process of a container ends: everything it left behind ends too
    reader.join(5)
    return _ended(process.returncode, how, stopped=job.stopping is not None)


def _wait(process: subprocess.Popen[bytes], limit_s: float | None, fault: faults.Attempt | None) -> str:
    """Wait for the end; what ended it: nothing, its time limit (`timeout`), or the fault."""
    if fault is not None:
        return _misfortune(process, fault)
    try:
        process.wait(limit_s)
    except subprocess.TimeoutExpired:
        _end_gently(process)
        process.wait()
        return "timeout"
    return ""


def _misfortune(process: subprocess.Popen[bytes], fault: faults.Attempt) -> str:
    """Wait until the fault strikes, or for an end before that; the fault's name when it struck."""
    if fault.fault == "lost":
        return "lost" if process.wait() == 0 else ""
    deadline = None if fault.after_s is None else time.monotonic() + fault.after_s
    while process.poll() is None and not fault.hit.is_set() and (deadline is None or time.monotonic() < deadline):
        fault.hit.wait(0.02)
    if fault.fault == "race":
        return "" if process.poll() is not None else "race"
    if deadline is not None or fault.hit.is_set():
        # By time it strikes even one that was quicker; by a call, whoever served the call has killed it.
        _signal(process, signal.SIGKILL)
        process.wait()
        return fault.fault
    return ""


def _host_lost() -> str:
    return f"Host EC2 (instance i-{secrets.token_hex(8)}1) terminated."


def _ended(code: int, how: str, *, stopped: bool) -> Ended:
    shell_code = 128 - code if code < 0 else code
    if how in ("spot", "lost"):
        return Ended(None, None, _host_lost())
    if how == "oom":
        return Ended(137, _OUT_OF_MEMORY)
    if how == "timeout":
        return Ended(137, None, "Job attempt duration exceeded timeout", retryable=False)
    if code == -signal.SIGKILL and not stopped:
        return Ended(137, _OUT_OF_MEMORY)
    return Ended(shell_code)


_OUT_OF_MEMORY: Final = "OutOfMemoryError: Container killed due to memory usage"


def _end_gently(process: subprocess.Popen[bytes]) -> None:
    _signal(process, signal.SIGTERM)
    timer = threading.Timer(GRACE_S, _signal, args=(process, signal.SIGKILL))
    timer.daemon = True
    timer.start()


def _signal(process: subprocess.Popen[bytes], number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def _variables(job: Job, number: int, key: str, folder: Path) -> dict[str, str]:
    """https://docs.aws.amazon.com/batch/latest/userguide/job_env_vars.html"""
    array = {"AWS_BATCH_JOB_ARRAY_INDEX": str(job.index)} if job.index is not None else {}
    if job.parent is not None:
        array["AWS_BATCH_JOB_ARRAY_SIZE"] = str(len(job.parent.children))
    return {
        "HOME": str(folder),
        "TMPDIR": str(folder / "tmp"),
        **job.variables(),
        **environment(key),
        "AWS_BATCH_JOB_ID": job.id,
        "AWS_BATCH_JOB_ATTEMPT": str(number),
        "AWS_BATCH_JQ_NAME": str(job.queue["jobQueueName"]),
        "AWS_BATCH_CE_NAME": str(job.environment),
        **array,
    }


def _group(job: Job) -> str:
    return str(_log_options(job).get("awslogs-group", "/aws/batch/job"))


def _stream_prefix(job: Job) -> str:
    return str(_log_options(job).get("awslogs-stream-prefix", job.definition["jobDefinitionName"]))


def _log_options(job: Job) -> dict[str, Any]:
    return dict((job.properties.get("logConfiguration") or {}).get("options") or {})
