"""Trains the embedder that the package carries; see README.md. Not installed with the product."""
