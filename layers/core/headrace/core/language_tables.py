"""The closed lists of the language as the user documentation shows them (docs/pipeline_spec.md); tests keep both equal."""

from __future__ import annotations

from typing import Final

from headrace.core.directives import DIRECTIVES, Directive
from headrace.core.filters import describe_filters

_WHEN: Final = {
    "check": "no",
    "plan": "yes, when the run is planned (params only)",
    "attempt": "yes, at each attempt",
    "success": "yes, after success",
}


def directive_table() -> str:
    """Markdown: name, form, what it says, whether and when expressions are evaluated, how layers combine."""
    head = "| directive | value | what it says | `${{ }}` | layers |\n|---|---|---|---|---|"
    return "\n".join([head, *(_row(directive) for directive in DIRECTIVES.values())])


def filter_table() -> str:
    """Markdown: every filter with its arguments and what it gives."""
    rows = [f"| `{_cell(each['usage'])}` | {_cell(each['summary'])} |" for each in describe_filters()]
    return "\n".join(["| filter | what it gives |\n|---|---|", *rows])


def _row(directive: Directive) -> str:
    layers = "replaced" if not directive.by_key else "by name" if directive.name == "errors" else "by key"
    return f"| `{directive.name}` | {directive.form} | {directive.about} | {_WHEN[directive.moment]} | {layers} |"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
