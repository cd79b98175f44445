"""Container options parsed and Batch requests built per second.

    python -m bench.options [seconds]

A Lambda has a minute for 100,000 submissions: 1,667 a second.
"""

import sys
import time
from collections.abc import Callable
from itertools import count

from headrace.core.container_options import parse
from headrace.core.job_definition import DefinitionFacts, job_definition
from headrace.core.job_request import RequestFacts, step_functions_form, submit_request

TEXT = "--shm-size 16000000 --ulimit nofile=1280:2560 --ulimit nproc=16:32 --tmpfs /run:rw,noexec,size=128 -e A=1 -e 'B=x y' -u 1000:1000 --init"
OPTIONS = parse(TEXT)


def request(number: int) -> dict[str, object]:
    facts = RequestFacts(
        name=f"hr-bench-1-{number:016x}-1",
        queue="spot",
        definition="hr-x:1",
        command=("/bin/sh", "-c", "true"),
        options=OPTIONS,
        environment={"HEADRACE_RUN_ID": "bench", "HEADRACE_TASK": f"align[sample={number}]"},
        vcpus=4,
        memory_mib=8192,
        time_s=3600,
        attempts=5,
        tags={"team": "x"},
    )
    return step_functions_form(submit_request(facts))


WORK: dict[str, Callable[[int], object]] = {
    "option texts parsed": lambda _: parse(TEXT),
    "job definitions built": lambda number: job_definition(
        DefinitionFacts(image=f"quay.io/a/b:{number}", options=OPTIONS)
    ),
    "submissions built": request,
}


def per_second(work: Callable[[int], object], seconds: float) -> float:
    started = time.perf_counter()
    for number in count(1):
        work(number)
        if (spent := time.perf_counter() - started) > seconds:
            return number / spent
    return 0.0


if __name__ == "__main__":
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 3.0
    for name, work in WORK.items():
        print(f"{name:24} {per_second(work, seconds):10,.0f} per second")
