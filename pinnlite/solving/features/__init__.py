"""Random features, on any domain."""
