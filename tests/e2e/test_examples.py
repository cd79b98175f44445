"""Each example ends SUCCEEDED with the right outputs, on the deployed system."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest
import yaml
from tests.support.live_stack import EXAMPLES, LiveStack, count

READS = Path("/usr/share/doc/bowtie2/examples")
TOOLS = ("bwa", "samtools", "bcftools")


def _spec(name: str) -> dict[str, object]:
    return dict(yaml.safe_load((EXAMPLES / name / "pipeline.yaml").read_text()))


def test_hello_by_upload(live: LiveStack):
    """A pipeline dropped into launch/ runs under the name its object version gives it, and publishes its text."""
    run = live.drop("hello.yaml", (EXAMPLES / "hello" / "pipeline.yaml").read_bytes(), "hello")
    ended = live.ended(run)
    assert (ended.status, ended.record.state) == ("SUCCEEDED", "succeeded")
    assert ended.results() == {"hello.txt": "Hello, from task hello, attempt 1\n"}
    assert ended.result("text") == "Hello, from task hello, attempt 1\n"
    assert {detail["state"] for detail in live.events(run.run)} == {"succeeded"}
    assert live.alerts(run.run) == []


def test_hello_by_hand(live: LiveStack):
    """The documented start-execution line runs a pipeline in the bucket with the params it gives."""
    folder = live.put_example("hello")
    ended = live.ended(live.start({"pipeline": f"{folder}/pipeline.yaml", "params": {"greeting": "Bonjour; exit 1"}}))
    assert ended.status == "SUCCEEDED", ended.cause
    assert ended.results() == {"hello.txt": "Bonjour; exit 1, from task hello, attempt 1\n"}


def test_hello_inline(live: LiveStack):
    """A whole spec may stand in the execution's input; the run's folder keeps spec, params and request as used."""
    ended = live.run(_spec("hello"), params={"greeting": "Hei"}, name="inline hello")
    assert ended.status == "SUCCEEDED", ended.cause
    assert ended.result("text") == "Hei, from task hello, attempt 1\n"
    assert json.loads(ended.text("params.json")) == {"greeting": "Hei"}
    assert json.loads(ended.text("spec.yaml")) == _spec("hello")
    assert json.loads(ended.text("request.json"))["params"] == {"greeting": "Hei"}
    assert ended.record.name == "inline hello"


def test_wordcount(live: LiveStack):
    """Chunks of a text become tasks of their own while the run goes on, and their counts add up."""
    folder = live.put_example("wordcount")
    ended = live.ended(
        live.start(
            {"pipeline": f"{folder}/pipeline.yaml", "params": {"text": f"{folder}/text.txt", "lines": 1}, "name": "wc"}
        )
    )
    assert ended.status == "SUCCEEDED", ended.cause
    text = (EXAMPLES / "wordcount" / "text.txt").read_text()
    words = Counter(re.findall(r"[a-z]+", text.lower()))
    told = dict(line.split("\t")[::-1] for line in ended.result("words").splitlines())
    assert {word: int(n) for word, n in told.items()} == words
    chunks = len(text.splitlines())
    statuses = ended.statuses()
    assert chunks > 1
    assert count(statuses.values()) == {"succeeded": chunks + 2, "expanded": 1}
    assert ended.record.tasks == {"succeeded": chunks + 2}


def test_axes(live: LiveStack):
    """Product, broadcast, partial gather, gather, condition and sub-pipeline give each task what its axes say, in order."""
    folder = live.put_example("axes")
    ended = live.ended(live.start({"pipeline": f"{folder}/pipeline.yaml"}))
    assert ended.status == "SUCCEEDED", ended.cause
    results = ended.results()
    bam = "".join(f">{chrom}\n" for chrom in ("chr1", "chr2", "chrX"))
    assert results.pop("summary.txt") == (
        "merged: a.vcf b.vcf c.vcf\n"
        "deep: a.deep.txt b.deep.txt\n"
        "a.bam has 4 lines\nb.bam has 4 lines\nc.bam has 4 lines\n"
    )
    assert bam.count("\n") == 3
    assert results == {
        f"vcf/{sample}.vcf": "".join(f"{chrom} of {sample}.bam\n" for chrom in ("chr1", "chr2", "chrX"))
        for sample in "abc"
    }
    tasks = set(ended.statuses())
    assert {f"call[sample={s},chrom={c}]" for s in "abc" for c in ("chr1", "chr2", "chrX")} <= tasks
    assert {f"deep_dive[sample={s}]" for s in "ab"} <= tasks
    assert "deep_dive[sample=c]" not in tasks
    assert {f"qc.{name}[sample={s}]" for name in ("count", "report") for s in "abc"} <= tasks
    assert set(ended.statuses().values()) == {"succeeded"}


@pytest.mark.skipif(
    not all(shutil.which(tool) for tool in TOOLS) or not (READS / "reads" / "reads_1.fq.gz").exists(),
    reason="apt-get install bwa samtools bcftools bowtie2-examples",
)
def test_lambda_variants(live: LiveStack, tmp_path: Path):
    """Real tools on real reads give the report that plain bash gives: 97.60 % mapped, 86 variants."""
    files = {
        "reference": READS / "reference" / "lambda_virus.fa.gz",
        "reads_1": READS / "reads" / "reads_1.fq.gz",
        "reads_2": READS / "reads" / "reads_2.fq.gz",
    }
    folder = live.put_example("lambda-variants", **files)
    given = {name: f"{folder}/{path.name}" for name, path in files.items()}
    ended = live.ended(live.start({"pipeline": f"{folder}/pipeline.yaml", "params": given}), within_s=500)
    assert ended.status == "SUCCEEDED", ended.cause
    report = ended.results()["report.txt"]
    assert "97.60%" in report
    assert re.search(r"number of records:\s+86$", report, re.MULTILINE)
    assert report == _by_bash(tmp_path)
    assert count(ended.statuses().values()) == {"succeeded": 6 + 8 * 3 + 1, "expanded": 1}


def _by_bash(folder: Path) -> str:
    """The same work without Headrace: one script, one machine."""
    script = Path(__file__).with_name("variants.sh")
    subprocess.run(["bash", script, READS, folder], check=True, capture_output=True, env={**os.environ, "LC_ALL": "C"})
    return (folder / "report.txt").read_text()
