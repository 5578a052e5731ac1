"""The record: documents, pages, chunks with vectors, a change feed and keys, over SQLite or PostgreSQL. Functions receive the Engine."""
