"""A digest as Markdown, for `digest.md`: read in a terminal, in S3's console, or pasted into an issue.

Causes, log lines and keys are text from outside. Outside of code every character Markdown or HTML could act on is
escaped; code is fenced by more backticks than the text itself has in a row (CommonMark 0.31, sections 4.5 and 6.1); in a
table a pipe is escaped in code as well (GitHub Flavored Markdown, section 4.10).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from headrace.core.digest import AttemptRow, Digest, FailureGroup, headline
from headrace.core.plain_text import one_line, plain

_LINE: Final = 1_000
_SPECIAL: Final = re.compile(r"([\\`*_\[\]|~$])")
_STARTS: Final = re.compile(r"^(\d*)([.)])|^()([-+#=:])")  # what begins a list, a heading or a rule
_ORDER: Final = ("succeeded", "cached", "skipped", "ignored", "failed", "cancelled")


def to_markdown(digest: Digest) -> str:
    """The whole digest as one Markdown document."""
    parts = [_head(digest), *_failures(digest), *_ignored(digest), _attempts(digest), _logs(digest), _go_on(digest)]
    return "\n\n".join(part for part in parts if part) + "\n"


def escaped(text: str) -> str:
    """Text from outside as Markdown that shows it literally, in one line."""
    line = one_line(text, _LINE).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _STARTS.sub(r"\1\3\\\2\4", _SPECIAL.sub(r"\\\1", line))


def code(text: str, *, in_table: bool = False) -> str:
    """Text from outside as a code span."""
    line = one_line(text, _LINE)
    ticks = "`" * (1 + _longest_run(line))
    pad = " " if line[:1] in {"`", " "} or line[-1:] in {"`", " "} else ""
    span = f"{ticks}{pad}{line}{pad}{ticks}" if line else ""
    return span.replace("|", "\\|") if in_table else span


def block(lines: Iterable[str], language: str = "text") -> str:
    """Lines from outside as a fenced code block."""
    shown = [plain(line) for line in lines]
    fence = "`" * max(3, 1 + max((_longest_run(line) for line in shown), default=0))
    return "\n".join([f"{fence}{language}", *shown, fence])


def _longest_run(line: str) -> int:
    return max((len(run) for run in re.findall(r"`+", line)), default=0)


def _head(digest: Digest) -> str:
    title = f"# Run {code(digest.run)}, epoch {digest.epoch}: {escaped(digest.state)}"
    facts = [f"- pipeline: {escaped(digest.name)}" if digest.name else ""]
    facts += [f"- started {escaped(digest.started)}, ended {escaped(digest.ended)}" if digest.ended else ""]
    facts += [f"- tasks: {_counts(digest)}" if digest.counts else ""]
    facts += [f"- execution: {code(digest.execution)}" if digest.execution else ""]
    return "\n\n".join(
        part for part in (title, f"**{escaped(headline(digest))}**", "\n".join(f for f in facts if f)) if part
    )


def _counts(digest: Digest) -> str:
    order = [*_ORDER, *sorted(set(digest.counts) - set(_ORDER))]
    return ", ".join(f"{digest.counts[status]} {escaped(status)}" for status in order if digest.counts.get(status))


def _failures(digest: Digest) -> Iterable[str]:
    if not digest.groups:
        return
    yield "## What failed"
    for number, group in enumerate(digest.groups, start=1):
        yield _failure(number, group)
    if digest.groups_left_out:
        yield f"{digest.groups_left_out} more distinct causes are not shown here; `headrace status` lists every task."


def _ignored(digest: Digest) -> Iterable[str]:
    if not digest.ignored:
        return
    tasks = "1 task" if digest.ignored == 1 else f"{digest.ignored} tasks"
    yield f"## What failed and was ignored\n\n{tasks} made nothing, and the run went on without, as the pipeline says."
    for number, group in enumerate(digest.ignored_groups, start=1):
        yield _failure(number, group)
    if digest.ignored_groups_left_out:
        yield f"{digest.ignored_groups_left_out} more distinct causes are not shown here; `headrace status` lists every task."


def _failure(number: int, group: FailureGroup) -> str:
    tasks = "1 task" if group.count == 1 else f"{group.count} tasks"
    more = f" and {group.count - len(group.tasks)} more" if group.count > len(group.tasks) else ""
    named = f", known as {code(group.named)}" if group.named else ""
    parts = [
        f"### {number}. {escaped(group.process)}: {escaped(group.failure)}{named} ({tasks})",
        f"{escaped(group.cause)}",
        f"**What to change:** {escaped(group.fix)}" if group.fix else "",
        f"Tasks: {', '.join(code(task) for task in group.tasks)}{more}",
    ]
    if group.evidence:
        stream = f" (log stream {code(group.log_stream)} of {code(group.log_group)})" if group.log_stream else ""
        parts += [f"From {code(group.example)}{stream}:", block(group.evidence)]
    parts += [block(group.commands, "sh")] if group.commands else []
    return "\n\n".join(part for part in parts if part)


def _attempts(digest: Digest) -> str:
    if not digest.attempts:
        return ""
    head = [
        "## Failed attempts",
        "",
        "| task | try | class | exit | queue | job | cause |",
        "|---|---|---|---|---|---|---|",
    ]
    left = [] if not digest.attempts_left_out else ["", f"{digest.attempts_left_out} more are not shown."]
    return "\n".join([*head, *(_row(row) for row in digest.attempts), *left])


def _row(row: AttemptRow) -> str:
    cells = (
        code(row.task, in_table=True),
        str(row.n),
        escaped(row.failure),
        "" if row.exit_code is None else str(row.exit_code),
        escaped(row.queue.rpartition("/")[2]),
        code(row.job, in_table=True),
        escaped(row.cause),
    )
    return f"| {' | '.join(cells)} |"


def _logs(digest: Digest) -> str:
    if digest.logs is None:
        return ""
    # The link is made of letters, digits and what needs no escape between angle brackets (CommonMark 0.31, section 6.3).
    where = f"[open it](<{digest.logs.console}>), or " if digest.logs.console else ""
    groups = ", ".join(code(group) for group in digest.logs.log_groups)
    left = f" {digest.logs.streams_left_out} more streams have no room in it." if digest.logs.streams_left_out else ""
    text = (
        f"All of their logs, as a query of CloudWatch Logs Insights: {where}run it over {groups} "
        f"from {escaped(digest.logs.start)} to {escaped(digest.logs.end)}.{left}"
    )
    return f"## Logs of what failed\n\n{text}\n\n{block(digest.logs.query.splitlines())}"


def _go_on(digest: Digest) -> str:
    return f"## Go on\n\n{block(digest.commands, 'sh')}" if digest.commands else ""
