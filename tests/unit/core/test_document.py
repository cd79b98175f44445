"""Values and their places."""

from __future__ import annotations

import pytest

from headrace.core.document import MAX_PATH, item_path, key_path
from headrace.core.yaml_source import read

LINES = """\
a: 1

b:
  - x
  - c: 2
    d?: |

      one
      two
"w.x": {y: 3}
s:
  - first
  - |
    second
"""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("a", 1),
        ("b", 3),
        ("b[0]", 4),
        ("b[1]", 5),
        ("b[1].c", 5),
        ("b[1].d?", 6),
        ("b[1].d", 6),
        ("w.x", 10),
        ("w.x.y", 10),
        ("b[1].nothing.below", 5),
        ("b[7]", 3),
        ("nothing", 1),
        ("", 1),
    ],
)
def test_every_path_has_its_line(path: str, line: int) -> None:
    """Keys and items are found by path; what is not written has the line of what is around it."""
    assert read(LINES, "f").line(path) == line


def test_the_line_within_a_block() -> None:
    """The n-th line of a `|` block is the n-th below its sign; of a list of lines its item."""
    document = read(LINES, "f")
    assert document.value["b"][1]["d?"].split("\n")[1] == "one"
    assert document.line("b[1].d?", 2) == 8
    assert document.line("s", 1) == 12
    assert document.line("a", 1) == 1


def test_comments_behind_a_value_are_seen() -> None:
    """A comment on a value's line is told from a '#' inside it."""
    document = read("a: x # c\nb: 'x # y'\nc: x#y\nd: 'x' # c\n", "f")
    assert [document.is_commented(key) for key in "abcd"] == [True, False, False, True]


def test_paths_are_keys_and_positions() -> None:
    """Keys are joined by dots, positions stand in brackets."""
    assert key_path(item_path(key_path("", "a"), 3), "b") == "a[3].b"


def test_a_path_grows_no_further_than_anybody_reads() -> None:
    """A file nested under long keys does not cost its depth for every value in it."""
    path = ""
    for _ in range(100):
        path = item_path(key_path(path, "k" * 1024), 1)
    assert len(path) < MAX_PATH + 1100
