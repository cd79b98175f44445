"""The table of settings: complete against the reference, and every row says what to do."""

import pytest

from headrace.core.absent_directives import ELSEWHERE
from headrace.core.directives import DIRECTIVES
from headrace.core.import_config_table import ROWS, TABLE

# Nextflow reference, "Process directives" and the `aws.batch` options.
PROCESS = (
    "accelerator afterScript arch array beforeScript cache clusterOptions conda container containerOptions cpus debug disk"
    " errorStrategy executor ext fair hints label machineType maxErrors maxForks maxRetries maxSubmitAwait memory module penv pod"
    " publishDir queue resourceLabels resourceLimits scratch secret shell spack stageInMode stageOutMode storeDir tag time"
)
BATCH = (
    "cliPath delayBetweenAttempts executionRole fetchInstanceType forceGlacierTransfer jobRole logsGroup maxParallelTransfers"
    " maxSpotAttempts maxTransferAttempts platformType retryMode schedulingPriority shareIdentifier terminateUnschedulableJobs volumes"
)


@pytest.mark.parametrize(
    "name", [f"process.{each}" for each in PROCESS.split()] + [f"aws.batch.{each}" for each in BATCH.split()]
)
def test_every_documented_setting_has_a_row(name):
    """No directive and no option of the executor is unknown."""
    assert name in ROWS


def test_rows_are_whole():
    """No row twice; what is ours is a directive; what is refused has a reason and a way out."""
    assert len(ROWS) == len(TABLE)
    for row in TABLE:
        assert row.to, row.setting
        assert row.outcome != "ours" or row.to in DIRECTIVES, row.setting
        assert row.outcome != "refused" or row.why, row.setting


def test_absent_directives_are_not_translated():
    """What the pipeline language answers with advice is not called a directive here."""
    process = {row.setting.removeprefix("process."): row for row in TABLE if row.setting.startswith("process.")}
    translated = {name for name, row in process.items() if row.outcome == "ours" and row.to == name}
    assert translated & set(ELSEWHERE) == set()
