"""The base of every model: frozen, and an unknown field is an error.

The language's readers (`reading.py`) say what is wrong in the user's words; these models hold what was read. A field
marked `ByInstance` takes an object as it is: templates and scripts are values of their own, not data to be validated.
"""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict
from pydantic_core import CoreSchema, core_schema

Held = TypeVar("Held")


class _AsItIs:
    """Pydantic's hook for an annotation: an instance of the very class, untouched."""

    # pydantic.GetPydanticSchema does the same and costs every Lambda the import of pydantic.types.
    def __get_pydantic_core_schema__(self, source: Any, _handler: Any) -> CoreSchema:
        return core_schema.is_instance_schema(source)


ByInstance = Annotated[Held, _AsItIs()]


class Frozen(BaseModel):
    """A model that never changes and knows all its fields; its validator is built when it is first used."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True, defer_build=True)
