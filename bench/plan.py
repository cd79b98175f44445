"""Time and peak memory of planning: 1,000, 10,000 and 100,000 tasks, each in a process of its own.

    python -m bench.plan

Two shapes: one process over n items and a gather, and samples through three stages. Planning is counted from the bound
params to the last byte of plan.json; reading and linking the spec (milliseconds) and making the list of items are not.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time

from headrace.core import yaml_source
from headrace.core.fetch import Needs
from headrace.core.link import link
from headrace.core.plan import Scope, plan_scope
from headrace.core.program import Program
from headrace.core.spec import read_spec

SIZES = (1_000, 10_000, 100_000)
SHAPES = ("fan-out and gather", "samples x 3 stages")
FAN_OUT = """
processes:
  work: {each: [{item: {range: [1, COUNT]}}], outputs: {o: x}, script: 'true'}
  gather: {inputs: {all: "${{ work.o }}"}, script: 'true'}
"""
STAGES = """
params: {samples: {type: table, columns: {r1: file}}}
processes:
  align: {each: {sample: "${{ params.samples }}"}, inputs: {r: "${{ sample.r1 }}"}, outputs: {o: x}, script: 'true'}
  sort: {each: [sample], inputs: {i: "${{ align.o }}"}, outputs: {o: x}, script: 'true'}
  call: {each: [sample], inputs: {i: "${{ sort.o }}"}, outputs: {o: x}, script: 'true'}
"""


def main() -> None:
    """Print one line per shape and size."""
    print(
        f"{'shape':<20} {'tasks':>8} {'seconds':>8} {'CPU s':>7} {'tasks/CPU s':>12} {'peak MiB':>9} {'plan.json MiB':>14}"
    )
    for shape in SHAPES:
        for size in SIZES:
            command = [sys.executable, __file__, shape, str(size)]
            print(subprocess.run(command, check=True, capture_output=True, text=True).stdout, end="")


def measure(shape: str, size: int) -> str:
    """Plan one shape of about `size` tasks, and say what it took."""
    program, params = {SHAPES[0]: _fan_out, SHAPES[1]: _stages}[shape](size)
    start, begun = time.perf_counter(), time.process_time()
    plan = plan_scope(program, params, Scope(), {})
    if isinstance(plan, Needs):
        raise SystemExit("the shapes need nothing read")
    written = sum(len(piece.encode()) for piece in plan.to_json())
    seconds, cpu = time.perf_counter() - start, time.process_time() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return f"{shape:<20} {plan.size:>8,} {seconds:>8.2f} {cpu:>7.2f} {plan.size / cpu:>12,.0f} {peak:>9.0f} {written / 2**20:>14.1f}"


def _fan_out(size: int) -> tuple[Program, dict[str, object]]:
    return _linked(FAN_OUT.replace("COUNT", str(size - 1))), {}


def _stages(size: int) -> tuple[Program, dict[str, object]]:
    rows = [{"id": f"sample-{number:06d}", "r1": f"s3://bucket/reads/{number}.fastq.gz"} for number in range(size // 3)]
    return _linked(STAGES), {"samples": rows}


def _linked(text: str) -> Program:
    return link(read_spec(yaml_source.read(text, "s3://bucket/bench.yaml")))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(measure(sys.argv[1], int(sys.argv[2])))
    else:
        main()
