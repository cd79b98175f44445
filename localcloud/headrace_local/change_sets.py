"""Change sets: what a template would change of a stack, written down first and done when somebody says so.

`sam deploy` and `aws cloudformation deploy` work with them only. The template is transformed when the change set is made;
one that would change nothing fails, with the words by which those tools know it.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-changesets.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from headrace_local import stack_changes, stack_operations, template_order, template_parameters
from headrace_local.place import ACCOUNT, REGION
from headrace_local.stack_changes import Wanted

NOTHING: Final = (
    "The submitted information didn't contain changes. Submit different information to create a change set."
)


@dataclass
class ChangeSet:
    """As DescribeChangeSet tells it; moto's serializer reads the attributes by their names."""

    change_set_id: str
    change_set_name: str
    change_set_type: str
    stack: Any
    wanted: Wanted
    description: str | None
    tags: dict[str, str]
    creation_time: datetime
    status: str = "CREATE_COMPLETE"
    execution_status: str = "AVAILABLE"
    status_reason: str | None = None
    changes: list[Any] = field(default_factory=list)
    notification_arns: list[str] = field(default_factory=list)

    @property
    def stack_id(self) -> str:
        """The stack's ARN."""
        return str(self.stack.stack_id)

    @property
    def stack_name(self) -> str:
        """The stack's name."""
        return str(self.stack.name)

    @property
    def parameters(self) -> dict[str, Any]:
        """As they were given."""
        return self.wanted.given


def make(stack: Any, name: str, kind: str, want: Wanted, description: str | None, tags: dict[str, str]) -> ChangeSet:
    """Write down what would change."""
    from moto.cloudformation.utils import generate_changeset_id
    from moto.core.utils import utcnow

    made = ChangeSet(generate_changeset_id(name, REGION, ACCOUNT), name, kind, stack, want, description, tags, utcnow())
    made.changes = _changes(stack, want)
    if kind == "UPDATE" and not differs(stack, want, tags or stack.tags):
        made.status, made.execution_status, made.status_reason = "FAILED", "UNAVAILABLE", NOTHING
    stack_operations.backend().change_sets[made.change_set_id] = made
    return made


def differs(stack: Any, want: Wanted, tags: dict[str, str]) -> bool:
    """Whether the stack would become another one."""
    return bool(_changes(stack, want)) or tags != stack.tags or _said_otherwise(stack, want)


def find(name_or_id: str, stack_name: str | None) -> ChangeSet:
    """The change set of this ARN, or of this name in this stack; the newest when there are several."""
    for one in reversed(list(stack_operations.backend().change_sets.values())):
        if name_or_id in (one.change_set_id, one.change_set_name) and stack_name in (
            None,
            one.stack_name,
            one.stack_id,
        ):
            return one  # type: ignore[no-any-return]
    from moto.cloudformation.exceptions import ValidationError

    error = ValidationError(message=f"ChangeSet [{name_or_id}] does not exist")
    error.code = "ChangeSetNotFound"
    raise error


def execute(chosen: ChangeSet, *, rollback: bool = True) -> None:
    """Do it."""
    stack, want = chosen.stack, chosen.wanted
    if chosen.execution_status != "AVAILABLE":
        error = stack_operations.refused(
            f"ChangeSet [{chosen.change_set_id}] cannot be executed in its current status of [{chosen.status}]"
        )
        error.code = "InvalidChangeSetStatus"  # type: ignore[attr-defined]
        raise error
    stack_operations.free(stack)
    chosen.execution_status = "EXECUTE_IN_PROGRESS"
    stack.tags = chosen.tags or stack.tags

    def work() -> None:
        try:
            if chosen.change_set_type == "CREATE":
                stack_operations.create(stack, want, rollback=rollback)
            else:
                stack_operations.update(stack, want)
        except Exception:
            chosen.execution_status = "EXECUTE_FAILED"
            raise
        chosen.execution_status = "EXECUTE_COMPLETE"

    stack_operations.in_background(stack, f"{chosen.change_set_type}_IN_PROGRESS", work)


def _said_otherwise(stack: Any, want: Wanted) -> bool:
    """Whether the template differs in what is no resource: its outputs, its description."""
    parts = ("Outputs", "Description", "Metadata")
    return any(stack.headrace_wanted.template.get(part) != want.template.get(part) for part in parts)


def _changes(stack: Any, want: Wanted) -> list[Any]:
    """Added, changed and removed resources; one is changed too when something it takes a value from is."""
    from moto.cloudformation.models import Change

    have = stack_changes.applied(stack)
    old = stack.headrace_wanted if have else None
    before = old.template["Resources"] if old else {}
    after = want.template["Resources"]
    touched = _touched(old, want) if old else set()
    changed = {
        name for name in after if name in before and (before[name] != after[name] or _uses(after[name]) & touched)
    }
    while more := {name for name in after if name in before and _taken(after[name]) & changed} - changed:
        changed |= more
    found = [Change("Add", name, body["Type"]) for name, body in after.items() if name not in before]
    found += [Change("Modify", name, after[name]["Type"]) for name in after if name in changed]
    return found + [Change("Remove", name, body["Type"]) for name, body in before.items() if name not in after]


def _touched(old: Wanted, want: Wanted) -> set[str]:
    """The parameters whose values differ, and the conditions that hang on them."""
    slots, conditions = want.template.get("Parameters", {}), want.template.get("Conditions", {})
    was = template_parameters.bound(old.template.get("Parameters", {}), old.given)
    now = template_parameters.bound(slots, want.given)
    found = {name for name in slots if was.get(name) != now.get(name)}
    while more := {name for name, body in conditions.items() if _uses(body) & found} - found:
        found |= more
    return found


def _uses(body: Any) -> set[str]:
    return {*template_order.references(body), *template_order.conditions_of(body)}


def _taken(body: Mapping[str, Any]) -> set[str]:
    """Whose attributes a resource takes: they may be others when that one is changed."""
    text = json.dumps(body)
    return {
        name for name in template_order.references(body) if f'"Fn::GetAtt": ["{name}"' in text or f"${{{name}." in text
    }
