"""What is written down of an attempt comes back whole."""

import json
from dataclasses import replace

from tests.support.tasks import Pipeline

from headrace.core.attempt_record import brief, from_json, plan_of, to_json
from headrace.core.task_work import Attempt

TEXT = """
processes:
  p: {each: [{s: [x]}], outputs: {o: '*.txt', n: {json: r.json, at: a.b}, d?: dir/, out: stdout}, container: d, time: 1h, script: 'true'}
"""


def test_a_plan_is_read_back_equal():
    """Outputs with their kinds, keys, the attempt: through JSON and back."""
    work = Pipeline(TEXT).work("p[s=x]", Attempt(2, 2, 137, "out-of-memory", 4096, 7200, 1))
    plan = plan_of(work, "s3://b/work/x/")
    assert from_json(json.loads(json.dumps(to_json(plan)))) == plan
    assert (plan.memory_mib, plan.time_s, plan.hash) == (4096, 7200, work.hash.value)
    assert plan.outputs["n"].data_path == ("a", "b")


def test_the_brief_plan_is_the_plan_without_what_a_found_result_has():
    """Parts, outputs and shown are left out; all else comes back."""
    work = Pipeline(TEXT).work("p[s=x]", Attempt(2, 2, 137, "out-of-memory", 4096, 7200, 1))
    plan = plan_of(work, "s3://b/work/x/")
    read = from_json(json.loads(json.dumps(brief(plan))))
    assert read == replace(plan, parts={}, outputs={}, shown={})
    assert (read.task, read.hash, read.attempt) == (plan.task, work.hash.value, plan.attempt)
