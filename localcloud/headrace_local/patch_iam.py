"""IAM: a role has the policies that its template names.

Gaps of moto 5.2.5 closed here: ManagedPolicyArns of a role in CloudFormation is dropped; policies of AWS are not there unless more than
a thousand of them are read.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from headrace.core.errors import Refused
from headrace_local import iam_managed
from headrace_local.place import ACCOUNT, REGION
from headrace_local.seam import replace


def apply() -> None:
    """Patch the making of roles."""
    from moto.iam.models import Role

    create = Role.create_from_cloudformation_json.__func__

    def create_from_cloudformation_json(
        cls: Any, /, resource_name: str, cloudformation_json: Any, *args: Any, **more: Any
    ) -> Any:
        role = create(cls, resource_name, cloudformation_json, *args, **more)
        attach(role, cloudformation_json["Properties"].get("ManagedPolicyArns", []))
        return role

    replace(Role, "create_from_cloudformation_json", classmethod(create_from_cloudformation_json))


def attach(role: Any, arns: Iterable[str]) -> None:
    """Give a role managed policies; `Refused` names one of AWS that is not known here."""
    from moto.iam.models import AWSManagedPolicy, iam_backends

    backend = iam_backends[ACCOUNT]["aws"]
    for arn in arns:
        if arn not in backend.managed_policies and iam_managed.is_of_aws(arn):
            document = iam_managed.document(arn)
            if document is None:
                raise Refused(f"the local cloud does not know what {arn} allows: add it to iam_managed.py")
            path, _, name = arn.partition(":policy")[2].rpartition("/")
            policy = AWSManagedPolicy(
                name,
                account_id=ACCOUNT,
                region=REGION,
                path=f"{path}/",
                default_version_id="v1",
                document=json.dumps(document),
            )
            backend.managed_policies[arn] = policy
        backend.attach_role_policy(arn, role.name)


def detach(role: Any, arns: Iterable[str]) -> None:
    """Take managed policies away from a role."""
    from moto.iam.models import iam_backends

    for arn in arns:
        if arn in role.managed_policies:
            iam_backends[ACCOUNT]["aws"].detach_role_policy(arn, role.name)
