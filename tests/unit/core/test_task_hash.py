"""The hash says when work is the same."""

from headrace.core.task_hash import changed, identity, task_hash
from headrace.core.values import File

BASE = {
    "script": "cat a",
    "shell": "bash -euo pipefail",
    "container": "debian:12",
    "options": "",
    "environment": {"A": "1"},
    "inputs": [("a", "a.txt", File("s3://b/a.txt", 3, "e1"))],
    "outputs": {"x": "x.txt"},
}
WORK = "s3://b/work/default/ab/" + "ab" * 32


def test_the_same_work_has_the_same_hash_whatever_the_order_of_maps():
    """Two tasks that say the same share their work."""
    again = BASE | {"environment": dict(reversed(list(BASE["environment"].items())))}
    assert task_hash(**BASE) == task_hash(**again)


def test_every_part_changes_the_hash_and_is_named():
    """Whatever can change the result changes the hash, and the difference names it."""
    variants = {
        "script": {"script": "cat b"},
        "shell": {"shell": "sh -e"},
        "container": {"container": "debian:13"},
        "containerOptions": {"options": "--init"},
        "env": {"environment": {"A": "2"}},
        "input a": {"inputs": [("a", "a.txt", File("s3://b/a.txt", 3, "e2"))]},
        "outputs": {"outputs": {"x": "y.txt"}},
        "secrets": {"secrets": ["TOKEN"]},
    }
    base = task_hash(**BASE)
    for part, change in variants.items():
        other = task_hash(**(BASE | change))
        assert other.value != base.value
        assert changed(base.parts, other.parts) == [part]


def test_the_staged_name_is_part_of_an_input():
    """The same content under another name is other work, because the script may use the name."""
    renamed = BASE | {"inputs": [("a", "b.txt", File("s3://b/a.txt", 3, "e1"))]}
    assert task_hash(**renamed).value != task_hash(**BASE).value


def test_made_files_are_known_by_the_work_that_made_them():
    """Another attempt of the same work gives the same input identity, whatever its ETag and place."""
    first = File(f"{WORK}/a/job-1.1/out/x/y.bam", 1, "e1")
    second = File(f"{WORK}/a/job-2.3/out/x/y.bam", 1, "e2")
    assert identity(first) == identity(second) == "ab" * 32 + "/x/y.bam"


def test_other_files_are_known_by_uri_and_etag():
    """An object overwritten in place is other input."""
    assert identity(File("s3://b/a", 1, "e1")) != identity(File("s3://b/a", 1, "e2"))
