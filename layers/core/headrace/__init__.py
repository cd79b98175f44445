"""Headrace: containerised pipelines on AWS Batch with no head node."""

__version__ = "0.1.0"
