"""CloudWatch Logs: its clock is the movable one, so that what jobs write is not refused as too new or too old.

Gap of moto 5.2.5 closed here: `Fn::GetAtt` of a group's Arn lacks the `:*` by which policies cover its streams.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from headrace_local import clock
from headrace_local.seam import replace


def apply() -> None:
    """Put our clock in place of the real one, and the groups' ARNs as CloudFormation gives them."""
    from moto.logs import models

    replace(models, "utcnow", _now)
    upstream = models.LogGroup.get_cfn_attribute

    def get_cfn_attribute(self: Any, attribute_name: str) -> str:
        return f"{self.arn}:*" if attribute_name == "Arn" else str(upstream(self, attribute_name))

    replace(models.LogGroup, "get_cfn_attribute", get_cfn_attribute)


def _now() -> datetime:
    """UTC without a zone, as moto has it."""
    return clock.now().replace(tzinfo=None)
