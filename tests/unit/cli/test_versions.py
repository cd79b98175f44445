"""Command and stack, compared."""

import pytest

from headrace_cli import installed, versions
from headrace_cli.versions import Relation, compare


@pytest.mark.parametrize(
    ("client", "stack", "relation"),
    [
        ("1.2.3", "1.2.3", Relation.SAME),
        ("1.2.3", "1.2.4", Relation.NEWER),
        ("1.2.3", "1.9.0", Relation.NEWER),
        ("1.10.0", "1.9.0", Relation.OLDER),
        ("1.2.3", "2.0.0", Relation.MISMATCH),
        ("2.0.0", "1.9.9", Relation.MISMATCH),
        ("0.1.0", "0.1.1", Relation.NEWER),
        ("0.1.1", "0.1.0", Relation.OLDER),
        ("0.1.0", "0.2.0", Relation.MISMATCH),
        ("0.1.0-rc.1", "0.1.0", Relation.NEWER),
        ("0.1.0", "0.1.0-rc.1", Relation.OLDER),
        ("0.1.0", "", Relation.UNKNOWN),
        ("unknown", "0.1.0", Relation.UNKNOWN),
        ("0.1.0", "latest", Relation.UNKNOWN),
    ],
)
def test_what_fits_is_what_semver_promises(client, stack, relation):
    """Patch and, from 1.0 on, minor versions fit; before 1.0 a minor version does not."""
    assert compare(client, stack).relation is relation


@pytest.mark.parametrize("relation", [each for each in Relation if each is not Relation.SAME])
def test_every_difference_says_what_to_do(relation):
    """Advice names a command to type; only mismatch and unknown do not fit."""
    pairs = {
        Relation.OLDER: ("1.1.0", "1.0.0"),
        Relation.NEWER: ("1.0.0", "1.1.0"),
        Relation.MISMATCH: ("1.0.0", "2.0.0"),
        Relation.UNKNOWN: ("1.0.0", ""),
    }
    found = compare(*pairs[relation])
    assert "sam deploy" in found.advice or "git checkout v" in found.advice
    assert found.fits is (relation in (Relation.OLDER, Relation.NEWER))


def test_the_installed_version_is_one_that_can_be_compared():
    """What the command says of itself has the form that is compared."""
    assert compare(installed.version(), installed.version()).relation is Relation.SAME


def test_a_mismatch_is_said_before_anything_is_done(monkeypatch, capsys):
    """Whoever reaches a stack of another line is warned, and goes on."""
    from headrace_cli import target

    there = target.Target(None, "headrace", "eu-west-1", outputs={"Version": "99.0.0"})
    monkeypatch.setattr(target, "_stack_on_aws", lambda *_where: there)
    assert target.reach(local=False, profile=None, region=None, stack="headrace") is there
    assert "the stack, 99.0.0, is newer" in capsys.readouterr().err
    there.outputs = {"Version": installed.version()}
    target.reach(local=False, profile=None, region=None, stack="headrace")
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("outputs", "code", "says"),
    [({"Version": "0.0.1"}, 1, "is older than"), ({}, 1, "the stack says no version"), (None, 0, "both")],
)
def test_the_command_says_both(headrace, monkeypatch, outputs, code, says):
    """Both versions and the sentence; exit code 1 when they do not fit."""
    from headrace_cli import target
    from headrace_cli.commands import version

    told = {"Version": installed.version()} if outputs is None else outputs
    monkeypatch.setattr(version, "reach", lambda **_where: target.Target(None, "headrace", "", outputs=told))
    said = headrace("version")
    assert (said.code, says in said.out) == (code, True)
    assert installed.version() in said.out


def test_without_aws_the_command_says_its_own_version(headrace):
    """No stack is no mistake here, and `--client` does not even look."""
    said = headrace("version")
    assert (said.code, "stack: not looked at" in said.err) == (0, True)
    assert headrace("version", "--client").err == ""


def test_lines_of_one_zero_are_minor_versions():
    """The line is the part that must be equal."""
    assert versions._line((0, 1, 5, True, "")) == (0, 1)
    assert versions._line((3, 1, 5, True, "")) == (3,)
