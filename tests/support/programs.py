"""Specs as text, linked and planned, for tests of the linker and the planner."""

import textwrap

from headrace.core import params as params_module
from headrace.core.fetch import Needs
from headrace.core.link import link
from headrace.core.plan import Scope, plan_scope
from headrace.core.spec import read_spec
from headrace.core.yaml_source import read

ROOT = "s3://bucket/pipeline.yaml"


def spec_of(text, file=ROOT):
    """The spec of an indented text."""
    return read_spec(read(textwrap.dedent(text), file))


def program_of(text, used=None, **around):
    """The program of a text, and of the texts it uses by place (`qc.yaml` beside it)."""
    files = {f"s3://bucket/{name}": spec_of(content, f"s3://bucket/{name}") for name, content in (used or {}).items()}
    return link(spec_of(text), files, **around)


def plan_of(program, params=None, fetched=None, scope=None):
    """The plan of a scope, the root's unless said; params are bound as a run binds them."""
    spec = program.namespaces[""].spec
    texts = {fetch.uri: content for fetch, content in (fetched or {}).items() if fetch.kind == "text"}
    bound = params_module.bind(spec.params, params or {}, texts, base=spec.file)
    return plan_scope(program, bound, scope or Scope(), fetched or {})


def items_of(text, params=None, fetched=None, used=None):
    """The plan items of a text's root scope, by id, in order."""
    plan = plan_of(program_of(text, used), params, fetched)
    assert not isinstance(plan, Needs), plan
    return {item["id"]: item for item in plan.items()}
