"""Thin adapters: each turns values of the core into calls of one AWS service and back."""
