"""The calculator's constants are what the state machines, the template and its page say."""

import re

from tests.support.stack import ROOT, resources, snake, template

from headrace_cli.cost import engine, prices
from headrace_cli.cost.engine import Work

README = (ROOT / "statemachines/README.md").read_text(encoding="utf-8")
PAGE = (ROOT / "docs/cost.md").read_text(encoding="utf-8")


def row(name: str) -> list[int]:
    """The numbers of a row of "What a task costs", transitions first."""
    found = re.search(rf"^\| {re.escape(name)} \|(.*)\|$", README, re.MULTILINE)
    assert found, name
    return [int(number) for number in re.findall(r"\d+", re.sub(r"launch_run", "", found[1]))]


def of_functions(work: Work) -> float:
    """Lambda calls, those for Batch's events left out: the README counts what a state machine calls."""
    return sum(count for name, count in engine.calls(work).items() if name != "watch-jobs")


def test_what_a_task_costs_is_what_the_machines_page_counts():
    """Transitions and calls: free, gated, found done, another try, an expansion, the run itself."""
    run = Work(tasks=0)
    assert [engine.transitions(run), of_functions(run) - 1] == row("the run itself")[:2]  # and launch_run

    def more(work: Work) -> list[float]:
        return [engine.transitions(work) - engine.transitions(run), of_functions(work) - of_functions(run)]

    assert more(Work(tasks=1)) == row("waits for nothing")
    assert more(Work(tasks=1, gated=1)) == row("behind a gate")
    assert more(Work(tasks=0, found=1)) == [row("cached or skipped")[0], row("cached or skipped")[2]]
    assert more(Work(tasks=0, found=1, gated=1)) == [row("cached or skipped")[1], row("cached or skipped")[3]]
    again = [other - one for other, one in zip(more(Work(tasks=1, retries=1)), more(Work(tasks=1)), strict=True)]
    assert again == row("another try")
    assert more(Work(tasks=0, expansions=1)) == row("an expansion")


def test_the_functions_memory_is_the_templates():
    """Every function that a run calls, with its MemorySize."""
    default = template()["Globals"]["Function"]["MemorySize"]
    for logical, body in resources("AWS::Serverless::Function").items():
        name = snake(logical.removesuffix("Function")).replace("_", "-")
        if name in engine.GIB:
            assert engine.GIB[name] * 1024 == body["Properties"].get("MemorySize", default), name
    assert set(engine.calls(Work(tasks=1))) == set(engine.GIB)


def test_everything_billed_has_a_price():
    """The names of the units are names of the table."""
    assert set(engine.units(Work(tasks=1))) <= set(prices.PRICES)


def test_the_page_has_the_table():
    """docs/cost.md holds what `prices.markdown()` makes; each price names its source."""
    assert prices.markdown() in PAGE
    assert all(price.source and price.per for price in prices.PRICES.values())
    assert f"{prices.SPOT_SHARE:.0%}".replace("%", " %") in PAGE
