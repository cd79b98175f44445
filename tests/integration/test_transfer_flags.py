"""What `transfer` and its neighbours say reaches the tools and S3: a real job, its words written down by a tool in between."""

import json
import stat
import sys
from pathlib import Path

import pytest
from tests.support.job_process import BUCKET, Place, s3_server, s5cmd

from headrace.core.job_script import Limits
from headrace.core.task_work import DeclaredOutput
from headrace.core.transfers import Transfer

# Writes down the words and variables it is given; as `aws` it does with s5cmd what was asked for.
TOOL = """\
#!{python}
import json, os, sys
words, log, real = sys.argv[1:], {log!r}, {real!r}
kept = {{name: os.environ.get(name) for name in ("AWS_MAX_ATTEMPTS", "AWS_RETRY_MODE")}}
with open(log, "a") as out:
    out.write(json.dumps([words, kept]) + "\\n")
if os.path.basename(sys.argv[0]) == "aws":
    source, target = [word for word in words[2:] if word.startswith(("s3://", "./", "/"))][:2]
    words = ["cp", source + ("*" if "--recursive" in words else ""), target]
os.execv(real, [real, *words])
"""
OUTPUT = {"o": DeclaredOutput("path", "o.txt")}
SAID = Transfer(storage_class="STANDARD_IA", encryption="AES256", acl="bucket-owner-full-control", requester_pays=True)
FLAGS = ["--storage-class", "STANDARD_IA", "--sse", "AES256", "--acl", "bucket-owner-full-control"]


@pytest.fixture(scope="module")
def endpoint():
    """One S3 for all tests of this module."""
    with s3_server() as url:
        Place(url, Path()).client().create_bucket(Bucket=BUCKET)
        yield url


@pytest.fixture(params=["s5cmd", "aws"])
def place(request, endpoint, tmp_path):
    """A place whose tool is the one in between."""
    tool = tmp_path / "bin" / request.param
    tool.parent.mkdir()
    tool.write_text(TOOL.format(python=sys.executable, log=str(tmp_path / "calls"), real=s5cmd()))
    tool.chmod(tool.stat().st_mode | stat.S_IXUSR)
    return Place(endpoint, tmp_path, tool=str(tool))


def calls(place):
    """Every call of the tool by the job's script, but for the one that fetches the job's files."""
    return [json.loads(line) for line in (place.folder / "calls").read_text().splitlines()][1:]


def test_what_is_said_reaches_the_tool_and_the_objects(place):
    """Payer in every call, storage class, encryption and ACL in uploads alone; the manifest's object bears them too."""
    inputs = place.staged({"a.txt": b"1"})
    plan = place.plan(
        "cat a.txt > o.txt", inputs=inputs, outputs=OUTPUT, transfer=SAID, limits=Limits(tries=2, retry_mode="adaptive")
    )
    ended = place.run(plan)
    assert ended.code == 0, ended.log
    assert ended.objects["out/o.txt"] == b"1"
    said = calls(place)
    assert said
    assert all("--request-payer" in words for words, _ in said)
    assert all(kept == {"AWS_MAX_ATTEMPTS": "2", "AWS_RETRY_MODE": "adaptive"} for _, kept in said)
    manifest, _ = said[-1]
    assert [word for word in manifest if word in FLAGS] == FLAGS
    downloads = [words for words, _ in said if any("/in/" in word for word in words)]
    assert not any(set(FLAGS[::2]) & set(words) for words in downloads)
    if place.tool.endswith("s5cmd"):  # its stand-in drops the flags that a real `aws` would send
        for name in ("manifest.json", "out/o.txt"):
            key = f"{ended.attempt}{name}".removeprefix(f"s3://{BUCKET}/")
            head = place.client().head_object(Bucket=BUCKET, Key=key)
            assert (head["StorageClass"], head["ServerSideEncryption"]) == ("STANDARD_IA", "AES256")
        assert all(words[words.index("-r") + 1] == "1" for words, _ in said if "-r" in words)


def test_a_job_that_fails_uploads_its_manifest_with_the_same_flags(place):
    """A bucket that takes only encrypted objects takes this one too."""
    ended = place.run(place.plan("exit 3", transfer=SAID))
    assert ended.code == 3
    assert [word for word in calls(place)[-1][0] if word in FLAGS] == FLAGS


def test_nothing_said_is_nothing_sent(place):
    """No flag appears by itself."""
    ended = place.run(place.plan("echo x > o.txt", outputs=OUTPUT))
    assert ended.code == 0, ended.log
    words = [word for call, _ in calls(place) for word in call]
    assert not set(words) & {*FLAGS, "--request-payer", "--sse-kms-key-id"}
