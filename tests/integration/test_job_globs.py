"""What a glob may find in a task's folder, and what a long standard output costs: under each shell a job may meet."""

import shutil
from pathlib import Path

import pytest
from tests.support.job_process import BUCKET, SHELLS, Place, s3_server

from headrace.core import bootstrap_marks
from headrace.core.task_inputs import StagedFile
from headrace.core.task_work import DeclaredOutput
from headrace.core.values import File


@pytest.fixture(scope="module")
def endpoint():
    """One S3 for all tests of this module."""
    with s3_server() as url:
        Place(url, Path()).client().create_bucket(Bucket=BUCKET)
        yield url


@pytest.fixture(params=SHELLS)
def place(request, endpoint, tmp_path):
    """A piece of work beside which something lies that is not the task's."""
    if shutil.which(SHELLS[request.param][0]) is None:
        pytest.skip(f"no {SHELLS[request.param][0]} here: apt-get install dash busybox")
    (tmp_path / "others").write_text("another job's")
    return Place(endpoint, tmp_path, shell=request.param)


@pytest.mark.parametrize("pattern", [".*", ".*/*"])
def test_a_glob_never_leaves_the_folder_nor_takes_our_own(place, pattern):
    """Dash and busybox expand `.*` to `.` and `..` too: nothing beside the folder, and nothing of `.headrace/`, is an output."""
    outputs = {"g": DeclaredOutput("path", pattern, wildcard=True)}
    ended = place.run(place.plan("mkdir .d; echo 1 >.d/kept; echo 1 >.kept", outputs=outputs))
    assert ended.code == 0, ended.log
    assert list(ended.below("out/")) == [".kept" if pattern == ".*" else ".d/kept"]
    assert ended.outputs()


@pytest.mark.parametrize("pattern", [".*", ".*/*"])
def test_what_is_kept_on_failure_never_leaves_the_folder(place, pattern):
    """The same for `onFailure`, which takes folders whole."""
    ended = place.run(place.plan("mkdir .d; echo 1 >.d/kept; exit 3", on_failure=(pattern,)))
    assert ended.code == 3
    assert list(ended.below("failure/")) == [".d/kept"]


def test_a_glob_that_finds_inputs_alone_says_so(place):
    """A file made inside a staged folder cannot be told from what was staged: the reason is in the log."""
    place.put("tree/a", b"1")
    tree = StagedFile("t", "got", File(f"{place.prefix}in/tree/"))
    plan = place.plan("echo 2 >got/b", inputs=(tree,), outputs={"g": DeclaredOutput("path", "got/*", wildcard=True)})
    ended = place.run(plan)
    assert ended.code == bootstrap_marks.OUTPUT_MISSING
    assert "output 'g' was not written: what it matches was staged in" in ended.log


def test_a_long_line_of_standard_output_is_an_output_whole_and_a_log_line_in_part(place):
    """The shell reads byte by byte, so the log gets 256 KiB of it; the output has every byte."""
    plan = place.plan(
        "head -c 600000 /dev/zero | tr '\\0' a", outputs={"s": DeclaredOutput("stdout", ".headrace/stdout")}
    )
    ended = place.run(plan)
    assert ended.below("out/") == {".headrace/stdout": b"a" * 600_000}
    assert "a" * 262_144 in ended.log.splitlines()
    assert "headrace: the rest of the standard output is in the output only" in ended.log.splitlines()
