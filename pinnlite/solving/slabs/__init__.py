"""Evolution equations in one space dimension: slabs of time, elements in space."""
