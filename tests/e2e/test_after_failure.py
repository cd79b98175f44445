"""What a user types after something went wrong: cancel, resume, why, clean."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.support.live_stack import EXAMPLES, LiveStack, count, until

from headrace.aws import ledger, ledger_runs
from headrace.core import names
from headrace.core.records import Epoch
from headrace_cli.main import main

CHAIN = """\
name: NAME
params: {word: {type: string}, note: some}
defaults: {container: any}
processes:
  quick:
    each: {n: [1, 2]}
    outputs: {o: "${{ n }}.txt"}
    script: echo ${{ params.word }} ${{ n }} > ${{ outputs.o }}
  hold:
    each: [n]
    inputs: {i: "${{ quick.o }}"}
    outputs: {o: held.txt}
    script: |
      HOLD
      cat ${{ i }} > held.txt
  last:
    inputs: {all: {from: "${{ hold.o }}", stageAs: "${{ file.key.n }}.txt"}}
    outputs: {o: last.txt}
    script: cat ${{ all }} > last.txt
    publishDir: .
outputs: {last: "${{ last.o }}"}
"""


@dataclass(frozen=True)
class Said:
    """What a command answered."""

    code: int
    out: str
    err: str


Headrace = Callable[..., Said]


@pytest.fixture
def headrace(
    live: LiveStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Headrace:
    """The command, in this process, in an empty folder, on the local cloud of the tests."""
    monkeypatch.setenv("HEADRACE_LOCAL_HOME", str(live.cloud.home))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)

    def run(*words: object) -> Said:
        capsys.readouterr()
        code = main([*(str(word) for word in words), "--local"])
        said = capsys.readouterr()
        return Said(code, said.out, said.err)

    return run


def chain(folder: Path, name: str, hold: str) -> Path:
    """Two tasks, two behind them that do what `hold` says, and a last one; every test's work is its own."""
    spec = folder / f"{name}.yaml"
    spec.write_text(CHAIN.replace("NAME", name).replace("HOLD", hold))
    return spec


def own_name(text: str) -> str:
    """A name no other test's runs begin with."""
    return f"{text}-{uuid.uuid4().hex[:6]}"


def epoch_of(live: LiveStack, run: str, number: int = 1) -> Epoch:
    """The epoch, as soon as it has begun."""
    return until(lambda: (found := ledger_runs.read_run(live.table, Epoch(run.strip(), number))) and found.epoch)


def statuses(live: LiveStack, epoch: Epoch) -> dict[str, str]:
    """Task to status."""
    return {task: record.status for task, record in ledger.tasks_with(live.table, epoch).items()}


def alive(live: LiveStack, epoch: Epoch) -> list[str]:
    """The run's jobs that have not ended."""
    jobs = live.jobs(names.job_prefix(epoch.run, epoch.number))
    return [job["jobName"] for job in jobs if job["status"] not in ("SUCCEEDED", "FAILED")]


def test_cancel_ends_every_job_and_resume_goes_on(headrace: Headrace, live: LiveStack, tmp_path: Path):
    """Cancelled while two jobs run: none is alive, nothing of it reads as a failure, and a resume repeats no work."""
    spec = chain(tmp_path, own_name("cancelled"), f"until [ -e '{tmp_path}/go' ]; do sleep 0.1; done")
    started = headrace("run", spec, "--param", f"word={uuid.uuid4()}", "--detach")
    epoch = epoch_of(live, started.out)
    for task in ("quick[n=1]", "quick[n=2]"):
        live.until_record(epoch, task)
    live.until_running(epoch, 2)
    early = headrace("resume", epoch.run)
    assert early.code == 2
    assert f"{epoch.run} cannot be resumed: it is running" in early.err
    assert f"headrace cancel {epoch.run} --local" in early.err

    said = headrace("cancel", epoch.run, "--reason", "wrong\nreference")
    assert said.code == 0, said.err
    assert said.out.splitlines()[-3:-1] == ["2 jobs ended", "0 jobs alive"]
    assert alive(live, epoch) == []
    record = ledger_runs.run_of(live.table, epoch)
    assert (record.state, record.cause) == ("cancelled", "wrong reference")
    assert record.tasks == {"succeeded": 2, "cancelled": 3}
    tried = [attempt for each in ledger.all_attempts(live.table, epoch).values() for attempt in each]
    assert count(attempt.failure for attempt in tried) == {"": 2, "cancelled": 2}
    assert (live.execution(epoch) or {})["error"] == "Cancelled"

    again = headrace("cancel", epoch.run)
    assert (again.code, again.out) == (0, f"{epoch.run} is cancelled already (wrong reference)\n")

    (tmp_path / "go").touch()
    resumed = headrace("resume", epoch.run)
    assert resumed.code == 0, resumed.err + resumed.out
    assert count(statuses(live, Epoch(epoch.run, 2)).values()) == {"cached": 2, "succeeded": 3}
    late = headrace("cancel", epoch.run)
    assert late.code == 2
    assert "it is succeeded already" in late.err


def test_cancel_waits_no_longer_than_told_and_abort_ends_what_does_not_end(
    headrace: Headrace, live: LiveStack, tmp_path: Path
):
    """A task that waits for its next try keeps the execution: cancel says so, and --abort ends it."""
    name = own_name("waiting")
    (tmp_path / "p.yaml").write_text(
        f"name: {name}\n"
        "processes:\n"
        "  slow: {container: any, script: 'exit 9', retry: {exit: {times: 3, delay: 10m}}}\n"
    )
    epoch = epoch_of(live, headrace("run", "p.yaml", "--detach").out)
    until(lambda: [a for a in ledger.attempts_of(live.table, epoch, "slow") if a.failure])
    said = headrace("cancel", epoch.run, "--wait", "0.02")
    assert said.code == 1
    assert "is closing still" in said.err
    assert f"headrace cancel {epoch.run} --abort --local" in said.err
    ended = headrace("cancel", epoch.run, "--abort")
    assert ended.code == 0, ended.err
    assert "0 jobs alive" in ended.out
    assert ledger_runs.run_of(live.table, epoch).state == "cancelled"


def test_a_repaired_spec_repeats_only_what_the_repair_reaches(headrace: Headrace, live: LiveStack, tmp_path: Path):
    """Fail, mend the script, resume: params hold, what is before the repair is cached; without a repair it fails again."""
    name, word = own_name("mended"), str(uuid.uuid4())
    spec = chain(tmp_path, name, "[ ${{ n }} = 1 ] || exit 7")
    (tmp_path / "word.yaml").write_text(f"word: {word}\n")
    failed = headrace("run", spec, "--params-file", "word.yaml", "--outdir", f"s3://{live.bucket}/results/{name}")
    assert failed.code == 1
    run = failed.out.split()[0]
    assert f"headrace resume {run}" in failed.out
    same = headrace("resume", run)
    assert same.code == 1, same.err
    assert statuses(live, Epoch(run, 2))["hold[n=2]"] == "failed"
    assert statuses(live, Epoch(run, 2))["quick[n=1]"] == "cached"

    chain(tmp_path, name, "[ ${{ n }} = 1 ] || true")
    mended = headrace("resume", run, spec)
    assert mended.code == 0, mended.err + mended.out
    assert "params as before: word" in mended.err
    assert statuses(live, Epoch(run, 3)) == {
        "quick[n=1]": "cached",
        "quick[n=2]": "cached",
        "hold[n=1]": "succeeded",
        "hold[n=2]": "succeeded",
        "last": "succeeded",
    }
    hit, miss, told = (headrace("why", run, task) for task in ("quick[n=1]", "hold[n=1]", "last"))
    assert "quick[n=1]: hit" in hit.out
    assert f"by quick[n=1] of {run}, " in hit.out
    assert "hold[n=1]: miss: its work was not found done (succeeded; cache: true)" in miss.out
    assert f"changed since {run}, epoch 2" in miss.out
    assert miss.out.splitlines()[-4:] == [
        "  the script, or a value in it",
        "    -[ 1 = 1 ] || exit 7",
        "    +[ 1 = 1 ] || true",
        "     cat '1.txt' > held.txt",
    ]
    assert "no earlier run" in told.out
    assert live.text(f"results/{name}/last.txt") == f"{word} 1\n{word} 2\n"
    refused = headrace("resume", run, spec, "--param", "wrod=x")
    assert refused.code == 2
    assert re.search(r"wrod.*word", refused.err, re.DOTALL)
    other = headrace("resume", run, "--param", f"word={word}!")
    assert other.code == 0, other.err
    assert count(statuses(live, Epoch(run, 4)).values()) == {"succeeded": 5}
    last = headrace("why", run, "hold[n=2]").out
    assert "made by quick[n=2]" in last
    assert f"headrace why {run} 'quick[n=2]' --local" in last


CACHES = """\
name: NAME
params: {given: file}
defaults: {container: any}
processes:
  made: {cache: false, outputs: {o: o.txt}, script: echo same > o.txt}
  deep: {cache: deep, inputs: {i: "${{ made.o }}", g: "${{ params.given }}"}, script: "cat ${{ i }} ${{ g }}"}
  lenient: {cache: lenient, inputs: {g: "${{ params.given }}"}, script: "cat ${{ g }}"}
  plain: {inputs: {g: "${{ params.given }}"}, script: "cat ${{ g }}"}
"""


def test_what_makes_an_input_the_same_is_for_cache_to_say(headrace: Headrace, live: LiveStack, tmp_path: Path):
    """deep: the content, made anew or elsewhere. lenient: place and size. true: the ETag. `why` names the mode."""
    name = own_name("modes")
    spec = tmp_path / "modes.yaml"
    spec.write_text(CACHES.replace("NAME", name))
    first, second = (f"s3://{live.bucket}/inputs/{name}/{each}/g.txt" for each in "ab")

    def run(given: str) -> dict[str, str]:
        ended = headrace("run", spec, "--param", f"given={given}")
        assert ended.code == 0, ended.out + ended.err
        return statuses(live, Epoch(ended.out.split()[0], 1))

    live.put(f"inputs/{name}/a/g.txt", "one")
    assert set(run(first).values()) == {"succeeded"}
    live.put(f"inputs/{name}/b/g.txt", "one")
    assert run(second) == {"made": "succeeded", "deep": "cached", "lenient": "succeeded", "plain": "succeeded"}
    live.put(f"inputs/{name}/b/g.txt", "two")
    assert run(second) == {"made": "succeeded", "deep": "succeeded", "lenient": "cached", "plain": "succeeded"}
    assert "hit: its work was done before, and is used (cache: lenient)" in headrace("why", "last", "lenient").out
    changed = headrace("why", "last", "deep").out
    assert "(succeeded; cache: deep)" in changed
    assert re.search(r"-g\.txt <- md5:[0-9a-f]{32} \(3 bytes\)", changed), changed


def test_the_failing_example_tells_each_cause_once_and_ends_well_repaired(headrace: Headrace, live: LiveStack):
    """Memory, exit code, missing output and lost host stand in the digest with their fixes; repaired, it runs to its end."""
    name = own_name("four")
    for task, fault in (("hungry", "oom"), ("interrupted", "spot")):
        live.fault(kind="batch", job=f"hr-{name}-*-{names.task_hash(task)}-*", fault=fault, afterSeconds=3)
    failed = headrace("run", EXAMPLES / "failing" / "pipeline.yaml", "--param", "seconds=4", "--name", name)
    assert failed.code == 1, failed.err
    for line in ("hungry: out-of-memory", "strict: exit", "forgetful: missing-output", "interrupted: host-lost"):
        assert f"* {line}\n" in failed.out
    run = failed.out.split()[0]
    assert statuses(live, Epoch(run, 1)) == {
        **dict.fromkeys(("hungry", "strict", "forgetful", "interrupted"), "failed"),
        "steady": "succeeded",
    }
    (alert,) = until(lambda: live.alerts(run))
    assert "What to change: raise memory" in alert
    live.cloud.ask("DELETE", "/faults")
    repaired = headrace("resume", run, EXAMPLES / "failing" / "repaired.yaml", "--param", "seconds=0")
    assert repaired.code == 0, repaired.out
    assert statuses(live, Epoch(run, 2))["steady"] == "cached"
