"""The files of a job."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.core.errors import InvalidValue
from headrace.core.job_script import EMPTY_FOLDER, JobPlan, inputs_table, run_script
from headrace.core.task_inputs import StagedFile
from headrace.core.task_work import DeclaredOutput
from headrace.core.values import File

ATTEMPTS = "s3://my-bucket/work/a/"


def staged(path, uri="s3://my-bucket/x", size=1, **more):
    """One input."""
    return StagedFile("x", path, File(uri, size, **more))


def test_every_file_is_there():
    """What run.sh reads, and the script's list files beside it."""
    files = run_script(JobPlan(ATTEMPTS, "echo hi\n", lists={".headrace/lists/1": ("a", "b c")}))
    assert set(files) == {"run.sh", "inputs.sh", "inputs.s5", "inputs.tsv", "script", "lists/1"}
    assert files["script"] == b"echo hi\n"
    assert files["lists/1"] == b"a\nb c\n"


def test_an_input_goes_the_way_its_name_allows():
    """Plain files into s5cmd's list, names with a newline one by one, folders and empty folders by their own calls."""
    inputs = (
        staged("./a//b"),
        staged("new\nline"),
        staged("d", "s3://my-bucket/d/"),
        staged("e", "s3://my-bucket/e/", 0, etag=EMPTY_FOLDER),
    )
    files = run_script(JobPlan(ATTEMPTS, "", inputs=inputs))
    assert files["inputs.s5"] == b"cp --raw 's3://my-bucket/x' './a/b'\n"
    calls = [line.split()[0] for line in files["inputs.sh"].decode().splitlines() if line.startswith("hr_")]
    assert calls == ["hr_file", "hr_odd", "hr_dir", "hr_empty"]


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), max_size=3))
def test_the_table_has_a_row_per_input_and_reads_back(texts):
    """Escaped cells hold any name: one line per row, as many cells as columns."""
    table = inputs_table(staged(text, key={"sample": text}) for text in texts)
    lines = table.split("\n")[:-1]
    assert len(lines) == 1 + len(texts)
    for line, text in zip(lines[1:], texts, strict=True):
        cell = line.split("\t")[1]
        read, rest = "", iter(cell)
        for char in rest:
            read += {"t": "\t", "n": "\n", "r": "\r", "\\": "\\"}[next(rest)] if char == "\\" else char
        assert read == text
        assert line.count("\t") == 2


@pytest.mark.parametrize(
    "change",
    [
        {"attempts": "s3://my-bucket/a"},
        {"shell": ()},
        {"inputs": (staged("../x"),)},
        {"inputs": (staged("/x"),)},
        {"inputs": (staged(".headrace/run.sh"),)},
        {"inputs": (staged("x", "https://host/x"),)},
        {"outputs": {"o": DeclaredOutput("path", "a/../../x")}},
        {"outputs": {"o; rm": DeclaredOutput("path", "x")}},
        {"environment": {"A;B": "1"}},
        {"on_failure": ("../*",)},
        {"lists": {".headrace/run.sh": ()}},
        {"script": "a\0b"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_what_no_job_could_hold_is_refused(change):
    """Paths that leave the task's folder or touch ours, names that are code, bytes no shell has."""
    with pytest.raises(InvalidValue):
        run_script(JobPlan(**{"attempts": ATTEMPTS, "script": "", **change}))
