"""Who runs when: a task starts as soon as its own inputs exist, and never more of them than allowed."""

from __future__ import annotations

from pathlib import Path

from tests.support.live_stack import LiveStack

IMAGE = "public.ecr.aws/docker/library/debian:stable-slim"


def test_no_barrier_between_stages(live: LiveStack, tmp_path: Path):
    """With 8 samples in 3 stages and one slow sample, every other last stage is done before the slow one's first."""
    spec = {
        "name": "stages",
        "params": {"samples": [f"s{n}" for n in range(8)]},
        "defaults": {"container": IMAGE},
        "processes": {
            "first": {
                "each": {"sample": "${{ params.samples }}"},
                "outputs": {"o": "o.txt"},
                # The slow one goes on when this test has seen the others' last records.
                "script": f"[ ${{{{ sample }}}} != s3 ] || until [ -e '{tmp_path}/go' ]; do sleep 0.1; done; touch o.txt",
            },
            "second": {
                "each": ["sample"],
                "inputs": {"i": "${{ first.o }}"},
                "outputs": {"o": "o2.txt"},
                "script": "cp ${{ i }} o2.txt",
            },
            "third": {
                "each": ["sample"],
                "inputs": {"i": "${{ second.o }}"},
                "outputs": {"o": "o3.txt"},
                "script": "cp ${{ i }} o3.txt",
            },
        },
    }
    epoch = live.begin(spec)
    others = [f"s{n}" for n in range(8) if n != 3]
    for sample in others:
        live.until_record(epoch, f"third[sample={sample}]")
    (tmp_path / "go").touch()
    ended = live.ended(epoch)
    assert ended.status == "SUCCEEDED", ended.cause
    tasks = ended.tasks()
    assert len(tasks) == 24
    assert all(tasks[f"third[sample={sample}]"].at < tasks["first[sample=s3]"].at for sample in others)


def test_max_forks(live: LiveStack, tmp_path: Path):
    """`maxForks: 2` lets no more than two tasks of a process run at once."""
    spec = {
        "name": "forks",
        "defaults": {"container": IMAGE},
        "processes": {
            "one": {
                "each": {"n": {"range": [1, 7]}},
                "maxForks": 2,
                "script": (
                    f"mkdir '{tmp_path}/'${{{{ n }}}}; ls '{tmp_path}' | grep -c '^[0-9]$' > '{tmp_path}/'seen.${{{{ n }}}};"
                    f" sleep 0.3; rmdir '{tmp_path}/'${{{{ n }}}}"
                ),
            }
        },
    }
    ended = live.run(spec)
    assert ended.status == "SUCCEEDED", ended.cause
    seen = [int(path.read_text()) for path in tmp_path.glob("seen.*")]
    assert len(seen) == 7
    assert max(seen) <= 2
