"""A model fitted to a function or to data."""
