"""docs/coming_from_nextflow.md says what the table of settings says, and its examples are true."""

import re
from pathlib import Path

from headrace.core import yaml_source
from headrace.core.import_config import import_config
from headrace.core.import_config_page import page
from headrace.core.import_config_table import TABLE
from headrace.core.spec import read_spec

PAGE = Path(__file__).parents[2] / "docs" / "coming_from_nextflow.md"
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", page(), re.DOTALL)


def test_the_page_is_made_from_the_table():
    """The page equals what the table generates."""
    assert PAGE.read_text(encoding="utf-8") == page()


def test_every_setting_has_one_row():
    """One row per setting, three cells, the first two never empty."""
    rows = [line for line in page().splitlines() if line.startswith("| `")]
    assert len(rows) == len(TABLE)
    for row in rows:
        cells = re.split(r"(?<!\\)\|", row)
        assert len(cells) == 5
        assert all(cell.strip() for cell in cells[1:3])


def test_the_process_is_a_pipeline():
    """The YAML of the first example is a right pipeline file."""
    (language, text) = BLOCKS[1]
    assert language == "yaml"
    assert list(read_spec(yaml_source.read(text, "pipeline.yaml")).processes) == ["align"]


def test_the_configuration_becomes_the_block():
    """The config of the second example is translated to exactly the YAML below it, with nothing refused."""
    (_, config), (_, block) = BLOCKS[2:4]
    found = import_config(config, "nextflow.config")
    assert (found.yaml, found.refusals) == (block, ())


def test_files_named_on_the_page_exist():
    """Links lead somewhere."""
    for name in re.findall(r"\]\(([^)]+)\)", page()):
        assert (PAGE.parent / name).exists(), name
