"""The command as a function: arguments in, exit code and text out, on a machine without AWS and without network."""

import os
import socket
from dataclasses import dataclass

import pytest

from headrace_cli.main import main


@dataclass(frozen=True)
class Said:
    """What a command answered."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        """Everything."""
        return self.out + self.err


@pytest.fixture
def headrace(monkeypatch, tmp_path_factory, capsys):
    """Run the command; a connection to anywhere fails the test."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "HEADRACE_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")

    def refuse(_socket, address):
        pytest.fail(f"the command connects to {address}")

    monkeypatch.setattr(socket.socket, "connect", refuse)

    def run(*words: object) -> Said:
        capsys.readouterr()
        code = main([str(word) for word in words])
        said = capsys.readouterr()
        return Said(code, said.out, said.err)

    return run
