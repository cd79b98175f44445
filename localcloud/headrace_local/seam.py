"""How moto is patched: by name, and loudly when the name is gone.

Every patch replaces one attribute of one moto class or module. `replace` refuses an attribute that does not exist, so a
moto that renamed something stops the local cloud at its start, with the name, and the canary tests say the same earlier.
"""

from __future__ import annotations

import sys
from typing import Any

from headrace.core.errors import Refused


def replace(owner: Any, name: str, new: Any) -> Any:
    """Put `new` in place of `owner.name` and return what was there; `Refused` when there was nothing."""
    if not hasattr(owner, name):
        place = getattr(owner, "__qualname__", None) or getattr(owner, "__name__", repr(owner))
        raise Refused(f"moto changed: {place} has no '{name}' any more; the local cloud needs moto >=5.2.5,<5.3")
    old = getattr(owner, name)
    setattr(owner, name, new)
    return old


def rebind(package: str, name: str, new: Any) -> int:
    """Replace `name` in every loaded module of `package` that imported it by name; how many there were."""
    modules = [
        m for key, m in list(sys.modules.items()) if key.startswith(package) and name in getattr(m, "__dict__", {})
    ]
    for module in modules:
        setattr(module, name, new)
    if not modules:
        raise Refused(f"moto changed: nothing under {package} imports '{name}' any more")
    return len(modules)
