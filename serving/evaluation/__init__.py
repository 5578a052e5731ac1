"""Measures search and answers of a running service on questions with known answers."""
