"""Where a setting of a nextflow.config belongs: its profile, its selector, its row of the table.

`process { withLabel: big { cpus = 2 } }`, `process.'withLabel:big'.cpus = 2` and `process = ['withLabel:big': [cpus: 2]]`
say the same, so they end at the same address.
Source: Nextflow reference, "Configuration file", "Process selectors", "Config profiles".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from headrace.core.directives import DIRECTIVES
from headrace.core.errors import InvalidValue, nearest, shown
from headrace.core.groovy_tree import SELECTORS, Setting, Statement
from headrace.core.import_config_table import ROWS, Row
from headrace.core.selectors import check_pattern

Items = list[Setting | Statement]
FOLDED: Final = ("process.resourceLabels", "process.resourceLimits")
"""Maps that may also be written entry by entry: `resourceLimits.cpus = 8`."""
_SCOPES: Final = frozenset(
    prefix
    for name in ROWS
    if "." in name
    for prefix in (name.partition(".")[0], name.rpartition(".")[0])
    if prefix != "process.ext"
)
_MARKS: Final = tuple(f"{each}:" for each in SELECTORS)


def by_profile(found: Iterable[Setting | Statement]) -> tuple[Items, dict[str, Items]]:
    """What stands outside `profiles`, and what stands in each of them."""
    outside: Items = []
    inside: dict[str, Items] = {}
    for item in found:
        if item.path[:1] == ("profiles",) and len(item.path) > 1:
            inside.setdefault(item.path[1], []).append(item)
        else:
            outside.append(item)
    return outside, inside


def expanded(setting: Setting, path: tuple[str, ...] | None = None) -> Iterator[tuple[Setting, tuple[str, ...]]]:
    """A setting with its path outside profiles; a map assigned to a scope, `aws = [region: 'x']`, as the settings in it."""
    if path is None:
        path = setting.path[2:] if setting.path[:1] == ("profiles",) and len(setting.path) > 1 else setting.path
    plain_path = ".".join(part for part in path if not part.startswith(_MARKS))
    if isinstance(setting.value, dict) and setting.value and (plain_path in _SCOPES or not path):
        for key, value in setting.value.items():
            inner = Setting((*setting.path, key), value, setting.line)
            yield from expanded(inner, (*path, key))
    else:
        yield setting, path


def addressed(path: tuple[str, ...]) -> tuple[tuple[str, str] | None, str]:
    """The selector a setting stands under, and its name without it. InvalidValue for a pattern that is none here."""
    if path[-1:] == ("includeConfig",):
        return None, "includeConfig"
    selector = None
    rest = path
    if path[:1] == ("process",) and len(path) > 1:
        word, _, pattern = path[1].partition(":")
        if word in SELECTORS and pattern:
            selector, rest = (word, _pattern(word, pattern)), (path[0], *path[2:])
        elif path[1].startswith("$"):
            raise InvalidValue(f"{path[1]} is the old form of a selector", hint=f"Write withName: '{path[1][1:]}'")
    if rest[-1:] and rest[-1] in SELECTORS:
        hint = f"Write {rest[-1]}: 'a.*|b' {{ … }}"
        raise InvalidValue("a selector without a plain pattern and a block", expected="a name or a string", hint=hint)
    if any(part.startswith(_MARKS) for part in rest):
        raise InvalidValue(
            "a selector in another place than `process`", hint="Selectors stand in `process` and do not nest"
        )
    return selector, ".".join(rest)


def _pattern(word: str, pattern: str) -> str:
    try:
        check_pattern(pattern)
    except InvalidValue as error:
        hint = error.hint
        if ":" in pattern:
            hint = "Processes of a used file are named with a dot: qc.stats"
        raise InvalidValue(f"{word}: {shown(pattern)}: {error.message}", expected=error.expected, hint=hint) from None
    if pattern in DIRECTIVES:
        raise InvalidValue(f"{word}: {shown(pattern)} is the name of a directive", expected="another name")
    return pattern


def row_of(name: str, value: Any) -> tuple[Row, Any]:
    """The row of a setting; the value folded into a map when the setting is one entry of it."""
    if row := ROWS.get(name):
        return row, value
    above, _, last = name.rpartition(".")
    if above in FOLDED:
        return ROWS[above], {last: value}
    while above:
        if row := ROWS.get(f"{above}.*"):
            return row, value
        above = above.rpartition(".")[0]
    hint = nearest(name, ROWS) or "Leave it out; docs/coming_from_nextflow.md lists what is known"
    raise InvalidValue("a setting that is not known here", hint=hint)
