"""`headrace cost`: what tasks cost, planned or run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Annotated, Any

import typer

from headrace.core import units
from headrace.core.errors import InvalidSpec, InvalidValue, Problem
from headrace_cli import exit_codes, options, shown
from headrace_cli.cost import compute, engine, prices
from headrace_cli.cost.compute import Attempt, Compute
from headrace_cli.cost.engine import Work

Run = Annotated[
    str,
    typer.Argument(
        metavar="[RUN]", help="A run that was run: its id, a beginning of it, or `last`.", show_default=False
    ),
]
Tasks = Annotated[int, typer.Option("--tasks", metavar="N", min=1, help="How many tasks.")]
Time = Annotated[str, typer.Option("--time", metavar="TIME", help="How long one of them runs.")]
Cpus = Annotated[float, typer.Option("--cpus", metavar="N", min=0.25, help="Its vCPUs.")]
Memory = Annotated[str, typer.Option("--memory", metavar="SIZE", help="Its memory.")]
Gated = Annotated[int, typer.Option("--gated", metavar="N", min=0, help="How many of them wait for other tasks.")]
Retries = Annotated[int, typer.Option("--retries", metavar="N", min=0, help="Tries beyond the first, all together.")]
Fargate = Annotated[bool, typer.Option("--fargate", help="They run on Fargate.")]


def cost(
    run: Run = "",
    tasks: Tasks = 1000,
    time: Time = "10m",
    cpus: Cpus = 1.0,
    memory: Memory = "4 GB",
    gated: Gated = 0,
    retries: Retries = 0,
    fargate: Fargate = False,
    json_: options.Json = False,
    local: options.Local = False,
    profile: options.Profile = None,
    region: options.Region = None,
    stack: options.Stack = "headrace",
    tenant: options.Tenant = "",
) -> int:
    """Estimate what tasks cost: the engine, and the machines. With RUN, from what that run did; else from the sizes given.

    Prices are those of us-east-1 without free tiers; docs/cost.md says where each comes from, which are not confirmed, and what is not
    counted. Nobody is asked for a bill: on the local cloud it is what the run would have cost on AWS.

    For example:

        headrace cost --tasks 10000 --gated 9000 --time 15m --cpus 4 --memory '16 GB'
    """
    guessed = 0
    if run:
        from headrace_cli import runs_named
        from headrace_cli.cost import of_run
        from headrace_cli.target import reach

        target = reach(local=local, profile=profile, region=region, stack=stack)
        record = runs_named.find(target, run, tenant)
        spent = of_run.spent(target, record)
        work, attempts, guessed = spent.work, spent.attempts, spent.guessed
        title = f"{record.epoch.run}, epoch {record.epoch.number}"
    else:
        one = Attempt(vcpus=cpus, memory_gib=_gib(memory), seconds=_seconds(time), fargate=fargate)
        work = Work(tasks=tasks, gated=min(gated, tasks), retries=retries)
        attempts, title = (one,) * (tasks + retries), f"{tasks:,} tasks"
    machines = compute.compute(attempts)
    if json_:
        shown.as_json(_as_json(title, work, machines, guessed))
    else:
        _say(title, work, machines, guessed)
    return exit_codes.DONE


def _say(title: str, work: Work, machines: Compute, guessed: int) -> None:
    shown.line(
        f"{title}: {work.tasks:,} run, {work.found:,} found done or skipped, {work.retries:,} more tries, us-east-1, USD"
    )
    shown.line()
    billed = engine.units(work)
    dollars = prices.cost(billed)
    rows = [
        (
            name + prices.mark(name),
            f"{amount:,.2f}" if amount >= 1 else f"{amount:.4f}",
            f"{dollars[name]:.4f}",
            f"{_per_1000(dollars[name], work):.4f}",
        )
        for name, amount in billed.items()
    ]
    total = sum(dollars.values())
    shown.table(
        ("engine", "units", "$", "$ per 1,000 tasks"),
        [*rows, ("together", "", f"{total:.4f}", f"{_per_1000(total, work):.4f}")],
    )
    shown.line()
    marked = "".join({prices.mark(name) for name in machines.names})
    fargate = all(name.startswith("Fargate") for name in machines.names) and machines.names
    shown.table(
        ("machines", "", "$"),
        [
            ("vCPU-hours", f"{machines.vcpu_hours:,.2f}", ""),
            ("GiB-hours", f"{machines.gib_hours:,.2f}", ""),
            (("Fargate" if fargate else "on-demand") + marked, "", f"{machines.on_demand:.2f}"),
            (("Fargate Spot" if fargate else "Spot") + ", about *", "", f"{machines.spot:.2f}"),
        ],
    )
    shown.line()
    for note in _notes(guessed, [*billed, *machines.names]):
        shown.line(note)


def _notes(guessed: int, names: Iterable[str]) -> list[str]:
    unconfirmed = sorted({name for name in names if not prices.PRICES[name].confirmed})
    found = [f"* not confirmed: {', '.join([*unconfirmed, 'the share of Spot'])} (docs/cost.md)"]
    if guessed:
        found.append(
            f"{guessed:,} attempts of jobs that Batch has forgotten: their vCPUs are guessed from their memory"
        )
    found.append(
        "not counted: machines while they start or stand half empty, volumes, stored bytes, logs of jobs, NAT gateways"
    )
    return found


def _as_json(title: str, work: Work, machines: Compute, guessed: int) -> dict[str, Any]:
    billed = engine.units(work)
    dollars = prices.cost(billed)
    return {
        "what": title,
        "work": asdict(work),
        "engine": {
            name: {"units": amount, "usd": dollars[name], "confirmed": prices.PRICES[name].confirmed}
            for name, amount in billed.items()
        },
        "engineUsd": sum(dollars.values()),
        "engineUsdPer1000Tasks": _per_1000(sum(dollars.values()), work),
        "machines": asdict(machines),
        "guessedAttempts": guessed,
        "notes": _notes(guessed, [*billed, *machines.names]),
    }


def _per_1000(dollars: float, work: Work) -> float:
    return dollars / max(1, work.tasks + work.found) * 1000


def _gib(memory: str) -> float:
    try:
        return units.memory_mib(memory) / 1024
    except InvalidValue as error:
        raise InvalidSpec([Problem("--memory", error.message, memory, error.expected, error.hint)]) from None


def _seconds(time: str) -> float:
    try:
        return float(units.duration_s(time))
    except InvalidValue as error:
        raise InvalidSpec([Problem("--time", error.message, time, error.expected, error.hint)]) from None
