"""The pipeline that chaos runs: a little of everything that has to come out the same, whatever happens around it.

Two samples of no and two chunks: a dynamic axis that is empty for one, another inside it that is empty for a chunk; gathers over
both, with optional outputs and inputs; a task that needs two tries; one that fails and is ignored, one at a time, with a gather
of the survivors; a task that is skipped; a used pipeline; published results. `tripwire` fails the run when a param says so.
"""

from __future__ import annotations

from typing import Any, Final

import yaml

_IMAGE: Final = "public.ecr.aws/docker/library/debian:stable-slim"

USED: Final = f"""
params: {{word: string, seed: string}}
defaults: {{container: {_IMAGE}}}
processes:
  echo:
    outputs: {{said: said.txt}}
    script: echo ${{{{ params.word }}}} > said.txt
outputs: {{said: "${{{{ echo.said }}}}"}}
"""

_SPEC: Final = r"""
name: chaos
params:
  seed: string          # in every task's environment, and so in its hash: no run finds the work of another, a resume its own
  trip: never           # terminate or finish: tripwire fails, and the run with it
  samples: [a, b]
defaults:
  container: IMAGE
  env: {SEED: "${{ params.seed }}"}
  waitLimit: {starting: 5s, action: terminate}
  retry:
    image-pull: {times: 3, delay: 1s}
    stage-in: {times: 3, delay: 1s}
    stage-out: {times: 3, delay: 1s}
    engine: {times: 3, delay: 1s}
    unknown: {times: 3, delay: 1s}
    stuck: {times: 3, delay: 1s}
processes:
  split:
    each: {sample: "${{ params.samples }}"}
    outputs: {chunks: {path: "c*.txt", optional: true}}
    script: if [ ${{ sample }} = b ]; then for i in 1 2; do echo ${{ sample }}.$i > c$i.txt; done; fi
  count:
    each: [sample, {chunk: "${{ split.chunks }}"}]
    inputs: {c: "${{ chunk }}"}
    outputs: {n: n.txt, parts: {json: p.json, at: parts}}
    script: |
      { cat ${{ c }}; echo ${{ sample }}; } > n.txt
      if [ ${{ chunk.stem }} = c1 ]; then echo '{"parts": ["x", "y"]}'; else echo '{"parts": []}'; fi > p.json
  piece:
    each: [sample, chunk, {part: "${{ count.parts }}"}]
    outputs: {o: o.txt}
    script: echo ${{ sample }} ${{ chunk.stem }} ${{ part }} > o.txt
  merge:
    each: [sample]
    inputs:
      n?: {from: "${{ count.n }}", stageAs: "${{ file.key.chunk }}.n"}
      o?: {from: "${{ piece.o }}", stageAs: "${{ file.key.chunk }}.${{ file.key.part }}"}
    outputs: {m: "m${{ sample }}.txt"}
    script: for f in ${{ n }} ${{ o }}; do echo "$f"; cat "$f"; done > ${{ outputs.m }}
    publishDir: merged
  flaky:
    errorStrategy: retry
    maxRetries: 3
    outputs: {o: flaky.txt}
    script: |
      [ ${{ task.attempt }} -gt 1 ] || exit 9
      echo again > flaky.txt
  picky:
    each: {n: [1, 2, 3]}
    maxForks: 1
    errorStrategy: ignore
    outputs: {o: "p${{ n }}.txt"}
    script: if [ ${{ n }} = 2 ]; then exit 4; fi; echo ${{ n }} > ${{ outputs.o }}
  survivors:
    inputs: {ps: "${{ picky.o }}"}
    outputs: {o: survivors.txt}
    script: cat ${{ ps }} > survivors.txt
  never:
    when: ${{ flaky.o.name == "never.txt" }}
    outputs: {o: never.txt}
    script: touch never.txt
  sub:
    uses: USED
    params: {word: used, seed: "${{ params.seed }}"}
  tripwire:
    inputs: {m: "${{ merge.m }}"}
    errorStrategy: ${{ "finish" if params.trip == "finish" else "terminate" }}
    outputs: {o: wire.txt}
    script: |
      [ ${{ params.trip }} = never ] || exit 3
      echo whole > wire.txt
  all:
    inputs:
      ms: ${{ merge.m }}
      rest: ["${{ flaky.o }}", "${{ survivors.o }}", "${{ sub.said }}", "${{ tripwire.o }}"]
      never?: ${{ never.o }}
    outputs: {o: all.txt}
    script: cat ${{ ms }} ${{ rest }} > all.txt
    publishDir: .
outputs: {all: "${{ all.o }}"}
"""

STATUSES: Final[dict[str, str]] = {
    **dict.fromkeys(("split[sample=a]", "split[sample=b]", "merge[sample=a]", "merge[sample=b]"), "succeeded"),
    **dict.fromkeys(("count[sample=b,chunk=c1.txt]", "count[sample=b,chunk=c2.txt]"), "succeeded"),
    **dict.fromkeys(("piece[sample=b,chunk=c1.txt,part=x]", "piece[sample=b,chunk=c1.txt,part=y]"), "succeeded"),
    **dict.fromkeys(("flaky", "picky[n=1]", "picky[n=3]", "survivors", "sub.echo", "tripwire", "all"), "succeeded"),
    "picky[n=2]": "ignored",
    "never": "skipped",
}
"""What each task comes to."""
JOBS: Final = tuple(task for task in STATUSES if task != "never")
"""Tasks that become jobs."""
RESULTS: Final[dict[str, str]] = {
    "merged/ma.txt": "",
    "merged/mb.txt": "c1.txt.n\nb.1\nb\nc2.txt.n\nb.2\nb\nc1.txt.x\nb c1 x\nc1.txt.y\nb c1 y\n",
}
RESULTS["all.txt"] = RESULTS["merged/mb.txt"] + "again\n1\n3\nused\nwhole\n"
"""What a run publishes, byte for byte."""


def spec(used: str) -> dict[str, Any]:
    """The pipeline; `used` is where the used one lies."""
    read: dict[str, Any] = yaml.safe_load(_SPEC.replace("IMAGE", _IMAGE).replace("USED", used))
    return read
