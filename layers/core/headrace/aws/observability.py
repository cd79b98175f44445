"""Logger, tracer and metrics of the functions, from Powertools, with the ids every line carries.

`serve` wraps a handler: it ties the run, task and job that the event names to each log line and to the trace, marks the cold start,
writes metrics at the end, and logs an error once with its type before it goes to Step Functions. What an event does not name is
added by `about` as soon as it is known.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, Final

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.metrics import MetricUnit

from headrace.core.errors import HeadraceError, InvalidSpec, InvalidValue, Problem

# An invocation that counted nothing is normal here.
warnings.filterwarnings("ignore", message="No application metrics to publish")

_LONGEST: Final = 500  # of an id: X-Ray takes 1,000 characters of an annotation
Handler = Callable[[dict[str, Any], Any], Any]

logger = Logger()
# Calls to AWS are what a trace is for; without a list every library X-Ray knows is imported to be patched.
tracer = Tracer(patch_modules=["botocore"])
metrics = Metrics()


def serve(handler: Handler) -> Handler:
    """The handler with structured logs, a trace segment and flushed metrics."""

    @wraps(handler)
    def wrapped(event: dict[str, Any], context: Any) -> Any:
        about(**_ids(event))
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


def about(**ids: object) -> None:
    """What this invocation turns out to be about (`run`, `epoch`, `task`, `job`, `launch`): its log lines from here on, and its trace.

    Texts and numbers only; what is empty is not known. The next invocation begins without them.
    """
    for name, value in ids.items():
        if isinstance(value, str | int) and value != "":
            said: Any = value[:_LONGEST] if isinstance(value, str) else value
            logger.append_keys(**{name: said})
            tracer.put_annotation(name, said)


@contextmanager
def meanwhile(**ids: object) -> Iterator[None]:
    """One of many that an invocation looks at, for the log lines of this while; the trace is of all of them."""
    with logger.append_context_keys(**{name: value for name, value in ids.items() if value != ""}):
        yield


def count(name: str, value: int = 1) -> None:
    """Add to a metric of this invocation (`TasksSucceeded`, `CacheHits`, …)."""
    metrics.add_metric(name=name, unit=MetricUnit.Count, value=value)


def _ids(event: dict[str, Any]) -> dict[str, Any]:
    """The ids of contracts.md section 8 that the event names, for every log line; of an event of ours, those it tells of."""
    detail = event.get("detail")
    named = detail if "run" not in event and isinstance(detail, dict) else event
    task, job = named.get("task"), named.get("job")
    return {
        "run": named.get("run"),
        "epoch": named.get("epoch"),
        "task": task.get("id") if isinstance(task, dict) else task,
        "job": job.get("JobId") if isinstance(job, dict) else job,
    }
