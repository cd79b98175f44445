"""Checks of functions, state machines, rules, roles, log groups, alerts and dead letters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Final

from headrace_cli.doctor.facts import Facts, Function, LogGroup, Role, Stack, Topic
from headrace_cli.doctor.findings import Finding, of_known, ok, problem

_DEPLOY: Final = "Deploy the stack again"


def functions(facts: Facts) -> Iterator[Finding]:
    """Every function is there, ready, and its last update went well; its queues feed it."""
    for name, fact in facts.functions.items():
        yield from of_known(f"function {name}", fact, partial(_function, name))


def machines(facts: Facts) -> Iterator[Finding]:
    """Every state machine is active."""
    for name, fact in facts.machines.items():
        yield from of_known(f"state machine {name}", fact, partial(_machine, name))


def rules(facts: Facts) -> Iterator[Finding]:
    """Every rule is enabled."""
    for name, fact in facts.rules.items():
        yield from of_known(f"rule {name}", fact, partial(_rule, name))


def roles(facts: Facts) -> Iterator[Finding]:
    """Every role is there, and the service that must take it on may."""
    for role in facts.roles:
        yield from of_known(f"role of {role.used_by}", role.trusted, partial(_role, role))


def log_groups(facts: Facts) -> Iterator[Finding]:
    """Every log group is there, and forgets."""
    for name, fact in facts.log_groups.items():
        yield from of_known(f"log group {name}", fact, partial(_log_group, name))


def alerts(facts: Facts) -> Iterator[Finding]:
    """Somebody hears of alerts."""

    def look(topic: Topic | None) -> Iterator[Finding]:
        if topic is None:
            yield problem("alerts", "the alert topic is not there", _DEPLOY)
        elif topic.confirmed:
            pending = f", {topic.pending} not confirmed" if topic.pending else ""
            yield ok("alerts", f"{topic.confirmed} confirmed subscription{'s' if topic.confirmed > 1 else ''}{pending}")
        elif topic.pending:
            yield problem(
                "alerts", "nobody hears of them: no subscription is confirmed", "Open the link AWS has mailed"
            )
        else:
            fix = "Deploy with the parameter AlertEmail, or subscribe to the topic (output AlertTopic)"
            yield problem("alerts", "nobody hears of them: the topic has no subscription", fix)

    if isinstance(facts.stack, Stack):
        yield from of_known("alerts", facts.topic, look)


def dead_letters(facts: Facts) -> Iterator[Finding]:
    """Nothing lies in a dead letter queue."""
    for name, fact in facts.dead_letters.items():
        yield from of_known(f"dead letters {name}", fact, partial(_letters, name))


def alarms(facts: Facts) -> Iterator[Finding]:
    """No alarm of the stack rings."""

    def look(states: Mapping[str, str]) -> Iterator[Finding]:
        for name, state in states.items():
            if state == "ALARM":
                yield problem(f"alarm {name}", "it rings", f"docs/runbook.md, {name}")
            else:
                yield ok(f"alarm {name}", state or "OK")

    return of_known("alarms", facts.alarms, look)


def _function(name: str, found: Function) -> Iterator[Finding]:
    subject = f"function {name}"
    if not found.state:
        yield problem(subject, "it is not there", _DEPLOY)
    elif found.state == "Failed":
        yield problem(subject, f"it is {found.state}: {found.reason}", _DEPLOY)
    elif found.update not in ("Successful", ""):
        wait = found.update == "InProgress"
        why = f": {found.update_reason}" if found.update_reason else ""
        says = f"its last update is {found.update}{why}"
        yield problem(subject, says, "Wait until it is updated, then look again" if wait else _DEPLOY)
    else:
        # Inactive: AWS put a function to sleep that nobody called for weeks; the first call wakes it.
        yield ok(subject, found.state)
    if isinstance(found.sources, Mapping):
        for source, state in found.sources.items():
            if state not in ("Enabled", "Enabling", "Creating", "Updating"):
                fix = "Enable it: `aws lambda update-event-source-mapping --enabled`"
                yield problem(f"{subject} from {source}", f"its event source is {state}", fix)
            else:
                yield ok(f"{subject} from {source}", state)
    else:
        yield from of_known(f"{subject}, event sources", found.sources, lambda _none: iter(()))


def _role(role: Role, trusted: frozenset[str] | None) -> Iterator[Finding]:
    subject = f"role of {role.used_by}"
    if trusted is None:
        fix = f"{_DEPLOY}; a role of your own has to be made again"
        yield problem(subject, f"{role.name} is not there", fix)
    elif role.service.partition(".")[0] not in {each.partition(".")[0] for each in trusted}:
        trusts = ", ".join(sorted(trusted)) or "no service"
        fix = f"Name {role.service} in the role's trust policy"
        yield problem(subject, f"{role.name} trusts {trusts}, not {role.service}", fix)
    else:
        yield ok(subject, f"{role.name}; {role.service} may take it on")


def _letters(name: str, count: int) -> Iterator[Finding]:
    subject = f"dead letters {name}"
    if count:
        says = f"{count} event{'s' if count > 1 else ''} that nobody could take"
        yield problem(subject, says, "Read, mend, send again: docs/runbook.md, dead letters")
    else:
        yield ok(subject, "none")


def _machine(name: str, state: str) -> Iterator[Finding]:
    if state == "ACTIVE":
        yield ok(f"state machine {name}", state)
    else:
        yield problem(f"state machine {name}", f"it is {state}" if state else "it is not there", _DEPLOY)


def _rule(name: str, state: str) -> Iterator[Finding]:
    if state.startswith("ENABLED"):
        yield ok(f"rule {name}", state)
    elif state:
        fix = f"Enable it: `aws events enable-rule --name {name}`"
        yield problem(f"rule {name}", f"it is {state}: what it waits for starts nothing", fix)
    else:
        yield problem(f"rule {name}", "it is not there", _DEPLOY)


def _log_group(name: str, found: LogGroup | None) -> Iterator[Finding]:
    subject = f"log group {name}"
    if found is None:
        yield problem(subject, "it is not there: jobs and functions cannot log", _DEPLOY)
    elif found.days is None:
        fix = f"`aws logs put-retention-policy --log-group-name {name} --retention-in-days 90`"
        yield problem(subject, "its events are kept, and paid, for ever", fix)
    else:
        yield ok(subject, f"kept {found.days} days")
