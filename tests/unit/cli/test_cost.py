"""`headrace cost`: dollars of units, hours of attempts, what is said of what is not certain."""

import json
import re

import pytest

from headrace_cli.cost import compute, engine, prices
from headrace_cli.cost.compute import Attempt
from headrace_cli.cost.engine import Work


def test_dollars_are_units_times_prices():
    """By hand: 1,000 tasks that wait for nothing are 7,006 transitions."""
    assert engine.transitions(Work(tasks=1000)) == 7006
    dollars = prices.cost({"state transitions": 7006, "Lambda calls": 1_000_000})
    assert dollars == pytest.approx({"state transitions": 0.17515, "Lambda calls": 0.20})


def test_what_has_no_price_is_no_zero():
    """A unit nobody has a price for is an error."""
    with pytest.raises(KeyError):
        prices.cost({"dreams": 1})


@pytest.mark.parametrize(
    ("attempt", "dollars"),
    [
        (Attempt(vcpus=2, memory_gib=8, seconds=3600), 0.1008),
        (Attempt(vcpus=2, memory_gib=2, seconds=3600), 0.1008),
        (Attempt(vcpus=1, memory_gib=16, seconds=1800), 0.1008),
        (Attempt(vcpus=2, memory_gib=8, seconds=3600, arm64=True), 0.0816),
        (Attempt(vcpus=2, memory_gib=8, seconds=3600, fargate=True), 2 * 0.04048 + 8 * 0.004445),
        (Attempt(vcpus=2, memory_gib=8, seconds=6, fargate=True), (2 * 0.04048 + 8 * 0.004445) / 60),
        (Attempt(vcpus=2, memory_gib=8, seconds=0), 0.0),
    ],
)
def test_a_job_pays_for_what_it_keeps_from_others(attempt, dollars):
    """vCPUs or memory, whichever is more, on EC2; both on Fargate, and a minute at least."""
    found = compute.compute([attempt])
    assert found.on_demand == pytest.approx(dollars)
    assert found.spot == pytest.approx(dollars * prices.SPOT_SHARE)


def test_hours_add_up():
    """vCPU-hours and GiB-hours of all attempts; only prices that were used are named."""
    found = compute.compute([Attempt(vcpus=4, memory_gib=8, seconds=900)] * 3)
    assert (found.vcpu_hours, found.gib_hours, found.names) == (3.0, 6.0, ("EC2 vCPU-hours",))


def test_more_work_costs_more():
    """Every kind of work adds to transitions and to the dollars."""
    base = Work(tasks=10, found=2)
    for more in (
        Work(tasks=11, found=2),
        Work(tasks=10, found=3),
        Work(tasks=10, found=2, gated=4),
        Work(tasks=10, found=2, retries=1),
        Work(tasks=10, found=2, expansions=1),
        Work(tasks=10, found=2, epochs=2),
    ):
        assert engine.transitions(more) > engine.transitions(base)
        assert sum(prices.cost(engine.units(more)).values()) > sum(prices.cost(engine.units(base)).values())


def test_the_command_needs_nobody(headrace):
    """Sizes in, dollars out, without AWS; what is not confirmed is marked and named."""
    said = headrace("cost", "--tasks", "1000", "--time", "1h", "--cpus", "2", "--memory", "8 GB")
    assert said.code == 0
    assert re.search(r"^on-demand \* +100\.80$", said.out, re.MULTILINE)
    assert "together" in said.out
    assert "* not confirmed:" in said.out
    for name, price in prices.PRICES.items():
        if name in said.out.split("* not confirmed")[0]:
            assert (f"{name} *" in said.out) is not price.confirmed


def test_json_has_the_same_numbers(headrace):
    """For a spreadsheet."""
    told = json.loads(headrace("cost", "--tasks", "10", "--gated", "99", "--retries", "5", "--json").out)
    work = Work(tasks=10, gated=10, retries=5)
    assert told["engine"]["state transitions"]["units"] == engine.transitions(work)
    assert told["engineUsd"] == pytest.approx(sum(prices.cost(engine.units(work)).values()))
    assert told["machines"]["vcpu_hours"] == pytest.approx(15 / 6)


@pytest.mark.parametrize("words", [("--memory", "much"), ("--time", "soon"), ("--tasks", "0"), ("--cpus", "0")])
def test_wrong_sizes_are_wrong_input(headrace, words):
    """Exit code 2."""
    assert headrace("cost", *words).code == 2
