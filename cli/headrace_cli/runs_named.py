"""Which run the user means: its id, a unique beginning of it, or `last`."""

from __future__ import annotations

from itertools import islice

from headrace.aws import ledger_runs
from headrace.core import run_format
from headrace.core.errors import InvalidValue, nearest
from headrace.core.records import RunRecord
from headrace_cli import teams
from headrace_cli.target import Target

LAST = "last"
_SHOWN = 5
_LOOKED_AT = 100_000


def find(target: Target, name: str, tenant: str = "") -> RunRecord:
    """The run's record in its latest epoch; InvalidValue when there is none, or more than one.

    `tenant` is the team that is said. Whose run an id names is known from the id; `last` and a shorter beginning are looked for
    among the runs of the team, or else of all, which only who operates the stack may read.
    """
    said = teams.check(target, tenant)
    with teams.whose(target, said):
        found = _find(target, name, said or teams.of_run(target, name))
    if found is None:
        raise InvalidValue(f"the ledger lists a run {name!r} and has no record of it")
    run_format.check(found.epoch.run, found.epoch.number, found.format)
    return found


def _find(target: Target, name: str, tenant: str) -> RunRecord | None:
    table = target.table
    if name == LAST:
        entry = next(iter(ledger_runs.runs(table, tenant=tenant)), None)
        if entry is None:
            raise InvalidValue(f"there is no run{_of(tenant)} yet on {target.where}", hint="`headrace run` starts one")
        return ledger_runs.latest_run(table, entry.epoch.run)
    # A team may read no record but those of its runs, not even that there is none.
    theirs = not tenant or name.startswith(f"{tenant}-")
    found = ledger_runs.latest_run(table, name) if theirs else None
    return found or ledger_runs.latest_run(table, _only(target, name, tenant))


def _only(target: Target, prefix: str, tenant: str) -> str:
    entries = islice(ledger_runs.runs(target.table, prefix, tenant), _LOOKED_AT)
    names = list(dict.fromkeys(entry.epoch.run for entry in entries))
    if len(names) == 1:
        return names[0]
    if names:
        more = f", … ({len(names)} in all)" if len(names) > _SHOWN else ""
        raise InvalidValue(
            f"{prefix!r} is the beginning of more than one run: {', '.join(names[:_SHOWN])}{more}",
            expected="an id, or a unique beginning of one",
        )
    known = [entry.epoch.run for entry in islice(ledger_runs.runs(target.table, tenant=tenant), 1000)]
    hint = nearest(prefix, known) or "`headrace runs` lists them"
    raise InvalidValue(f"there is no run {prefix!r}{_of(tenant)} on {target.where}", hint=hint)


def _of(tenant: str) -> str:
    return f" of {tenant}" if tenant else ""
