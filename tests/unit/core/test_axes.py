"""Sources of axes: every form, its items, its keys, and what is refused."""

import pytest
from tests.support.programs import plan_of, program_of

from headrace.core.errors import InvalidSpec
from headrace.core.fetch import Fetch, Needs, Unreadable
from headrace.core.plan import Scope
from headrace.core.values import File

PARAMS = """
params:
  files: {type: list, of: file, required: false}
  rows: {type: table, key: name, columns: {n: number}, required: false}
  words: [b, a]
  listing: {type: file, required: false}
"""


def keys_of(source, params=None, fetched=None, axis="x"):
    """The keys of an axis with this source, in order."""
    return [item["k"] for item in planned(source, params, fetched).axes.get(axis, ())]


def planned(source, params=None, fetched=None):
    """The plan of one process over an axis with this source."""
    plan = plan_of(
        program_of(PARAMS + f"processes: {{p: {{each: [{{x: {source}}}], script: 'true'}}}}"), params, fetched
    )
    assert not isinstance(plan, Needs), plan
    return plan


def refused(source, params=None, fetched=None):
    """What is said of a source that is refused."""
    with pytest.raises(InvalidSpec) as caught:
        planned(source, params, fetched)
    return str(caught.value)


@pytest.mark.parametrize(
    ("source", "keys"),
    [
        ("[b, a]", ["b", "a"]),
        ("[1, 1.5, true, 'x y', -3]", ["1", "1.5", "true", "x y", "-3"]),
        ("[{id: a, n: 1}, {id: 7}]", ["a", "7"]),
        ("['${{ params.words[0] }}', 'pre-${{ params.words[1] }}']", ["b", "pre-a"]),
        ("'${{ params.words }}'", ["b", "a"]),
        ("'${{ params.words | sort }}'", ["a", "b"]),
        ("{range: [2, 4]}", ["2", "3", "4"]),
        ("{range: [-1, '${{ params.words | length }}']}", ["-1", "0", "1", "2"]),
        ("{chunk: '${{ params.words }}', size: 1}", ["0001", "0002"]),
        ("{chunk: [1, 2, 3], size: 2}", ["0001", "0002"]),
    ],
)
def test_keys_of_items_written_or_given(source, keys):
    """A scalar's text, a record's `id`, a chunk's zero-padded number; in the order given; a range holds both its ends."""
    assert keys_of(source) == keys


def test_items_keep_their_types_and_values():
    """An item is the value itself, not its key; a chunk is a list of items."""
    assert [item["v"] for item in planned("[1, true, {id: a, n: 1}]").axes["x"]] == [1, True, {"id": "a", "n": 1}]
    assert [item["v"] for item in planned("{chunk: [1, 2, 3], size: 2}").axes["x"]] == [[1, 2], [3]]


def test_rows_of_a_table_param_have_the_key_of_its_key_column():
    """A table with `key: name` names its rows by that column, in row order."""
    given = {"rows": [{"name": "z", "n": 1}, {"name": "b", "n": 2}]}
    assert keys_of("'${{ params.rows }}'", given) == ["z", "b"]


def test_files_are_keyed_by_name():
    """A file of a list has its name as key; two of one name are an error naming both."""
    assert keys_of("'${{ params.files }}'", {"files": ["s3://b/x/a.fq", "s3://b/y/b.fq"]}) == ["a.fq", "b.fq"]
    text = refused("'${{ params.files }}'", {"files": ["s3://b/x/a.fq", "s3://b/y/a.fq"]})
    assert "items 1 (the file 's3://b/x/a.fq') and 2 (the file 's3://b/y/a.fq') have the same key 'a.fq'" in text


def test_a_glob_is_keyed_by_the_path_below_its_fixed_part_in_bytewise_order():
    """`reads/*/*.fq` gives `s1/a.fq`; files come in bytewise order whatever the listing's order."""
    fetch = Fetch("glob", "s3://bucket/reads/*/*.fq")
    files = [
        File("s3://bucket/reads/s2/a.fq"),
        File("s3://bucket/reads/s1/ü.fq"),
        File("s3://bucket/reads/s1/a.fq"),
        File("s3://bucket/reads/Z/a.fq"),
    ]
    assert keys_of("{glob: 'reads/*/*.fq'}", fetched={fetch: files}) == ["Z/a.fq", "s1/a.fq", "s1/ü.fq", "s2/a.fq"]
    assert "no file matches s3://bucket/reads/*/*.fq" in refused("{glob: 'reads/*/*.fq'}", fetched={fetch: []})


@pytest.mark.parametrize(
    ("source", "kind", "uri", "content", "keys"),
    [
        ("{lines: names.txt}", "text", "s3://bucket/names.txt", "b\r\n\na b\n", ["b", "a b"]),
        ("{lines: '${{ params.listing }}'}", "text", "s3://b/list", "x", ["x"]),
        ("{rows: t/rows.csv}", "text", "s3://bucket/t/rows.csv", "id,n\nb,1\na,2\n", ["b", "a"]),
        ("{rows: rows.tsv}", "text", "s3://bucket/rows.tsv", "id\tn\nq\t1\n", ["q"]),
        ("{json: x.json}", "json", "s3://bucket/x.json", ["v", "w"], ["v", "w"]),
        ("{json: x.json, at: a.0.b}", "json", "s3://bucket/x.json", {"a": [{"b": [1, 2]}]}, ["1", "2"]),
    ],
)
def test_what_has_to_be_read_is_asked_for(source, kind, uri, content, keys):
    """Files are not read here: the answer is what to read, and with that read the items are there."""
    params = {"listing": "s3://b/list"}
    program = program_of(PARAMS + f"processes: {{p: {{each: [{{x: {source}}}], script: 'true'}}}}")
    assert plan_of(program, params) == Needs((Fetch(kind, uri),))
    assert keys_of(source, params, {Fetch(kind, uri): content}) == keys
    assert f"cannot read {uri}: no such object" in refused(
        source, params, {Fetch(kind, uri): Unreadable("no such object")}
    )


def test_needs_of_nested_axes_come_level_by_level():
    """All that can be asked for at once is; what depends on it is asked for next."""
    program = program_of("""
        processes:
          p: {each: [{s: {lines: s.txt}}, {t: {lines: t.txt}}, {n: {lines: "${{ s }}/n.txt"}}], script: 'true'}
        """)
    assert plan_of(program) == Needs((Fetch("text", "s3://bucket/s.txt"), Fetch("text", "s3://bucket/t.txt")))
    read = {Fetch("text", "s3://bucket/s.txt"): "a\nb\n", Fetch("text", "s3://bucket/t.txt"): "x"}
    assert plan_of(program, None, read) == Needs(
        (Fetch("text", "s3://bucket/a/n.txt"), Fetch("text", "s3://bucket/b/n.txt"))
    )
    read |= {Fetch("text", "s3://bucket/a/n.txt"): "1\n2", Fetch("text", "s3://bucket/b/n.txt"): "3"}
    plan = plan_of(program, None, read)
    assert [(entry["o"], entry["k"]) for entry in plan.axes["n"]] == [(["a"], "1"), (["a"], "2"), (["b"], "3")]
    assert [item["id"] for item in plan.items()] == ["p[s=a,t=x,n=1]", "p[s=a,t=x,n=2]", "p[s=b,t=x,n=3]"]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("[a, b, a]", "items 1 (the text 'a') and 3 (the text 'a') have the same key 'a'"),
        ("[1, '1']", "items 1 (the number 1) and 2 (the text '1') have the same key '1'"),
        ("[{n: 1}]", "item 1: a record (n) has no `id`"),
        ("[[a], [b]]", "item 1: an item is a list of 1"),
        ("['', a]", "item 1: the key '' has 0 characters (expected 1 to 128)"),
        ("[" + "x" * 129 + "]", "has 129 characters (expected 1 to 128)"),
        ("'${{ [] }}'", "axis 'x': the axis has no items (expected at least one item)"),
        ("'${{ 3 }}'", "the expression gives the number 3 (expected a list of items)"),
        ("'${{ params.listing }}'", "the expression gives none (expected a list of items)"),
        ("{chunk: [1], size: '${{ 0 }}'}", "size is the number 0 (expected a whole number from 1)"),
        ("{range: [1, '${{ 1.5 }}']}", "the last number is the number 1.5 (expected a whole number)"),
        ("{range: [5, '${{ 4 }}']}", "a range from 5 to 4 (expected [first, last] with first ≤ last)"),
        ("{range: [1, 9007199254740992]}", "a range of 9,007,199,254,740,992 numbers (expected at most 1,000,000)"),
        ("{lines: '${{ 3 }}'}", "the number 3 is no location"),
    ],
)
def test_items_without_a_key_of_their_own_are_refused(source, message):
    """Keys are unique text of 1 to 128 characters; no items at plan time is an error; each says which item and where."""
    text = refused(source)
    assert message in text
    assert "s3://bucket/pipeline.yaml:" in text
    assert "processes.p.each[0].x: axis 'x'" in text


def test_json_without_the_place_is_refused():
    """A path that leads nowhere names the part that is missing and where."""
    fetched = {Fetch("json", "s3://bucket/x.json"): {"a": {"b": 1}}}
    assert "no 'c' in the JSON at a" in refused("{json: x.json, at: a.c}", fetched=fetched)
    assert "gives the number 1" in refused("{json: x.json, at: a.b}", fetched=fetched)


def test_no_items_below_one_outer_key_is_an_error_that_names_it():
    """A nested axis has items for each outer item; the message says for which there are none."""
    program = program_of("processes: {p: {each: [{s: [1, 0]}, {n: '${{ [7] if s > 0 else [] }}'}], script: 'true'}}")
    with pytest.raises(InvalidSpec, match="axis 'n' for s=0: the axis has no items"):
        plan_of(program)


def test_counts_may_differ_per_outer_item():
    """`table | group` gives one record per value, and each its own rows."""
    program = program_of("""
        params: {t: {type: table, key: lane, default: [{lane: l1, s: a}, {lane: l2, s: b}, {lane: l3, s: a}]}}
        processes: {p: {each: [{s: "${{ params.t | group('s') }}"}, {lane: "${{ s.rows }}"}], script: 'true'}}
        """)
    assert [item["id"] for item in plan_of(program).items()] == ["p[s=a,lane=l1]", "p[s=a,lane=l3]", "p[s=b,lane=l2]"]


@pytest.mark.parametrize("answer", [None, []])
def test_a_dynamic_axis_may_be_empty(answer):
    """A source that made nothing, or was never made, gives no tasks and no error."""
    program = program_of(
        "processes: {s: {outputs: {o: '*'}, script: 'true'}, p: {each: [{d: '${{ s.o }}'}], script: 'true'}}"
    )
    plan = plan_of(program, scope=Scope("~d", ({},), lambda *_: answer))
    assert (plan.size, plan.axes, list(plan.items())) == (0, {"d": []}, [])
