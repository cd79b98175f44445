"""One query for the logs of everything that failed."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.core.log_query import LIMIT, MOST_GROUPS, Query, console, of_streams, quoted

ARN = "arn:aws:states:eu-west-1:123456789012:execution:headrace-run-pipeline:demo-1-1"
START, END = "2026-01-01T00:00:00.000Z", "2026-01-01T01:00:00.000Z"


def unquoted(text: str) -> list[str]:
    """The texts between the brackets of a query, read as the language reads them."""
    found = re.search(r"in \[(.*)\]\n", text)
    assert found is not None
    return [re.sub(r"\\(.)", r"\1", each) for each in re.findall(r'"((?:[^"\\]|\\.)*)"', found[1])]


def opened(link: str) -> dict[str, str]:
    """What a link asks the console to show."""
    fields = link.partition("$3FqueryDetail$3D~(")[2].removesuffix(")")
    texts = re.findall(r"(\w+)~'([^~()]*)", fields.partition("~source~(")[0])
    back = {
        name: re.sub(r"\*\*(....)|\*(..)", lambda code: chr(int(code[1] or code[2], 16)), text) for name, text in texts
    }
    sources = re.findall(r"~'([^~()]*)", fields.partition("~source~(")[2])
    return back | {"source": re.sub(r"\*(..)", lambda code: chr(int(code[1], 16)), ",".join(sources))}


def test_a_query_names_streams_and_groups_once() -> None:
    """In their order, without the heartbeat of the bootstrap, oldest line first."""
    found = of_streams([("/jobs", "a/default/1"), ("/own", "b/default/2"), ("/jobs", "a/default/1"), ("/jobs", "")])
    assert found == Query(
        'fields @timestamp, @logStream, @message\n| filter @logStream in ["a/default/1", "b/default/2"]\n'
        "| filter @message not like /^headrace: running/\n| sort @timestamp asc\n| limit 10000",
        ("/jobs", "/own"),
        1,
    )
    assert of_streams([]) is None
    assert of_streams([("/jobs", "")]) is None


@pytest.mark.parametrize(
    "name",
    [
        'a"] | fields @message | filter @x in ["b',
        "a\\",
        'a\\"',
        "a'b",
        "a]b",
        "a | b",
        "a#b",
        "größe/東京",
        "a`b",
        "/x/",
        "$(b)",
    ],
)
def test_a_name_stays_a_name(name: str) -> None:
    """Whatever it holds, it ends where it ends: nothing of it is read as part of the query."""
    found = of_streams([("/jobs", name), ("/jobs", "other")])
    assert found is not None
    assert unquoted(found.text) == [name, "other"]
    assert found.text.count("\n") == 4


def test_a_name_with_controls_is_left_out() -> None:
    """A line break would end the command."""
    found = of_streams([("/jobs", "a\nb"), ("/jobs", "c")])
    assert found is not None
    assert (unquoted(found.text), found.left_out) == (["c"], 1)


@given(st.lists(st.tuples(st.sampled_from(["/a", "/b"]), st.text(max_size=520)), max_size=150))
def test_a_query_never_has_more_than_its_limit(streams: list[tuple[str, str]]) -> None:
    """However many and long the names are; every stream is named or counted."""
    found = of_streams(streams)
    if found is not None:
        assert len(found.text) <= LIMIT
        assert len(unquoted(found.text)) + found.left_out == len(set(streams))


def test_many_streams_and_groups_are_counted() -> None:
    """A hundred streams, fifty groups; the first ones."""
    found = of_streams([("/jobs", f"d/default/{n:032x}") for n in range(1_000)])
    assert found is not None
    assert (found.left_out, len(unquoted(found.text))) == (900, 100)
    found = of_streams([(f"/g{n}", "s") for n in range(80)])
    assert found is not None
    assert (len(found.groups), found.left_out) == (MOST_GROUPS, 30)
    few = of_streams([("/jobs", f"d/default/{n:032x}") for n in range(1_000)], most=3)
    assert few is not None
    assert few.left_out == 997


def test_the_link_opens_the_query() -> None:
    """Query, time and groups read back as they were given, and nothing in it needs escaping in Markdown or a mail."""
    found = of_streams([("/headrace/x/jobs", 'a"b~(c)*東'), ("/own", "d")])
    assert found is not None
    link = console(found, ARN, START, END)
    assert link.startswith(
        "https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#logsV2:logs-insights$3F"
    )
    assert opened(link) == {
        "start": START,
        "end": END,
        "timeType": "ABSOLUTE",
        "tz": "UTC",
        "editorString": found.text,
        "source": "/headrace/x/jobs,/own",
    }
    assert re.fullmatch(r"[A-Za-z0-9_.:/?=#$~()'*-]+", link)


@pytest.mark.parametrize(
    ("partition", "host"),
    [("aws-cn", "cn-north-1.console.amazonaws.cn"), ("aws-us-gov", "cn-north-1.console.amazonaws-us-gov.com")],
)
def test_other_partitions_have_consoles_of_their_own(partition: str, host: str) -> None:
    """China and GovCloud."""
    link = console(Query("q", ("g",)), f"arn:{partition}:states:cn-north-1:1:execution:x:y", START, END)
    assert link.startswith(f"https://{host}/")


def test_without_a_region_there_is_no_link() -> None:
    """Rather than one to somewhere else."""
    assert console(Query("q", ("g",)), "arn", START, END) == ""


def test_quotes() -> None:
    """Both characters that the language gives a meaning."""
    assert quoted('a"b\\c') == '"a\\"b\\\\c"'
