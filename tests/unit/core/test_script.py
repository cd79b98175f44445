"""Scripts: what is rendered runs as written, and no value becomes code (spec rule 7)."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headrace.core.errors import InvalidValue
from headrace.core.script import Rendered, parse_script, render
from headrace.core.values import File, Staged

SHELLS = ["bash", "dash"]

HOSTILE = [
    "",
    " ",
    "a b",
    "$(touch X)",
    "`touch X`",
    "'; touch X; '",
    '"; touch X; "',
    "'$(touch X)'",
    '"$(touch X)"',
    "\\'; touch X #",
    '\\"; touch X #',
    "(touch X)",
    "${IFS}$HOME",
    "{touch,X}",
    "x\ntouch X\n",
    "\n",
    "x\nEND\ntouch X",
    "END",
    "*",
    "?[a-z]*",
    "-rf",
    "--",
    "~",
    "~root",
    "!!",
    "!touch",
    "a\\",
    "\\\\",
    "\\$(touch X)",
    "\t\ttab",
    "# no comment",
    "; touch X",
    "& touch X",
    "| touch X",
    "> X",
    "&& touch X ||",
    "a[$(touch X)]",
    "x[$(touch X)]=1",
    "if",
    "PATH=/nowhere",
    "=x",
    "%s%n\\n\\0",
    "é€𝄞\u2028\u0085\u200b",
    "\x01\x7f\r\x1b[0m",
    "))) touch X",
    ";; esac; touch X",
    "}; touch X; {",
    "EOF",
    "${{ x }}",
    "0",
    "2",
]

# Every line hands over arguments through `dump`; beside it is what must arrive for the value v.
PLACES = [
    ("dump ${{ v }}", lambda v: [v]),
    ("dump x ${{ v }} y", lambda v: ["x", v, "y"]),
    ("dump --x=${{ v }}.bam", lambda v: [f"--x={v}.bam"]),
    ("dump ${{ v }}${{ v }}", lambda v: [v + v]),
    ("dump ${{ v }}'q'\"r\"", lambda v: [v + "qr"]),
    ('dump "${{ v }}"', lambda v: [v]),
    ('dump "a ${{ v }} b"c', lambda v: [f"a {v} bc"]),
    ('n=name; dump "$n${{ v }}" $n${{ v }}', lambda v: ["name" + v, "name" + v]),
    ('dump "$${{ v }}" \\$${{ v }}', lambda v: ["$" + v, "$" + v]),
    ('dump "\\\\${{ v }}" \\\\${{ v }}', lambda v: ["\\" + v, "\\" + v]),
    ("dump '\\${{ v }}'", lambda v: ["${{ v }}"]),
    ('dump "$(printf %s ${{ v }}; echo .)"', lambda v: [v + "."]),
    ('dump "$(printf %s "${{ v }}"; echo .)"', lambda v: [v + "."]),
    ('dump "$(dump "$(printf %s "x ${{ v }}" | cat; echo .)" | tr "\\000" "\\002")"', lambda v: [f"x {v}.\2\1\2"]),
    ('dump "$( (printf %s ${{ v }}; echo .) )"', lambda v: [v + "."]),
    ('dump "$(case a in a) printf %s ${{ v }};; esac; echo .)"', lambda v: [v + "."]),
    ('y=${{ v }}; dump "$y"', lambda v: [v]),
    ('y="${{ v }}"z; dump "$y"', lambda v: [v + "z"]),
    ('for y in a ${{ v }}; do dump "$y"; done', lambda v: ["a", "\1", v]),
    ("case ${{ v }} in ${{ v }}) dump same;; *) dump other;; esac", lambda v: ["same"]),
    ('case "${{ v }}" in (a"${{ v }}") dump other;; ("${{ v }}") dump same;; esac', lambda v: ["same"]),
    ('if [ x${{ v }} = x"${{ v }}" ]; then dump same; fi', lambda v: ["same"]),
    ("( dump ${{ v }} ); { dump ${{ v }}; }", lambda v: [v, "\1", v]),
    ('f() { dump "$@"; }; f ${{ v }} | cat', lambda v: [v]),
    ("# it's ${{ v }} \"\ndump ok # ${{ v }}'\ndump ${{ v }}", lambda v: ["ok", "\1", v]),
    ("dump a \\\n  ${{ v }} \\\n  b", lambda v: ["a", v, "b"]),
    ("dump a >/dev/null ${{ v }}; dump ${{ v }}", lambda v: [v]),
    ("dump ${{ [v, 'x y', none, v] }}", lambda v: [v, "x y", v]),
    ('dump "${{ [v, none, v] }}"', lambda v: [f"{v} {v}"]),
    ("dump ${{ [v, v] | flag('-I') }}", lambda v: ["-I", v, "-I", v]),
    ("dump ${{ [v, v] | flag('--x=') }}", lambda v: ["--x=" + v, "--x=" + v]),
    ('dump ${{ none }} ${{ [] }} a${{ none }} "${{ none }}"', lambda v: ["a", ""]),
    ("dump ${{ v | json }}", lambda v: [json.dumps(v, ensure_ascii=False)]),
    ("dump \"$(cat <<'END'\n${{ v | json }}\nEND\n)\" ${{ v }}", lambda v: [json.dumps(v, ensure_ascii=False), v]),
    (
        "cat <<'END' | { read -r y; dump \"$y\"; }; dump ${{ v }}\n\tit's \" $( `\nEND",
        lambda v: ["it's \" $( `", "\1", v],
    ),
    ("cat <<-END >/dev/null\n\ta\\\n\tEND\n\tEND\ndump ${{ v }}", lambda v: [v]),
    ("cat <<A <<'B' >/dev/null; dump ${{ v }}\n'\nA\n\"\nB\ndump ${{ v }}", lambda v: [v, "\1", v]),
    ('dump "${unset_name:-its}" "$((1 + (2)))" "$#" `echo x` ${{ v }}', lambda v: ["its", "3", "0", "x", v]),
    ('dump ${{ f }} in=${{ f }} "${{ f }}"', lambda v: [_path(v), "in=" + _path(v), _path(v)]),
]
BASH_PLACES = [
    ('a=(${{ [v, "x y"] }} z); dump "${a[@]}"', lambda v: [v, "x y", "z"]),
    ('a=(); a+=("${{ v }}"); dump "${a[@]}" "${#a[@]}"', lambda v: [v, "1"]),
    ('y=$(cat <<< ${{ v }}; echo .); dump "$y"', lambda v: [f"{v}\n."]),
    ('y=$(cat <<< "a ${{ v }}"; echo .); dump "$y"', lambda v: [f"a {v}\n."]),
    ('if [[ ${{ v }} == ${{ v }} && x == "x" ]]; then dump same; fi', lambda v: ["same"]),
    ("if [[ ( ${{ v }} < x || a == a ) ]]; then dump ${{ v }}; fi", lambda v: [v]),
    ("dump $'it\\'s' ${{ v }}", lambda v: ["it's", v]),
    ('dump "${HOME#\'}\'}" ${{ v }} >(cat) </dev/null >/dev/null; dump ${{ v }}', lambda v: [v]),
    ('y=$(cat <(printf %s ${{ v }}); echo .); dump "$y"', lambda v: [v + "."]),
    ("((1 < 2)) && dump ${{ v }}", lambda v: [v]),
    ("for ((i=0; i<1; i++)); do dump ${{ v }}; done", lambda v: [v]),
    ('dump $"${{ v }}"', lambda v: [v]),
    ("echo x &>/dev/null ${{ v }}; dump ${{ v }}", lambda v: [v]),
    ("case x in @(x|y)) dump ${{ v }};& z) dump ${{ v }};; esac", lambda v: [v, "\1", v]),
]  # fmt: skip

PRELUDE = "dump() { printf '%s\\000' \"$@\"; printf '\\001\\000'; }\nshopt -s extglob 2>/dev/null || :\n"


def _path(text: str) -> str:
    return f"./{text}" if text.startswith("-") else text


def _run(shell: str, script: str, folder: Path) -> list[str]:
    done = subprocess.run(
        [shell, "-eu", "-c", PRELUDE.replace("shopt", ": shopt" if shell == "dash" else "shopt") + script],
        cwd=folder,
        capture_output=True,
        check=False,
        timeout=60,
        env={"PATH": "/usr/bin:/bin", "HOME": "/home/x", "LC_ALL": "C.UTF-8" if shell == "bash" else "C"},
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, (done.stderr.decode(errors="replace"), script)
    return done.stdout.decode().split("\0")[:-1]


def _check(shell: str, values: list[str], folder: Path) -> None:
    places = PLACES + (BASH_PLACES if shell == "bash" else [])
    script, expected = [], []
    for value in values:
        for source, arrives in places:
            scope = {"v": value, "f": Staged(value)}
            parsed = parse_script(source, shell=shell)
            assert not parsed.problems(), (source, parsed.problems())
            script.append(render(parsed, scope).text)
            expected += [*arrives(value), "\1"]
    assert _run(shell, "\n".join(script) + "\n", folder) == expected
    assert list(folder.iterdir()) == [], "a value was executed"


@pytest.mark.parametrize("shell", SHELLS)
def test_hostile_values_arrive_intact_in_every_place(shell, tmp_path):
    """In each place a value may stand, every hostile value reaches the program as it is and nothing of it executes."""
    _check(shell, HOSTILE, tmp_path)


@pytest.mark.parametrize("shell", SHELLS)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    values=st.lists(
        st.one_of(
            st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20),
            st.text(st.sampled_from("'\"\\$`(){}[]<>|&;*?!#~=%-\n\t aX"), max_size=16),
        ),
        min_size=1,
        max_size=4,
    )
)
def test_any_text_arrives_intact_in_every_place(shell, tmp_path, values):
    """The same holds for whatever text there is."""
    _check(shell, values, tmp_path)


@pytest.mark.parametrize("shell", SHELLS)
def test_the_proof_can_fail(shell, tmp_path):
    """The same harness sees a value that is executed, when it is put in raw."""
    text = render(parse_script("dump ${{ v | raw }}"), {"v": "$(touch X)"}).text
    assert _run(shell, text, tmp_path) == ["", "\1"]
    assert (tmp_path / "X").exists()


@pytest.mark.parametrize(
    ("source", "place"),
    [
        ("awk '{ print ${{ v }} }'", "single quotes"),
        ("echo `echo ${{ v }}`", "backticks"),
        ('echo "`echo "${{ v }}"`"', "backticks"),
        ("echo ${x:-${{ v }}}", "`${…}`"),
        ('echo "${x:-"${{ v }}"}"', "`${…}`"),
        ('echo "${x:-$(echo ${{ v }})}"', "`${…}`"),
        ("echo \"${x#'${{ v }}'}\"", "`${…}`"),
        ("echo $((1 + ${{ v }}))", "arithmetic"),
        ('echo "$((1 + $(echo ${{ v }})))"', "arithmetic"),
        ("echo $((echo ${{ v }}) | cat)", "arithmetic"),
        ("((${{ v }} > 1)) && :", "arithmetic"),
        ("if((${{ v }})); then :; fi", "arithmetic"),
        ("for ((i=0; i<${{ v }}; i++)); do :; done", "arithmetic"),
        ("echo $[${{ v }}]", "arithmetic"),
        ("[[ ${{ v }} -eq 1 ]]", "arithmetic"),
        ('[[ ( 1 -lt "${{ v }}" ) ]]', "arithmetic"),
        ("[[ -v ${{ v }} ]]", "arithmetic"),
        ("a[${{ v }}]=1", "an array's subscript"),
        ('a["${{ v }}"]=1', "an array's subscript"),
        ("a=([${{ v }}]=1)", "an array's subscript"),
        ("cat <<END\n${{ v }}\nEND", "a here-document"),
        ("cat <<END\n$(echo ${{ v }})\nEND", "a here-document"),
        ("cat <<-'END'\n\t${{ v }}\n\tEND", "a quoted here-document"),
        ("cat <<\\END\n${{ v }}\nEND", "a quoted here-document"),
        ("cat <<A <<'B'\nA\n${{ v }}\nB", "a quoted here-document"),
        ("echo $(cat <<END\n${{ v }}\nEND\n)", "a here-document"),
        ("cat <<${{ v }}\nx\n", "a here-document's delimiter"),
        ("cat <<'a${{ v }}'\nx\n", "a here-document's delimiter"),
        ("echo $'a ${{ v }}'", "`$'…'`"),
        ("echo $${{ v }}", "a word behind a bare `$`"),
    ],
)
def test_a_place_where_nothing_can_be_quoted_is_a_problem_with_a_way_out(source, place):
    """Each such place is named, says what to do, and refuses to be rendered; `| raw` opens it."""
    script = parse_script(source)
    (problem,) = script.problems()
    assert f"stands in {place}, where" in problem.message
    assert len(problem.hint) > 10
    with pytest.raises(InvalidValue, match="stands in"):
        render(script, {"v": "x"})
    opened = parse_script(source.replace("${{ v }}", "${{ v | raw }}"))
    assert bool(opened.problems()) is ("delimiter" in place)


def test_shells_that_evaluate_are_the_reason_for_the_refusals(tmp_path):
    """Bash runs the code in a quoted operand of `-eq`, which is why such a place is refused."""
    _run("bash", "a=0; [[ 'a[$(touch X)0]' -eq 0 ]]", tmp_path)
    assert (tmp_path / "X").exists()


@pytest.mark.parametrize(
    ("source", "value", "text"),
    [
        ("x -t ${{ v }}", 4, "x -t 4"),
        ("x -t${{ v }} {1..${{ v }}}", 4, "x -t4 {1..4}"),
        ("x ${{ v }}>f", 2, "x '2'>f"),
        ("x ${{ v }}\\\n>f", 2, "x '2'\\\n>f"),
        ("x $y${{ v }} ~${{ v }}", 2, "x $y'2' ~'2'"),
        ("x ${{ v }}", 0.5, "x 0.5"),
        ("x ${{ v }}", True, "x 'true'"),
        ("x ${{ v }}", "4", "x '4'"),
        ("x ${{ v }}", None, "x "),
        ("case ${{ v }} in esac", None, "case '' in esac"),
        ("x > ${{ v }}", "a b", "x > 'a b'"),
        ("x ${{ v }}", Staged("-a"), "x './-a'"),
        ("x a${{ v }}", Staged("-a"), "x a'-a'"),
        ("x ${{ v | raw }}", [1, Staged("b c"), None], "x 1 b c"),
        ("x # ${{ no such thing }}", None, "x # ${{ no such thing }}"),
        ("# ${{ a\n or b }}\nx", None, "# ${{ a or b }}\nx"),
        ("x '\\${{ v }}' {{ y }} {% z %} ${#a[@]}", None, "x '${{ v }}' {{ y }} {% z %} ${#a[@]}"),
        ("x ${{ v | words }}", "-a 'b c' $(x) \\;", "x '-a' 'b c' '$(x)' ';'"),
    ],
)
def test_what_is_rendered(source, value, text):
    """The source of the script, place by place."""
    assert render(parse_script(source), {"v": value}) == Rendered(text, {})


@pytest.mark.parametrize(
    ("source", "value", "message"),
    [
        ("x --a=${{ v }}", ["a"], "a list of 1 as a part of a word"),
        ("x ${{ v }}.bam", [], "an empty list as a part of a word"),
        ("x > ${{ v }}", ["a"], "a list of 1 in a redirection"),
        ("x > ${{ v }}", None, "none behind a redirection"),
        ("case ${{ v }} in esac", ["a"], "in a word of `case`"),
        ("x ${{ v }}", {"id": "a"}, r"a record \(id\) in a script"),
        ("x ${{ v }}", [{"id": "a"}], r"a record \(id\) in a script"),
        ('x "${{ v }}"', {"id": "a"}, r"a record \(id\) in a script"),
        ("x ${{ v }}", [["a"]], "a list within a list"),
        ("x ${{ v }}", File("s3://b/a"), "the file 's3://b/a' is no input of this task"),
        ("x ${{ v | raw }}", File("s3://b/a"), "is no input of this task"),
        ("x ${{ v | flag('--i=') }}", File("s3://b/a"), "flag cannot take the file"),
        ("x ${{ v }}", "a\0b", "a NUL character"),
        ('x "${{ v }}"', "a\0b", "a NUL character"),
        ("x ${{ v }}", "\ud800", "half a character"),
        ("x ${{ v | words }}", "a 'b", "words cannot split"),
        ("x ${{ w }}", "", "'w' is not known here"),
        ("cat <<'1'\n${{ v | json }}\n1", 1, "a line that ends the here-document"),
        ("cat <<-'a1'\n\t\ta${{ v | json }}\na1", 1, "a line that ends the here-document"),
        ("x ${{ '--l=' ~ (v | listFile) }}", ["a"], "has no text form"),
        ("x ${{ v | listFile }}", ["a\nb"], "listFile cannot write"),
    ],
)
def test_a_value_that_makes_no_word_is_refused(source, value, message):
    """A value that cannot stand where it is asked for is an error that quotes the expression."""
    with pytest.raises(InvalidValue, match=message) as caught:
        render(parse_script(source), {"v": value})
    assert "in `${{" in caught.value.message


def test_list_files_are_named_once_and_given_with_the_script():
    """`listFile` stands for a path below .headrace/lists; equal lists share a file."""
    source = "x ${{ a | listFile }} @${{ b | listFile }} ${{ a | listFile | flag('-L') }}"
    rendered = render(parse_script(source), {"a": [Staged("-x"), "y z"], "b": []})
    assert rendered.text == "x '.headrace/lists/1' @'.headrace/lists/2' '-L' '.headrace/lists/1'"
    assert rendered.lists == {".headrace/lists/1": ("./-x", "y z"), ".headrace/lists/2": ()}


def test_problems_come_all_at_once_with_their_lines():
    """A bad expression, a process and a bad place are all reported, in order."""
    text = "a ${{ x. }}\nb '${{ y }}'\n\nc ${{ align.bam }} ${{ (z | raw) ~ 'q' }}\n"
    script = parse_script(text, processes=frozenset({"align"}))
    assert [(finding.line, finding.message.split(":")[0]) for finding in script.problems()] == [
        (1, "in `${{ x. }}`"),
        (2, "`${{ y }}` stands in single quotes, where it cannot be quoted"),
        (4, "in `${{ align.bam }}`"),
        (4, "in `${{ (z | raw) ~ 'q' }}`"),
    ]
    assert 'inputs: {bam: "${{ align.bam }}"}' in script.problems()[2].hint
    assert script.problems()[1].problem(path="processes.p.script", first_line=10).line == 11


def test_raws_and_warnings_are_listed():
    """Each `raw` and each value on a line with eval, sh -c or ssh is told with its line."""
    text = 'x ${{ a | raw }}\neval ${{ b }}\nssh h \\\n  ${{ c }}\nbash -euc "${{ d }}"\nx ${{ e }}; y sh -x\nevaluate ${{ e }}'
    script = parse_script(text)
    assert not script.problems()
    assert [(finding.line, finding.message[:15]) for finding in script.raws()] == [(1, "`${{ a | raw }}")]
    assert [finding.line for finding in script.warnings()] == [2, 4, 5]


def test_names_and_uses_are_those_outside_comments():
    """An expression in a comment means nothing."""
    script = parse_script("# ${{ old.name }}\nx ${{ task.cpus }} ${{ r1 }}")
    assert script.names == {"task", "r1"}
    assert script.uses == {("task", "cpus"), ("r1",)}


@pytest.mark.parametrize(
    "source",
    [
        "cat <<EOF $(\necho ${{ v }})\nx\nEOF\n",
        "[[ a == b ]\necho ${{ v }}",
        "cat <<$x\n${{ v }}\n$x\n",
        "(" * 50 + "${{ v }}" + ")" * 50,
        '"$(' * 50 + "${{ v }}" + ')"' * 50,
        "${x:-" * 60 + "${{ v }}" + "}" * 60,
        "$((x) " * 30 + "${{ v }}" + ")" * 30,
        "echo \0 ${{ v }}",
    ],
)
def test_a_script_whose_quotes_are_unsure_is_refused(source):
    """Where shells would not agree, or nesting hides what is what, no expression is rendered."""
    assert parse_script(source).problems()


def test_other_shells_do_not_read_dollar_quotes_alike():
    r"""`$'\''` ends elsewhere in a shell without it, so it is accepted for bash only."""
    assert not parse_script("x $'\\'' ${{ v }}", shell="bash -e").problems()
    assert parse_script("x $'\\'' ${{ v }}", shell="/bin/sh").problems()


def test_a_script_without_expressions_is_never_judged():
    """Whatever a script says, it is the user's as long as no value enters it."""
    text = "cat <<$x\n'\n[[ ((( \\${{"
    assert render(parse_script(text), {}).text == text.replace("\\$", "$")


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from("'\"\\$`(){}[]<>|&;# \nacse=-x\0"), max_size=60))
def test_the_reader_ends_and_never_loses_an_expression(text):
    """On any text at all, the reader comes to an end and each expression gets one place or a refusal."""
    source = text.replace("${{", "").replace("\0", "${{ v }}")
    try:
        script = parse_script(source)
    except InvalidValue:
        return
    if not script.problems():
        render(script, {"v": "x"})


def test_bash_and_dash_are_here():
    """The proof needs both shells; without one it would prove nothing."""
    assert all(shutil.which(shell) for shell in SHELLS)
