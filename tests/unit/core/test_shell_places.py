"""The reader knows the place of each expression; the proof in real shells is in test_script."""

import pytest

from headrace.core.errors import InvalidValue
from headrace.core.shell_places import find_places
from headrace.core.shell_reader import Kind


def kinds(text):
    """The names of the places of each `@`."""
    return [place.kind.name for place in find_places(text.replace("@", "\0"))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x @ a@ \"@\" '@' `@` ${x@} $((@)) # @\n@", "BARE BARE DOUBLE SINGLE BACKTICK BRACE ARITHMETIC COMMENT BARE"),
        ('$(@ "@" \'@\') "$(@ "@")" <(@)', "BARE DOUBLE SINGLE BARE DOUBLE BARE"),
        ('${x:-$(@)} "${x:-"@"}" `$(@)` "`@`"', "BRACE BRACE BACKTICK BACKTICK"),
        ("> @ 2>>@ <@ >&@ &>@ <<<@ <> @ >| @ x @", "REDIRECT " * 8 + "BARE"),
        ("case @ in @) @;; (@ | @) @;& *) @;; esac; @", "WORD WORD BARE WORD WORD BARE BARE BARE"),
        ("case x in a) case @ in b) @;; esac; @;; c) @;; esac", "WORD BARE BARE BARE"),
        ("$(case x in a) @;; esac) '@'", "BARE SINGLE"),
        ("echo case in @ esac", "BARE"),
        ('a=(@ "@" b) c=@ d+=(@)', "BARE DOUBLE BARE BARE"),
        ("cat <<A; @\n@ $(@)\nA\n@", "BARE HEREDOC HEREDOC BARE"),
        ("cat <<'A' <<-\"B\"\n@\nA\n\t@\n\tB\n@", "QUOTED_HEREDOC QUOTED_HEREDOC BARE"),
        ("cat <<A\n\\\nA\n@\nA\n@", "HEREDOC BARE"),
        ("cat <<'A'\n\\\nA\n@", "BARE"),
        ("cat <<A\n A\n@", "HEREDOC"),
        ("x $(cat <<A\n'\nA\n) @", "BARE"),
        ("((@)) ; ((1<2)); @", "ARITHMETIC BARE"),
        ("$((1<<2)) @ $[1<<2] @", "BARE BARE"),
        ("$( (x) ) @ $((x) ) @", "BARE BARE"),
        ("[[ @ == '@' ]]; [[ -n @ && @ -gt 1 ]]; [ @ -gt 1 ]", "BARE SINGLE ARITHMETIC ARITHMETIC BARE"),
        ('a[@]=1 a[0]=@ "a[@]"', "SUBSCRIPT BARE DOUBLE"),
        ("$'\\'@' @ \"$'@'\" $\"@\" $@ x$@", "ANSI_C BARE DOUBLE DOUBLE DOLLAR DOLLAR"),
        ("x#@ \\#@ \\' @ \\\\' @'", "BARE BARE BARE SINGLE"),
        ("${#x} @ ${x#\\}} @ ${x%'}'} @ \"${x%'}'}\" @ $# @", "BARE BARE BARE BARE BARE"),
        ("f() { @; }; function g { @; }; (@) | { @; }", "BARE BARE BARE BARE"),
        ("if [ @ ]; then @; elif @; else @; fi; while @; do @; done", "BARE BARE BARE BARE BARE BARE"),
        ("x \\\n# @", "COMMENT"),
        ("x & @ && @ || @; @", "BARE BARE BARE BARE"),
    ],
)
def test_places(text, expected):
    """Each `@` stands where a shell would say it does."""
    assert kinds(text) == expected.split()


@pytest.mark.parametrize(
    ("text", "alone", "before"),
    [
        ("@", True, ""),
        ("a @;", True, ""),
        ("(@)", True, ""),
        ("@\\\n b", True, ""),
        ("a\\\n@", False, "a"),
        ("--x=@", False, "--x="),
        ("@.bam", False, ""),
        ("''@", False, "''"),
        ("x=(@)", True, ""),
        ('"a @"', False, '"a '),
        ("$(x)@", False, "$(x)"),
    ],
)
def test_a_place_knows_its_word(text, alone, before):
    """Whether it is a whole word, and what the word begins with, decides how lists and paths are written."""
    (place,) = find_places(text.replace("@", "\0"))
    assert (place.alone, place.before) == (alone, before)


@pytest.mark.parametrize(
    ("text", "joins"),
    [
        ('"$a@"', True),
        ('"$@"', True),
        ('"\\$a@"', False),
        ('"\\\\$a@"', True),
        ('"${a}@"', False),
        ("$a@", True),
        ("a@", False),
    ],
)
def test_a_value_never_lengthens_a_variables_name(text, joins):
    """`"$a${{ x }}"` must not become another variable."""
    (place,) = find_places(text.replace("@", "\0"))
    assert place.joins_name is joins


@pytest.mark.parametrize(
    "text",
    [
        "@ 'a", '@ "a', "@ `a", "@ ${a", "@ $(a", "@ $((a", "@ $[a", "@ (a", "@ a=(b", "@ $'a", "@ [[ a", "@ <(a",
        "@ a=(b; c)", "@ \"${x:-it's}\"", "@ cat <<", "@ cat <<$x\n", "@ x <<A $(a\nb)\nA\n",
    ],
)  # fmt: skip
def test_unsure_scripts_are_refused(text):
    """Where a quote does not close, or shells differ, nothing is guessed."""
    with pytest.raises(InvalidValue):
        kinds(text)


def test_a_heredocs_place_knows_the_line_that_ends_it():
    """The delimiter travels with the place, so that no value can make that line."""
    (place,) = find_places("cat <<-'A b'\n\t\0\n\tA b\n")
    assert (place.kind, place.delimiter, place.strip_tabs) == (Kind.QUOTED_HEREDOC, "A b", True)


def test_reading_is_linear():
    """A script of the greatest size, in any of the shapes that could be read again and again, is read at once."""
    for piece in ("$(", "((", "a ", "'a' ", '"$x" ', "$((x) ", "a=", "${x:-", "[[ ", "case "):
        text = "\0" + (piece * 250_000)[:250_000]
        try:
            assert find_places(text)
        except InvalidValue:
            continue
