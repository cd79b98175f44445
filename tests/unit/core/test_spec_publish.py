"""`publishDir` (rule 13)."""

from __future__ import annotations

import pytest
from tests.support.spec_texts import process, refused

from headrace.core.directives import evaluate
from headrace.core.errors import InvalidSpec
from headrace.core.spec_publish import Publish

SCOPE = {"key": {"s": "a"}, "params": {"mode": "move", "bad": "../x"}}
OTHERS = ("http://169.254.169.254/latest/meta-data", "https://example.org/x", "file:///etc/passwd", "gopher://x/y")


def places(text: str) -> tuple[Publish, ...]:
    """Where a process publishes."""
    return evaluate(process(f"publishDir: {text}").directives, SCOPE).publish


def test_a_path_a_map_or_a_list_of_these() -> None:
    """All three forms give places."""
    assert places("vcf") == (Publish(path="vcf"),)
    assert places("{path: vcf, mode: move}") == (Publish(path="vcf", mode="move"),)
    assert [place.path for place in places("[a, {path: b}, s3://bucket/c]")] == ["a", "b", "s3://bucket/c"]


def test_every_part() -> None:
    """Patterns and outputs narrow, tags and class go onto the objects."""
    (place,) = places(
        "{path: '${{ key.s }}', mode: '${{ params.mode }}', pattern: '*.vcf', only: [vcf], saveAs: x, tags: {a: b}, storageClass: STANDARD_IA}"
    )
    assert (place.path, place.mode, place.patterns, place.only, place.tags, place.storage_class) == (
        "a",
        "move",
        ("*.vcf",),
        ("vcf",),
        {"a": "b"},
        "STANDARD_IA",
    )
    assert place.save_as is not None


def test_a_map_without_path_means_the_outdir_itself() -> None:
    """Everything is relative to the run's outdir."""
    assert places("{pattern: '*.vcf'}")[0].path == "."


@pytest.mark.parametrize(
    ("text", "path", "said"),
    [
        ("/abs", "publishDir", "results go to S3"),
        ("file:///x", "publishDir", "results go to S3"),
        ("'s3://'", "publishDir", "results go to S3"),
        ("../x", "publishDir", "leaves its folder"),
        ("a/../../x", "publishDir", "leaves its folder"),
        ("s3://bucket/../x", "publishDir", "leaves its folder"),
        ("3", "publishDir", "says nowhere"),
        ("''", "publishDir", "no path"),
        ("{path: a, mode: symlink}", "publishDir.mode", "no links"),
        ("{path: a, mode: cpoy}", "publishDir.mode", "not one of the words"),
        ("{path: a, saveas: b}", "publishDir.saveas", "unknown key"),
        ("{path: a, storageClass: COLD}", "publishDir.storageClass", "not one of the words"),
        ("{path: a, tags: {'aws:x': b}}", "publishDir.tags.aws:x", "not a tag"),
        ("[a, {path: b, mode: x}]", "publishDir[1].mode", "not one of the words"),
        ("{path: '${{ key.s }}', mode: x}", "publishDir.mode", "not one of the words"),
    ],
)
def test_what_is_refused_and_where(text: str, path: str, said: str) -> None:
    """Every mistake is named at its place, also beside an expression."""
    assert [(p.path, said in p.message) for p in refused(f"publishDir: {text}")] == [(f"processes.p.{path}", True)]


def test_ten_tags_are_the_most() -> None:
    """S3 takes no more on an object."""
    tags = ", ".join(f"t{number}: x" for number in range(11))
    assert "too many tags" in refused(f"publishDir: {{path: a, tags: {{{tags}}}}}")[0].message


def test_a_path_that_is_evaluated_is_judged_too() -> None:
    """A param cannot lead results out of the outdir."""
    with pytest.raises(InvalidSpec, match="leaves its folder"):
        places("${{ params.bad }}")


@pytest.mark.parametrize("uri", OTHERS)
def test_results_go_to_no_other_place(uri: str) -> None:
    """Another scheme is refused as it is read, and where an expression gives it."""
    for said in (f"'{uri}'", f"{{path: '{uri}'}}", f"[a, '{uri}']"):
        assert "results go to S3" in str(refused(f"publishDir: {said}"))
    with pytest.raises(InvalidSpec, match="results go to S3"):
        evaluate(process("publishDir: '${{ params.to }}'").directives, SCOPE | {"params": {"to": uri}})
