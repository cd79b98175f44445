"""The script that an instance of the stack runs first, out of the launch template, as it is deployed."""

import re
from typing import Any

from tests.support.stack import template


def text(given: dict[str, str]) -> str:
    """The whole user data, with the values that CloudFormation fills in."""
    data: Any = template("template.batch.yaml")["Resources"]["LaunchTemplate"]["Properties"]["LaunchTemplateData"]
    written = data["UserData"]["Fn::Base64"]["Fn::Sub"]
    filled = re.sub(r"\$\{([A-Za-z:]+)\}", lambda found: given[found[1]], written)
    return filled.replace("${!", "${")


def script(given: dict[str, str]) -> str:
    """The shell script in it."""
    found = re.search(r"charset=\"us-ascii\"\n\n(#!/bin/bash\n.*?)\n--==HEADRACE==--", text(given), re.DOTALL)
    assert found
    return found[1]
