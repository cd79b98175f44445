"""What a run's tasks made so far, read from the ledger: for the inputs of the next ones and the outputs of the whole.

Exact tasks are got by id, gathers over axes that only the run knows by a query on the beginning of their ids.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from headrace.aws import ledger
from headrace.aws import s3 as store
from headrace.aws.clients import client
from headrace.aws.fetching import answered
from headrace.aws.run_folder import Run, read_axes
from headrace.aws.table import Table
from headrace.aws.team_s3 import team_s3
from headrace.core import values
from headrace.core.axis_items import AxisItems, from_files
from headrace.core.gathers import Lookup, answers, inputs_of, lookups
from headrace.core.names import parse_id
from headrace.core.program import Program
from headrace.core.records import Epoch, TaskRecord
from headrace.core.values import Value
from headrace.core.visible import Visible


def visible_to(
    table: Table,
    epoch: Epoch,
    program: Program,
    params: Mapping[str, Value],
    items: AxisItems,
    item: Mapping[str, Any],
    fetched: Mapping[Any, Any],
    own: Mapping[str, Value] | None = None,
) -> Visible:
    """What the templates of a plan item see: params, items, and what the tasks it depends on made; `own`: and it itself."""
    visible = Visible(program, params, items, fetched=fetched)
    made = _made(table, epoch, inputs_of(visible, item))
    visible.answer = answers(visible, made if own is None else {**made, item["id"]: own})
    return visible


def pipeline_outputs(table: Table, epoch: Epoch, run: Run) -> dict[str, Value]:
    """The top-level outputs of a run that succeeded."""
    items = from_files(run.program, read_axes(run.facts, ""))
    needs = [need for each in run.program.outputs.values() for need in each]
    templates = run.program.namespaces[""].spec.outputs

    def ask(known: dict[Any, Any]) -> dict[str, Value]:
        visible = Visible(run.program, run.params, items, fetched=known)
        visible.answer = answers(visible, _made(table, epoch, lookups(visible, needs, {})))
        return {name: visible.value(template, "", {}) for name, template in templates.items()}

    return answered(team_s3(client("s3"), run.facts.reach), ask)


def _made(table: Table, epoch: Epoch, wanted: Iterable[Lookup]) -> dict[str, Mapping[str, Value] | None]:
    records: dict[str, TaskRecord] = {}
    exact: list[str] = []
    for lookup in wanted:
        if lookup.ids is not None:
            exact += lookup.ids
        else:
            found = ledger.tasks_with(table, epoch, lookup.prefix)
            records |= {task: record for task, record in found.items() if lookup.matches(parse_id(task).keys)}
    records |= ledger.read_tasks(table, epoch, dict.fromkeys(exact))
    return {task: _outputs(record) for task, record in records.items()}


def _outputs(record: TaskRecord) -> Mapping[str, Value] | None:
    if record.inline is not None:
        return {name: values.from_json(value) for name, value in record.inline.items()}
    if not record.outputs:
        return None
    told = json.loads(store.read(client("s3"), record.outputs))
    return {name: values.from_json(value) for name, value in told["outputs"].items()}
