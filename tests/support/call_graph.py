"""Which AWS operations a function can reach, read from the source: from its app.py through every adapter it refers to.

A node is a function or class of `headrace.aws`; a reference by name is an edge, called or not. An operation is found as an
call (`s3.get_object(…)`) or as a text (`get_paginator("list_jobs")`, `getattr(client, "put_item")`).
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
)
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
    seen: set[Node] = set()
    todo = list(_references(tree, tree, ""))
    found = set(_operations(tree, tree))
    while todo:
        node = todo.pop()
        if node in seen:
            continue
        seen.add(node)
        module, name = node
        body = _definitions(module).get(name)
        if body is not None:
            found |= set(_operations(body, _module(module)))
            todo += _references(body, _module(module), module)
    return found


@lru_cache
def _module(name: str) -> ast.Module:
    return ast.parse((ROOT / "layers/core" / f"{name.replace('.', '/')}.py").read_text())


def _definitions(module: str) -> dict[str, ast.AST]:
    return {each.name: each for each in _module(module).body if isinstance(each, ast.FunctionDef | ast.ClassDef)}


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
    """Modules and names of `headrace.aws` by the name they have in a module."""
    modules, names = {}, {}
    for each in ast.walk(module):
        if isinstance(each, ast.ImportFrom) and each.module == "headrace.aws":
            modules |= {alias.asname or alias.name: f"headrace.aws.{alias.name}" for alias in each.names}
        elif isinstance(each, ast.ImportFrom) and (each.module or "").startswith("headrace.aws."):
            names |= {alias.asname or alias.name: (each.module or "", alias.name) for alias in each.names}
    return modules, names


def _operations(body: ast.AST, module: ast.Module) -> Iterator[str]:
    modules, _ = _imports(module)
    for each in ast.walk(body):
        word: object = None
        if isinstance(each, ast.Call) and isinstance(each.func, ast.Attribute):
            owner = each.func.value
            ours = isinstance(owner, ast.Name) and owner.id in modules  # `events.publish` is no call of SNS
            word = None if ours else each.func.attr
        elif isinstance(each, ast.Constant):
            word = each.value
        if isinstance(word, str) and word in operations():
            yield word
