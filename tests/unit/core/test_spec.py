"""A whole spec: what one file says, and all that is wrong with it at once."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from tests.support.spec_texts import EXAMPLE, process, refused, refused_spec, spec

from headrace.core import directives, yaml_source
from headrace.core.directives import DIRECTIVES
from headrace.core.errors import InvalidSpec
from headrace.core.selectors import Defaults
from headrace.core.spec import PROCESS_KEYS, TOP_KEYS, Spec, read_spec


def test_the_example_of_the_language_is_read() -> None:
    """The full example gives what it says."""
    variants = spec(EXAMPLE)
    assert variants.name == "variants"
    assert list(variants.processes) == ["align", "call", "merge"]
    assert list(variants.params) == ["reference", "samples", "chroms"]
    align = variants.processes["align"]
    assert list(align.inputs) == ["ref", "r1", "r2"]
    assert align.inputs["r2"].optional
    assert align.labels == ("big",)
    assert variants.outputs["vcfs"].references[0].process == "merge"
    assert variants.processes["merge"].directives == {"publishDir": "vcf"}
    assert variants.line("processes.call.inputs.bam") == 27


def test_models_never_change_and_know_their_fields() -> None:
    """A spec is frozen, and an unknown field is an error."""
    variants = spec(EXAMPLE)
    with pytest.raises(ValidationError):
        variants.name = "other"  # type: ignore[misc]
    with pytest.raises(ValidationError):
        Spec(processes={}, document=variants.document, surprise=1)  # type: ignore[call-arg]


def test_all_problems_come_at_once_in_order_with_their_places() -> None:
    """Each with file, line, path, value and what is expected."""
    text = "nmae: x\nparams: {p: {type: flie}}\nprocesses:\n  a: {script: x, cpus: '8', memory: 8}\n  b: {inputs: {x: 3}}\n"
    problems = refused_spec(text)
    assert [(p.file, p.line, p.path) for p in problems] == [
        ("p.yaml", 1, "nmae"),
        ("p.yaml", 2, "params.p.type"),
        ("p.yaml", 4, "processes.a.cpus"),
        ("p.yaml", 4, "processes.a.memory"),
        ("p.yaml", 5, "processes.b"),
        ("p.yaml", 5, "processes.b.inputs.x"),
    ]
    assert all(p.expected for p in problems)
    assert [p.value for p in problems[:4]] == ["x", "flie", "8", 8]
    assert problems[0].hint == "did you mean 'name'?"
    assert problems[1].hint == "did you mean 'file'?"


@pytest.mark.parametrize("name", [*PROCESS_KEYS, *DIRECTIVES])
def test_a_key_mistyped_suggests_the_one_meant(name: str) -> None:
    """For every key of a process: one letter doubled, and the key is proposed."""
    found = [p for p in refused(f"{name}{name[-1]}: x") if "unknown key" in p.message]
    assert [p.hint for p in found] == [f"did you mean '{name}'?"]


def test_keys_of_other_systems_are_answered() -> None:
    """A directive of Nextflow that is not here is named with what does its work."""
    assert "script" in refused("beforeScript: x")[0].hint
    assert "waitLimit" in refused("maxSubmitAwait: 1h")[0].hint


@pytest.mark.parametrize(
    ("text", "path", "said"),
    [
        ("name: x", "", "no `processes`"),
        ("processes: {}", "processes", "no process at all"),
        ("processes:", "processes", "no process at all"),
        ("processes: [a]", "processes", "a list stands"),
        ("processes: {a: echo}", "processes.a", "text stands where a process"),
        ("processes: {a: null}", "processes.a", "nothing stands where a process"),
        ("processes: {a: {}}", "processes.a", "without `script`"),
        ("name: 3\nprocesses: {a: {script: x}}", "name", "a number stands"),
        ('name: "a\\nb"\nprocesses: {a: {script: x}}', "name", "not a name"),
        ("params: [a]\nprocesses: {a: {script: x}}", "params", "a list stands"),
        ("defaults: x\nprocesses: {a: {script: x}}", "defaults", "text stands"),
        ("outputs: [a]\nprocesses: {a: {script: x}}", "outputs", "a list stands"),
        ("outputs: {x: a.b}\nprocesses: {a: {script: x}}", "outputs.x", "not one lone"),
        ("outputs: {x: 'v${{ a.b }}'}\nprocesses: {a: {script: x}}", "outputs.x", "not one lone"),
    ],
)
def test_the_top_of_a_file(text: str, path: str, said: str) -> None:
    """A pipeline has processes, and every part its own form."""
    assert [(p.path, said in p.message) for p in refused_spec(text)] == [(path, True)]


def test_a_flood_of_processes_or_problems_ends_early() -> None:
    """Five thousand processes are the most, and a hundred problems."""
    many = "processes:\n" + "".join(f"  p{number}: {{script: x}}\n" for number in range(5_001))
    assert [p.message for p in refused_spec(many)] == ["5,001 processes"]
    assert (
        len(refused_spec("processes: {p: {script: x, " + ", ".join(f"k{number}: 1" for number in range(10_000)) + "}}"))
        == 100
    )


def test_when_is_one_expression() -> None:
    """`when` is one `${{ }}`; text around it, or a plain value, is an error."""
    found = process("when: ${{ params.x == 1 }}").when
    assert found is not None
    assert found.lone
    for body in ("when: true", "when: yes", "when: 'x${{ params.x }}'", "when: ''"):
        assert refused(body)[0].path == "processes.p.when"


def test_after_names_processes() -> None:
    """One name, a list, or an expression that names one process's key."""
    assert [t.literal for t in process("after: q").after] == ["q"]
    assert [t.literal for t in process("after: [q, r]").after] == ["q", "r"]
    (template,) = process("after: ${{ q.at(s=params.x).o }}").after
    assert template.references[0].process == "q"
    for body in ("after: []", "after: 3", "after: ${{ params.x }}", "after: [null]"):
        assert refused(body)[0].path.startswith("processes.p.after")


def test_uses_takes_only_its_own_parts() -> None:
    """A process with `uses` takes params, each, when and after; all else belongs into the used file."""
    used = process("uses: qc.yaml\nparams: {n: 3, f: '${{ q.o }}'}\neach: [s]\nwhen: ${{ params.x }}\nafter: q")
    assert used.uses == "qc.yaml"
    assert used.params["n"] == 3
    assert used.params["f"].references[0].output == "o"
    bad = refused("uses: qc.yaml\ncpus: 3\ninputs: {a: b}\noutputs: {a: b}\nlabel: x")
    assert [p.path.rsplit(".", 1)[1] for p in bad] == ["cpus", "inputs", "outputs", "label"]
    assert "withName" in bad[0].hint
    assert refused("script: x\nparams: {a: 1}")[0].path == "processes.p.params"


def test_layers_are_weak_to_strong() -> None:
    """Deployment < defaults < withLabel < withName < the process's own < the launch request's (rule 12)."""
    names = ["deployment", "defaults", "byLabel", "byName", "own", "launch"]
    text = (
        "defaults:\n  queue: defaults\n  withName: {p: {queue: byName}}\n  withLabel: {l: {queue: byLabel}}\n"
        "processes: {p: {script: x, label: l, queue: own}}"
    )
    layers = spec(text).layers("p", deployment={"queue": "deployment"}, launch=Defaults(directives={"queue": "launch"}))
    assert [layer["queue"] for layer in layers if "queue" in layer] == names
    assert directives.merge(layers)["queue"] == "launch"


def test_labels_may_stand_in_defaults() -> None:
    """A process without a label of its own has the one of `defaults`."""
    text = "defaults: {label: l, withLabel: {l: {cpus: 2}}}\nprocesses: {p: {script: x}, q: {script: x, label: m}}"
    both = spec(text)
    assert directives.merge(both.layers("p"))["cpus"] == 2
    assert "cpus" not in directives.merge(both.layers("q"))


def test_a_used_process_is_selected_by_its_full_name() -> None:
    """Selectors reach in by `qc.stats`."""
    text = "defaults: {withName: {qc.stats: {cpus: 3}}}\nprocesses: {stats: {script: x}}"
    assert directives.merge(spec(text).layers("stats", full_name="qc.stats"))["cpus"] == 3
    assert "cpus" not in directives.merge(spec(text).layers("stats"))


def test_a_problem_found_later_is_placed_by_the_spec() -> None:
    """Linking and planning place their problems through the spec."""
    problem = spec(EXAMPLE).problem("processes.align.script", "no", within=1, expected="yes")
    assert (problem.file, problem.line, problem.expected) == ("p.yaml", 24, "yes")


KEYS = st.sampled_from(
    [
        *TOP_KEYS,
        *PROCESS_KEYS,
        *DIRECTIVES,
        "withLabel",
        "withName",
        "type",
        "path",
        "json",
        "from",
        "glob",
        "p",
        "q?",
        "a b",
    ]
)
SCALARS = st.none() | st.booleans() | st.integers() | st.sampled_from(
    ["", "x", "${{ params.a }}", "${{", "${{ q.o }}", "${{ ''.__class__ }}", "8 GB", "1h", "../x", "stdout", "a\nb", "'${{ x }}'", "\U0001d4b3", "\u202e", "%", "*", "!a|b"]
)  # fmt: skip
WILD = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=12
)
PROCESS = st.dictionaries(st.sampled_from([*PROCESS_KEYS, *DIRECTIVES]), WILD, max_size=4)


@settings(max_examples=300, deadline=None)
@given(
    st.dictionaries(st.sampled_from(TOP_KEYS), WILD, max_size=4),
    st.dictionaries(st.sampled_from(["p", "q", "1"]), PROCESS, max_size=2),
)
def test_wild_specs_are_read_or_refused(top: dict[str, Any], processes: dict[str, Any]) -> None:
    """Whatever stands in a file: a Spec, or InvalidSpec whose every problem has a line and prints."""
    text = yaml.safe_dump(
        {"processes": processes, **top} if processes else top or {"name": 1}, allow_unicode=True, sort_keys=False
    )
    try:
        found = read_spec(yaml_source.read(text, "f.yaml"))
    except InvalidSpec as error:
        problems = error.problems
        assert problems
        assert all(p.line and str(p) for p in problems)
    else:
        assert found.processes


@pytest.mark.parametrize(
    "expression",
    [
        "''.__class__.__mro__",
        "params.__init__.__globals__",
        "().__class__.__bases__[0].__subclasses__()",
        "lipsum.__globals__",
        "cycler.__init__",
        "self._TemplateReference__context",
        "range(10**9) | list",
        "params | attr('__class__')",
        "namespace()",
        "x" + "(" * 5000,
        "[" * 3000 + "]" * 3000,
        "-" * 20000 + "1",
    ],
)
def test_attacks_through_templates_are_refused_or_inert(expression: str) -> None:
    """Reading a template runs nothing and ends quickly; what reaches for Python is an error."""
    text = yaml.safe_dump({"processes": {"p": {"script": "x", "when": "${{ " + expression + " }}"}}}, width=10**6)
    try:
        found = read_spec(yaml_source.read(text, "f.yaml")).processes["p"].when
    except InvalidSpec as error:
        assert error.problems[0].path == "processes.p.when"  # noqa: PT017
    else:
        assert found is not None
