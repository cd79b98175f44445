"""Every pipeline in README and docs is one: it is read and linked."""

import re

import pytest
from tests.support.stack import ROOT

from headrace.core.link import link
from headrace.core.params import bind
from headrace.core.spec import read_spec
from headrace.core.yaml_source import read

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / "examples").rglob("README.md"))]
BLOCKS = [
    pytest.param(block, id=f"{page.relative_to(ROOT)}-{number}")
    for page in PAGES
    for number, (_, block) in enumerate(
        re.findall(r"^```ya?ml( \w+)?\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)
    )
    if re.search(r"^processes:", block, re.MULTILINE)
]
README = (ROOT / "README.md").read_text()


@pytest.mark.parametrize("text", BLOCKS)
def test_a_pipeline_on_a_page_is_read_and_linked(text: str):
    """What a user copies works; the files it uses are not there, so one that uses another is read only."""
    spec = read_spec(read(text, "s3://bucket/page.yaml"))
    if not any(process.uses for process in spec.processes.values()):
        assert link(spec, {}).processes


def test_the_readme_begins_with_a_pipeline_of_a_few_lines():
    """The first block is a whole pipeline, it needs but its samples, and it is short."""
    block = re.search(r"```yaml\n(.*?)```", README, re.DOTALL)
    assert block is not None
    spec = read_spec(read(block[1], "s3://bucket/readme.yaml"))
    assert len([line for line in block[1].splitlines() if line.strip()]) <= 17
    assert set(link(spec, {}).processes) == {"call", "merge"}
    uri = "s3://bucket/samples.csv"
    bound = bind(spec.params, {"samples": uri}, {uri: "id,reads\na,s3://b/a.bam\n"}, base=spec.file, given_base="")
    assert bound["samples"]
