"""A pipeline spec: from a document to one frozen model, with every problem at once.

Here is what one file says by itself: its keys, names, short forms, templates and literal values (rules 9 to 13 and 16).
What needs more than one place to judge, such as references, axes, cycles and used files, is `link.py`'s.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from pydantic import Field

from headrace.core.directives import DIRECTIVES, labels, merge, read_directives, shell_text
from headrace.core.document import Document
from headrace.core.errors import Problem
from headrace.core.expressions import Template
from headrace.core.frozen import ByInstance, Frozen
from headrace.core.params import Param, read_params
from headrace.core.reading import At, Book, kind
from headrace.core.script import Script
from headrace.core.selectors import Defaults
from headrace.core.spec_defaults import read_defaults
from headrace.core.spec_each import Define, EachItem, read_each
from headrace.core.spec_inputs import Input, read_inputs
from headrace.core.spec_names import read_name
from headrace.core.spec_outputs import Output, read_outputs
from headrace.core.spec_script import read_script

TOP_KEYS: Final = ("name", "params", "defaults", "errors", "processes", "outputs")
PROCESS_KEYS: Final = ("each", "inputs", "outputs", "script", "when", "after", "uses", "params")
USES_KEYS: Final = ("uses", "params", "each", "when", "after")
MAX_NAME: Final = 128
MAX_PROCESSES: Final = 5_000


class Process(Frozen):
    """One process as it is written; `path` is its place in the file, `labels` its own ones or those of `defaults`."""

    name: str
    path: str
    each: tuple[EachItem, ...] = ()
    inputs: dict[str, Input] = Field(default_factory=dict)
    outputs: dict[str, Output] = Field(default_factory=dict)
    script: ByInstance[Script] | None = None
    when: ByInstance[Template] | None = None
    after: tuple[ByInstance[Template], ...] = ()
    uses: str | None = None
    params: dict[str, Any] = Field(default_factory=dict)
    directives: dict[str, Any] = Field(default_factory=dict)
    labels: tuple[str, ...] = ()


class Spec(Frozen):
    """One pipeline file; places of its parts are looked up in its document."""

    name: str = ""
    params: dict[str, Param] = Field(default_factory=dict)
    defaults: Defaults = Defaults()
    processes: dict[str, Process]
    outputs: dict[str, ByInstance[Template]] = Field(default_factory=dict)
    document: ByInstance[Document]

    @property
    def file(self) -> str:
        """The name of the file, as it is shown."""
        return self.document.file

    def line(self, path: str, within: int = 0) -> int:
        """The line of a path; `within=n` is the n-th line of the text there."""
        return self.document.line(path, within)

    def problem(self, path: str, message: str, *, within: int = 0, **facts: Any) -> Problem:
        """A problem with its place in this file; `facts` are value, expected and hint."""
        return Problem(path, message, **facts).at(file=self.file, line=self.line(path, within))

    def layers(
        self,
        process: str,
        *,
        deployment: Mapping[str, Any] | None = None,
        launch: Defaults | None = None,
        full_name: str = "",
    ) -> list[Mapping[str, Any]]:
        """The raw directives that apply to a process, weak to strong, ready for `directives.merge` (rule 12).

        `full_name` is its name in the whole program, `qc.stats` inside a used file.
        """
        own = self.processes[process]
        name, marks = full_name or process, own.labels
        stronger = launch.layers(name, marks) if launch is not None else []
        return [deployment or {}, *self.defaults.layers(name, marks), own.directives, *stronger]


def read_spec(document: Document) -> Spec:
    """The spec of a document; InvalidSpec with every problem, each with file, line, path, value and what is expected."""
    book = Book(document, _process_names(document.value))
    top = At(document.value, "", book)
    top.known(TOP_KEYS)
    name = _name(top)
    params = read_params(top.key("params")) if top.has("params") else {}
    defaults = _with_errors(read_defaults(top.key("defaults")) if top.has("defaults") else Defaults(), top)
    processes = _processes(top, defaults)
    outputs = _outputs(top.key("outputs")) if top.has("outputs") else {}
    _one_namespace(processes, book)
    book.close()
    return Spec(name=name, params=params, defaults=defaults, processes=processes, outputs=outputs, document=document)


def _process_names(value: Any) -> frozenset[str]:
    """What expressions take for a process: every key of `processes` that is text, good name or not."""
    processes = value.get("processes")
    fits = isinstance(processes, dict) and len(processes) <= MAX_PROCESSES
    return frozenset(processes) if fits else frozenset()


def _name(top: At) -> str:
    if not top.has("name"):
        return ""
    name = top.key("name").text("the pipeline's name")
    if name is not None and (len(name) > MAX_NAME or re.search(r"[\x00-\x1f\x7f]", name)):
        top.key("name").refuse("not a name", expected=f"one line of at most {MAX_NAME} characters")
    return name or ""


def _with_errors(defaults: Defaults, top: At) -> Defaults:
    """The file's `errors` hold for every process, as if they stood under `defaults`; one of that name there is stronger."""
    if not top.has("errors"):
        return defaults
    own = read_directives(At({"errors": top.value["errors"]}, "", top.book))
    return defaults.model_copy(update={"directives": merge([own, defaults.directives])})


def _processes(top: At, defaults: Defaults) -> dict[str, Process]:
    if not top.has("processes"):
        top.refuse(
            "no `processes`", expected="processes: {name: {script: …}}", hint="A pipeline has at least one process"
        )
        return {}
    at = top.key("processes")
    if at.value in ({}, None):
        at.refuse("no process at all", expected="at least one process")
        return {}
    if isinstance(at.value, dict) and len(at.value) > MAX_PROCESSES:
        hint = "One process with an axis does the work of many"
        at.refuse(f"{len(at.value):,} processes", expected=f"at most {MAX_PROCESSES:,}", hint=hint)
        return {}
    processes: dict[str, Process] = {}
    for name, child in at.entries("a map name: process"):
        good = read_name(At(name, child.path, at.book), name, "a process")
        process = _process(name, child, defaults)
        if good is not None and process is not None:
            processes[name] = process
    return processes


def _process(name: str, at: At, defaults: Defaults) -> Process | None:
    if not isinstance(at.value, dict):
        at.refuse(f"{kind(at.value)} stands where a process is wanted", expected="a map with a `script`")
        return None
    uses = at.key("uses").text("the path of another pipeline file") if at.has("uses") else None
    if at.has("uses"):
        _only_uses(at)
    elif not at.has("script"):
        at.refuse("a process without `script`", expected="script, or uses: another pipeline's file")
    if at.has("params") and not at.has("uses"):
        at.key("params").refuse("`params` of a process without `uses`", hint="Params stand at the top of the file")
    inputs = read_inputs(at.key("inputs")) if at.has("inputs") else {}
    directives = read_directives(at, ignore=PROCESS_KEYS, known=PROCESS_KEYS)
    marks = labels(merge([defaults.directives, directives]))
    shell = shell_text(merge([*defaults.layers(name, marks), directives]))
    return Process(
        name=name,
        path=at.path,
        each=read_each(at.key("each")) if at.has("each") else (),
        inputs=inputs,
        outputs=read_outputs(at.key("outputs")) if at.has("outputs") else {},
        script=read_script(at.key("script"), shell=shell, hidden=frozenset(inputs)) if at.has("script") else None,
        when=at.key("when").lone("one ${{ … }} giving true or false") if at.has("when") else None,
        after=_after(at.key("after")) if at.has("after") else (),
        uses=uses,
        params={key: child.templated() for key, child in at.key("params").entries("a map name: value")}
        if at.has("params")
        else {},
        directives=directives,
        labels=marks,
    )


def _only_uses(at: At) -> None:
    for key in at.value:
        if key not in USES_KEYS and (key in PROCESS_KEYS or key in DIRECTIVES):
            hint = (
                "Reach into the used file with `withName` (qc.stats)"
                if key in DIRECTIVES
                else "It belongs into the used file"
            )
            at.key(key).refuse(f"`{key}` beside `uses`", expected="only " + ", ".join(USES_KEYS), hint=hint)


def _after(at: At) -> tuple[Template, ...]:
    """Names of processes, or lone expressions that name one; a name is a Template that is its own literal."""
    expected = "a process's name, a list of names, or ${{ process.at(axis=…).output }}"
    if at.value == []:
        at.refuse("after nothing", expected=expected)
    templates = []
    for item in at.each():
        if isinstance(item.value, str) and "${{" in item.value:
            template = item.lone(expected)
            if template is not None and len(template.references) != 1:
                item.refuse("an expression that does not name one process", expected=expected)
        else:
            template = item.template(expected)
        if template is not None:
            templates.append(template)
    return tuple(templates)


def _outputs(at: At) -> dict[str, Template]:
    outputs = {}
    for name, child in at.entries("a map name: ${{ process.output }}"):
        read_name(At(name, child.path, at.book), name, "an output")
        template = child.lone("one ${{ process.output }}")
        if template is not None:
            outputs[name] = template
    return outputs


def _one_namespace(processes: dict[str, Process], book: Book) -> None:
    for process in processes.values():
        for item in process.each:
            if isinstance(item, Define) and item.axis in processes:
                hint = f"Rename the axis, such as '{item.axis}_item'"
                At(item.axis, item.path, book).refuse(
                    f"'{item.axis}' names a process already; an axis needs another name", hint=hint
                )
