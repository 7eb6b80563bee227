"""Problems in several coordinates without a march: Legendre series on boxes."""
