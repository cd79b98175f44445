"""One version: of the package and of the deployed stack."""

import tomllib

from tests.support.stack import ROOT, template

from headrace_cli import installed


def test_the_stack_says_the_packages_version():
    """template.yaml's output `Version` is pyproject.toml's version, which is what the command says of itself."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert template()["Outputs"]["Version"]["Value"] == version
    assert installed.version() == version
