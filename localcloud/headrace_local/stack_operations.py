"""What is done to whole stacks: create, update, delete; each with its statuses and events, and undone when it fails.

An operation runs in the background, as on AWS, and the call that asked for it comes back at once, or a moment later when
the operation is quick: whoever polls then finds it done. One operation runs at a time. A stack that cannot be created is
rolled back to nothing, one that cannot be updated to what it was before.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable, Collection
from typing import Any, Final

from headrace_local import cloudformation_types, stack_changes, templates
from headrace_local.place import ACCOUNT, REGION
from headrace_local.stack_changes import Wanted
from headrace_local.stack_resources import Failed

_log = logging.getLogger(__name__)
_PATIENCE_S: Final = 20.0
"""Clients give up after 60 seconds without an answer."""
_one_at_a_time = threading.RLock()
recorded: dict[str, dict[str, str]] = {}
"""By stack: what its template has that is only recorded here."""


def backend() -> Any:
    """The CloudFormation backend."""
    from moto.cloudformation.models import cloudformation_backends

    return cloudformation_backends[ACCOUNT][REGION]


def refused(message: str) -> Exception:
    """The error that CloudFormation answers a call with."""
    from moto.cloudformation.exceptions import ValidationError

    error: Exception = ValidationError(message=message)
    return error


def fresh(name: str, *, status: str, tags: dict[str, str] | None = None) -> Any:
    """A stack without anything in it yet."""
    from moto.cloudformation.models import Stack
    from moto.cloudformation.utils import generate_stack_id

    here = backend()
    stack_id = generate_stack_id(name, REGION, ACCOUNT)
    stack = Stack(stack_id, name, {}, {}, ACCOUNT, REGION, tags=tags, cross_stack_resources=here.exports)
    stack.resource_map.headrace_pseudo = frozenset(stack.resource_map._parsed_resources)
    here.stacks[stack_id] = stack
    _is(stack, status, "User Initiated")
    return stack


def wanted(text: str, given: dict[str, Any], granted: list[str]) -> Wanted:
    """What a template and its parameters ask for. An error of the API when it cannot be read, or asks for too much."""
    try:
        template = templates.processed(templates.read(text), given)
    except templates.Unreadable as error:
        raise refused(str(error)) from error
    missing = [one for one in templates.needs(template) if one not in granted and "CAPABILITY_NAMED_IAM" not in granted]
    if missing:
        denied = refused(f"Requires capabilities : [{missing[0]}]")
        denied.code = "InsufficientCapabilitiesException"  # type: ignore[attr-defined]
        raise denied
    return Wanted(text, template, given, tuple(granted))


def free(stack: Any) -> None:
    """An error of the API when nothing may be done with the stack now."""
    if stack.status.endswith("_IN_PROGRESS") and stack.status != "REVIEW_IN_PROGRESS":
        raise refused(f"Stack:{stack.stack_id} is in {stack.status} state and can not be updated.")
    if stack.status in ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_FAILED", "CREATE_FAILED"):
        raise refused(f"Stack:{stack.stack_id} is in {stack.status} state and can not be updated.")


def in_background(stack: Any, status: str, work: Callable[[], None]) -> None:
    """Do it, and come back when it is done or after a while. What goes wrong is in the stack's status and events."""
    _is(stack, status, "User Initiated")

    def run() -> None:
        with contextlib.suppress(Failed), _one_at_a_time:
            try:
                work()
            except Failed:
                raise
            except Exception as error:  # noqa: BLE001 - a fault of ours must not leave the stack in progress for ever
                _log.exception("%s", stack.name)
                _is(stack, status.replace("IN_PROGRESS", "FAILED"), f"{type(error).__name__}: {error}")

    thread = threading.Thread(target=run, daemon=True, name=f"stack {stack.name}")
    thread.start()
    thread.join(_PATIENCE_S)


def create(stack: Any, want: Wanted, *, rollback: bool = True) -> None:
    """Make everything; on failure take it back, say so, and raise `Failed`."""
    recorded[stack.name] = cloudformation_types.recorded(want.template)
    stack.headrace_granted, stack.headrace_wanted = want.granted, want
    try:
        stack_changes.bring(stack, want)
        _export(stack)
    except Failed as failed:
        if not rollback:
            _is(stack, "CREATE_FAILED", f"{failed}")
            raise
        _is(stack, "ROLLBACK_IN_PROGRESS", f"{failed}. Rollback requested by user.")
        _undo(stack, lambda: stack_changes.clear(stack), "ROLLBACK")
        raise
    _is(stack, "CREATE_COMPLETE")


def update(stack: Any, want: Wanted) -> None:
    """Change what differs; on failure go back to what was there, say so, and raise `Failed`."""
    before = stack.headrace_wanted
    recorded[stack.name] = cloudformation_types.recorded(want.template)
    try:
        stack_changes.bring(stack, want)
        _export(stack)
    except Failed as failed:
        recorded[stack.name] = cloudformation_types.recorded(before.template)
        _is(stack, "UPDATE_ROLLBACK_IN_PROGRESS", f"{failed}")
        _undo(stack, lambda: stack_changes.bring(stack, before), "UPDATE_ROLLBACK")
        raise
    _is(stack, "UPDATE_COMPLETE")


def delete(stack: Any, retained: Collection[str] = ()) -> None:
    """Remove everything that no policy keeps, and that is not to be retained; raises `Failed` when something stays."""
    here = backend()
    try:
        stack_changes.clear(stack, retained)
    except Failed as failed:
        _is(stack, "DELETE_FAILED", f"{failed}")
        raise
    _export(stack, gone=True)
    _is(stack, "DELETE_COMPLETE")
    recorded.pop(stack.name, None)
    here.deleted_stacks[stack.stack_id] = stack
    here.stacks.pop(stack.stack_id, None)


def _undo(stack: Any, work: Callable[[], None], verb: str) -> None:
    try:
        work()
    except Failed as failed:
        _is(stack, f"{verb}_FAILED", f"{failed}")
    else:
        _is(stack, f"{verb}_COMPLETE")


def _is(stack: Any, status: str, reason: str | None = None) -> None:
    stack.status_reason = stack.stack_status_reason = reason
    stack._add_stack_event(status, resource_status_reason=reason)
    stack.status = status


def _export(stack: Any, *, gone: bool = False) -> None:
    """What other stacks may import of it."""
    exports = backend().exports
    for name in [name for name, export in exports.items() if export.exporting_stack_id == stack.stack_id]:
        del exports[name]
    for export in [] if gone else stack.exports:
        if export.name in exports:
            raise Failed(f"Outputs: Export with name {export.name} is already exported by another stack")
        exports[export.name] = export
