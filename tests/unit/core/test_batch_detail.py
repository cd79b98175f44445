"""A Batch job, read from every form AWS describes it in."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.core.batch_detail import DEFAULT_LOG_GROUP, AttemptDetail, JobFacts, log_group, read, texts

CAMEL: dict[str, Any] = {
    "jobId": "j-1",
    "jobName": "hr-demo-1-0123456789abcdef-1",
    "status": "FAILED",
    "statusReason": "Essential container in task exited",
    "jobQueue": "arn:aws:batch:eu-west-1:1:job-queue/spot",
    "jobDefinition": "arn:aws:batch:eu-west-1:1:job-definition/hr:1",
    "createdAt": 1000,
    "startedAt": 2000,
    "stoppedAt": 3000,
    "timeout": {"attemptDurationSeconds": 60},
    "isCancelled": False,
    "isTerminated": False,
    "attempts": [
        {
            "container": {"exitCode": 1, "logStreamName": "hr/default/a"},
            "startedAt": 1500,
            "stoppedAt": 1600,
            "statusReason": "Host EC2 (instance i-0123456789abcdef0) terminated.",
        },
        {
            "container": {"exitCode": 7, "logStreamName": "hr/default/b", "reason": "bad"},
            "startedAt": 2000,
            "stoppedAt": 3000,
            "statusReason": "Essential container in task exited",
        },
    ],
    "container": {
        "image": "debian:12",
        "exitCode": 7,
        "reason": "bad",
        "logStreamName": "hr/default/b",
        "resourceRequirements": [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "2048"}],
        "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "/headrace/jobs"}},
    },
}

ECS: dict[str, Any] = {
    "jobId": "j-2",
    "status": "FAILED",
    "container": {},
    "attempts": [
        {
            "statusReason": "Essential container in task exited",
            "taskProperties": [
                {
                    "containers": [
                        {"name": "proxy", "exitCode": 137, "logStreamName": "p"},
                        {"name": "logs", "exitCode": 3, "logStreamName": "l"},
                        {"name": "main", "exitCode": 9, "logStreamName": "m", "reason": "why"},
                    ]
                }
            ],
        }
    ],
    "ecsProperties": {
        "taskProperties": [
            {
                "containers": [
                    {"name": "proxy", "image": "envoy", "essential": True},
                    {"name": "logs", "image": "fluent", "essential": False, "exitCode": 3},
                    {
                        "name": "main",
                        "image": "debian:12",
                        "essential": True,
                        "exitCode": 9,
                        "logStreamName": "m",
                        "resourceRequirements": [{"type": "MEMORY", "value": "512"}],
                    },
                ]
            }
        ]
    },
}


def pascal(value: Any) -> Any:
    """The same with the keys Step Functions writes; keys of a user's map (log options) stay."""
    if isinstance(value, dict):
        return {k if "-" in k else k[0].upper() + k[1:]: pascal(v) for k, v in value.items()}
    return [pascal(v) for v in value] if isinstance(value, list) else value


@pytest.mark.parametrize("detail", [CAMEL, ECS], ids=["container", "ecsProperties"])
def test_both_casings_say_the_same(detail: dict[str, Any]) -> None:
    """DescribeJobs and Step Functions describe one job alike."""
    assert read(detail) == read(pascal(detail)) != JobFacts()


def test_everything_of_a_job_of_one_container_is_read() -> None:
    """Each fact comes from its place."""
    facts = read(CAMEL)
    assert facts is not None
    assert facts.last == AttemptDetail(7, "bad", "Essential container in task exited", "hr/default/b", 2000, 3000)
    assert facts.attempt == 2
    assert (facts.memory_mib, facts.timeout_s, facts.image, facts.log_group) == (
        2048,
        60,
        "debian:12",
        "/headrace/jobs",
    )
    assert (facts.created_ms, facts.started_ms, facts.stopped_ms) == (1000, 2000, 3000)
    assert facts.queue.endswith("/spot")
    assert not facts.cancelled


def test_of_several_containers_the_essential_one_that_failed_by_itself_counts() -> None:
    """Neither a sidecar that is not essential nor one that was killed with the task decides."""
    facts = read(ECS)
    assert facts is not None
    assert (facts.last.exit_code, facts.last.log_stream, facts.last.reason) == (9, "m", "why")
    assert (facts.image, facts.memory_mib) == ("debian:12", 512)


def test_a_job_that_never_started_has_no_attempt() -> None:
    """Attempt 0, no stream, the default group."""
    facts = read({"jobId": "j", "status": "failed", "statusReason": "x", "attempts": [], "isTerminated": True})
    assert facts is not None
    assert (facts.attempt, facts.last, facts.status, facts.terminated) == (0, AttemptDetail(), "FAILED", True)
    assert facts.log_group == DEFAULT_LOG_GROUP


def test_a_running_attempt_is_known_by_the_jobs_container() -> None:
    """Batch lists attempts when they end; the current one counts as well."""
    running = {"jobId": "j", "status": "RUNNING", "startedAt": 5, "container": {"logStreamName": "now"}}
    first, second = read(running), read({**running, "attempts": [{"container": {"logStreamName": "before"}}]})
    assert first is not None
    assert second is not None
    assert (first.attempt, first.last.log_stream, first.last.started_ms) == (1, "now", 5)
    assert (second.attempt, second.last.log_stream) == (2, "now")


def test_an_attempts_gaps_are_filled_from_the_jobs_container() -> None:
    """An attempt without reason takes the job's, which is of the same attempt."""
    facts = read(
        {"jobId": "j", "status": "FAILED", "container": {"reason": "OutOfMemoryError"}, "attempts": [{"container": {}}]}
    )
    assert facts is not None
    assert (facts.attempt, facts.last.reason) == (1, "OutOfMemoryError")


def test_an_array_parent_knows_how_many_children_failed() -> None:
    """Its own attempts are empty; the summary is what there is."""
    facts = read({"jobId": "j", "arrayProperties": {"size": 10, "statusSummary": {"FAILED": 2, "SUCCEEDED": 8}}})
    assert facts is not None
    assert (facts.array_size, facts.array_failed) == (10, 2)


@pytest.mark.parametrize("value", [None, {}, [], "x", {"jobId": 3}, {"jobId": ""}])
def test_what_is_no_job_detail_is_none(value: object) -> None:
    """A message, an empty answer, a job Batch forgot."""
    assert read(value) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda children: (
        st.lists(children, max_size=3)
        | st.dictionaries(
            st.sampled_from([*CAMEL, "containers", "taskProperties", "exitCode", "type", "value"]), children, max_size=4
        )
    ),
    max_leaves=20,
)


@given(st.dictionaries(st.sampled_from(list(CAMEL)), JSON))
def test_any_shape_is_read(wild: dict[str, Any]) -> None:
    """Fields of the wrong type count as absent; nothing raises."""
    facts = read({**wild, "jobId": "j"})
    assert facts is not None
    assert facts.job_id == "j"


def test_why_a_job_ended_is_told_by_its_last_attempt_first() -> None:
    """Container, attempt, job; then the attempts before it, by number."""
    job = read(CAMEL)
    assert job is not None
    assert texts(job) == (
        "bad",
        "Essential container in task exited",
        "Essential container in task exited",
        "attempt 1: Host EC2 (instance i-0123456789abcdef0) terminated.",
    )
    assert texts(JobFacts("j")) == ()


def test_the_log_group_of_our_definitions_is_ours_where_the_detail_does_not_say() -> None:
    """A definition of the user's own without log options logs where Batch does by default."""
    ours = JobFacts("j", definition="arn:aws:batch:eu-west-1:1:job-definition/hr-x-0a:1")
    assert log_group(ours, "/jobs") == "/jobs"
    assert log_group(JobFacts("j", definition="job-definition/mine:3"), "/jobs") == DEFAULT_LOG_GROUP
    said = read({**CAMEL, "jobDefinition": "arn:aws:batch:eu-west-1:1:job-definition/hr-x-0a:1"})
    assert said is not None
    assert log_group(said, "/jobs") == "/headrace/jobs"
