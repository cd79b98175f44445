"""A task of a short pipeline, as prepare_task sees it: its inputs and its work."""

from typing import Any

from tests.support.programs import ROOT, plan_of, program_of, spec_of

from headrace.core import params as params_module
from headrace.core import task_inputs, task_work
from headrace.core.axis_items import from_files
from headrace.core.fetch import Fetch
from headrace.core.gathers import answers
from headrace.core.link import link
from headrace.core.names import parse_id
from headrace.core.selectors import Defaults
from headrace.core.task_inputs import TaskInput
from headrace.core.task_work import Attempt, Work
from headrace.core.values import File, Value
from headrace.core.visible import Visible

WORK = "s3://bucket/work/default/ab/" + "ab" * 32 + "/a/job.1/out/"


def made(path: str, etag: str = "e", size: int = 1) -> File:
    """A file that some task made."""
    return File(WORK + path, size, etag)


class Pipeline:
    """A pipeline with its params and what its tasks made so far (`{task: {output: value}}`)."""

    def __init__(
        self,
        text: str,
        used: dict[str, str] | None = None,
        params: dict[str, Value] | None = None,
        done: dict[str, dict[str, Value]] | None = None,
        fetched: dict[Fetch, Any] | None = None,
        file: str = ROOT,
    ) -> None:
        self.program = program_of(text, used) if file == ROOT else link(spec_of(text, file), {})
        spec = self.program.namespaces[""].spec
        bound = params_module.bind(spec.params, params or {}, {}, base=spec.file)
        plan = plan_of(self.program, params, fetched)
        self.visible = Visible(self.program, bound, from_files(self.program, (plan.axes,)), fetched=fetched or {})
        self.visible.answer = answers(self.visible, done or {})

    def inputs(self, task: str) -> list[TaskInput]:
        """The inputs of a task, by its id."""
        there = parse_id(task)
        process = self.program.processes[there.name]
        return task_inputs.evaluate(self.visible, process, there.keys, {"run": {"id": "r"}})

    def work(self, task: str, attempt: Attempt | None = None, run: str = "r", **more: Any) -> Work:
        """The work of a task, its inputs as they are."""
        there = parse_id(task)
        return task_work.work(
            self.visible,
            self.program.processes[there.name],
            there.keys,
            self.inputs(task),
            attempt or Attempt(),
            run=run,
            deployment=more.pop("deployment", {}),
            launch=more.pop("launch", Defaults()),
            **more,
        )

    def skipped(self, task: str) -> str:
        """Why a task is skipped."""
        there = parse_id(task)
        process = self.program.processes[there.name]
        return task_work.skip_reason(self.visible, process, there.keys, self.inputs(task))
