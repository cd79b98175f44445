"""Texts made to exhaust or to escape: each is refused by name, within a bounded share of processor time and memory."""

from __future__ import annotations

import subprocess
import sys

import pytest

BOUNDED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_CPU, (20, 20))
resource.setrlimit(resource.RLIMIT_AS, (3 * 2**30, 3 * 2**30))
from headrace.core import expressions, spec, yaml_source
from headrace.core.errors import HeadraceError
try:
    {work}
except HeadraceError as error:
    print("refused:", str(error)[:300])
"""
EXPRESSIONS = {
    "attributes of a text": "''.__class__.__mro__",
    "an attribute by filter": "'' | attr('__class__')",
    "a format string": "'{0.__class__}'.format('')",
    "an old format string": "'%s' % ('a',)",
    "globals of a function": "cycler.__init__.__globals__",
    "a huge range": "range(10**12) | list",
    "a huge power": "10 ** 10 ** 10",
    "an exponential text": "('a' * 10**6) * 10**6",
    "a huge padding": "'a'.center(10**12)",
    "deep brackets": "(" * 5000 + "1" + ")" * 5000,
    "an endless one": "1" + " + 1" * 100_000,
}
DOCUMENTS = {
    "aliases": "a: &a [x, x]\\nb: &b [*a, *a]\\nc: [*b, *b]",
    "a merge": "a: &a {x: 1}\\nb: {<<: *a}",
    "deep lists": "[" * 50_000 + "]" * 50_000,
    "deep maps": "{a: " * 50_000 + "1" + "}" * 50_000,
    "a tag that makes objects": "!!python/object/apply:os.system ['true']",
    "too big a document": "a: " + "x" * (11 * 2**20),
    "too many values": "[" + "1," * 600_000 + "]",
}

LAUNCHES = {
    "deep JSON": '{"pipeline": "p", "params": ' + '{"a": ' * 50_000 + "1" + "}" * 50_000 + "}",
    "broad JSON": '{"pipeline": "p", "params": {"a": [' + "1," * 600_000 + "1]}}",
    "long JSON": '{"pipeline": "p", "params": {"a": "' + "x" * (11 * 2**20) + '"}}',
    "many problems": '{"pipeline": "p", ' + ", ".join(f'"k{n}": 1' for n in range(100_000)) + "}",
    "a number without end": '{"pipeline": "p", "params": {"a": ' + "9" * 2**20 + "}}",
}
ENVELOPE = '{"version": 1, "stage": "done", "exitCode": 0, "outputs": [%s]}'
MANIFESTS = {
    "deep": ENVELOPE % ("[" * 100_000 + "]" * 100_000),
    "just not too deep to parse": ENVELOPE % ("[" * 970 + "]" * 970),
    "broad": ENVELOPE % ("1," * 3_000_000 + "1"),
    "long": ENVELOPE % ('"' + "x" * (20 * 2**20) + '"'),
    "a number without end": ENVELOPE % ("9" * 2**20),
    "deep stage": '{"version": 1, "stage": ' + '{"a":' * 970 + "1" + "}" * 970 + "}",
}
RESULTS = {
    "deep lists": ("[" * 100_000 + "]" * 100_000, "not JSON"),
    "deep maps": ('{"a":' * 100_000 + "1" + "}" * 100_000, "not JSON"),
    "just not too deep to parse": ("[" * 970 + "]" * 970, "nested too deeply"),
    "broad": ("[" + "1," * 500_000 + "1]", "too big"),
    "long": ('"' + "x" * 2**20 + '"', "bytes (expected a JSON file"),
    "a number without end": ("9" * 500_000, "4300 digits"),
    "not a number": ('{"a": [NaN]}', "NaN is not JSON"),
    "a file in disguise": ('{"a": {"$file": "s3://bucket/x"}}', "the key '$file'"),
}
COLLECT = """
    from headrace.core import manifest, task_work, values
    body, place = text.encode(), "s3://bucket/x/"
    told = '{"version": 1, "stage": "done", "exitCode": 0, "outputs": [{"name": "o", "path": "r.json"}]}'
    declared = {"o": task_work.DeclaredOutput("json", "r.json")}
    there = {"r.json": values.File(place + "r.json", len(body), "e")}
    manifest.collect_outputs(declared, manifest.read_manifest(told.encode()), place, there, {"r.json": body})
"""


def refusal(work: str, **given: str) -> str:
    """What a process with little to spend says; it ends by itself."""
    code = "".join(f"{name} = sys.stdin.read()\n    " for name in given)
    script = BOUNDED.format(work=code + work)
    run = subprocess.run(
        [sys.executable, "-c", script], input="".join(given.values()), capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr[-2000:]
    return run.stdout


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_an_expression_neither_escapes_nor_explodes(name: str):
    """In parsing or in evaluation."""
    work = "expressions.evaluate(expressions.parse(text, processes=frozenset()), {}, lambda _: None)"
    assert refusal(work, text="${{ " + EXPRESSIONS[name] + " }}").startswith("refused:")


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_is_no_bomb(name: str):
    """It is refused before it grows."""
    text = DOCUMENTS[name].replace("\\n", "\n")
    assert refusal("spec.read_spec(yaml_source.read(text, 'x.yaml'))", text=text).startswith("refused:")


@pytest.mark.parametrize("name", LAUNCHES)
def test_a_launch_file_is_no_bomb(name: str):
    """Dropped by anybody who may write below launch/; read by a function."""
    work = "from headrace.core import launch_request; launch_request.read_launch(yaml_source.read(text, 'x.json'))"
    assert refusal(work, text=LAUNCHES[name]).startswith("refused:")


@pytest.mark.parametrize("name", MANIFESTS)
def test_a_manifest_is_no_bomb(name: str):
    """Written by whoever's script it is."""
    work = "from headrace.core import manifest; manifest.read_manifest(text.encode())"
    assert refusal(work, text=MANIFESTS[name]).startswith("refused:")


@pytest.mark.parametrize("name", RESULTS)
def test_a_json_output_is_no_bomb(name: str):
    """Its value would go into the ledger, into scripts and into other tasks' hashes."""
    text, said = RESULTS[name]
    assert said in refusal(COLLECT, text=text)
