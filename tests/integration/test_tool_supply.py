"""The transfer tool comes into the bucket when the stack is made, and CloudFormation hears how it went."""

import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from headrace.aws import custom_resource, tool_supply

REQUEST = {
    "RequestType": "Create",
    "StackId": "arn:aws:cloudformation:eu-west-1:123456789012:stack/headrace/1",
    "RequestId": "r-1",
    "LogicalResourceId": "TransferTool",
    "ResourceType": "AWS::CloudFormation::CustomResource",
    "ResourceProperties": {},
}


@pytest.fixture
def told():
    """A request with a URL, and what was put to it."""
    heard: list[tuple[str, dict[str, Any]]] = []

    class Hears(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            heard.append((self.headers["Content-Type"], json.loads(body)))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    server = HTTPServer(("127.0.0.1", 0), Hears)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield {**REQUEST, "ResponseURL": f"http://127.0.0.1:{server.server_port}/answer"}, heard
    server.shutdown()
    thread.join()
    server.server_close()


def test_every_binary_lies_under_its_machine(s3, tmp_path, monkeypatch):
    """Below a hash of them all, with the checksums an instance compares."""
    for machine in ("x86_64", "aarch64"):
        (tmp_path / machine).write_bytes(machine.encode())
    monkeypatch.setattr(tool_supply, "binaries", lambda: {name: tmp_path / name for name in ("x86_64", "aarch64")})
    found = tool_supply.supply(s3, "mine")
    keys = [item["Key"] for item in s3.list_objects_v2(Bucket="mine")["Contents"]]
    assert keys == [f"{found['Prefix']}aarch64/s5cmd", f"{found['Prefix']}x86_64/s5cmd"]
    assert found["Prefix"].startswith("tools/")
    sums = dict(each.split("=") for each in found["Sums"].split())
    assert sums == {name: hashlib.sha256(name.encode()).hexdigest() for name in ("x86_64", "aarch64")}
    (tmp_path / "x86_64").write_bytes(b"newer")
    assert tool_supply.supply(s3, "mine")["Prefix"] != found["Prefix"]


def test_the_layer_brings_the_tool_of_other_machines(tmp_path, monkeypatch):
    """The package as it is installed, and beside it the same for another kind of machine."""
    own, other = tmp_path / "s5cmd/bin/s5cmd", tmp_path / "other/aarch64/s5cmd/bin/s5cmd"
    for place in (own, other):
        place.parent.mkdir(parents=True)
        place.touch()
    monkeypatch.setattr(tool_supply, "files", lambda _: tmp_path / "s5cmd")
    monkeypatch.setattr(tool_supply.platform, "machine", lambda: "x86_64")
    assert tool_supply.binaries() == {"x86_64": own, "aarch64": other}


def test_the_installed_tool_is_found():
    """The package that the local cloud and the layer have is the static binary, not a script around it."""
    assert all(path.read_bytes()[:4] == b"\x7fELF" for path in tool_supply.binaries().values())


def test_cloudformation_hears_what_was_made(told):
    """Attributes for Fn::GetAtt, and ids that it compares; an empty content type, for which the URL is signed."""
    event, heard = told
    custom_resource.answer(event, lambda: {"Prefix": "tools/x/"})
    ((kind, body),) = heard
    assert kind == ""
    assert body["Status"] == "SUCCESS"
    assert body["Data"] == {"Prefix": "tools/x/"}
    assert {name: body[name] for name in ("StackId", "RequestId", "LogicalResourceId")} == {
        name: REQUEST[name] for name in ("StackId", "RequestId", "LogicalResourceId")
    }


def test_an_update_keeps_the_physical_id(told):
    """Another one would make CloudFormation delete the resource that came before."""
    event, heard = told
    custom_resource.answer(event, dict)
    first = heard[0][1]["PhysicalResourceId"]
    custom_resource.answer({**event, "RequestType": "Update", "RequestId": "r-2", "PhysicalResourceId": first}, dict)
    assert heard[1][1]["PhysicalResourceId"] == first


def test_a_failure_is_told_at_once(told):
    """Without an answer a deploy hangs for an hour."""
    event, heard = told

    def fails() -> dict[str, str]:
        raise PermissionError("AccessDenied")

    custom_resource.answer(event, fails)
    assert heard[0][1]["Status"] == "FAILED"
    assert heard[0][1]["Reason"] == "PermissionError: AccessDenied"


def test_what_is_deleted_is_left_where_it_is(told):
    """Instances may still be starting: nothing is taken out of the bucket, nothing is made."""
    event, heard = told
    custom_resource.answer({**event, "RequestType": "Delete", "PhysicalResourceId": "x"}, lambda: {}["nothing"])
    assert heard[0][1]["Status"] == "SUCCESS"
