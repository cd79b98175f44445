"""The table of docs/parameters.md, made from template.yaml: `.venv/bin/python -m tests.support.parameters_page` writes it."""

from typing import Any, Final

from tests.support.stack import ROOT, template

PAGE: Final = ROOT / "docs/parameters.md"
_HEAD: Final = """\
# Parameters of the stack

Each has a default that is safe and costs nothing while idle; `sam deploy --guided` asks for them in this order. Prices are those of
us-east-1. What pipelines may name, a bucket and a key of yours are told in [configuration](configuration.md).
"""


def page() -> str:
    """The whole page."""
    groups = template()["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    return _HEAD + "".join(_group(each) for each in groups)


def _group(group: dict[str, Any]) -> str:
    rows = "\n".join(_row(name, template()["Parameters"][name]) for name in group["Parameters"])
    return f"\n## {group['Label']['default']}\n\n| parameter | default | what it is |\n|---|---|---|\n{rows}\n"


def _row(name: str, said: dict[str, Any]) -> str:
    default = f"`{said['Default']}`" if said["Default"] != "" else "—"
    return f"| `{name}` | {default} | {said['Description'].replace('|', chr(92) + '|')}{_range(said)} |"


def _range(said: dict[str, Any]) -> str:
    if "AllowedValues" in said:
        return f" One of {', '.join(f'`{each}`' for each in said['AllowedValues'])}."
    if "MinValue" in said:
        most = f" to {said['MaxValue']:,}" if "MaxValue" in said else " or more"
        return f" {said['MinValue']:,}{most}."
    return ""


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
