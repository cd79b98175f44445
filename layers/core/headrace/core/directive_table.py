"""The table of directives as the user documentation shows it (docs/pipeline_spec.md); a test keeps both equal."""

from __future__ import annotations

from typing import Final

from headrace.core.directives import DIRECTIVES, Directive

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


def _row(directive: Directive) -> str:
    layers = "by key" if directive.by_key else "replaced"
    return f"| `{directive.name}` | {directive.form} | {directive.about} | {_WHEN[directive.moment]} | {layers} |"
