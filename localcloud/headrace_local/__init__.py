"""The local cloud: the deployed template on one machine, with no AWS account and no Docker."""
