"""A nextflow.config as `defaults` of a pipeline file, and everything that does not become that, by line and by name.

Each setting is looked up in `import_config_table`: it becomes a directive, belongs elsewhere (a note, maybe a flag of
`headrace run`), or is refused with what to write instead. A value is judged by the reader of its directive before it is
taken, so the block is right as it stands. Nothing is dropped in silence, no secret is repeated, no Groovy is run.
Source: Nextflow reference, "Configuration file" (scopes, selectors, profiles and their order).
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from headrace.core.directives import DIRECTIVES, read_directives
from headrace.core.errors import InvalidSpec, InvalidValue, Problem, nearest, shown
from headrace.core.groovy_config import read_config
from headrace.core.groovy_tree import Setting, Statement
from headrace.core.import_addresses import FOLDED, addressed, by_profile, expanded, row_of
from headrace.core.import_config_table import Row
from headrace.core.import_literals import NOTHING, OnlyGroovy, opened, plain
from headrace.core.reading import At, Book, listed
from headrace.core.yaml_text import yaml_text

_STANDARD: Final = "standard"
_MOST_VARIABLES: Final = 1000
_SECRET_VARIABLES: Final = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
_BY_HAND: Final = {
    "process.cpus": "Write cpus: ${{ 2 * task.attempt }}, and resourceLimits for the most",
    "process.memory": "Write memory: ${{ 8 * task.attempt }} GB, and resourceLimits for the most",
    "process.disk": "Write disk: ${{ 50 * task.attempt }} GB, and resourceLimits for the most",
    "process.time": "Write time: ${{ 2 * task.attempt }}h, and resourceLimits for the most",
    "process.errorStrategy": "Write which failures are tried again: retry: {out-of-memory: 2, exit: {times: 2, codes: [104, 143]}}",
    "process.queue": "Write a ladder that retries climb: queue: [spot, on-demand]",
    "process.publishDir": "Write the folder below the run's outdir: publishDir: multiqc",
}
_CODE: Final = "Write the value itself, or an expression: ${{ … }}"
_STRONGER: Final = (
    "here a process's own directives win over selectors; in Nextflow it is the other way round. "
    "Selectors that must win belong under `process:` of a launch request"
)


@dataclass(frozen=True, slots=True)
class Imported:
    """What a config says, translated: `defaults`, flags of `headrace run`, and what did not go there, in its order."""

    defaults: Mapping[str, Any]
    flags: Mapping[str, str]
    notes: tuple[Problem, ...]
    refusals: tuple[Problem, ...]

    @property
    def yaml(self) -> str:
        """The `defaults` block of a pipeline file."""
        return yaml_text({"defaults": self.defaults})


def import_config(text: str, file: str, *, profile: str = "") -> Imported:
    """Translate a config, with one of its profiles when one is named (`standard` when there is one, as Nextflow does).

    InvalidSpec when the file cannot be read at all, or has no such profile.
    """
    outside, inside = by_profile(read_config(text, file))
    if profile and profile not in inside:
        raise InvalidSpec([_no_profile(profile, inside, file)])
    chosen = profile or (_STANDARD if _STANDARD in inside else "")
    desk = _Desk(file)
    for name, items in inside.items():
        desk.note_profile(name, items[0].line, chosen=name == chosen, asked=bool(profile))
    for item in [*outside, *inside.get(chosen, [])]:
        if isinstance(item, Statement):
            desk.refuse_code(item)
            continue
        for setting, path in expanded(item):
            desk.take(setting, path)
    return desk.result()


@dataclass(slots=True)
class _Desk:
    """What is translated so far."""

    file: str
    plain: dict[str, Any] = field(default_factory=dict)
    selected: dict[str, dict[str, dict[str, Any]]] = field(default_factory=lambda: {"withLabel": {}, "withName": {}})
    flags: dict[str, str] = field(default_factory=dict)
    notes: list[Problem] = field(default_factory=list)
    refusals: list[Problem] = field(default_factory=list)
    selectors_line: int = 0

    def take(self, setting: Setting, path: tuple[str, ...]) -> None:
        """One setting to its place."""
        try:
            selector, name = addressed(path)
            row, value = row_of(name, setting.value)
            if row.outcome == "ours":
                self.translate(setting, row, name, value, selector)
            elif row.outcome == "elsewhere":
                self.note(setting, self.flag(row, value) or _elsewhere(row))
            elif value is False:
                self.note(setting, "off, and nothing of it is here")
            else:
                self.refuse(setting, Problem("", _told(row, value), hint=row.to))
        except InvalidValue as error:
            self.refuse(setting, Problem("", error.message, expected=error.expected, hint=error.hint))

    def translate(self, setting: Setting, row: Row, name: str, value: Any, selector: tuple[str, str] | None) -> None:
        """A setting that becomes a directive."""
        directive = row.to
        if directive not in DIRECTIVES:
            raise InvalidValue(f"there is no directive `{directive}` yet", hint="Leave it out")
        if directive == "env" and name.count(".") > 1:
            raise InvalidValue("a variable with a dot in its name", expected="letters, digits and _", hint="Rename it")
        if selector is not None and directive == "label":
            raise InvalidValue("a label given by a selector", hint="Labels stand in the process itself")
        target, last = self.target(selector), setting.path[-1]
        if directive == "env":
            _check_variable(last, target.get("env", {}))
        try:
            said = row.read(opened(value))
        except InvalidValue as error:
            code = isinstance(error, OnlyGroovy)
            hint = error.hint or (_BY_HAND.get(name, _CODE) if code else "")
            raise InvalidValue(error.message, expected=error.expected, hint=hint) from None
        if said.value is NOTHING:
            self.note(setting, said.note)
            return
        new = {last: said.value} if name.startswith("env.") else said.value
        merged = name.startswith("env.") or directive == "transfer" or name.rpartition(".")[0] in FOLDED
        whole = {**target.get(directive, {}), **new} if merged else new
        problems = _judged(directive, new if directive == "env" else whole)
        for problem in problems:
            self.refuse(setting, problem)
        if problems:
            return
        target[directive] = whole
        if selector is not None and not self.selectors_line:
            self.selectors_line = setting.line
        if said.note:
            self.note(setting, said.note)

    def target(self, selector: tuple[str, str] | None) -> dict[str, Any]:
        """The block a directive goes to."""
        return self.plain if selector is None else self.selected[selector[0]].setdefault(selector[1], {})

    def flag(self, row: Row, value: Any) -> str:
        """Keep the value of a flag; how it is written on a command line."""
        if not row.flag:
            return ""
        said = plain(value)
        if not isinstance(said, str) or not said:
            raise InvalidValue(f"{shown(said)} is no text", expected=f"a text for {row.flag}")
        self.flags[row.flag] = said
        return f"on the command line: {row.flag} {shlex.quote(said)}"

    def note(self, setting: Setting, text: str) -> None:
        """Something to know about a setting."""
        self.notes.append(Problem(setting.name, text, file=self.file, line=setting.line))

    def note_profile(self, name: str, line: int, *, chosen: bool, asked: bool) -> None:
        """What became of a profile."""
        if chosen:
            text = "translated over the rest" + ("" if asked else ", as Nextflow does when no profile is named")
        else:
            text = f"not translated; `--profile-name {shlex.quote(name)}` takes it in"
        self.notes.append(Problem(f"profiles.{name}", text, file=self.file, line=line))

    def refuse(self, setting: Setting, problem: Problem) -> None:
        """A setting that is not translated."""
        path = setting.name if not problem.path else f"{setting.name} ({problem.path})"
        self.refusals.append(replace(problem, path=path, file=self.file, line=setting.line))

    def refuse_code(self, code: Statement) -> None:
        """Code that is no setting."""
        lines = f"lines {code.line} to {code.last_line}: " if code.last_line > code.line else ""
        text = code.text if len(code.text) <= 120 else f"{code.text[:119]}…"
        hint = "Write what it comes to: a value, or an expression ${{ … }}"
        message = f"{lines}Groovy code is not run: {text}"
        self.refusals.append(Problem(".".join(code.path), message, hint=hint, file=self.file, line=code.line))

    def result(self) -> Imported:
        """Everything, directives in the order of their table."""
        defaults: dict[str, Any] = _ordered(self.plain)
        for kind, patterns in self.selected.items():
            blocks = {pattern: _ordered(block) for pattern, block in patterns.items() if block}
            if blocks:
                defaults[kind] = blocks
        if self.selectors_line:
            self.notes.append(Problem("selectors", _STRONGER, file=self.file, line=self.selectors_line))
        by_line = sorted(self.notes, key=lambda each: each.line)
        return Imported(defaults, self.flags, tuple(by_line), tuple(sorted(self.refusals, key=lambda each: each.line)))


def _no_profile(name: str, there: Iterable[str], file: str) -> Problem:
    expected = listed(there) or "a config with profiles"
    return Problem(
        "profiles", f"there is no profile {shown(name)}", expected=expected, hint=nearest(name, there), file=file
    )


def _check_variable(name: str, given: Mapping[str, Any]) -> None:
    if name in _SECRET_VARIABLES:
        hint = "The role of the job reads and writes S3: jobRole"
        raise InvalidValue("an access key: a secret does not belong in a file that is shared", hint=hint)
    if name == "PATH":
        raise InvalidValue("PATH of another machine hides the image's own", hint="Set it in the image, or in `script`")
    if len(given) >= _MOST_VARIABLES:
        raise InvalidValue("too many variables", expected=f"at most {_MOST_VARIABLES:,}")


def _judged(directive: str, value: Any) -> list[Problem]:
    """What the directive's own reader has against a value; a variable's value is not repeated."""
    book = Book()
    try:
        read_directives(At({directive: value}, "", book))
    except InvalidSpec as error:
        book.problems = list(error.problems)
    return [
        Problem("" if each.path == directive else each.path, each.message, expected=each.expected, hint=each.hint)
        for each in book.problems
    ]


def _ordered(block: Mapping[str, Any]) -> dict[str, Any]:
    return {name: block[name] for name in DIRECTIVES if name in block}


def _elsewhere(row: Row) -> str:
    why = f": {row.why}" if row.why else ""
    return f"nothing to write{why}" if row.to == "nothing" else f"not a directive here, see {row.to}{why}"


def _told(row: Row, value: Any) -> str:
    named = f" {shown(value)}" if row.setting == "includeConfig" and isinstance(value, str) else ""
    return f"not translated{named}: {row.why}"
