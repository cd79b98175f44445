"""Params: declared and bound (rule 11)."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.spec_texts import EXAMPLE, refused_spec, spec

from headrace.core.errors import InvalidSpec, Problem
from headrace.core.params import Param, bind, secret_names, tables_to_fetch
from headrace.core.values import File

BASE = "s3://bucket/p/pipeline.yaml"
OTHERS = ("http://169.254.169.254/latest/meta-data", "https://example.org/x", "file:///etc/passwd", "gopher://x/y")


def declared(text: str) -> dict[str, Param]:
    """The params of a block."""
    return spec(f"params: {text}\nprocesses: {{p: {{script: x}}}}").params


def bound(text: str, **given: Any) -> dict[str, Any]:
    """The values of such params."""
    return bind(declared(text), given, {}, base=BASE, given_base=BASE)


def wrong(text: str, **given: Any) -> list[Problem]:
    """The problems of binding them."""
    with pytest.raises(InvalidSpec) as refusal:
        bound(text, **given)
    return list(refusal.value.problems)


@pytest.mark.parametrize(
    ("value", "kind", "of"),
    [
        ("x", "string", "string"),
        ("3", "number", "string"),
        ("1e-3", "number", "string"),
        ("true", "boolean", "string"),
        ("[a, b]", "list", "string"),
        ("[1, 2]", "list", "number"),
        ("[]", "list", "string"),
        ("NO", "string", "string"),
        ("'3'", "string", "string"),
    ],
)
def test_a_value_gives_its_type(value: str, kind: str, of: str) -> None:
    """`name: value` takes its type from the value, and is its own default."""
    param = declared(f"{{x: {value}}}")["x"]
    assert (param.type, param.of, param.required) == (kind, of, False)
    assert bound(f"{{x: {value}}}")["x"] == param.default


@pytest.mark.parametrize(
    ("text", "given", "value"),
    [
        ("{type: string}", "a", "a"),
        ("{type: number}", 3, 3),
        ("{type: boolean}", False, False),
        ("{type: file}", "a.fa", File(uri="s3://bucket/p/a.fa")),
        ("{type: file}", "s3://o/a.fa", File(uri="s3://o/a.fa")),
        ("{type: list}", ["a"], ["a"]),
        ("{type: list, of: number}", [1, 2.5], [1, 2.5]),
        ("{type: list, of: file}", ["a"], [File(uri="s3://bucket/p/a")]),
        ("{type: list}", [], []),
        ("{type: map}", {"a": [1]}, {"a": [1]}),
        ("{type: table}", [{"id": "a"}], [{"id": "a"}]),
        ("{type: string, enum: [a, b]}", "b", "b"),
        ("{type: number, enum: [1, 2]}", 2, 2),
        ("{type: list, of: string, enum: [a, b]}", ["a", "b"], ["a", "b"]),
        ("{type: string, secret: true}", "ssm:/a", "ssm:/a"),
        ("{default: 3}", 4, 4),
        ("{type: string, required: false}", None, None),
    ],
)
def test_every_type_takes_its_values(text: str, given: Any, value: Any) -> None:
    """A given value of the declared type is taken."""
    assert bound(f"{{x: {text}}}", x=given) == {"x": value}


@pytest.mark.parametrize(
    ("text", "given", "said"),
    [
        ("{type: string}", 3, "a number stands where a string"),
        ("{type: number}", "3", "text stands where a number"),
        ("{type: number}", True, "true stands where a number"),
        ("{type: boolean}", "yes", "text stands where a boolean"),
        ("{type: file}", 3, "a number stands where a file"),
        ("{type: file}", "http://x", "not a location on S3"),
        ("{type: list}", "a", "text stands where a list"),
        ("{type: list, of: number}", [1, "2"], "text stands where a number"),
        ("{type: map}", [1], "a list stands where a map"),
        ("{type: map}", {"$file": "x"}, "Headrace's own"),
        ("{type: table}", 3, "no table"),
        ("{type: string, enum: [a, b]}", "c", "not one of the values allowed"),
        ("{type: number, enum: [0, 1]}", False, "false stands"),
        ("{type: list, enum: [a, b]}", ["a", "c"], "not one of the values allowed"),
        ("{type: string, secret: true}", "hunter2", "not a reference to a secret"),
        ("{type: string}", None, "none is given"),
    ],
)
def test_every_type_refuses_other_values(text: str, given: Any, said: str) -> None:
    """A value of a wrong type, or not in the enum, is named."""
    problems = wrong(f"{{x: {text}}}", x=given)
    assert said in problems[0].message
    assert problems[0].path.startswith("params.x")
    assert "hunter2" not in str(problems[0])


def test_unknown_and_missing_params_come_at_once() -> None:
    """Unknown ones suggest the nearest, missing ones say how to give them."""
    problems = wrong("{reference: {type: file}, n: {type: number}}", refrence="x", n="y")
    assert {(p.path, p.hint.split("=")[0]) for p in problems} == {
        ("params.refrence", "did you mean 'reference'?"),
        ("params.reference", "--param reference"),
        ("params.n", "Text is never read as another type: leave the quotes out"),
    }


def test_defaults_and_none() -> None:
    """What is not given is the default; without one it is required unless it says otherwise."""
    assert bound(
        "{a: 1, b: {type: number, default: 2}, c: {type: number, required: false}, d: {type: file, default: x}}"
    ) == {
        "a": 1,
        "b": 2,
        "c": None,
        "d": File(uri="s3://bucket/p/x"),
    }
    assert "required param" in wrong("{a: {type: string}}")[0].message


def test_a_default_file_is_relative_to_the_spec_and_a_given_one_to_its_own_file() -> None:
    """Each relative path is relative to the file that says it; what is said nowhere has to be whole."""
    params = declared("{d: {type: file, default: x}, g: {type: file}}")
    values = bind(params, {"g": "x"}, {}, base=BASE, given_base="s3://other/launch.yaml")
    assert [values["d"].uri, values["g"].uri] == ["s3://bucket/p/x", "s3://other/x"]
    with pytest.raises(InvalidSpec, match="headrace run"):
        bind(params, {"g": "x"}, {}, base=BASE)


def test_tables_are_fetched_by_name() -> None:
    """Which tables have to be read is said before anything is."""
    params = spec(EXAMPLE).params
    given = {"reference": "ref.fa", "samples": "s.csv"}
    wanted = tables_to_fetch(params, given, base=BASE, given_base=BASE)
    assert wanted == ["s3://bucket/p/s.csv"]
    values = bind(params, given, {wanted[0]: "id,r1\na,a.fq\n"}, base=BASE, given_base=BASE)
    assert values["samples"] == [{"id": "a", "r1": File(uri="s3://bucket/p/a.fq"), "r2": None}]
    assert values["chroms"] == ["chr1", "chr2", "chrX"]
    assert tables_to_fetch(params, {"samples": [{"id": "a"}]}) == []
    assert tables_to_fetch(params, {"samples": "http://x"}) == []


def test_secrets_are_known_by_name() -> None:
    """Whoever renders, logs or hashes values must know which ones are references to secrets."""
    assert secret_names(declared("{a: {type: string, secret: true}, b: x}")) == {"a"}


@pytest.mark.parametrize(
    ("text", "path", "said"),
    [
        ("{x: }", "params.x", "nothing has no type"),
        ("{x: {}}", "params.x", "without `type`"),
        ("{x: {a: 1}}", "params.x.a", "unknown key"),
        ("{x: {type: integer}}", "params.x.type", "not one of the words"),
        ("{x: [1, a]}", "params.x", "several types"),
        ("{x: [[1]]}", "params.x", "several types"),
        ("{x: {type: string, of: file}}", "params.x.of", "no meaning for a string"),
        ("{x: {type: list, of: list}}", "params.x.of", "not one of the words"),
        ("{x: {type: list, key: a}}", "params.x.key", "no meaning for a list"),
        ("{x: {type: table, columns: {a: map}}}", "params.x.columns.a", "not one of the words"),
        ("{x: {type: table, columns: {a: {optinal: true}}}}", "params.x.columns.a.optinal", "unknown key"),
        ("{x: {type: number, default: '3'}}", "params.x.default", "text stands where a number"),
        ("{x: {type: string, default: a, enum: [b]}}", "params.x.default", "not one of the values"),
        ("{x: {type: string, default: a, required: true}}", "params.x.required", "no use for a default"),
        ("{x: {type: string, enum: []}}", "params.x.enum", "not a list of values"),
        ("{x: {type: string, enum: a}}", "params.x.enum", "text stands where a list"),
        ("{x: {type: boolean, enum: [true]}}", "params.x.enum", "no meaning"),
        ("{x: {type: number, secret: true}}", "params.x.secret", "cannot be secret"),
        ("{x: {type: string, secret: true, default: hunter2}}", "params.x.default", "not a reference"),
        ("{x: '${{ params.y }}'}", "params.x", "an expression in a param"),
        ("{x: {type: list, default: ['${{ y }}']}}", "params.x.default", "an expression in a param"),
        ("{x: {default: null}}", "params.x.default", "nothing has no type"),
        ("{x-y: 1}", "params.x-y", "cannot name a param"),
    ],
)
def test_bad_declarations(text: str, path: str, said: str) -> None:
    """Every mistake in a declaration is named at its place, defaults included."""
    found = [(p.path, said in p.message) for p in refused_spec(f"params: {text}\nprocesses: {{p: {{script: x}}}}")]
    assert (path, True) in found
    assert "hunter2" not in str(refused_spec(f"params: {text}\nprocesses: {{p: {{script: x}}}}")[0])


def test_a_related_key_is_proposed() -> None:
    """`optional` and `items` are what other systems call it."""
    assert (
        "required: false"
        in refused_spec("params: {x: {type: string, optional: true}}\nprocesses: {p: {script: x}}")[0].hint
    )


@pytest.mark.parametrize("uri", OTHERS)
def test_a_given_location_of_another_scheme_is_refused_by_name(uri: str) -> None:
    """A file, a list of files, a table, and a file in a row of a table."""
    for text, given in (
        ("{x: {type: file}}", uri),
        ("{x: {type: list, of: file}}", [uri]),
        ("{x: {type: table}}", uri),
        ("{x: {type: table, columns: {f: file}}}", [{"id": "a", "f": uri}]),
    ):
        (problem,) = wrong(text, x=given)
        assert problem.path.startswith("params.x")
        assert "not a location on S3" in problem.message


def test_a_map_is_no_deeper_than_values_are() -> None:
    """Nor does a file hide in it."""
    deep: Any = 1
    for _ in range(60):
        deep = {"a": deep}
    (problem,) = wrong("{x: {type: map}}", x=deep)
    assert "nested too deeply" in problem.message
    (problem,) = wrong("{x: {type: map}}", x={"a": {"$file": "s3://bucket/x"}})
    assert "$file" in problem.message
