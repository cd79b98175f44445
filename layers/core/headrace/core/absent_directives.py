"""Directives of Nextflow that do not exist here, and what does their work: an unknown key gets an answer, not a shrug."""

from __future__ import annotations

from typing import Final

ELSEWHERE: Final = {
    "afterScript": "Put it at the end of `script`",
    "array": "Headrace submits tasks itself; there is nothing to group",
    "beforeScript": "Put it at the start of `script`",
    "clusterOptions": "It is for grid schedulers; see containerOptions, queue and jobRole",
    "conda": "Use an image that has the tools: `container`",
    "debug": "`headrace logs RUN TASK` shows what a task prints",
    "ext": "Write it as a param",
    "fetchInstanceType": "Not looked up; a job's attempt names its container instance",
    "forceGlacierTransfer": "Restore archived objects first (`aws s3api restore-object`): a job would pay to wait for hours",
    "terminateUnschedulableJobs": "Use waitLimit: {runnable: 2h, action: terminate}",
    "fair": "Gathers are always in the order of the items",
    "hints": "Use consumableResources",
    "machineType": "Choose instance types in a compute environment and name its queue: `queue`",
    "maxSubmitAwait": "Use waitLimit",
    "module": "Use an image that has the tools: `container`",
    "penv": "It is for grid schedulers; use cpus",
    "pod": "It is for Kubernetes",
    "secret": "Use secrets: {NAME: 'ssm:/name'}",
    "spack": "Use an image that has the tools: `container`",
    "stageInMode": "Inputs are always copied",
    "stageOutMode": "Outputs are always copied",
    "storeDir": "Equal work is found again by itself (`cache`); results go to publishDir",
    "tag": "A task is named by its keys: align[sample=a]",
}
