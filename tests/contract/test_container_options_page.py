"""docs/container_options.md says what the table says."""

from pathlib import Path

from headrace.core.container_option_page import table_markdown
from headrace.core.container_option_table import OPTIONS

PAGE = Path(__file__).parents[2] / "docs" / "container_options.md"


def test_the_page_is_the_table():
    """The page equals what the table generates."""
    assert PAGE.read_text(encoding="utf-8") == table_markdown()


def test_every_option_has_a_row_with_something_to_say():
    """One row per option, no cell that hides the answer, no cell that breaks the table."""
    rows = [line for line in table_markdown().splitlines() if line.startswith("| `")]
    assert len(rows) == len(OPTIONS)
    assert all(row.count("|") == 5 for row in rows)
