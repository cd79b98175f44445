"""The pure part: values in, values out. No AWS, clock, files, randomness or logging (ruff enforces it)."""
