"""Resuming a run of 300 tasks of which 299 are done: what it submits, and how long it takes, on the local cloud.

    python -m bench.resume [TASKS]

The first epoch makes everything but one task, which fails when all others have run. Then it is mended and the run is resumed
as `headrace resume` does; counted are the jobs the new epoch submits, its API calls per task, and the time from the
request's upload to the end of the run. It is not met when more than one job is submitted.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path

from tests.support.live_stack import ROOT, LiveStack, until

from headrace.aws import ledger_runs
from headrace.core.records import Epoch, RunRecord
from headrace.core.run_state import CONCLUDED
from headrace_local import deploy, start, stop

TASKS = 300
LIMIT_S = 10.0
SPEC = """
name: resume
defaults: {{container: any}}
processes:
  part:
    each: {{n: {{range: [1, {tasks}]}}}}
    errorStrategy: finish
    outputs: {{o: o.txt}}
    script: |
      touch {marks}/${{{{ n }}}}
      if [ ${{{{ n }}}} = {tasks} ] && ! [ -e '{marks}/mended' ]; then
        until [ "$(ls '{marks}' | wc -l)" = {tasks} ]; do sleep 1; done
        exit 1
      fi
      echo ${{{{ n }}}} > o.txt
"""


def main() -> int:
    """Print the numbers; 1 when more than one job was submitted."""
    tasks = int(sys.argv[1]) if sys.argv[1:] else TASKS
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "cloud"
        cloud = start(home, vcpus=64, memory_mib=131_072)
        try:
            stack = LiveStack(cloud, "headrace", deploy(cloud.endpoint, ROOT / "template.yaml", "headrace", {}))
            return measure(stack, tasks, Path(folder) / "marks")
        finally:
            stop(home)


def measure(stack: LiveStack, tasks: int, marks: Path) -> int:
    """One failed run, and its resume."""
    marks.mkdir()
    began = time.monotonic()
    epoch = stack.drop("resume.yaml", SPEC.format(tasks=tasks, marks=marks), "resume")
    until(lambda: ledger_runs.read_run(stack.table, epoch), 60, "the run to begin (is the spec refused?)")
    first = over(stack, epoch)
    print(f"first epoch:  {first.state}, {dict(first.tasks)}, {time.monotonic() - began:.1f} s")
    (marks / "mended").touch()
    before = stack.calls()["calls"]
    began = time.monotonic()
    stack.put("launch/again.json", json.dumps({"resume": epoch.run}))
    second = over(stack, Epoch(epoch.run, 2))
    took = time.monotonic() - began
    jobs = len(stack.jobs(f"hr-{epoch.run}-2-"))
    print(f"second epoch: {second.state}, {dict(second.tasks)}, {took:.1f} s ({1000 * took / tasks:.0f} ms a task)")
    print(f"jobs submitted: {jobs}")
    for name, count in sorted(calls_since(before, stack.calls()["calls"]).items()):
        if count >= tasks:
            print(f"{name}: {count / tasks:.1f} a task")
    met = jobs == 1 and second.state == "succeeded"
    print(f"{'met' if met and took < LIMIT_S else 'not met'}: 1 job, under {LIMIT_S:g} s")
    return 0 if met else 1


def over(stack: LiveStack, epoch: Epoch) -> RunRecord:
    """The run's record once it is concluded."""

    def concluded() -> RunRecord | None:
        found = ledger_runs.read_run(stack.table, epoch)
        return found if found and found.state in CONCLUDED else None

    return until(concluded, 600, f"the end of {epoch}")


def calls_since(before: dict[str, dict[str, int]], now: dict[str, dict[str, int]]) -> dict[str, int]:
    """Calls by operation, of the functions alone."""
    found: dict[str, int] = {}
    for caller, operations in now.items():
        if caller.startswith("lambda:"):
            for operation, count in operations.items():
                found[operation] = found.get(operation, 0) + count - before.get(caller, {}).get(operation, 0)
    return found


if __name__ == "__main__":
    sys.exit(main())
