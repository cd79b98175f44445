"""Where the local cloud pretends to be: one account, one region, one partition."""

from __future__ import annotations

from typing import Final

ACCOUNT: Final = "123456789012"
REGION: Final = "us-east-1"
CONTROL: Final = "/_headrace"
"""Path prefix of the control endpoint; no AWS service of ours has a path that starts like this."""
