"""Function code and layers on disk: each zip is unpacked once, under its hash."""

from __future__ import annotations

import hashlib
import io
import os
import re
import shutil
import sys
import threading
import zipfile
from pathlib import Path
from typing import Any, Final

from headrace.core.errors import Refused
from headrace_local.surroundings import current

_COMPILED: Final = re.compile(r"\.(cpython-\d+-)[^/]*\.so$")
_lock = threading.Lock()


def code_folder(function: Any) -> Path:
    """Where the function's code is unpacked."""
    return _unpacked(function.code_bytes)


def layer_paths(function: Any) -> list[Path]:
    """Where Python finds the function's layers, as below /opt on AWS, in their order."""
    folders = [_unpacked(code) for code in layer_codes(function)]
    return [
        folder / part
        for folder in folders
        for part in ("python", "python/lib/python3.11/site-packages")
        if (folder / part).is_dir()
    ]


def layer_codes(function: Any) -> list[bytes]:
    """The zips of its layers; a function keeps them when a layer version is deleted."""
    from headrace_local.patch_lambda import layer_version

    arns = [layer["Arn"] for layer in function.layers]
    kept: dict[str, bytes] = vars(function).setdefault("headrace_layers", {})
    return [kept[arn] if arn in kept else kept.setdefault(arn, layer_version(arn).code_bytes) for arn in arns]


def refuse_other_python(name: str, code: bytes) -> None:
    """`Refused` when a built layer has modules compiled for another Python than the one that runs the workers."""
    ours = f"cpython-{sys.version_info.major}{sys.version_info.minor}-"
    if not code:
        return
    with zipfile.ZipFile(io.BytesIO(code)) as archive:
        compiled = {found[0] for file in archive.namelist() if (found := _COMPILED.findall(file))}
    if compiled and ours not in compiled:
        raise Refused(
            f"layer {name} was built for {min(compiled).rstrip('-')}, the local cloud runs on {ours.rstrip('-')}: "
            "make its environment with the Python of the functions' Runtime, or deploy the sources (headrace local up)"
        )


def _unpacked(code: bytes) -> Path:
    folder = current().home / "code" / hashlib.sha256(code).hexdigest()[:32]
    with _lock:
        if not folder.is_dir():
            fresh = folder.with_suffix(".new")
            shutil.rmtree(fresh, ignore_errors=True)
            fresh.mkdir(parents=True)
            if code:
                with zipfile.ZipFile(io.BytesIO(code)) as archive:
                    archive.extractall(fresh)
            os.replace(fresh, folder)  # noqa: PTH105 - atomic, unlike a copy
    return folder
