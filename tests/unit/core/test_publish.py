"""Publishing: what is copied where (rule 13)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.spec_texts import process
from tests.support.tasks import WORK, made

from headrace.core.errors import InvalidSpec
from headrace.core.publish import Copy, copies
from headrace.core.spec_publish import Publish, read_publish
from headrace.core.values import File, Value

OUT = "s3://b/results/r/"
OUTPUTS: dict[str, Value] = {
    "bam": made("bams/a.bam"),
    "logs": [made("logs/1.log"), made("logs/2.log")],
    "n": 3,
    "none": None,
    "out": made(".headrace/stdout"),
}


def places(said: str) -> tuple[Publish, ...]:
    """The places of a process that says this after `publishDir:`."""
    found = process(f"publishDir: {said}\noutputs: {{bam: bams/a.bam}}").directives["publishDir"]
    from tests.support.spec_texts import cursor

    read = read_publish(cursor(found))
    assert isinstance(read, tuple)
    return read


def targets(said: str, outputs: dict[str, Value] | None = None, **key: str) -> list[str]:
    """Where the outputs of such a process go, below the run's outdir."""
    found = copies(places(said), OUTPUTS if outputs is None else outputs, outdir=OUT, key=key, process="p")
    return [copy.target.removeprefix(OUT) for copy in found]


def test_files_keep_their_path_below_the_place():
    """Every file of every output; values and absent ones are none; standard output is named by its output."""
    assert targets("vcf") == ["vcf/bams/a.bam", "vcf/logs/1.log", "vcf/logs/2.log", "vcf/out.txt"]
    assert targets("./x//y/", {"bam": OUTPUTS["bam"]}) == ["x/y/bams/a.bam"]
    assert targets("s3://other", {"bam": OUTPUTS["bam"]}) == ["s3://other/bams/a.bam"]


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("{path: x, only: logs}", ["x/logs/1.log", "x/logs/2.log"]),
        ("{path: x, pattern: '*.bam'}", ["x/bams/a.bam"]),
        ("{path: x, pattern: [bams/*, '1.*']}", ["x/bams/a.bam", "x/logs/1.log"]),
        ("{path: x, pattern: '*/[!1].log'}", ["x/logs/2.log"]),
        ("{path: x, pattern: 'bams*'}", []),
        ("{path: x, pattern: '**.log', only: bam}", []),
    ],
)
def test_only_and_pattern_choose(said: str, wanted: list[str]):
    """By output, by path, or by name alone; a `*` stays in its folder, as it does everywhere."""
    assert targets(said) == wanted


def test_save_as_names_each_file():
    """Over `file` and `key`; the file knows the keys of the task that made it."""
    said = "{path: x, only: logs, saveAs: '${{ key.s }}/${{ file.key.s }}-${{ file.stem }}.txt'}"
    assert targets(said, s="a") == ["x/a/a-1.txt", "x/a/a-2.txt"]


@pytest.mark.parametrize("name", ["${{ '../x' }}", "${{ '/x' }}", "${{ '' }}", "${{ key.none }}", "${{ file }}"])
def test_a_name_that_cannot_be_is_refused(name: str):
    """A name that leads out of the folder, is empty, or is no text."""
    with pytest.raises(InvalidSpec, match=r"processes\.p\.publishDir\.saveAs"):
        targets(f'{{path: x, only: bam, saveAs: "{name}"}}')


def test_two_files_on_one_target_are_an_error():
    """Within one place and across two, with the way out."""
    with pytest.raises(InvalidSpec, match=r"two files meet at s3://b/results/r/x/same.*saveAs"):
        targets("{path: x, only: logs, saveAs: same}")
    with pytest.raises(InvalidSpec, match="two files meet"):
        targets("[{path: x, only: bam, saveAs: s}, {path: x, only: out, saveAs: s}]")
    assert targets("[{path: x, only: bam}, {path: x, only: bam}]") == ["x/bams/a.bam"]


def test_a_copy_carries_what_the_place_says():
    """Tags, storage class, and whether the work copy may go."""
    said = "{path: x, only: bam, mode: move, tags: {a: b}, storageClass: STANDARD_IA}"
    [copy] = copies(places(said), OUTPUTS, outdir=OUT, key={}, process="p")
    assert copy == Copy(WORK + "bams/a.bam", OUT + "x/bams/a.bam", 1, {"a": "b"}, "STANDARD_IA", moved=True)


def test_a_folder_goes_as_a_whole():
    """Its copy ends in a slash at both ends, under its own name or the one it is given."""
    folder: dict[str, Value] = {"d": made("deep/qc/")}
    assert targets("x", folder) == ["x/deep/qc/"]
    assert targets("{path: x, saveAs: report}", folder) == ["x/report/"]
    assert targets("{path: x, pattern: qc}", folder) == ["x/deep/qc/"]


def test_paths_are_found_whatever_the_work_dir_is_called():
    """A work dir with `out` or `a` in it, a file with them in its path."""
    digest = "cd" * 32
    odd = File(f"s3://b/out/a/work/t/cd/{digest}/a/job.1/out/a/x/out/y.bam")
    assert targets("x", {"bam": odd}) == ["x/a/x/out/y.bam"]


@given(st.text(min_size=1, max_size=30))
def test_no_name_leads_out_of_the_place(name: str):
    """Whatever a key holds, its file lies below the place or is refused."""
    try:
        found = targets("{path: x, only: bam, saveAs: '${{ key.s }}'}", s=name)
    except InvalidSpec:
        return
    assert all(target.startswith("x/") and ".." not in target.split("/") for target in found)
