"""docs/command_line.md, made from what each command's `--help` says: `python -m headrace_cli.page > docs/command_line.md`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any, Final

import typer.main

from headrace_cli.exit_codes import MEANINGS
from headrace_cli.main import app

_WIDTH: Final = 110
_INTRODUCTION: Final = """\
# The command line

`headrace` checks pipelines on your machine and runs them on the deployed stack, or with `--local` on the local cloud. `check`,
`plan`, `options`, `import-config` and `schema` need no credentials, no stack and no network.

- **Where.** `--local`: the local cloud of this machine, started when needed; nothing leaves the loopback, whatever `AWS_*` says.
  Else AWS with boto3's own chain of credentials; `--profile`, `--region` and `--stack` (or `HEADRACE_STACK`) choose.
- **RUN** is a run's id, a unique beginning of it, or `last`.
- **Teams.** Where several share a stack (docs/teams.md), `--tenant NAME` (or `HEADRACE_TENANT`) says for which `run`, `check` and `plan`
  work, and whose runs `runs` lists and `last` is one of. A run's id tells whose it is, so no other command needs it.
- **Files.** `run` uploads what the spec names on this machine: the spec, the files it `uses`, params and table cells of type file,
  sources of axes, locations under `inputs`. A relative path is relative to who says it: the spec, the table, the params file, or, for
  `--param`, the folder you are in. Everything goes below `inputs/` under a hash of its content, so what did not change is not
  uploaded twice and stays the same input. What only the run can know (a relative path made from another task's output) is not
  uploaded, and `run` says so.
- **Ctrl-C** detaches from a run that is followed; the run goes on.
- **Output.** In a terminal `run` draws a live table, elsewhere it prints a line when a task ends. `--json` prints JSON on standard
  output; everything that is not the result goes to standard error.
- **When it fails** the path of a log file is printed; `--debug` says everything at once.

| exit code | meaning |
|---|---|
"""


def markdown() -> str:
    """The whole page."""
    codes = "".join(f"| {code} | {meaning} |\n" for code, meaning in MEANINGS)
    return _INTRODUCTION + codes + "".join(_sections(typer.main.get_command(app), "headrace"))


def helps() -> dict[str, str]:
    """The help of every command by its full name."""
    return dict(_helps(typer.main.get_command(app), "headrace"))


def _sections(command: Any, name: str) -> Iterator[str]:
    for full, text in _helps(command, name):
        yield f"\n## {full}\n\n```text\n{text.strip()}\n```\n"


def _helps(command: Any, name: str) -> Iterator[tuple[str, str]]:
    if hasattr(command, "commands"):
        for inner, sub in command.commands.items():
            yield from _helps(sub, f"{name} {inner}")
        return
    context = command.make_context(name, [], resilient_parsing=True, terminal_width=_WIDTH, max_content_width=_WIDTH)
    yield name, "\n".join(line.rstrip() for line in command.get_help(context).split("\n"))


if __name__ == "__main__":
    sys.stdout.write(markdown())
