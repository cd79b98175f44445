"""Specs from short texts, and the problems of bad ones, for tests of the language."""

from __future__ import annotations

from typing import Any

from headrace.core import yaml_source
from headrace.core.errors import InvalidSpec, Problem
from headrace.core.reading import At, Book
from headrace.core.spec import Process, Spec, read_spec

EXAMPLE = """\
name: variants
params:
  reference: {type: file}
  samples: {type: table, columns: {r1: file, r2: {type: file, optional: true}}}    # id,r1,r2 …
  chroms: [chr1, chr2, chrX]                          # `name: value` takes its type from the value
defaults:                                             # directives for every process; selectors
  container: quay.io/biocontainers/gatk4:4.6
  withLabel:
    big:
      cpus: 8
      memory: ${{ 16 * task.attempt }} GB
processes:
  align:
    each:
      sample: ${{ params.samples }}                   # defines the axis `sample`, one item per row
    label: big
    inputs:
      ref: ${{ params.reference }}
      r1: ${{ sample.r1 }}
      r2?: ${{ sample.r2 }}                           # optional input
    outputs:
      bam: ${{ sample.id }}.bam
    script: |
      bwa mem -t ${{ task.cpus }} ${{ ref }} ${{ r1 }} ${{ r2 }} | samtools sort -o ${{ outputs.bam }}
  call:
    each: [sample, {chrom: "${{ params.chroms }}"}]   # reuses `sample`, defines `chrom`: a product
    inputs: {bam: "${{ align.bam }}"}                 # aligned on sample, broadcast over chrom
    outputs: {vcf: "${{ chrom }}.vcf.gz"}
    script: gatk HaplotypeCaller -I ${{ bam }} -L ${{ chrom }} -O ${{ outputs.vcf }}
  merge:
    each: [sample]
    inputs: {vcfs: "${{ call.vcf }}"}                 # partial gather: this sample's chromosomes, in chrom order
    outputs: {vcf: "${{ sample.id }}.vcf.gz"}
    script: gatk GatherVcfs ${{ vcfs | flag('-I') }} -O ${{ outputs.vcf }}
    publishDir: vcf
outputs:
  vcfs: ${{ merge.vcf }}
"""


def spec(text: str) -> Spec:
    """The spec of a text."""
    return read_spec(yaml_source.read(text, "p.yaml"))


def process(body: str) -> Process:
    """One process `p` with the YAML `body` (and a script, when it has none), beside a process `q` with output `o`."""
    script = "" if "script:" in body or "uses:" in body else "    script: echo\n"
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    return spec(f"processes:\n  q: {{outputs: {{o: o.txt}}, script: touch o.txt}}\n  p:\n{lines}{script}").processes[
        "p"
    ]


def refused(body: str) -> list[Problem]:
    """The problems of such a process."""
    try:
        process(body)
    except InvalidSpec as error:
        return list(error.problems)
    raise AssertionError("the process was taken")


def refused_spec(text: str) -> list[Problem]:
    """The problems of a whole spec."""
    try:
        spec(text)
    except InvalidSpec as error:
        return list(error.problems)
    raise AssertionError("the spec was taken")


def cursor(value: Any, path: str = "x") -> At:
    """A cursor on a value that stands in no file."""
    return At(value, path, Book())
