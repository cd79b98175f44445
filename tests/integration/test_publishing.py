"""Results are copied once each, and two tasks never meet on one target."""

from typing import Any

import pytest

from headrace.aws import moved_work
from headrace.aws import s3 as store
from headrace.aws.publishing import publish
from headrace.aws.table import Table
from headrace.core.errors import InvalidSpec
from headrace.core.publish import Copy
from headrace.core.records import Epoch

EPOCH = Epoch("r", 1)


@pytest.fixture
def work(s3: Any) -> Any:
    """Two files and a folder that a task made."""
    for name in ("a", "b", "d/1", "d/deep/2"):
        store.write(s3, f"s3://mine/work/{name}", name.encode())
    return s3


def there(s3: Any) -> dict[str, bytes]:
    """What lies in the results."""
    return {found.uri: store.read(s3, found.uri) for found in store.list_objects(s3, "s3://mine/results/")}


def copy(name: str, target: str, **more: Any) -> Copy:
    """A copy from the work folder to the results."""
    return Copy(f"s3://mine/work/{name}", f"s3://mine/results/{target}", 1, **more)


def test_results_are_there_and_again(work: Any, ledger_table: Table):
    """A settle that is tried again copies again and fails nothing."""
    for _ in range(2):
        publish(ledger_table, work, EPOCH, "t", [copy("a", "x/a"), copy("b", "b")])
    assert there(work) == {"s3://mine/results/x/a": b"a", "s3://mine/results/b": b"b"}


def test_a_folder_brings_everything_below_it(work: Any, ledger_table: Table):
    """Under their own names."""
    publish(ledger_table, work, EPOCH, "t", [copy("d/", "qc/")])
    assert there(work) == {"s3://mine/results/qc/1": b"d/1", "s3://mine/results/qc/deep/2": b"d/deep/2"}


def test_two_tasks_on_one_target_are_refused(work: Any, ledger_table: Table):
    """Before anything is copied, naming both tasks; also when one comes with a folder. Another epoch is free again."""
    publish(ledger_table, work, EPOCH, "first", [copy("d/", "qc/")])
    with pytest.raises(InvalidSpec, match=r"second and first both publish to s3://mine/results/qc/1"):
        publish(ledger_table, work, EPOCH, "second", [copy("b", "b"), copy("a", "qc/1")])
    assert "s3://mine/results/b" not in there(work)
    publish(ledger_table, work, Epoch("r", 2), "second", [copy("a", "qc/1")])
    assert there(work)["s3://mine/results/qc/1"] == b"a"


def test_what_is_moved_is_noted(work: Any, ledger_table: Table):
    """Where it went, and by whom; nothing is marked yet, for the run goes on. A copy is no move."""
    assert publish(ledger_table, work, EPOCH, "t", [copy("a", "a", moved=True), copy("b", "b")], work="s3://mine/work/")
    noted = moved_work.read(work, "s3://mine/work/")
    assert {source: (place["uri"], place["by"]) for source, place in noted.items()} == {
        "s3://mine/work/a": ("s3://mine/results/a", "r#1")
    }
    assert work.get_object_tagging(Bucket="mine", Key="work/a")["TagSet"] == []
    assert not publish(ledger_table, work, EPOCH, "u", [copy("d/", "d/")], work="s3://mine/other/")
    assert moved_work.read(work, "s3://mine/other/") == {}
