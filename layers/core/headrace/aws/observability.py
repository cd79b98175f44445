"""Logger, tracer and metrics of the functions, from Powertools, with the ids every line carries.

`serve` wraps a handler: it ties run, task and attempt to each log line, marks the cold start, writes metrics at the end, and
logs an error once with its type before it goes to Step Functions.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import wraps
from typing import Any

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.metrics import MetricUnit

from headrace.core.errors import HeadraceError, InvalidSpec, InvalidValue, Problem

# An invocation that counted nothing is normal here.
warnings.filterwarnings("ignore", message="No application metrics to publish")

Handler = Callable[[dict[str, Any], Any], Any]

logger = Logger()
# Calls to AWS are what a trace is for; without a list every library X-Ray knows is imported to be patched.
tracer = Tracer(patch_modules=["botocore"])
metrics = Metrics()


def serve(handler: Handler) -> Handler:
    """The handler with structured logs, a trace segment and flushed metrics."""

    @wraps(handler)
    def wrapped(event: dict[str, Any], context: Any) -> Any:
        logger.append_keys(**_ids(event))
        try:
            return handler(event, context)
        except InvalidValue as error:
            # Nobody knew its place, but it is the user's all the same: the machines do not try those again.
            problem = Problem("", error.message, expected=error.expected, hint=error.hint)
            logger.warning(str(problem), extra={"error": "InvalidValue"})
            raise InvalidSpec([problem]) from error
        except HeadraceError as error:
            # What a user can put right: the message is the whole story, a stack would hide it.
            logger.warning(str(error), extra={"error": type(error).__name__})
            raise
        except Exception:
            # Neither the pipeline's fault nor foreseen: an alarm watches this.
            count("UnexpectedErrors")
            logger.exception("handler failed")
            raise

    return metrics.log_metrics(
        tracer.capture_lambda_handler(logger.inject_lambda_context(wrapped, clear_state=True), capture_response=False)
    )


def count(name: str, value: int = 1) -> None:
    """Add to a metric of this invocation (`TasksSucceeded`, `CacheHits`, …)."""
    metrics.add_metric(name=name, unit=MetricUnit.Count, value=value)


def _ids(event: dict[str, Any]) -> dict[str, Any]:
    """The ids of contracts.md section 8 that the event names, for every log line."""
    task, job = event.get("task"), event.get("job")
    found = {
        "run": event.get("run"),
        "epoch": event.get("epoch"),
        "task": task.get("id") if isinstance(task, dict) else None,
        "job": job.get("JobId") if isinstance(job, dict) else None,
    }
    return {name: value for name, value in found.items() if value is not None}
