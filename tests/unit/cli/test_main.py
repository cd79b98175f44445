"""The command as a whole: help, exit codes, the log file."""

import os
from pathlib import Path

import pytest

from headrace_cli import exit_codes, logbook, main
from headrace_cli.page import helps


@pytest.mark.parametrize("name", sorted(helps()))
def test_every_help_has_an_example(headrace, name):
    """`--help` of every command ends well and shows the command as one types it."""
    said = headrace(*name.split()[1:], "--help")
    assert said.code == 0
    assert "For example:" in said.out
    assert f"      {name}" in said.out


@pytest.mark.parametrize("words", [["nope"], ["run"], ["check", "--nope"], ["local", "nope"], ["runs", "--limit", "0"]])
def test_a_wrong_command_line_is_wrong_input(headrace, words):
    """Usage errors are exit code 2."""
    assert headrace(*words).code == exit_codes.WRONG_INPUT


@pytest.mark.parametrize("words", [["runs"], ["status"], ["logs", "last", "x"], ["run", "hello"]])
def test_without_aws_every_way_to_give_it_is_named(headrace, words):
    """No region or credentials: exit code 3, the ways to give them, the log file's path."""
    said = headrace(*words)
    assert said.code == exit_codes.NO_AWS
    for way in ("--profile", "AWS_PROFILE", "AWS_ACCESS_KEY_ID", "aws sso login", "--region", "--stack", "--local"):
        assert way in said.err
    assert "log: " in said.err


def test_an_unknown_profile_is_missing_aws(headrace):
    """A profile that is not there is exit code 3."""
    said = headrace("runs", "--profile", "nope", "--region", "eu-west-1")
    assert said.code == exit_codes.NO_AWS
    assert "nope" in said.err


def test_what_is_wrong_on_this_machine_comes_before_aws(headrace, tmp_path):
    """`run` of a wrong pipeline is exit code 2 though there are no credentials either."""
    (tmp_path / "p.yaml").write_text("processes: {}\n")
    assert headrace("run", tmp_path / "p.yaml").code == exit_codes.WRONG_INPUT


def test_a_fault_of_ours_is_told_apart(headrace, monkeypatch):
    """An exception nobody meant is exit code 70 with the log file, which holds the traceback; never that of a failed run."""
    paths = []

    def broken(*_words, **_more):
        paths.append(logbook.log_file())
        raise ZeroDivisionError("planted")

    monkeypatch.setattr(main, "app", broken)
    said = headrace("version")
    assert said.code == exit_codes.FAULT
    assert "planted" in said.err
    assert str(paths[0]) in said.err
    assert "ZeroDivisionError" in Path(paths[0]).read_text()


def test_values_of_params_stay_out_of_the_log(headrace, monkeypatch, tmp_path):
    """The log file names params, not their values."""
    kept = []
    stop = logbook.stop
    monkeypatch.setattr(logbook, "stop", lambda: (kept.append(logbook.log_file()), stop()))
    (tmp_path / "p.yaml").write_text("params: {a: b}\nprocesses: {x: {container: y, script: echo}}\n")
    assert headrace("check", tmp_path / "p.yaml", "--param", "a=swordfish").code == 0
    text = next(path for path in kept if path).read_text()
    assert "a=…" in text
    assert "swordfish" not in text


def test_the_log_may_be_unwritable(headrace, monkeypatch):
    """A machine where nothing can be written still checks a pipeline."""
    monkeypatch.setenv("XDG_STATE_HOME", "/proc/nope")
    monkeypatch.setenv("TMPDIR", "/proc/nope")
    assert headrace("version").code == 0


def test_debug_is_taken_before_and_after_the_command(headrace, tmp_path):
    """`--debug` works in both places."""
    assert "headrace_cli" in headrace("check", "--debug", os.devnull).err
    assert "headrace_cli" in headrace("--debug", "check", os.devnull).err
