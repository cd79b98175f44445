"""Functions, state machines, rules, their roles, log groups, alerts and dead letters."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from headrace.aws.table import threads
from headrace.core import tenancy
from headrace_cli.doctor.facts import Denied, Function, Known, LogGroup, Role, Topic, Unanswered
from headrace_cli.doctor.gather_stack import View
from headrace_cli.doctor.local_lacks import lacks
from headrace_cli.doctor.looking import Absent, ask, ask_all
from headrace_cli.target import Target

_GONE: Final = ("ResourceNotFoundException", "StateMachineDoesNotExist", "NotFoundException", "NoSuchEntity")
_JOB_ROLES: Final = {"HEADRACE_JOB_ROLE": "jobs", "HEADRACE_EXECUTION_ROLE": "containers that start"}
_UNCONFIRMED: Final = frozenset({"PendingConfirmation", "Deleted"})
_SERVICES: Final = ("lambda", "stepfunctions", "events", "iam", "logs")


@dataclass(frozen=True, slots=True)
class Engine:
    """The facts, and the roles that they name."""

    facts: dict[str, Any]
    roles: tuple[Role, ...]


def look(target: Target, view: View) -> Engine:
    """Ask for everything the stack lists; several at a time."""
    for service in _SERVICES:
        target.client(service)  # made here: several threads would each make their own
    configurations = _each(view.named("AWS::Lambda::Function"), lambda name: _configuration(target, name))
    machines = _each(view.named("AWS::StepFunctions::StateMachine"), lambda arn: _machine(target, arn))
    functions = _each(list(configurations), lambda name: _function(target, name, configurations[name]))
    return Engine(
        {
            "functions": functions,
            "machines": {_last(arn): _status(said) for arn, said in machines.items()},
            "rules": _each(view.named("AWS::Events::Rule"), lambda name: _rule(target, _last(name))),
            "log_groups": _each(view.named("AWS::Logs::LogGroup"), lambda name: _log_group(target, name)),
            "topic": lacks(target, "alerts") or _topic(target, view.outputs.get("AlertTopic", "")),
            "dead_letters": _dead_letters(target, view, configurations),
            "alarms": _alarms(target, view.named("AWS::CloudWatch::Alarm")),
        },
        tuple(threads(lambda role: _trusted(target, role), _roles(configurations, machines))),
    )


def role_name(arn: str) -> str:
    """What GetRole takes."""
    return arn.rpartition("/")[2]


def trusted_role(target: Target, name: str, service: str, used_by: str) -> Role:
    """A role with whom it trusts."""
    return _trusted(target, Role(name=name, service=service, used_by=used_by))


def _each(names: list[str], ask_one: Any) -> dict[str, Any]:
    return dict(zip(names, threads(ask_one, names), strict=True))


def _configuration(target: Target, name: str) -> Any:
    return ask(target, "lambda", "get_function_configuration", absent=_GONE, FunctionName=name)


def _function(target: Target, name: str, said: Any) -> Known[Function]:
    if isinstance(said, Absent):
        return Function()
    if isinstance(said, Denied | Unanswered):
        return said
    found = ask_all(
        target, "lambda", "list_event_source_mappings", "EventSourceMappings", absent=_GONE, FunctionName=name
    )
    sources: Known[Mapping[str, str]] = (
        {_last(each["EventSourceArn"]): each["State"] for each in found if "EventSourceArn" in each}
        if isinstance(found, list)
        else ({} if isinstance(found, Absent) else found)
    )
    return Function(
        state=said.get("State", "Active"),
        reason=said.get("StateReason", ""),
        update=said.get("LastUpdateStatus", ""),
        update_reason=said.get("LastUpdateStatusReason", ""),
        sources=sources,
    )


def _machine(target: Target, arn: str) -> Any:
    return ask(target, "stepfunctions", "describe_state_machine", absent=_GONE, stateMachineArn=arn)


def _status(said: Any) -> Known[str]:
    return str(said["status"]) if isinstance(said, dict) else ("" if isinstance(said, Absent) else said)


def _rule(target: Target, name: str) -> Known[str]:
    said = ask(target, "events", "describe_rule", absent=_GONE, Name=name)
    return str(said["State"]) if isinstance(said, dict) else ("" if isinstance(said, Absent) else said)


def _log_group(target: Target, name: str) -> Known[LogGroup | None]:
    found = ask_all(target, "logs", "describe_log_groups", "logGroups", logGroupNamePrefix=name)
    if isinstance(found, Denied | Unanswered):
        return found
    exact = [] if isinstance(found, Absent) else [each for each in found if each["logGroupName"] == name]
    return LogGroup(exact[0].get("retentionInDays")) if exact else None


def _topic(target: Target, arn: str) -> Known[Topic | None]:
    if not arn:
        return None
    found = ask_all(target, "sns", "list_subscriptions_by_topic", "Subscriptions", absent=["NotFound"], TopicArn=arn)
    if isinstance(found, Denied | Unanswered):
        return found
    if isinstance(found, Absent):
        return None
    arns = [each["SubscriptionArn"] for each in found]
    return Topic(sum(each not in _UNCONFIRMED for each in arns), arns.count("PendingConfirmation"))


def _dead_letters(target: Target, view: View, configurations: Mapping[str, Any]) -> dict[str, Known[int]]:
    """The queues that functions or other queues send to what they cannot take, and how much lies there."""
    urls = view.named("AWS::SQS::Queue") or list(filter(None, [view.outputs.get("DeadLetters")]))
    attributes = {url: ask(target, "sqs", "get_queue_attributes", QueueUrl=url, AttributeNames=["All"]) for url in urls}
    told = [said["Attributes"] for said in attributes.values() if isinstance(said, dict)]
    last_stops = {json.loads(each["RedrivePolicy"])["deadLetterTargetArn"] for each in told if "RedrivePolicy" in each}
    last_stops |= {
        said["DeadLetterConfig"]["TargetArn"]
        for said in configurations.values()
        if isinstance(said, dict) and said.get("DeadLetterConfig", {}).get("TargetArn")
    }
    found: dict[str, Known[int]] = {}
    for url, said in attributes.items():
        if isinstance(said, Denied | Unanswered):
            found[_last(url)] = said
        elif isinstance(said, dict) and (
            said["Attributes"]["QueueArn"] in last_stops or url == view.outputs.get("DeadLetters")
        ):
            found[_last(url)] = int(said["Attributes"]["ApproximateNumberOfMessages"])
    return found


def _alarms(target: Target, names: list[str]) -> Known[Mapping[str, str]]:
    if not names:
        return {}
    if lacking := lacks(target, "alarms"):
        return lacking
    found: dict[str, str] = {}
    for start in range(0, len(names), 100):  # DescribeAlarms takes a hundred names
        part = ask_all(target, "cloudwatch", "describe_alarms", "MetricAlarms", AlarmNames=names[start : start + 100])
        if isinstance(part, Denied | Unanswered):
            return part
        found |= {} if isinstance(part, Absent) else {each["AlarmName"]: each["StateValue"] for each in part}
    return found


def _roles(configurations: Mapping[str, Any], machines: Mapping[str, Any]) -> list[Role]:
    """Each role once for each service that takes it on."""
    found: dict[tuple[str, str], Role] = {}

    def add(arn: str, service: str, used_by: str) -> None:
        if arn:
            found.setdefault((arn, service), Role(name=role_name(arn), service=service, used_by=used_by))

    for name, said in configurations.items():
        if isinstance(said, dict):
            add(said.get("Role", ""), "lambda.amazonaws.com", f"function {name}")
            variables = said.get("Environment", {}).get("Variables", {})
            for variable, user in _JOB_ROLES.items():
                add(variables.get(variable, ""), "ecs-tasks.amazonaws.com", user)
            for tenant, arns in tenancy.teams(variables.get("HEADRACE_TENANT_ROLES", "")).items():
                for arn in arns:
                    add(arn, "ecs-tasks.amazonaws.com", f"jobs of {tenant}")
    for arn, said in machines.items():
        if isinstance(said, dict):
            add(said.get("roleArn", ""), "states.amazonaws.com", f"state machine {_last(arn)}")
    return list(found.values())


def _trusted(target: Target, role: Role) -> Role:
    said = ask(target, "iam", "get_role", absent=_GONE, RoleName=role.name)
    trusted: Known[frozenset[str] | None]
    if isinstance(said, dict):
        document = said["Role"]["AssumeRolePolicyDocument"]
        trusted = _services(json.loads(document) if isinstance(document, str) else document)
    else:
        trusted = None if isinstance(said, Absent) else said
    return Role(name=role.name, service=role.service, used_by=role.used_by, trusted=trusted)


def _services(document: Mapping[str, Any]) -> frozenset[str]:
    """The services a trust policy lets take the role on."""
    found: set[str] = set()
    statements = document.get("Statement", [])
    for each in statements if isinstance(statements, list) else [statements]:
        principal = each.get("Principal")
        services = principal.get("Service", []) if isinstance(principal, Mapping) else []
        if each.get("Effect") == "Allow":
            found |= {services} if isinstance(services, str) else set(services)
    return frozenset(found)


def _last(name: str) -> str:
    """The last part of an ARN or URL."""
    return name.rpartition("/")[2].rpartition(":")[2]
