"""Following a run: a live table in a terminal, a line per task elsewhere; until it is over or somebody detaches."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, TypeVar

from rich.console import Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from headrace.aws import s3 as store
from headrace.core import run_state
from headrace.core.plain_text import one_line
from headrace.core.records import RunRecord
from headrace_cli import logbook, shown
from headrace_cli.failures import MissingAws
from headrace_cli.launch import Launched
from headrace_cli.snapshot import COLUMNS, Snapshot, Watch
from headrace_cli.target import Target

_LOCAL_S: Final = 0.4
_AWS_S: Final = 3.0
_BUSY: Final = 4  # a look that takes long is not followed by the next one at once
_SILENCE_S: Final = 90.0
_LOST: Final = 20
Looked = TypeVar("Looked")


class RefusedLaunch(Exception):  # noqa: N818 - reads as the sentence it is
    """The launch was not valid; the text says why."""


def follow(target: Target, launched: Launched) -> RunRecord:
    """Show the run until it is concluded. RefusedLaunch with the errors file when it never began."""
    watch = Watch(target, launched.epoch)
    with_view = _live if shown.is_terminal() else _plain
    begun = _begun(target, watch, launched)
    return with_view(_snapshots(target, watch, begun))


def _begun(target: Target, watch: Watch, launched: Launched) -> Snapshot:
    """The first look that finds the run."""
    report = f"s3://{target.bucket}/errors/{launched.key}.txt"
    since, told = time.monotonic(), False
    while True:
        snapshot = _patiently(target, watch.look)
        if snapshot is not None:
            return snapshot
        if _patiently(target, lambda: store.look(target.client("s3"), report)) is not None:
            raise RefusedLaunch(store.read(target.client("s3"), report).decode("utf-8", "replace"))
        if not told and time.monotonic() - since > _SILENCE_S:
            told = True
            shown.note(
                f"nothing has begun yet: is EventBridge on for the bucket {target.bucket}, and launch_run's log without errors?"
            )
        time.sleep(_pause(target, 0))


def _snapshots(target: Target, watch: Watch, first: Snapshot) -> Iterator[Snapshot]:
    snapshot: Snapshot | None = first
    while snapshot is not None:
        yield snapshot
        if snapshot.run.state in run_state.CONCLUDED:
            return
        began = time.monotonic()
        latest = _patiently(target, watch.look)
        snapshot = latest or snapshot
        time.sleep(_pause(target, time.monotonic() - began))


def _plain(snapshots: Iterator[Snapshot]) -> RunRecord:
    """A line when a task ends."""
    told: set[str] = set()
    snapshot = next(snapshots)
    while True:
        for task, record in sorted(snapshot.records.items(), key=lambda item: (item[1].at, item[0])):
            if task not in told:
                told.add(task)
                cause = f"  {one_line(record.cause)}" if record.cause and record.status == "failed" else ""
                shown.line(f"{record.at}  {task}  {record.status}  {len(told)}/{len(snapshot.tasks)}{cause}")
        following = next(snapshots, None)
        if following is None:
            return snapshot.run
        snapshot = following


def _live(snapshots: Iterator[Snapshot]) -> RunRecord:
    """A table that is drawn again and again, with a progress bar."""
    began = time.monotonic()
    snapshot = next(snapshots)
    console = shown.console()
    console.soft_wrap = False
    with Live(_drawn(snapshot, began), console=console, refresh_per_second=4, transient=False) as live:
        for latest in snapshots:
            snapshot = latest
            live.update(_drawn(snapshot, began))
        live.update(_drawn(snapshot, began))
    return snapshot.run


def _drawn(snapshot: Snapshot, began: float) -> Group:
    rows = snapshot.rows()
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("process")
    for column in COLUMNS:
        table.add_column(column, justify="right")
    most = max(5, shown.console().height - 8)
    for process, counts in list(rows.items())[:most]:
        table.add_row(Text(process), *(_count(counts[column], column) for column in COLUMNS))
    if len(rows) > most:
        table.add_row(Text(f"… {len(rows) - most} more", style="dim"))
    total, done = len(snapshot.tasks), snapshot.done
    minutes, seconds = divmod(int(time.monotonic() - began), 60)
    head = Text.assemble(
        snapshot.run.epoch.run,
        "  ",
        (snapshot.run.state, shown.styled(snapshot.run.state)),
        f"  {minutes:d}:{seconds:02d}",
    )
    bar = Table.grid(padding=(0, 1))
    bar.add_row(ProgressBar(total=max(1, total), completed=done, width=40), Text(f"{done:,}/{total:,} tasks"))
    return Group(head, table, bar)


def _count(count: int, column: str) -> Text:
    style = {"failed": "red", "done": "green", "running": "cyan", "cancelled": "yellow"}.get(column, "")
    return Text(f"{count:,}", style=style if count else "dim")


def _pause(target: Target, took_s: float) -> float:
    return max(_LOCAL_S if target.is_local else _AWS_S, _BUSY * took_s)


@dataclass(slots=True)
class _Lost:
    times: int = 0


_lost = _Lost()


def _patiently(target: Target, look: Callable[[], Looked]) -> Looked:
    """A look that survives a lost connection: the run goes on whether somebody looks or not."""
    from botocore.exceptions import HTTPClientError

    while True:
        try:
            found = look()
        except HTTPClientError as error:
            _lost.times += 1
            logbook.log.warning("connection lost: %s", error)
            if target.is_local:
                raise MissingAws(
                    f"the local cloud does not answer any more ({error}); what it ran is gone", ways=False
                ) from None
            if _lost.times > _LOST:
                raise
            time.sleep(_AWS_S)
            continue
        _lost.times = 0
        return found
