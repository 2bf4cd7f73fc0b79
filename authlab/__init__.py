"""authlab: learn web authentication by building it, breaking it and proving it."""

__version__ = "0.1.0"
