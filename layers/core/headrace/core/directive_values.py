"""The value of each directive: from what is written to one normal form (rules 12 and 13).

One reader for each, made of those in `directive_readers.py`; limits and forms are those of AWS Batch
(https://docs.aws.amazon.com/batch/latest/APIReference/API_SubmitJob.html).
"""

from __future__ import annotations

import re
import shlex
from typing import Any, Final, Literal

from headrace.core import retry_budgets, units
from headrace.core.cache_modes import WORDS
from headrace.core.container_options import parse as parse_options
from headrace.core.directive_readers import choice, fields, leaf, mapping, matching, several, whole
from headrace.core.errors import InvalidValue
from headrace.core.expressions import Template
from headrace.core.frozen import Frozen
from headrace.core.outcome_classes import OutcomeClass
from headrace.core.reading import At, holds_template, kind, listed
from headrace.core.retry_budgets import Budget
from headrace.core.secret_reference import secret_reference
from headrace.core.task_paths import check_glob, check_inside
from headrace.core.volumes import Volume, parse_volumes

# containerProperties.image: at most 255 characters of letters, digits and -_:./#@ (Batch API, ContainerProperties).
_IMAGE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@#-]{0,254}")
_JOB_DEFINITION: Final = re.compile(r"job-definition://[A-Za-z0-9_-]{1,128}(?::[1-9][0-9]{0,8})?")
_QUEUE: Final = re.compile(
    r"[A-Za-z0-9_-]{1,128}|arn:aws[a-z-]*:batch:[a-z0-9-]+:\d{12}:job-queue/[A-Za-z0-9_-]{1,128}"
)
_ROLE: Final = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/[A-Za-z0-9+=,.@_/-]{1,576}")
_SECRET_ARN: Final = re.compile(r"arn:aws[a-z-]*:(?:secretsmanager|ssm):[a-z0-9-]+:\d{12}:\S{1,600}")
_LABEL: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
_RESOURCE: Final = re.compile(
    r"[A-Za-z0-9_-]{1,128}|arn:aws[a-z-]*:batch:[a-z0-9-]+:\d{12}:consumable-resource/[A-Za-z0-9_-]{1,128}"
)
_TAG: Final = re.compile(r"[\w .:/=+@-]*")
_SHELLS: Final = ("sh", "bash", "dash", "ash", "ksh", "mksh")
_ARCHES: Final = {"x86_64": "x86_64", "amd64": "x86_64", "linux/amd64": "x86_64", "linux/x86_64": "x86_64"} | {
    "arm64": "arm64",
    "aarch64": "arm64",
    "linux/arm64": "arm64",
    "linux/aarch64": "arm64",
}
RETRY_CLASSES: Final = tuple(str(each) for each in OutcomeClass if each is not OutcomeClass.SUCCEEDED)
ACTIONS: Final = ("alert", "next-queue", "terminate")


class Container(Frozen):
    """The image and, for a private registry, the ARN of the secret to pull it with."""

    image: str
    credentials: str = ""


class Accelerator(Frozen):
    """How many GPUs, and of which type when that matters."""

    count: int
    type: str = ""


class MaxErrors(Frozen):
    """How many tasks of a process may fail: a count, or a share of them in percent."""

    count: int | None = None
    percent: float | None = None


class WaitLimit(Frozen):
    """How long a job may stay RUNNABLE and STARTING, and what happens then."""

    runnable_s: int | None = None
    starting_s: int | None = None
    action: Literal["alert", "next-queue", "terminate"] = "alert"


class ResourceLimits(Frozen):
    """Caps on what a task may ask for."""

    cpus: int | float | None = None
    memory_mib: int | None = None
    disk_gib: int | None = None
    time_s: int | None = None


def container(at: At) -> Any:
    """An image, `job-definition://name[:rev]`, or {image, credentials}."""
    expected = "an image such as 'quay.io/biocontainers/samtools:1.21', or job-definition://name[:revision]"

    def image(value: Any) -> str:
        if isinstance(value, str) and (
            _JOB_DEFINITION.fullmatch(value) or ("://" not in value and _IMAGE.fullmatch(value))
        ):
            return value
        raise InvalidValue("not the name of an image", expected=expected)

    if not isinstance(at.value, dict):
        name = leaf(image)(at)
        return Container(image=name) if isinstance(name, str) else name
    credentials = matching(_SECRET_ARN, "the ARN of a secret of Secrets Manager", show=False)
    if not at.has("image"):
        at.refuse("a container without `image`", expected="{image, credentials}")
    values = fields(at, {"image": leaf(image), "credentials": credentials})
    return Container(**values) if values and "image" in values else None


def container_options(at: At) -> Any:
    """Options as `docker run` takes them: text, a list of texts, or a map; judged by the parser that translates them."""
    if isinstance(at.value, str | list | dict):
        if not holds_template(at.value):
            # With the least memory, so that only what is wrong whatever the memory is refused here.
            at.attempt(lambda value: parse_options(value, memory_mib=4))
        return at.value
    if not isinstance(at.value, Template):
        at.refuse(
            f"{kind(at.value)} is no option", expected="options as `docker run` takes them: text, a list or a map"
        )
        return None
    return at.value


def accelerator(at: At) -> Any:
    """A number of GPUs, or {count, type}."""
    if not isinstance(at.value, dict):
        number = whole(0, 64)(at)
        return Accelerator(count=number) if isinstance(number, int) else number
    if not at.has("count"):
        at.refuse("an accelerator without `count`", expected="a number, or {count, type}")
        return None
    values = fields(at, {"count": whole(0, 64), "type": leaf(_plain_text)})
    return Accelerator(**values) if values else None


def max_errors(at: At) -> Any:
    """A number of failed tasks, or a percentage of them."""
    if isinstance(at.value, str):
        share = at.attempt(units.percent)
        return None if share is None else MaxErrors(percent=share)
    number = whole(0)(at)
    return MaxErrors(count=number) if isinstance(number, int) else number


def retry(at: At) -> Any:
    """A map from outcome class to a number of times, or to a budget's parts."""
    if isinstance(at.value, Template):
        return at.value
    budgets: dict[OutcomeClass, Any] = {}
    at.known(RETRY_CLASSES)
    for name, child in at.entries("a map such as {out-of-memory: 3, spot: 5}"):
        if name in RETRY_CLASSES and not holds_template(child.value):
            budgets[OutcomeClass(name)] = _budget(name, child)
    return None if None in budgets.values() else budgets


def wait_limit(at: At) -> Any:
    """A duration a job may wait for a machine, or {runnable, starting, action}."""
    span = leaf(units.duration_s)
    if not isinstance(at.value, dict):
        seconds = span(at)
        return WaitLimit(runnable_s=seconds) if isinstance(seconds, int) else seconds
    values = fields(at, {"runnable": span, "starting": span, "action": choice(*ACTIONS)})
    if values is None:
        return None
    return WaitLimit(
        runnable_s=values.get("runnable"), starting_s=values.get("starting"), action=values.get("action", "alert")
    )


def resource_limits(at: At) -> Any:
    """{cpus, memory, disk, time}: the most a task may ask for."""
    readers = {"cpus": leaf(units.cpus), "memory": leaf(units.memory_mib), "disk": leaf(units.disk_gib)}
    if isinstance(at.value, Template):
        return at.value
    if not isinstance(at.value, dict):
        at.refuse(f"{kind(at.value)} where limits are wanted", expected="{cpus, memory, disk, time}")
        return None
    values = fields(at, readers | {"time": leaf(units.time_limit_s)})
    names = {"memory": "memory_mib", "disk": "disk_gib", "time": "time_s"}
    return (
        None if values is None else ResourceLimits(**{names.get(name, name): value for name, value in values.items()})
    )


def volumes(at: At) -> Any:
    """Mounts: `host:path[:ro]`, {efs, path, at, readOnly, accessPoint}, or a list of these."""
    if holds_template(at.value):
        return at.value
    parsed: tuple[Volume, ...] | None = at.attempt(parse_volumes)
    return parsed


def cache(at: At) -> Any:
    """True or false, or a way of comparing inputs."""
    if isinstance(at.value, str):
        return at.choice(WORDS)
    return at.value if isinstance(at.value, Template) else at.boolean()


def shell(at: At) -> Any:
    """The shell that runs the script, as words; only of the sh family, whose quoting rule 7 knows."""
    expected = f"a shell of the sh family ({listed(_SHELLS)}) and its options, such as 'bash -euo pipefail'"
    try:
        words = shlex.split(at.value) if isinstance(at.value, str) else at.value
    except ValueError:
        words = []
    if not isinstance(words, list) or not words or not all(isinstance(word, str) and word for word in words):
        at.refuse("no shell", expected=expected)
        return None
    rest = words[1:] if words[0].rsplit("/", 1)[-1] in ("env", "busybox") else words
    if not rest or rest[0].rsplit("/", 1)[-1] not in _SHELLS:
        at.refuse(
            "not a shell of the sh family",
            expected=expected,
            hint="Run other languages inside the script: python3 script.py",
        )
        return None
    if any(re.search(r"[\x00-\x1f\x7f]", word) for word in words) or any(
        re.fullmatch(r"-[a-z]*c[a-z]*", word) for word in rest[1:]
    ):
        at.refuse("a shell that takes its script from an option (-c) or holds a control character", expected=expected)
        return None
    return tuple(words)


def _budget(name: str, at: At) -> Budget | None:
    return at.attempt(lambda value: retry_budgets.read({name: value})[OutcomeClass(name)])


def _glob(value: Any) -> str:
    if isinstance(value, str):
        check_glob(value)
        return check_inside(value)
    raise InvalidValue(f"{kind(value)} is no path", expected="a path or glob inside the task's folder")


def _plain_text(value: Any) -> str:
    if isinstance(value, str) and re.fullmatch(r"[\x21-\x7e][\x20-\x7e]{0,127}", value):
        return value
    raise InvalidValue("not plain text", expected="plain text of at most 128 characters")


def _env_value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, str) and "\x00" not in value and len(value) <= 8192:
        return value
    raise InvalidValue(f"{kind(value)} is no value of a variable", expected="text, a number, true or false")


def _tag_value(value: Any) -> str:
    text = str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value
    if isinstance(text, str) and len(text) <= 256 and _TAG.fullmatch(text):
        return text
    raise InvalidValue("not a tag value AWS takes", expected="at most 256 letters, digits, blanks and _ . : / = + - @")


def _arch(value: Any) -> str:
    if isinstance(value, str) and value in _ARCHES:
        return _ARCHES[value]
    raise InvalidValue("not an architecture", expected="x86_64 (amd64) or arm64 (aarch64)")


def executor(at: At) -> Any:
    """`awsbatch`; the ones that will exist are refused by name."""
    if at.value in ("local", "lambda"):
        at.refuse(f"the executor '{at.value}' is not there yet", expected="awsbatch")
        return None
    return at.value if isinstance(at.value, Template) else at.choice(("awsbatch",))


# Variable names that are not taken: Batch keeps AWS_BATCH*, Headrace keeps HEADRACE_*.
env_names: Final = re.compile(r"(?!(?i:AWS_BATCH|HEADRACE_))[A-Za-z_][A-Za-z0-9_]{0,255}")
env: Final = mapping(leaf(_env_value), env_names, "a variable's name; AWS_BATCH… and HEADRACE_… are taken", most=1000)
secrets: Final = mapping(
    leaf(secret_reference, show=False),
    env_names,
    "a variable's name; AWS_BATCH… and HEADRACE_… are taken",
    most=100,
    show=False,
)
tag_names: Final = re.compile(r"(?!(?i:aws:))[\w .:/=+@-]{1,128}")
resource_labels: Final = mapping(
    leaf(_tag_value), tag_names, "a tag's name of at most 128 characters, not aws:…", most=40
)
consumable_resources: Final = mapping(whole(1), _RESOURCE, "the name or ARN of a consumable resource", most=50)
queue: Final = several(matching(_QUEUE, "a queue's name or ARN"), least=1, most=5)
label: Final = several(matching(_LABEL, "a letter, then letters, digits and _"), most=20)
job_role: Final = matching(_ROLE, "a role's ARN, such as arn:aws:iam::123456789012:role/name")
on_failure: Final = several(leaf(_glob), most=50)
arch: Final = leaf(_arch)
