"""Who may do what: the policies of roles as they stand in IAM, asked call by call, and what of them was needed.

A caller is known by the ARN of its role. Who has none (you, CloudFormation) may do anything; a person a test made up has the policy
the test gave. What a caller was refused is kept, and so is every action and resource of a policy that alone allowed a call: the
rest could be taken away and nothing would fail.
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from headrace_local import iam_calls, iam_policies, resource_policies
from headrace_local.iam_calls import Facts
from headrace_local.iam_policies import Call, Decision, Grant, Policies
from headrace_local.place import ACCOUNT, REGION

_OVER_TLS: Final = (("aws:SecureTransport", ("true",)), ("s3:TlsVersion", ("1.3",)))
"""The endpoint of the local cloud stands for AWS's, which are asked over TLS."""
_ROLE: Final = f"arn:aws:iam::{ACCOUNT}:role/"
_USER: Final = f"arn:aws:iam::{ACCOUNT}:user/"


class Forbidden(Exception):  # noqa: N818 - reads as what it is
    """A call that is not allowed, in AWS's words."""

    def __init__(self, call: Call, message: str) -> None:
        super().__init__(message)
        self.call = call


@dataclass(slots=True)
class _Known:
    """The policies of a caller, as long as they stand as they were read."""

    texts: tuple[Any, ...]
    policies: Policies
    needed: set[Grant] = field(default_factory=set)


_known: dict[str, _Known] = {}
_people: dict[str, Policies] = {}
_roles: dict[str, Any] = {}
_refused: Counter[tuple[str, str, str]] = Counter()
_lock = threading.Lock()


def add_person(name: str, document: Mapping[str, Any]) -> str:
    """Somebody with one policy; their ARN. `InvalidValue` when the policy cannot be judged here."""
    who = f"{_USER}{name}"
    _people[who] = Policies(iam_policies.statements(name, document))
    return who


def require(who: str, service: str, operation: str, request: Mapping[str, Any], session: str = "") -> None:
    """`Forbidden` when the caller may not do all that the operation needs; `Unmapped` when that is not known. Nobody's calls pass."""
    if who:
        for call in iam_calls.calls_of(service, operation, request, _FACTS):
            require_call(who, call, session)


def require_call(who: str, call: Call, session: str = "") -> None:
    """`Forbidden` when the caller may not do this one thing."""
    if not who:
        return
    decision, why = _judged(who, call)
    if decision.allowed:
        return
    with _lock:
        _refused[who, call.action, call.resource] += 1
    raise Forbidden(
        call,
        f"User: {_session(who, session)} is not authorized to perform: {call.action} on resource: {call.resource} {why}",
    )


def allows(who: str, call: Call) -> bool:
    """Whether the caller may do this one thing; nobody may do anything."""
    try:
        require_call(who, call)
    except Forbidden:
        return False
    return True


def assumable(role: str, service: str) -> bool:
    """Whether the role is there and trusts a service (`ecs-tasks.amazonaws.com`)."""
    found = _role(role)
    if found is None:
        return False
    trust = found.assume_role_policy_document
    document = json.loads(trust) if isinstance(trust, str) else trust
    statements = iam_policies.statements(f"the trust of {found.name}", document, of_resource=True)
    call = Call("sts:AssumeRole", role, (("aws:SourceAccount", (ACCOUNT,)),))
    return Policies(statements).decide(call, [service]).allowed


def role_of_profile(profile: str) -> str:
    """The role of an instance profile, given by its ARN or name; empty when there is none."""
    from moto.iam.models import iam_backends

    name = profile.rpartition("/")[2]
    found = [each for each in iam_backends[ACCOUNT]["aws"].instance_profiles.values() if each.name == name]
    roles = found[0].roles if found else []
    return str(roles[0].arn) if roles else ""


def report() -> dict[str, Any]:
    """Of each role that has called: every grant with whether some call needed it; and what was refused."""
    with _lock:
        known, refused = dict(_known), dict(_refused)
    return {
        "roles": {
            who: [
                {**_shown(grant), "needed": grant in each.needed}
                for statement in each.policies.statements
                for grant in statement.grants()
            ]
            for who, each in known.items()
        },
        "refused": [
            {"who": who, "action": action, "resource": resource, "times": times}
            for (who, action, resource), times in refused.items()
        ],
    }


def _shown(grant: Grant) -> dict[str, Any]:
    return {name: getattr(grant, name) for name in ("policy", "statement", "effect", "action", "resource")}


def _judged(who: str, call: Call) -> tuple[Decision, str]:
    """A deny of either side wins; within an account one side that allows is enough."""
    asked = Call(call.action, call.resource, call.context + _OVER_TLS)
    own = _of(who)
    decision = own.policies.decide(asked)
    bucket = resource_policies.of_bucket(call.resource)
    if not decision.allowed and decision.grants:
        return decision, "with an explicit deny in an identity-based policy"
    if bucket is not None:
        theirs = bucket.decide(asked, [who])
        if not theirs.allowed and theirs.grants:
            return theirs, "with an explicit deny in a resource-based policy"
        if theirs.allowed and not decision.allowed:
            return theirs, ""
    if decision.allowed and len(decision.grants) == 1:
        own.needed.add(decision.grants[0])
    return decision, f"because no identity-based policy allows the {call.action} action"


def _of(who: str) -> _Known:
    if who in _people:
        return _Known((), _people[who])
    role = _role(who)
    texts = _texts(role) if role is not None else ()
    known = _known.get(who)
    if known is None or known.texts != texts:
        found = (iam_policies.statements(name, _document(text)) for name, text in texts)
        known = _Known(texts, Policies(tuple(statement for each in found for statement in each)))
        with _lock:
            _known[who] = known
    return known


def _texts(role: Any) -> tuple[tuple[str, Any], ...]:
    """Name and document of every policy of a role."""
    managed = ((arn, policy) for arn, policy in list(role.managed_policies.items()))
    documents = (
        (arn, version.document) for arn, policy in managed for version in policy.versions if version.is_default
    )
    return (*role.policies.items(), *documents)


def _document(text: Any) -> Mapping[str, Any]:
    return json.loads(text) if isinstance(text, str) else dict(text)


def _role(arn: str) -> Any | None:
    from moto.iam.models import iam_backends

    roles = iam_backends[ACCOUNT]["aws"].roles
    known = _roles.get(arn)
    if known is None or roles.get(known.id) is not known:
        # Every call asks; moto keeps roles by ids that nobody names.
        known = next((each for each in list(roles.values()) if each.arn == arn), None)
        if known is not None:
            _roles[arn] = known
    return known


def _session(who: str, session: str) -> str:
    """Who calls, as AWS's refusals name it: a role by its session."""
    if not who.startswith(_ROLE):
        return who
    return f"arn:aws:sts::{ACCOUNT}:assumed-role/{who.rpartition('/')[2]}/{session or 'local'}"


def _hash_key(table: str) -> str:
    from moto.dynamodb.models import dynamodb_backends

    found = dynamodb_backends[ACCOUNT][REGION].tables.get(table.rpartition("/")[2])
    return str(found.hash_key_attr) if found is not None else "pk"


def _secret_arn(name: str) -> str:
    from moto.secretsmanager.models import secretsmanager_backends

    found = secretsmanager_backends[ACCOUNT][REGION].secrets.get(name)
    return str(found.arn) if found is not None else iam_calls.arn("secretsmanager", f"secret:{name}")


_FACTS: Final = Facts(_hash_key, _secret_arn)
