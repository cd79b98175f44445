"""docs/coming_from_nextflow.md: how to move over; its table is made from the table of settings itself."""

from __future__ import annotations

from typing import Final

from headrace.core.import_config_table import TABLE, Row

_TEXT: Final = """\
# Coming from Nextflow

What changes: there is no head node and no channel. A pipeline is a YAML file; order comes from what inputs name, and a process is
repeated over *axes*. Directives keep their names. What this page does not list, `headrace check` refuses by name.

## A process

```groovy
process align {
    container 'quay.io/biocontainers/bwa:0.7.18'
    cpus 8
    memory { 16.GB * task.attempt }
    publishDir 'bam'
    input:
    tuple val(id), path(reads)
    path ref
    output:
    tuple val(id), path("${id}.bam")
    script:
    "bwa mem -t ${task.cpus} $ref $reads > ${id}.bam"
}
workflow {
    align(Channel.fromPath(params.samples).splitCsv(header: true).map { [it.id, file(it.reads)] }, file(params.reference))
}
```

```yaml
params:
  reference: {type: file}
  samples: {type: table, columns: {reads: file}}
processes:
  align:
    each:
      sample: ${{ params.samples }}
    container: quay.io/biocontainers/bwa:0.7.18
    cpus: 8
    memory: ${{ 16 * task.attempt }} GB
    publishDir: bam
    inputs:
      ref: ${{ params.reference }}
      reads: ${{ sample.reads }}
    outputs:
      bam: ${{ sample.id }}.bam
    script: bwa mem -t ${{ task.cpus }} ${{ ref }} ${{ reads }} > ${{ outputs.bam }}
```

- A channel of rows is an axis (`each`); its items keep their id, so nothing is joined by hand: another process that names `align.bam`
  gets the same sample's file, or all of them when it has no `sample` axis (`collect`, `groupTuple`).
- `${{ }}` is the only thing that is special in a script, and values are quoted for the place where they stand. `$name` is the shell's.
- The language is in [pipeline_spec.md](pipeline_spec.md).

## The configuration

`headrace import-config nextflow.config` prints a `defaults` block for the pipeline file. What becomes a flag of `headrace run` or needs
nothing is a note; each line that is not translated is printed with file and line, why, and what to write instead, and then the exit
code is 2.

```groovy
process {
    executor = 'awsbatch'
    queue = 'my-batch-queue'
    memory = { 8.GB * task.attempt }
    withLabel: bigTask {
        cpus = 16
        time = 4.h
    }
}
aws.batch.volumes = ['/tmp', '/host/path:/mnt/path:ro']
```

```yaml
defaults:
  memory: ${{ 8 * task.attempt }} GB
  queue: my-batch-queue
  executor: awsbatch
  volumes:
    - /tmp
    - /host/path:/mnt/path:ro
  withLabel:
    bigTask:
      cpus: 16
      time: 4h
```

- No Groovy is run. A closure is translated when it is a constant or an amount times `task.attempt`; other closures, `"${…}"`, `if`, `def`
  and functions such as `check_max` are refused by name (`resourceLimits` does the work of `check_max`).
- `includeConfig` is refused: run the command on that file too, and merge.
- `--profile-name test` takes in a profile; without it only `standard`, when there is one.
- Access keys are refused and never printed: jobs have a role (`jobRole`), you have a profile (`--profile`).

## Container options

`containerOptions` mean what `docker run` means. [container_options.md](container_options.md) lists every option; `headrace options --
'--shm-size 64m'` prints what AWS Batch is told. Compared with Nextflow:

- An option that Batch cannot have is refused, not dropped: `--network`, `--cap-add`, `--entrypoint`, …
- `--privileged=false` is false. `-e A=x=1` keeps its value. `--ulimit nofile=1280` sets both limits. Of repeated options the last counts.
- A bare `--shm-size` is bytes, a bare tmpfs size and `--memory-swap` are MiB; `--memory-swap -1` is refused, for Batch cannot say it.
- Also mapped: `--volume`, `--mount`, `--device`, `--gpus`, `--log-driver`, `--label`.

## What is different, and why

- **A process's own directives win over selectors**; in Nextflow selectors win. Whoever runs a pipeline has the last word in the launch
  request instead: its `process:` block, selectors included, is stronger than everything in the file.
- **What fails decides what is retried.** Lost machines, spot losses and image pulls are retried by themselves and never use up a task's
  own tries; out of memory is retried with more memory. `retry` says how often, for each class. So an `errorStrategy` closure over exit
  codes becomes, for example, `retry: {exit: {times: 2, codes: [104, 143]}}`. One over what stands in the log becomes a named error:
  `errors: [{name: no licence, pattern: checkout failed, action: retry}]`.
- **`maxErrors` bounds ignored failures too**, and takes a share: `10%` of the process's tasks. With `retry` it counts failures as
  Nextflow does, but not lost machines.
- **Equal work is found again in any run**, by script, container and the identity of inputs; a changed line re-runs what it reaches.
  `cache` has Nextflow's words, on S3: `true` compares URI and ETag (there are no times that change by a touch), `lenient` URI and
  size, `deep` the content.
- **Sizes and times need a unit**, and Fargate sizes are rounded up, never down.
- **Every directive can be said for one process**: also volumes, roles, cliPath, platformType and the transfer settings that Nextflow has
  once for the whole run.
- **Results are relative to the run's `outdir`** and are copied within S3 as tasks finish.

## Nextflow's page on AWS, heading by heading

| there | here |
|---|---|
| Amazon Web Services | AWS Batch with no head node: `nextflow run` is `headrace run`, or a file put below `launch/` |
| AWS security credentials | only for people, by boto3's own chain: `--profile`, `AWS_PROFILE`, `AWS_ACCESS_KEY_ID`, SSO, the role of a machine. Functions, machines and jobs have roles; keys in a configuration are refused |
| AWS IAM policies | the 27 actions, one by one, with who has them or why nobody does: [permissions](iam.md); policies of people: `headrace policy user` |
| S3 policies | `headrace policy bucket NAME` prints the page's policy filled in, and `AllowedBuckets`, `AllowedWriteBuckets` open the bucket to jobs. `s3:*` is never needed |
| AWS Batch | the stack makes environments and queues, or takes yours (`JobQueue`, `AllowedQueues`) |
| AWS CLI | not needed in images: the stack's machines bring a static `s5cmd`. An `aws` or `s5cmd` of the image is used where there is none (Fargate) |
| Get started | `sam deploy --guided` instead of the console: [install](install.md). Containers must be named for every process, and be in a registry the machines reach |
| Configuration | directives in the pipeline file; `headrace import-config nextflow.config` translates. The region is that of the stack |
| Container Options | every option of `docker run`, mapped or refused by name: [container options](container_options.md) |
| Custom AMI | seldom needed: disk by `VolumeGiB`, tool by the launch template. `AmiId` takes yours |
| Create your custom AMI | from Amazon ECS on Amazon Linux 2023 (Amazon Linux 2 is at its end); the volume is set by the launch template, so the AMI's own need not grow |
| AWS CLI installation | only for `cliPath`: self-contained, in a folder of its own such as `/opt/aws-cli`, because its grandparent folder is mounted over the image's. Folders of the system are refused |
| Docker installation | in the ECS-optimised image already |
| Amazon ECS container agent installation | in the ECS-optimised image already; without it jobs stay RUNNABLE, and the alert says that no instance registers |
| Jobs & Execution | one Batch job per task; names begin with `hr-<run>` |
| Custom job definition | `container: job-definition://name` or `//name:revision`, as there. `containerOptions` belong to definitions Headrace makes itself |
| Pipeline execution | nothing runs on your machine; Ctrl-C detaches. `-bucket-dir` is `--work-dir s3://bucket/folder`, by default the stack's own bucket; a bucket without a folder is refused there too. Local inputs are uploaded |
| Hybrid workloads | not here: every task runs on Batch, `executor: local` is refused by name. Small tasks go to a Fargate queue, or the whole system runs locally (`--local`). `withLabel` chooses queues |
| Volume mounts | `volumes: [/tmp, "/host/path:/mnt/path:ro"]`, for one process or all, EFS too |
| Troubleshooting | `JobQueue not found`, terminated for an unknown reason, stalled in RUNNABLE: each has its section in [troubleshooting](troubleshooting.md) |
| Advanced configuration | every option of the `aws` scope: [configuration](configuration.md), and the table below |

## Settings

| nextflow.config | here | to know |
|---|---|---|
"""


def page() -> str:
    """The whole page."""
    return _TEXT + "".join(f"{_line(row)}\n" for row in TABLE)


def _line(row: Row) -> str:
    cells = (f"`{row.setting}`", _here(row), row.to if row.outcome == "refused" else row.why)
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _here(row: Row) -> str:
    if row.outcome == "refused":
        return f"refused: {row.why}"
    if row.outcome == "ours":
        return f"`{row.to}`"
    return "nothing to write" if row.to == "nothing" else row.to
