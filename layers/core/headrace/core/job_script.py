"""The files a job reads below its `j/` prefix, which become the task's `.headrace/` folder.

    run.sh       the fixed functions (`job_shell`) and this task's plan: where results go, which outputs, which environment
    inputs.sh    every input with where it comes from and its size: what `run.sh` fetches and then checks
    inputs.s5    the same as one command file for s5cmd, so that all files move in one process
    inputs.tsv   the user's table of the inputs (spec rule 4)
    script       the user's script, as rendered
    lists/<n>    the list files that the script names (`| listFile`)

Nothing of a task is ever put into shell source unquoted: names, URIs, patterns and values all go through `shell_words`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from headrace.core import job_shell
from headrace.core.directive_table import TaskDirectives
from headrace.core.errors import InvalidValue, shown
from headrace.core.script import LISTS
from headrace.core.shell_words import command_word, glob_word, literal_fnmatch, one_line, word
from headrace.core.task_inputs import StagedFile
from headrace.core.task_work import DeclaredOutput
from headrace.core.transfers import NO_TRANSFER, Transfer, payer_flags, upload_flags

EMPTY_FOLDER: Final = "empty"
"""The ETag of a folder without any object: nothing in S3 shows it, so whoever stages it must be told."""

_OURS: Final = ".headrace"
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SOURCE: Final = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/.+", re.DOTALL)
HEARTBEAT_S: Final = 60
"""A job writes a line as often, whatever else it writes."""

# Fewer files of one folder are quicker fetched one by one than by listing it.
_WORTH_A_LISTING: Final = 8
_INCLUDES: Final = 500
_ROUNDS: Final = 3
_RETRIES: Final = 10
_GRACE_S: Final = 20  # ECS kills 30 s after SIGTERM; ten are for the manifest and what onFailure keeps


@dataclass(frozen=True, slots=True)
class Limits:
    """How much moves at once, how often a file is tried, and for how long. `heartbeat_s` None prints no heartbeat.

    `tries` None: the tool's own number, and three rounds of ours around it; `pause_s` None: a little longer each round.
    """

    workers: int = 32
    parallel: int = 4
    tries: int | None = None
    pause_s: int | None = None
    retry_mode: str = ""
    grace_s: int = _GRACE_S
    heartbeat_s: int | None = None


@dataclass(frozen=True, slots=True)
class JobPlan:
    """One submission of a task. `attempts` is the folder all attempts write below (`…/a/`); paths are in the task's folder.

    An input whose URI ends in a slash is a folder. `lists` are the script's list files by path, `environment` what the script
    sees besides the container's own.
    """

    attempts: str
    script: str
    shell: tuple[str, ...] = ("bash", "-euo", "pipefail")
    inputs: tuple[StagedFile, ...] = ()
    outputs: Mapping[str, DeclaredOutput] = field(default_factory=dict)
    on_failure: tuple[str, ...] = ()
    lists: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    transfer: Transfer = NO_TRANSFER


def limits(said: TaskDirectives) -> Limits:
    """The limits of a task's transfers, as its directives say them."""
    usual = Limits()
    return Limits(
        workers=said.max_parallel_transfers or usual.workers,
        parallel=said.max_parallel_transfers or usual.parallel,
        tries=said.max_transfer_attempts,
        pause_s=said.transfer_delay_s,
        retry_mode=said.retry_mode,
        heartbeat_s=HEARTBEAT_S,
    )


def run_script(plan: JobPlan) -> dict[str, bytes]:
    """Every file of the job by its name below the prefix; InvalidValue for a name that no job could hold."""
    _check(plan)
    files = {
        "run.sh": f"{job_shell.functions()}\n{_plan(plan)}{job_shell.main()}",
        "inputs.sh": "".join(f"{line}\n" for line in _inputs(plan.inputs)),
        "inputs.s5": "".join(f"{line}\n" for line in _commands(plan.inputs)),
        "inputs.tsv": inputs_table(plan.inputs),
        "script": plan.script,
    }
    files |= {
        path.removeprefix(f"{_OURS}/"): "".join(f"{line}\n" for line in lines) for path, lines in plan.lists.items()
    }
    return {name: _bytes(name, text) for name, text in files.items()}


def inputs_table(inputs: Iterable[StagedFile]) -> str:
    r"""One row per staged file: input, path, and a column for each axis of the tasks that made them.

    Tab, newline, carriage return and backslash are `\t`, `\n`, `\r` and `\\`.
    """
    inputs = list(inputs)
    axes = list(dict.fromkeys(axis for each in inputs for axis in each.file.key))
    rows = [["input", "path", *axes]]
    rows += [[each.input, each.path, *(each.file.key.get(axis, "") for axis in axes)] for each in inputs]
    return "".join("\t".join(_cell(cell) for cell in row) + "\n" for row in rows)


def _plan(plan: JobPlan) -> str:
    """The shell text that is this task's own."""
    limits = plan.limits
    stdout = any(output.kind == "stdout" for output in plan.outputs.values())
    lines = [
        f"hr_attempts={word(plan.attempts)}",
        f"hr_workers={limits.workers} hr_parallel={limits.parallel} hr_grace={limits.grace_s}",
        f"hr_beat_s={limits.heartbeat_s or word('')} hr_stdout={word('1' if stdout else '')}",
        *_tries(limits),
        f"hr_up={word(' '.join(upload_flags(plan.transfer)))} hr_payer={word(' '.join(payer_flags(plan.transfer)))}",
        *(f"export {name}={word(value)}" for name, value in plan.environment.items()),
        'hr_shell_command() { "$@" ' + " ".join(word(each) for each in plan.shell) + "; }",
        *_function("hr_is_input", _is_input(plan.inputs)),
        *_function("hr_outputs", [_output(name, output) for name, output in plan.outputs.items()]),
        *_function("hr_failure", [f"hr_keep {glob_word(_relative(pattern))}" for pattern in plan.on_failure]),
    ]
    return "".join(f"{line}\n" for line in lines)


def _tries(limits: Limits) -> Iterator[str]:
    """Tries of the tool within one of our rounds: `aws` counts attempts, `s5cmd` the retries after the first."""
    rounds = min(_ROUNDS, limits.tries or _ROUNDS)
    retries = _RETRIES if limits.tries is None else limits.tries - 1
    yield f"hr_tries={limits.tries or word('')} hr_retries={retries} hr_rounds={rounds}"
    yield f"hr_pause={word('') if limits.pause_s is None else limits.pause_s} hr_mode={word(limits.retry_mode)}"


def _function(name: str, body: list[str]) -> list[str]:
    return [f"{name}() {{", *(f"  {line}" for line in body), "  :" if name != "hr_is_input" else "  return 1", "}"]


def _is_input(inputs: Iterable[StagedFile]) -> list[str]:
    """A glob never means what was staged in; an output that is an input is named by its path."""
    patterns = [f"{word(_relative(each.path))}{'/*' if _is_folder(each) else ''}" for each in inputs]
    if not patterns:
        return []
    return ["case $1 in", *(f"  {pattern}) return 0 ;;" for pattern in patterns), "esac"]


def _output(name: str, output: DeclaredOutput) -> str:
    path = _relative(output.path)
    kind = "glob" if output.wildcard and output.kind == "path" else output.kind
    target = glob_word(path) if kind == "glob" else word(path)
    return f"hr_out {kind} {name} {int(output.optional)} {target}"


def _inputs(inputs: Iterable[StagedFile]) -> Iterator[str]:
    """`inputs.sh`: one call per input, and for `aws` one per group of files that share a folder."""
    inputs = list(inputs)
    for each in inputs:
        path = _relative(each.path)
        if each.file.etag == EMPTY_FOLDER and _is_folder(each):
            yield f"hr_empty {word(each.input)} {word(path)}"
        elif _is_folder(each):
            yield f"hr_dir {word(each.input)} {word(each.file.uri)} {word(path)}"
        else:
            call = "hr_file" if _writable(each) else "hr_odd"
            size = "" if each.file.size is None else str(each.file.size)
            yield f"{call} {word(each.input)} {word(each.file.uri)} {word(path)} {word(size)}"
    yield from _groups(inputs)


def _commands(inputs: Iterable[StagedFile]) -> Iterator[str]:
    """`inputs.s5`: every file whose names a line can hold; folders are added by the job, which lists them first."""
    for each in inputs:
        if not _is_folder(each) and _writable(each):
            yield f"cp --raw {command_word(each.file.uri)} {command_word('./' + _relative(each.path))}"


def _groups(inputs: Iterable[StagedFile]) -> Iterator[str]:
    groups: dict[tuple[str, str], list[str]] = {}
    for each in inputs:
        source, _, name = each.file.uri.rpartition("/")
        target, _, staged = f"./{_relative(each.path)}".rpartition("/")
        if name and name == staged:
            groups.setdefault((f"{source}/", f"{target}/"), []).append(name)
    for (source, target), names in groups.items():
        if len(names) >= _WORTH_A_LISTING:
            for start in range(0, len(names), _INCLUDES):
                chosen = (f"--include {word(literal_fnmatch(name))}" for name in names[start : start + _INCLUDES])
                yield f"hr_group {word(source)} {word(target)} {' '.join(chosen)}"


def _writable(each: StagedFile) -> bool:
    return one_line(each.file.uri) and one_line(each.path)


def _is_folder(each: StagedFile) -> bool:
    return each.file.uri.endswith("/")


def _relative(path: str) -> str:
    """The path without empty and `.` components."""
    return "/".join(part for part in path.split("/") if part not in ("", "."))


def _check(plan: JobPlan) -> None:
    if not plan.attempts.startswith("s3://") or not plan.attempts.endswith("/"):
        raise InvalidValue(f"{shown(plan.attempts)} cannot take results", expected="s3://bucket/folder/…/a/")
    if not plan.shell:
        raise InvalidValue("no shell", expected="a shell of the sh family")
    for name in (*plan.outputs, *plan.environment):
        if not _NAME.fullmatch(name):
            raise InvalidValue(f"{shown(name)} is not a name", expected="letters, digits and _, not a digit first")
    for each in plan.inputs:
        if not _SOURCE.fullmatch(each.file.uri):
            raise InvalidValue(
                f"input '{each.input}': {shown(each.file.uri)} cannot be fetched", expected="s3://bucket/key"
            )
        _check_path(each.path, f"input '{each.input}'")
    for name, output in plan.outputs.items():
        if output.kind != "stdout":
            _check_path(output.path, f"output '{name}'")
    for pattern in plan.on_failure:
        _check_path(pattern, "onFailure")
    for path in plan.lists:
        if not path.startswith(f"{LISTS}/") or ".." in path.split("/"):
            raise InvalidValue(f"the list file {shown(path)} is in another folder", expected=f"{LISTS}/<name>")


def _check_path(path: str, what: str) -> None:
    parts = path.split("/")
    if not _relative(path) or path.startswith("/") or ".." in parts or _relative(path).split("/")[0] == _OURS:
        raise InvalidValue(
            f"{what}: {shown(path)} leaves the task's folder or is Headrace's own", expected="a path inside it"
        )


def _cell(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


def _bytes(name: str, text: str) -> bytes:
    if "\0" in text:
        raise InvalidValue(f"a NUL character in {name}", expected="text that a shell can hold")
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise InvalidValue(f"half a character in {name}", expected="text that UTF-8 can write") from None
