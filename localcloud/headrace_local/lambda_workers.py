"""Lambda execution environments: one process per worker, running AWS's runtime client on the real handler.

A function has a small bounded fleet. A worker serves one invocation at a time, is killed at its time-out, and is replaced
when it dies. A new one is only started when the others stay busy for a moment: starting Python and importing the handler
costs more than waiting for a warm worker.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
import uuid
from datetime import UTC, datetime
from typing import Any, Final

from headrace_local import api_calls, callers, guardian, job_log, lambda_code, lambda_runtime
from headrace_local.lambda_runtime import Desk, Invocation, Result
from headrace_local.place import REGION
from headrace_local.surroundings import environment

FLEET_SIZE: Final = 4
_WARM_WAIT_S: Final = 0.25
_FULL_WAIT_S: Final = 5.0
_fleets: dict[tuple[str, ...], Fleet] = {}
_lock = threading.Lock()
_closing = threading.Event()


def invoke(function: Any, event: bytes, request_id: str) -> Result:
    """Run one event through a worker of the function and wait for the answer."""
    api_calls.count("executed", f"lambda:{function.function_name}")
    return _fleet(function).invoke(event, request_id)


def retire(function_name: str) -> None:
    """The function is gone: its idle workers end now, the others with the invocation they are at."""
    with _lock:
        for key in [key for key in _fleets if key[0] == function_name]:
            _retire(_fleets.pop(key))


def busy() -> int:
    """How many workers are serving an invocation now."""
    return sum(
        1 for fleet in list(_fleets.values()) for worker in list(fleet.workers) if worker.desk.current is not None
    )


def close_all() -> None:
    """Kill every worker; the cloud is going down."""
    _closing.set()
    for fleet in list(_fleets.values()):
        for worker in list(fleet.workers):
            worker.kill()


class Worker:
    """One process with one function's code loaded."""

    def __init__(self, function: Any, fleet: Fleet) -> None:
        self.id = uuid.uuid4().hex
        self.desk = Desk()
        self.function_name = str(function.function_name)
        self.fleet = fleet
        self.dead = threading.Event()
        self.api = lambda_runtime.Api(self.desk)
        stream = f"{datetime.now(UTC):%Y/%m/%d}/[{function.version}]{self.id}"
        self.died_of = "exit"
        key = callers.register(
            f"lambda:{self.function_name}",
            self.kill,
            self._note,
            role=str(function.role),
            session=self.function_name,
        )
        variables = _variables(function, key, stream, self.api.address)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "awslambdaric", str(function.handler)],
            env=variables,
            cwd=variables["LAMBDA_TASK_ROOT"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._key = key
        guardian.started(self.process.pid)
        threading.Thread(target=self._watch, args=(stream,), daemon=True, name=f"worker {self.function_name}").start()

    def kill(self) -> None:
        """Kill the process and everything it started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)

    def _note(self, what: str) -> None:
        self.died_of = what

    def _watch(self, stream: str) -> None:
        job_log.copy_lines(self.process.stdout, str(self.fleet.function.logs_group_name), stream)
        code = self.process.wait()
        guardian.ended(self.process.pid)
        self.dead.set()
        self.fleet.lost(self)
        self.desk.inbox.put(None)
        self.api.close()
        callers.forget(self._key)
        current = self.desk.current
        if current is not None:
            self.desk.answer(self.desk.broken or self._told(current.request_id, code))

    def _told(self, request_id: str, code: int) -> Result:
        if self.died_of == "timeout":
            return _timed_out(self.fleet.function, request_id)
        how = f"signal: {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"
        return lambda_runtime.error(
            "Runtime.ExitError", f"RequestId: {request_id} Error: Runtime exited with error: {how}"
        )


class Fleet:
    """The workers of one version of one function, as it is configured now."""

    def __init__(self, function: Any) -> None:
        self.function = function
        self.idle: queue.LifoQueue[Worker | None] = (
            queue.LifoQueue()
        )  # None: a worker died, so there is room for a new one
        self.workers: list[Worker] = []
        self.lock = threading.Lock()
        self.retired = False

    def invoke(self, event: bytes, request_id: str) -> Result:
        """Serve one event; the deadline counts from when a worker takes it, as on AWS."""
        worker = self._worker()
        timeout_s = float(self.function.timeout)
        invocation = Invocation(request_id, event, time.time() + timeout_s, _arn(self.function))
        worker.desk.current = invocation
        worker.desk.inbox.put(invocation)
        if worker.dead.is_set():
            worker.desk.answer(
                worker.desk.broken
                or lambda_runtime.error("Runtime.ExitError", f"RequestId: {request_id} Error: Runtime exited")
            )
        try:
            result = invocation.answer.get(timeout=timeout_s + _INIT_S)
        except queue.Empty:
            result = _timed_out(self.function, request_id)
            worker.desk.current = None
            worker.kill()
            return result
        if self.retired:
            worker.kill()
        elif worker.desk.broken is None and not worker.dead.is_set():
            self.idle.put(worker)
        return result

    def lost(self, worker: Worker) -> None:
        """A worker died."""
        with self.lock, contextlib.suppress(ValueError):
            self.workers.remove(worker)
        self.idle.put(None)

    def _most(self) -> int:
        """A function with reserved concurrency has no more workers than that; what comes then waits, where AWS throttles."""
        reserved = int(getattr(self.function, "reserved_concurrency", None) or FLEET_SIZE)
        return min(FLEET_SIZE, reserved)

    def _worker(self) -> Worker:
        patience = 0.0
        while not _closing.is_set():
            try:
                worker = self.idle.get(timeout=patience) if patience else self.idle.get_nowait()
            except queue.Empty:
                worker = None
            if worker is not None and not worker.dead.is_set():
                return worker
            with self.lock:
                if not self.workers or (patience and len(self.workers) < self._most()):
                    worker = Worker(self.function, self)
                    self.workers.append(worker)
                    return worker
                # Hundreds may wait for a whole fleet: they are woken, they do not look.
                patience = _WARM_WAIT_S if len(self.workers) < self._most() else _FULL_WAIT_S
        raise RuntimeError("the local cloud is stopping")


def _timed_out(function: Any, request_id: str) -> Result:
    told = f"RequestId: {request_id} Error: Task timed out after {float(function.timeout):.2f} seconds"
    return lambda_runtime.error("Sandbox.Timedout", told)


_INIT_S: Final = 10.0
"""What a cold start may take on top of the function's own time-out; on AWS also ten seconds."""


def _fleet(function: Any) -> Fleet:
    shape = [
        function.handler,
        function.timeout,
        function.memory_size,
        function.role,
        function.environment_vars,
        [layer["Arn"] for layer in function.layers],
    ]
    key = (
        str(function.function_name),
        str(function.version),
        str(function.code_sha_256),
        json.dumps(shape, sort_keys=True, default=str),
    )
    with _lock:
        for old in [k for k in _fleets if k[:2] == key[:2] and k != key]:
            _retire(_fleets.pop(old))
        return _fleets.setdefault(key, Fleet(function))


def _retire(fleet: Fleet) -> None:
    fleet.retired = True
    while not fleet.idle.empty():
        with contextlib.suppress(queue.Empty):
            if worker := fleet.idle.get_nowait():
                worker.kill()


def _arn(function: Any) -> str:
    return str(function.function_arn)


def _variables(function: Any, key: str, stream: str, runtime_api: str) -> dict[str, str]:
    """https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime"""
    root = lambda_code.code_folder(function)
    path = [root, *lambda_code.layer_paths(function)]
    return {
        **environment(key),
        **{name: str(value) for name, value in function.environment_vars.items()},
        "AWS_LAMBDA_RUNTIME_API": runtime_api,
        "_HANDLER": str(function.handler),
        "LAMBDA_TASK_ROOT": str(root),
        "LAMBDA_RUNTIME_DIR": str(root),
        "PYTHONPATH": os.pathsep.join(str(folder) for folder in path),
        "PYTHONUNBUFFERED": "1",
        "AWS_LAMBDA_FUNCTION_NAME": str(function.function_name),
        "AWS_LAMBDA_FUNCTION_VERSION": str(function.version),
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_size),
        "AWS_LAMBDA_LOG_GROUP_NAME": str(function.logs_group_name),
        "AWS_LAMBDA_LOG_STREAM_NAME": stream,
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.11",
        "AWS_REGION": REGION,
        "TZ": ":UTC",
    }
