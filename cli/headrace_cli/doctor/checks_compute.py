"""Checks of job queues, compute environments, the transfer tool, and quotas."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Final

from headrace.core.bootstrap import MOUNTED_S5CMD
from headrace.core.errors import nearest
from headrace_cli.doctor import quotas
from headrace_cli.doctor.facts import Denied, Environment, Facts, Queue, Unanswered
from headrace_cli.doctor.findings import Finding, of_known, ok, problem, unknown
from headrace_cli.doctor.quotas import Quota

_ARRIVING: Final = frozenset({"CREATING", "UPDATING"})


def queues(facts: Facts) -> Iterator[Finding]:
    """Every queue is there, enabled, valid, and has environments."""
    for name, fact in facts.queues.items():
        yield from of_known(f"queue {name}", fact, partial(_queue, facts, name))


def environments(facts: Facts) -> Iterator[Finding]:
    """Every environment of these queues is there, enabled and valid, may start machines, and all are of one architecture."""
    for queue in _there(facts):
        for each in queue.environments:
            yield _environment(queue, each)
        arches = {each.arch for each in queue.environments if each.arch}
        if len(arches) > 1:
            says = f"its environments are {' and '.join(sorted(arches))}: an image runs on one of them only"
            yield problem(f"queue {queue.name}", says, "Give the queue environments of one architecture")


def transfer_tool(facts: Facts) -> Iterator[Finding]:
    """Machines bring the tool that moves files, or somebody else must."""
    for queue in _there(facts):
        for each in queue.environments:
            if each.state:
                yield from _tool(each)


def engine_quotas(facts: Facts) -> Iterator[Finding]:
    """Step Functions and Lambda let the engine work."""
    for quota in quotas.ENGINE:
        if quota.code in facts.quotas:
            yield from of_known(_subject(quota), facts.quotas[quota.code], partial(_enough, quota, quota.least))


def compute_quotas(facts: Facts) -> Iterator[Finding]:
    """EC2 and Fargate let the environments grow to their maxvCpus."""
    wanted: Counter[str] = Counter()
    kinds: dict[str, Quota] = {}
    seen = set()
    for queue in _there(facts):
        for each in queue.environments:
            quota = quotas.compute_quota(each.kind, each.types)
            if quota is not None and each.state == "ENABLED" and each.name not in seen:
                seen.add(each.name)
                wanted[quota.code] += each.max_vcpus
                kinds[quota.code] = quota
    for code, quota in kinds.items():
        if code in facts.quotas:
            yield from of_known(_subject(quota), facts.quotas[code], partial(_enough, quota, wanted[code]))


def batch_limits(facts: Facts) -> Iterator[Finding]:
    """There is room for another environment and queue, which an update of the stack may need for a while."""
    for what, fact, most in (
        ("compute environments", facts.environments_there, quotas.BATCH_ENVIRONMENTS),
        ("job queues", _count(facts), quotas.BATCH_QUEUES),
    ):
        yield from of_known(f"quota batch: {what}", fact, partial(_room, what, most))


def _room(what: str, most: int, count: int) -> Iterator[Finding]:
    if count >= most:
        fix = f"Delete {what} that nobody uses: the number cannot be raised, and an update may need one more"
        yield problem(f"quota batch: {what}", f"{count} of {most} are there", fix)
    else:
        yield ok(f"quota batch: {what}", f"{count} of {most}")


def _count(facts: Facts) -> int | Denied | Unanswered:
    there = facts.queues_there
    return len(there) if isinstance(there, tuple) else there


def _there(facts: Facts) -> list[Queue]:
    return [queue for queue in facts.queues.values() if isinstance(queue, Queue)]


def _queue(facts: Facts, name: str, found: Queue | None) -> Iterator[Finding]:
    subject = f"queue {name}"
    if found is None:
        known = facts.queues_there if isinstance(facts.queues_there, tuple) else ()
        fix = nearest(name, known) or (
            f"There are {', '.join(sorted(known)[:20])}" if known else "There is none at all"
        )
        yield problem(subject, f"it is not in {facts.region}", f"{fix}. Is the region that of your Batch environment?")
    elif found.state != "ENABLED":
        yield problem(
            subject, f"it is {found.state}: jobs are refused", "Enable it: `aws batch update-job-queue --state ENABLED`"
        )
    elif found.status != "VALID":
        fix = (
            "Wait until it is VALID"
            if found.status in _ARRIVING
            else "Mend what the reason says, or make the queue anew"
        )
        yield problem(subject, f"it is {found.status}{f': {found.reason}' if found.reason else ''}", fix)
    elif not found.environments:
        yield problem(subject, "it has no compute environment: nothing ever starts", "Give it one")
    else:
        order = ", then ".join(each.name for each in sorted(found.environments, key=lambda each: each.order))
        yield ok(subject, f"enabled; {order}")


def _environment(queue: Queue, each: Environment) -> Finding:
    subject = f"environment {each.name}"
    if not each.state:
        return problem(subject, f"the queue {queue.name} names it, and it is not there", "Take it out of the queue")
    if each.state != "ENABLED":
        fix = "Enable it: `aws batch update-compute-environment --state ENABLED`"
        return problem(subject, f"it is {each.state}: it starts nothing", fix)
    if each.status != "VALID":
        why = f": {each.reason}" if each.reason else ""
        wait = each.status in _ARRIVING
        fix = (
            "Wait until it is VALID"
            if wait
            else "docs/troubleshooting.md, a job that stays RUNNABLE: an INVALID environment"
        )
        return problem(subject, f"it is {each.status}{why}", fix)
    if each.max_vcpus < 1:
        return problem(subject, "its maxvCpus is 0: it starts nothing", "Raise maxvCpus (parameter MaxvCpus)")
    kinds = ", ".join(filter(None, [each.kind, f"at most {each.max_vcpus} vCPUs", " ".join(each.types), each.arch]))
    return ok(subject, kinds)


def _tool(each: Environment) -> Iterator[Finding]:
    subject = f"transfer tool {each.name}"
    if each.kind.startswith("FARGATE"):
        yield ok(subject, "the image brings it: s5cmd or aws")
    elif isinstance(each.tool, Denied | Unanswered):
        yield unknown(subject, each.tool)
    elif each.tool:
        yield from of_known(subject, each.binaries, partial(_binaries, each))
    elif each.image:
        why = (
            f"the AMI {each.image} must have {MOUNTED_S5CMD}, or an aws that cliPath names: it cannot be seen from here"
        )
        yield unknown(subject, Unanswered(why))
    else:
        says = (
            "no launch template installs it"
            if each.tool is None
            else f"its launch template does not install {MOUNTED_S5CMD}"
        )
        fix = "Use the stack's launch template, an AMI that has the tool, or images with s5cmd or aws"
        yield problem(subject, says, fix)


def _binaries(each: Environment, there: Mapping[str, bool]) -> Iterator[Finding]:
    """The tool lies where the launch template gets it from; a machine that cannot get it ends again."""
    subject = f"transfer tool {each.name}"
    missing = [uri for uri, found in there.items() if not found]
    if not missing:
        yield ok(subject, f"the launch template installs {MOUNTED_S5CMD}{_from(there)}")
    elif each.image:
        why = f"{' and '.join(missing)} is not there: the AMI {each.image} must have {MOUNTED_S5CMD}"
        yield unknown(subject, Unanswered(why))
    else:
        says = f"{' and '.join(missing)} is not there: its machines end as soon as they start"
        fix = (
            "Take its delete marker away (`aws s3api list-object-versions`), or put the tool there again (docs/ami.md)"
        )
        yield problem(subject, says, fix)


def _from(there: Mapping[str, bool]) -> str:
    return f" from {' and '.join(there)}" if there else ""


def _subject(quota: Quota) -> str:
    return f"quota {quota.service}: {quota.name}"


def _enough(quota: Quota, need: float, value: float) -> Iterator[Finding]:
    if value >= need:
        yield ok(_subject(quota), f"{value:,.0f}")
        return
    fix = f"`aws service-quotas request-service-quota-increase --service-code {quota.service} --quota-code {quota.code} --desired-value {need:.0f}`"
    yield problem(_subject(quota), f"{value:,.0f}, wanted are {need:,.0f}: {quota.below}", fix)
