"""Plans: which tasks there are, what they wait for, in which order."""

import json

import pytest
from tests.support.programs import items_of, plan_of, program_of

from headrace.core.errors import InvalidSpec, InvalidValue
from headrace.core.fetch import Fetch, Needs
from headrace.core.plan import Scope, scope_path
from headrace.core.values import File

VARIANTS = """
name: variants
params:
  reference: {type: file}
  samples: {type: table, columns: {r1: file, r2: {type: file, optional: true}}}    # id,r1,r2 …
  chroms: [chr1, chr2, chrX]                          # `name: value` takes its type from the value
defaults:                                             # directives for every process; selectors
  container: quay.io/biocontainers/gatk4:4.6
  withLabel:
    big:
      cpus: 8
      memory: ${{ 16 * task.attempt }} GB
processes:
  align:
    each:
      sample: ${{ params.samples }}                   # defines the axis `sample`, one item per row
    label: big
    inputs:
      ref: ${{ params.reference }}
      r1: ${{ sample.r1 }}
      r2?: ${{ sample.r2 }}                           # optional input
    outputs:
      bam: ${{ sample.id }}.bam
    script: |
      bwa mem -t ${{ task.cpus }} ${{ ref }} ${{ r1 }} ${{ r2 }} | samtools sort -o ${{ outputs.bam }}
  call:
    each: [sample, {chrom: "${{ params.chroms }}"}]   # reuses `sample`, defines `chrom`: a product
    inputs: {bam: "${{ align.bam }}"}                 # aligned on sample, broadcast over chrom
    outputs: {vcf: "${{ chrom }}.vcf.gz"}
    script: gatk HaplotypeCaller -I ${{ bam }} -L ${{ chrom }} -O ${{ outputs.vcf }}
  merge:
    each: [sample]
    inputs: {vcfs: "${{ call.vcf }}"}                 # partial gather: this sample's chromosomes, in chrom order
    outputs: {vcf: "${{ sample.id }}.vcf.gz"}
    script: gatk GatherVcfs ${{ vcfs | flag('-I') }} -O ${{ outputs.vcf }}
    publishDir: vcf
outputs:
  vcfs: ${{ merge.vcf }}
"""
SPLIT = """
processes:
  split: {each: [{s: [a, b]}], outputs: {parts: '*'}, script: 'true'}
  work: {each: [s, {part: "${{ split.parts }}"}], inputs: {i: "${{ part }}"}, outputs: {o: 'x*'}, script: 'true'}
  again: {each: [s, part], inputs: {i: "${{ work.o }}"}, outputs: {o: 'x*'}, script: 'true'}
  merge: {each: [s], inputs: {i: "${{ again.o }}"}, outputs: {o: 'x*'}, script: 'true'}
  report: {inputs: {i: "${{ again.o }}", m: "${{ merge.o }}"}, script: 'true'}
"""


def parts(*names):
    """An answer: files of these names."""
    return lambda _namespace, _keys, _reference: [File(f"s3://b/{name}") for name in names]


def test_the_example_of_the_language():
    """`variants`, the example in the rules, with a table read from CSV: product, partial gather, depth first, no barrier."""
    csv = Fetch("text", "s3://bucket/s.csv")
    program = program_of(VARIANTS)
    assert program.warnings == ()
    given = {"reference": "s3://b/ref.fa", "samples": "s3://bucket/s.csv"}
    plan = plan_of(program, given, {csv: "id,r1,r2\na,s3://b/a1,\nb,s3://b/b1,s3://b/b2\n"})
    assert [(item["id"], item.get("waits"), item["opens"]) for item in plan.items()] == [
        (f"align[sample={s}]", None, [[f"align[sample={s}]", 1]])
        if c == 0
        else (f"merge[sample={s}]", {f"call[sample={s}]": 3}, [])
        if c == 4
        else (
            f"call[sample={s},chrom={['chr1', 'chr2', 'chrX'][c - 1]}]",
            {f"align[sample={s}]": 1},
            [[f"call[sample={s}]", 1]],
        )
        for s in "ab"
        for c in range(5)
    ]
    assert (plan.size, dict(plan.tasks), plan.adds) == (10, {"align": 2, "call": 6, "merge": 2}, {})
    assert plan.axes["sample"][0] == {"o": [], "k": "a", "v": {"id": "a", "r1": {"$file": "s3://b/a1"}, "r2": None}}


def test_plan_json_is_an_array_of_items():
    """plan.json is the items as JSON, the same bytes for the same input; an empty scope is an empty array."""
    program = program_of(SPLIT)
    plan = plan_of(program)
    text = "".join(plan.to_json())
    assert json.loads(text) == list(plan.items())
    assert text == "".join(plan_of(program_of(SPLIT)).to_json())
    assert json.loads("".join(plan_of(program, scope=Scope("~part[s=a]", (plan.axes,), parts())).to_json())) == []


def test_a_process_without_each_is_one_task():
    """Without `each` a process is one task and what it names is gathered."""
    items = items_of(
        "processes: {a: {each: [{x: [1, 2]}], outputs: {o: 'x*'}, script: 'true'}, b: {inputs: {i: '${{ a.o }}'}, script: 'true'}}"
    )
    assert items["b"] == {"id": "b", "p": "b", "k": {}, "opens": [], "waits": {"a": 2}}


def test_axes_stand_in_ids_in_the_order_of_each():
    """A process has exactly the axes of its `each`, in that order."""
    items = items_of("processes: {a: {each: [{x: [1]}, {y: [2]}], script: 'true'}, b: {each: [y, x], script: 'true'}}")
    assert list(items) == ["a[x=1,y=2]", "b[y=2,x=1]"]
    assert items["b[y=2,x=1]"]["k"] == {"y": "2", "x": "1"}


def test_expansions_stand_where_tasks_will_come_from():
    """A dynamic axis is one expansion per key it depends on; it counts on every gather over it, and so does what waits."""
    items = {item["id"]: item for item in plan_of(program_of(SPLIT)).items()}
    assert items["~part[s=a]"] == {
        "id": "~part[s=a]",
        "x": "part",
        "k": {"s": "a"},
        "opens": [["again", 16], ["again[s=a]", 16]],
        "waits": {"split[s=a]": 1},
    }
    assert items["merge[s=a]"]["waits"] == {"again[s=a]": 1}
    assert items["report"]["waits"] == {"again": 2, "merge": 2}
    assert list(items) == ["split[s=a]", "~part[s=a]", "merge[s=a]", "split[s=b]", "~part[s=b]", "merge[s=b]", "report"]


@pytest.mark.parametrize("count", [0, 1, 3])
def test_an_expansion_adds_what_it_made(count):
    """The scope of an expansion holds its tasks; n tasks are added to every latch behind it, also when n is 0."""
    program = program_of(SPLIT)
    root = plan_of(program)
    plan = plan_of(program, scope=Scope("~part[s=a]", (root.axes,), parts(*"xyz"[:count])))
    assert plan.adds == {"again": (count, 16), "again[s=a]": (count, 16)}
    assert plan.size == 2 * count
    items = {item["id"]: item for item in plan.items()}
    if count:
        assert items["again[s=a,part=x]"]["waits"] == {"work[s=a,part=x]": 1}
        assert items["again[s=a,part=x]"]["opens"] == [["again", 16], ["again[s=a]", 16]]
        assert items["work[s=a,part=x]"]["opens"] == [["work[s=a,part=x]", 1]]
        assert plan.axes == {
            "part": [{"o": ["a"], "k": name, "v": {"$file": f"s3://b/{name}"}} for name in "xyz"[:count]]
        }


def test_an_expansion_is_done_once_per_key_that_a_gather_keeps():
    """Chunks that depend on nothing, gathered per sample: one expansion per sample, each counting on that sample's latch."""
    items = items_of("""
        processes:
          split: {outputs: {parts: '*'}, script: 'true'}
          work: {each: [{s: [a, b]}, {part: "${{ split.parts }}"}], outputs: {o: 'x*'}, script: 'true'}
          merge: {each: [s], inputs: {i: "${{ work.o }}"}, script: 'true'}
        """)
    assert items["~part[s=a]"]["opens"] == [["work[s=a]", 16]]
    assert items["~part[s=b]"]["waits"] == {"split": 1}
    assert items["merge[s=a]"]["waits"] == {"work[s=a]": 1}


NESTED = """
processes:
  one: {outputs: {o: '*'}, script: 'true'}
  two: {each: [{d: "${{ one.o }}"}], outputs: {o: '*'}, script: 'true'}
  deep: {each: [d, {e: "${{ two.o }}"}], outputs: {o: 'x*'}, script: 'true'}
  per: {each: [d], inputs: {i: "${{ deep.o }}"}, script: 'true'}
  all: {inputs: {i: "${{ deep.o }}"}, script: 'true'}
"""


def test_nested_expansions_need_no_order():
    """An expansion inside another's scope is what that one adds; its id is the path to it, its scope is planned from it."""
    program = program_of(NESTED)
    root = plan_of(program)
    assert [item["id"] for item in root.items()] == ["one", "~d", "all"]
    outer = plan_of(program, scope=Scope("~d", (root.axes,), parts("x", "y")))
    items = {item["id"]: item for item in outer.items()}
    assert list(items) == ["two[d=x]", "~d/~e[d=x]", "per[d=x]", "two[d=y]", "~d/~e[d=y]", "per[d=y]"]
    assert outer.adds == {"deep": (2, 16)}
    assert items["~d/~e[d=x]"]["opens"] == [["deep", 16], ["deep[d=x]", 16]]
    assert items["per[d=x]"]["waits"] == {"deep[d=x]": 1}
    inner = plan_of(program, scope=Scope("~d/~e[d=x]", (root.axes, outer.axes), parts("q")))
    assert inner.adds == {"deep": (1, 16), "deep[d=x]": (1, 16)}
    assert [item["id"] for item in inner.items()] == ["deep[d=x,e=q]"]


def test_a_scope_that_the_program_has_not_is_refused():
    """A scope id of another program, or a mangled one, is no scope."""
    program = program_of(NESTED)
    assert scope_path(program, "~d/~e[d=x]")[1] == {"d": "x"}
    for scope in ("~e[d=x]", "~d[d=x]", "~d/~d", "deep"):
        with pytest.raises(InvalidValue):
            scope_path(program, scope)


def test_when_over_params_and_axes_is_decided_now():
    """Such a task is never made and not counted; who needs it alone does not wait, a gather waits for the others."""
    items = items_of("""
        params: {deep: false}
        processes:
          a: {each: [{s: [x, y, z]}], when: "${{ s != 'y' }}", outputs: {o: 'x*'}, script: 'true'}
          off: {when: "${{ params.deep }}", outputs: {o: 'x*'}, script: 'true'}
          b: {each: [s], inputs: {i?: "${{ a.o }}"}, script: 'true'}
          all: {inputs: {i: "${{ a.o }}", off?: "${{ off.o }}"}, script: 'true'}
        """)
    assert list(items) == ["a[s=x]", "b[s=x]", "b[s=y]", "a[s=z]", "b[s=z]", "all"]
    assert items["b[s=x]"]["waits"] == {"a[s=x]": 1}
    assert "waits" not in items["b[s=y]"]
    assert items["all"]["waits"] == {"a": 2}


def test_when_that_names_a_process_is_decided_in_the_run():
    """Such a task is planned, and waits for what its condition names."""
    items = items_of("""
        processes:
          ask: {outputs: {ok: {json: f}}, script: 'true'}
          a: {when: "${{ ask.ok }}", script: 'true'}
        """)
    assert items["a"]["waits"] == {"ask": 1}


@pytest.mark.parametrize("condition", ["s", "3", "none", '"true"'])
def test_when_is_true_or_false(condition):
    """Anything but true and false is an error at its place, naming the key."""
    program = program_of(f"processes: {{a: {{each: [{{s: [x]}}], when: '${{{{ {condition} }}}}', script: 'true'}}}}")
    with pytest.raises(InvalidSpec, match=r"pipeline.yaml:1: processes.a.when: `when` gives .*expected true or false"):
        plan_of(program)


def test_when_of_a_uses_prunes_all_of_it():
    """`when` on a `uses` decides for each key whether the whole is made."""
    inner = "processes: {p: {outputs: {o: 'x*'}, script: 'true'}, q: {inputs: {i: '${{ p.o }}'}, outputs: {o: 'x*'}, script: 'true'}}\noutputs: {o: '${{ q.o }}'}"
    items = items_of(
        "processes: {u: {uses: x.yaml, each: [{s: [a, b]}], when: \"${{ s == 'a' }}\"}, z: {inputs: {i: '${{ u.o }}'}, script: 'true'}}",
        used={"x.yaml": inner},
    )
    assert list(items) == ["u.p[s=a]", "u.q[s=a]", "z"]
    assert items["z"]["waits"] == {"u.q": 1}


def test_at_names_one_task():
    """`at` is exactly that key, known at plan time; a record's `id` is its key."""
    text = """
        params: {pairs: {type: table, default: [{id: p, tumour: a, normal: b}]}}
        processes:
          align: {each: [{sample: [a, b, c]}], outputs: {bam: 'x*'}, script: 'true'}
          call:
            each: [{pair: "${{ params.pairs }}"}]
            inputs: {t: "${{ align.at(sample=pair.tumour).bam }}", n: "${{ align.at(sample=pair.WHICH).bam }}"}
            script: 'true'
        """
    assert items_of(text.replace("WHICH", "normal"))["call[pair=p]"]["waits"] == {
        "align[sample=a]": 1,
        "align[sample=b]": 1,
    }
    program = program_of(text.replace("align.at(sample=pair.WHICH)", "align.at(sample='aa')"))
    with pytest.raises(InvalidSpec) as caught:
        plan_of(program)
    assert (
        "names 'aa', and axis 'sample' has no such item, for {'pair': 'p'} (expected one of its 3 keys). did you mean 'a'?"
        in str(caught.value)
    )


def test_at_reaches_out_of_the_scope_it_is_in():
    """Inside an expansion of one sample, `at` another sample waits for all of that one's members."""
    program = program_of("""
        processes:
          base: {each: [{s: [a, b]}, {t: [x, y]}], outputs: {o: '*'}, script: 'true'}
          work: {each: [s, {d: "${{ base.o }}"}], inputs: {i: "${{ base.at(s='b').o }}"}, outputs: {o: 'x*'}, script: 'true'}
          per: {each: [s], inputs: {i: "${{ work.o }}"}, script: 'true'}
        """)
    plan = plan_of(program, scope=Scope("~d[s=a]", (plan_of(program).axes,), parts("q")))
    assert [item["waits"] for item in plan.items()] == [{"base[s=b]": 2}]


@pytest.mark.parametrize("limit", ["2", "'${{ params.n }}'"])
def test_max_forks_is_a_threshold_on_the_processs_own_latch(limit):
    """Task number i waits for i - n + 1 ends of its process; the limit may be a param."""
    items = items_of(
        f"params: {{n: 2}}\nprocesses: {{a: {{each: [{{s: [1, 2, 3, 4]}}], maxForks: {limit}, script: 'true'}}}}"
    )
    assert [item.get("turn") for item in items.values()] == [None, None, ["a", 1], ["a", 2]]
    assert items["a[s=1]"]["opens"] == [["a", 1]]


def test_max_forks_counts_the_expansion_too():
    """Behind an expansion, which counts on the same latch, the threshold is higher by it."""
    program = program_of(
        "processes: {s: {outputs: {o: '*'}, script: 'true'}, a: {each: [{d: '${{ s.o }}'}], maxForks: 1, script: 'true'}}"
    )
    plan = plan_of(program, scope=Scope("~d", ({},), parts("x", "y", "z")))
    assert [item.get("turn") for item in plan.items()] == [None, ["a", 2], ["a", 3]]


def test_latches_have_shards_by_the_number_of_their_members():
    """A latch of n tasks has one shard per 200."""
    items = items_of(
        "processes: {a: {each: [{i: {range: [1, 401]}}], outputs: {o: 'x*'}, script: 'true'}, b: {inputs: {i: '${{ a.o }}'}, script: 'true'}}"
    )
    assert items["a[i=1]"]["opens"] == [["a", 3]]


def test_long_ids_are_refused_before_anything_runs():
    """An id over 900 bytes is an error that names the task's key."""
    axes = ", ".join(f"{{a{n}: ['{'x' * 127}{n}']}}" for n in range(8))
    with pytest.raises(InvalidSpec, match="bytes"):
        plan_of(program_of(f"processes: {{p: {{each: [{axes}], script: 'true'}}}}"))


def test_a_flood_of_tasks_is_refused_quickly():
    """A product of a trillion tasks is an error, not a full memory."""
    axes = ", ".join(f"{{a{n}: {{range: [1, 1000]}}}}" for n in range(4))
    with pytest.raises(InvalidSpec, match="more than 1,000,000 tasks"):
        plan_of(program_of(f"processes: {{p: {{each: [{axes}], script: 'true'}}}}"))


def test_params_of_a_used_file_may_be_tables_in_files():
    """A table that a used file is given by its location is asked for like any other."""
    inner = "params: {t: {type: table}}\nprocesses: {p: {each: [{r: '${{ params.t }}'}], script: 'true'}}"
    program = program_of("processes: {u: {uses: x.yaml, params: {t: data.csv}}}", {"x.yaml": inner})
    fetch = Fetch("text", "s3://bucket/data.csv")
    assert plan_of(program) == Needs((fetch,))
    assert [item["id"] for item in plan_of(program, None, {fetch: "id\nx\ny\n"}).items()] == [
        "u.p[u.r=x]",
        "u.p[u.r=y]",
    ]


def test_a_param_of_a_used_file_is_checked_where_it_is_given():
    """A value of the wrong type is an error at the `uses` that gives it."""
    inner = "params: {n: {type: number}}\nprocesses: {p: {when: '${{ params.n > 1 }}', script: 'true'}}"
    program = program_of(
        "params: {w: text}\nprocesses: {u: {uses: x.yaml, params: {n: '${{ params.w }}'}}}", {"x.yaml": inner}
    )
    with pytest.raises(InvalidSpec, match=r"pipeline.yaml:2: processes.u.params.n: "):
        plan_of(program)
