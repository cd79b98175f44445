"""Which work other runs have found, before its files are let go.

In the gates' order, as removal (`removing`): write first, read second. PrepareTask writes its plan, which names the work, and then
reads the result; here the result already says `moved`, and then the plans of the other open runs are read. Who found the result before
it said so is seen here; who comes later reads it and brings the files back (`moved_work`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any, Final

from headrace.aws import ledger_runs, removing
from headrace.aws.table import Table
from headrace.core.records import Epoch

MOST: Final = 2_000  # plans that are read: some seconds
_PARALLEL: Final = 16


def by_others(table: Table, s3: Any, bucket: str, own: Epoch, wanted: Collection[str]) -> set[str]:
    """Those of `wanted` (hashes of work) that other open runs have looked for; all of them where there are more plans than MOST."""
    plans = list(islice(_plans(table, s3, bucket, own), MOST + 1))
    if len(plans) > MOST:
        return set(wanted)
    with ThreadPoolExecutor(_PARALLEL) as pool:
        return set(wanted) & set(pool.map(lambda uri: removing.planned_hash(s3, uri), plans))


def _plans(table: Table, s3: Any, bucket: str, own: Epoch) -> Iterator[str]:
    for entry in ledger_runs.unconcluded_runs(table):
        if entry.epoch != own:
            yield from removing.plans_of(s3, bucket, entry.epoch)
