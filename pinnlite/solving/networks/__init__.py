"""Random features and networks, on any domain."""
