"""`headrace schema`: the language, for editors and for people."""

from __future__ import annotations

from typing import Annotated

import typer

from headrace.core.filters import describe_filters, describe_tests
from headrace.core.schema import json_schema
from headrace_cli import exit_codes, shown

Filters = Annotated[bool, typer.Option("--filters", help="List the filters and tests of expressions instead.")]


def schema(filters: Filters = False) -> int:
    """Print the JSON Schema of a pipeline file.

    Editors that know YAML complete and check with it; the closed lists of filters and tests stand in it too.

    For example:

        headrace schema > pipeline.schema.json
    """
    if not filters:
        shown.as_json(json_schema())
        return exit_codes.DONE
    shown.table(("filter", "what it does"), ((each["usage"], each["summary"]) for each in describe_filters()))
    shown.line()
    shown.line(f"tests: {', '.join(describe_tests())}")
    return exit_codes.DONE
