"""Which raw directives apply to a process of a flattened program, weak to strong (spec rules 12 and 14).

    deployment < defaults < withLabel < withName < the process's own < the launch request's

Around a process of a used file stand several files. The plain defaults of an inner file are stronger than those of the
file around it; its selectors are weaker, because whoever writes `withName: qc.stats` means to reach in. Each file sees a
process under the name it has from there: `stats` in its own file, `qc.stats` one level up.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from headrace.core.program import Namespace
from headrace.core.selectors import Defaults, Selector, selects
from headrace.core.spec import Process

Raw: TypeAlias = Mapping[str, Any]


def layers(
    namespaces: Mapping[str, Namespace],
    namespace: str,
    process: Process,
    *,
    deployment: Raw | None = None,
    launch: Defaults | None = None,
) -> list[Raw]:
    """All layers of a process that stands in `namespace`, ready for `directives.merge`."""
    chain = _inside_out(namespaces, namespace)
    marks = process.labels
    seen = {each.name: _name_from(each.name, namespace, process.name) for each in chain}
    full = seen[""]
    return [
        deployment or {},
        *(each.spec.defaults.directives for each in reversed(chain)),
        *(raw for each in chain for raw in _selected(each.spec.defaults.with_label, marks)),
        *(raw for each in chain for raw in _selected(each.spec.defaults.with_name, (seen[each.name],))),
        process.directives,
        *(launch.layers(full, marks) if launch is not None else ()),
    ]


def _inside_out(namespaces: Mapping[str, Namespace], namespace: str) -> list[Namespace]:
    chain = [namespaces[namespace]]
    while chain[-1].parent is not None:
        chain.append(namespaces[chain[-1].parent])
    return chain


def _name_from(observer: str, namespace: str, local: str) -> str:
    """A process's name as seen from a namespace around it."""
    full = f"{namespace}.{local}" if namespace else local
    return full[len(observer) + 1 :] if observer else full


def _selected(selectors: tuple[Selector, ...], names: tuple[str, ...]) -> list[Raw]:
    return [each.directives for each in selectors if selects(each.pattern, names)]
