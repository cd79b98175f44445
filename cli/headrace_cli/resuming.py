"""Going on with a run: what the launch request of a resume says, and which epoch it was given.

Without a spec the request names the run alone: it goes on with the pipeline and the params it had. With one, everything the
earlier launch said beside the pipeline holds unless it is said again, so work is looked for where it was left.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from headrace.aws import ledger_launches, run_folder
from headrace.aws import s3 as store
from headrace.core import run_state, yaml_source
from headrace.core.errors import InvalidValue
from headrace.core.launch_request import read_launch
from headrace.core.locations import is_uri
from headrace.core.params import Param
from headrace.core.records import Epoch, RunRecord
from headrace.core.selectors import Defaults
from headrace_cli.following import RefusedLaunch
from headrace_cli.given_params import Given
from headrace_cli.launch import Launched
from headrace_cli.target import Target

KEPT: Final = ("name", "outdir", "workDir", "process", "labels")
"""What of the earlier launch holds for the next epoch."""

_LOCAL_S: Final = 0.2
_AWS_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class Earlier:
    """What an epoch was launched with, params apart from the rest."""

    request: Mapping[str, Any]

    @property
    def params(self) -> Mapping[str, Any]:
        """Its params, files as URIs."""
        return dict(self.request.get("params") or {})

    @property
    def process(self) -> Defaults | None:
        """The directives of the launch itself, stronger than the spec's."""
        said = {"resume": "earlier", "process": self.request.get("process") or {}}
        request = read_launch(yaml_source.read(json.dumps(said), "the earlier launch")).request
        return request.process if request else None

    @property
    def said(self) -> dict[str, Any]:
        """What holds for the next epoch too."""
        return {key: self.request[key] for key in KEPT if self.request.get(key)}


def check_concluded(record: RunRecord, flags: str) -> None:
    """InvalidValue naming the state of a run that goes on, and what to do."""
    if record.state in run_state.CONCLUDED:
        return
    run = record.epoch.run
    raise InvalidValue(
        f"{run} cannot be resumed: it is {record.state}",
        expected="a run that is over",
        hint=f"wait for its end (`headrace status {run}{flags}`) or end it: `headrace cancel {run}{flags}`",
    )


def earlier(target: Target, record: RunRecord) -> Earlier | None:
    """What the newest epoch that was planned was launched with; None when none ever was."""
    for number in range(record.epoch.number, 0, -1):
        try:
            return Earlier(run_folder.read_request(target.client("s3"), target.bucket, record.epoch.run, number))
        except store.ObjectMissing:
            continue
    return None


def was_planned(target: Target, record: RunRecord) -> bool:
    """Whether the latest epoch got as far as a plan: only then a resume without a spec knows what to run."""
    request = f"s3://{target.bucket}/runs/{record.epoch.run}/{record.epoch.number}/request.json"
    return store.look(target.client("s3"), request) is not None


def pipeline_of(target: Target, known: Earlier | None, run: str) -> str:
    """Where the pipeline of the earlier launch is; InvalidValue when it is nowhere it can be read from again."""
    place = known.request.get("pipeline") if known else None
    hint = "name the spec: `headrace resume RUN SPEC`"
    if not isinstance(place, str) or not is_uri(place):
        raise InvalidValue(f"the pipeline of {run} is no file that can be read again with other params", hint=hint)
    version = str((known.request.get("version") if known else "") or "")
    found = store.look(target.client("s3"), place)
    if found is None or (version and found.version != version):
        raise InvalidValue(f"{place} is gone or another one since {run} was started", hint=hint)
    return place


def inherited(declared: Mapping[str, Param], known: Earlier, given: Mapping[str, Given]) -> dict[str, Given]:
    """The earlier params that still hold: declared, and not given again.

    A file that a spec's default names is uploaded with the launch, so the earlier launch has it among its params; it is taken
    from the spec again, which may name another one now.
    """
    base = known.request.get("pipeline")
    return {
        name: Given(value, base if isinstance(base, str) else "")
        for name, value in known.params.items()
        if name in declared and name not in given and not _is_default(declared[name], value)
    }


def epoch_of(target: Target, run: str, launched: Launched) -> Epoch:
    """The epoch that a resume was given, as soon as launch_run has read it. RefusedLaunch with its errors file."""
    report = f"s3://{target.bucket}/errors/{launched.key}.txt"
    while True:
        if number := ledger_launches.resumed(target.table, launched.epoch.run, run):
            return Epoch(run, number)
        if store.look(target.client("s3"), report) is not None:
            raise RefusedLaunch(store.read(target.client("s3"), report).decode("utf-8", "replace"))
        time.sleep(_LOCAL_S if target.is_local else _AWS_S)


def _is_default(param: Param, value: Any) -> bool:
    """Whether a param's value is the upload of the file its default names, as far as the name tells."""
    default = param.default
    if isinstance(default, list):
        values = value if isinstance(value, list) else []
        return len(values) == len(default) and all(map(_same_file, default, values)) and bool(default)
    return _same_file(default, value)


def _same_file(default: Any, value: Any) -> bool:
    if not isinstance(default, str) or not isinstance(value, str) or is_uri(default) or not is_uri(value):
        return False
    return default.rstrip("/").rpartition("/")[2] == value.rstrip("/").rpartition("/")[2]
