"""Ids: made, parsed back, bounded."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.core import names
from headrace.core.errors import InvalidValue

KEYS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
AXES = st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,5}(\.[A-Za-z][A-Za-z0-9_]{0,5})?", fullmatch=True)
KEYED = st.dictionaries(AXES, KEYS, max_size=3)


@given(AXES, KEYED)
def test_task_ids_come_back(process, keys):
    """Whatever the keys hold, a task id parses back to its process and keys, in order."""
    parsed = names.parse_id(names.task_id(process, keys))
    assert (parsed.name, list(parsed.keys.items())) == (process, list(keys.items()))


@given(KEYS)
def test_escaped_keys_hold_nothing_special(key):
    """An escaped key has none of the characters that ids and sort keys give a meaning to, and is printable ASCII or more."""
    escaped = names.escape(key)
    assert not set(escaped) & set(",=[]#")
    assert not any(c.isspace() or ord(c) < 32 for c in escaped)


@given(st.lists(st.tuples(AXES, KEYED), min_size=1, max_size=3))
def test_scope_ids_come_back(path):
    """A scope id parses back to the expansions on its way, also when keys hold slashes and tildes."""
    scope = ""
    for axis, keys in path:
        scope = names.expansion_id(scope, axis, keys)
    assert [(part.name, part.keys) for part in names.parse_scope(scope)] == path


def test_examples_of_the_contract():
    """The forms that the contract prints."""
    assert names.task_id("call", {"sample": "a", "chrom": "chr1"}) == "call[sample=a,chrom=chr1]"
    assert names.task_id("merge") == "merge"
    assert names.expansion_id("", "chunk", {"sample": "a"}) == "~chunk[sample=a]"
    assert names.expansion_id("~chunk[sample=a]", "part", {"chunk": "x/~y"}) == "~chunk[sample=a]/~part[chunk=x/~y]"
    assert names.task_id("p", {"a": "x, y=[1]#%"}) == "p[a=x%2C%20y%3D%5B1%5D%23%25]"
    assert names.parse_scope("") == ()
    assert names.is_expansion("~chunk")
    assert not names.is_expansion("chunk")


@pytest.mark.parametrize("text", ["", "a[", "a[]", "a[x]", "a[x=1", "[x=1]", "a b", "a[x=1]]", "a[x=1,]y", "1a"])
def test_what_is_no_id_is_refused(text):
    """Text that no maker makes does not parse."""
    with pytest.raises(InvalidValue):
        names.parse_id(text)


def test_a_scope_is_made_of_expansions():
    """A task id is no scope id."""
    with pytest.raises(InvalidValue, match="not a scope id"):
        names.parse_scope("call[sample=a]")


def test_long_ids_are_refused():
    """A task id holds 900 bytes, counted as UTF-8, also as a part of a longer path."""
    assert names.task_id("p", {"a": "x" * 895})
    for make in (
        lambda: names.task_id("p", {"a": "x" * 896}),
        lambda: names.task_id("p", {"a": "ü" * 449}),
        lambda: names.expansion_id("~a" * 400, "b", {"a": "y" * 100}),
    ):
        with pytest.raises(InvalidValue, match="bytes"):
            make()


@pytest.mark.parametrize(
    ("key", "good"), [("a", True), ("", False), ("x" * 128, True), ("x" * 129, False), ("\ud800", False)]
)
def test_keys_are_1_to_128_characters(key, good):
    """A key is 1 to 128 characters of storable text."""
    if good:
        assert names.check_key(key) == key
        return
    with pytest.raises(InvalidValue):
        names.check_key(key)


def test_launched_runs_are_named_by_what_started_them():
    """The same object version gives the same run; another version, key or bucket another one; any name gives a valid id."""
    made = {
        names.launched_run_id("Vari ants!", *at)
        for at in [("b", "k", "1"), ("b", "k", "2"), ("bk", "", "1"), ("b", "k1", "")]
    }
    assert len(made) == 4
    assert names.launched_run_id("Vari ants!", "b", "k", "1") in made
    for run in [*made, names.launched_run_id("日本", "b", "k", "1"), names.launched_run_id("x" * 99, "b", "k", "1")]:
        assert names.RUN_PATTERN.fullmatch(run)
    assert next(iter(made)).startswith("vari-ants-")


def test_runs_started_by_hand_keep_their_name():
    """An execution name becomes a valid run id; a UUID stays whole; a name without letters is refused."""
    assert names.named_run_id("My_Run.7") == "my-run-7"
    uuid = "01234567-89ab-cdef-0123-456789abcdef"
    assert names.named_run_id(uuid) == uuid
    assert names.RUN_PATTERN.fullmatch(names.named_run_id("-" + "aB-" * 30))
    with pytest.raises(InvalidValue, match="no letter"):
        names.named_run_id("___")


@given(st.from_regex(names.RUN_PATTERN, fullmatch=True), st.integers(1, 999_999), st.integers(1, 99))
def test_executions_and_jobs_come_back(run, epoch, submission):
    """Execution and job names parse back, also when the run's own name ends like one."""
    assert names.parse_execution_name(names.execution_name(run, epoch)) == (run, epoch)
    job = names.job_name(run, epoch, "call[sample=a]", submission)
    assert names.parse_job_name(job) == names.JobName(run, epoch, names.task_hash("call[sample=a]"), submission)
    assert job.startswith(names.job_prefix(run, epoch))
    assert len(job) <= 128


@pytest.mark.parametrize("name", ["", "x", "-1", "x-0", "x-", "X-1", "x-1-a"])
def test_foreign_execution_names_are_refused(name):
    """A name that is not `<run>-<epoch>` is no execution of ours."""
    with pytest.raises(InvalidValue):
        names.parse_execution_name(name)


def test_foreign_jobs_are_not_ours():
    """A job of somebody else is recognised as such."""
    assert names.parse_job_name("hr-payroll-export") is None


def test_hashes_spread_and_stay():
    """Shards and partitions stay inside their range, use all of it, and never change (they are keys in a table)."""
    tasks = [f"p[a={i}]" for i in range(500)]
    assert {names.shard_of(task, 7) for task in tasks} == set(range(7))
    assert {names.record_partition(task) for task in tasks} == {f"{i:02d}" for i in range(16)}
    assert (names.task_hash("call"), names.record_partition("call"), names.shard_of("call", 64)) == (
        "7edb360f06acaef2",
        "13",
        45,
    )
    assert names.scope_hash("") == "e3b0c44298fc1c14"
