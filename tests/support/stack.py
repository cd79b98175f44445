"""The template and the state machines as data, for the contract tests."""

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from cfnlint.decode.cfn_yaml import load as load_template

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = ("template.yaml", *sorted(path.name for path in ROOT.glob("template.*.yaml")))
MACHINES = ("run_pipeline", "run_scope")


@lru_cache
def template(name: str = "template.yaml") -> dict[str, Any]:
    """A template, its short intrinsic forms spelled out."""
    loaded: dict[str, Any] = json.loads(json.dumps(load_template(str(ROOT / name))))
    return loaded


def resources(kind: str, name: str = "template.yaml") -> dict[str, dict[str, Any]]:
    """The resources of one type, by logical id."""
    return {logical: body for logical, body in template(name)["Resources"].items() if body["Type"] == kind}


def machine(name: str) -> dict[str, Any]:
    """A state machine's definition."""
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "statemachines" / f"{name}.asl.yaml").read_text())
    return loaded


def states(definition: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Every state of a machine by name, those inside Maps too."""
    found = dict(definition["States"])
    for body in definition["States"].values():
        if "ItemProcessor" in body:
            found |= states(body["ItemProcessor"])
    return found


def snake(name: str) -> str:
    """`PrepareTask` as `prepare_task`."""
    return "".join(f"_{char.lower()}" if char.isupper() else char for char in name).lstrip("_")
