"""The command against the local cloud, as a process of its own, in an environment that points everywhere else."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import signal
import socket
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.support.live_stack import ELSEWHERE, EXAMPLES, ROOT, LiveStack, until

TASK_LINE = re.compile(r"^\S+Z  (?P<task>\S+(?: \S+)*?)  (?P<status>[a-z]+)  \d+/\d+")
FILES = """\
name: files
params:
  samples: {type: table, columns: {r1: file}}
  extra: {type: file, default: ../data/extra.txt}
defaults: {container: any}
processes:
  one:
    each: {sample: "${{ params.samples }}"}
    inputs:
      r1: ${{ sample.r1 }}
      ref: "../data/r'ef 1.txt"
      index: ../data/index/
      extra: ${{ params.extra }}
    outputs: {out: "${{ sample.id }}.out"}
    script: cat ${{ r1 }} ${{ ref }} ${{ extra }} ${{ index }}/sub/2 > ${{ outputs.out }}
    publishDir: .
  sizes:
    each: {part: {glob: "../data/parts/*.txt"}}
    inputs: {text: "${{ part }}"}
    outputs: {n: stdout}
    script: cat < ${{ text }}
outputs: {all: "${{ one.out }}", sizes: "${{ sizes.n }}"}
"""


@dataclass(frozen=True)
class Said:
    """What a command answered."""

    code: int
    out: str
    err: str

    @property
    def tasks(self) -> dict[str, str]:
        """Task to status, as the lines of a run say."""
        return {found["task"]: found["status"] for found in map(TASK_LINE.match, self.out.splitlines()) if found}

    @property
    def run(self) -> str:
        """The run's id, the first line that `run` prints."""
        return self.out.splitlines()[0]


Headrace = Callable[..., Said]


@pytest.fixture
def trap() -> Iterator[tuple[int, list[object]]]:
    """A server that nobody may connect to: its port, and who did."""
    callers: list[object] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, address = server.accept()
                    callers.append(address)
                    connection.close()

        threading.Thread(target=accept, daemon=True).start()
        yield server.getsockname()[1], callers


@pytest.fixture
def environment(live: LiveStack, tmp_path: Path, trap: tuple[int, list[object]]) -> dict[str, str]:
    """AWS settings and proxies that all lead to the trap; the cloud is found by its folder alone."""
    away = f"http://127.0.0.1:{trap[0]}"
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "PYTHONPATH": os.pathsep.join(str(ROOT / part) for part in ("layers/core", "cli", "localcloud")),
        "HEADRACE_LOCAL_HOME": str(live.cloud.home),
        "AWS_ENDPOINT_URL": away,
        "AWS_ENDPOINT_URL_S3": away,
        "AWS_PROFILE": "nobody",
        "AWS_REGION": "mars-north-1",
        "AWS_CA_BUNDLE": "/nowhere",
        **dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY"), away),
        "COLUMNS": "100",
    }


@pytest.fixture
def headrace(environment: dict[str, str], tmp_path: Path, trap: tuple[int, list[object]]) -> Iterator[Headrace]:
    """Run the command; afterwards nobody has been in the trap."""

    def run(*words: object, cwd: Path = tmp_path) -> Said:
        done = subprocess.run(
            command(*words), env=environment, cwd=cwd, capture_output=True, text=True, timeout=300, check=False
        )
        return Said(done.returncode, done.stdout, done.stderr)

    yield run
    assert trap[1] == []


def command(*words: object) -> list[str]:
    """The command line of `headrace` with these words."""
    return [sys.executable, "-m", "headrace_cli.main", *(str(word) for word in words)]


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A pipeline beside the folder with its files, which have unpleasant names."""
    for name, text in {
        "flows/p.yaml": FILES.replace("name: files", f"name: files-{uuid.uuid4().hex[:6]}"),
        "data/samples.csv": "id,r1,note\na,reads/a.txt,first\nb,reads/b.txt,\n",
        "data/reads/a.txt": "A\n",
        "data/reads/b.txt": "B\n",
        "data/r'ef 1.txt": "ref\n",
        "data/extra.txt": "extra\n",
        "data/index/1": "one\n",
        "data/index/sub/2": f"{uuid.uuid4()}\n",
        "data/parts/x.txt": f"{uuid.uuid4()}\n",
        "data/parts/-y $(z).txt": f"{uuid.uuid4()}\n",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def test_everything_a_spec_names_is_uploaded_once(headrace: Headrace, files: Path, live: LiveStack):
    """Tables, files in their cells, defaults, locations, folders and globs reach the tasks; what did not change is not sent again,
    and an added row leaves the other rows' work done.
    """
    words = ("run", "flows/p.yaml", "--local", "--param", "samples=data/samples.csv")
    first = headrace(*words)
    assert first.code == 0, first.err + first.out
    assert first.tasks == dict.fromkeys(
        ("one[sample=a]", "one[sample=b]", "sizes[part=x.txt]", "sizes[part=-y%20$(z).txt]"), "succeeded"
    )
    text = live.text(re.findall(r"s3://\S+a\.out", first.out)[0])
    assert text == f"A\nref\nextra\n{(files / 'data/index/sub/2').read_text()}"
    assert f"results/{first.run}/" in first.out

    again = headrace(*words)
    assert again.code == 0, again.err
    assert "uploading" not in again.err
    assert set(again.tasks.values()) == {"cached"}

    (files / "data/reads/c.txt").write_text("C\n")
    (files / "data/samples.csv").write_text("id,r1,note\nc,reads/c.txt,\na,reads/a.txt,first\nb,reads/b.txt,x\n")
    spec = files / "flows" / "p.yaml"
    spec.write_text(spec.read_text() + "# edited\n")
    more = headrace(*words)
    assert more.code == 0, more.err
    assert {task: status for task, status in more.tasks.items() if task.startswith("one")} == {
        "one[sample=a]": "cached",
        "one[sample=b]": "cached",
        "one[sample=c]": "succeeded",
    }


def test_a_failed_run_is_exit_code_1_with_its_cause(headrace: Headrace, tmp_path: Path):
    """A task that exits 7: the run's digest, status, logs and alert all say so, and so does the exit code."""
    name = f"seven-{uuid.uuid4().hex[:6]}"
    (tmp_path / "p.yaml").write_text(
        f"name: {name}\n"
        "defaults: {container: any}\n"
        "processes:\n"
        "  bad: {script: 'echo on its way; echo headrace: running, 1 s of CPU; exit 7', outputs: {x: x.txt}}\n"
        "  after: {inputs: {x: '${{ bad.x }}'}, script: 'cat ${{ x }}', publishDir: .}\n"
    )
    said = headrace("run", "p.yaml", "--local")
    assert said.code == 1
    assert said.tasks["bad"] == "failed"
    assert "exit code 7" in said.out
    assert f"headrace logs {said.run} bad --local" in said.out
    status = headrace("status", name, "--local", "--json")
    assert status.code == 0
    told = json.loads(status.out)
    assert told["state"] == "failed"
    assert told["processes"] == {"bad": {"failed": 1}, "after": {"cancelled": 1}}
    logs = headrace("logs", name, "bad", "--local")
    assert "on its way" in logs.out
    assert "headrace: running" not in logs.out
    assert "headrace: running, 1 s of CPU\n" in headrace("logs", name, "bad", "--pulse", "--local").out
    document = json.loads(headrace("logs", name, "bad", "--attempt", "1", "--local", "--json").out)
    assert (document["exitCode"], document["attempt"]) == (7, 1)
    assert "on its way" in document["lines"]
    summary = headrace("logs", name, "bad", "--summary", "--local")
    assert (summary.code, summary.out) == (0, "on its way\n")
    record = json.loads(headrace("logs", name, "bad", "--summary", "--json", "--local").out)
    assert (record["task"], record["n"], record["exitCode"], record["telling"]) == ("bad", 1, 7, "on its way")
    followed = headrace("logs", name, "bad", "--follow", "--local")
    assert followed.code == 0
    assert followed.out.splitlines()[-1] == "headrace: script, exit code 7"
    assert "on its way" in followed.out
    assert "headrace: running" not in followed.out
    assert headrace("logs", name, "bad", "--follow", "--summary", "--local").code == 2
    assert headrace("logs", name, "bad", "--attempt", "2", "--local").code == 2
    assert headrace("logs", name, "after", "--local").code == 2
    assert said.run in headrace("local", "alerts").out


def test_runs_of_every_origin_are_listed_and_found_by_their_beginning(headrace: Headrace, live: LiveStack):
    """A dropped file and an execution by hand stand in `runs`; RUN may be short when it is unique."""
    name = f"dropped-{uuid.uuid4().hex[:6]}"
    spec = (EXAMPLES / "hello" / "pipeline.yaml").read_text().replace("name: hello", f"name: {name}")
    dropped = live.drop(f"{name}.yaml", spec, name)
    by_hand = live.begin(spec)
    for run in (dropped, by_hand):
        assert live.ended(run).status == "SUCCEEDED"
    listed = json.loads(headrace("runs", "--local", "--json").out)
    assert {dropped.run, by_hand.run} <= {run["run"] for run in listed}
    assert dropped.run in headrace("runs", "--local").out
    assert json.loads(headrace("status", name, "--local", "--json").out)["run"] == dropped.run
    assert headrace("status", "last", "--local").code == 0
    ambiguous = headrace("status", "", "--local")
    assert ambiguous.code == 2
    assert "more than one run" in ambiguous.err
    assert headrace("status", "no-such-run", "--local").code == 2


def test_ctrl_c_detaches_and_the_run_goes_on(environment: dict[str, str], tmp_path: Path, live: LiveStack):
    """SIGINT while a task runs: exit code 130, how to look again, and the run ends well without anybody."""
    name = f"slow-{uuid.uuid4().hex[:6]}"
    flag = tmp_path / "go on"
    (tmp_path / "p.yaml").write_text(
        f"name: {name}\nprocesses: {{a: {{container: any, script: 'until [ -e \"{flag}\" ]; do sleep 0.1; done'}}}}\n"
    )
    process = subprocess.Popen(
        command("run", "p.yaml", "--local"),
        env=environment,
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    run = process.stdout.readline().strip()
    epoch = until(lambda: next((r for r in _listed(live) if r.run == run), None))
    live.until_running(epoch)
    status = subprocess.run(
        command("status", name, "--local", "--json"), env=environment, capture_output=True, text=True, check=True
    )
    assert json.loads(status.stdout)["states"][0]["state"] == "running"
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert f"headrace status {run} --local" in err
    flag.touch()
    assert live.ended(epoch).status == "SUCCEEDED"


def test_a_terminal_gets_a_live_table(environment: dict[str, str], tmp_path: Path):
    """With a terminal the run is drawn with a table and a bar, and its end is the same."""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        command("run", EXAMPLES / "hello" / "pipeline.yaml", "--local", "--name", "on a terminal"),
        env={**environment, "TERM": "xterm"},
        cwd=tmp_path,
        stdin=slave,
        stdout=slave,
        stderr=slave,
    )
    os.close(slave)
    drawn = b""
    with contextlib.suppress(OSError):
        while chunk := os.read(master, 65536):
            drawn += chunk
    os.close(master)
    assert process.wait(timeout=60) == 0
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", drawn.decode())
    assert "process" in text
    assert "1/1 tasks" in text
    assert "succeeded: 1" in text


def test_a_refused_launch_shows_its_errors(live: LiveStack, environment: dict[str, str], monkeypatch, tmp_path: Path):
    """What only the deployment finds wrong comes back as the errors file, with exit code 2."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    from headrace_cli import following, launch
    from headrace_cli.content_address import Uploads
    from headrace_cli.target import reach

    target = reach(local=True, profile=None, region=None, stack=live.name)
    request = {"pipeline": "s3://no-such-bucket/p.yaml", "name": "refused"}
    launched = launch.send(target, request, Uploads(target.bucket), {}, lambda _bytes: None)
    with pytest.raises(following.RefusedLaunch, match="no-such-bucket"):
        following.follow(target, launched)


def test_pipelines_of_the_bucket_run_by_uri_and_by_name(headrace: Headrace, live: LiveStack):
    """An s3:// URI, a name (newest version) and name@version start the same pipeline; an unknown one is exit code 2."""
    name = f"kept{uuid.uuid4().hex[:6]}"
    spec = (EXAMPLES / "hello" / "pipeline.yaml").read_text()
    for version in ("1.9", "1.10"):
        live.put(f"pipelines/{name}/{version}/pipeline.yaml", spec.replace("Hello", f"Version {version}"))
    uri = f"s3://{live.bucket}/pipelines/{name}/1.9/pipeline.yaml"
    greetings = {name: "Version 1.10", f"{name}@1.9": "Version 1.9", uri: "Version 1.9"}
    for place, greeting in greetings.items():
        said = headrace("run", place, "--local")
        assert said.code == 0, said.err
        assert live.text(re.findall(r"s3://\S+hello\.txt", said.out)[0]).startswith(greeting)
    assert headrace("run", f"{name}x", "--local").code == 2


def test_work_and_results_go_where_they_are_told(headrace: Headrace, live: LiveStack):
    """A bucket the stack was opened for works; any other, and one without a folder, is refused naming which and how to open it."""
    other, closed = ELSEWHERE, f"closed-{uuid.uuid4().hex[:8]}"
    live.client("s3").create_bucket(Bucket=closed)
    hello = EXAMPLES / "hello" / "pipeline.yaml"
    said = headrace(
        "run",
        hello,
        "--local",
        "--work-dir",
        f"s3://{other}/work",
        "--outdir",
        f"s3://{other}/out",
        "--param",
        "greeting=Hi",
    )
    assert said.code == 0, said.out + said.err
    keys = [item["Key"] for item in live.client("s3").list_objects_v2(Bucket=other)["Contents"]]
    assert "out/hello.txt" in keys
    assert any(key.startswith("work/") for key in keys)
    for wrong in (
        f"s3://{other}",
        f"s3://{other}/",
        "s3://no-such-bucket-at-all/work",
        "work",
        f"s3://{live.bucket}/launch/x",
        f"s3://{closed}/work",
    ):
        refused = headrace("run", hello, "--local", "--work-dir", wrong)
        assert refused.code == 2, wrong
        assert "workDir" in refused.err
    assert f"AllowedWriteBuckets=arn:aws:s3:::{closed}" in refused.err


def test_what_the_launch_would_refuse_is_refused_before_anything_is_uploaded(
    headrace: Headrace, live: LiveStack, tmp_path: Path
):
    """`run`, `check` and `plan` say it in the launch's words, and of publishDir what the task would be refused for."""
    spec = """\
name: closed
processes:
  p:
    container: any
    containerOptions: --privileged
    volumes: /etc
    jobRole: arn:aws:iam::123456789012:role/of-others
    publishDir: {path: "s3://not-opened/out", saveAs: "${{ file.name }}"}
    outputs: {o: o.txt}
    script: echo > ${{ outputs.o }}
"""
    (tmp_path / "p.yaml").write_text(spec)
    before = set(live.keys("inputs/")) | set(live.keys("launch/"))
    words = {command: headrace(command, "p.yaml", "--local") for command in ("run", "check", "plan")}
    assert {command: said.code for command, said in words.items()} == {"run": 2, "check": 2, "plan": 2}
    assert set(live.keys("inputs/")) | set(live.keys("launch/")) == before
    live.put("launch/closed-by-hand.yaml", spec.encode())
    key = "errors/launch/closed-by-hand.yaml.txt"
    until(lambda: live.keys(key), what="the errors file")
    told = re.findall(
        r"gives a job power over its host|jobs may not have the role \S+|jobs may not mount \S+", live.text(key)
    )
    assert len(told) == 3
    for said in words.values():
        assert all(each in said.err + said.out for each in told)
        assert "AllowedWriteBuckets=arn:aws:s3:::not-opened" in said.err + said.out


def test_the_deployments_directives_count_in_what_is_checked(headrace: Headrace, live: LiveStack, tmp_path: Path):
    """An image that config/defaults.yaml gives is one that `run` and `resume` find; what it spoils they refuse."""
    spec = tmp_path / "p.yaml"
    spec.write_text("name: by-default\nprocesses: {p: {script: echo it ran}}\n")
    assert headrace("check", spec).code == 2
    live.put("config/defaults.yaml", b"container: any\n")
    try:
        said = headrace("run", spec, "--local")
        assert said.tasks == {"p": "succeeded"}, said.err
        spec.write_text(spec.read_text().replace("it ran", "again"))
        said = headrace("resume", said.run, spec, "--local")
        assert said.tasks == {"p": "succeeded"}, said.err
        live.put("config/defaults.yaml", b"container: any\ncontainerOptions: --privileged\n")
        for words in (("run", spec), ("resume", said.run, spec)):
            refused = headrace(*words, "--local")
            assert refused.code == 2
            assert "--privileged gives a job power over its host" in refused.err
    finally:
        live.client("s3").delete_object(Bucket=live.bucket, Key="config/defaults.yaml")
    refused = headrace("run", spec, "--local")
    assert refused.code == 2
    assert "has no `container`" in refused.err


def test_detached_at_once(headrace: Headrace, live: LiveStack):
    """`--detach` prints the id alone; the run is found by it."""
    said = headrace("run", EXAMPLES / "hello" / "pipeline.yaml", "--local", "--detach", "--name", "let go")
    assert said.code == 0
    assert re.fullmatch(r"let-go-[0-9a-f]{12}\n", said.out)
    epoch = until(lambda: next((run for run in _listed(live) if run.run == said.run), None))
    assert live.ended(epoch).status == "SUCCEEDED"


def test_the_local_cloud_says_what_it_is(headrace: Headrace, live: LiveStack):
    """`local status` shows where it listens, what it only records, and that images are not used."""
    said = headrace("local", "status")
    assert said.code == 0
    assert live.cloud.endpoint in said.out
    assert "recorded only" in said.out
    assert "images are not used" in said.out
    assert json.loads(headrace("local", "status", "--json").out)["running"] is True


def _listed(live: LiveStack) -> list[object]:
    from headrace.aws import ledger_runs

    return [entry.epoch for entry in ledger_runs.runs(live.table)]


def test_the_local_cloud_starts_when_needed_and_ends_when_told(
    headrace: Headrace, environment: dict[str, str], tmp_path: Path
):
    """`run --local` starts and deploys; `up` finds it; `down` ends it with its process; several ends are no error."""
    environment["HEADRACE_LOCAL_HOME"] = str(tmp_path / "own")
    assert json.loads(headrace("local", "status", "--json").out)["running"] is False
    assert headrace("run", EXAMPLES / "hello" / "pipeline.yaml", "--local").code == 0
    told = json.loads(headrace("local", "status", "--json").out)
    assert told["endpoint"] in headrace("local", "up").out
    assert json.loads(headrace("local", "status", "--json").out)["pid"] == told["pid"]
    assert headrace("local", "down").out == "the local cloud is down\n"
    with pytest.raises(ProcessLookupError):
        os.kill(told["pid"], 0)
    assert headrace("local", "down").out == "no local cloud was running\n"
    assert headrace("local", "reset").code == 0
    assert not (tmp_path / "own").exists()
