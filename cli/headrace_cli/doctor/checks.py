"""Every check there is, in the order in which they are said."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from headrace_cli.doctor import checks_account, checks_compute, checks_data, checks_engine
from headrace_cli.doctor.facts import Facts
from headrace_cli.doctor.findings import Finding

CHECKS: Final[tuple[Callable[[Facts], Iterator[Finding]], ...]] = (
    checks_account.credentials,
    checks_account.region,
    checks_account.clock,
    checks_account.stack,
    checks_account.parts,
    checks_account.version,
    checks_data.bucket,
    checks_data.versioning,
    checks_data.bucket_events,
    checks_data.public_access,
    checks_data.transport,
    checks_data.ledger,
    checks_data.recovery,
    checks_engine.functions,
    checks_engine.machines,
    checks_engine.rules,
    checks_engine.roles,
    checks_engine.log_groups,
    checks_engine.alerts,
    checks_engine.dead_letters,
    checks_engine.alarms,
    checks_compute.queues,
    checks_compute.environments,
    checks_compute.transfer_tool,
    checks_compute.engine_quotas,
    checks_compute.compute_quotas,
    checks_compute.batch_limits,
)


def findings(facts: Facts) -> list[Finding]:
    """What all checks say, each thing once (two queues may share an environment)."""
    return list(dict.fromkeys(finding for check in CHECKS for finding in check(facts)))
