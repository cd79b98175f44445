"""The folder mounted for the `aws` tool of the instance."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.core.cli_path import cli_folder
from headrace.core.errors import InvalidValue


def test_the_installation_is_mounted_with_its_tool():
    """The grandparent of the tool, as the reference page has it."""
    assert cli_folder("/home/ec2-user/miniconda/bin/aws") == "/home/ec2-user/miniconda"


@pytest.mark.parametrize(
    "path", ["/usr/bin/aws", "/usr/local/bin/aws", "/bin/aws", "/opt/bin/aws", "aws", "/x/aws", ""]
)
def test_folders_of_the_system_and_other_paths_are_refused(path):
    """Mounted, they would hide what the image has there."""
    with pytest.raises(InvalidValue):
        cli_folder(path)


@given(st.text(max_size=30))
def test_nothing_but_our_own_error(text):
    """Whatever is written: a folder above the tool, or InvalidValue."""
    try:
        folder = cli_folder(text)
    except InvalidValue:
        return
    assert folder.startswith("/")
    assert len(folder) > 1
