r"""`script`: the text a task runs, taken from YAML exactly as it is written (rule 16).

YAML folds lines, drops what follows ` #`, and reads `- echo a: b` as a map. So a script of several lines is a `|` block or
a list of lines, and a one-line script has no comment behind it: whoever writes `echo $x # note` must get what is written.
In a JSON file, which has no blocks, a text may hold `\n`.
"""

from __future__ import annotations

import re

from headrace.core.errors import InvalidValue, Problem
from headrace.core.reading import At, kind
from headrace.core.script import Script, parse_script

_BLOCK = "Write `script: |` and the lines below it, indented"


def read_script(at: At, *, shell: str, hidden: frozenset[str] = frozenset()) -> Script | None:
    """The script; problems in it are placed at their line. `hidden` are inputs, which hide processes of their name."""
    lines = [at] if isinstance(at.value, str) else list(at.items("text: one line, a `|` block, or a list of lines"))
    if isinstance(at.value, list) and not lines:
        at.refuse("a script without lines", expected="at least one line")
    texts = [text for line in lines if (text := _line(line)) is not None]
    if len(texts) < len(lines) or not texts:
        return None
    return _parsed(at, "\n".join(texts), shell, hidden)


def _line(at: At) -> str | None:
    if not isinstance(at.value, str):
        hint = "Put the line in quotes: YAML reads it as something else" if at.value is not None else ""
        at.refuse(f"{kind(at.value)} stands where a line of script is wanted", expected="text", hint=hint)
        return None
    if not at.value.strip():
        at.refuse("an empty script", expected="at least one command")
        return None
    document = at.book.document
    if document is None or document.is_json:
        return at.value
    place = document.place(at.path)
    if place.style == "literal":
        return at.value
    if place.style == "folded":
        at.refuse("a folded block ('>') joins the lines of a script", expected="a `|` block", hint=_BLOCK)
    elif place.last_line > place.line or "\n" in at.value:
        at.refuse(
            "a script of several lines that is no `|` block: YAML joins its lines", expected="a `|` block", hint=_BLOCK
        )
    elif document.is_commented(at.path):
        hint = "Write a `|` block if '#…' belongs to the script, else put the comment on a line of its own"
        at.refuse("a one-line script with a comment behind it", expected="the script alone on its line", hint=hint)
    return at.value


def _parsed(at: At, text: str, shell: str, hidden: frozenset[str]) -> Script | None:
    visible = at.book.processes
    processes = visible if hidden.isdisjoint(visible) else visible - hidden
    try:
        script = parse_script(text, processes=processes, shell=shell)
    except InvalidValue as error:
        said = re.match(r"line (\d{1,9}): ", error.message)
        problem = Problem(
            at.path, error.message[said.end() :] if said else error.message, expected=error.expected, hint=error.hint
        )
        at.book.note(problem, within=int(said[1]) if said else 0)
        return None
    for finding in script.problems():
        problem = Problem(at.path, finding.message, expected=finding.expected, hint=finding.hint)
        at.book.note(problem, within=finding.line)
    return script
