"""The image recipe runs the scripts of ami/, in the order the page tells, and its names change with them."""

import hashlib
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.support.stack import ROOT, resources, template

from headrace.core.bootstrap import MOUNTED_CERTIFICATES, MOUNTED_S5CMD
from headrace.core.cli_path import cli_folder

AMI = "template.ami.yaml"
SCRIPTS = sorted((ROOT / "ami").glob("*.sh"))
COMPONENTS = resources("AWS::ImageBuilder::Component", AMI)
PAGE = (ROOT / "docs/ami.md").read_text(encoding="utf-8")


def sha(path: Path) -> str:
    """What a name carries of a script."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:8]


def run_by(component: dict[str, Any]) -> str:
    """The script that a component runs."""
    data = component["Properties"]["Data"]
    document = yaml.safe_load(data["Fn::Sub"] if isinstance(data, dict) else data)
    (phase,) = document["phases"]
    (step,) = phase["steps"]
    assert (phase["name"], step["action"]) == ("build", "ExecuteBash")
    (command,) = step["inputs"]["commands"]
    return str(command)


def named(component: dict[str, Any]) -> str:
    """The name of a component, before anything is filled in."""
    said = component["Properties"]["Name"]["Fn::Sub"]
    return str(said[0] if isinstance(said, list) else said)


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_a_script_is_what_its_component_runs(path: Path):
    """To the letter, apart from the variables that the tool's is given; a changed script has another name."""
    (component,) = [each for each in COMPONENTS.values() if f"-{path.stem.replace('_', '-')}-" in named(each)]
    given, ours, rest = run_by(component).partition("#!/bin/bash\n")
    assert ours + rest == path.read_text()
    assert sha(path) in named(component)
    assert re.findall(r"\$\{(\w+)\}", given) == (
        ["Bucket", "ToolPrefix", "ToolSums"] if path.stem == "install_tool" else []
    )


def test_every_component_has_its_script():
    """And the recipe runs them in the order of the page; its name changes with any of them, the machine, the tool and the volume."""
    assert len(COMPONENTS) == len(SCRIPTS)
    (recipe,) = resources("AWS::ImageBuilder::ImageRecipe", AMI).values()
    order = [each["ComponentArn"]["Ref"] for each in recipe["Properties"]["Components"]]
    told = list(dict.fromkeys(re.findall(r"ami/(\w+)\.sh", PAGE)))
    assert [
        re.sub(r"\$\{Prefix\}-([a-z-]+?)-[0-9a-f]{8}.*", r"\1", named(COMPONENTS[each])).replace("-", "_")
        for each in order
    ] == told
    whole = hashlib.sha256("".join(sha(path) for path in SCRIPTS).encode()).hexdigest()[:8]
    assert (
        recipe["Properties"]["Name"]["Fn::Sub"][0]
        == f"${{Prefix}}-{whole}-${{Machine}}-${{VolumeGiB}}-${{hash}}-${{key}}"
    )


def test_another_key_makes_another_name():
    """CloudFormation makes what has another key anew, before it removes the old one: under the same name it could not."""
    made = [*COMPONENTS.values(), *resources("AWS::ImageBuilder::ImageRecipe", AMI).values()]
    assert len(made) == len(SCRIPTS) + 1
    for each in made:
        assert "KmsKeyArn" in str({name: said for name, said in each["Properties"].items() if name != "Name"})
        name, given = each["Properties"]["Name"]["Fn::Sub"]
        assert "-${key}" in name
        # The id of `arn:…:key/<id>`, and `aws` without a key: Split of an empty text has no second part.
        assert given["key"] == {"Fn::Select": [1, {"Fn::Split": ["/", {"Fn::Sub": "${KmsKeyArn}/aws"}]}]}
        for placeholder, longest in (("Prefix", 49), ("hash", 16), ("Machine", 6), ("VolumeGiB", 5), ("key", 36)):
            name = name.replace(f"${{{placeholder}}}", "x" * longest)
        assert re.fullmatch(r"[\w-]{3,128}", name)


def test_a_machine_has_its_own_parent_image_and_builder():
    """The paths under which AWS publishes the ECS-optimised images; an image for Graviton is built on Graviton."""
    (recipe,) = resources("AWS::ImageBuilder::ImageRecipe", AMI).values()
    text, given = recipe["Properties"]["ParentImage"]["Fn::Sub"]
    assert given == {"folder": {"Fn::If": ["IsArm", "arm64/", ""]}}
    published = "ssm:/aws/service/ecs/optimized-ami/amazon-linux-2023/"
    assert text == f"{published}${{folder}}recommended/image_id"
    (place,) = resources("AWS::ImageBuilder::InfrastructureConfiguration", AMI).values()
    condition, arm, other = place["Properties"]["InstanceTypes"]["Fn::If"]
    assert (condition, other) == ("IsArm", {"Ref": "AWS::NoValue"})
    assert {each.partition(".")[0][-1] for each in arm} == {"g"}
    assert template(AMI)["Conditions"]["IsArm"] == {"Fn::Equals": [{"Ref": "Machine"}, "arm64"]}


def test_jobs_look_where_the_scripts_put_things():
    """The tool and its certificates, and the command line in a folder that may be mounted."""
    tool = (ROOT / "ami/install_tool.sh").read_text()
    assert f"tool={MOUNTED_S5CMD}\n" in tool
    assert MOUNTED_CERTIFICATES in tool
    assert cli_folder("/opt/aws-cli/bin/aws") == "/opt/aws-cli"
    assert "--install-dir /opt/aws-cli --bin-dir /opt/aws-cli/bin" in (ROOT / "ami/install_cli.sh").read_text()
    assert "cliPath: /opt/aws-cli/bin/aws" in PAGE


def test_the_image_reaches_the_compute_environments():
    """Built by the stack or given, as the override of its instances without GPU."""
    handed = resources("AWS::CloudFormation::Stack")["Batch"]["Properties"]["Parameters"]["AmiId"]
    assert handed == {"Fn::If": ["BuildsAmi", {"Fn::GetAtt": ["Ami", "Outputs.ImageId"]}, {"Ref": "AmiId"}]}
    environments = resources("AWS::Batch::ComputeEnvironment", "template.batch.yaml")
    with_it = {
        name
        for name, each in environments.items()
        if "ImageIdOverride" in str(each["Properties"]["ComputeResources"].get("Ec2Configuration"))
    }
    assert with_it == {"Spot", "OnDemand"}
    assert template(AMI)["Outputs"]["ImageId"]["Value"] == {"Fn::GetAtt": ["Image", "ImageId"]}
