"""One local cloud for all stories of this folder; each has a queue, a run and a ledger of its own."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import datetime
from unittest import mock

import pytest
from botocore.config import Config
from tests.support.waiting_world import World, world

from headrace.aws import clients
from headrace_local import Cloud, start, stop


@pytest.fixture(scope="package")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """A cloud with room for everything, whose clock stands until a story moves it."""
    home = tmp_path_factory.mktemp("cloud")
    _forget()
    try:
        yield start(home, vcpus=1024, memory_mib=512 * 1024)
    finally:
        stop(home)
        _forget()


@pytest.fixture
def here(cloud: Cloud) -> Iterator[World]:
    """The world of one story, with clients that do not wait and try again."""
    now = datetime.fromisoformat(cloud.ask("GET", "/clock")["now"])
    cloud.ask("POST", "/clock", {"at": now.replace(microsecond=0).isoformat(), "stop": True})
    hasty = clients._CONFIG.merge(Config(retries={"total_max_attempts": 1}))
    # For the story alone: what runs after this folder tries again as functions do.
    with mock.patch.object(clients, "_CONFIG", hasty), world(cloud, f"w{uuid.uuid4().hex[:10]}") as made:
        yield made


def _forget() -> None:
    """What a warm function keeps."""
    clients.client.cache_clear()
    clients.hasty.cache_clear()
    clients._session.cache_clear()
