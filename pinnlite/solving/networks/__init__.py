"""Networks, on any domain."""
