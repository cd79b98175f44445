"""Proves that a layer is found."""

GREETING = "from the layer"
