"""What bandit finds in our code is known, one by one, and each finding says here why it is none. The one place where that is said."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from tests.support.stack import ROOT

SOURCES = ("layers/core/headrace", "cli/headrace_cli", "localcloud/headrace_local", "functions")
_CORE, _AWS = "layers/core/headrace/core", "layers/core/headrace/aws"
_LOCAL = "localcloud/headrace_local"
_TYPES = "narrows a type for the reader; what it claims is true by the lines above it, with or without -O"
_WORD = "a word of a syntax, or of a list of directives, not a secret"
_DUMMY = "the credentials of the local cloud are dummies that nobody checks"
_SHELL = "`shell` is the directive that says what runs a script in the job's container; nothing is started here"
_RANDOM = "chance in an emulator; nothing is secret"
_STARTS = "the local cloud starts workers and jobs on purpose, as lists of words, never through a shell"
_XML = "writes XML; nothing is parsed"
_KEYS = "requests of this machine to the local cloud; expat bounds what entities may grow to"
WHY = {
    ("B101", f"{_CORE}/expression_tree.py"): _TYPES,
    ("B101", f"{_CORE}/link_process.py"): _TYPES,
    ("B101", f"{_LOCAL}/patch_step_functions_tasks.py"): _TYPES,
    ("B105", f"{_CORE}/absent_directives.py"): _WORD,
    ("B105", f"{_CORE}/glob_pattern.py"): _WORD,
    ("B105", f"{_CORE}/shell_words.py"): _WORD,
    ("B105", f"{_LOCAL}/server.py"): _DUMMY,
    ("B105", f"{_LOCAL}/surroundings.py"): _DUMMY,
    ("B106", "cli/headrace_cli/target.py"): _DUMMY,
    ("B106", f"{_LOCAL}/clients.py"): _DUMMY,
    ("B106", f"{_LOCAL}/deployment.py"): _DUMMY,
    (
        "B310",
        f"{_AWS}/custom_resource.py",
    ): "the URL is the one CloudFormation signed; events of anybody else do not reach the function",
    ("B107", f"{_AWS}/logs.py"): "the token of a page of log events",
    ("B314", f"{_LOCAL}/s3_requests.py"): _KEYS,
    ("B405", f"{_LOCAL}/s3_requests.py"): _KEYS,
    ("B311", f"{_LOCAL}/jsonata_expressions.py"): _RANDOM,
    ("B311", f"{_LOCAL}/patch_step_functions_executions.py"): _RANDOM,
    ("B404", f"{_LOCAL}/batch_runner.py"): _STARTS,
    ("B404", f"{_LOCAL}/guardian.py"): _STARTS,
    ("B404", f"{_LOCAL}/lambda_workers.py"): _STARTS,
    ("B406", f"{_LOCAL}/api_errors.py"): _XML,
    ("B406", f"{_LOCAL}/web.py"): _XML,
    ("B603", f"{_LOCAL}/batch_runner.py"): _STARTS,
    ("B603", f"{_LOCAL}/guardian.py"): _STARTS,
    ("B603", f"{_LOCAL}/lambda_workers.py"): _STARTS,
    ("B604", f"{_AWS}/task_preparing.py"): _SHELL,
    ("B604", f"{_CORE}/spec.py"): _SHELL,
    ("B604", f"{_CORE}/spec_script.py"): _SHELL,
    ("B604", f"{_CORE}/task_work.py"): _SHELL,
    (
        "B701",
        f"{_CORE}/expression_tree.py",
    ): "templates make scripts and names, quoted by shell_quote for the place; never HTML",
}


def bandit(*places: str | Path) -> Counter[tuple[str, str]]:
    """What bandit finds: test and file, how often."""
    command = [sys.executable, "-m", "bandit", "--quiet", "--format", "json", "--recursive", *map(str, places)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=280, check=False)
    told = json.loads(run.stdout)
    assert told["errors"] == []
    return Counter((each["test_id"], each["filename"].removeprefix("./")) for each in told["results"])


@pytest.fixture(scope="module")
def found() -> Counter[tuple[str, str]]:
    """The findings in all our code; tests and benches run on the developer's own machine."""
    return bandit(*SOURCES)


def test_everything_bandit_finds_is_explained(found: Counter[tuple[str, str]]):
    """A new finding is looked at: mended, or explained in the table above."""
    assert set(found) - set(WHY) == set()


def test_no_explanation_outlives_its_finding(found: Counter[tuple[str, str]]):
    """What is mended is taken out of the table."""
    assert set(WHY) - set(found) == set()


def test_nothing_is_skipped_in_the_code():
    """No `nosec`, no configuration: the table is the one place."""
    marked = [
        str(path.relative_to(ROOT))
        for place in SOURCES
        for path in (ROOT / place).rglob("*.py")
        if "nosec" in path.read_text(encoding="utf-8")
    ]
    assert marked == []
    assert "[tool.bandit]" not in (ROOT / "pyproject.toml").read_text()


def test_bandit_can_find(tmp_path: Path):
    """A planted fault is found."""
    (tmp_path / "bad.py").write_text("import os\n\n\ndef go(name):\n    os.system('ls ' + name)\n    eval(name)\n")
    assert {test for test, _ in bandit(tmp_path)} >= {"B605", "B307"}
