"""The value of each directive, good and bad (rule 12)."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.spec_texts import process, refused

from headrace.core.directives import TaskDirectives, evaluate


def done(body: str) -> TaskDirectives:
    """The evaluated directives of a process."""
    return evaluate(process(body).directives, {})


@pytest.mark.parametrize(
    ("body", "path", "said"),
    [
        ("container: 'http://x/y'", "container", "name of an image"),
        ("container: 'a b'", "container", "name of an image"),
        ("container: 3", "container", "name of an image"),
        ("container: 'job-definition://'", "container", "name of an image"),
        ("container: {}", "container", "without `image`"),
        ("container: {image: a, credentials: hunter2}", "container.credentials", "another form"),
        ("container: {image: a, user: b}", "container.user", "unknown key"),
        ("containerOptions: --no-such-option", "containerOptions", "no docker run option"),
        ("containerOptions: 3", "containerOptions", "no option"),
        ("cpus: 1.5", "cpus", "not a number of cpus"),
        ("cpus: '4'", "cpus", "not a number of cpus"),
        ("memory: 8", "memory", "without a unit"),
        ("time: 59s", "time", "under 60"),
        ("accelerator: -1", "accelerator", "not a number that fits"),
        ("accelerator: {type: a}", "accelerator", "without `count`"),
        ("accelerator: {count: 1, typ: a}", "accelerator.typ", "unknown key"),
        ("queue: []", "queue", "wrong length"),
        ("queue: 'a b'", "queue", "another form"),
        ("queue: [a, b, c, d, e, f]", "queue", "wrong length"),
        ("arch: mips", "arch", "not an architecture"),
        ("env: {AWS_BATCH_JOB_ID: x}", "env.AWS_BATCH_JOB_ID", "no name here"),
        ("env: {headrace_x: x}", "env.headrace_x", "no name here"),
        ("env: {1a: x}", "env.1a", "no name here"),
        ("env: {A: [x]}", "env.A", "no value of a variable"),
        ("env: [A]", "env", "a list stands"),
        ("secrets: {A: plain}", "secrets.A", "not a reference"),
        ("jobRole: role", "jobRole", "another form"),
        ("volumes: x:y", "volumes", "not a path"),
        ("consumableResources: {a: 0}", "consumableResources.a", "not a number that fits"),
        ("consumableResources: [a]", "consumableResources", "a list stands"),
        ("resourceLabels: {'aws:x': y}", "resourceLabels.aws:x", "no name here"),
        ("resourceLabels: {a: '<b>'}", "resourceLabels.a", "not a tag value"),
        ("resourceLimits: {gpus: 3}", "resourceLimits.gpus", "unknown key"),
        ("resourceLimits: 3", "resourceLimits", "a number where"),
        ("errorStrategy: retyr", "errorStrategy", "not one of the words"),
        ("maxRetries: -1", "maxRetries", "not a number that fits"),
        ("maxErrors: '10'", "maxErrors", "not a percentage"),
        ("retry: {out-of-memry: 3}", "retry.out-of-memry", "unknown key"),
        ("retry: {spot: many}", "retry.spot", "times"),
        ("retry: {exit: {times: 1, codes: [0]}}", "retry.exit", "codes"),
        ("retry: 3", "retry", "a number stands"),
        ("waitLimit: 30", "waitLimit", "without a unit"),
        ("waitLimit: {runable: 3m}", "waitLimit.runable", "unknown key"),
        ("waitLimit: {runnable: 3m, action: panic}", "waitLimit.action", "not one of the words"),
        ("maxForks: 0", "maxForks", "not a number that fits"),
        ("label: a-b", "label", "another form"),
        ("shell: python3", "shell", "sh family"),
        ("shell: zsh", "shell", "sh family"),
        ("shell: bash -c", "shell", "-c"),
        ("shell: []", "shell", "no shell"),
        ("shell: 'bash \"'", "shell", "no shell"),
        ("shell: [bash, 3]", "shell", "no shell"),
        ("cache: lenien", "cache", "not one of the words"),
        ("cache: 1", "cache", "neither true nor false"),
        ("scratch: /tmp", "scratch", "neither true nor false"),
        ("onFailure: /var/log/x", "onFailure", "absolute"),
        ("onFailure: false", "onFailure", "no path"),
        ("stopWhen: true", "stopWhen", "not one lone"),
        ("stopWhen: 'x${{ outputs.y }}'", "stopWhen", "not one lone"),
    ],
)
def test_what_is_refused_and_where(body: str, path: str, said: str) -> None:
    """Every bad literal is named at check time, at its place."""
    assert [(p.path, said in p.message) for p in refused(body)] == [(f"processes.p.{path}", True)]


@pytest.mark.parametrize(
    "body",
    [
        "secrets: {A: hunter2}",
        "secrets: hunter2",
        "secrets: {A: [hunter2]}",
        "secrets: {1A: hunter2}",
        "container: {image: a, credentials: hunter2}",
    ],
)
def test_what_may_be_a_secret_is_never_shown(body: str) -> None:
    """A value put where only a reference belongs may be the secret itself."""
    assert "hunter2" not in "".join(map(str, refused(body)))


@pytest.mark.parametrize(
    ("body", "field", "wanted"),
    [
        ("container: 'job-definition://mine:3'", "container", {"image": "job-definition://mine:3", "credentials": ""}),
        ("container: 'quay.io/a/b@sha256:0123'", "container", {"image": "quay.io/a/b@sha256:0123", "credentials": ""}),
        ("accelerator: {count: 2, type: v100}", "accelerator", {"count": 2, "type": "v100"}),
        ("cpus: 0.25", "cpus", 0.25),
        ("maxErrors: 5", "max_errors", {"count": 5, "percent": None}),
        (
            "waitLimit: {runnable: 30m, starting: 20m, action: next-queue}",
            "wait_limit",
            {"runnable_s": 1800, "starting_s": 1200, "action": "next-queue"},
        ),
        ("shell: /usr/bin/env bash -e", "shell", ("/usr/bin/env", "bash", "-e")),
        ("shell: [/bin/sh, -e]", "shell", ("/bin/sh", "-e")),
        ("shell: busybox sh", "shell", ("busybox", "sh")),
        ("arch: linux/arm64", "arch", "arm64"),
        ("label: big", "label", ("big",)),
        (
            "queue: 'arn:aws:batch:eu-west-1:123456789012:job-queue/q'",
            "queues",
            ("arn:aws:batch:eu-west-1:123456789012:job-queue/q",),
        ),
        ("containerOptions: {init: true}", "container_options", {"init": True}),
        ("containerOptions: --memory-swap 2g", "container_options", "--memory-swap 2g"),
        (
            "resourceLimits: {disk: 50 GB}",
            "resource_limits",
            {"cpus": None, "memory_mib": None, "disk_gib": 50, "time_s": None},
        ),
    ],
)
def test_forms_and_their_normal_form(body: str, field: str, wanted: Any) -> None:
    """Every accepted form ends in the one normal form."""
    found = getattr(done(body), field)
    assert (found.model_dump() if hasattr(found, "model_dump") else found) == wanted


def test_volumes_are_parsed_once() -> None:
    """Volumes come as the mounts they mean."""
    (first, second) = done("volumes: ['/a:/b:ro', {efs: fs-01234567, at: /efs}]").volumes
    assert (first.host, first.container_path, first.read_only) == ("/a", "/b", True)
    assert second.efs is not None


def test_budgets_are_those_the_retries_are_spent_from() -> None:
    """A class's budget keeps what the spec does not say from the defaults."""
    found = done("retry: {out-of-memory: {times: 3, upTo: 64 GB}, image-pull: 5}").retry
    assert {str(name): budget.times for name, budget in found.items()} == {"out-of-memory": 3, "image-pull": 5}


def test_the_parts_of_a_map_may_be_templates() -> None:
    """One templated part lets the rest be judged still."""
    assert process("accelerator: {count: '${{ params.n }}', type: a}").directives
    assert refused("accelerator: {count: '${{ params.n }}', typ: a}")[0].path == "processes.p.accelerator.typ"
    assert process("retry: {spot: '${{ params.n }}'}").directives
