"""From records to values: look-ups, the order of gathers, and what is none."""

import pytest
from tests.support.programs import plan_of, program_of

from headrace.core.axis_items import from_files
from headrace.core.gathers import answers, inputs_of, lookups, order_gathered
from headrace.core.plan import Scope
from headrace.core.values import File
from headrace.core.visible import Visible

SHAPE = """
params: {order: [b, a]}
processes:
  base: {each: [{s: "${{ params.order }}"}, {c: [z, y]}], outputs: {o: 'x*', many: '*', n: {json: f}}, script: 'true'}
  same: {each: [c, s], inputs: {i: "${{ base.o }}"}, script: 'true'}
  per: {each: [c], inputs: {i: "${{ base.o }}"}, script: 'true'}
  all: {inputs: {i: "${{ base.o }}", m: "${{ base.many }}", n: "${{ base.n }}", one: "${{ base.at(s='a', c='z').o }}"}, script: 'true'}
  chunk: {each: [s, {d: "${{ base.many }}"}], outputs: {o: 'x*'}, script: 'true'}
  late: {each: [s], inputs: {i: "${{ chunk.o }}"}, script: 'true'}
  last: {inputs: {i: "${{ chunk.o }}"}, script: 'true'}
"""


def seen(program, params=None, files=None, found=None):
    """What a task sees: the items of the root's plan, and the outputs found."""
    plan = plan_of(program, params)
    spec = program.namespaces[""].spec
    bound = {name: param.default for name, param in spec.params.items()} | (params or {})
    visible = Visible(program, bound, from_files(program, (plan.axes, *(files or ()))))
    visible.answer = answers(visible, found or {})
    return visible, {item["id"]: item for item in plan.items()}


def value_of(visible, item, name):
    """The value of an input of a planned task."""
    process = visible.program.processes[item["p"]]
    return visible.value(process.process.inputs[name].value, process.namespace, item["k"])


def file(name, **key):
    """A file of the bucket."""
    return File(f"s3://b/{name}", key=key)


BASE = {
    f"base[s={s},c={c}]": {"o": file(f"{s}{c}"), "n": s + c, "many": [file("ü"), file("k"), file("Z")]}
    for s in "ab"
    for c in "yz"
}


def test_look_ups_are_exact_ids_where_all_keys_are_known():
    """Each need is one look-up: the ids in gather order when every gathered axis is static."""
    visible, items = seen(program_of(SHAPE))
    [one] = inputs_of(visible, items["same[c=z,s=a]"])
    assert (one.ids, one.key) == (("base[s=a,c=z]",), (("s", "a"), ("c", "z")))
    [some] = inputs_of(visible, items["per[c=y]"])
    assert some.ids == ("base[s=b,c=y]", "base[s=a,c=y]")
    whole = {look.need.output: look.ids for look in inputs_of(visible, items["all"]) if look.need.gathered}
    assert whole["o"] == ("base[s=b,c=z]", "base[s=b,c=y]", "base[s=a,c=z]", "base[s=a,c=y]")


def test_look_ups_are_queries_where_a_dynamic_axis_is_gathered():
    """Behind a dynamic axis the ids are not known: a look-up is a prefix, and says which of the answers it wants."""
    visible, items = seen(program_of(SHAPE))
    [look] = inputs_of(visible, items["late[s=a]"])
    assert (look.ids, look.prefix) == (None, "chunk[s=a,")
    assert look.matches({"s": "a", "d": "q"})
    assert not look.matches({"s": "b", "d": "q"})
    [look] = inputs_of(visible, items["last"])
    assert (look.ids, look.prefix) == (None, "chunk[")


def test_an_expansion_looks_up_its_source():
    """An expansion's look-ups are those of its axis, aligned on the axes it is nested in."""
    visible, items = seen(program_of(SHAPE))
    [look] = inputs_of(visible, items["~d[s=a]"])
    assert look.ids == ("base[s=a,c=z]", "base[s=a,c=y]")


def test_outputs_of_a_program_gather_over_every_axis():
    """Top-level outputs are looked up with no key at all."""
    program = program_of(SHAPE + "outputs: {every: '${{ base.o }}'}")
    visible, _ = seen(program)
    [look] = lookups(visible, program.outputs["every"], {})
    assert len(look.ids) == 4


def test_a_gather_is_one_flat_list_in_the_order_of_axes_then_paths():
    """First axis slowest, items as listed, then bytewise by path within a task; never in order of completion."""
    visible, items = seen(program_of(SHAPE), found=dict(reversed(BASE.items())))
    assert [each.name for each in value_of(visible, items["all"], "i")] == ["bz", "by", "az", "ay"]
    assert [each.name for each in value_of(visible, items["all"], "m")] == ["Z", "k", "ü"] * 4
    assert [each.name for each in value_of(visible, items["per[c=y]"], "i")] == ["by", "ay"]


def test_files_know_the_keys_of_the_task_that_made_them():
    """`file.key.<axis>` is the producer's key."""
    visible, items = seen(program_of(SHAPE), found=BASE)
    assert [dict(each.key) for each in value_of(visible, items["per[c=y]"], "i")] == [
        {"s": "b", "c": "y"},
        {"s": "a", "c": "y"},
    ]
    assert dict(value_of(visible, items["same[c=y,s=a]"], "i").key) == {"s": "a", "c": "y"}


def test_gathered_values_come_with_their_keys():
    """A typed output, gathered, is a list of `{key, value}`."""
    visible, items = seen(program_of(SHAPE), found=BASE)
    assert value_of(visible, items["all"], "n")[1] == {"key": {"s": "b", "c": "y"}, "value": "by"}


@pytest.mark.parametrize("absent", [{}, {"base[s=a,c=z]": None}, {"base[s=a,c=z]": {}}, {"base[s=a,c=z]": {"o": None}}])
def test_what_is_not_there_is_none_and_lists_drop_it(absent):
    """A task never made, skipped, without outputs, or with an optional one not produced: none; a gather has the others."""
    found = {task: made for task, made in BASE.items() if task != "base[s=a,c=z]"} | absent
    visible, items = seen(program_of(SHAPE), found=found)
    assert value_of(visible, items["same[c=z,s=a]"], "i") is None
    assert value_of(visible, items["all"], "one") is None
    assert [each.name for each in value_of(visible, items["all"], "i")] == ["bz", "by", "ay"]


def test_dynamic_items_are_gathered_bytewise_by_key():
    """Dynamic axes come bytewise by key behind the listed ones, whatever order records are read in."""
    found = {f"chunk[s={s},d={d}]": {"o": file(f"{s}{d}")} for d in ("ü", "Z", "k", "%20") for s in "ab"}
    visible, items = seen(program_of(SHAPE), found=found)
    expected = ["b%20", "bZ", "bk", "bü", "a%20", "aZ", "ak", "aü"]
    assert [each.name for each in value_of(visible, items["last"], "i")] == expected
    assert [each.name for each in value_of(visible, items["late[s=a]"], "i")] == ["a%20", "aZ", "ak", "aü"]
    assert order_gathered(visible.items, ["chunk[s=a,d=k]", "chunk[s=b,d=z]", "chunk[s=b,d=Z]"]) == [
        "chunk[s=b,d=Z]",
        "chunk[s=b,d=z]",
        "chunk[s=a,d=k]",
    ]


USED = """
params: {f: {type: file, required: false}}
processes:
  p: {each: [{l: [y, x]}], inputs: {i?: "${{ params.f }}"}, outputs: {o: 'x*', extra?: e}, script: 'true'}
  q: {outputs: {o: 'x*'}, script: 'true'}
outputs: {lone: "${{ p.o }}", either: "${{ q.o or p.o }}"}
"""
USER = """
processes:
  a: {each: [{s: [t, r]}], outputs: {o: 'x*'}, script: 'true'}
  u: {uses: used.yaml, each: [s], params: {f: "${{ a.o }}"}}
  one: {each: [s], inputs: {l: "${{ u.lone }}", e: "${{ u.either }}"}, script: 'true'}
  all: {inputs: {l: "${{ u.lone }}", e: "${{ u.either }}"}, script: 'true'}
"""


def test_outputs_of_used_files_are_values_like_others():
    """What a used file hands out is aligned and gathered; an expression is worked out once per key around it."""
    found = {f"u.p[s={s},u.l={k}]": {"o": file(f"{s}{k}")} for s in "rt" for k in "xy"}
    found |= {"u.q[s=r]": {"o": file("r-only")}, "a[s=r]": {"o": file("from-a")}}
    visible, items = seen(program_of(USER, {"used.yaml": USED}), found=found)
    assert [each.name for each in value_of(visible, items["one[s=r]"], "l")] == ["ry", "rx"]
    assert [each.name for each in value_of(visible, items["all"], "l")] == ["ty", "tx", "ry", "rx"]
    assert value_of(visible, items["one[s=r]"], "e").name == "r-only"
    assert [each.name for each in value_of(visible, items["all"], "e")] == ["ty", "tx", "r-only"]
    assert dict(value_of(visible, items["all"], "l")[0].key) == {"s": "t", "l": "y"}


def test_a_param_brings_what_the_file_around_made():
    """Inside, `params.f` is the output of the process around it, at the same key."""
    found = {"a[s=r]": {"o": file("from-a")}}
    visible, items = seen(program_of(USER, {"used.yaml": USED}), found=found)
    assert value_of(visible, items["u.p[s=r,u.l=x]"], "i").name == "from-a"
    assert value_of(visible, items["u.p[s=t,u.l=x]"], "i") is None
    [look] = inputs_of(visible, items["u.p[s=r,u.l=x]"])
    assert look.ids == ("a[s=r]",)


def test_the_keys_of_a_dynamic_axis_around_a_used_file_are_told_by_what_was_found():
    """An expression handed out under a dynamic axis, gathered: once per key that any task behind it has."""
    program = program_of(
        USER.replace("[{s: [t, r]}]", "[{z: [0]}]")
        .replace("each: [s], params", 'each: [{s: "${{ a.o }}"}], params')
        .replace('f: "${{ a.o }}"', "f: s3://b/f"),
        {"used.yaml": USED},
    )
    found = {f"u.p[s={s},u.l=x]": {"o": file(f"{s}x")} for s in "tr"} | {"u.q[s=t]": {"o": file("t-only")}}
    visible, items = seen(program, found=found)
    assert [each.name for each in value_of(visible, items["all"], "e")] == ["rx", "t-only"]
    assert [each.name for each in value_of(visible, items["all"], "l")] == ["rx", "tx"]


def test_a_nested_scope_reads_what_is_around_it():
    """The items of a scope and of those around it make one picture, read back from what was written."""
    program = program_of(SHAPE)
    root = plan_of(program)
    made = [File("s3://b/k"), File("s3://b/j")]
    inner = plan_of(program, scope=Scope("~d[s=a]", (root.axes,), lambda *_: made))
    visible, _ = seen(program, files=[inner.axes], found=BASE)
    assert visible.items.value("d", {"s": "a", "d": "k"}) == made[0]
    assert [item["id"] for item in inner.items()] == ["chunk[s=a,d=k]", "chunk[s=a,d=j]"]
