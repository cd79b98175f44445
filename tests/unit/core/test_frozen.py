"""Models that never change and know their fields."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from headrace.core.expressions import Template, parse
from headrace.core.frozen import ByInstance, Frozen


class Holder(Frozen):
    """A model that holds a template."""

    template: ByInstance[Template]


def test_held_by_instance() -> None:
    """The very object is kept; anything else, a look-alike too, is refused."""
    template = parse("${{ x }}")
    assert Holder(template=template).template is template
    for other in ("x", {"text": "x"}, None):
        with pytest.raises(ValidationError):
            Holder(template=other)  # type: ignore[arg-type]


def test_frozen_and_closed() -> None:
    """No change, no unknown field."""
    holder = Holder(template=parse("x"))
    with pytest.raises(ValidationError):
        holder.template = parse("y")  # type: ignore[misc]
    with pytest.raises(ValidationError):
        Holder(template=parse("x"), other=1)  # type: ignore[call-arg]
