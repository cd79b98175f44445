#!/usr/bin/env bash
# What examples/lambda-variants does, as one plain script: variants.sh READS-FOLDER WORK-FOLDER
set -euo pipefail
reads=$1
cd "$2"
zcat "$reads/reference/lambda_virus.fa.gz" > ref.fa
bwa index ref.fa
samtools faidx ref.fa
for mate in 1 2; do
  zcat "$reads/reads/reads_$mate.fq.gz" |
    awk -v mate=$mate '{ print > sprintf("c%02d_%d.fq", int((NR - 1) / 4) % 8, mate) }'
done
for chunk in c0?_1.fq; do
  chunk=${chunk%_1.fq}
  bwa mem -R "@RG\tID:$chunk\tSM:lambda" ref.fa "${chunk}_1.fq" "${chunk}_2.fq" | samtools sort -o "$chunk.bam"
done
samtools merge -f all.bam c0?.bam
samtools index all.bam
bcftools mpileup -f ref.fa all.bam | bcftools call -mv --ploidy 1 -Oz -o calls.vcf.gz
bcftools index calls.vcf.gz
samtools flagstat all.bam > flagstat.txt
bcftools stats calls.vcf.gz > stats.txt
{
  grep -E 'primary mapped|properly paired' flagstat.txt
  grep '^SN' stats.txt | cut -f3-
} > report.txt
