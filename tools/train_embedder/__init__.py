"""Trains the bundled static embedder; see README.md. Not installed with the product."""
