"""Linking: a spec of several parts becomes one program, or every problem at once."""

import pytest
from tests.support.programs import program_of

from headrace.core.errors import InvalidSpec
from headrace.core.selectors import Defaults

QC = """
name: qc
params: {bam: {type: file}, deep: 3}
processes:
  stats: {inputs: {b: "${{ params.bam }}"}, outputs: {txt: s.txt}, script: 'true'}
  plot:
    each: [{kind: [a, b]}]
    inputs: {t: "${{ stats.txt }}"}
    outputs: {png: p.png}
    script: 'true'
outputs: {report: "${{ plot.png }}"}
"""


def refused(text, used=None):
    """The problems of a text, as a reader sees them."""
    with pytest.raises(InvalidSpec) as caught:
        program_of(text, used)
    return [str(problem) for problem in caught.value.problems]


def needs(program, process):
    """What a process depends on: producer → (aligned, gathered)."""
    return {need.process: (need.aligned, need.gathered) for need in program.processes[process].needs}


def test_shared_axes_align_others_are_gathered_or_broadcast():
    """Shared axes align; axes only the producer has are gathered; axes only the consumer has are broadcast."""
    program = program_of("""
        processes:
          align: {each: [{s: [a]}], outputs: {o: x}, script: 'true'}
          call: {each: [s, {c: [x]}], inputs: {i: "${{ align.o }}"}, outputs: {o: x}, script: 'true'}
          merge: {each: [s], inputs: {i: "${{ call.o }}"}, outputs: {o: x}, script: 'true'}
          report: {inputs: {i: "${{ merge.o }}"}, script: 'true'}
        """)
    assert needs(program, "call") == {"align": (("s",), ())}
    assert needs(program, "merge") == {"call": (("s",), ("c",))}
    assert needs(program, "report") == {"merge": ((), ("s",))}


def test_dependencies_are_everything_a_template_names():
    """Inputs, `when`, directives, `each` and `after` all name what a process depends on; list order means nothing."""
    program = program_of("""
        processes:
          last:
            each: [{item: "${{ made.out }}"}]
            inputs: {i: ["${{ one.o }}", "x-${{ two.o.name }}"]}
            when: ${{ three.o is not none }}
            memory: ${{ four.o }} GB
            env: {A: "${{ five.o }}"}
            publishDir: {path: "${{ six.o }}"}
            after: [seven, "${{ eight.o }}"]
            script: 'true'
          made: {outputs: {out: '*'}, script: 'true'}
          one: {outputs: {o: x}, script: 'true'}
          two: {outputs: {o: x}, script: 'true'}
          three: {outputs: {o: x}, script: 'true'}
          four: {outputs: {o: {json: f}}, script: 'true'}
          five: {outputs: {o: {json: f}}, script: 'true'}
          six: {outputs: {o: {json: f}}, script: 'true'}
          seven: {outputs: {o: x}, script: 'true'}
          eight: {outputs: {o: x}, script: 'true'}
        """)
    assert set(needs(program, "last")) == {"one", "two", "three", "four", "five", "six", "seven", "eight"}
    assert [need.process for need in program.axes["item"].needs] == ["made"]
    assert program.processes["last"].dynamic == ("item",)
    assert {need.process: need.output for need in program.processes["last"].needs}["seven"] == ""


def test_directives_of_defaults_selectors_and_launch_are_dependencies_too():
    """What applies to a process from elsewhere is read for dependencies like its own."""
    text = """
        defaults: {env: {A: "${{ one.o }}"}, withName: {last: {time: "${{ two.o }}"}}}
        processes:
          one: {outputs: {o: {json: f}}, env: {A: plain}, script: 'true'}
          two: {outputs: {o: {json: f}}, env: {A: plain}, script: 'true'}
          last: {script: 'true'}
        """
    assert set(needs(program_of(text), "last")) == {"one", "two"}
    program = program_of(text, launch=Defaults(directives={"maxForks": 3}), deployment={"cpus": 2})
    assert program.processes["last"].max_forks == 3


def test_every_problem_is_told_at_once_with_its_place():
    """All problems come together, in the order of the file, each with file, line and path, and the nearest name."""
    found = refused("""
        params: {samples: [a]}
        processes:
          align: {each: [{sample: "${{ params.sample }}"}], outputs: {bam: x}, script: 'true'}
          call:
            each: [smple]
            inputs: {bam: "${{ align.bm }}", other: "${{ algn.bam }}"}
            outputs: {vcf: "${{ align.bam.stem }}.vcf"}
            script: echo ${{ bam }} ${{ nothing }}
          late: {after: [cal], when: "${{ key.lane == 'x' }}", script: 'true'}
        """)
    lines = [int(line.removeprefix("s3://bucket/pipeline.yaml:").split(":")[0]) for line in found]
    assert lines == sorted(lines)
    text = "\n".join(found)
    for part in (
        "'sample' is not a param of this file",
        "did you mean 'samples'?",
        "no axis 'smple' is defined (expected one of sample). did you mean 'sample'?",
        "'align' has no output 'bm' (expected one of bam). did you mean 'bam'?",
        "'algn' is not known here",
        "did you mean 'align'?",
        "'align' is a process, and this place sees none. Data enters through inputs.",
        "'nothing' is not known here",
        "no process 'cal' (expected a process of this file). did you mean 'call'?",
        "'lane' is not an axis of this process",
    ):
        assert part in text, (part, text)


def test_a_cycle_is_printed():
    """A cycle is an error that shows the way round, also through the source of an axis and through a used file."""
    assert any(
        "a cycle: a → b → c → a" in line or "a cycle: a → c → b → a" in line
        for line in refused("""
        processes:
          a: {inputs: {i: "${{ c.o }}"}, outputs: {o: x}, script: 'true'}
          b: {inputs: {i: "${{ a.o }}"}, outputs: {o: x}, script: 'true'}
          c: {inputs: {i: "${{ b.o }}"}, outputs: {o: x}, script: 'true'}
        """)
    )
    [line] = refused("""
        processes:
          a: {each: [{d: "${{ b.o }}"}], outputs: {o: x}, script: 'true'}
          b: {each: [d], outputs: {o: x}, script: 'true'}
        """)
    assert "a cycle: " in line
    assert "axis d" in line


def test_stop_when_sees_its_own_task():
    """`stopWhen` is evaluated after success; naming its own output is no cycle, and a use of that output."""
    program = program_of("""
        processes:
          a: {outputs: {o: {json: f}}, stopWhen: "${{ a.o > 3 }}", script: 'true'}
          b: {outputs: {o: {json: f}}, stopWhen: "${{ outputs.o > 3 }}", script: 'true'}
        """)
    assert not program.processes["a"].needs
    assert [w for w in program.warnings if "'o' of 'b'" in w.message] == []


@pytest.mark.parametrize("which", ["a.all.n", "a.at(k=1).n"])
def test_stop_when_does_not_see_other_tasks_of_its_process(which):
    """Which of them are done is a matter of chance."""
    [line] = refused(f"""
        processes:
          a: {{each: [{{k: [1, 2]}}], outputs: {{n: {{json: f}}}}, stopWhen: "${{{{ {which} }}}}", script: 'true'}}
        """)
    assert "`stopWhen` sees the outputs of its own task" in line


def test_uses_is_flattened_and_its_outputs_are_what_outside_sees():
    """`qc.stats` stands over the axes of the `uses` and its own; outside aligns with them and gathers the private ones."""
    program = program_of(
        """
        processes:
          align: {each: [{sample: [a, b]}], outputs: {bam: x}, script: 'true'}
          qc: {uses: qc.yaml, each: [sample], params: {bam: "${{ align.bam }}"}}
          same: {each: [sample], inputs: {r: "${{ qc.report }}"}, script: 'true'}
          every: {inputs: {r: "${{ qc.report }}"}, script: 'true'}
        """,
        {"qc.yaml": QC},
    )
    assert program.processes["qc.stats"].axes == ("sample",)
    assert program.processes["qc.plot"].axes == ("sample", "qc.kind")
    assert needs(program, "qc.stats") == {"align": (("sample",), ())}
    assert needs(program, "qc.plot") == {"qc.stats": (("sample",), ())}
    assert needs(program, "same") == {"qc.plot": (("sample",), ("qc.kind",))}
    assert needs(program, "every") == {"qc.plot": ((), ("sample", "qc.kind"))}


def test_when_and_after_of_a_uses_are_those_of_everything_inside():
    """`when` and `after` beside `uses` hold for each process inside; `after` a used file waits for all of it."""
    program = program_of(
        """
        params: {deep: false}
        processes:
          first: {outputs: {bam: x, ok: {json: f}}, script: 'true'}
          qc: {uses: qc.yaml, when: "${{ params.deep }}", after: [first], params: {bam: "s3://b/x"}}
          late: {uses: qc.yaml, when: "${{ first.ok }}", params: {bam: "s3://b/x"}}
          last: {after: [qc], script: 'true'}
        """,
        {"qc.yaml": QC},
    )
    assert [when.early for when in program.processes["qc.plot"].whens] == [True]
    assert [when.early for when in program.processes["late.plot"].whens] == [False]
    assert set(needs(program, "qc.plot")) == {"first", "qc.stats"}
    assert set(needs(program, "late.stats")) == {"first"}
    assert set(needs(program, "last")) == {"qc.stats", "qc.plot"}


def test_max_forks_over_several_expansions_is_refused():
    """MaxForks counts in one scope: a process whose tasks come from an expansion per sample is refused by name."""
    text = """
        processes:
          split: {each: [{s: [a, b]}], outputs: {parts: '*'}, script: 'true'}
          work: {each: [s, {part: "${{ split.parts }}"}], maxForks: 2, script: 'true'}
        """
    assert "maxForks on 'work', whose tasks come from several expansions (one per s)" in refused(text)[0]
    program_of(text.replace("each: [{s: [a, b]}], ", "").replace("[s, {", "[{"))


def test_odd_things_are_warnings():
    """An output nobody uses or publishes, an input that hides an axis, a selector that selects nothing: said, not refused."""
    program = program_of("""
        defaults: {withName: {aling: {cpus: 2}}}
        processes:
          align:
            each: [{sample: [a]}]
            inputs: {sample: s3://b/x}
            outputs: {bam: x, bai: y, log: z, used: u}
            publishDir: {path: p, only: [log]}
            script: 'true'
        outputs: {u: "${{ align.used }}"}
        """)
    text = "\n".join(str(warning) for warning in program.warnings)
    assert "nobody uses or publishes the output 'bam' of 'align'" in text
    assert "nobody uses or publishes the output 'bai' of 'align'" in text
    assert "'log'" not in text
    assert "'used'" not in text
    assert "the input 'sample' hides the axis 'sample'" in text
    assert "the selector 'aling' selects no process" in text


def test_a_secret_is_named_under_secrets_only():
    """A secret param anywhere else is an error, for it would be rendered, logged or hashed."""
    text = """
        params: {token: {type: string, secret: true}}
        processes:
          a: {secrets: {T: "${{ params.token }}"}, SCRIPT}
        """
    program_of(text.replace("SCRIPT", "script: 'true'"))
    assert (
        "the secret param 'token' outside of `secrets`"
        in refused(text.replace("SCRIPT", "script: 'echo ${{ params.token }}'"))[0]
    )


@pytest.mark.parametrize("where", ["inputs: {i: X}", "when: X", "env: {A: X}", "each: [{b: X}]"])
def test_task_names_are_for_directives_and_scripts(where):
    """`task` has a meaning where a task is about to run: directives and scripts, not inputs, `when` or `each`."""
    text = "processes: {a: {WHERE, script: 'true'}}".replace("WHERE", where.replace("X", '"${{ task.attempt }}"'))
    if where.startswith("env"):
        program_of(text)
    else:
        assert "'task' is not known here" in refused(text)[0]
