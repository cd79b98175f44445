"""Nothing is fetched from anywhere but S3: another scheme is refused by name wherever a location may be said."""

import json

import pytest

OTHERS = ("http://169.254.169.254/latest/meta-data", "https://example.org/x", "file:///etc/passwd", "gopher://x/y")


@pytest.mark.parametrize("uri", OTHERS)
@pytest.mark.parametrize("place", ["inputs", "file param", "table param", "each", "uses"])
def test_a_spec_names_no_other_place(headrace, tmp_path, place, uri):
    """Said in the spec; `check` finds it before anything is read, and so does a launch, by the same code."""
    process = {"container": "x", "script": "true"}
    whole = {"name": "n", "processes": {"p": process}}
    if place == "inputs":
        process["inputs"] = {"f": uri}
    elif place == "each":
        process["each"] = {"f": {"glob": f"{uri}/*"}}
    elif place == "uses":
        whole["processes"]["p"] = {"uses": uri}
    else:
        whole["params"] = {"f": {"type": place.removesuffix(" param"), "default": uri}}
    spec = tmp_path / "spec.json"
    spec.write_text(json.dumps(whole))
    said = headrace("check", spec)
    assert said.code == 2
    assert "not a location on S3" in said.err
    assert "Other schemes are not read" in said.err
