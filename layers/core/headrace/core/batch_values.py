"""What the Batch API accepts where its model only says "string": names, enumerations, tags, environment names.

Sources: Batch API reference (Ulimit, Tmpfs, LogConfiguration, Device, KeyValuePair, RegisterJobDefinition, SubmitJob);
the tagging rules are those of "Tag naming limits and requirements" in the AWS general reference.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from headrace.core.errors import InvalidValue, shown

LARGEST_INT: Final = 2**31 - 1
ULIMITS: Final = (
    "core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue", "nice", "nofile", "nproc", "rss", "rtprio", "rttime",
    "sigpending", "stack",
)  # fmt: skip
VALUED_MOUNT_OPTIONS: Final = ("mode", "uid", "gid", "nr_inodes", "nr_blocks", "mpol")
MOUNT_OPTIONS: Final = (
    "defaults", "ro", "rw", "suid", "nosuid", "dev", "nodev", "exec", "noexec", "sync", "async", "dirsync", "remount",
    "mand", "nomand", "atime", "noatime", "diratime", "nodiratime", "bind", "rbind", "unbindable", "runbindable",
    "private", "rprivate", "shared", "rshared", "slave", "rslave", "relatime", "norelatime", "strictatime",
    "nostrictatime", *VALUED_MOUNT_OPTIONS,
)  # fmt: skip
LOG_DRIVERS: Final = ("awsfirelens", "awslogs", "fluentd", "gelf", "journald", "json-file", "splunk", "syslog")
PERMISSIONS: Final[Mapping[str, str]] = {"r": "READ", "w": "WRITE", "m": "MKNOD"}
RESERVED_ENV: Final[Mapping[str, str]] = {"AWS_BATCH": "AWS Batch", "MANAGED_BY_AWS": "Step Functions"}
OWN_ENV: Final = "HEADRACE_"

_ENV_NAME = re.compile(r"[^\s=\x00-\x1f\x7f-][^\s=\x00-\x1f\x7f]*")
_TAG = re.compile(r"[\w .:/=+\-@]*")


def check_env_name(name: str, *, own: bool = False) -> None:
    """InvalidValue for a name that is none, or that somebody else sets; `own` lets Headrace's own names pass."""
    if not _ENV_NAME.fullmatch(name):
        raise InvalidValue(
            f"{shown(name)} is no variable name", expected="NAME=value or NAME", hint="Is its value missing?"
        )
    owners = RESERVED_ENV if own else {**RESERVED_ENV, OWN_ENV: "Headrace"}
    for prefix, owner in owners.items():
        if name.startswith(prefix):
            raise InvalidValue(
                f"{shown(name)}: names that start with {prefix} are set by {owner}", expected="another name"
            )


def check_tag(key: str, value: str) -> None:
    """InvalidValue for a tag AWS refuses: key 1-128, value at most 256 characters, no `aws:` prefix."""
    if not 1 <= len(key) <= 128 or len(value) > 256:
        raise InvalidValue(
            f"the tag {shown(key)} is empty or too long", expected="a key of 1-128, a value of at most 256 characters"
        )
    if key.lower().startswith("aws:"):
        raise InvalidValue(f"{shown(key)}: tags that start with aws: belong to AWS", expected="another key")
    for text in (key, value):
        if not _TAG.fullmatch(text):
            raise InvalidValue(
                f"{shown(text)} has a character no tag may have", expected="letters, digits, blanks and _ . : / = + - @"
            )
