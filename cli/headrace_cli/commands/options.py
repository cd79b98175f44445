"""`headrace options`: what AWS Batch is told for container options. Needs no credentials, stack or network."""

from __future__ import annotations

import shlex
from enum import StrEnum
from typing import Annotated

import typer

from headrace.core.container_options import parse
from headrace.core.container_rules import container_problems
from headrace.core.errors import InvalidSpec
from headrace.core.job_container import Platform, options_fragment
from headrace_cli import exit_codes, shown


class On(StrEnum):
    """Where the job would run."""

    EC2 = "ec2"
    FARGATE = "fargate"


Words = Annotated[
    list[str],
    typer.Argument(
        metavar="DOCKER_OPTIONS", help="Options of `docker run`: one quoted text, or its words, after `--`."
    ),
]
Place = Annotated[On, typer.Option("--platform", case_sensitive=False, help="Where the job would run.")]
Memory = Annotated[
    int | None,
    typer.Option("--memory", metavar="MIB", min=4, help="The task's memory, which `--memory-swap 2g` is counted from."),
]


def options(docker_options: Words, platform: Place = On.EC2, memory: Memory = None) -> int:
    """Print what container options become in a Batch job definition: a fragment of containerProperties, as JSON.

    Notes go to standard error. Options that cannot be had on AWS Batch are refused, all at once, with what to use instead.

    For example:

        headrace options --platform ec2 -- '--init --shm-size 64m --ulimit nofile=1280:2560'
    """
    understood = parse(_text(docker_options), memory_mib=memory)
    where: Platform = "EC2" if platform is On.EC2 else "FARGATE"
    fragment = options_fragment(understood, where)
    problems = container_problems(fragment, where)
    if problems:
        raise InvalidSpec(problems)
    for each in understood.notes:
        shown.note(f"note: {each}")
    shown.as_json(fragment)
    return exit_codes.DONE


def _text(words: list[str]) -> str:
    """One argument is a whole text; several were split by the caller's shell already and must not be split again."""
    return words[0] if len(words) == 1 else shlex.join(words)
