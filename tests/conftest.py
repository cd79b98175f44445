"""One local cloud with template.yaml deployed in it, for all tests of a session that want it: e2e, chaos.

`live` is the stack; `cloud` the cloud alone. Tests share both, so each names its own runs and looks at them only. Faults are
planned for one test and taken back after it.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from tests.support import grants
from tests.support.live_stack import ELSEWHERE, ROOT, LiveStack

from headrace_local import Cloud, deploy, start, stop

# How long a machine takes is no property of the code: no test asserts a time, Hypothesis does not either.
settings.register_profile("headrace", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("headrace")

HERE = Path(__file__).parent
ON_THE_CLOUD = (HERE / "e2e", HERE / "chaos" / "test_chaos.py", HERE / "chaos" / "test_planted.py")


def pytest_collection_finish() -> None:
    """What is loaded by now stays: botocore's models and thousands of tests are not walked through again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(5_000, 10, 100)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What runs on the local cloud takes its time."""
    for item in items:
        if any(item.path.is_relative_to(place) for place in ON_THE_CLOUD):
            item.add_marker(pytest.mark.e2e)
            item.add_marker(pytest.mark.timeout(600))


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """A running cloud with room for sixteen small jobs."""
    home = tmp_path_factory.mktemp("cloud")
    try:
        running = start(home, vcpus=16, memory_mib=32768)
        yield running
        if folder := os.environ.get(grants.GRANTS):
            grants.keep(running.ask("GET", "/permissions"), Path(folder))
    finally:
        stop(home)


@pytest.fixture(scope="session")
def live(cloud: Cloud) -> LiveStack:
    """The deployed stack, with a queue that hears what it says."""
    # Beside the stack's own: one bucket to write to, the queues that tests make, the secrets of one team. Everything else is refused.
    opened = {
        "AllowedWriteBuckets": f"arn:aws:s3:::{ELSEWHERE},arn:aws:s3:::{ELSEWHERE}/*",
        "AllowedQueues": "arn:aws:batch:us-east-1:123456789012:job-queue/own-*",
        "AllowedSecrets": "arn:aws:secretsmanager:us-east-1:123456789012:secret:team/*,arn:aws:ssm:us-east-1:123456789012:parameter/team/*",
    }
    outputs = deploy(cloud.endpoint, ROOT / "template.yaml", "headrace", opened)
    stack = LiveStack(cloud, "headrace", outputs, parameters=opened)
    stack.client("s3").create_bucket(Bucket=ELSEWHERE)
    stack.listen()
    return stack


@pytest.fixture(autouse=True)
def _no_faults_left(request: pytest.FixtureRequest) -> Iterator[None]:
    """No test inherits another one's faults."""
    yield
    if "live" in request.fixturenames:
        request.getfixturevalue("live").cloud.ask("DELETE", "/faults")
