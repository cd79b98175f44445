"""`headrace clean runs`: runs and work by age."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer

from headrace.aws import removing
from headrace.aws import s3 as store
from headrace.core import run_cleanup, run_facts, units
from headrace.core.errors import InvalidSpec, InvalidValue, Problem
from headrace.core.run_cleanup import Piece, RunAge
from headrace_cli import exit_codes, options, shown
from headrace_cli.target import Target, reach

OlderThan = Annotated[
    str, typer.Option("--older-than", metavar="TIME", help="How long ago a run ended, or work was last written.")
]
Yes = Annotated[bool, typer.Option("--yes", help="Remove them; without it they are only listed.")]


@dataclass(slots=True)
class Tally:
    """What is removed, or would be."""

    runs: int = 0
    run_bytes: int = 0
    pieces: int = 0
    piece_bytes: int = 0


def runs(
    older_than: OlderThan = "30d",
    yes: Yes = False,
    json_: options.Json = False,
    local: options.Local = False,
    profile: options.Profile = None,
    region: options.Region = None,
    stack: options.Stack = "headrace",
) -> int:
    """List runs that ended long ago and work that no newer run points to; with --yes, remove them.

    Of a run go its folder and its records; results under its outdir and uploaded inputs stay. Work is found by age, whoever made
    it; what a run that stays made, or found done, stays too.

    For example:

        headrace clean runs --older-than 30d --yes
    """
    before = _before(older_than)
    target = reach(local=local, profile=profile, region=region, stack=stack)
    ages = run_cleanup.ages(removing.all_runs(target.table))
    going = run_cleanup.old(ages, before)
    tally = Tally()
    roots, elsewhere = _roots(target, going)
    listed = [_listed(target, age, tally) for age in going]
    if not json_ and listed:
        shown.table(("run", "state", "ended", "tasks", "bytes"), listed)
        shown.line()
    if yes:
        for age in going:
            removing.remove_run(target.table, target.client("s3"), target.bucket, age)
    gone = {age.run for age in going}
    staying = [age for age in ages if age.run not in gone]
    for piece in _work(target, roots, staying, before, remove=yes):
        tally.pieces, tally.piece_bytes = tally.pieces + 1, tally.piece_bytes + piece.size
    _say(tally, listed, elsewhere, older_than, removed=yes, as_json=json_)
    return exit_codes.DONE


def _work(target: Target, roots: list[str], staying: list[RunAge], before: str, *, remove: bool) -> Iterator[Piece]:
    """The pieces of work that go, or would."""
    table, s3 = target.table, target.client("s3")
    epochs = [epoch for age in staying for epoch, _ in age.epochs]
    open_epochs = [epoch for age in staying if not age.concluded for epoch, _ in age.epochs]
    for beginning in run_cleanup.slices(sum(age.tasks for age in staying)):
        used = removing.hashes(table, epochs, beginning)
        used |= removing.planned_hashes(s3, target.bucket, open_epochs, beginning)
        for root in roots:
            chosen = _chosen(root, s3, beginning, before, used)
            yield from (
                removing.remove_pieces(table, s3, target.bucket, chosen, before, beginning) if remove else chosen
            )


def _chosen(root: str, s3: Any, beginning: str, before: str, used: set[bytes]) -> Iterator[Piece]:
    found = run_cleanup.pieces(root, removing.objects(s3, root + beginning))
    return (piece for piece in found if run_cleanup.removable(piece, before, used))


def _roots(target: Target, going: Iterable[RunAge]) -> tuple[list[str], list[str]]:
    """Work folders of the stack's bucket, and those of old runs that lie elsewhere: other stacks may use them too."""
    s3 = target.client("s3")
    own = f"s3://{target.bucket}/"
    roots = dict.fromkeys(removing.work_folders(s3, target.bucket))
    for age in going:
        for epoch, _ in age.epochs:
            try:
                facts = store.read(s3, run_facts.folder(target.bucket, epoch.run, epoch.number) + "run.json")
            except store.ObjectMissing:
                continue
            roots[str(json.loads(facts).get("work", ""))] = None
    roots.pop("", None)
    return [root for root in roots if root.startswith(own)], [root for root in roots if not root.startswith(own)]


def _listed(target: Target, age: RunAge, tally: Tally) -> tuple[str, str, str, int, int]:
    folders = [run_facts.folder(target.bucket, epoch.run, epoch.number) for epoch, _ in age.epochs]
    size = sum(each.size for folder in folders for each in removing.objects(target.client("s3"), folder))
    tally.runs, tally.run_bytes = tally.runs + 1, tally.run_bytes + size
    return age.run, age.state, age.ended, age.tasks, size


def _before(text: str, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> str:
    try:
        age = timedelta(seconds=units.duration_s(text))
    except InvalidValue as error:
        raise InvalidSpec([Problem("--older-than", error.message, text, error.expected, error.hint)]) from None
    return (now() - age).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _say(
    tally: Tally,
    listed: list[tuple[str, str, str, int, int]],
    elsewhere: list[str],
    age: str,
    *,
    removed: bool,
    as_json: bool,
) -> None:
    if as_json:
        names = ("run", "state", "ended", "tasks", "bytes")
        shown.as_json(
            {
                "removed": removed,
                "runs": [dict(zip(names, row, strict=True)) for row in listed],
                "work": {"pieces": tally.pieces, "bytes": tally.piece_bytes},
                "leftAlone": elsewhere,
            }
        )
        return
    total = tally.run_bytes + tally.piece_bytes
    shown.line(
        f"{tally.runs:,} run{'s' if tally.runs != 1 else ''} and {tally.pieces:,} piece{'s' if tally.pieces != 1 else ''} "
        f"of work older than {age}: {total:,} bytes"
    )
    for root in elsewhere:
        shown.note(f"left alone, because other stacks may use it: {root}", style="yellow")
    if removed:
        shown.line(
            f"removed, {total:,} bytes freed; the bucket keeps old versions for the days its lifecycle rules say"
        )
    elif total or tally.runs:
        shown.note("nothing was removed: --yes does")
