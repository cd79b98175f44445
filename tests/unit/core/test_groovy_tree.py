"""Settings know their name."""

from headrace.core.groovy_tree import Setting


def test_a_setting_is_named_by_its_path():
    """The path joined by dots is what messages show."""
    assert Setting(("process", "withLabel:big", "cpus"), 2, 1).name == "process.withLabel:big.cpus"
