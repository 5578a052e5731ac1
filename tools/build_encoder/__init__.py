"""Makes the encoder in rag/encoder_model, and measures it."""
