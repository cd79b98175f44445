"""`headrace import-config`: a nextflow.config as `defaults` of a pipeline file. Needs no credentials, stack or network."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from headrace.core.errors import InvalidSpec, InvalidValue, Problem
from headrace.core.groovy_words import MAX_CHARACTERS
from headrace.core.import_config import import_config as translate
from headrace_cli import exit_codes, shown
from headrace_cli.local_files import read_file, reason

Config = Annotated[Path, typer.Argument(metavar="CONFIG", help="A nextflow.config of this machine.")]
Output = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="FILE", help="Write the block to a new file.", show_default=False),
]
ProfileName = Annotated[
    str, typer.Option("--profile-name", metavar="NAME", help="A profile of the config to take in.", show_default=False)
]


def import_config(config: Config, output: Output = None, profile_name: ProfileName = "") -> int:
    """Translate the process, aws and env settings of a nextflow.config to a `defaults` block.

    What becomes a flag of `run` or belongs elsewhere is a note on standard error. Every line that is not translated is told
    there too, with why and what to write instead; then the exit code is 2, and the block holds the rest.

    For example:

        headrace import-config nextflow.config --output defaults.yaml
    """
    imported = translate(_text(config), str(config), profile=profile_name)
    if output is None:
        typer.echo(imported.yaml, nl=False)
    else:
        _write(output, imported.yaml)
    for note in imported.notes:
        shown.note(f"note: {note}")
    if imported.flags:
        words = (word for flag, value in imported.flags.items() for word in (flag, shlex.quote(value)))
        shown.note(f"note: headrace run PIPELINE {' '.join(words)}")
    shown.problems(imported.refusals)
    if imported.refusals:
        shown.note(f"{len(imported.refusals)} not translated")
        return exit_codes.WRONG_INPUT
    return exit_codes.DONE


def _text(path: Path) -> str:
    try:
        return read_file(path, 4 * MAX_CHARACTERS).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _unreadable(path, f"it is not UTF-8 (byte {error.start})") from None
    except InvalidValue as error:
        raise _unreadable(path, error.message, error.expected) from None


def _unreadable(path: Path, why: str, expected: str = "") -> InvalidSpec:
    return InvalidSpec([Problem("", f"cannot be read: {why}", expected=expected, file=str(path))])


def _write(path: Path, text: str) -> None:
    """A new file; one that is there is somebody's work."""
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise InvalidValue(f"{path} is there already", expected="the name of a new file") from None
    except (OSError, ValueError) as error:
        raise InvalidValue(f"{path} cannot be written: {reason(error)}", expected="the name of a new file") from None
