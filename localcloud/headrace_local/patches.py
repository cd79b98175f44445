"""Every patch of moto, in the order they depend on each other."""

from __future__ import annotations

from headrace_local import (
    patch_autoscaling,
    patch_batch,
    patch_cloudformation,
    patch_dispatch,
    patch_dynamodb,
    patch_ecs,
    patch_events,
    patch_iam,
    patch_instances,
    patch_lambda,
    patch_logs,
    patch_lookups,
    patch_s3,
    patch_stacks,
    patch_step_functions,
    patch_versions,
)


def apply() -> None:
    """Apply them all; once per process."""
    for patch in (
        patch_dispatch,
        patch_lookups,
        patch_instances,
        patch_step_functions,
        patch_batch,
        patch_ecs,
        patch_autoscaling,
        patch_events,
        patch_logs,
        patch_iam,
        patch_lambda,
        patch_versions,
        patch_s3,
        patch_dynamodb,
        patch_cloudformation,
        patch_stacks,
    ):
        patch.apply()
