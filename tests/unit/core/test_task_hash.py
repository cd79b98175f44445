"""The hash says when work is the same."""

from headrace.core.task_hash import changed, task_hash
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


def test_the_mode_is_shown_and_changes_nothing_by_itself():
    """Work whose inputs are known the same either way is the same work; `deep` needs the contents."""
    made = BASE | {"inputs": [("a", "a.bam", File(f"{WORK}/a/job-1.1/out/a.bam", 1, "e1"))]}
    assert task_hash(**made).value == task_hash(**made, mode="lenient").value
    assert task_hash(**made, mode="lenient").shown["cache"] == "lenient"
    assert task_hash(**BASE, mode=False, only="r#1#p").shown["cache"] == "false"
    here = task_hash(**BASE, mode="deep", contents={"s3://b/a.txt": "md5:x"})
    moved = BASE | {"inputs": [("a", "a.txt", File("s3://c/a.txt", 3, "e2"))]}
    assert here.value == task_hash(**moved, mode="deep", contents={"s3://c/a.txt": "md5:x"}).value
