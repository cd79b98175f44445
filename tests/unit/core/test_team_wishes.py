"""What tasks of a team may ask for: what is theirs by its name."""

from dataclasses import replace

import pytest
from tests.support.tasks import Pipeline

from headrace.core import tenancy
from headrace.core.allowed import Allowed, of_program, of_work
from headrace.core.errors import Problem
from headrace.core.team_wishes import Team
from headrace.core.tenancy import Reach

ROLE = "arn:aws:iam::123456789012:role"
SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret"
TEAMS = tenancy.teams(
    f"{ROLE}/headrace/genomics/a,{ROLE}/headrace/genomics/b,{ROLE}/headrace/proteomics/P,{ROLE}/headrace/genomics2/c"
)
TEAM = Team(Reach("genomics", "mine", "arn:aws:s3:::out/*"), TEAMS, f"{ROLE}/stack-execution")
OPEN = Allowed(
    privileged=True,
    images=("*",),
    definitions=("arn:aws:batch:eu-west-1:123456789012:job-definition/*",),
    roles=(f"{ROLE}/*",),
    host_paths=("*",),
    team=TEAM,
)


def refused(directives: str, allowed: Allowed = OPEN) -> list[Problem]:
    """What is refused of a task; what is said literally is refused at the launch already, in the same words."""
    lines = "\n".join(f"    {line}" for line in directives.splitlines())
    image = "" if "container:" in directives else "    container: alpine\n"
    made = Pipeline(
        f"params: {{other: proteomics, arn: '{ROLE}/headrace/proteomics/P'}}\n"
        f"processes:\n  p:\n{image}{lines}\n    script: echo x\n"
    )
    found = of_work(made.work("p"), allowed)
    if "${{" not in directives:
        early = of_program(made.program, {}, None, allowed)
        assert [(each.path, each.message) for each in early] == [(each.path, each.message) for each in found]
        assert all(each.line for each in early)
    return found


@pytest.mark.parametrize(
    "directives",
    [
        f"jobRole: {ROLE}/headrace/genomics/b",
        f"jobRole: {ROLE}/lab",
        f"executionRole: {ROLE}/stack-execution",
        f"executionRole: {ROLE}/lab",
        "secrets: {A: 'secretsmanager:genomics/a', B: 'ssm:/genomics/b/c'}",
        f"secrets: {{A: '{SECRET}:genomics/a-AbCdEf:key::'}}",
        "secrets: {A: 'ssm:arn:aws:ssm:eu-west-1:123456789012:parameter/genomics/a'}",
        f"container: {{image: alpine, credentials: '{SECRET}:genomics/a'}}",
        "container: job-definition://genomics-own:3",
        "shareIdentifier: genomics",
        "shareIdentifier: genomicsfast*",
        "queue: [genomics-spot, big]",
        "publishDir: there",
        "publishDir: s3://mine/results/genomics/there",
        "publishDir: s3://out/genomics/there",
        "containerOptions: --log-opt awslogs-stream-prefix=genomics",
    ],
)
def test_what_is_the_teams_own(directives: str):
    """It has that, and what AllowedRoles opens."""
    assert refused(directives) == []


@pytest.mark.parametrize(
    ("directives", "place", "said"),
    [
        (f"jobRole: {ROLE}/headrace/proteomics/P", "jobRole", "may not have the role"),
        (f"jobRole: {ROLE}/p", "jobRole", "may not have the role"),
        (f"jobRole: {ROLE}/stack-execution", "jobRole", "may not have the role"),
        (f"executionRole: {ROLE}/headrace/proteomics/P", "executionRole", "may not have the role"),
        ("secrets: {A: 'secretsmanager:proteomics/a'}", "secrets.A", "not one of genomics"),
        ("secrets: {A: 'secretsmanager:genomics2/a'}", "secrets.A", "not one of genomics"),
        ("secrets: {A: 'secretsmanager:genomics'}", "secrets.A", "not one of genomics"),
        ("secrets: {A: 'secretsmanager:genomics/../proteomics/a'}", "secrets.A", "not one of genomics"),
        ("secrets: {A: 'ssm:genomics/a'}", "secrets.A", "not one of genomics"),
        ("secrets: {A: 'ssm:/proteomics/genomics/a'}", "secrets.A", "not one of genomics"),
        (f"secrets: {{A: '{SECRET}:proteomics/a-AbCdEf'}}", "secrets.A", "not one of genomics"),
        (
            "secrets: {A: 'arn:aws:ssm:eu-west-1:123456789012:parameter/proteomics/a'}",
            "secrets.A",
            "not one of genomics",
        ),
        (
            f"container: {{image: alpine, credentials: '{SECRET}:proteomics/a'}}",
            "container.credentials",
            "not one of genomics",
        ),
        ("container: job-definition://proteomics-own", "container", "not one of genomics"),
        ("container: job-definition://genomics2-own", "container", "not one of genomics"),
        ("container: job-definition://hr-alpine-0123", "container", "not one of genomics"),
        ("shareIdentifier: proteomics", "shareIdentifier", "not one of genomics"),
        ("shareIdentifier: genomics2fast", "shareIdentifier", "not one of genomics"),
        ("shareIdentifier: gen", "shareIdentifier", "not one of genomics"),
        ("queue: [big, proteomics-spot]", "queue", "not for genomics"),
        (
            "queue: arn:aws:batch:eu-west-1:123456789012:job-queue/proteomics-spot",
            "queue",
            "not for genomics",
        ),
        ("publishDir: s3://mine/results/proteomics/there", "publishDir", "no place for results of genomics"),
        ("publishDir: {path: s3://mine/results/x, mode: move}", "publishDir", "no place for results of genomics"),
        ("publishDir: s3://out/there", "publishDir", "no place for results of genomics"),
        (
            "containerOptions: --log-opt awslogs-stream-prefix=proteomics",
            "containerOptions",
            "may not log under 'proteomics'",
        ),
    ],
)
def test_what_is_not(directives: str, place: str, said: str):
    """Refused by name although AllowedRoles and AllowedDefinitions open everything, and never with what other teams have."""
    [problem] = refused(directives)
    assert problem.path == f"processes.p.{place}"
    assert said in problem.message
    assert "proteomics" not in problem.expected
    assert refused(directives, replace(OPEN, team=None)) == []


@pytest.mark.parametrize(
    "directives",
    [
        'jobRole: "${{ params.arn }}"',
        'secrets: {A: "secretsmanager:${{ params.other }}/a"}',
        'container: "job-definition://${{ params.other }}-x"',
        'shareIdentifier: "${{ params.other }}"',
        'queue: "${{ params.other }}-spot"',
        'publishDir: "s3://mine/results/${{ params.other }}/x"',
    ],
)
def test_expressions_do_not_help(directives: str):
    """What they say is known when the task is prepared, and refused then."""
    assert len(refused(directives)) == 1


def test_a_role_of_the_team_needs_no_other_parameter():
    """AllowedRoles opens more; without it the team has its own roles and no others."""
    closed = replace(OPEN, roles=(f"{ROLE}/stack-execution",))
    assert refused(f"jobRole: {ROLE}/headrace/genomics/b", closed) == []
    assert refused(f"executionRole: {ROLE}/headrace/genomics/b", closed) != []
    [problem] = refused(f"jobRole: {ROLE}/lab", closed)
    assert "AllowedRoles" in problem.hint
