"""Trains the reader in rag/reader_model; see README.md. Not installed with the product."""
