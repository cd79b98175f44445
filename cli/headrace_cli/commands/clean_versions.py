"""`headrace clean versions`: versions of functions, layers and state machines that earlier deploys left."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Annotated, Any

import typer

from headrace.core.version_cleanup import Verdict
from headrace_cli import exit_codes, options, shown, stack_versions
from headrace_cli.target import reach

Keep = Annotated[int, typer.Option("--keep", metavar="N", min=1, max=1000, help="How many of each stay anyway.")]
Yes = Annotated[bool, typer.Option("--yes", help="Delete them; without it they are only listed.")]


def versions(
    keep: Keep = 3,
    yes: Yes = False,
    json_: options.Json = False,
    local: options.Local = False,
    profile: options.Profile = None,
    region: options.Region = None,
    stack: options.Stack = "headrace",
) -> int:
    """List versions of the stack's functions, layers and state machines that nobody needs any more; with --yes, delete them.

    The newest stay, what an alias or the stack itself names, and what a run in flight began with or may still call: everything
    published since a day before the oldest of them began. Each line says what goes and why the rest stays.

    For example:

        headrace clean versions --keep 3 --yes
    """
    target = reach(local=local, profile=profile, region=region, stack=stack)
    found = stack_versions.judged(target, keep)
    going = [each for each in found if not each.stays]
    # State machines first, layers last: what names another version goes before it.
    left = [each for each in going if yes and not stack_versions.remove(target, each.version)]
    if json_:
        shown.as_json([_as_json(each) for each in found])
    else:
        shown.table(("of", "goes", "stays"), _rows(found))
    for each in left:
        shown.note(f"{each.version.arn} stays: an alias has come to name it", style="yellow")
    if not going:
        shown.note(f"nobody needs less of {stack}: no version can go")
    elif yes:
        shown.note(f"{len(going) - len(left)} deleted")
    else:
        shown.note(f"{len(going)} can go; nothing was changed: --yes deletes them")
    return exit_codes.DONE


def _rows(found: Iterable[Verdict]) -> Iterator[tuple[str, str, str]]:
    for of, group in groupby(found, key=lambda each: each.version.of):
        alike = list(group)
        going = " ".join(str(each.version.number) for each in alike if not each.stays)
        reasons = groupby((each for each in alike if each.stays), key=lambda each: each.stays)
        stays = [f"{' '.join(str(each.version.number) for each in same)} ({why})" for why, same in reasons]
        yield of, going, ", ".join(stays)


def _as_json(each: Verdict) -> dict[str, Any]:
    version = each.version
    return {"of": version.of, "version": version.number, "arn": version.arn, "at": version.at, "stays": each.stays}
