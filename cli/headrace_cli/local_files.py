"""Files of this machine in the place of objects in S3: what the core wants read, read from disk.

Everything that was read or found is remembered, because `run` uploads exactly that. A location in S3 is read through a client
when there is one; commands that need no AWS have none, and note what they did not read.
"""

from __future__ import annotations

import json
import os
import posixpath
import stat
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar

from headrace.core import glob_pattern
from headrace.core.errors import InvalidValue
from headrace.core.fetch import Fetch, Needs, NotFetched, Unreadable
from headrace.core.locations import is_uri
from headrace.core.values import File
from headrace_cli.logbook import log

T = TypeVar("T")

TEXT_LIMIT: Final = 64 * 1024 * 1024
MATCHES_LIMIT: Final = 100_000
_ROUNDS: Final = 64
NOT_READ: Final = "this command reads files of this machine only"


@dataclass(slots=True)
class Reader:
    """Reads for the core. `s3` makes a client when one is wanted; `stand_ins` are objects that lie here for now."""

    s3: Callable[[], Any] | None = None
    stand_ins: dict[str, bytes | Path] = field(default_factory=dict)
    texts: dict[str, None] = field(default_factory=dict)
    globs: dict[str, list[str]] = field(default_factory=dict)
    not_read: dict[str, None] = field(default_factory=dict)

    def text(self, place: str, limit: int = TEXT_LIMIT) -> str:
        """A text; InvalidValue with why it cannot be read."""
        log.debug("read %s", place)
        if is_uri(place) and place not in self.stand_ins:
            return self._text_of_object(place, limit)
        content = self.stand_ins.get(place)
        if content is None:
            self.texts[place] = None
        raw = content if isinstance(content, bytes) else read_file(content or Path(place), limit)
        try:
            return raw.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise InvalidValue(f"it is not UTF-8 (byte {error.start})") from None

    def fetch(self, wanted: Fetch) -> Any:
        """What a fetch asks for, or `Unreadable`."""
        try:
            if wanted.kind == "glob":
                return self.glob(wanted.uri)
            text = self.text(wanted.uri)
            return json.loads(text) if wanted.kind == "json" else text
        except InvalidValue as error:
            return Unreadable(error.message)
        except (ValueError, RecursionError) as error:
            return Unreadable(f"it is not JSON: {error}")

    def answered(self, ask: Callable[[dict[Fetch, Any]], T | Needs]) -> T:
        """The core's answer, with everything read that it asks for on the way."""
        known: dict[Fetch, Any] = {}
        for _ in range(_ROUNDS):
            try:
                answer = ask(known)
            except NotFetched as wanted:
                answer = Needs((wanted.fetch,))
            if not isinstance(answer, Needs):
                return answer
            known |= {fetch: self.fetch(fetch) for fetch in answer.fetches}
        raise RuntimeError(f"the core asked for more to read {_ROUNDS} times over")

    def glob(self, pattern: str) -> list[File] | Unreadable:
        """Files that match, in order of their paths."""
        if is_uri(pattern):
            return self._objects(pattern)
        found = []
        for path in files_below(glob_pattern.prefix(pattern).rpartition("/")[0] or "/"):
            if glob_pattern.matches(pattern, path):
                found.append(path)
                if len(found) > MATCHES_LIMIT:
                    return Unreadable(f"more than {MATCHES_LIMIT:,} files match")
        self.globs[pattern] = sorted(found, key=os.fsencode)
        return [File(path, Path(path).stat().st_size) for path in self.globs[pattern]]

    def _text_of_object(self, uri: str, limit: int) -> str:
        if self.s3 is None:
            self.not_read[uri] = None
            raise InvalidValue(NOT_READ)
        from headrace.aws import s3 as store

        try:
            return store.read(self.s3(), uri, limit=limit).decode("utf-8-sig")
        except store.ObjectMissing as error:
            raise InvalidValue(str(error)) from None
        except UnicodeDecodeError as error:
            raise InvalidValue(f"it is not UTF-8 (byte {error.start})") from None

    def _objects(self, pattern: str) -> list[File] | Unreadable:
        if self.s3 is None:
            self.not_read[pattern] = None
            return Unreadable(NOT_READ)
        from headrace.aws.fetching import fetch_all

        wanted = Fetch("glob", pattern)
        found: list[File] | Unreadable = fetch_all(self.s3(), (wanted,))[wanted]
        return found


def place_of(text: str) -> str:
    """An absolute path, or the URI as it is."""
    return text if is_uri(text) else posixpath.normpath(posixpath.join(Path.cwd().as_posix(), text))


def read_file(path: Path, limit: int) -> bytes:
    """A regular file's bytes; InvalidValue with why not. A pipe or a device might never end."""
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode):
                what = "a folder" if stat.S_ISDIR(found.st_mode) else "no regular file"
                raise InvalidValue(f"it is {what}", expected="a file")
            if found.st_size > limit:
                raise InvalidValue(f"it has {found.st_size:,} bytes", expected=f"at most {limit:,}")
            return file.read(limit + 1)
    except IsADirectoryError:
        raise InvalidValue("it is a folder", expected="a file") from None
    except (OSError, ValueError) as error:
        raise InvalidValue(reason(error)) from None


def lacking(path: str) -> str:
    """Why a local location cannot be an input, empty when it can: a file, or a folder written with a slash at its end."""
    try:
        found = Path(path).stat()
    except (OSError, ValueError) as error:
        return reason(error)
    if stat.S_ISDIR(found.st_mode):
        return "" if path.endswith("/") else "it is a folder; a folder is written with a '/' at its end"
    if not stat.S_ISREG(found.st_mode):
        return "it is no regular file"
    return "" if os.access(path, os.R_OK) else "it may not be read"


def files_below(folder: str) -> Iterable[str]:
    """Every regular file below a folder, absolute; links to folders are followed once."""
    seen: set[tuple[int, int]] = set()
    for place, folders, names in os.walk(folder or "/", followlinks=True):
        here = Path(place).stat()
        if (here.st_dev, here.st_ino) in seen:
            folders.clear()
            continue
        seen.add((here.st_dev, here.st_ino))
        folders.sort()
        for name in sorted(names):
            path = Path(place, name)
            if path.is_file():
                yield str(path)


def reason(error: Exception) -> str:
    """A system error in words."""
    if isinstance(error, FileNotFoundError):
        return "there is no such file"
    return (getattr(error, "strerror", None) or str(error)).lower()
