"""Paths inside a task's folder: what an output, a staged name or a failure glob may be (rule 9).

A path stays inside: no `..`, not absolute, not empty, and not in `.headrace/`, which is ours. The rule is checked on what
is written (the plain pieces of a template) and again on the text it gives.
"""

from __future__ import annotations

import re
from typing import Final

from headrace.core.errors import InvalidValue
from headrace.core.expressions import Template
from headrace.core.template_text import split

MAX_PATH: Final = 900  # an S3 key has 1,024 bytes; the rest is the work prefix
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_EXPECTED: Final = "a path inside the task's folder"


def check_inside(path: str) -> str:
    """`path` when it stays inside the task's folder; InvalidValue otherwise."""
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if not path.strip() or not parts:
        raise InvalidValue("an empty path", expected=_EXPECTED)
    _check_pieces(path, parts, starts=True)
    if len(path.encode(errors="replace")) > MAX_PATH:
        raise InvalidValue("a path that is too long", expected=f"at most {MAX_PATH} bytes")
    return path


def check_template_inside(template: Template) -> Template:
    """The same for what is written of a template: the pieces around its expressions."""
    if template.literal is not None:
        check_inside(template.literal)
        return template
    pieces = split(template.text)
    for index, piece in enumerate(pieces):
        if isinstance(piece, str):
            # Only whole components count: `${{ x }}..${{ y }}` may be a name with two dots in it.
            parts = piece.split("/")[0 if index == 0 else 1 : None if index == len(pieces) - 1 else -1]
            _check_pieces(piece, parts, starts=index == 0)
    return template


def has_wildcard(template: Template) -> bool:
    """Whether what is written of the template holds a glob's wildcard (`*`, `?`, `[`): then it always gives a list."""
    if template.literal is not None:
        return bool(re.search(r"[*?\[]", template.literal))
    return any(isinstance(piece, str) and re.search(r"[*?\[]", piece) for piece in split(template.text))


def check_glob(pattern: str) -> None:
    """InvalidValue for a glob that the job's own shell cannot expand: POSIX sh has no `**`."""
    if "**" in pattern:
        raise InvalidValue(
            "a glob with '**'", expected="'*' for each folder level", hint="or declare the whole folder: `name: dir/`"
        )


def _check_pieces(text: str, parts: list[str], *, starts: bool) -> None:
    if starts and text.startswith("/"):
        raise InvalidValue("an absolute path", expected=_EXPECTED, hint="Leave the leading '/' out")
    if starts and re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", text):
        raise InvalidValue("a URI", expected=_EXPECTED)
    if ".." in parts:
        raise InvalidValue("a path that leaves the task's folder ('..')", expected=_EXPECTED)
    if starts and parts[:1] == [".headrace"]:
        raise InvalidValue("'.headrace/' holds Headrace's own files", expected="a path in another folder")
    if _CONTROL.search(text):
        raise InvalidValue("a path with a newline or another control character", expected=_EXPECTED)
