"""`publishDir` of a nextflow.config as ours.

Nextflow's head node copies or links; here SettleTask copies from S3 to S3. So links become copies, what always holds is
left out, and what only a head node could do is refused.
Source: Nextflow reference, "publishDir".
"""

from __future__ import annotations

from typing import Any, Final

from headrace.core.errors import InvalidValue, shown
from headrace.core.groovy_tree import Arguments
from headrace.core.import_literals import NOTHING, Said, plain
from headrace.core.reading import kind

_LINKS: Final = ("symlink", "rellink", "link", "copyNoFollow")
_ALWAYS: Final = ("enabled", "overwrite", "failOnError")
_KEPT: Final = ("path", "mode", "pattern", "tags", "storageClass")
_NEVER: Final = {
    "overwrite": "A published file is always replaced: leave overwrite out",
    "failOnError": "A file that cannot be published fails the task: leave failOnError out",
}


def publish(value: Any) -> Said:
    """A path, a map, a path with named values, or a list of these."""
    given = value if isinstance(value, list) else [value]
    notes: list[str] = []
    places = [place for each in given if (place := _place(each, notes)) is not None]
    if not places:
        return Said(NOTHING, "; ".join(notes) or "nothing is published")
    if any(not str(_path(place)).startswith("s3://") for place in places):
        notes.append("relative to the run's outdir (`--outdir`)")
    return Said(places[0] if len(places) == 1 else places, "; ".join(dict.fromkeys(notes)))


def _place(value: Any, notes: list[str]) -> Any:
    if isinstance(value, Arguments):
        if len(value.values) != 1:
            raise InvalidValue("several paths", expected="one path, then named values")
        value = {"path": value.values[0], **value.named}
    if isinstance(value, str):
        return plain(value)
    if not isinstance(value, dict):
        plain(value)
        raise InvalidValue(f"{kind(value)} where a folder is wanted", expected="a path or a map with a path")
    if "saveAs" in value:
        hint = "Write saveAs: '${{ key.sample }}/${{ file.name }}', an expression over file and key"
        raise InvalidValue("saveAs is a closure, Groovy code for every file", hint=hint)
    if value.get("enabled") is False:
        notes.append("an entry that is not enabled is left out")
        return None
    for key, item in value.items():
        if key not in (*_KEPT, *_ALWAYS):
            raise InvalidValue(f"{shown(key)} cannot be said of published files", expected=", ".join(_KEPT))
        if key in _ALWAYS and item is not True:
            raise InvalidValue(
                f"{key} is not true", expected="true", hint=_NEVER.get(key, "Say it plainly: true or false")
            )
    kept = {key: plain(value[key]) for key in _KEPT if key in value}
    if kept.get("mode") in _LINKS:
        notes.append(f"S3 has no links: mode {kept['mode']} is a copy")
        kept["mode"] = "copy"
    return kept["path"] if tuple(kept) == ("path",) else kept


def _path(place: Any) -> Any:
    return place.get("path", "") if isinstance(place, dict) else place
