"""Templates: their types, what they name, and what goes wrong with them."""

import pytest

from headrace.core.errors import InvalidValue
from headrace.core.expressions import Reference, evaluate, parse, render_text
from headrace.core.values import MAX_TEXT, File

PROCESSES = frozenset({"align", "call"})
SCOPE = {
    "sample": {
        "id": "s1",
        "r1": File("s3://b/s1.fastq.gz", 7, key={"lane": "L1"}),
        "r2": None,
        "rows": [{"n": 1}, {"n": 2}],
    },
    "params": {"n": 3, "flag": False, "chroms": ["chr1", "chr2"]},
    "task": {"attempt": 2},
}


def value(text, scope=SCOPE, resolve=None):
    """The value of one template."""
    template = parse(text, processes=PROCESSES)
    return evaluate(template, scope, resolve) if resolve else evaluate(template, scope)


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("", ""),
        ("plain {{ x }}", "plain {{ x }}"),
        ("\\${{ x }}", "${{ x }}"),
        ("${{ params.n }}", 3),
        ("${{params.chroms}}", ["chr1", "chr2"]),
        ("${{ sample.r2 }}", None),
        (" ${{ params.n }}", " 3"),
        ("${{ params.n }}${{ params.flag }}", "3false"),
        ("${{ 16 * task.attempt }} GB", "32 GB"),
        ("${{ '3' }}", "3"),
        ("${{ sample.id }}.bam", "s1.bam"),
        ("${{ sample.r1.stem }}", "s1"),
        ("${{ sample.r1.key.lane }}", "L1"),
        ("${{ sample['r1']['size'] }}", 7),
        ("${{ params.chroms[0] }}", "chr1"),
        ("${{ params.chroms[-1] }}", "chr2"),
        ("${{ params.chroms.1 }}", "chr2"),
        ("${{ sample.rows[params.n - 2].n }}", 2),
        ("${{ params[['n'] | first] }}", 3),
        ("${{ (1, 2) }}", [1, 2]),
        ("${{ {'a': [1, {'b': 2}]} }}", {"a": [1, {"b": 2}]}),
        ("${{ 'a' ~ 1 ~ true }}", "a1true"),
        ("${{ 'a' + 'b' }}", "ab"),
        ("${{ [1] + [2] }}", [1, 2]),
        ("${{ 7 // 2 + 7 % 2 - -1 + 2 ** 3 / 4 }}", 7.0),
        ("${{ 1 < 2 <= 2 != 3 }}", True),
        ("${{ 1 < 2 < 2 }}", False),
        ("${{ 'b' in 'abc' and 'n' in params and 'chr1' in params.chroms and 'q' not in params }}", True),
        ("${{ true == 1 }}", False),
        ("${{ sample.r2 is none and sample.r1 is not none }}", True),
        ("${{ sample.r1 is file }}", True),
        ("${{ params.n is gt 2 }}", True),
        ("${{ 'a' if params.flag else 'b' }}", "b"),
        ("${{ 'a' if params.flag }}", None),
        ("${{ params\n  .n }}", 3),
    ],
)
def test_a_lone_expression_keeps_its_type_and_other_text_is_text(text, result):
    """The type of `${{ }}` alone is the value's; with anything around it the result is text."""
    found = value(text)
    assert found == result
    assert type(found) is type(result)


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("${{ none or 'x' }}", "x"),
        ("${{ [] or 'x' }}", "x"),
        ("${{ '' or 'x' }}", ""),
        ("${{ 0 or 'x' }}", 0),
        ("${{ false or 'x' }}", "x"),
        ("${{ false or false }}", False),
        ("${{ true and false }}", False),
        ("${{ true and true }}", True),
        ("${{ none and true }}", False),
        ("${{ 'a' and 'b' }}", "b"),
        ("${{ not none }}", True),
        ("${{ not 'a' }}", False),
        ("${{ not false }}", True),
        ("${{ 'y' if 'a' else 'n' }}", "y"),
        ("${{ 'y' if none else 'n' }}", "n"),
        ("${{ sample.r2 or sample.r1 }}", SCOPE["sample"]["r1"]),
    ],
)
def test_or_takes_the_first_present(text, result):
    """None and the empty list are absent, a boolean is itself, everything else is present."""
    assert value(text) == result


def test_only_the_side_that_counts_is_evaluated():
    """What stands behind a decided `or`, `and` or `if` may name what is not there."""
    assert value("${{ 1 or nothing }}") == 1
    assert value("${{ false and nothing }}") is False
    assert value("${{ 2 if true else nothing }}") == 2


def test_names_uses_and_references_are_known_before_evaluation():
    """Everything a template names is read from its tree, also under `at` and in filters."""
    template = parse(
        "${{ align.bam | map('default', fall.back) | join(sep) }} ${{ call.all.vcf }} ${{ call.all.vcf }}"
        "${{ align.at(sample=pair.tumour, lane='L1').bam.name }} ${{ params['x'].y[0].z }} ${{ a[b.c] }}",
        processes=PROCESSES,
    )
    assert template.names == {"fall", "sep", "pair", "params", "a", "b"}
    assert template.uses == {("fall", "back"), ("sep",), ("pair", "tumour"), ("params", "x", "y"), ("a",), ("b", "c")}
    first, second, third = template.references
    assert first == Reference("align", "align", (), "bam")
    assert second == Reference("call", "all", (), "vcf")
    assert (third.mode, third.output, [axis for axis, _ in third.at]) == ("at", "bam", ["sample", "lane"])
    assert [evaluate(of, {"pair": {"tumour": "T"}}) for _, of in third.at] == ["T", "L1"]
    assert str(third) == "align.at(sample=pair.tumour, lane='L1').bam"
    assert (template.lone, template.literal) == (False, None)
    assert parse("a\\${{").literal == "a${{"
    assert hash(template) == hash(parse(template.text, processes=PROCESSES))


def test_what_a_process_made_comes_from_resolve():
    """Each reference is asked for at evaluation, and lookups go on behind it."""
    asked = []

    def resolve(reference):
        asked.append(reference)
        return File("s3://b/out.bam")

    assert value("${{ align.bam.stem }}-${{ call.all['vcf'].name }}", SCOPE, resolve) == "out-out.bam"
    assert [str(reference) for reference in asked] == ["align.bam", "call.all.vcf"]


def test_an_error_of_resolve_passes_through():
    """What the caller raises is not ours to change."""

    def resolve(_reference):
        raise KeyError("not yet")

    with pytest.raises(KeyError, match="not yet"):
        value("${{ align.bam }}", SCOPE, resolve)


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("${{ sampel.id }}", "'sampel' is not known here", "did you mean 'sample'?"),
        ("${{ sample.idd }}", "sample has no 'idd'", "did you mean 'id'?"),
        ("${{ sample.r1.nam }}", "sample.r1 has no 'nam'", "did you mean 'name'?"),
        ("${{ sample.r2.name }}", "sample.r2 is none", "test it first"),
        ("${{ sample.rows.n }}", "sample.rows is a list of 2", "map\\(attribute='n'\\)"),
        ("${{ sample.id.upper }}", "sample.id is the text 's1'", ""),
        ("${{ params.n.real }}", "params.n is the number 3", ""),
        ("${{ params.chroms[2] }}", "params.chroms has no item 2", ""),
        ("${{ params.chroms[true] }}", "has no True", ""),
        ("${{ params['n']['x'] }}", "params.n is the number 3", ""),
        ("${{ sample[1] }}", "the number 1 is no name in sample", ""),
        ("${{ params.chroms }}.txt", "a list of 2 has no text form", "join"),
        ("x${{ sample.r2 }}", "none has no text form", "or 'other'"),
        ("x${{ sample }}", "a record .* has no text form", "dot"),
        ("x${{ sample.r1 }}", "the file .* has no text form", ".uri"),
        ("${{ 1 + 'a' }}", "cannot take the number 1 and the text 'a'", "`~` puts"),
        ("${{ 1 + true }}", "cannot take the number 1 and true", ""),
        ("${{ 1 / 0 }}", "by zero", ""),
        ("${{ 1 < 'a' }}", "cannot compare", ""),
        ("${{ 1 in 2 }}", "cannot look for", ""),
        ("${{ x ~ none }}", "'x' is not known here", ""),
        ("${{ 'a' ~ none }}", "none has no text form", ""),
        ("${{ align.bam }}", "'align.bam' is not available here", "inputs"),
        ("${{ 'a' | first }}", "first cannot take the text 'a'", ""),
    ],
)
def test_what_fails_quotes_the_expression_and_says_what_to_do(text, message, hint):
    """A missing name or attribute and a failed operation are errors with near names."""
    with pytest.raises(InvalidValue, match=message) as caught:
        value(text)
    assert caught.value.message.startswith("in `${{ ")
    assert hint.replace("\\", "") in caught.value.hint


def test_rendered_text_is_text_also_of_a_lone_expression():
    """Paths and names are text whatever the template's form."""
    assert render_text(parse("${{ params.n }}"), SCOPE) == "3"
    assert render_text(parse("a/b"), SCOPE) == "a/b"
    with pytest.raises(InvalidValue, match="none has no text form"):
        render_text(parse("${{ sample.r2 }}"), SCOPE)


def test_the_result_is_bounded():
    """Many big texts do not add up to more than one may have."""
    scope = {"x": "a" * (MAX_TEXT // 2)}
    with pytest.raises(InvalidValue, match="characters"):
        evaluate(parse("${{ x }}${{ x }}${{ x }}"), scope)


def test_a_template_is_parsed_once():
    """The same text for the same processes is the same object, so planning parses nothing twice."""
    assert parse("${{ a }}", processes=PROCESSES) is parse("${{ a }}", processes=frozenset(PROCESSES))
