"""Measurements: each script writes a file of results, and ``page`` puts them as tables into README and docs."""
