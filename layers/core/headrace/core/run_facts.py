"""What a run is: the launch it came from, made whole, and where its things are.

A launch arrives as the input of run_pipeline, from launch_run or by hand: `{"pipeline": "s3://…" | {…spec…}, "params"?: {…},
…}`. Facts are written once to `run.json` and read by every function that works for the run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from headrace.core import names, tenancy
from headrace.core.errors import InvalidSpec, InvalidValue, Problem, nearest
from headrace.core.locations import is_uri
from headrace.core.tenancy import Reach
from headrace.core.work_dir import check_work_dir
from headrace.core.writable import Use, check_writable

_TEXTS: Final = ("version", "name", "outdir", "workDir", "resume", "run")
_MAPS: Final = ("params", "process", "labels")
_KEYS: Final = frozenset({"pipeline", "epoch", *_TEXTS, *_MAPS})
_MOST_LEVELS: Final = 64  # as of a file (yaml_source.MAX_DEPTH); what is deeper is no pipeline
_LAST_EPOCH: Final = 999_999  # six digits in the ledger's keys
# What Step Functions adds so that the console links an execution to the one that started it.
_ADDED: Final = "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID"


@dataclass(frozen=True, slots=True)
class RunFacts:
    """A run's epoch and its places: `work` and `outdir` are URIs that end in a slash, `folder` is the run's own.

    `parted`: teams part the deployment, so that only what is the tenant's is read and written for the run; `write_buckets` is
    AllowedWriteBuckets then.
    """

    run: str
    epoch: int
    name: str
    bucket: str
    tenant: str
    execution: str
    started: str
    pipeline: str
    work: str
    outdir: str
    folder: str
    labels: Mapping[str, str] = field(default_factory=dict)
    process: Mapping[str, Any] = field(default_factory=dict)
    deployment: Mapping[str, Any] = field(default_factory=dict)
    parted: bool = False
    write_buckets: str = ""

    @property
    def reach(self) -> Reach | None:
        """What may be read and written for the run; None: whatever the stack's roles may."""
        return Reach(self.tenant, self.bucket, self.write_buckets) if self.parted else None

    def to_json(self) -> dict[str, Any]:
        """The facts as `run.json` holds them."""
        return asdict(self)


def from_json(value: Mapping[str, Any]) -> RunFacts:
    """The facts of a `run.json`."""
    return RunFacts(**value)


def check_launch(launch: object) -> dict[str, Any]:
    """The input of run_pipeline, checked; InvalidSpec with every problem of it."""
    if not isinstance(launch, Mapping):
        raise InvalidSpec([Problem("", "the input is not a launch", launch, '{"pipeline": "s3://…", "params": {…}}')])
    if _is_deep(launch):
        # Nothing may show such a value, or write it as JSON: both recurse.
        raise InvalidSpec([Problem("", f"nested deeper than {_MOST_LEVELS} levels", expected="a launch")])
    launch = {key: value for key, value in launch.items() if value is not None}
    problems = [
        Problem(key, "not a key of a launch", expected=", ".join(sorted(_KEYS)), hint=nearest(key, _KEYS))
        for key in sorted(launch.keys() - _KEYS - {_ADDED})
    ]
    pipeline = launch.get("pipeline")
    if pipeline is None and not launch.get("resume"):
        problems.append(
            Problem(
                "pipeline",
                "missing",
                expected="the URI of a spec, or a spec",
                hint='{"pipeline": "s3://bucket/pipeline.yaml"}',
            )
        )
    elif pipeline is not None and not isinstance(pipeline, str | Mapping):
        problems.append(Problem("pipeline", "not a pipeline", pipeline, "the URI of a spec, or a spec"))
    problems += [
        Problem(key, "not text", launch[key], "text") for key in _TEXTS if not isinstance(launch.get(key, ""), str)
    ]
    problems += [
        Problem(key, "not a map", launch[key], "a map") for key in _MAPS if not isinstance(launch.get(key, {}), Mapping)
    ]
    epoch = launch.get("epoch", 1)
    if not isinstance(epoch, int) or isinstance(epoch, bool) or not 1 <= epoch <= _LAST_EPOCH:
        problems.append(Problem("epoch", "not an epoch", epoch, f"a whole number from 1 to {_LAST_EPOCH:,}"))
    problems += [
        Problem(key, "not a run id", launch[key], "a-z, 0-9 and dashes, at most 40")
        for key in ("run", "resume")
        if isinstance(launch.get(key), str) and not names.RUN_PATTERN.fullmatch(launch[key])
    ]
    if problems:
        raise InvalidSpec(problems)
    return {key: value for key, value in launch.items() if key in _KEYS}


def _is_deep(value: object) -> bool:
    level = [value]
    for _ in range(_MOST_LEVELS + 2):
        level = [
            inner
            for each in level
            for inner in (each.values() if isinstance(each, Mapping) else each if isinstance(each, list) else ())
        ]
    return bool(level)


def run_of(launch: Mapping[str, Any], execution_name: str) -> str:
    """The run a launch is of: the one it resumes, the one it names, else one named by its execution; InvalidSpec if none."""
    if named := launch.get("resume") or launch.get("run"):
        return str(named)
    try:
        return names.named_run_id(execution_name)
    except InvalidValue as error:
        raise InvalidSpec([Problem("run", error.message, expected=error.expected)]) from None


def facts(
    launch: Mapping[str, Any],
    *,
    run: str,
    epoch: int,
    name: str,
    bucket: str,
    tenant: str,
    execution: str,
    started: str,
    deployment: Mapping[str, Any] | None = None,
    allowed: str = "",
    parted: bool = False,
) -> RunFacts:
    """The facts of a checked launch; InvalidSpec naming a place that cannot be used. `allowed`: AllowedWriteBuckets.

    `parted`: the tenant is one of the teams of the deployment, and has its own places.
    """
    reach = Reach(tenant, bucket, allowed) if parted else None
    work = str(launch.get("workDir") or f"s3://{bucket}/work/")
    outdir = str(launch.get("outdir") or f"s3://{bucket}/results/{f'{tenant}/' if parted else ''}{run}/")
    if problems := wrong_places({"workDir": work, "outdir": outdir}, bucket=bucket, allowed=allowed, reach=reach):
        raise InvalidSpec(problems)
    pipeline = launch.get("pipeline", "")
    return RunFacts(
        run=run,
        epoch=epoch,
        name=str(launch.get("name") or name),
        bucket=bucket,
        tenant=tenant,
        execution=execution,
        started=started,
        pipeline=pipeline if isinstance(pipeline, str) else "",
        work=f"{work.rstrip('/')}/{tenant}/",
        outdir=f"{outdir.rstrip('/')}/",
        folder=folder(bucket, run, epoch),
        labels={str(key): str(value) for key, value in launch.get("labels", {}).items()},
        process=dict(launch.get("process", {})),
        deployment=dict(deployment or {}),
        parted=parted,
        write_buckets=allowed if parted else "",
    )


def folder(bucket: str, run: str, epoch: int) -> str:
    """The run's own folder, with a slash at its end."""
    return f"s3://{bucket}/runs/{run}/{epoch}/"


def wrong_places(launch: Mapping[str, Any], *, bucket: str, allowed: str, reach: Reach | None = None) -> list[Problem]:
    """What is wrong with the work dir and the outdir of a launch, as far as it names them; `reach`: of a team's."""
    problems = []
    for key, use, check, of_team in _PLACES:
        if not (uri := str(launch.get(key) or "")):
            continue
        try:
            check(uri, bucket=bucket)
            if reach:
                of_team(uri, reach)
            check_writable(f"{uri.rstrip('/')}/", use, bucket=bucket, allowed=allowed)
        except InvalidValue as error:
            problems.append(Problem(key, error.message, uri, error.expected, error.hint))
    return problems


def wrong_targets(process: str, paths: Iterable[str], *, bucket: str, allowed: str) -> list[Problem]:
    """Where a process publishes to and nobody of the stack may write; paths below the run's outdir are none of these."""
    problems = []
    for path in paths:
        if not is_uri(path):
            continue
        try:
            check_results(path, bucket=bucket)
            check_writable(f"{path.rstrip('/')}/", "results", bucket=bucket, allowed=allowed)
        except InvalidValue as error:
            where = f"processes.{process}.publishDir"
            problems.append(Problem(where, error.message, path, error.expected, error.hint))
    return problems


def check_results(uri: str, *, bucket: str) -> None:
    """InvalidValue when results cannot go there; `bucket` is the deployment's own. Below launch/ each would start a run."""
    scheme, _, rest = uri.partition("://")
    place, _, key = rest.partition("/")
    if scheme != "s3" or not place:
        raise InvalidValue("not a folder in S3", expected="s3://bucket/folder")
    if not key.strip("/"):
        raise InvalidValue("a bucket without a folder", expected=f"a folder in it, such as s3://{place}/work")
    if place == bucket and key.split("/", 1)[0] in {"launch", "errors", "runs"}:
        raise InvalidValue("a folder Headrace keeps for itself", expected="a folder beside launch/, errors/ and runs/")


_PLACES: Final[tuple[tuple[str, Use, Callable[..., object], Callable[[str, Reach], None]], ...]] = (
    ("workDir", "work", check_work_dir, tenancy.check_work),
    ("outdir", "results", check_results, tenancy.check_results),
)
