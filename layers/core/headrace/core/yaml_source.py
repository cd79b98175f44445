"""A YAML file as plain values, with the line of every value in it.

Rule 16 of the pipeline language: YAML without its traps. Scalars are those of the YAML 1.2 core schema
(https://yaml.org/spec/1.2.2/#103-core-schema) and no others: `NO`, `on`, `1:30`, dates and `007` are text, `1e-3` is a
number. Tags, anchors, aliases, merge keys, a second document and duplicate keys are refused, so a value is what is
written at its place. JSON is YAML.

Values are built straight from the parser's events, with libyaml when PyYAML has it: no node graph, a bound on bytes,
depth and values, so that a bomb is refused after bounded work.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

import yaml

from headrace.core.document import Document, Place, item_path, key_path
from headrace.core.errors import InvalidSpec, Problem
from headrace.core.yaml_scalars import scalar

MAX_BYTES: Final = 10 * 1024 * 1024
MAX_DEPTH: Final = 64
MAX_VALUES: Final = 500_000
MAX_KEY: Final = 1024
MAX_PROBLEMS: Final = 100

_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_LINE_BREAK: Final = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_NOT_YAML: Final = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_STYLES: Final = {"|": "literal", ">": "folded", "'": "quoted", '"': "quoted"}
_NOT_TEXT: Final = re.compile("[\x00\ud800-\udfff]")
_JSON_ALONE: Final = re.compile("[\t\u2028\u2029]|\\\\u")
_SURROGATES: Final = re.compile(r"(?<!\\)((?:\\\\)*)\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})")
_WANTS_QUOTES: Final = re.compile(r"\$\{\{|\{\{|[*@`]|\w\?\s*:")


def read(text: str | bytes, file: str) -> Document:
    """Plain data of the YAML or JSON `text`; InvalidSpec with every problem found, each with its line."""
    content = _json_as_yaml(_decoded(text, file))
    source = tuple(_LINE_BREAK.split(content))
    reader = _Reader(file)
    try:
        value, root = reader.document(yaml.parse(content, Loader=_LOADER))
    except yaml.YAMLError as error:
        reader.problems.append(_syntax_problem(error, source, file))
        raise InvalidSpec(reader.problems) from None
    except _TooMuchError:
        raise InvalidSpec(reader.problems) from None
    if reader.problems:
        raise InvalidSpec(_hinted(problem, source) for problem in reader.problems)
    if root is None or (value is None and root.style == "plain"):
        raise InvalidSpec([Problem("", "the file is empty", expected="a map of keys", file=file)])
    if not isinstance(value, dict):
        found = "a list" if isinstance(value, list) else "one value"
        raise InvalidSpec([Problem("", f"the file holds {found}", expected="a map of keys", file=file, line=root.line)])
    return Document(value=value, file=file, root=root, source=source)


class _TooMuchError(Exception):
    """A bound is passed; the problem is noted, reading ends."""


class _Reader:
    """Builds values from parser events and notes what is refused."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []
        self.values = 0

    def document(self, events: Iterator[Any]) -> tuple[Any, Place | None]:
        value, root, documents = None, None, 0
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self.refuse(
                        event, "", "a second document starts here", hint="One file holds one document: drop the '---'"
                    )
                    raise _TooMuchError
                if event.version not in (None, (1, 2)):
                    self.refuse(
                        event, "", "a %YAML directive of another version", expected="YAML 1.2, which needs none"
                    )
            elif isinstance(event, yaml.NodeEvent):
                value, root = self.node(event, events, "", 0, 1)
        return value, root

    def node(self, event: Any, events: Iterator[Any], path: str, depth: int, key_line: int) -> tuple[Any, Place]:
        self.values += 1
        if self.values > MAX_VALUES:
            hint = "Put big tables into a CSV file and name it in a param"
            self.stop(event, path, f"more than {MAX_VALUES:,} values", hint)
        if isinstance(event, yaml.AliasEvent) or event.anchor is not None or event.tag is not None:
            self.refuse_marks(event, path)
        if isinstance(event, yaml.CollectionStartEvent):
            if depth > MAX_DEPTH:
                self.stop(event, "", f"nested deeper than {MAX_DEPTH} levels", "")
            build = self.mapping if isinstance(event, yaml.MappingStartEvent) else self.sequence
            return build(event, events, path, depth, key_line)
        style = _STYLES.get(getattr(event, "style", None) or "", "plain")
        first, last = event.start_mark, event.end_mark
        return self.scalar(event, path, style), Place(first.line + 1, key_line, style, last.line + 1, last.column)

    def scalar(self, event: Any, path: str, style: str) -> Any:
        if isinstance(event, yaml.AliasEvent):
            return None
        if style == "plain":
            try:
                return scalar(event.value)
            except ValueError as error:
                self.refuse(event, path, str(error), value=event.value, hint="Put it in quotes if it is text")
                return None
        if style == "quoted" and _NOT_TEXT.search(event.value):
            self.refuse(event, path, "a text holds a character that no file or program can take (NUL or half a pair)")
        return event.value

    def sequence(
        self, event: Any, events: Iterator[Any], path: str, depth: int, key_line: int
    ) -> tuple[list[Any], Place]:
        values: list[Any] = []
        places: list[Place] = []
        for item in events:
            if isinstance(item, yaml.SequenceEndEvent):
                break
            value, place = self.node(item, events, item_path(path, len(values)), depth + 1, item.start_mark.line + 1)
            values.append(value)
            places.append(place)
        line = event.start_mark.line + 1
        return values, Place(line, key_line, "list", line, 0, places)

    def mapping(
        self, event: Any, events: Iterator[Any], path: str, depth: int, key_line: int
    ) -> tuple[dict[str, Any], Place]:
        values: dict[str, Any] = {}
        places: dict[str, Place] = {}
        for key_event in events:
            if isinstance(key_event, yaml.MappingEndEvent):
                break
            line = key_event.start_mark.line + 1
            key = self.key(key_event, events, path, depth)
            value, place = self.node(next(events), events, key_path(path, key or "?"), depth + 1, line)
            if key is None:
                continue
            if key in values:
                first = places[key].key_line
                self.refuse(
                    key_event,
                    key_path(path, key),
                    f"the key stands twice, first on line {first}",
                    hint="Keep one of them",
                )
                continue
            values[key], places[key] = value, place
        line = event.start_mark.line + 1
        return values, Place(line, key_line, "map", line, 0, places)

    def key(self, event: Any, events: Iterator[Any], path: str, depth: int) -> str | None:
        """The text of a key as it is written (`1`, `on` and `true` are text too); None when it cannot be one."""
        if not isinstance(event, yaml.ScalarEvent):
            self.refuse(
                event, path, "a key is not plain text", expected="text", hint="Put ${{ … }} and {{ … }} in quotes"
            )
            self.node(event, events, path, depth + 1, event.start_mark.line + 1)
            return None
        self.values += 1
        self.refuse_marks(event, path)
        text = str(event.value)
        if text == "<<" and not event.style:
            self.refuse(
                event,
                path,
                "merge keys ('<<') are not allowed",
                hint="Write the keys out; `defaults` holds what processes share",
            )
            return None
        if len(text) > MAX_KEY or _NOT_TEXT.search(text):
            self.refuse(event, path, f"a key is longer than {MAX_KEY} characters or not text")
            return None
        return text

    def refuse_marks(self, event: Any, path: str) -> None:
        if isinstance(event, yaml.AliasEvent):
            self.refuse(
                event,
                path,
                f"aliases ('*{str(event.anchor)[:80]}') are not allowed",
                hint="Put a text that starts with '*' in quotes",
            )
            return
        if event.anchor is not None:
            self.refuse(
                event,
                path,
                f"anchors ('&{event.anchor[:80]}') are not allowed",
                hint="Put a text that starts with '&' in quotes",
            )
        if event.tag is not None:
            self.refuse(
                event,
                path,
                f"tags ('{event.tag[:80]}') are not allowed",
                hint="Put a text that starts with '!' in quotes",
            )

    def refuse(
        self, event: Any, path: str, message: str, *, expected: str = "", hint: str = "", value: Any = None
    ) -> None:
        if len(self.problems) >= MAX_PROBLEMS:
            raise _TooMuchError
        facts: dict[str, Any] = {} if value is None else {"value": value[:MAX_KEY]}
        line = event.start_mark.line + 1
        self.problems.append(Problem(path, message, expected=expected, hint=hint, file=self.file, line=line, **facts))

    def stop(self, event: Any, path: str, message: str, hint: str) -> None:
        self.refuse(event, path, message, hint=hint)
        raise _TooMuchError


def _decoded(text: str | bytes, file: str) -> str:
    size = len(text)
    content = ""
    if size <= MAX_BYTES:
        try:
            raw = text.encode() if isinstance(text, str) else bytes(text)
            size, content = len(raw), raw.decode("utf-8-sig")
        except UnicodeError as error:
            line = (
                len(_LINE_BREAK.findall(error.object[: error.start].decode("utf-8", "replace"))) + 1
                if isinstance(error, UnicodeDecodeError)
                else 0
            )
            problem = Problem("", "the file is not UTF-8 text", expected="UTF-8", file=file, line=line)
            raise InvalidSpec([problem]) from None
    if size > MAX_BYTES:
        problem = Problem(
            "", "the file is over 10 MB", expected="at most 10 MB", hint="Put big tables into a CSV file", file=file
        )
        raise InvalidSpec([problem])
    if found := _NOT_YAML.search(content):
        line = len(_LINE_BREAK.findall(content[: found.start()])) + 1
        message = f"the character U+{ord(found[0]):04X} cannot stand in YAML"
        raise InvalidSpec([Problem("", message, hint="Write it as an escape in double quotes", file=file, line=line)])
    return content


def _json_as_yaml(content: str) -> str:
    """JSON's liberties that YAML parsers lack, taken out: tabs between tokens, escaped surrogate pairs, and in texts the two separators
    (U+2028, U+2029) that are line breaks to YAML 1.1, which takes away the blanks around them.
    """
    if not content.lstrip().startswith("{") or not _JSON_ALONE.search(content):
        return content
    try:
        json.loads(content)
    except (ValueError, RecursionError):
        return content
    content = content.replace("\t", " ").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    return _SURROGATES.sub(_joined_pair, content)


def _joined_pair(match: re.Match[str]) -> str:
    pair = bytes.fromhex(match[2] + match[3])
    return match[1] + pair.decode("utf-16-be")


def _syntax_problem(error: yaml.YAMLError, source: tuple[str, ...], file: str) -> Problem:
    mark = getattr(error, "problem_mark", None)
    start = getattr(error, "context_mark", None)
    what = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
    context = getattr(error, "context", None)
    message = f"not YAML: {what}" + (f" {context}" if context else "")
    lines = [at.line for at in (mark, start) if at is not None and at.line < len(source)]
    hint = ""
    if any(source[line].lstrip(" ").startswith("\t") for line in lines):
        hint = "Indent with blanks, not with tabs"
    elif any(_WANTS_QUOTES.search(source[line]) for line in lines):
        hint = _QUOTES_HINT
    return Problem("", message, hint=hint, file=file, line=mark.line + 1 if mark is not None else 0)


_QUOTES_HINT: Final = "A text with ${{, *, @ or a key like name?: must sometimes be marked as text: put it in quotes"


def _hinted(problem: Problem, source: tuple[str, ...]) -> Problem:
    text = source[problem.line - 1] if 0 < problem.line <= len(source) else ""
    if problem.hint or not _WANTS_QUOTES.search(text):
        return problem
    return Problem(
        problem.path, problem.message, problem.value, problem.expected, _QUOTES_HINT, problem.file, problem.line
    )
