"""The `headrace` command: its commands, and how an exception becomes an exit code."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import typer

from headrace_cli import exit_codes, failures, logbook
from headrace_cli.commands import (
    cancel,
    check,
    clean,
    clean_runs,
    clean_versions,
    cost,
    doctor,
    import_config,
    local,
    local_invoke,
    logs,
    options,
    plan,
    policy,
    resume,
    run,
    runs,
    schema,
    status,
    version,
    why,
)

_Debug = Annotated[bool, typer.Option("--debug", help="Say everything on standard error, and where a fault is.")]
_HELP = {"help_option_names": ["-h", "--help"]}
app = typer.Typer(
    name="headrace",
    help="Run pipelines of containers on AWS Batch, with no head node.",
    epilog="`headrace COMMAND --help` has an example of each. Exit codes: "
    + "; ".join(f"{code} {meaning}" for code, meaning in exit_codes.MEANINGS)
    + ".",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings=_HELP,
)


@app.callback()
def _app(debug: _Debug = False) -> None:
    if debug:
        logbook.debug()


def _add(group: typer.Typer, name: str, function: Callable[..., int]) -> None:
    group.command(name, context_settings=_HELP, help=_verbatim_example(function))(_with_debug(function))


def _with_debug(function: Callable[..., int]) -> Callable[..., None]:
    """The command with `--debug`; the number it returns is the exit code."""

    def invoked(*, debug: bool = False, **given: Any) -> None:
        if debug:
            logbook.debug()
        raise typer.Exit(function(**given))

    signature = inspect.signature(function, eval_str=True)
    parameters = [*signature.parameters.values()]
    parameters.append(inspect.Parameter("debug", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=_Debug))
    invoked.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # what typer reads
    invoked.__annotations__ = {each.name: each.annotation for each in parameters}
    return invoked


def _verbatim_example(function: Callable[..., int]) -> str:
    """The docstring as help, with the example's lines kept as they are."""
    return (inspect.getdoc(function) or "").replace("For example:\n\n", "\b\nFor example:\n")


_local = typer.Typer(
    name="local",
    help="The local cloud: the deployed system on this machine, without AWS and without Docker.",
    no_args_is_help=True,
    rich_markup_mode=None,
    context_settings=_HELP,
)
_clean = typer.Typer(
    name="clean",
    help="Take away what nobody needs any more.",
    no_args_is_help=True,
    rich_markup_mode=None,
    context_settings=_HELP,
)
_policy = typer.Typer(
    name="policy",
    help="Policies to paste: of a bucket, of the people who use a stack.",
    no_args_is_help=True,
    rich_markup_mode=None,
    context_settings=_HELP,
)
for _group, _commands in (
    (app, (check.check, plan.plan, run.run, runs.runs, status.status, logs.logs)),
    (app, (cancel.cancel, resume.resume, why.why)),
    (app, (options.options, import_config.import_config, schema.schema)),
    (_policy, (policy.bucket, policy.user)),
    (_clean, (clean_runs.runs, clean.definitions, clean_versions.versions)),
    (_local, (local.up, local.down, local.status, local.reset, local.alerts, local_invoke.invoke)),
    (app, (cost.cost, doctor.doctor, version.version)),
):
    for _command in _commands:
        _add(_group, _command.__name__.replace("_", "-"), _command)
    if _group is not app:
        app.add_typer(_group)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; its exit code (exit_codes.py). Called without arguments, those of the process."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    logbook.start(words)
    try:
        app(words, prog_name="headrace")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else exit_codes.DONE
    except KeyboardInterrupt:
        return exit_codes.DETACHED
    except Exception as error:  # noqa: BLE001 - everything is said in one place
        return failures.report(error)
    finally:
        logbook.stop()
    return exit_codes.DONE


if __name__ == "__main__":
    sys.exit(main())
