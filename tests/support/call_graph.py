"""Which AWS operations a function, or a command, can reach, read from the source: through every module of ours it refers to.

A node is a function or class of `headrace.aws` or `headrace_cli`; a reference by name is an edge, called or not. An operation is
found as a call (`s3.get_object(…)`) or as a text (`get_paginator("list_jobs")`, `getattr(client, "put_item")`).
"""

import ast
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from botocore import xform_name
from botocore.session import get_session
from tests.support.stack import ROOT

SERVICES = (
    "s3",
    "dynamodb",
    "batch",
    "stepfunctions",
    "events",
    "lambda",
    "logs",
    "sns",
    "sqs",
    "secretsmanager",
    "ec2",
    "ecs",
    "autoscaling",
    "sts",
    "iam",
    "cloudformation",
    "cloudwatch",
    "service-quotas",
)
# What a client's method `upload_file` of boto3 calls: the AWS CLI and boto3 cut large files into parts.
UPLOADS = frozenset(
    {"put_object", "create_multipart_upload", "upload_part", "complete_multipart_upload", "abort_multipart_upload"}
)
OURS = ("headrace.aws", "headrace_cli")
TRANSACTION = frozenset({"Put", "Update", "Delete", "ConditionCheck"})
Node = tuple[str, str]


@lru_cache
def operations() -> frozenset[str]:
    """Every operation of the services in use, as a client's method; and the parts of a DynamoDB transaction."""
    session = get_session()
    names = {xform_name(name) for each in SERVICES for name in session.get_service_model(each).operation_names}
    return frozenset(names) | TRANSACTION


def reached(app: Path) -> set[str]:
    """The operations a function's app.py can reach."""
    tree = ast.parse(app.read_text())
    return _followed(list(_references(tree, tree, "")), set(_operations(tree, tree)))


def reached_by_command(module: str, function: str) -> set[str]:
    """The operations a command can reach: a function of a module of `headrace_cli`."""
    return _followed([(module, function)], set())


def ledger_keys_of_command(module: str, function: str) -> set[str]:
    """The functions of `ledger_keys` that a command can reach: which items of the ledger it asks for."""
    return {
        each.attr
        for _, body in _visited([(module, function)])
        for each in ast.walk(body)
        if isinstance(each, ast.Attribute) and isinstance(each.value, ast.Name) and each.value.id == "ledger_keys"
    }


def _followed(todo: list[Node], found: set[str]) -> set[str]:
    for module, body in _visited(todo):
        # A table says which functions there are, not which operations are called.
        if isinstance(body, ast.FunctionDef | ast.ClassDef):
            found |= set(_operations(body, _module(module)))
    return found


def _visited(todo: list[Node]) -> Iterator[tuple[str, ast.AST]]:
    """What can be reached from some nodes, itself included: the module and the code of each."""
    seen: set[Node] = set()
    while todo:
        node = todo.pop()
        if node in seen:
            continue
        seen.add(node)
        module, name = node
        body = _definitions(module).get(name)
        if body is not None:
            yield module, body
            todo += _references(body, _module(module), module)


@lru_cache
def _module(name: str) -> ast.Module:
    path = (ROOT / ("cli" if name.startswith("headrace_cli") else "layers/core")) / name.replace(".", "/")
    return ast.parse((path / "__init__.py" if path.is_dir() else path.with_suffix(".py")).read_text())


def _is_module(name: str) -> bool:
    path = (ROOT / ("cli" if name.startswith("headrace_cli") else "layers/core")) / name.replace(".", "/")
    return path.is_dir() or path.with_suffix(".py").is_file()


def _definitions(module: str) -> dict[str, ast.AST]:
    """Functions, classes, and what a name at the top is made of (a table of functions)."""
    found: dict[str, ast.AST] = {}
    for each in _module(module).body:
        if isinstance(each, ast.FunctionDef | ast.ClassDef):
            found[each.name] = each
        elif isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name) and each.value is not None:
            found[each.target.id] = each.value
    return found


def _references(body: ast.AST, module: ast.Module, own: str) -> Iterator[Node]:
    """What a piece of code refers to, as nodes."""
    modules, names = _imports(module)
    for each in ast.walk(body):
        if isinstance(each, ast.Name):
            if each.id in names:
                yield names[each.id]
            elif own and each.id not in modules:
                yield own, each.id
        elif isinstance(each, ast.Attribute) and isinstance(each.value, ast.Name) and each.value.id in modules:
            yield modules[each.value.id], each.attr


def _imports(module: ast.Module) -> tuple[dict[str, str], dict[str, Node]]:
    """Modules and names of `headrace.aws` and `headrace_cli` by the name they have in a module."""
    modules, names = {}, {}
    for each in ast.walk(module):
        if not isinstance(each, ast.ImportFrom) or not each.module or not each.module.startswith(OURS):
            continue
        for alias in each.names:
            inner = f"{each.module}.{alias.name}"
            if _is_module(inner):
                modules[alias.asname or alias.name] = inner
            else:
                names[alias.asname or alias.name] = (each.module, alias.name)
    return modules, names


def _operations(body: ast.AST, module: ast.Module) -> Iterator[str]:
    modules, _ = _imports(module)
    for each in ast.walk(body):
        word: object = None
        if isinstance(each, ast.Call) and isinstance(each.func, ast.Attribute):
            owner = each.func.value
            ours = isinstance(owner, ast.Name) and owner.id in modules  # `events.publish` is no call of SNS
            word = None if ours else each.func.attr
            if word == "upload_file":
                yield from UPLOADS
        elif isinstance(each, ast.Constant):
            word = each.value
        if isinstance(word, str) and word in operations():
            yield word
