"""Whose a run, a launch and a place are; what is nobody else's is refused, however it is written."""

import re
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.support.stack import template

from headrace.core import names, tenancy
from headrace.core.errors import InvalidSpec, InvalidValue, Refused
from headrace.core.tenancy import Reach

ROLE = "arn:aws:iam::123456789012:role/headrace"
BOTH = tenancy.teams(f"{ROLE}/genomics/a,{ROLE}/proteomics/b")
WRITES = "arn:aws:s3:::results,arn:aws:s3:::results/*,arn:aws:s3:::lab-*/out/*"
OURS = Reach("genomics", "mine", WRITES)


def reads(uri: str, reach: Reach = OURS) -> bool:
    """Whether a place may be read."""
    try:
        tenancy.check_read(uri, reach)
    except InvalidValue:
        return False
    return True


def writes(uri: str) -> bool:
    """Whether a place may be written."""
    try:
        tenancy.check_write(uri, OURS)
    except InvalidValue:
        return False
    return True


def test_a_role_says_its_team_by_its_path():
    """The last part of it; the first role of a team is its default, and none counts twice."""
    found = tenancy.teams(f"{ROLE}/genomics/a, {ROLE}/x/y/proteomics/b,,{ROLE}/genomics/c,{ROLE}/genomics/a")
    assert found == {
        "genomics": (f"{ROLE}/genomics/a", f"{ROLE}/genomics/c"),
        "proteomics": (f"{ROLE}/x/y/proteomics/b",),
    }
    assert tenancy.teams("") == tenancy.teams(",") == {}


WRONG_ROLES = [
    "arn:aws:iam::123456789012:role/plain",
    f"{ROLE}/Genomics/a",
    f"{ROLE}/two-words/a",
    f"{ROLE}/{'x' * 17}/a",
    f"{ROLE}/genomics/",
    f"{ROLE}/genomics/*",
    f"{ROLE}/shared/a",
    f"{ROLE}/genomics/a b",
    "arn:aws:s3:::genomics/a",
]


@pytest.mark.parametrize("arn", WRONG_ROLES)
def test_a_role_without_a_team_is_refused(arn: str):
    """By the template before anything is deployed, and by whoever reads it."""
    pattern = template()["Parameters"]["TenantRoles"]["AllowedPattern"]
    assert not re.fullmatch(pattern.removeprefix("^").removesuffix("$"), arn)
    with pytest.raises(InvalidValue, match="names no team"):
        tenancy.teams(arn)


@given(st.from_regex(tenancy.ROLE, fullmatch=True))
def test_template_and_core_read_roles_alike(arn: str):
    """What one takes the other takes."""
    pattern = template()["Parameters"]["TenantRoles"]["AllowedPattern"]
    tenant = tenancy.ROLE.fullmatch(arn)["tenant"]  # type: ignore[index]
    assert bool(re.fullmatch(pattern, arn)) == (tenant != tenancy.SHARED)
    if tenant != tenancy.SHARED:
        assert tenancy.teams(arn) == {tenant: (arn,)}


@given(st.from_regex(tenancy.TEAM, fullmatch=True), st.text(max_size=60), st.text(max_size=9))
def test_a_launched_run_is_its_teams(tenant: str, name: str, version: str):
    """Its id is a run's, no longer than any, and says whose it is whatever the pipeline is called."""
    run = names.launched_run_id(name, "b", f"launch/{tenant}/x.yaml", version, tenant)
    assert names.RUN_PATTERN.fullmatch(run)
    assert tenancy.tenant_of_run(run, {tenant: ("role",)}) == tenant
    assert names.parse_job_name(names.job_name(run, 1, "t", 1)).run == run  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("run", "tenant"),
    [
        ("genomics-x-0a1b2c3d4e5f", "genomics"),
        ("genomics2-x", ""),
        ("genomics", ""),
        ("x-genomics-1", ""),
        ("-genomics", ""),
        ("", ""),
    ],
)
def test_whose_a_run_is(run: str, tenant: str):
    """By what stands before its first dash; and nobody's where there are no teams."""
    assert tenancy.tenant_of_run(run, BOTH) == tenant
    assert tenancy.tenant_of_run(run, {}) == ""


def test_whose_a_launch_is():
    """The folder below launch/; without teams everything is everybody's."""
    assert tenancy.tenant_of_launch("launch/genomics/x.yaml", BOTH) == "genomics"
    assert tenancy.tenant_of_launch("launch/genomics/a/b/x.yaml", BOTH) == "genomics"
    assert tenancy.tenant_of_launch("launch/x.yaml", {}) == ""


@pytest.mark.parametrize(
    "key",
    [
        "launch/x.yaml",
        "launch/other/x.yaml",
        "launch/genomics",
        "launch/genomics/",
        "launch//genomics/x.yaml",
        "launch/Genomics/x.yaml",
        "launch/%67enomics/x.yaml",
        "inputs/genomics/x.yaml",
        "",
    ],
)
def test_a_launch_of_no_team_is_refused(key: str):
    """And what is said names no team there is."""
    with pytest.raises(InvalidSpec, match="is no launch of a team") as refused:
        tenancy.tenant_of_launch(key, BOTH)
    assert "proteomics" not in str(refused.value)


@pytest.mark.parametrize("run", ["proteomics-x", "nobody-x", "genomics2-x", "genomics"])
def test_runs_of_others_are_not_told_of(run: str):
    """The same words whether a run is another team's or nowhere."""
    with pytest.raises(Refused, match=f"^genomics has no run {run};"):
        tenancy.check_run(run, "genomics", BOTH)
    tenancy.check_run("genomics-x", "genomics", BOTH)
    tenancy.check_run(run, "", {})


def test_a_run_that_begins_has_a_team():
    """Where there are teams."""
    assert tenancy.check_started("genomics-x", BOTH) == "genomics"
    assert tenancy.check_started("anything", {}) == ""
    with pytest.raises(InvalidSpec, match="the run hand-1 is no team's"):
        tenancy.check_started("hand-1", BOTH)


@pytest.mark.parametrize(
    "uri",
    [
        "s3://mine/inputs/genomics/a.fq",
        "s3://mine/inputs/genomics/",
        "s3://mine/inputs/shared/ref.fa",
        "s3://mine/pipelines/qc/1/pipeline.yaml",
        "s3://mine/work/genomics/ab/x",
        "s3://mine/results/genomics/r/x",
        "s3://mine/launch/genomics/x.yaml",
        "s3://mine/inputs/genomics/a b%20c&'größe.fq",
        "s3://mine/inputs/genomics/100%.txt",
        "s3://mine/inputs/genomics/a%2Fb",
        "s3://mine/inputs/genomics/..a/...",
        "s3://results/genomics/x",
        "s3://lab-7/genomics/x",
        "s3://reads/anything/at/all",
        "s3://results2/x",
        "s3://lab/x",
    ],
)
def test_what_a_team_may_read(uri: str):
    """Its own folders, what is for all, and of other buckets what IAM decides."""
    assert reads(uri)


@pytest.mark.parametrize(
    "uri",
    [
        "s3://mine/inputs/proteomics/a.fq",
        "s3://mine/inputs/genomics",
        "s3://mine/inputs/genomics2/a.fq",
        "s3://mine/inputs/a.fq",
        "s3://mine/inputs/",
        "s3://mine/",
        "s3://mine",
        "s3://mine/runs/genomics-x/1/run.json",
        "s3://mine/config/defaults.yaml",
        "s3://mine/errors/launch/genomics/x.txt",
        "s3://mine/tools/x",
        "s3://mine/launch/x.yaml",
        "s3://mine//inputs/genomics/a.fq",
        "s3://mine/inputs/genomics/../proteomics/a.fq",
        "s3://mine/inputs/genomics/./a.fq",
        "s3://mine/inputs/genomics/..",
        "s3://mine/inputs/genomics/..%2Fproteomics/a.fq",
        "s3://mine/inputs/genomics/%2e%2e/proteomics/a.fq",
        "s3://mine/inputs/genomics/%252e%252e%252fproteomics/a.fq",
        "s3://mine/inputs/genomics/" + "%25252e" * 2 + "/x",
        "s3://mine/inputs/genomics/..\\proteomics\\a.fq",
        "s3://mine/inputs%2Fgenomics/a.fq",
        "s3://mine/inputs/genomics%2F../proteomics/a.fq",
        "s3://mine/inputs/genomics/a\n.fq",
        "s3://mine/inputs/genomics/a\x00.fq",
        "s3://MINE/inputs/proteomics/a.fq",
        "s3://mine./inputs/proteomics/a.fq",
        "S3://mine/inputs/genomics/a.fq",
        "s3:/mine/inputs/genomics/a.fq",
        "s3://user@mine/inputs/genomics/a.fq",
        "s3:///inputs/genomics/a.fq",
        "https://mine.s3.amazonaws.com/inputs/genomics/a.fq",
        "file:///inputs/genomics/a.fq",
        "/inputs/genomics/a.fq",
        "",
        "s3://results/proteomics/x",
        "s3://results/x",
        "s3://results/genomics",
        "s3://lab-7/out/genomics/x",
        "s3://lab-7/proteomics/x",
    ],
)
def test_what_a_team_may_not_read(uri: str):
    """Whatever it looks like."""
    assert not reads(uri)


folder = st.sampled_from(["inputs", "work", "results", "launch", "runs", "pipelines", "shared", "", "..", "."])
piece = st.sampled_from(
    ["genomics", "proteomics", "shared", "..", ".", "", "%2e%2e", "..%2f..", "%252e%252e", "a", "genomics2", "\\..\\"]
)


@given(folder, st.lists(piece | st.text(max_size=4), max_size=6), st.integers(0, 3))
@example("inputs", ["genomics", "..", "proteomics"], 0)
def test_no_path_that_is_read_leads_to_another_team(first: str, rest: list[str], encodings: int):
    """Followed as a tool might follow it, decoded and dots resolved, it still lies in a folder of this team."""
    key = "/".join([first, *rest])
    for _ in range(encodings):
        key = quote(key, safe="/")
    if reads(f"s3://mine/{key}"):
        assert _followed(key).startswith(OURS.readable)
    if writes(f"s3://mine/{key}"):
        assert _followed(key).startswith(OURS.writable)
        assert reads(f"s3://mine/{key}")


def _followed(key: str) -> str:
    """Where a key leads for whoever decodes it as often as it can be, and takes `..` for the folder above."""
    from urllib.parse import unquote

    for _ in range(20):
        key = unquote(key)
    found: list[str] = []
    for part in key.replace("\\", "/").split("/"):
        if part == "..":
            found = found[:-1]
        elif part != ".":
            found.append(part)
    return "/".join(found)


@given(st.sampled_from(["s3://mine/inputs/genomics/", "s3://mine/inputs/gen"]), st.text("*?[]!a-/.", max_size=8))
def test_a_glob_is_read_by_what_stands_before_its_first_wildcard(beginning: str, rest: str):
    """All that it may match lies below that."""
    fixed = re.split(r"[*?\[]", beginning + rest)[0]
    try:
        tenancy.check_glob(beginning + rest, OURS)
    except InvalidValue:
        assert not reads(fixed)
    else:
        assert reads(fixed)


def test_a_glob_over_teams_is_refused():
    """Also one that would match this team's files alone today."""
    for pattern in ("s3://mine/inputs/*/a.fq", "s3://mine/inputs/genomics*/a.fq", "s3://mine/*", "s3://results/*"):
        with pytest.raises(InvalidValue):
            tenancy.check_glob(pattern, OURS)
    tenancy.check_glob("s3://mine/inputs/genomics/**/*.fq", OURS)


@pytest.mark.parametrize(
    ("uri", "ours"),
    [
        ("s3://mine/work/genomics/ab/x", True),
        ("s3://mine/results/genomics/x", True),
        ("s3://results/genomics/x", True),
        ("s3://mine/work/proteomics/ab/x", False),
        ("s3://mine/results/x", False),
        ("s3://mine/inputs/genomics/x", False),
        ("s3://mine/launch/genomics/x.yaml", False),
        ("s3://mine/inputs/shared/x", False),
        ("s3://mine/results/genomics/../proteomics/x", False),
        ("s3://results/proteomics/x", False),
        ("s3://anything/x", False),
    ],
)
def test_what_a_team_may_write(uri: str, ours: bool):
    """Its work and its results, and elsewhere below its name."""
    assert writes(uri) is ours


@pytest.mark.parametrize(
    ("uri", "ours"),
    [
        ("s3://mine/work/", True),
        ("s3://mine/work", True),
        ("s3://mine/work/genomics/x", True),
        ("s3://mine/work/genomics", True),
        ("s3://mine/work/proteomics/", False),
        ("s3://mine/work/x/", False),
        ("s3://mine/results/genomics/", False),
        ("s3://results/genomics/", False),
        ("s3://mine/work/genomics/../x", False),
    ],
)
def test_where_a_team_may_work(uri: str, ours: bool):
    """Its own folder is made below work/; nowhere else can its role write."""
    if ours:
        tenancy.check_work(uri, OURS)
    else:
        with pytest.raises(InvalidValue):
            tenancy.check_work(uri, OURS)


@pytest.mark.parametrize(
    ("uri", "ours"),
    [
        ("s3://mine/results/genomics", True),
        ("s3://mine/results/genomics/a/b/", True),
        ("s3://results/genomics/a", True),
        ("s3://mine/results/", False),
        ("s3://mine/results/a", False),
        ("s3://mine/work/genomics/a", False),
        ("s3://results/a", False),
        ("s3://results/genomics2", False),
    ],
)
def test_where_a_team_may_publish(uri: str, ours: bool):
    """Below results/<team>/, and below its name elsewhere."""
    if ours:
        tenancy.check_results(uri, OURS)
    else:
        with pytest.raises(InvalidValue):
            tenancy.check_results(uri, OURS)


@given(
    st.from_regex(r"[a-z0-9][a-z0-9.-]{0,8}", fullmatch=True),
    st.text("ab/*?-", min_size=1, max_size=8),
    st.text("ab/-", max_size=6),
)
def test_every_bucket_that_may_be_written_to_is_known(bucket: str, pattern: str, key: str):
    """Whatever the wildcards: what AllowedWriteBuckets opens is read by a team below its name alone."""
    from headrace.core.iam_pattern import matches

    reach = Reach("genomics", "mine", f"arn:aws:s3:::{pattern}")
    if bucket != "mine" and matches(f"{bucket}/{key}", [pattern]):
        assert reads(f"s3://{bucket}/{key}", reach) is key.startswith("genomics/")
