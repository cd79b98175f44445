"""Values of a nextflow.config as values of directives: one small reader for each kind of setting.

A reader takes what `groovy_config` read and answers `Said`: the value to write, and a note when the meaning moved. What only
Groovy can know is refused by name. Whether the result is legal is for the directive's own reader to judge.
Source: Nextflow reference, "Process directives" and "Configuration options".
"""

from __future__ import annotations

import re
from typing import Any

from headrace.core.cache_modes import WORDS
from headrace.core.errors import InvalidValue, shown
from headrace.core.groovy_tree import Arguments, Closure, Code, Filled
from headrace.core.import_amounts import size, span
from headrace.core.import_literals import NOTHING, Grown, Read, Said, not_plain, opened, plain
from headrace.core.reading import kind


def as_is(value: Any) -> Said:
    """The value, nothing changed."""
    return Said(plain(value))


def text(value: Any) -> Said:
    """Text; a number or a truth as text."""
    found = plain(value)
    if isinstance(found, bool):
        return Said("true" if found else "false")
    if isinstance(found, str | int | float):
        return Said(str(found))
    raise InvalidValue(f"{kind(found)} where text is wanted", expected="text")


def texts(value: Any) -> Said:
    """A map of texts."""
    found = plain(value)
    if not isinstance(found, dict):
        raise InvalidValue(f"{kind(found)} where a map is wanted", expected="a map such as [team: 'rna']")
    return Said({key: text(item).value for key, item in found.items()})


def number(value: Any) -> Said:
    """A number, also one written as text; times `task.attempt` as an expression."""
    if isinstance(value, Grown) and not value.unit:
        return Said(f"${{{{ {value.number} * task.attempt }}}}")
    found = plain(value)
    if isinstance(found, str) and re.fullmatch(r"-?[0-9]{1,9}", found.strip()):
        return Said(int(found))
    if isinstance(found, bool) or not isinstance(found, int | float):
        raise InvalidValue(f"{kind(found)} where a number is wanted", expected="a number")
    return Said(found)


def limit(value: Any) -> Said:
    """A number; Nextflow's word for no limit (0 or below) is nothing at all here."""
    said = number(value)
    if isinstance(said.value, int | float) and said.value <= 0:
        return Said(NOTHING, "no limit is what holds when nothing is said")
    return said


def errors(value: Any) -> Said:
    """`maxErrors`: -1 is no limit."""
    said = number(value)
    return Said(NOTHING, "no limit is what holds when nothing is said") if said.value == -1 else said


def accelerator(value: Any) -> Said:
    """A count, or `request`, `limit` and `type`."""
    value = value if not isinstance(value, Arguments) else {"request": value.values[0], **value.named}
    if not isinstance(value, dict):
        return number(value)
    found = plain(value)
    count = found.get("request", found.get("limit"))
    _only(found, ("request", "limit", "type"))
    return Said({"count": count, "type": found["type"]} if "type" in found else count)


def disk(value: Any) -> Said:
    """A size; the type of a disk has no place on Batch."""
    value = value if not isinstance(value, Arguments) else {"request": value.values[0], **value.named}
    if not isinstance(value, dict):
        return size(value)
    _only(value, ("request",))
    return size(value.get("request"))


def limits(value: Any) -> Said:
    """`resourceLimits`: a map of amounts."""
    if not isinstance(value, dict):
        raise (
            not_plain(value)
            if isinstance(value, Closure | Code | Filled)
            else InvalidValue(
                f"{kind(value)} where limits are wanted", expected="a map such as [cpus: 16, memory: 64.GB]"
            )
        )
    readers: dict[str, Read] = {"cpus": number, "memory": size, "disk": size, "time": span}
    _only(value, tuple(readers))
    return Said({key: readers[key](opened(item)).value for key, item in value.items()})


def cache(value: Any) -> Said:
    """True, false, or a way of comparing inputs."""
    found = plain(value)
    if found == "standard":
        return Said(True, "inputs are compared by ETag, which follows the content")
    if isinstance(found, str) and found not in WORDS:
        raise InvalidValue(
            f"cache {found!r} is no way of comparing inputs", expected=f"true, false, {', '.join(WORDS)}"
        )
    return Said(found)


def wait(value: Any) -> Said:
    """`maxSubmitAwait` as `waitLimit`."""
    return Said({"runnable": span(value).value, "action": "terminate"}, "counted by the stack, not by a client")


def volumes(value: Any) -> Said:
    """A list, or text with commas; a slash at the end means nothing."""
    found = plain(value)
    items = found.split(",") if isinstance(found, str) else found
    if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
        raise InvalidValue(
            f"{kind(found)} where volumes are wanted", expected="a list such as ['/tmp', '/host:/path:ro']"
        )
    return Said([item.strip() for item in items])


def resources(value: Any) -> Said:
    """`hints`: the one that means something on Batch is `consumableResources`."""
    found = plain(value)
    if not isinstance(found, dict):
        raise InvalidValue(f"{kind(found)} where hints are wanted", expected="[consumableResources: ['name': 1]]")
    names = [key for key in ("awsbatch/consumableResources", "consumableResources") if key in found]
    _only(found, ("consumableResources", "awsbatch/consumableResources"))
    if not names:
        return Said(NOTHING, "no hint is given")
    return Said(found[names[0]])


def transfer(key: str) -> Read:
    """A setting of `aws.client` as an entry of `transfer`."""

    def read(value: Any) -> Said:
        return Said({key: plain(value)})

    return read


def keyed(key: str) -> Read:
    """A setting of the `env` scope as one entry."""
    return lambda value: Said({key: text(value).value})


def _only(found: dict[str, Any], names: tuple[str, ...]) -> None:
    for key in found:
        if key not in names:
            raise InvalidValue(f"{shown(key)} means nothing here", expected=", ".join(names), hint="Leave it out")
