"""`headrace options`: the fragment alone on standard output, or every reason on standard error."""

import json

import pytest


def fragment(said):
    """What a command that did well printed, as JSON."""
    assert said.code == 0, said.err
    return json.loads(said.out)


def test_the_examples_of_the_reference_page(headrace):
    """Sizes, limits and mounts come out in the API's own names and units."""
    assert fragment(headrace("options", "--", "--tmpfs /run:rw,noexec,nosuid,size=128 --tmpfs /app:ro,size=64")) == {
        "linuxParameters": {
            "tmpfs": [
                {"containerPath": "/run", "size": 128, "mountOptions": ["rw", "noexec", "nosuid"]},
                {"containerPath": "/app", "size": 64, "mountOptions": ["ro"]},
            ]
        }
    }
    assert fragment(headrace("options", "--", "--ulimit nofile=1280:2560 --ulimit nproc=16:32 --privileged")) == {
        "privileged": True,
        "ulimits": [
            {"name": "nofile", "softLimit": 1280, "hardLimit": 2560},
            {"name": "nproc", "softLimit": 16, "hardLimit": 32},
        ],
    }


def test_notes_go_to_standard_error(headrace):
    """A bare size is told as understood, beside the JSON and never in it."""
    text = "-e MYVAR1 --env MYVAR2=foo2 --memory-swap 3240000 --memory-swappiness 20 --shm-size 16000000"
    said = headrace("options", "--", text)
    assert fragment(said)["linuxParameters"] == {"sharedMemorySize": 15, "maxSwap": 3240000, "swappiness": 20}
    assert "note: --shm-size: 16000000 is 15 MiB" in said.err


def test_nothing_asked_is_an_empty_fragment(headrace):
    """No option, no field."""
    assert fragment(headrace("options", "--", "")) == {}


@pytest.mark.parametrize("words", [["--env 'A=x y' --init"], ["--env", "A=x y", "--init"]])
def test_a_text_and_its_words_are_the_same(headrace, words):
    """Words the shell has split already are not split again."""
    assert fragment(headrace("options", "--", *words)) == {
        "environment": [{"name": "A", "value": "x y"}],
        "linuxParameters": {"initProcessEnabled": True},
    }


def test_every_reason_is_told_and_nothing_is_printed(headrace):
    """Exit code 2, an empty standard output, and all refused options by name."""
    said = headrace("options", "--", "--network none --entrypoint sh --shm-siz 1m --ulimit nofil=1")
    assert (said.code, said.out) == (2, "")
    assert all(name in said.err for name in ("--network", "--entrypoint", "--shm-size", "nofil"))


def test_swap_needs_the_memory(headrace):
    """Docker counts memory and swap together, Batch swap alone: with --memory it is known, without it is refused."""
    assert headrace("options", "--", "--memory-swap 2g").code == 2
    said = headrace("options", "--memory", "512", "--", "--memory-swap 2g")
    assert fragment(said) == {"linuxParameters": {"maxSwap": 1536}}


def test_fargate_refuses_what_it_does_not_have(headrace):
    """The same options pass for EC2 and are refused for Fargate, by name."""
    assert headrace("options", "--", "--privileged --init").code == 0
    said = headrace("options", "--platform", "fargate", "--", "--privileged --init")
    assert (said.code, said.out) == (2, "")
    assert "--privileged" in said.err


@pytest.mark.parametrize("words", [["--platform", "moon", "--", "--init"], ["--memory", "x", "--", "--init"], []])
def test_a_wrong_call_is_wrong_input(headrace, words):
    """An unknown platform, a memory that is no number, no argument at all."""
    said = headrace("options", *words)
    assert (said.code, said.out) == (2, "")
