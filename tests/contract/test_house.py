"""One word everywhere: state, function folder, logical id, settings and template variables."""

import dataclasses
import re

import pytest
from tests.support.stack import MACHINES, ROOT, machine, resources, snake, states, template

from headrace.aws import settings

FUNCTIONS = resources("AWS::Serverless::Function")
FOLDERS = sorted(path.parent.name for path in (ROOT / "functions").glob("*/app.py"))


def variables(logical: str) -> set[str]:
    """The HEADRACE_ variables a function is given."""
    given = template()["Globals"]["Function"]["Environment"]["Variables"] | FUNCTIONS[logical]["Properties"].get(
        "Environment", {}
    ).get("Variables", {})
    return {name for name in given if name.startswith(settings.PREFIX)}


def test_every_folder_is_a_function_and_every_function_a_folder():
    """`functions/prepare_task/app.py` is `PrepareTaskFunction`, both ways."""
    assert sorted(snake(logical.removesuffix("Function")) for logical in FUNCTIONS) == FOLDERS


@pytest.mark.parametrize("logical", FUNCTIONS)
def test_a_function_is_named_by_one_word(logical: str):
    """Code folder and function name say the same as the logical id."""
    verb = snake(logical.removesuffix("Function"))
    properties = FUNCTIONS[logical]["Properties"]
    assert properties["CodeUri"] == f"functions/{verb}/"
    assert properties["FunctionName"] == {"Fn::Sub": "${AWS::StackName}-" + verb.replace("_", "-")}


@pytest.mark.parametrize("name", MACHINES)
def test_states_are_named_like_the_functions_they_call(name: str):
    """State `PrepareTask` calls `${PrepareTaskFunction}`."""
    for state, body in states(machine(name)).items():
        if "lambda:invoke" in body.get("Resource", ""):
            assert body["Arguments"]["FunctionName"] == "${" + state + "Function}"


@pytest.mark.parametrize("name", MACHINES)
def test_every_substitution_is_given_and_used(name: str):
    """The template gives a machine exactly what its definition asks for."""
    text = (ROOT / "statemachines" / f"{name}.asl.yaml").read_text()
    logical = {"run_pipeline": "RunPipelineMachine", "run_scope": "RunScopeMachine"}[name]
    given = resources("AWS::Serverless::StateMachine")[logical]["Properties"]["DefinitionSubstitutions"]
    assert set(re.findall(r"\$\{(\w+)\}", text)) == set(given)


@pytest.mark.parametrize("logical", FUNCTIONS)
def test_settings_and_template_variables_agree(logical: str):
    """A function's settings are exactly the variables its template entry gives it."""
    verb = logical.removesuffix("Function")
    kind = getattr(settings, f"{verb}Settings", settings.Settings)
    wanted = {settings.PREFIX + field.name.upper() for field in dataclasses.fields(kind)}
    assert variables(logical) == wanted


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_function_folder_holds_its_handler_only(folder: str):
    """No copied helper beside a handler."""
    files = {path.name for path in (ROOT / "functions" / folder).iterdir() if path.name != "__pycache__"}
    assert files == {"app.py"}


def test_the_layer_carries_what_the_package_pins():
    """The layer's requirements are pinned to the versions the tests run with."""
    project = (ROOT / "pyproject.toml").read_text()
    pins = re.findall(r"^(\S+==\S+)", (ROOT / "layers/core/requirements.txt").read_text(), re.MULTILINE)
    assert pins
    assert [pin for pin in pins if f'"{pin}"' not in project] == []


def test_core_is_pure():
    """Nothing in the core imports AWS, the environment, the clock, files, randomness or logging."""
    banned = re.compile(
        r"^\s*(?:import|from)\s+(?:boto3|botocore|os|pathlib|time|random|logging|socket|subprocess|headrace\.aws)\b|datetime\.now|time\.time\(",
        re.MULTILINE,
    )
    found = {path.name for path in (ROOT / "layers/core/headrace/core").glob("*.py") if banned.search(path.read_text())}
    assert found == set()
