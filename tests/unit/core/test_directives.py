"""Directives: read, merged, evaluated (rules 12 and 13)."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.spec_texts import process, refused

from headrace.core.directives import (
    DIRECTIVES,
    ELSEWHERE,
    TaskDirectives,
    evaluate,
    merge,
    missing_container,
    shell_text,
)
from headrace.core.errors import InvalidSpec, Problem
from headrace.core.expressions import Template
from headrace.core.named_errors import NamedError
from headrace.core.outcome_classes import OutcomeClass

TASK = {"task": {"attempt": 2}, "params": {"n": 3, "none": None, "image": "a:1", "map": {"X": 1}}, "key": {"s": "a"}}

# One good value for each directive: as written, and as evaluated.
GOOD: dict[str, tuple[str, Any]] = {
    "container": ("ubuntu:24.04", {"image": "ubuntu:24.04", "credentials": ""}),
    "containerOptions": ("--init", "--init"),
    "cpus": ("4", 4),
    "memory": ("8 GB", 8192),
    "disk": ("50 GB", 50),
    "time": ("90m", 5400),
    "accelerator": ("1", {"count": 1, "type": ""}),
    "queue": ("[spot, on-demand]", ("spot", "on-demand")),
    "executor": ("awsbatch", "awsbatch"),
    "arch": ("amd64", "x86_64"),
    "env": ("{A: 1, B: true, C: x}", {"A": "1", "B": "true", "C": "x"}),
    "secrets": ("{T: 'ssm:/a/b'}", {"T": "ssm:/a/b"}),
    "jobRole": ("'arn:aws:iam::123456789012:role/r'", "arn:aws:iam::123456789012:role/r"),
    "volumes": ("/data:/ref:ro", None),
    "consumableResources": ("{licence: 2}", {"licence": 2}),
    "resourceLabels": ("{team: a, n: 1}", {"team": "a", "n": "1"}),
    "resourceLimits": (
        "{cpus: 4, memory: 8 GB, time: 1h}",
        {"cpus": 4, "memory_mib": 8192, "disk_gib": None, "time_s": 3600},
    ),
    "platformType": ("fargate", "FARGATE"),
    "cliPath": ("/opt/aws-cli/bin/aws", "/opt/aws-cli/bin/aws"),
    "executionRole": ("'arn:aws:iam::123456789012:role/r'", "arn:aws:iam::123456789012:role/r"),
    "logsGroup": ("/team/jobs", "/team/jobs"),
    "shareIdentifier": ("blue", "blue"),
    "schedulingPriority": ("7", 7),
    "maxSpotAttempts": ("5", 5),
    "maxTransferAttempts": ("3", 3),
    "maxParallelTransfers": ("16", 16),
    "delayBetweenAttempts": ("10 s", 10),
    "retryMode": ("adaptive", "adaptive"),
    "transfer": (
        "{storageClass: STANDARD_IA, storageKmsKeyId: alias/k, requesterPays: true}",
        {
            "storage_class": "STANDARD_IA",
            "encryption": "",
            "kms_key": "alias/k",
            "acl": "",
            "requester_pays": True,
            "endpoint": "",
        },
    ),
    "errorStrategy": ("finish", "finish"),
    "maxRetries": ("3", 3),
    "maxErrors": ("10%", {"count": None, "percent": 10.0}),
    "retry": ("{spot: 5}", None),
    "errors": (
        "[{name: heap, pattern: OutOfMemoryError, class: out-of-memory, action: retry, hint: more}]",
        (NamedError("heap", "OutOfMemoryError", OutcomeClass.OUT_OF_MEMORY, "retry", "more"),),
    ),
    "waitLimit": ("30m", {"runnable_s": 1800, "starting_s": None, "action": "alert"}),
    "maxForks": ("5", 5),
    "label": ("[big, slow]", ("big", "slow")),
    "publishDir": ("vcf", None),
    "shell": ("dash -eu", ("dash", "-eu")),
    "cache": ("false", False),
    "scratch": ("true", True),
    "onFailure": ("['*.log']", ("*.log",)),
    "stopWhen": ("'${{ outputs.n == 1 }}'", None),
}


def raw(body: str) -> dict[str, Any]:
    """The raw directives of a process."""
    return process(body).directives


def done(body: str) -> TaskDirectives:
    """The evaluated directives of a process."""
    return evaluate(raw(body), TASK)


def wrong(body: str) -> list[Problem]:
    """The problems found when a process's directives are evaluated."""
    with pytest.raises(InvalidSpec) as refusal:
        done(body)
    return list(refusal.value.problems)


@pytest.mark.parametrize("name", DIRECTIVES)
def test_every_directive_has_a_good_value(name: str) -> None:
    """Each directive of the table is read from a spec and ends in its field."""
    text, wanted = GOOD[name]
    found = getattr(done(f"{name}: {text}"), DIRECTIVES[name].field)
    assert found is not None
    if wanted is not None:
        assert (found.model_dump() if hasattr(found, "model_dump") else found) == wanted


def test_every_field_has_its_directive() -> None:
    """The table and TaskDirectives have the same rows."""
    assert sorted(directive.field for directive in DIRECTIVES.values()) == sorted(TaskDirectives.model_fields)
    assert not ELSEWHERE.keys() & DIRECTIVES.keys()


@pytest.mark.parametrize(
    "name", [name for name, directive in DIRECTIVES.items() if directive.moment in ("plan", "attempt")]
)
def test_a_template_is_judged_when_its_value_is_known(name: str) -> None:
    """A directive that takes expressions lets one through at check time and refuses its bad value at evaluation."""
    body = f"{name}: ${{{{ params.bad }}}}"
    assert isinstance(raw(body)[name], Template)
    with pytest.raises(InvalidSpec) as refusal:
        evaluate(raw(body), {"params": {"bad": ["\x00", {"?": -1}]}}, path="align")
    assert refusal.value.problems[0].path.startswith(f"align.{name}")


@pytest.mark.parametrize("name", [name for name, directive in DIRECTIVES.items() if directive.moment == "check"])
def test_what_is_needed_before_anything_runs_takes_no_template(name: str) -> None:
    """Labels, shell, executor and named errors are needed at check time."""
    assert "takes no expression" in refused(f"{name}: ${{{{ params.x }}}}")[0].message


@pytest.mark.parametrize("name", DIRECTIVES)
def test_nothing_is_no_value(name: str) -> None:
    """A directive without a value is an error that shows its form."""
    problem = refused(f"{name}:")[0]
    assert problem.message == "nothing stands here"
    assert problem.expected == DIRECTIVES[name].form


def test_only_maps_by_key_merge() -> None:
    """env, resourceLabels, secrets and transfer merge by key, errors by name; everything else replaces."""
    merging = {name for name, directive in DIRECTIVES.items() if directive.by_key}
    assert merging == {"env", "errors", "resourceLabels", "secrets", "transfer"}
    assert merge([{"env": {"A": "1", "B": "2"}, "queue": ["a", "b"]}, {"env": {"B": "3"}, "queue": "c"}]) == {
        "env": {"A": "1", "B": "3"},
        "queue": "c",
    }
    assert merge([{"consumableResources": {"a": 1}}, {"consumableResources": {"b": 1}}]) == {
        "consumableResources": {"b": 1}
    }


def test_merging_changes_no_layer() -> None:
    """Layers are shared by processes and stay as they are."""
    weak = {"env": {"A": "1"}}
    merge([weak, {"env": {"B": "2"}}])
    assert weak == {"env": {"A": "1"}}


def test_expressions_see_the_attempt() -> None:
    """`${{ 16 * task.attempt }} GB` is 32 GB at the second attempt."""
    assert done("memory: ${{ 16 * task.attempt }} GB").memory_mib == 32 * 1024
    assert done("cpus: ${{ params.n }}").cpus == 3
    assert done("container: ${{ params.image }}").container is not None


def test_none_means_nothing_was_said() -> None:
    """A directive that gives none is as if it were not there; inside a map none is an error."""
    assert done("queue: ${{ params.none }}").queues == ()
    assert wrong("env: {A: '${{ params.none }}'}")[0].path == "env.A"


def test_a_whole_map_may_be_an_expression() -> None:
    """`env: ${{ params.map }}` is a map when it is evaluated."""
    assert done("env: ${{ params.map }}").env == {"X": "1"}


def test_all_problems_of_an_evaluation_come_at_once() -> None:
    """Missing names and bad values of several directives are told together."""
    problems = wrong("cpus: ${{ params.nope }}\nmemory: ${{ params.n }}\nenv: {A: '${{ nothing }}'}")
    assert [problem.path for problem in problems] == ["cpus", "memory", "env.A"]


def test_the_planner_asks_for_some_only() -> None:
    """`only` leaves all other directives unevaluated."""
    body = "maxForks: ${{ params.n }}\nmemory: ${{ nothing }} GB"
    assert evaluate(raw(body), TASK, only={"maxForks"}).max_forks == 3


def test_what_waits_for_success_stays_a_template() -> None:
    """StopWhen and publishDir's saveAs see what only a finished task has."""
    found = done("stopWhen: ${{ outputs.n == 1 }}\npublishDir: {path: '${{ key.s }}/x', saveAs: '${{ file.name }}.x'}")
    assert found.stop_when is not None
    assert found.publish[0].path == "a/x"
    assert found.publish[0].save_as is not None
    assert found.publish[0].save_as.text == "${{ file.name }}.x"


def test_text_that_looks_like_an_expression_is_not_read_again() -> None:
    """A param's value with `${{` in it stays text."""
    scope = {"params": {"x": "${{ 1 + 1 }}"}}
    assert evaluate(raw("env: {A: '${{ params.x }}'}"), scope).env == {"A": "${{ 1 + 1 }}"}


def test_defaults_of_a_task() -> None:
    """What nobody says has the defaults of the language."""
    empty = evaluate({}, {})
    assert (empty.executor, empty.error_strategy, empty.max_retries, empty.cache) == ("awsbatch", "terminate", 1, True)
    assert empty.shell == ("bash", "-euo", "pipefail")
    assert empty.gpus == 0
    assert shell_text({}) == "bash -euo pipefail"
    assert shell_text({"shell": "sh -e"}) == "sh -e"
    assert shell_text({"shell": ["sh", "-e"]}) == "sh -e"


def test_a_process_on_batch_has_an_image() -> None:
    """Without `container` the process is named."""
    problem = missing_container("align", {"cpus": 1})
    assert problem is not None
    assert "align" in problem.message
    assert missing_container("align", {"container": "x"}) is None


def test_executors_to_come_are_refused_by_name() -> None:
    """`local` and `lambda` are not there yet, and say so."""
    for name in ("local", "lambda"):
        assert f"'{name}' is not there yet" in refused(f"executor: {name}")[0].message
    assert "nearest" not in refused("executor: awsbtach")[0].message
    assert refused("executor: awsbtach")[0].hint == "did you mean 'awsbatch'?"


@pytest.mark.parametrize("name", ["volumes", "publishDir", "onFailure", "label", "containerOptions", "errors"])
def test_an_empty_list_takes_back_what_a_weaker_layer_said(name: str) -> None:
    """Replacing by nothing is how a process opts out of a default."""
    text, _ = GOOD[name]
    found = evaluate(merge([raw(f"{name}: {text}"), raw(f"{name}: []")]), TASK)
    assert not getattr(found, DIRECTIVES[name].field)
