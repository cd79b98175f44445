"""Forgetting what nobody holds any more: moto keeps every instance of its models for ever, to be reset between tests.

That includes copies. Listing an object's versions copies every object of the bucket, so a cloud that plays one run after another
grew by hundreds of megabytes with each.
"""

from __future__ import annotations

from typing import Any

from headrace_local.seam import replace


def apply() -> None:
    """Instances are made, and not noted down."""
    from moto.core.common_models import BaseModel

    def new(cls: type[Any], *_args: Any, **_kwargs: Any) -> Any:
        return object.__new__(cls)

    replace(BaseModel, "__new__", staticmethod(new))
