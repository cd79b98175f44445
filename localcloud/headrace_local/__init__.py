"""The local cloud: the deployed template on one machine, with no AWS account and no Docker.

from headrace_local import start, stop, deploy
cloud = start(home)                                   # finds it when it already runs
outputs = deploy(cloud.endpoint, "template.yaml", "headrace", {"Parameter": "value"})
stop(home)
"""

from __future__ import annotations

from typing import Any

from headrace_local.cloud import Cloud, find, home_of, reset, start, stop

__all__ = ["Cloud", "deploy", "find", "home_of", "reset", "start", "stop"]


def __getattr__(name: str) -> Any:
    """`deploy` brings the SAM translator with it, which most callers do not need."""
    if name == "deploy":
        from headrace_local.deployment import deploy

        return deploy
    raise AttributeError(name)
