"""Where a file of this machine goes in the bucket: below `inputs/`, under the hash of its content.

Equal content has one place, so what did not change is not uploaded twice and keeps its identity: a task whose inputs are the same
finds its work done. Nothing that is there is ever written over, so a run never reads another file than the one it began with.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from headrace.core.errors import InvalidValue
from headrace_cli.local_files import files_below, reason

_DIGITS: Final = 32
_CHUNK: Final = 1024 * 1024
Mark = tuple[int, int, int]


@dataclass(slots=True)
class Uploads:
    """What has to be in the bucket: URI → a file of this machine, or bytes. `bucket` is the deployment's own, `tenant` the team's."""

    bucket: str
    tenant: str = ""
    objects: dict[str, Path | bytes] = field(default_factory=dict)
    _hashes: dict[str, str] = field(default_factory=dict)
    _marks: dict[str, Mark] = field(default_factory=dict)

    @property
    def folder(self) -> str:
        """Where everything goes, with a slash at its end."""
        return f"s3://{self.bucket}/inputs/{f'{self.tenant}/' if self.tenant else ''}"

    def place(self, path: str) -> str:
        """The URI of a file, or (with a slash at its end) of a folder with everything in it."""
        name = path.rstrip("/").rpartition("/")[2]
        if not path.endswith("/"):
            uri = f"{self.folder}{self.hash(path)[:_DIGITS]}/{_storable(name)}"
            self.objects[uri] = Path(path)
            return uri
        files = {file.removeprefix(path): file for file in files_below(path)}
        if not files:
            raise InvalidValue(f"{path} is an empty folder", expected="a folder with files in it")
        digest = joint_hash({name: self.hash(file) for name, file in files.items()})
        uri = f"{self.folder}{digest}/{_storable(name)}/"
        self.objects |= {uri + _storable(inside): Path(file) for inside, file in files.items()}
        return uri

    def place_text(self, name: str, content: bytes) -> str:
        """The URI of a text made here, such as a table with its files filled in."""
        uri = f"{self.folder}{hashlib.sha256(content).hexdigest()[:_DIGITS]}/{_storable(name)}"
        self.objects[uri] = content
        return uri

    def hash(self, path: str) -> str:
        """The sha256 of a file's content, taken once."""
        if path not in self._hashes:
            digest = hashlib.sha256()
            try:
                self._marks[path] = mark(Path(path))
                with Path(path).open("rb") as file:
                    while chunk := file.read(_CHUNK):
                        digest.update(chunk)
            except OSError as error:
                raise InvalidValue(f"{path}: {reason(error)}", expected="a file that can be read") from None
            self._hashes[path] = digest.hexdigest()
        return self._hashes[path]

    def unchanged(self, path: str) -> bool:
        """Whether a file is what it was when its hash was taken."""
        return self._marks[path] == mark(Path(path))


def mark(path: Path) -> Mark:
    """Size, time and inode: whether a file is still the one that was looked at."""
    found = path.stat()
    return found.st_size, found.st_mtime_ns, found.st_ino


def joint_hash(hashes: dict[str, str]) -> str:
    """One hash for many files, by their relative names."""
    listing = "".join(f"{name}\0{digest}\n" for name, digest in sorted(hashes.items()))
    return hashlib.sha256(listing.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGITS]


def _storable(name: str) -> str:
    """A file's name as an object key may hold it: UTF-8, no control characters."""
    try:
        name.encode()
    except UnicodeEncodeError:
        raise InvalidValue(f"the file name {name!r} is not UTF-8", expected="a name that S3 can hold") from None
    if any(char < " " or char == "\x7f" for char in name):
        raise InvalidValue(f"the file name {name!r} has a control character", expected="a name without")
    return name
