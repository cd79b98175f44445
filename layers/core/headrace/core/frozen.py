"""The base of every model: frozen, and an unknown field is an error.

The language's readers (`reading.py`) say what is wrong in the user's words; these models hold what was read. A field
marked `ByInstance` takes an object as it is: templates and scripts are values of their own, not data to be validated.
"""

from __future__ import annotations

from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, GetPydanticSchema
from pydantic_core import core_schema

Held = TypeVar("Held")

ByInstance = Annotated[
    Held, GetPydanticSchema(lambda source, _handler: core_schema.is_instance_schema(source), lambda *_: {})
]


class Frozen(BaseModel):
    """A model that never changes and knows all its fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)
