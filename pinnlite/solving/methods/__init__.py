"""Ways to make the rows of an objective small."""
