"""Fits the weights in rag/answer_model.json; see README.md. Not installed with the product."""
