"""`cliPath`: the `aws` tool of the instance, mounted into the job's container with the folder it was installed in.

The tool is a Python program with its libraries beside it, so its grandparent folder is mounted at the same place. A folder of the
system would hide the image's own (Nextflow documentation, "AWS CLI installation": a self-contained package manager).
"""

from __future__ import annotations

from headrace.core.errors import InvalidValue, shown
from headrace.core.volumes import host_path

_SYSTEM_FOLDERS = ("/", "/usr", "/usr/local", "/home", "/opt", "/root", "/etc", "/var")


def cli_folder(cli_path: str) -> str:
    """The folder that must be mounted for the `aws` tool at `cli_path`: its grandparent. InvalidValue when it cannot be."""
    path = host_path(cli_path)
    if not path.endswith("/bin/aws"):
        raise InvalidValue(
            f"cliPath {shown(cli_path)}", expected="the path of the tool on the instance, ending in /bin/aws"
        )
    folder = path.removesuffix("/bin/aws") or "/"
    if folder in _SYSTEM_FOLDERS:
        raise InvalidValue(
            f"cliPath {shown(cli_path)} would mount {folder} of the instance over the image's own",
            expected="a self-contained installation in a folder of its own, such as /opt/aws-cli/bin/aws",
        )
    return folder
