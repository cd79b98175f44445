"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Params = Annotated[
    list[str] | None,
    typer.Option("--param", "-p", metavar="NAME=VALUE", help="A param's value; may be repeated.", show_default=False),
]
ParamsFile = Annotated[
    Path | None,
    typer.Option("--params-file", metavar="FILE", help="A YAML or JSON map of params.", show_default=False),
]
Local = Annotated[bool, typer.Option("--local", help="Use the local cloud of this machine, started when needed.")]
Profile = Annotated[
    str | None,
    typer.Option("--profile", metavar="NAME", help="A profile of the AWS configuration.", show_default=False),
]
Region = Annotated[str | None, typer.Option("--region", metavar="NAME", help="The AWS region.", show_default=False)]
Stack = Annotated[
    str, typer.Option("--stack", metavar="NAME", envvar="HEADRACE_STACK", help="The stack that was deployed.")
]
Tenant = Annotated[
    str,
    typer.Option(
        "--tenant",
        metavar="NAME",
        envvar="HEADRACE_TENANT",
        help="The team, where teams share the stack.",
        show_default=False,
    ),
]
OwnStack = Annotated[
    str,
    typer.Option(
        "--stack",
        metavar="NAME",
        help="Look at it as this stack would: its defaults, what it opens.",
        show_default=False,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
RunName = Annotated[str, typer.Argument(metavar="[RUN]", help="A run's id, a unique beginning of it, or `last`.")]
SpecPlace = Annotated[str, typer.Argument(metavar="SPEC", help="A pipeline file of this machine.")]
