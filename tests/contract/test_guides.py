"""The guides cover what they must: each alarm, each heading and problem of Nextflow's page on AWS; and their links lead somewhere."""

import re
from pathlib import Path

import pytest
from tests.support.stack import ROOT, TEMPLATES, resources

from headrace_cli.page import helps

DOCS = ROOT / "docs"
PAGES = sorted(path for path in [*DOCS.glob("*.md"), ROOT / "README.md", ROOT / "events/README.md"])
# Nextflow documentation, "Amazon Web Services": its headings in order.
HEADINGS = (
    "Amazon Web Services",
    "AWS security credentials",
    "AWS IAM policies",
    "S3 policies",
    "AWS Batch",
    "AWS CLI",
    "Get started",
    "Configuration",
    "Container Options",
    "Custom AMI",
    "Create your custom AMI",
    "AWS CLI installation",
    "Docker installation",
    "Amazon ECS container agent installation",
    "Jobs & Execution",
    "Custom job definition",
    "Pipeline execution",
    "Hybrid workloads",
    "Volume mounts",
    "Troubleshooting",
    "Advanced configuration",
)
# Its three problems, with the section that answers each and a word of the message the user sees.
PROBLEMS = {
    "JobQueue not found": "there is no job queue",
    "A job that ends without a word": "terminated for an unknown reason",
    "A job that stays RUNNABLE": "doctor --queue",
}


def page(name: str) -> str:
    """A guide."""
    return (DOCS / f"{name}.md").read_text(encoding="utf-8")


def sections(text: str) -> dict[str, str]:
    """Second-level sections by heading."""
    parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def alarms() -> set[str]:
    """The names of all alarms, without the stack's."""
    found = set()
    for name in TEMPLATES:
        for body in resources("AWS::CloudWatch::Alarm", name).values():
            found.add(re.sub(r"^\$\{[\w:]+\}-", "", body["Properties"]["AlarmName"]["Fn::Sub"]))
    return found


def test_the_runbook_has_a_section_for_each_alarm():
    """What rings has its section, and no section waits for an alarm that is gone."""
    written = set(sections(page("runbook"))) - {"Without an alarm"}
    assert written == alarms()
    assert all(len(text.split()) > 20 for text in sections(page("runbook")).values())


def test_every_heading_of_the_page_has_its_row():
    """In order, each with an answer."""
    text = sections(page("coming_from_nextflow"))["Nextflow's page on AWS, heading by heading"]
    rows = re.findall(r"^\| (.+?) \| (.+) \|$", text, re.MULTILINE)[1:]
    assert [row[0] for row in rows if row[0] != "---"] == list(HEADINGS)
    assert [row for row in rows if len(row[1].split()) < 3] == []


@pytest.mark.parametrize(("section", "word"), PROBLEMS.items())
def test_every_problem_of_the_page_has_its_section(section: str, word: str):
    """With the words the user meets."""
    assert word in sections(page("troubleshooting"))[section]


@pytest.mark.parametrize("path", [pytest.param(path, id=str(path.relative_to(ROOT))) for path in PAGES])
def test_links_lead_somewhere(path: Path):
    """Files exist, and headings of the same kind of page."""
    text = path.read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!https?:)([^)\s]+)\)", text):
        file, _, heading = target.partition("#")
        there = (path.parent / file) if file else path
        assert there.exists(), target
        if heading:
            slugs = {slug(each) for each in re.findall(r"^#+ (.+)$", there.read_text(encoding="utf-8"), re.MULTILINE)}
            assert heading in slugs, target


def slug(heading: str) -> str:
    """The anchor of a heading, as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("path", [pytest.param(path, id=str(path.relative_to(ROOT))) for path in PAGES])
def test_commands_in_guides_are_commands(path: Path):
    """`headrace x` names a command that is there."""
    known = {name.removeprefix("headrace ") for name in helps()}
    groups = {name.partition(" ")[0] for name in known}
    for words in re.findall(
        r"(?:^    |`)headrace ([a-z-]+(?: [a-z-]+)?)", path.read_text(encoding="utf-8"), re.MULTILINE
    ):
        first = words.partition(" ")[0]
        assert first in known | groups, words
