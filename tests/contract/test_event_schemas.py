"""The published schemas of Headrace's events are the models'. `python tests/contract/test_event_schemas.py` writes them."""

import json
from pathlib import Path

import pytest

from headrace.core.alert_events import EVENTS, schemas

FOLDER = Path(__file__).parents[2] / "events" / "schemas"


@pytest.mark.parametrize("name", sorted(schemas()))
def test_a_published_schema_is_the_models(name: str) -> None:
    """Whoever validates against events/schemas validates against what is sent."""
    assert json.loads((FOLDER / name).read_text()) == schemas()[name]


def test_there_is_one_schema_per_event_and_no_other() -> None:
    """A schema of an event that is gone does not stay behind."""
    assert {path.name for path in FOLDER.glob("*.json")} == set(schemas())
    assert len(schemas()) == len(EVENTS)


def _write() -> None:
    for name, schema in schemas().items():
        (FOLDER / name).write_text(json.dumps(schema, indent=2) + "\n")


if __name__ == "__main__":
    _write()
