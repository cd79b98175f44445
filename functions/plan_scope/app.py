"""PlanScope: a scope's tasks and gates. The root scope begins the run; any other is what an expansion of a dynamic axis made."""

from typing import Any

from headrace.aws.clients import client
from headrace.aws.clock import utc_now
from headrace.aws.observability import serve
from headrace.aws.scope_planning import Planner, plan
from headrace.aws.settings import PlanScopeSettings, read
from headrace.aws.table import Table

SETTINGS = read(PlanScopeSettings)
PLANNER = Planner(SETTINGS, Table(client("dynamodb"), SETTINGS.ledger))


@serve
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """`{scope: "", machine, launch, execution}` or `{run, epoch, scope, machine, expansion}` to where the plan is."""
    return plan(PLANNER, event, utc_now(), context.get_remaining_time_in_millis)
