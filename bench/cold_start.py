"""How long each function takes to import, as a cold start does it, and what it is that takes the time.

    python -m bench.cold_start

The layer is built as `sam build` builds it (layers/core/Makefile: its own dependencies, with bytecode) into a temporary
folder; every handler is then imported by fresh interpreters that see the layer and its folder only. Clients that a handler
makes when it is imported are counted. Python must be the runtime's, 3.11. On a busy machine look at the CPU time, and at the least of it.
"""

from __future__ import annotations

import dataclasses
import os
import statistics
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from headrace.aws import settings

ROOT = Path(__file__).resolve().parents[1]
RUNS = 7
HEAVIEST = 7
AIM_MS = 300
TIMED = """
import sys, time
wall, cpu = time.perf_counter(), time.process_time()
import app
print((time.perf_counter() - wall) * 1000, (time.process_time() - cpu) * 1000, len(sys.modules))
"""


def main() -> None:
    """Print one line per function."""
    with tempfile.TemporaryDirectory() as folder:
        build = ["make", "--silent", "-C", ROOT / "layers/core", "build-CoreLayer"]
        subprocess.run([*build, f"ARTIFACTS_DIR={folder}", f"PYTHON={sys.executable}"], check=True)
        print(f"median of {RUNS}; the aim is {AIM_MS} ms; the heaviest packages by their own time, in ms")
        print(f"{'function':14} {'wall ms':>8} {'CPU ms':>7} {'least':>8} {'modules':>8}  heaviest")
        for app in sorted((ROOT / "functions").glob("*/app.py")):
            _line(app.parent, Path(folder) / "python")


def _line(function: Path, layer: Path) -> None:
    runs = [[float(word) for word in _python(function, layer, "-c", TIMED).stdout.split()] for _ in range(RUNS)]
    columns = list(zip(*runs, strict=True))
    wall, cpu, modules = (statistics.median(column) for column in columns)
    heaviest = _heaviest(_python(function, layer, "-X", "importtime", "-c", "import app").stderr)
    print(f"{function.name:14} {wall:8.0f} {cpu:7.0f} {min(columns[1]):8.0f} {modules:8.0f}  {heaviest}")


def _heaviest(report: str) -> str:
    """The packages that took most, each with its modules' own time; what `app` does itself is making clients."""
    own: Counter[str] = Counter()
    for line in report.splitlines():
        microseconds, bar, rest = line.removeprefix("import time:").partition("|")
        if bar and microseconds.strip().isdigit():
            own[rest.partition("|")[2].strip().partition(".")[0]] += int(microseconds)
    return ", ".join(f"{name} {time / 1000:.0f}" for name, time in own.most_common(HEAVIEST))


def _python(function: Path, layer: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-S", *words],
        env=_environment() | {"PYTHONPATH": f"{layer}{os.pathsep}{function}"},
        capture_output=True,
        text=True,
        check=True,
    )


def _environment() -> dict[str, str]:
    """What Lambda and the template give a function, as far as importing it goes."""
    kinds = [kind for kind in vars(settings).values() if isinstance(kind, type) and issubclass(kind, settings.Settings)]
    fields = [field for kind in kinds for field in dataclasses.fields(kind)]
    return {
        "PATH": os.environ["PATH"],
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_LAMBDA_FUNCTION_NAME": "bench",
        "AWS_LAMBDA_FUNCTION_VERSION": "1",
        # With it Powertools traces, as it does on Lambda.
        "LAMBDA_TASK_ROOT": "/var/task",
        "POWERTOOLS_SERVICE_NAME": "headrace",
        "POWERTOOLS_METRICS_NAMESPACE": "Headrace",
        **{f"{settings.PREFIX}{field.name.upper()}": "1" for field in fields},
    }


if __name__ == "__main__":
    main()
