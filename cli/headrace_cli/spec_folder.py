"""A local spec with what it names by itself, as one folder in the bucket that keeps their relative structure.

    inputs/<hash of all files but the spec>/flows/variants.<hash of the spec>.yaml
                                            flows/qc.yaml
                                            data/reference.fa

The spec's own hash is in its name, not in the folder's: an edited script leaves the files it names where they are, and the
tasks that did not change find their work done.
"""

from __future__ import annotations

import posixpath
from pathlib import Path
from typing import Final

from headrace.core.errors import InvalidSpec, Problem
from headrace.core.glob_pattern import matches
from headrace_cli.content_address import Uploads, joint_hash
from headrace_cli.local_files import files_below
from headrace_cli.named_files import Named
from headrace_cli.pipeline import Pipeline

_DIGITS: Final = 12


def place(pipeline: Pipeline, named: Named, globs: list[str], uploads: Uploads) -> str:
    """Put spec and files among the uploads; the spec's URI. `globs` are the patterns that were looked for."""
    files = [file for path in named.paths for file in (files_below(path) if path.endswith("/") else [path])]
    others = sorted({file for file in files if file != pipeline.place})
    root = posixpath.commonpath([posixpath.dirname(file) for file in [pipeline.place, *others]])
    inside = {file: posixpath.relpath(file, root) for file in [pipeline.place, *others]}
    stem, ext = posixpath.splitext(pipeline.place)
    renamed = f"{stem}.{uploads.hash(pipeline.place)[:_DIGITS]}{ext}"
    if taken := [pattern for pattern in globs if matches(pattern, pipeline.place) or matches(pattern, renamed)]:
        hint = "Put the files into a folder of their own, or name them more closely"
        raise InvalidSpec([Problem("", f"{taken[0]} matches the pipeline itself", file=pipeline.place, hint=hint)])
    folder = f"{uploads.folder}{joint_hash({inside[file]: uploads.hash(file) for file in others})}/"
    uploads.objects |= {folder + inside[file]: Path(file) for file in others}
    spec = folder + posixpath.relpath(renamed, root)
    uploads.objects[spec] = Path(pipeline.place)
    return spec
