"""What is written down of a failure is what is read back."""

from __future__ import annotations

import json

import pytest

from headrace.core import failure_note
from headrace.core.outcome import AttemptRef, Outcome
from headrace.core.outcome_classes import OutcomeClass

FULL = Outcome(
    OutcomeClass.EXIT,
    "exit code 7",
    "Look at the log",
    exit_code=7,
    evidence=("Batch: Essential container in task exited", "no such file: größe.txt"),
    ref=AttemptRef("job", 2, "/headrace/jobs", "stream/1", "queue"),
    counts_as_own=False,
    firm=True,
    named="no-input",
    action="fail",
)


@pytest.mark.parametrize("outcome", [FULL, Outcome(OutcomeClass.ENGINE, "broken", "Resume the run")])
def test_a_note_keeps_the_whole_outcome(outcome: Outcome):
    """Through JSON text and back nothing is lost, and the class is a class again."""
    assert failure_note.from_json(json.loads(json.dumps(failure_note.to_json(outcome)))) == outcome
