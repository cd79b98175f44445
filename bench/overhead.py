"""What running a task costs beyond the task: wall and CPU time on the local cloud, calls to AWS, and dollars on AWS.

    python -m bench.overhead [samples]        100 samples x 3 stages and a gather: 301 tasks that do next to nothing

Counted, not estimated: state transitions (states entered, as AWS bills them), Lambda invocations, DynamoDB and S3 calls by
operation, SubmitJob and other Batch calls. Prices are those of headrace_cli.cost.prices, free tiers left out. Two things are taken as
given because one machine cannot tell them: how long an invocation lasts on AWS (SECONDS), and that items are under 1 KB.
Jobs' own compute, logs and storage are the same with any engine and left out.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.support.live_stack import LiveStack  # noqa: E402

from headrace_cli.cost.engine import GIB, SECONDS  # noqa: E402
from headrace_cli.cost.prices import PRICES  # noqa: E402
from headrace_local import deploy, start, stop  # noqa: E402

IMAGE = "public.ecr.aws/docker/library/debian:stable-slim"
_WRITES = ("PutItem", "UpdateItem", "DeleteItem")
_READS = ("GetItem", "Query", "BatchGetItem")
_S3_PUTS = (
    "PutObject",
    "PutObjectTagging",
    "CopyObject",
    "UploadPart",
    "CreateMultipartUpload",
    "CompleteMultipartUpload",
    "PostObject",
)
_S3_WRITES = (*_S3_PUTS, "ListObjectsV2", "ListObjects")


@dataclass(frozen=True)
class Measured:
    """One run: how many tasks, how long, and everything it called, by `caller operation`."""

    tasks: int
    wall_s: float
    cpu_s: float
    transitions: int
    calls: Counter[tuple[str, str]]
    latches: int

    def of(self, service: str, *operations: str, caller: str = "") -> int:
        """How often these operations of a service were called; all of them when none is named."""
        return sum(
            n
            for (who, what), n in self.calls.items()
            if who.startswith(caller)
            and what.partition(":")[0] == service
            and (not operations or what.partition(":")[2] in operations)
        )

    @property
    def lambdas(self) -> dict[str, int]:
        """Invocations by function."""
        found: Counter[str] = Counter()
        for (who, what), n in self.calls.items():
            if n and who == "executed" and what.startswith("lambda:"):
                # Functions of another stack in the same cloud end in the same name.
                found[next((name for name in GIB if what.endswith(name)), what)] += n
        return dict(found)

    def units(self) -> dict[str, float]:
        """What AWS bills, for the whole run."""
        # A transaction costs two units per item: the task's record and one shard of each latch it opens.
        transacted = self.of("dynamodb", "TransactWriteItems")
        written = 2 * (transacted + self.latches)
        return {
            "state transitions": self.transitions,
            "Lambda calls": sum(self.lambdas.values()),
            "Lambda GB-s": sum(n * SECONDS * GIB.get(name, 1.0) for name, n in self.lambdas.items()),
            "DynamoDB write units": self.of("dynamodb", *_WRITES) + written,
            "DynamoDB read units": self.of("dynamodb", *_READS),
            "S3 writes and lists": self.of("s3", *_S3_WRITES),
            "S3 reads": self.of("s3", "GetObject", "HeadObject", "HeadBucket"),
            "bus events": self.of("events", "PutEvents"),
            "Batch SubmitJob": self.calls[("executed", "batch:SubmitJob")],
            "Batch, other calls": self.of("batch") - self.calls[("executed", "batch:SubmitJob")],
        }


def main() -> None:
    """Run it once to warm up, once to measure, and print what it took per task."""
    samples = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    with tempfile.TemporaryDirectory(prefix="headrace-overhead-") as folder:
        home = Path(folder)
        cloud = start(home, vcpus=64, memory_mib=65536)
        try:
            live = LiveStack(cloud, "bench", deploy(cloud.endpoint, ROOT / "template.yaml", "bench", {}))
            measure(live, stages(4))
            print(report(measure(live, stages(samples))))
        finally:
            stop(home)


def stages(samples: int) -> dict[str, Any]:
    """Samples through three stages, and a gather."""
    return {
        "name": f"overhead-{samples}",
        "params": {"samples": [f"s{n:05d}" for n in range(samples)]},
        "defaults": {"container": IMAGE, "memory": "256 MB", "cache": False},
        "processes": {
            "first": {
                "each": {"sample": "${{ params.samples }}"},
                "outputs": {"o": "${{ sample }}.1"},
                "script": "echo ${{ sample }} > ${{ outputs.o }}",
            },
            "second": {
                "each": ["sample"],
                "inputs": {"i": "${{ first.o }}"},
                "outputs": {"o": "${{ sample }}.2"},
                "script": "cp ${{ i }} ${{ outputs.o }}",
            },
            "third": {
                "each": ["sample"],
                "inputs": {"i": "${{ second.o }}"},
                "outputs": {"o": "${{ sample }}.3"},
                "script": "cp ${{ i }} ${{ outputs.o }}",
            },
            "gather": {
                "inputs": {"all": "${{ third.o }}"},
                "outputs": {"o": "all.txt"},
                "script": "cat ${{ all }} > all.txt",
            },
        },
        "outputs": {"all": "${{ gather.o }}"},
    }


def measure(live: LiveStack, spec: dict[str, Any]) -> Measured:
    """Run a spec to its end; SystemExit when it does not succeed."""
    before, cpu, begun = live.calls(), _cpu_s(live.cloud.pid), time.perf_counter()
    ended = live.run(spec)
    wall = time.perf_counter() - begun
    after = live.calls()
    if ended.status != "SUCCEEDED":
        raise SystemExit(f"the run {ended.status}: {ended.error} {ended.cause}")
    calls = _flat(after["calls"])
    calls.subtract(_flat(before["calls"]))
    tasks = ended.record.tasks["succeeded"]
    # Every task but the gather opens one latch; each of these is one more item of its transaction.
    return Measured(
        tasks,
        wall,
        _cpu_s(live.cloud.pid) - cpu,
        after["stateTransitions"] - before["stateTransitions"],
        calls,
        tasks - 1,
    )


def report(measured: Measured) -> str:
    """The numbers per task, and per 1,000 tasks in dollars."""
    tasks = measured.tasks
    wall, cpu = 1000 * measured.wall_s / tasks, 1000 * measured.cpu_s / tasks
    lines = [
        f"{tasks} tasks, {measured.wall_s:.1f} s; per task {wall:.0f} ms wall and {cpu:.0f} ms CPU, jobs and cloud included",
        "",
        f"{'per task':28}{'count':>9}{'$ per 1,000 tasks':>20}",
    ]
    dollars = 0.0
    for name, units in measured.units().items():
        price = PRICES[name].usd if name in PRICES else None
        cost = units / tasks * 1000 * price if price is not None else 0.0
        dollars += cost
        lines.append(f"{name:28}{units / tasks:>9.2f}" + (f"{cost:>20.4f}" if price is not None else f"{'-':>20}"))
    lines += [f"{'together':28}{'':>9}{dollars:>20.4f}", ""]
    lines += [f"{'Lambda ' + name:28}{n / tasks:>9.2f}" for name, n in measured.lambdas.items()]
    lines += ["", f"{'who calls S3':28}{'writes':>9}{'lists':>9}{'reads':>9}"]
    for caller in ("lambda:", *(f"lambda:bench-{name}" for name in measured.lambdas), "batch:"):
        counts = [
            measured.of("s3", *operations, caller=caller) / tasks
            for operations in (_S3_PUTS, ("ListObjectsV2", "ListObjects"), ("GetObject", "HeadObject"))
        ]
        lines.append(f"{caller:28}" + "".join(f"{n:>9.2f}" for n in counts))
    return "\n".join(lines)


def _flat(calls: dict[str, dict[str, int]]) -> Counter[tuple[str, str]]:
    found: Counter[tuple[str, str]] = Counter()
    for caller, operations in calls.items():
        # Jobs and workers have names of their own; the tests' own calls are not the run's.
        if caller != "other":
            for operation, n in operations.items():
                found[("batch:" if caller.startswith("batch:") else caller, operation)] += n
    return found


def _cpu_s(pid: int) -> float:
    """CPU seconds of a process, of its living descendants, and of all it has waited for."""
    stats = {int(path.name): _stat(path) for path in Path("/proc").iterdir() if path.name.isdigit()}
    family = {pid}
    while more := {child for child, stat in stats.items() if stat and stat[0] in family} - family:
        family |= more
    return sum(stat[1] for member in family if (stat := stats.get(member))) / 100


def _stat(path: Path) -> tuple[int, int] | None:
    """Parent, and ticks of the process and its ended children (proc(5))."""
    try:
        fields = (path / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return int(fields[1]), sum(int(field) for field in fields[11:15])


if __name__ == "__main__":
    main()
