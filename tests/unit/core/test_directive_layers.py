"""Layers of directives around a process."""

from tests.support.programs import program_of

from headrace.core.directive_layers import layers
from headrace.core.directives import merge
from headrace.core.selectors import Defaults

INNER = """
defaults: {cpus: 2, memory: 2 GB, withName: {stats: {memory: 3 GB}}, withLabel: {big: {cpus: 4}}}
processes:
  stats: {label: big, script: 'true'}
  own: {memory: 9 GB, script: 'true'}
"""


def test_layers_go_from_weak_to_strong():
    """Deployment < defaults, outer then inner < withLabel < withName, inner then outer < the process's own < the launch."""
    program = program_of(
        "defaults: {cpus: 1, arch: arm64, withName: {qc.stats: {memory: 5 GB}, qc.own: {memory: 6 GB}}}\nprocesses: {qc: {uses: qc.yaml}}",
        {"qc.yaml": INNER},
    )

    def merged(name, **around):
        process = program.processes[name]
        return merge(layers(program.namespaces, process.namespace, process.process, **around))

    stats = merged("qc.stats", deployment={"cpus": 16, "cache": False})
    assert (stats["cpus"], stats["memory"], stats["arch"], stats["cache"]) == (4, "5 GB", "arm64", False)
    assert (merged("qc.own")["cpus"], merged("qc.own")["memory"]) == (2, "9 GB")
    assert merged("qc.own", launch=Defaults(directives={"memory": "1 GB"}))["memory"] == "1 GB"
