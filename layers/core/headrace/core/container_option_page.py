"""docs/container_options.md: the table of options, as Markdown, made from the table itself."""

from __future__ import annotations

from headrace.core.container_option_table import OPTIONS, Option

_INTRODUCTION = """\
# Container options

`containerOptions` take what `docker run` takes: a text (`'--init --shm-size 64m'`), a map (`{init: true, shm-size: 64m}`)
or a list of both. Every documented option is in this table. *Mapped* options reach AWS Batch; options *without effect*
ask for what a Batch job does anyway, or for something only a terminal has; *refused* options are errors that say what to
write instead. An option that is not here is an error too.

- Text is split as a shell splits words; quotes, escapes and line breaks work, and nothing is expanded: there is no shell.
- Of repeated single options the last counts; repeatable ones add up, and a repeated variable, label or limit replaces.
- A flag given as `=false` is a flag not given.
- Sizes take `b`, `k`, `m`, `g`, `t`, powers of 1024, rounded down to whole MiB. Without a unit `--shm-size` is bytes, as
  in docker; a tmpfs size and `--memory-swap` are MiB, the habit of AWS Batch pipelines.
- "EC2 only" options are refused for a Fargate queue.

| option | on AWS Batch | field, or why not | what to write |
|---|---|---|---|
"""


def table_markdown() -> str:
    """The whole page."""
    return _INTRODUCTION + "".join(f"{_row(option)}\n" for option in OPTIONS)


def _row(option: Option) -> str:
    return f"| {_names(option)} | {_status(option)} | {_field(option)} | {_writing(option)} |"


def _names(option: Option) -> str:
    short = [f"`-{option.short}`"] if option.short else []
    return ", ".join([*short, f"`--{option.flag}`", *(f"`--{alias}`" for alias in option.aliases)])


def _status(option: Option) -> str:
    return "mapped" if option.mapped else "refused" if option.refused else "without effect"


def _field(option: Option) -> str:
    return f"`{option.target}`" if option.mapped else option.reason or option.note


def _writing(option: Option) -> str:
    if option.mapped:
        return option.means
    passes = [f"`{value}`" if value else "an empty value" for value in option.harmless]
    return "; ".join(filter(None, [option.instead, f"{', '.join(passes)} passes, without effect" if passes else ""]))
