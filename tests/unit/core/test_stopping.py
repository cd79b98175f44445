"""`stopWhen`, evaluated."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.tasks import Pipeline, made

from headrace.core.errors import InvalidSpec
from headrace.core.gathers import answers
from headrace.core.stopping import reason, stops
from headrace.core.task_work import Attempt

TEXT = """
params: {{least: 3}}
processes:
  a: {{each: [{{s: [x, y]}}], outputs: {{n: {{json: f}}}}, script: 'true'}}
  p:
    each: [s]
    inputs: {{i: "${{{{ a.n }}}}"}}
    outputs: {{n: {{json: f}}, o: out.txt}}
    stopWhen: "${{{{ {when} }}}}"
    script: 'true'
"""


def stopped(when: str, **outputs: Any) -> bool:
    """Whether the task p[s=x], which made these outputs, stops the run; a[s=x] made 5."""
    pipeline = Pipeline(TEXT.format(when=when))
    process = pipeline.program.processes["p"]
    own = {"n": 0, "o": made("out.txt", size=0), **outputs}
    pipeline.visible.answer = answers(pipeline.visible, {"a[s=x]": {"n": 5}, "p[s=x]": own})
    template = process.process.directives["stopWhen"]
    return stops(template, pipeline.visible, process, {"s": "x"}, own, Attempt(), "r")


@pytest.mark.parametrize(
    ("when", "wanted"),
    [
        ("outputs.n == 0", True),
        ("outputs.n >= params.least", False),
        ("outputs.o.size == 0 and key.s == 'x'", True),
        ("p.n == 0", True),
        ("a.n == 5", True),
        ("i == 5", True),
        ("task.attempt == 1 and task.id == 'p[s=x]'", True),
        ("run.id == 'r'", True),
    ],
)
def test_what_it_sees(when: str, wanted: bool):
    """Outputs, inputs, params, axes, processes, task and run."""
    assert stopped(when) is wanted


@pytest.mark.parametrize(
    ("when", "words"), [("outputs.n", "the number 0"), ("outputs.n / 0", "zero"), ("outputs.o", "true or false")]
)
def test_neither_true_nor_false_is_an_error_with_its_place(when: str, words: str):
    """As for `when`."""
    with pytest.raises(InvalidSpec) as refusal:
        stopped(when)
    assert words in str(refusal.value)
    assert "processes.p.stopWhen" in str(refusal.value)


def test_the_reason_names_task_and_condition():
    """It is what record, digest and event say."""
    template = Pipeline(TEXT.format(when="outputs.n == 0")).program.processes["p"].process.directives["stopWhen"]
    assert reason("p[s=x]", template) == "stopped: p[s=x]: stopWhen ${{ outputs.n == 0 }} is true"
