"""`inputs` of a process: what is staged into a task's folder, or handed to it as a value (rules 4, 5 and 10).

Under `inputs` text is a location; an expression gives a file, a list of files or a value. The long form is
`{from, stageAs, optional, stage}`, and `name?` is short for `optional: true`.
"""

from __future__ import annotations

from typing import Final

from headrace.core.expressions import Template
from headrace.core.frozen import ByInstance, Frozen
from headrace.core.reading import At
from headrace.core.spec_names import optional_name, read_name
from headrace.core.task_paths import check_template_inside

LONG_FORM: Final = ("from", "stageAs", "optional", "stage")
_INPUT: Final = "a location, a ${{ }}, a list of these, or {from, stageAs, optional, stage}"


class Input(Frozen):
    """One input: where it comes from, under which name it is staged, and whether it may be absent."""

    value: ByInstance[Template] | tuple[ByInstance[Template], ...]
    optional: bool = False
    stage_as: ByInstance[Template] | None = None
    stage: bool = True
    path: str = ""

    @property
    def is_list(self) -> bool:
        """Whether it is written as a list, and so is a list also with one element."""
        return isinstance(self.value, tuple)

    @property
    def templates(self) -> tuple[Template, ...]:
        """Every template of the value."""
        return self.value if isinstance(self.value, tuple) else (self.value,)


def read_inputs(at: At) -> dict[str, Input]:
    """All inputs of a process, by name."""
    inputs: dict[str, Input] = {}
    for key, child in at.entries("a map name: location"):
        name, optional = optional_name(key)
        if read_name(At(key, child.path, at.book), name, "an input") is None:
            continue
        if name in inputs:
            child.refuse(f"the input '{name}' stands twice, with and without '?'", hint="Keep one of them")
        entry = _input(child, optional=optional)
        if entry is not None:
            inputs[name] = entry
    return inputs


def _input(at: At, *, optional: bool) -> Input | None:
    if not isinstance(at.value, dict):
        value = _value(at)
        return None if value is None else Input(value=value, optional=optional, path=at.path)
    at.known(LONG_FORM)
    if not at.has("from"):
        at.refuse("an input without `from`", expected=_INPUT)
        return None
    value = _value(at.key("from"))
    said = read_optional(at, optional=optional)
    stage = at.key("stage").boolean() if at.has("stage") else True
    stage_as = _stage_as(at.key("stageAs")) if at.has("stageAs") else None
    if stage is False and stage_as is not None:
        at.refuse("`stageAs` with `stage: false`: nothing is staged", hint="Drop one of them")
    if value is None or stage is None:
        return None
    return Input(value=value, optional=said, stage_as=stage_as, stage=stage, path=at.path)


def read_optional(at: At, *, optional: bool) -> bool:
    """The `optional` of a long form, which may not contradict the `?` of the name."""
    if not at.has("optional"):
        return optional
    said = at.key("optional").boolean()
    if optional and said is False:
        at.key("optional").refuse("the name ends with '?' and `optional` is false", hint="Drop one of them")
    return optional or bool(said)


def _value(at: At) -> Template | tuple[Template, ...] | None:
    if isinstance(at.value, list):
        if not at.value:
            at.refuse("an input without any location", expected=_INPUT)
            return None
        return tuple(template for item in at.each() if (template := item.template(_INPUT)) is not None)
    return at.template(_INPUT)


def _stage_as(at: At) -> Template | None:
    template = at.template("a name over file.* and key.*, such as '${{ key.sample }}.bam' or 'folder/'")
    if template is not None:
        At(template, at.path, at.book).attempt(check_template_inside)
    return template
