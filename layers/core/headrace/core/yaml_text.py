"""Plain data as YAML that reads back as the same data: the writing half of `yaml_source.py`.

Block style, one key a line, keys in the order given, no anchors. Text is quoted whenever either YAML 1.1 or the YAML 1.2 core
schema would take it for something else, so any reader agrees.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import yaml

from headrace.core.yaml_scalars import scalar

# Characters that stay themselves in one line of YAML; all others are written as escapes, in double quotes.
_ONE_LINE: Final = re.compile("[\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]*")


def yaml_text(value: Mapping[str, Any]) -> str:
    """A map of plain values as a YAML text."""
    written: str = yaml.dump(
        dict(value),
        Dumper=_Dumper,
        default_flow_style=False,
        sort_keys=False,
        allow_unicode=True,
        width=10_000,
    )
    return written


class _Dumper(yaml.SafeDumper):
    """The safe dumper without aliases, and with lists indented below their key."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - PyYAML's signature
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002 - PyYAML's signature
        super().increase_indent(flow, False)


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = '"' if not _ONE_LINE.fullmatch(text) else None if _stays_text(text) else "'"
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


def _stays_text(text: str) -> bool:
    try:
        return isinstance(scalar(text), str)
    except ValueError:
        return False


_Dumper.add_representer(str, _text)
