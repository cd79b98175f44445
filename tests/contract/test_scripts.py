"""Every shell script of the repository passes shellcheck.

What the code generates is checked where it is tested:
the bootstrap in tests/integration/test_bootstrap.py, the instances' user data in test_sam.py.
"""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.stack import ROOT

LEFT_OUT = re.compile(r"^(\.git|\.venv|\.[\w]+-venv|\.aws-sam|\.\w+_cache|\.hypothesis|__pycache__|node_modules)$")
SHEBANG = re.compile(rb"#!.*\b(ba|da|k)?sh\b")


def scripts() -> Iterator[Path]:
    """Files that end in .sh or begin with a shell's shebang."""
    todo = [ROOT]
    while todo:
        for path in sorted(todo.pop().iterdir()):
            if LEFT_OUT.match(path.name):
                continue
            if path.is_dir():
                todo.append(path)
            elif path.suffix == ".sh" or (path.suffix == "" and SHEBANG.match(path.read_bytes()[:80])):
                yield path


SCRIPTS = list(scripts())


def shellcheck(script: Path) -> str:
    """What shellcheck says of a script."""
    if shutil.which("shellcheck") is None:
        pytest.skip("no shellcheck here: apt-get install shellcheck")
    run = subprocess.run(
        ["shellcheck", "--norc", "--external-sources", "--", script], capture_output=True, text=True, check=False
    )
    return run.stdout + run.stderr


@pytest.mark.parametrize("script", [pytest.param(path, id=str(path.relative_to(ROOT))) for path in SCRIPTS])
def test_shellcheck_finds_nothing(script: Path):
    """Nothing to say, not even in style."""
    assert shellcheck(script) == ""


def test_scripts_are_found_and_can_fail(tmp_path: Path):
    """Those of CI, examples and tests are among them; a planted fault is found."""
    assert {"run", "demo.sh", "variants.sh"} <= {path.name for path in SCRIPTS}
    (tmp_path / "bad.sh").write_text("#!/bin/sh\nrm -rf $1\n")
    assert "SC2086" in shellcheck(tmp_path / "bad.sh")
