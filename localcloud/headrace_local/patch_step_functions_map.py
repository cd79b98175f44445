"""Step Functions: Map states, inline and distributed, and the pause before a retry.

Gaps of moto 5.2.5 closed here: workers recurse (RecursionError after about 900 items, and the execution runs for ever);
one thread per slot even when there are fewer items; a failed child of a Distributed Map is swallowed and the tolerated
failures are never counted; children have no names of their own and see the parent's variables; a stopped execution's
children run on; the sleep before a retry outlives its execution; an item reader that fails has no name.
https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html
"""

from __future__ import annotations

import threading
from collections import deque
from datetime import UTC, datetime
from typing import Any

from headrace_local import patch_step_functions_children as children
from headrace_local import patch_step_functions_executions as executions
from headrace_local import permissions
from headrace_local.iam_policies import Call
from headrace_local.patch_step_functions_children import Child
from headrace_local.patch_step_functions_tasks import woken_by
from headrace_local.seam import replace

_entered = 0


def apply() -> None:
    """Patch both kinds of Map, the retrier and the event history of children."""
    import moto.stepfunctions.parser.models as parser
    from moto.stepfunctions.parser.asl.component.common.retry.retrier_decl import RetrierDecl
    from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.distributed_iteration_component import (
        DistributedIterationComponent,
    )
    from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.inline_iteration_component import (
        InlineIterationComponent,
    )
    from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.iteration_worker import IterationWorker
    from moto.stepfunctions.parser.asl.eval.event.event_manager import EventManager

    replace(DistributedIterationComponent, "_map_run", _map_run)
    replace(IterationWorker, "_eval_pool", _inline_pool)
    _no_idle_workers(InlineIterationComponent)
    _retry_pause(RetrierDecl)
    _count_transitions(EventManager)
    _map_runs(parser.StepFunctionsParserBackend)
    _readers_and_writers()


def transitions_so_far() -> int:
    """State transitions of all executions, children included; what AWS bills."""
    return _entered


class _Run:
    """One map run: hands out items, counts failures, and ends early when too many have failed."""

    def __init__(self, items: list[Any], eval_input: Any) -> None:
        self.lock = threading.Lock()
        self.left = deque(enumerate(items))
        self.outputs: list[Any] = [None] * len(items)
        self.failed = 0
        self.total = len(items)
        self.count = eval_input.tolerated_failure_count or 0
        self.percentage = eval_input.tolerated_failure_percentage or 0
        self.record = eval_input.map_run_record
        self.idle = threading.Event()
        self.workers = 0

    def next(self) -> tuple[int, Any] | None:
        """The next item, unless the run has failed."""
        with self.lock:
            return self.left.popleft() if self.left and not self.exceeded() else None

    def exceeded(self) -> bool:
        """Whether more have failed than the state tolerates; without any tolerance one is too many."""
        if not self.count and not self.percentage:
            return self.failed > 0
        over_count = bool(self.count) and self.failed > self.count
        over_share = bool(self.percentage) and self.failed * 100 > self.percentage * self.total
        return over_count or over_share

    def worker_left(self) -> None:
        """The last one out turns off the light."""
        with self.lock:
            self.workers -= 1
            if self.workers == 0:
                self.idle.set()


def _map_run(self: Any, env: Any, eval_input: Any) -> None:
    items = env.stack.pop()
    _may_start_children(env, eval_input.map_run_record)
    run = _Run(items, eval_input)
    program = self._get_iteration_program()
    worker = self._create_worker(env=env, eval_input=eval_input, job_pool=None)
    run.workers = min(len(items), eval_input.map_run_record.max_concurrency or len(items))
    for counter in (run.record.item_counter, run.record.execution_counter):
        counter.total.offset(len(items))
        counter.pending.offset(len(items))
    if not items:
        run.idle.set()
    for _ in range(run.workers):
        threading.Thread(target=_work, args=(run, worker, program, env), daemon=True, name="map child").start()
    run.idle.wait()
    if run.exceeded() and env.is_running():
        raise _too_many_failed(env)
    env.stack.append(run.outputs)


def _may_start_children(env: Any, record: Any) -> None:
    """A Distributed Map starts its children as the machine's role; the machine they belong to is the one without the label."""
    machine = str(record.map_state_machine_arn).rpartition("/")[0] or str(record.map_state_machine_arn)
    try:
        permissions.require_call(env.aws_execution_details.role_arn, Call("states:StartExecution", machine))
    except permissions.Forbidden as error:
        raise _failed(env, "StatesPermissions", str(error)) from error


def _work(run: _Run, worker: Any, program: Any, env: Any) -> None:
    try:
        while env.is_running() and (item := run.next()) is not None:
            frame = env.open_inner_frame()
            try:
                _child(run, worker, program, frame, *item)
            finally:
                env.delete_frame(frame)
            if run.exceeded():
                _stop_the_others(env)
    finally:
        run.worker_left()


def _child(run: _Run, worker: Any, program: Any, frame: Any, index: int, item: Any) -> None:
    counters = (run.record.item_counter, run.record.execution_counter)
    for counter in counters:
        counter.pending.offset(-1)
        counter.running.count()
    child = children.named(run.record, frame)
    try:
        status = _run_child(worker, program, frame, index, item, child)
    except Exception:  # noqa: BLE001 - a child that cannot even start has failed, whatever the reason
        status = "FAILED"
    if status == "SUCCEEDED":
        run.outputs[index] = frame.states.get_input()
    for counter in counters:
        counter.running.offset(-1)
        getattr(counter, _COUNTERS[status]).count()
        if status == "SUCCEEDED":
            counter.results_written.count()
    if status in ("FAILED", "TIMED_OUT"):
        with run.lock:
            run.failed += 1
    child.end(status, frame.program_state())


_COUNTERS = {"SUCCEEDED": "succeeded", "FAILED": "failed", "TIMED_OUT": "timed_out", "ABORTED": "aborted"}


def _run_child(worker: Any, program: Any, frame: Any, index: int, item: Any, child: Child) -> str:
    """The item is selected in the parent's scope; then the child is on its own, as a separate execution is on AWS."""
    from moto.stepfunctions.parser.asl.eval.program_state import ProgramError, ProgramStopped, ProgramTimedOut
    from moto.stepfunctions.parser.asl.eval.variable_store import VariableStore

    context = frame.states.context_object.context_object_data
    context["Map"] = {"Item": {"Index": index, "Value": item}}
    frame.states.reset(item)
    frame.stack.append(frame.states.get_input())
    worker._eval_input(env_frame=frame)
    context.pop("Map")
    context.pop("Task", None)
    context["Execution"] = {
        **context["Execution"],
        "Id": child.arn,
        "Name": child.name,
        "Input": frame.states.get_input(),
        "StartTime": child.started,
    }
    frame.variable_store = VariableStore()
    frame.event_manager = _unrecorded()
    program.eval(frame)
    state = frame.program_state()
    ends = ((ProgramError, "FAILED"), (ProgramTimedOut, "TIMED_OUT"), (ProgramStopped, "ABORTED"))
    return next((status for kind, status in ends if isinstance(state, kind)), "SUCCEEDED")


def _unrecorded() -> Any:
    """Histories of children are not kept: thousands of them, with every input and output, would fill the memory."""
    from moto.stepfunctions.parser.asl.eval.event.event_manager import EventManager

    history = EventManager()
    history._history_event_list = _Unrecorded()
    return history


class _Unrecorded(list[Any]):
    def append(self, _event: Any) -> None:
        pass


def _stop_the_others(env: Any) -> None:
    with env._state_mutex:
        frames = list(env._frames)
    for frame in frames:
        frame.set_stop(stop_date=datetime.now(UTC), cause="The map run failed", error=None)


def _too_many_failed(env: Any) -> Exception:
    return _failed(
        env, "StatesExceedToleratedFailureThreshold", "The specified tolerated failure threshold was exceeded"
    )


def _readers_and_writers() -> None:
    """What S3 refuses to an item reader is `States.ItemReaderFailed`, to a result writer `States.ResultWriterFailed`."""
    from botocore.exceptions import ClientError
    from moto.stepfunctions.parser.asl.component.state.exec.state_map.item_reader.eval import resource_eval_s3 as reader
    from moto.stepfunctions.parser.asl.component.state.exec.state_map.result_writer.resource_eval import (
        resource_eval_s3 as writer,
    )

    def named(evaluator: Any, error_name: str) -> None:
        evaluate = evaluator.eval_resource

        def eval_resource(self: Any, env: Any) -> None:
            try:
                evaluate(self, env)
            except ClientError as error:
                raise _failed(env, error_name, str(error)) from error

        replace(evaluator, "eval_resource", eval_resource)

    named(reader.ResourceEvalS3, "StatesItemReaderFailed")
    named(writer.ResourceEvalS3, "StatesResultWriterFailed")


def _failed(env: Any, error: str, cause: str) -> Exception:
    from moto.stepfunctions.parser.api import HistoryEventType
    from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
        FailureEvent,
        FailureEventException,
    )
    from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
    from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import StatesErrorNameType
    from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails

    name = StatesErrorName(typ=StatesErrorNameType[error])
    event = FailureEvent(
        env=env,
        error_name=name,
        event_type=HistoryEventType.MapRunFailed,
        event_details=EventDetails(mapRunFailedEventDetails={"error": name.error_name, "cause": cause}),
    )
    failure: Exception = FailureEventException(failure_event=event)
    return failure


def _inline_pool(self: Any, job: Any, worker_frame: Any) -> None:
    """Upstream's recursion as a loop. A frame is closed before its job: the Map waits for jobs, not for workers."""
    while job is not None:
        frame = worker_frame.open_inner_frame()
        self._eval_job(env=frame, job=job)
        worker_frame.close_frame(frame)
        broken = isinstance(job.job_output, Exception) or self.stopped()
        following = None if broken else self._job_pool.next_job()
        if following is None:
            if not broken:
                worker_frame.event_history_context.source_event_id = frame.event_history_context.last_published_event_id
            self._env.close_frame(worker_frame)
        self._job_pool.close_job(job)
        job = following
    self._env.close_frame(worker_frame)


def _no_idle_workers(component: Any) -> None:
    evaluate = component._eval_body

    def eval_body(self: Any, env: Any) -> None:
        eval_input = env.stack[-1]
        eval_input.max_concurrency = min(
            eval_input.max_concurrency or len(eval_input.input_items), len(eval_input.input_items)
        )
        evaluate(self, env)

    replace(component, "_eval_body", eval_body)


def _retry_pause(retrier: Any) -> None:
    import moto.stepfunctions.parser.asl.component.common.retry.retrier_decl as module

    evaluate = retrier._eval_body
    asked = threading.local()

    class Clock:
        """Notes how long the retrier wants to sleep; the sleep itself must end with the execution."""

        @staticmethod
        def sleep(seconds: float) -> None:
            asked.seconds = seconds

    def eval_body(self: Any, env: Any) -> None:
        asked.seconds = 0
        evaluate(self, env)
        if asked.seconds > 0:
            woken = threading.Event()
            with woken_by(env, woken):
                woken.wait(asked.seconds)

    replace(module, "time", Clock)
    replace(retrier, "_eval_body", eval_body)


def _count_transitions(manager: Any) -> None:
    add = manager.add_event
    lock = threading.Lock()

    def add_event(self: Any, context: Any, event_type: Any, *args: Any, **kwargs: Any) -> Any:
        global _entered  # noqa: PLW0603 - one counter of the process
        if str(event_type).endswith("StateEntered"):
            with lock:
                _entered += 1
            executions.stop_planned()
        return add(self, context, event_type, *args, **kwargs)

    replace(manager, "add_event", add_event)


def _map_runs(backend: Any) -> None:
    from moto.stepfunctions.parser.api import MapRunStatus
    from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.distributed_iteration_component import (
        DistributedIterationComponent,
    )

    evaluate = DistributedIterationComponent._eval_body

    def eval_body(self: Any, env: Any) -> None:
        record = env.stack[-1].map_run_record
        evaluate(self, env)
        if not env.is_running():
            record.set_stop(status=MapRunStatus.ABORTED)

    def list_map_runs(self: Any, execution_arn: str) -> dict[str, Any]:
        execution = self.describe_execution(execution_arn)
        return {
            "mapRuns": [
                record.list_item() for record in execution.exec_worker.env.map_run_record_pool_manager.get_all()
            ]
        }

    replace(DistributedIterationComponent, "_eval_body", eval_body)
    replace(backend, "list_map_runs", list_map_runs)
