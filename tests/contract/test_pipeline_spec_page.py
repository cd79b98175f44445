"""docs/pipeline_spec.md and the code that reads the language say the same."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from tests.support.spec_texts import EXAMPLE, process, spec

from headrace.core import yaml_source
from headrace.core.language_tables import directive_table, filter_table
from headrace.core.launch_request import KEYS as LAUNCH_KEYS
from headrace.core.launch_request import read_launch
from headrace.core.params import TYPES
from headrace.core.schema import json_schema
from headrace.core.spec import PROCESS_KEYS, TOP_KEYS
from headrace.core.spec_each import SOURCE_KEYS
from headrace.core.spec_names import RESERVED

PAGE = (Path(__file__).parents[2] / "docs" / "pipeline_spec.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```yaml ?(\w*)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def first_cells(heading: str) -> str:
    """The first column of the tables below a heading."""
    section = PAGE.split(f"\n{heading}\n", 1)[1].split("\n## ", 1)[0]
    return " ".join(re.findall(r"^\| (.*?) \|", section, re.MULTILINE))


def test_the_tables_are_the_generated_ones() -> None:
    """The directive and the filter table are those of the code, word by word."""
    assert directive_table() in PAGE
    assert filter_table() in PAGE


@pytest.mark.parametrize(
    ("kind", "text"), BLOCKS, ids=[f"{kind or 'spec'}-{number}" for number, (kind, _) in enumerate(BLOCKS)]
)
def test_every_example_is_read(kind: str, text: str) -> None:
    """Whole pipelines, parts of a process and launch requests on the page are all valid."""
    if kind == "process":
        assert process(text)
    elif kind == "launch":
        assert read_launch(yaml_source.read(text, "x"), source="s3://bucket/launch/x.yaml").request
    else:
        assert spec(text).processes
        assert Draft202012Validator(json_schema()).is_valid(yaml_source.read(text, "x").value)


def test_the_page_shows_the_example_the_tests_use() -> None:
    """One example, in the documentation and under test."""
    assert ("", EXAMPLE) in BLOCKS
    assert len(BLOCKS) >= 5


@pytest.mark.parametrize(
    ("heading", "names"),
    [
        ("## The parts of a file", TOP_KEYS),
        ("## Processes", PROCESS_KEYS),
        ("## Params", TYPES),
        ("## Launch requests", LAUNCH_KEYS),
        ("## Processes", tuple(SOURCE_KEYS)),
    ],
)
def test_every_key_has_its_row(heading: str, names: tuple[str, ...]) -> None:
    """No part of the language is missing from its table."""
    cells = first_cells(heading)
    assert [name for name in names if not re.search(rf"\b{name}\b", cells)] == []


def test_reserved_words_are_listed() -> None:
    """All of them, and no others."""
    listed = re.search(r"are taken: `([a-z ]+)`", PAGE)
    assert listed is not None
    assert set(listed[1].split()) == RESERVED
