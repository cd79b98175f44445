"""A nextflow.config becomes a `defaults` block that is right as it stands; what does not is told by line and name.

`import_config/<name>.config` is translated to `<name>.yaml`, and everything else that is said stands in `<name>.said`;
`<name>@<profile>.config` with that profile. To renew them after a change that is meant: run this file.
"""

from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from headrace.core import yaml_source
from headrace.core.directives import DIRECTIVES
from headrace.core.errors import HeadraceError, InvalidSpec
from headrace.core.groovy_words import MAX_CHARACTERS
from headrace.core.import_config import Imported, import_config
from headrace.core.import_config_table import ROWS, TABLE
from headrace.core.spec import read_spec

FOLDER = Path(__file__).parent / "import_config"
CONFIGS = sorted(FOLDER.glob("*.config"))
PROCESS = "processes: {one: {container: image, script: 'true'}}\n"


def imported(path: Path) -> Imported:
    """The translation of an example file."""
    _, _, profile = path.stem.partition("@")
    return import_config(path.read_text(encoding="utf-8"), "nextflow.config", profile=profile)


def said(found: Imported) -> str:
    """Notes, refusals and flags as text."""
    return "".join(
        f"{line}\n"
        for line in (
            *(f"note: {each}" for each in found.notes),
            *(f"refused: {each}" for each in found.refusals),
            *(f"flag: {name} {value}" for name, value in found.flags.items()),
        )
    )


def translate(text: str) -> Imported:
    """A config given as text."""
    return import_config(text, "nextflow.config")


def read(found: Imported):
    """The block inside a pipeline file of one process."""
    return read_spec(yaml_source.read(PROCESS + found.yaml, "pipeline.yaml"))


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_examples(path):
    """Each example gives exactly the block and the words that stand beside it."""
    found = imported(path)
    assert found.yaml == path.with_suffix(".yaml").read_text(encoding="utf-8")
    assert said(found) == path.with_suffix(".said").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_the_block_is_right_as_it_stands(path):
    """What comes out reads back as the same directives, in a pipeline file with one process."""
    found = imported(path)
    assert yaml_source.read(found.yaml, "x").value == {"defaults": found.defaults}
    defaults = read(found).defaults
    plain = {name: value for name, value in found.defaults.items() if name not in ("withLabel", "withName")}
    assert set(defaults.directives) == set(plain)
    assert [each.pattern for each in defaults.with_label] == list(found.defaults.get("withLabel", {}))
    assert [each.pattern for each in defaults.with_name] == list(found.defaults.get("withName", {}))


def test_every_line_is_accounted_for():
    """Each setting line of the example of refusals is named in a refusal, and no key in it is repeated."""
    path = FOLDER / "refused.config"
    found = imported(path)
    lines = path.read_text(encoding="utf-8").splitlines()
    told = {each.line for each in found.refusals}
    wanted = {number for number, line in enumerate(lines, 1) if "=" in line and "!=" not in line}
    inside_code = {45, 47}  # their statement is named by its first line
    assert wanted - told <= inside_code
    assert found.defaults == {}
    assert all(each.message and (each.hint or each.expected) and each.file for each in found.refusals)
    assert "EXAMPLE" not in said(found)


def test_the_spellings_of_one_setting_are_one():
    """Nested scopes, dotted keys, maps, with `=` and without say the same."""
    wanted = {"withLabel": {"big": {"cpus": 2, "memory": "8 GB"}}}
    for text in (
        "process { withLabel: big { cpus = 2; memory = 8.GB } }",
        "process { withLabel: 'big' {\n cpus 2\n memory '8 GB'\n} }",
        "process { 'withLabel:big' { cpus(2); memory '8GB' } }",
        "process.'withLabel: big'.cpus = 2\nprocess.'withLabel:big'.memory = '8.GB'",
        "process = ['withLabel:big': [cpus: '2', memory: 8589934592]]",
        "process { withLabel: big { cpus = { 2 }; memory = { 8.GB } } }",
    ):
        found = translate(text)
        assert (found.defaults, found.refusals) == (wanted, ()), text


def test_the_later_setting_counts():
    """As in Groovy a second assignment replaces the first; variables add up."""
    found = translate("process.cpus = 1\nprocess { cpus = 2 }\nenv.A = 'a'\nenv { B = 1.5 }\nenv.A = true")
    assert found.defaults == {"cpus": 2, "env": {"A": "true", "B": "1.5"}}


def test_a_refused_setting_does_not_bring_back_an_earlier_one_in_silence():
    """What was said before a refused line stays, and the refusal names its line."""
    found = translate("process.cpus = 1\nprocess.cpus = { x() }")
    assert found.defaults == {"cpus": 1}
    assert [each.line for each in found.refusals] == [2]


def test_a_profile_that_is_not_there():
    """An unknown profile is an error that lists those there are."""
    text = "profiles { test { process.cpus = 1 } }"
    with pytest.raises(InvalidSpec, match=r"no profile 'tets'.*expected test.*did you mean 'test'"):
        import_config(text, "f", profile="tets")
    assert import_config(text, "f", profile="test").defaults == {"cpus": 1}
    assert import_config(text, "f").defaults == {}


def test_secrets_are_not_repeated():
    """No message holds the value of an access key or of a variable."""
    secret = "hunter2hunter2"
    text = f"aws.accessKey='{secret}'\naws {{ secretKey '{secret}' }}\nenv.AWS_SESSION_TOKEN='{secret}'\nenv.'A-B'='{secret}'"
    found = translate(text)
    assert len(found.refusals) == 4
    assert found.defaults == {}
    assert secret not in said(found)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("process {\n cpus = 2", 1),
        ("process {\n cpus = 2 }}", 2),
        ("a = 'x\nb = 2", 1),
        ("a = '''x\nb = 2", 1),
        ('a = "x ${ foo("', 1),
        ("a = 1 /* x\n", 1),
        ("a = [1, 2\n}", 2),
        ("x\n\n" + "[" * 40, 3),
        ("a = '\\q'", 1),
        ("a = '\\ud800'", 1),
        ("a = 1\n\x00", 2),
    ],
)
def test_what_cannot_be_read_is_said_with_its_line(text, line):
    """Unclosed strings, comments and brackets, deep nesting, odd characters: one problem, at its line."""
    with pytest.raises(InvalidSpec) as caught:
        translate(text)
    assert [problem.line for problem in caught.value.problems] == [line]


@pytest.mark.parametrize("text", ["a" * 10_000_000, "x {\n" * 2_500_000, "a = 1\n" * 11_000, "{" * MAX_CHARACTERS])
def test_sizes_are_bounded(text):
    """Ten megabytes, endless nesting and endless settings are refused, not worked through."""
    with pytest.raises(InvalidSpec):
        translate(text)


def test_every_directive_of_the_table_exists():
    """What the table calls a directive is one, and no setting stands twice."""
    assert {row.to for row in TABLE if row.outcome == "ours"} <= set(DIRECTIVES)
    assert len(ROWS) == len(TABLE)
    assert all(row.to and row.why for row in TABLE if row.outcome == "refused")


WORDS = st.sampled_from(
    [
        *(row.setting.replace(".*", ".x") for row in TABLE),
        *(
            "process",
            "aws",
            "env",
            "withLabel:",
            "withName:",
            "big",
            "'a|b'",
            "profiles",
            "test",
            "params",
            "includeConfig",
        ),
        *(
            "task.attempt",
            "task",
            "{",
            "}",
            "[",
            "]",
            "(",
            ")",
            "=",
            ":",
            ",",
            ".",
            ";",
            "*",
            "\n",
            "->",
            "?",
            "+",
            "//",
            "/*",
            "*/",
        ),
        *(
            "8",
            "2",
            "8.GB",
            "2.h",
            "'8 GB'",
            '"${x}"',
            "'x'",
            "true",
            "null",
            "-1",
            "0.5",
            "if",
            "else",
            "def",
            "'''",
            "${{",
        ),
        *("'${{ a }}'", "awsbatch"),
    ]
)


@settings(deadline=None, max_examples=300)
@given(st.one_of(st.text(max_size=200), st.lists(WORDS, max_size=40).map(" ".join)))
@example("process.queue = ''")
@example("process = [:]")
def test_nothing_but_our_errors(text):
    """Whatever stands in the file, it is translated to a right block or refused in our words."""
    try:
        found = translate(text)
    except HeadraceError:
        return
    read(found)
    assert all(each.line and each.message for each in (*found.notes, *found.refusals))


VALUES = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(-5, 2**40), st.floats(0, 1e6), st.text(max_size=12),
        st.sampled_from(["8 GB", "2h", "/tmp", "s3://b/x", "retry", "linux/arm64", "arn:aws:iam::123456789012:role/x"]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text("abcpathmode:-", max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)  # fmt: skip


def groovy(value) -> str:
    """A value as a config writes it."""
    if isinstance(value, dict):
        return "[" + (", ".join(f"{groovy(key)}: {groovy(item)}" for key, item in value.items()) or ":") + "]"
    if isinstance(value, list):
        return "[" + ", ".join(groovy(item) for item in value) + "]"
    if isinstance(value, str):
        escaped = value.translate({92: "\\\\", 39: "\\'", 10: "\\n", 13: "\\r"})
        return "'" + escaped + "'"
    return (
        {None: "null", True: "true", False: "false"}.get(value, str(value))
        if not isinstance(value, float)
        else f"{value:f}"
    )


@settings(deadline=None, max_examples=300)
@given(st.sampled_from([row.setting.replace(".*", ".x") for row in TABLE if row.outcome == "ours"]), VALUES)
def test_any_value_of_any_setting(name, value):
    """A value is translated to what the pipeline file takes, or refused at its line; never both, never neither."""
    try:
        found = translate(f"{name} = {groovy(value)}")
    except InvalidSpec:
        return
    read(found)
    assert found.defaults or found.refusals or found.notes
    assert not (found.defaults and found.refusals) or isinstance(value, dict)


if __name__ == "__main__":
    for config in CONFIGS:
        config.with_suffix(".yaml").write_text(imported(config).yaml, encoding="utf-8")
        config.with_suffix(".said").write_text(said(imported(config)), encoding="utf-8")
